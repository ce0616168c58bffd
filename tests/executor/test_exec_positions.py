"""The rows of S3: signs, sides, marks that fail, reuse."""

from __future__ import annotations

import pytest
from exec_drive import price, usd
from fake_venue import AnswersOnly

from simkit.core.numeric import QTY
from simkit.core.settings import PositionSettings
from simkit.exchange.orders import VenuePosition
from simkit.executor.positions import Positions
from simkit.executor.state import PositionRow, Side

THREE = PositionSettings(keep_mark_loops=3)


def held(
    mark: float | None, side: Side = "LONG", qty: float = 2.0, entry: float = 100.0, symbol: str = "BTCUSDT"
) -> VenuePosition:
    direction = 1 if side == "LONG" else -1
    open_pnl = 0.0 if mark is None else (mark - entry) * qty * direction
    return VenuePosition(
        symbol, side, round(qty * QTY), price(entry) or 0, price(mark), usd(open_pnl), usd(7)
    )


def both(qty: float, mark: float = 110.0) -> VenuePosition:
    """A row of a one-way account."""
    return VenuePosition(
        "BTCUSDT", "BOTH", round(qty * QTY), price(100) or 0, price(mark), usd((mark - 100) * qty), 0
    )


def read(
    *loops: VenuePosition,
    known: tuple[PositionRow, ...] = (),
    use: PositionSettings = THREE,
    legacy: str = "",
) -> Positions:
    """One loop per position: the same key seen again and again."""
    positions = Positions(known, frozenset([legacy]))
    for loop, position in enumerate(loops, 1):
        positions.read(AnswersOnly({}, (position,)), loop, use)
    return positions


def test_a_row_is_signed_and_its_notional_is_not() -> None:
    for side, qty, pnl in (("LONG", 2 * QTY, usd(20)), ("SHORT", -2 * QTY, usd(-20))):
        (row,) = read(held(110, "LONG" if side == "LONG" else "SHORT")).rows
        assert (row.key, row.qty, row.unrealized, row.notional) == (f"BTCUSDT:{side}", qty, pnl, usd(220))
        assert row.realized == usd(7)


@pytest.mark.parametrize(("qty", "side", "pnl"), [(0.5, "LONG", usd(5)), (-0.5, "SHORT", usd(-5))])
def test_a_one_way_row_has_the_side_of_its_sign(qty: float, side: str, pnl: int) -> None:
    (row,) = read(both(qty)).rows
    assert (row.key, row.side, row.qty) == (f"BTCUSDT:{side}", side, round(qty * QTY))
    assert (row.unrealized, row.notional, row.told) == (pnl, usd(55), "")


def test_legacy_d12_tells_s3_both_and_resolves_everywhere_else() -> None:
    (row,) = read(both(-0.5), legacy="D-12").rows
    assert (row.key, row.side, row.told) == ("BTCUSDT:SHORT", "SHORT", "BOTH")
    assert read(held(110), legacy="D-12").rows[0].told == ""


def test_a_missing_mark_keeps_the_last_one() -> None:
    (row,) = read(held(110), held(None)).rows
    assert (row.mark, row.unrealized) == (price(110), usd(20))


def test_a_missing_mark_after_a_change_values_the_rest_at_the_last_one() -> None:
    (row,) = read(held(110), held(None, qty=1.0)).rows
    assert (row.mark, row.unrealized, row.notional) == (price(110), usd(10), usd(110))


@pytest.mark.parametrize(
    ("most", "lost", "mark"),
    [(3, 3, 110.0), (3, 4, 0.0), (4, 4, 110.0), (1, 1, 110.0), (1, 2, 0.0), (0, 1, 0.0)],
)
def test_the_last_mark_is_kept_for_so_many_loops_and_no_longer(most: int, lost: int, mark: float) -> None:
    positions = read(held(110), *[held(None)] * lost, use=PositionSettings(keep_mark_loops=most))
    (row,) = positions.rows
    assert row.mark == price(mark)
    assert (row.unrealized, row.notional) == (usd(20), usd(220)) and positions.unrealized == usd(20)
    assert positions.exposures() == {"BTCUSDT": usd(220)}


def test_a_mark_that_comes_back_ends_the_count() -> None:
    (row,) = read(held(110), *[held(None)] * 4, held(112), *[held(None)] * 3).rows
    assert row.mark == price(112)


def test_reading_twice_in_one_loop_counts_it_once() -> None:
    positions, venue = Positions((), frozenset()), AnswersOnly({}, (held(110),))
    positions.read(venue, 1, THREE)
    venue.held = (held(None),)
    for loop in (2, 2, 3, 3, 4, 4):
        positions.read(venue, loop, THREE)
    assert positions.rows[0].mark == price(110)
    positions.read(venue, 5, THREE)
    assert positions.rows[0].mark == 0


def test_a_restarted_process_knows_the_mark_that_was_published() -> None:
    known = read(held(110)).rows
    assert read(held(None), known=known).rows == known


def test_a_position_that_never_had_a_mark_has_none() -> None:
    (row,) = read(held(None)).rows
    assert (row.mark, row.unrealized, row.notional) == (0, 0, 0)


def test_legacy_d10_drops_it_and_takes_it_back() -> None:
    gone = read(held(110), held(None), legacy="D-10")
    assert gone.rows == () and gone.keys == () and gone.unrealized == 0
    assert read(held(110), held(None), held(111), legacy="D-10").rows[0].mark == price(111)


def test_a_row_without_entry_or_quantity_is_left_out() -> None:
    assert read(held(110, entry=0.0)).rows == ()
    assert read(held(110, qty=0.0)).rows == ()


def test_open_pnl_and_exposure_add_up_over_both_sides() -> None:
    positions = Positions((), frozenset())
    positions.read(AnswersOnly({}, (held(110, "LONG", 3.0), held(110, "SHORT", 1.0))), 1, THREE)
    assert positions.unrealized == usd(20) and positions.exposures() == {"BTCUSDT": usd(220)}
    assert positions.keys == ("BTCUSDT:LONG", "BTCUSDT:SHORT")


def test_equal_rows_and_keys_are_the_same_objects() -> None:
    positions, venue = Positions((), frozenset()), AnswersOnly({}, [held(110)])
    positions.read(venue, 1, THREE)
    row, keys = positions.rows[0], positions.keys
    venue.held = [held(110)]
    positions.read(venue, 2, THREE)
    assert positions.rows[0] is row and positions.keys is keys
    venue.held = [held(111)]
    positions.read(venue, 3, THREE)
    assert positions.rows[0].mark == price(111) and positions.keys is keys
    venue.held = []
    positions.read(venue, 4, THREE)
    assert positions.rows == () and positions.keys == () and positions.unrealized == 0
