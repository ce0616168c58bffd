"""The drawdown state machine, its hysteresis, the flap window, the breaker and the peak guard."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from exec_drive import START, at, usd
from hypothesis import given, settings as hypothesis_settings, strategies as st

from simkit.core.settings import DrawdownSettings, NavSettings
from simkit.executor.drawdown import (
    Drawdown,
    DrawdownState,
    anomalous,
    breaker,
    next_state,
    older_word,
)
from simkit.executor.port import Disk
from simkit.executor.state import DrawdownPart, KeptPart

GUARD = NavSettings()
DEFAULT = DrawdownSettings()


def walk(
    navs: list[float],
    use: DrawdownSettings = DEFAULT,
    legacy: str | tuple[str, ...] = (),
    reset_at: int = 0,
    disk: Disk | None = None,
) -> list[DrawdownPart]:
    drawdown = Drawdown(START, disk or Disk(1), use)
    defects = frozenset([legacy] if isinstance(legacy, str) else legacy)
    parts = []
    log: list[int] = []
    for loop, nav in enumerate(navs, 1):
        log.append(usd(nav))
        drawdown.update(at(loop), usd(nav), use, GUARD, reset_peak=loop == reset_at, legacy=defects, log=log)
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


@pytest.mark.parametrize("previous", ["NORMAL", "DRAWDOWN", "RECOVERY"])
@pytest.mark.parametrize(
    ("dd", "after"),
    [
        (0.0, {"NORMAL": "NORMAL", "DRAWDOWN": "NORMAL", "RECOVERY": "NORMAL"}),
        (0.000000001, {"NORMAL": "NORMAL", "DRAWDOWN": "RECOVERY", "RECOVERY": "RECOVERY"}),
        (0.099999999, {"NORMAL": "NORMAL", "DRAWDOWN": "RECOVERY", "RECOVERY": "RECOVERY"}),
        (0.1, dict.fromkeys(("NORMAL", "DRAWDOWN", "RECOVERY"), "DRAWDOWN")),
        (1.0, dict.fromkeys(("NORMAL", "DRAWDOWN", "RECOVERY"), "DRAWDOWN")),
    ],
)
def test_every_state_moves_as_b_dd_2_says(previous: DrawdownState, dd: float, after: dict[str, str]) -> None:
    assert next_state(previous, dd, DEFAULT) == after[previous]


@pytest.mark.parametrize(("dd", "expected"), [(0.01, "DRAWDOWN"), (0.009999999, "RECOVERY")])
def test_without_a_limit_drawdown_begins_at_one_percent_and_there_is_no_breaker(
    dd: float, expected: str
) -> None:
    assert next_state("DRAWDOWN", dd, DrawdownSettings(max_portfolio_dd_nav_pct=None)) == expected
    assert not breaker(1.0, None)


@pytest.mark.parametrize(("dd", "active"), [(0.1, True), (0.099999999, False)])
def test_the_breaker_is_active_from_its_limit_on(dd: float, active: bool) -> None:
    assert breaker(dd, 0.1) is active


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
        kept=KeptPart(usd(200), START, 0, START, usd(200), usd(200), 0),
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


# Defects ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dd", "word"),
    [
        (0.0, "normal"), (0.000299999, "normal"), (0.0003, "cautious"), (0.002999999, "cautious"),
        (0.003, "defensive"), (1.0, "defensive"),
    ],
)  # fmt: skip
def test_legacy_d02_holds_a_percentage_against_fractions(dd: float, word: str) -> None:
    assert older_word(dd) == word


def test_legacy_d02_alone_keeps_to_the_three_words_and_with_d04_it_does_not() -> None:
    alone = walk([10_000, 9_970, 9_999], legacy="D-02")
    assert [(part.state, part.word) for part in alone] == [("NORMAL", ""), ("DRAWDOWN", ""), ("NORMAL", "")]
    both = walk([10_000, 9_970, 9_996], legacy=("D-02", "D-04"))
    assert [part.word for part in both] == ["normal", "defensive", "cautious"]
    assert not any(part.breaker_active for part in both)


def test_legacy_d04_never_recovers() -> None:
    parts = walk([10_000, 9_500, 8_900, 9_300, 9_800, 10_000, 10_100], legacy="D-04")
    assert "".join(part.state[0] for part in parts) == "NNDNNNN"
    assert [part.transitions for part in parts] == [0, 0, 1, 2, 2, 2, 2]


def test_legacy_d08_forgets_a_peak_that_left_the_last_200_points() -> None:
    for legacy, forgets in (("", 0), ("D-08", 201)):
        parts = walk([10_000, *[8_900] * 210], legacy=legacy)
        zero = [loop for loop, part in enumerate(parts, 1) if part.dd == 0.0 and loop > 1]
        assert zero == (list(range(forgets, 212)) if forgets else [])


def test_legacy_d08_trusts_a_peak_of_the_last_ten_minutes() -> None:
    """Loops of 60 s: the peak of L1 is 600 s old in L11, older in L12."""
    drawdown = Drawdown(START, Disk(1), DEFAULT)
    for loop in range(1, 13):
        nav = usd(10_000 if loop == 1 else 8_900)
        drawdown.update(
            at(loop), nav, DEFAULT, GUARD, reset_peak=False, legacy=frozenset(["D-08"]), log=[nav]
        )
        assert (drawdown.part.dd == 0.0) is (loop in (1, 12))


# Any walk --------------------------------------------------------------------------------------------------

NAVS = st.lists(st.integers(0, 40_000), min_size=1, max_size=40)
USES = st.builds(
    DrawdownSettings,
    max_portfolio_dd_nav_pct=st.sampled_from([None, 0.05, 0.1, 0.3]),
    recovery_exit=st.sampled_from([0.0, 0.02, 0.2]),
    reentry_margin=st.sampled_from([0.0, 0.04]),
    dd_flap_window_minutes=st.sampled_from([3.0, 10.0]),
    dd_flap_max_transitions=st.integers(0, 3),
)


@hypothesis_settings(deadline=None, derandomize=True, max_examples=150)
@given(navs=NAVS, use=USES)
def test_every_walk_obeys_the_published_rules(navs: list[int], use: DrawdownSettings) -> None:
    parts = walk([float(nav) for nav in navs], use)
    limit, leave = use.max_portfolio_dd_nav_pct, use.recovery_exit
    enter = 0.01 if limit is None else limit
    for part in parts:
        assert 0.0 <= part.dd <= 1.0 and part.breaker_active == (limit is not None and part.dd >= limit)
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


@hypothesis_settings(deadline=None, derandomize=True, max_examples=150)
@given(navs=st.lists(st.integers(1, 20_000), min_size=1, max_size=40))
def test_without_a_spike_the_drawdown_is_that_from_the_running_maximum(navs: list[int]) -> None:
    guard = NavSettings(peak_guard_multiple=1e9, peak_guard_gap_usd=1e9)
    drawdown = Drawdown(START, Disk(1), DEFAULT)
    for loop, nav in enumerate(navs, 1):
        drawdown.update(at(loop), usd(nav), DEFAULT, guard, reset_peak=False, legacy=frozenset())
        highest = max(navs[:loop])
        assert drawdown.peak == drawdown.part.peak == usd(highest)
        assert drawdown.peak_ts == at(navs.index(highest) + 1)
        assert drawdown.part.dd == float(round(Fraction(highest - nav, highest), 9))
        assert drawdown.part.dd_abs == usd(highest - nav)
