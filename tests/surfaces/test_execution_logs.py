"""The two execution logs: one line per event, canonical, one append per file and loop."""

from __future__ import annotations

from typing import Any

import pytest
from make_state import START_US, make_state
from memory_door import MemoryDoor
from msgspec.structs import replace
from publisher_kit import KEPT, NAMES, path, published

from simkit.contract.table import ORDERS_LOG, VETO_LOG
from simkit.core import canon
from simkit.core.numeric import PRICE, QTY
from simkit.exchange.orders import Ack, Booking, Fill, Funding, Order
from simkit.executor.port import LoopOutput, Veto

ENTRY = Order("o-1", "i-1", "BTCUSDT", "BUY", "LONG", QTY, False, "entry")
EXIT = Order("o-2", "i-2", "BTCUSDT", "SELL", "LONG", QTY, True, "tp", limit=101 * PRICE)


def ack(order: Order, status: Any = "FILLED", ts: int = START_US + 5) -> Ack:
    return Ack(1, ts, order, "v-1", status, 0)


def fill(order: Order, qty: int, before: int, after: int, ts: int = START_US + 7) -> Fill:
    return Fill(
        2, ts, "t-1", "v-1", order, 100 * PRICE, qty, 40_000, 2_500_000, before, after, 100 * PRICE, ts
    )


def lines(door: MemoryDoor, log: str) -> list[dict[str, Any]]:
    data = door.logs[log]
    assert data.endswith(b"\n")
    found = []
    for line in data.splitlines():
        assert line == canon.canonical(line)
        found.append(canon.decode(line))
    return found


def test_a_quiet_loop_appends_nothing() -> None:
    door = MemoryDoor()
    quiet = (Funding(1, START_US, "BTCUSDT:LONG", -5), Booking(2, START_US, "deposit", 7))
    published(door, make_state(), events=quiet)
    assert door.logs == {}
    assert {write.mode for write in door.journal} == {"replace"}


def test_order_events_are_logged_in_order_with_one_append() -> None:
    door = MemoryDoor()
    output = LoopOutput((ack(ENTRY), fill(ENTRY, QTY, 0, QTY)), (), ("i-1",), ())
    resting = (fill(EXIT, QTY // 2, QTY, QTY // 2),)
    published(door, make_state(), output, resting)
    appends = [write for write in door.journal if write.mode == "append"]
    assert [(w.path, w.writer) for w in appends] == [(ORDERS_LOG, "executor")]
    partial, close, acked, filled = lines(door, ORDERS_LOG)
    assert partial["event_type"] == "order_fill"
    assert partial["status"] == "PARTIALLY_FILLED"
    assert partial["executedQty"] == 0.5
    assert close == {
        "clientOrderId": "o-2", "event_type": "order_close", "fees_total": 0.04, "hostname": "simkit",
        "orderId": "v-1", "pid": 1, "position_side": "LONG", "position_size_after": 0.5,
        "position_size_before": 1.0, "realizedPnlUsd": 2.5, "symbol": "BTCUSDT",
        "ts": "2025-01-06T00:01:00.000000Z", "ts_close": "2025-01-06T00:00:00.000007Z",
    }  # fmt: skip
    assert acked == {
        "clientOrderId": "o-1", "event_type": "order_ack", "hostname": "simkit", "intent_id": "i-1",
        "orderId": "v-1", "order_type": "MARKET", "pid": 1, "position_side": "LONG", "reduce_only": False,
        "request_qty": 1.0, "side": "BUY", "status": "FILLED", "symbol": "BTCUSDT",
        "ts": "2025-01-06T00:01:00.000000Z", "ts_ack": "2025-01-06T00:00:00.000005Z",
    }  # fmt: skip
    assert filled == {
        "avgPrice": 100.0, "clientOrderId": "o-1", "event_type": "order_fill", "executedQty": 1.0,
        "feeAsset": "USDT", "fee_total": 0.04, "hostname": "simkit", "intent_id": "i-1", "orderId": "v-1",
        "pid": 1, "position_side": "LONG", "reason": "entry", "side": "BUY", "status": "FILLED",
        "symbol": "BTCUSDT", "tradeIds": ["t-1"], "ts": "2025-01-06T00:01:00.000000Z",
        "ts_fill_first": "2025-01-06T00:00:00.000007Z", "ts_fill_last": "2025-01-06T00:00:00.000007Z",
    }  # fmt: skip


@pytest.mark.parametrize(("before", "after", "closes"), [(QTY, QTY - 1, True), (QTY, QTY + 1, False)])
def test_a_close_is_a_fill_that_reduces(before: int, after: int, closes: bool) -> None:
    door = MemoryDoor()
    published(door, make_state(), events=(fill(EXIT, 1, before, after),))
    assert (
        [line["event_type"] for line in lines(door, ORDERS_LOG)] == ["order_fill", "order_close"]
    ) is closes


def test_a_close_bears_its_own_fee_and_its_share_of_the_opening_ones() -> None:
    door = MemoryDoor()
    published(door, make_state(), events=(replace(fill(EXIT, 1, QTY, QTY - 1), lot_fees=15_000),))
    filled, closed = lines(door, ORDERS_LOG)
    assert (filled["fee_total"], closed["fees_total"]) == (0.04, 0.055)


def test_a_limit_order_says_so_and_a_rejected_one_too() -> None:
    door = MemoryDoor()
    published(door, make_state(), events=(ack(EXIT, "REJECTED"),))
    assert lines(door, ORDERS_LOG)[0]["order_type"] == "LIMIT"
    assert lines(door, ORDERS_LOG)[0]["status"] == "REJECTED"


def test_vetoes_are_logged_with_their_gate_and_its_numbers() -> None:
    door = MemoryDoor()
    veto = Veto(
        "i-9", "ETHUSDT", "LONG", 2 * QTY, "daily_loss", "day_loss_limit",
        ("day_loss_limit", "min_notional"), {"limit": 0.1, "floor": 25}, {"loss": 0.11},
    )  # fmt: skip
    published(door, make_state(), LoopOutput((), (veto,), ("i-9",), ()))
    assert lines(door, VETO_LOG) == [
        {
            "event_type": "risk_veto",
            "hostname": "simkit",
            "intent_id": "i-9",
            "original_reason": "day_loss_limit",
            "pid": 1,
            "qty_req": 2.0,
            "signal_ts": "2025-01-06T00:01:00.000000Z",
            "strategy": "scripted",
            "symbol": "ETHUSDT",
            "ts": "2025-01-06T00:01:00.000000Z",
            "veto_detail": {
                "gate": "day_loss_limit",
                "observations": {"loss": 0.11},
                "reasons": ["day_loss_limit", "min_notional"],
                "thresholds": {"floor": 25.0, "limit": 0.1},
            },
            "veto_reason": "daily_loss",
        }
    ]


def test_a_log_that_cannot_be_written_stops_no_surface() -> None:
    door = MemoryDoor()
    door.refused = {ORDERS_LOG}
    publisher = published(door, make_state(intel=None), events=(ack(ENTRY),))
    assert [f.path for f in publisher.failed if f.operation == "append to"] == [ORDERS_LOG]
    assert [write.path for write in door.journal] == [path(name) for name in (*NAMES, *KEPT)]
