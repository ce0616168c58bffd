"""Liveness, risk mode, the counters and the rolling 24 hours."""

from __future__ import annotations

import pytest
from exec_drive import START, at
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from simkit.core.clock import DAY_US
from simkit.core.settings import LivenessSettings, Settings
from simkit.executor.liveness import DISABLED, liveness
from simkit.executor.risk_mode import risk_mode
from simkit.executor.state import Counters, Idle, NavPart, RouterPart
from simkit.executor.stats import Rolling, Tally

NAV = NavPart(1, 1, 0, "live", True, True, START)
LOST = NavPart(1, 1, 0, "unavailable", False, False, None)
SOUND = RouterPart((), None, 0.0, 0.0, 0.0, "GREEN", "FAST", "B_MEDIUM", 0.0, 0, 1, 0, 0)
DEGRADED = RouterPart((), None, 0.0, 0.0, 0.0, "GREEN", "FAST", "B_MEDIUM", 0.0, 0, 0, 1, 0)
BROKEN = RouterPart((), None, 0.0, 0.0, 0.0, "GREEN", "FAST", "B_MEDIUM", 0.0, 0, 0, 0, 1)


@pytest.mark.parametrize(
    ("nav", "age", "dd", "loss", "router", "expected"),
    [
        (NAV, 90.0, 0.299999999, 0.099999999, SOUND, ("OK", "all_systems_healthy", 0.0)),
        (LOST, 0.0, 0.5, 0.5, DEGRADED, ("HALTED", "nav_sources_unavailable", 1.0)),
        (NAV, 90.5, 0.5, 0.5, DEGRADED, ("HALTED", "nav_stale_age=90s", 1.0)),
        (NAV, 110.0, 0.0, 0.0, SOUND, ("HALTED", "nav_stale_age=110s", 1.0)),
        (NAV, 0.0, 0.3, 0.5, DEGRADED, ("DEFENSIVE", "drawdown_high_dd_frac=0.3000", 1.0)),
        (NAV, 0.0, 0.2, 0.1, DEGRADED, ("DEFENSIVE", "daily_loss_high_frac=0.1000", 1.0)),
        (NAV, 0.0, 0.2, 0.0, DEGRADED, ("WARN", "router_degraded", 0.5)),
        (NAV, 0.0, 0.2, 0.0, BROKEN, ("WARN", "router_degraded", 0.5)),
    ],
)
def test_the_first_condition_that_holds_is_the_mode(
    nav: NavPart, age: float, dd: float, loss: float, router: RouterPart, expected: tuple[str, str, float]
) -> None:
    assert risk_mode(nav, age, dd, loss, router, Settings()) == expected


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
