"""NAV sources, ages, the jump guard and the figures of the day."""

from __future__ import annotations

import pytest
from exec_drive import START, at, usd

from simkit.core.settings import NavSettings
from simkit.exchange.orders import Balance
from simkit.executor.nav import Day, Nav, jump

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
    day.roll(1, usd(1_000))
    day.realized += usd(-100)
    day.roll(1, usd(900))
    assert day.loss == 0.1
    day.roll(2, usd(900))
    assert day.loss == 0.0 and day.realized == 0
    day.realized += usd(-90)
    assert day.loss == 0.1


@pytest.mark.parametrize(("realized", "loss"), [(5, 0.0), (-5, 0.005), (-5_000, 1.0)])
def test_a_daily_gain_is_no_loss_and_a_loss_is_at_most_all(realized: float, loss: float) -> None:
    day = Day()
    day.roll(1, usd(1_000))
    day.realized = usd(realized)
    assert day.loss == loss


def test_a_loss_of_an_empty_account_is_all() -> None:
    day = Day()
    day.roll(1, 0)
    day.realized = -1
    assert day.loss == 1.0
