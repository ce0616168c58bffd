"""What a restarted executor passes over: a close without a time, a row that is no position."""

from __future__ import annotations

from make_state import START_US, make_state
from memory_door import MemoryDoor
from publisher_kit import path, published

from simkit.contract.table import ORDERS_LOG
from simkit.core import canon
from simkit.core.numeric import PRICE, QTY, USD
from simkit.exchange.orders import Fill, Order
from simkit.surfaces.disk import read_disk
from simkit.surfaces.logs import order_lines
from simkit.surfaces.stamp import EXECUTOR


def test_a_close_at_no_time_counts_as_none() -> None:
    order = Order("o1", "i1", "ETHUSDT", "BUY", "SHORT", QTY, True, "tp")
    fill = Fill(1, START_US, "t1", "v1", order, PRICE, QTY, 5, 3 * USD, 2 * QTY, QTY, PRICE, START_US)
    close = canon.decode(order_lines([fill], START_US).splitlines()[-1])
    door = MemoryDoor()
    door.append(ORDERS_LOG, canon.encode({**close, "ts_close": "sometime"}) + b"\n", EXECUTOR)
    assert read_disk(door, 2).closes == ()


def test_a_row_without_a_quantity_is_no_position() -> None:
    door = MemoryDoor()
    published(door, make_state())
    file = canon.decode(door.tree[path("positions_state")])
    file["positions"][0]["qty"] = 0.0
    door.tree[path("positions_state")] = canon.encode(file)
    rows = read_disk(door, 2).positions
    assert rows is not None and len(rows) == len(file["positions"]) - 1
