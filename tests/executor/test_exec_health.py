"""Liveness, risk mode, the counters and the rolling 24 hours."""

from __future__ import annotations

import pytest
from exec_drive import START, at
from hypothesis import given, settings as hypothesis_settings, strategies as st
from msgspec.structs import replace

from simkit.core.clock import DAY_US
from simkit.core.settings import LivenessSettings, Settings
from simkit.executor.liveness import DISABLED, liveness
from simkit.executor.risk_mode import Inputs, guessed_fraction, risk_mode
from simkit.executor.state import Counters, Idle, RouterPart
from simkit.executor.stats import Rolling, Tally

SOUND = RouterPart((), None, 0.0, 0.0, 0.0, "GREEN", "FAST", "B_MEDIUM", 0.0, 0, 1, 0, 0)
DEGRADED = RouterPart((), None, 0.0, 0.0, 0.0, "GREEN", "FAST", "B_MEDIUM", 0.0, 0, 0, 1, 0)
BROKEN = RouterPart((), None, 0.0, 0.0, 0.0, "GREEN", "FAST", "B_MEDIUM", 0.0, 0, 0, 0, 1)
MAKER_OFF = replace(SOUND, maker_off=6, fallback_ratio=0.9)
FALLING_BACK = replace(SOUND, maker_off=5, fallback_ratio=0.500000001)
MAKER_EDGE = replace(SOUND, maker_off=5, fallback_ratio=0.5)


@pytest.mark.parametrize(
    ("inputs", "router", "expected"),
    [
        (Inputs(True, 90.0, 0.299999999, 0.099999999), MAKER_EDGE, ("OK", "all_systems_healthy", 0.0)),
        (Inputs(False, 91.0, 0.5, 0.5), DEGRADED, ("HALTED", "nav_sources_unavailable", 1.0)),
        (Inputs(True, 90.000001, 0.5, 0.5), DEGRADED, ("HALTED", "nav_stale_age=90s", 1.0)),
        (Inputs(True, 110.0, 0.0, 0.0), SOUND, ("HALTED", "nav_stale_age=110s", 1.0)),
        (Inputs(True, 0.0, 0.3, 0.5), DEGRADED, ("DEFENSIVE", "drawdown_high_dd_frac=0.3000", 1.0)),
        (Inputs(True, 0.0, 1.0, 0.5), DEGRADED, ("DEFENSIVE", "drawdown_high_dd_frac=1.0000", 1.0)),
        (Inputs(True, 0.0, 0.2, 0.1), DEGRADED, ("DEFENSIVE", "daily_loss_high_frac=0.1000", 1.0)),
        (Inputs(True, 0.0, 0.2, 0.0), DEGRADED, ("WARN", "router_degraded", 0.5)),
        (Inputs(True, 0.0, 0.2, 0.0), BROKEN, ("WARN", "router_degraded", 0.5)),
        (Inputs(True, 0.0, 0.0, 0.0), MAKER_OFF, ("WARN", "maker_first_disabled_cycles=6", 0.5)),
        (Inputs(True, 0.0, 0.0, 0.0), FALLING_BACK, ("WARN", "high_fallback_ratio=0.5000", 0.5)),
        (Inputs(True, 0.0, 0.0, 0.0), SOUND, ("OK", "all_systems_healthy", 0.0)),
    ],
)
def test_the_first_condition_that_holds_is_the_mode(
    inputs: Inputs, router: RouterPart, expected: tuple[str, str, float]
) -> None:
    assert risk_mode(inputs, router, Settings(), config_loaded=True) == expected


def test_a_config_that_was_never_loaded_halts_before_all_else() -> None:
    inputs = Inputs(False, 110.0, 0.5, 0.5)
    found = risk_mode(inputs, DEGRADED, Settings(), config_loaded=False)
    assert found == ("HALTED", "risk_config_load_failed", 1.0)


def test_what_cannot_be_classified_is_halted() -> None:
    unknown = Inputs(True, 0.0, None, 0.0)  # type: ignore[arg-type]
    assert risk_mode(unknown, SOUND, Settings(), config_loaded=True) == ("HALTED", "risk_mode_error", 1.0)


def test_without_router_health_there_is_no_warning() -> None:
    calm = Inputs(True, 0.0, 0.0, 0.0)
    assert risk_mode(calm, None, Settings(), config_loaded=True) == ("OK", "all_systems_healthy", 0.0)


@pytest.mark.parametrize(
    ("value", "guessed"), [(0.0, 0.0), (0.004, 0.4), (0.01, 1.0), (0.0101, 0.0101), (0.0114, 0.0114)]
)
def test_legacy_d01_takes_a_percentage_up_to_one_for_a_fraction(value: float, guessed: float) -> None:
    assert guessed_fraction(value) == guessed


def counters(last_ts: int | None) -> Counters:
    return Counters({}, 0, 0, 0, last_ts, last_ts, last_ts, START, last_ts, last_ts)


@pytest.mark.parametrize(
    ("seconds", "expected"), [(900, Idle(False, 900.0, False)), (901, Idle(True, 901.0, False))]
)
def test_idle_is_strictly_beyond_the_threshold(seconds: int, expected: Idle) -> None:
    part = liveness(START + seconds * 1_000_000, counters(START), LivenessSettings())
    assert part.signals == expected and not part.exits.idle


def test_never_seen_is_idle_missing_and_one_second_beyond() -> None:
    part = liveness(at(9), counters(None), LivenessSettings())
    assert (part.signals, part.exits) == (Idle(True, 901.0, True), Idle(True, 3601.0, True))


def test_a_threshold_of_zero_disables_the_flag_and_keeps_the_seconds() -> None:
    use = LivenessSettings(router_s=0.0)
    assert liveness(at(3), counters(START), use).router == Idle(False, 120.0, False)
    assert liveness(at(3), counters(None), use).router == Idle(False, 0.0, False)


def test_a_stamp_in_the_future_is_no_idleness() -> None:
    assert liveness(START, counters(at(2)), LivenessSettings()).orders == Idle(False, 0.0, False)


def test_a_disabled_block_knows_nothing() -> None:
    assert liveness(at(9), counters(None), LivenessSettings(enabled=False)) is DISABLED


def test_counts_move_with_their_times() -> None:
    tally = Tally()
    assert tally.snapshot(None) == Counters({}, 0, 0, 0, None, None, None, None, None, None)
    tally.signal(1)
    tally.order(2)
    tally.veto(3, "b")
    before = tally.snapshot(4)
    tally.veto(5, "a")
    assert before.by_reason == {"b": 1} and before.last_router_event_ts == 4
    after = tally.snapshot(4)
    assert list(after.by_reason) == ["a", "b"] and after.total_vetoes == 2 == sum(after.by_reason.values())
    assert (after.last_signal_ts, after.last_order_ts, after.last_veto_ts) == (1, 2, 5)


def test_a_day_old_record_counts_and_an_older_one_does_not() -> None:
    rolling = Rolling()
    rolling.attempted(START)
    rolling.executed(START)
    rolling.veto(START, "x")
    part = rolling.snapshot(START + DAY_US)
    assert (part.attempted, part.executed, part.vetoes, part.fill_rate) == (1, 1, 1, 1.0)
    part = rolling.snapshot(START + DAY_US + 1)
    assert (part.attempted, part.executed, part.vetoes, part.fill_rate) == (0, 0, 0, 0.0)
    assert part.top_vetoes == ()


def test_the_top_vetoes_are_five_most_first_then_by_name() -> None:
    rolling = Rolling()
    for reason in "gfedcbaagg":
        rolling.veto(START, reason)
    assert rolling.snapshot(START).top_vetoes == (("g", 3), ("a", 2), ("b", 1), ("c", 1), ("d", 1))


def test_an_unchanged_part_is_the_same_object() -> None:
    rolling = Rolling()
    rolling.attempted(START)
    assert rolling.snapshot(START) is rolling.snapshot(at(2))


@hypothesis_settings(deadline=None, derandomize=True, max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["attempt", "fill", "r1", "r2"])), max_size=40))
def test_the_rolling_counts_equal_a_recount(happened: list[tuple[int, str]]) -> None:
    rolling, past = Rolling(), list[tuple[int, str]]()
    for hour, what in sorted(happened):
        ts = START + hour * DAY_US // 10
        past.append((ts, what))
        if what == "attempt":
            rolling.attempted(ts)
        elif what == "fill":
            rolling.executed(ts)
        else:
            rolling.veto(ts, what)
        recent = [kind for when, kind in past if ts - when <= DAY_US]
        part = rolling.snapshot(ts)
        assert (part.attempted, part.executed) == (recent.count("attempt"), recent.count("fill"))
        assert dict(part.top_vetoes) == {r: recent.count(r) for r in ("r1", "r2") if r in recent}
        assert part.vetoes == sum(count for _, count in part.top_vetoes) and 0.0 <= part.fill_rate <= 1.0
