"""NAV sources, ages, the jump guard and the figures of the day."""

from __future__ import annotations

import pytest
from exec_drive import START, at, usd

from simkit.core.clock import DAY_US, day_of
from simkit.core.settings import NavSettings
from simkit.exchange.orders import Balance
from simkit.executor.nav import LOG_POINTS, Day, Nav, jump
from simkit.executor.port import Confirmed, PastClose
from simkit.executor.state import KeptPart

PARITY = NavSettings()


def test_nav_is_wallet_plus_open_pnl() -> None:
    nav = Nav(START, (), None)
    nav.read(START, Balance(usd(100)), usd(-30))
    assert (nav.part.nav, nav.part.wallet, nav.part.unrealized) == (usd(70), usd(100), usd(-30))
    assert (nav.part.source, nav.part.fresh, nav.part.sources_ok, nav.part.live_ts) == (
        "live",
        True,
        True,
        START,
    )


def test_a_negative_nav_is_a_value() -> None:
    nav = Nav(START, (), None)
    nav.read(START, Balance(usd(10)), usd(-30))
    assert nav.part.nav == usd(-20) and nav.part.source == "live"


def test_without_a_balance_the_last_live_reading_stands_as_it_was() -> None:
    nav = Nav(START, (), None)
    nav.read(START, Balance(usd(100)), usd(5))
    nav.read(at(2), None, usd(50))
    assert (nav.part.nav, nav.part.unrealized, nav.part.source) == (usd(105), usd(5), "cache")
    assert nav.part.sources_ok and not nav.part.fresh and nav.age_s(at(3)) == 120.0


@pytest.mark.parametrize(("last", "shown"), [(None, 0), (usd(7), usd(7)), (usd(-7), usd(-7))])
def test_without_any_source_the_last_published_nav_is_repeated(last: int | None, shown: int) -> None:
    nav = Nav(START, (), last)
    nav.read(START, None, usd(50))
    assert (nav.part.nav, nav.part.source, nav.part.sources_ok) == (shown, "unavailable", False)
    assert nav.part.live_ts is None and nav.age_s(at(2)) == 60.0


@pytest.mark.parametrize(
    ("old", "new", "fires"),
    [
        (1_000, 3_000, False),  # exactly 200 %
        (1_000, 3_000.000001, True),
        (1_000, 0, False),
        (30_000, 10_000, False),  # exactly 20,000
        (30_000, 9_999.999999, True),
        (30_000, 50_000.000001, True),
    ],
)
def test_the_jump_guard_is_strict_and_looks_both_ways(old: float, new: float, fires: bool) -> None:
    assert (jump(usd(old), usd(new), PARITY) is not None) is fires


def test_a_tighter_guard_shows_a_fall_too() -> None:
    found = jump(usd(10_000), usd(5_000), NavSettings(max_nav_jump_pct=0.2))
    assert found is not None and (found.old, found.new, found.pct) == (usd(10_000), usd(5_000), 0.5)


@pytest.mark.parametrize("old", [0, -5])
def test_from_nothing_only_the_gap_counts_and_there_is_no_pct(old: float) -> None:
    assert jump(usd(old), usd(old + 20_000), PARITY) is None
    found = jump(usd(old), usd(old + 20_000.000001), PARITY)
    assert found is not None and found.pct is None


def test_a_jump_is_measured_from_what_was_published_also_over_a_restart() -> None:
    nav = Nav(START, (), usd(10_000))
    nav.read(START, Balance(usd(40_000)), 0)
    nav.publish(PARITY)
    assert nav.jump is not None and nav.jump.pct == 3.0
    nav.publish(PARITY)
    assert nav.jump is None


def test_the_first_nav_is_no_jump() -> None:
    nav = Nav(START, (), None)
    nav.read(START, Balance(usd(1_000_000)), 0)
    nav.publish(PARITY)
    assert nav.jump is None


def test_the_daily_loss_is_a_share_of_the_opening_nav_and_ends_with_the_day() -> None:
    day = Day()
    day.roll(1, usd(1_000), START)
    day.realized += usd(-100)
    day.roll(1, usd(900), at(2))
    assert day.loss == 0.1
    day.roll(2, usd(900), at(3))
    assert day.loss == 0.0 and day.realized == 0
    day.realized += usd(-90)
    assert day.loss == 0.1


def test_a_day_that_began_without_a_nav_opens_with_the_first_one() -> None:
    day = Day()
    day.roll(1, 0, START)
    day.see(usd(1_000), usd(1_000))
    day.see(usd(990), usd(1_000))
    day.realized += usd(-10)
    assert day.loss == 0.01
    assert day.kept(usd(1_000), START).opening_nav == usd(1_000)


@pytest.mark.parametrize(("realized", "loss"), [(5, 0.0), (-5, 0.005), (-5_000, 1.0)])
def test_a_daily_gain_is_no_loss_and_a_loss_is_at_most_all(realized: float, loss: float) -> None:
    day = Day()
    day.roll(1, usd(1_000), START)
    day.realized = usd(realized)
    assert day.loss == loss


def test_a_loss_of_an_empty_account_is_all() -> None:
    day = Day()
    day.roll(1, 0, START)
    day.realized = -1
    assert day.loss == 1.0


# What an earlier process left ------------------------------------------------------------------------------


def test_a_confirmed_nav_of_an_earlier_process_is_the_cache() -> None:
    nav = Nav(at(5), (), usd(90), Confirmed(usd(100), usd(95), usd(5), at(2)))
    nav.read(at(5), None, usd(50))
    assert (nav.part.nav, nav.part.wallet, nav.part.unrealized) == (usd(100), usd(95), usd(5))
    assert (nav.part.source, nav.part.fresh, nav.part.sources_ok, nav.age_s(at(5))) == (
        "cache",
        False,
        True,
        180.0,
    )


def test_the_log_holds_the_newest_720_navs() -> None:
    nav = Nav(START, (), None)
    for loop in range(1, LOG_POINTS + 3):
        nav.read(at(loop), Balance(loop), 0)
        nav.publish(PARITY)
    assert LOG_POINTS == 720 and list(nav.log) == list(range(3, LOG_POINTS + 3))


TODAY = day_of(START)
YESTERDAYS = KeptPart(usd(1_000), START, TODAY - 1, START - DAY_US, usd(900), usd(1_000), -5)
CLOSES = (
    PastClose(START - 1, "BTCUSDT", "LONG", usd(-7), 0),
    PastClose(START, "BTCUSDT", "LONG", usd(-40), 0),
    PastClose(at(2), "BTCUSDT", "LONG", usd(10), 0),
)


def test_a_day_goes_on_with_its_opening_nav_and_the_closes_since_it_began() -> None:
    day = Day(KeptPart(usd(1_000), START, TODAY, START, usd(600), usd(700), -5), CLOSES)
    day.roll(TODAY, usd(570), at(3))
    assert day.realized == usd(-30) and day.loss == 0.05
    part = day.kept(usd(1_000), START)
    assert (part.since_ts, part.opening_nav, part.day_peak) == (START, usd(600), usd(700))


@pytest.mark.parametrize("kept", [None, YESTERDAYS])
def test_a_day_that_nobody_kept_counts_from_midnight(kept: KeptPart | None) -> None:
    day = Day(kept, CLOSES)
    day.roll(TODAY, usd(300), at(3))
    assert day.realized == usd(-30) and day.loss == 0.1
    assert day.kept(0, 0).since_ts == START


def test_the_day_of_a_label_that_nobody_kept_counts_from_the_start() -> None:
    day = Day(YESTERDAYS, CLOSES)
    day.roll(14_000, usd(300), at(2))
    assert day.realized == usd(10) and day.kept(0, 0).since_ts == at(2)


def test_the_highest_nav_of_the_day_heeds_the_peak_guard_and_a_void_peak() -> None:
    day = Day()
    day.roll(TODAY, usd(100), START)
    for nav, peak, highest in (
        (90, 150, 100),
        (120, 150, 120),
        (400, 150, 120),
        (110, 150, 120),
        (50, 50, 50),
    ):
        day.see(usd(nav), usd(peak))
        assert day.kept(usd(peak), START).day_peak == usd(highest)
    day.roll(TODAY + 1, usd(40), at(2))
    assert day.kept(usd(50), START).day_peak == usd(40)


def test_what_is_kept_is_the_same_object_while_nothing_changes() -> None:
    day = Day()
    day.roll(TODAY, usd(100), START)
    first = day.kept(usd(100), START)
    assert day.kept(usd(100), START) is first
    day.realized -= 1
    assert day.kept(usd(100), START) is not first


# Defects ---------------------------------------------------------------------------------------------------


def test_legacy_d15_leaves_the_open_pnl_out() -> None:
    nav = Nav(START, (), None)
    nav.read(START, Balance(usd(100)), usd(-30), frozenset(["D-15"]))
    assert (nav.part.nav, nav.part.wallet, nav.part.unrealized) == (usd(100), usd(100), usd(-30))


def test_legacy_d32_takes_a_cached_nav_for_a_live_one() -> None:
    nav = Nav(START, (), None)
    nav.read(START, Balance(usd(100)), 0)
    nav.read(at(9), None, 0, frozenset(["D-32"]))
    assert (nav.part.source, nav.part.fresh, nav.age_s(at(9))) == ("live", True, 0.0)


def test_legacy_d09_keeps_the_figures_of_the_day_also_over_a_restart() -> None:
    d09 = frozenset(["D-09"])
    day = Day()
    day.roll(TODAY - 1, usd(1_000), START - DAY_US, d09)
    day.realized = usd(-100)
    day.see(usd(900), usd(1_000), d09)
    day.roll(TODAY, usd(900), START, d09)
    part = day.kept(usd(1_000), START)
    assert (day.loss, part.day_peak, part.day) == (0.1, usd(1_000), TODAY)
    later = Day(part, (PastClose(START - 1, "BTCUSDT", "LONG", usd(-100), 0),))
    later.roll(TODAY + 3, usd(900), at(9), d09)
    assert later.loss == 0.1
