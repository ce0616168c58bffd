"""The drawdown state machine, its hysteresis, the flap window, the breaker and the peak guard."""

from __future__ import annotations

from itertools import pairwise

import pytest
from exec_drive import START, at, usd
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from simkit.core.settings import DrawdownSettings, NavSettings
from simkit.executor.drawdown import Drawdown, DrawdownState, anomalous, next_state
from simkit.executor.port import Disk
from simkit.executor.state import DrawdownPart

GUARD = NavSettings()
DEFAULT = DrawdownSettings()


def walk(
    navs: list[float],
    use: DrawdownSettings = DEFAULT,
    legacy: str = "",
    reset_at: int = 0,
    disk: Disk | None = None,
) -> list[DrawdownPart]:
    drawdown = Drawdown(START, disk or Disk(1), use)
    parts = []
    for loop, nav in enumerate(navs, 1):
        drawdown.update(
            at(loop), usd(nav), use, GUARD, reset_peak=loop == reset_at, legacy=frozenset([legacy])
        )
        parts.append(drawdown.part)
    return parts


@pytest.mark.parametrize(
    ("previous", "dd", "expected"),
    [
        ("NORMAL", 0.1, "DRAWDOWN"),
        ("NORMAL", 0.099999999, "NORMAL"),
        ("RECOVERY", 0.1, "DRAWDOWN"),
        ("RECOVERY", 0.000000001, "RECOVERY"),
        ("DRAWDOWN", 0.099999999, "RECOVERY"),
        ("DRAWDOWN", 0.0, "NORMAL"),
        ("RECOVERY", 0.0, "NORMAL"),
    ],
)
def test_the_three_states(previous: DrawdownState, dd: float, expected: str) -> None:
    assert next_state(previous, dd, DEFAULT) == expected


@pytest.mark.parametrize(("dd", "expected"), [(0.02, "NORMAL"), (0.020000001, "RECOVERY")])
def test_recovery_exit_is_inclusive(dd: float, expected: str) -> None:
    use = DrawdownSettings(recovery_exit=0.02)
    assert next_state("RECOVERY", dd, use) == next_state("DRAWDOWN", dd, use) == expected


@pytest.mark.parametrize(("dd", "expected"), [(0.08, "DRAWDOWN"), (0.079999999, "RECOVERY")])
def test_reentry_margin_holds_drawdown_down_to_e_less_the_margin(dd: float, expected: str) -> None:
    use = DrawdownSettings(reentry_margin=0.02)
    assert next_state("DRAWDOWN", dd, use) == expected
    assert next_state("RECOVERY", dd, use) == "RECOVERY"
    assert next_state("NORMAL", dd, use) == "NORMAL"


def test_the_breaker_follows_dd_not_the_state() -> None:
    parts = walk([100, 90, 92], DrawdownSettings(reentry_margin=0.05))
    assert [part.state for part in parts] == ["NORMAL", "DRAWDOWN", "DRAWDOWN"]
    assert [part.breaker_active for part in parts] == [False, True, False]


@pytest.mark.parametrize(
    ("nav", "peak", "expected"),
    [
        (300, 100, False), (300.000001, 100, True), (120_000, 100_000, False),
        (120_000.000001, 100_000, True),
        (50, 100, False), (5_000, 0, False),
    ],
)  # fmt: skip
def test_the_peak_guard_is_strict_and_looks_upward_only(nav: float, peak: float, expected: bool) -> None:
    assert anomalous(usd(nav), usd(peak), GUARD) is expected


def test_a_spike_is_held_back_and_legacy_d33_lets_it_in() -> None:
    assert [part.peak for part in walk([100, 301, 101])] == [usd(100), usd(100), usd(101)]
    assert [part.dd for part in walk([100, 301, 101], legacy="D-33")] == [0.0, 0.0, 0.664451827]


def test_a_reset_restarts_the_peak_and_returns_to_normal() -> None:
    parts = walk([100, 50, 50, 49], reset_at=3)
    assert [(part.dd, part.state) for part in parts] == [
        (0.0, "NORMAL"), (0.5, "DRAWDOWN"), (0.0, "NORMAL"), (0.02, "NORMAL"),
    ]  # fmt: skip
    assert [part.transitions for part in parts] == [0, 1, 2, 2]


def test_state_since_and_peak_continue_from_disk() -> None:
    disk = Disk(
        2,
        last_dd_state="RECOVERY",
        last_dd_since=START - 5,
        last_transitions=7,
        last_dd_pct=0.05,
        peak_nav=usd(200),
    )
    assert not Drawdown(START, disk, DEFAULT).part.breaker_active
    (part,) = walk([190], disk=disk)
    assert (part.state, part.dd, part.since_ts, part.transitions) == ("RECOVERY", 0.05, START - 5, 7)


def test_the_breaker_on_disk_still_binds_the_first_loop() -> None:
    assert Drawdown(START, Disk(2, last_dd_pct=0.1), DEFAULT).part.breaker_active


def test_a_liquidated_account_is_fully_down() -> None:
    parts = walk([100, 0, -50])
    assert [(part.dd, part.dd_abs) for part in parts] == [(0.0, 0), (1.0, usd(100)), (1.0, usd(150))]
    assert walk([0, 100])[1].peak == usd(100)


def test_flap_needs_more_than_the_allowed_changes_and_ends_with_the_window() -> None:
    use = DrawdownSettings(dd_flap_window_minutes=5.0, dd_flap_max_transitions=1)
    parts = walk([100, 89, 91, *[91] * 7], use)
    assert [part.flap for part in parts] == [None, None, 2, 2, 2, 2, 2, None, None, None]


NAVS = st.lists(st.integers(0, 40_000), min_size=1, max_size=40)
USES = st.builds(
    DrawdownSettings,
    max_portfolio_dd_nav_pct=st.sampled_from([0.05, 0.1, 0.3]),
    recovery_exit=st.sampled_from([0.0, 0.02, 0.2]),
    reentry_margin=st.sampled_from([0.0, 0.04]),
    dd_flap_window_minutes=st.sampled_from([3.0, 10.0]),
    dd_flap_max_transitions=st.integers(0, 3),
)


@hypothesis_settings(deadline=None, derandomize=True, max_examples=150)
@given(navs=NAVS, use=USES)
def test_every_walk_obeys_the_published_rules(navs: list[int], use: DrawdownSettings) -> None:
    parts = walk([float(nav) for nav in navs], use)
    enter, leave = use.max_portfolio_dd_nav_pct, use.recovery_exit
    for part in parts:
        assert 0.0 <= part.dd <= 1.0 and part.breaker_active == (part.dd >= enter)
        assert part.dd < enter or part.state == "DRAWDOWN"
        assert part.state != "DRAWDOWN" or part.dd >= enter - use.reentry_margin - 1e-9
        assert part.state != "RECOVERY" or leave < part.dd < enter
        assert part.dd > 0.0 or part.state == "NORMAL"
    for before, after in pairwise(parts):
        assert after.peak >= before.peak
        assert (before.state, after.state) != ("NORMAL", "RECOVERY")
        left_for_good = before.state != "NORMAL" and after.state == "NORMAL"
        assert not left_for_good or after.dd <= leave
        assert after.transitions - before.transitions == (before.state != after.state)


@hypothesis_settings(deadline=None, derandomize=True, max_examples=150)
@given(navs=NAVS, use=USES)
def test_peak_and_flap_equal_a_recount_of_the_whole_history(navs: list[int], use: DrawdownSettings) -> None:
    parts = walk([float(nav) for nav in navs], use)
    peak, changes, state = navs[0], [], "NORMAL"
    for loop, (nav, part) in enumerate(zip(navs, parts, strict=True), 1):
        if not anomalous(usd(nav), usd(peak), GUARD):
            peak = max(peak, nav)
        assert part.peak == usd(peak)
        if part.state != state:
            changes.append(at(loop))
            state = part.state
        recent = [ts for ts in changes if at(loop) - ts <= use.dd_flap_window_minutes * 60_000_000]
        assert part.flap == (len(recent) if len(recent) > use.dd_flap_max_transitions else None)
