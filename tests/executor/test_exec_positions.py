"""The rows of S3: signs, marks that fail, reuse."""

from __future__ import annotations

from exec_drive import price, usd
from fake_venue import AnswersOnly

from simkit.core.numeric import QTY
from simkit.exchange.orders import VenuePosition
from simkit.executor.positions import Positions
from simkit.executor.state import Side
from simkit.market.ticks import Bars, Tick


def bars(close: float = 90.0) -> Bars:
    at_close = price(close) or 0
    return Bars(1, (Tick("BTCUSDT", at_close, at_close, at_close, at_close, None),))


def held(
    mark: float | None, side: Side = "LONG", qty: float = 2.0, entry: float = 100.0, symbol: str = "BTCUSDT"
) -> VenuePosition:
    direction = 1 if side == "LONG" else -1
    open_pnl = 0.0 if mark is None else (mark - entry) * qty * direction
    return VenuePosition(
        symbol, side, round(qty * QTY), price(entry) or 0, price(mark), usd(open_pnl), usd(7)
    )


def read(*loops: VenuePosition) -> Positions:
    """One loop per position: the same key seen again and again."""
    positions = Positions()
    for position in loops:
        positions.read(AnswersOnly({}, (position,)), bars())
    return positions


def test_a_row_is_signed_and_its_notional_is_not() -> None:
    for side, qty, pnl in (("LONG", 2 * QTY, usd(20)), ("SHORT", -2 * QTY, usd(-20))):
        (row,) = read(held(110, "LONG" if side == "LONG" else "SHORT")).rows
        assert (row.key, row.qty, row.unrealized, row.notional) == (f"BTCUSDT:{side}", qty, pnl, usd(220))
        assert row.realized == usd(7)


def test_a_missing_mark_keeps_the_last_one() -> None:
    (row,) = read(held(110), held(None)).rows
    assert (row.mark, row.unrealized) == (price(110), usd(20))


def test_a_missing_mark_after_a_change_values_the_rest_at_the_last_one() -> None:
    (row,) = read(held(110), held(None, qty=1.0)).rows
    assert (row.mark, row.unrealized, row.notional) == (price(110), usd(10), usd(110))


def test_without_any_mark_yet_the_close_of_the_bar_stands_in() -> None:
    (row,) = read(held(None)).rows
    assert (row.mark, row.unrealized) == (price(90), usd(-20))


def test_a_row_without_price_entry_or_quantity_is_left_out() -> None:
    assert read(held(None, symbol="XYZUSDT")).rows == ()
    assert read(held(110, entry=0.0)).rows == ()
    assert read(held(110, qty=0.0)).rows == ()


def test_open_pnl_and_exposure_add_up_over_both_sides() -> None:
    positions = Positions()
    positions.read(AnswersOnly({}, (held(110, "LONG", 3.0), held(110, "SHORT", 1.0))), bars())
    assert positions.unrealized == usd(20) and positions.exposures() == {"BTCUSDT": usd(220)}
    assert positions.keys == ("BTCUSDT:LONG", "BTCUSDT:SHORT")


def test_equal_rows_and_keys_are_the_same_objects() -> None:
    positions, venue = Positions(), AnswersOnly({}, [held(110)])
    positions.read(venue, bars())
    row, keys = positions.rows[0], positions.keys
    venue.held = [held(110)]
    positions.read(venue, bars())
    assert positions.rows[0] is row and positions.keys is keys
    venue.held = [held(111)]
    positions.read(venue, bars())
    assert positions.rows[0].mark == price(111) and positions.keys is keys
    venue.held = []
    positions.read(venue, bars())
    assert positions.rows == () and positions.keys == () and positions.unrealized == 0
