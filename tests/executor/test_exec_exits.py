"""The exit scanner: inclusive edges, TP first, full quantity."""

from __future__ import annotations

import pytest
from exec_drive import START, price
from fake_venue import AnswersOnly

from simkit.core.numeric import QTY
from simkit.exchange.orders import Order
from simkit.executor.exits import scan
from simkit.executor.state import LedgerEntry, Side

HAIR = 0.00000001


def scanned(side: Side, tp: float | None, sl: float | None, mark: float | None) -> list[Order]:
    entry = LedgerEntry(
        f"BTCUSDT:{side}", "BTCUSDT", side, 3 * QTY, price(100) or 0, price(tp), price(sl), START, START
    )
    return scan(7, [entry], AnswersOnly({"BTCUSDT": mark}))


@pytest.mark.parametrize(
    ("side", "tp", "sl", "mark", "reason"),
    [
        ("LONG", 103, 98, 103, "tp"),
        ("LONG", 103, 98, 103 - HAIR, ""),
        ("LONG", 103, 98, 98, "sl"),
        ("LONG", 103, 98, 98 + HAIR, ""),
        ("SHORT", 98, 103, 98, "tp"),
        ("SHORT", 98, 103, 98 + HAIR, ""),
        ("SHORT", 98, 103, 103, "sl"),
        ("SHORT", 98, 103, 103 - HAIR, ""),
        ("LONG", 98, 103, 100, "tp"),
        ("SHORT", 103, 98, 100, "tp"),
        ("LONG", None, 98, 200, ""),
        ("LONG", None, 98, 98, "sl"),
        ("SHORT", 98, None, 200, ""),
        ("LONG", None, None, 1, ""),
        ("LONG", 103, 98, None, ""),
    ],
)
def test_a_level_is_reached(
    side: Side, tp: float | None, sl: float | None, mark: float | None, reason: str
) -> None:
    assert [order.reason for order in scanned(side, tp, sl, mark)] == ([reason] if reason else [])


@pytest.mark.parametrize(("side", "sends"), [("LONG", "SELL"), ("SHORT", "BUY")])
def test_an_exit_is_a_reduce_only_market_order_for_all_of_it(side: Side, sends: str) -> None:
    (order,) = scanned(side, 100, 100, 100)
    assert (order.side, order.position_side, order.qty) == (sends, side, 3 * QTY)
    assert order.reduce_only and order.limit is None
    assert order.id == order.intent_id == f"x-7-BTCUSDT:{side}"
