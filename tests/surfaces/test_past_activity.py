"""What the execution logs tell a restarted executor: attempts, first fills and vetoes of each loop."""

from __future__ import annotations

import pytest
from memory_door import MemoryDoor

from simkit.contract.table import ORDERS_LOG, VETO_LOG
from simkit.core.numeric import PRICE, QTY
from simkit.exchange.orders import Ack, AckStatus, Fill, Order, VenueEvent
from simkit.executor.port import PastLoop, Veto
from simkit.surfaces.activity import past_loops, read_log
from simkit.surfaces.disk import read_disk
from simkit.surfaces.logs import order_lines, veto_lines
from simkit.surfaces.stamp import EXECUTOR

L1, L2, L3 = 1_736_121_600_000_000, 1_736_121_660_000_000, 1_736_121_720_000_000


def order(intent: str, *, child: str = "", limit: int | None = None) -> Order:
    return Order(
        f"{intent}{child}", intent, "ETHUSDT", "BUY", "LONG", QTY, False, "entry", limit, bool(child)
    )


def ack(sent: Order, status: AckStatus = "FILLED") -> Ack:
    return Ack(1, L1, sent, "v1", status, 0)


def fill(sent: Order) -> Fill:
    return Fill(2, L1, "t1", "v1", sent, PRICE, QTY // 2, 0, 0, 0, QTY // 2, PRICE, L1)


def veto(intent: str, reason: str = "symbol_cap") -> Veto:
    return Veto(intent, "ETHUSDT", "LONG", QTY, reason, reason, (reason,), {}, {})


class Logs:
    """Both logs of a run, loop by loop."""

    def __init__(self) -> None:
        self.door = MemoryDoor()

    def loop(self, ts: int, *events: VenueEvent, vetoes: tuple[Veto, ...] = ()) -> None:
        self.door.append(ORDERS_LOG, order_lines(events, ts), EXECUTOR)
        self.door.append(VETO_LOG, veto_lines(vetoes, ts), EXECUTOR)


def loops_of(door: MemoryDoor) -> tuple[PastLoop, ...]:
    return past_loops(read_log(door, ORDERS_LOG), read_log(door, VETO_LOG))


def test_no_log_tells_nothing() -> None:
    assert loops_of(MemoryDoor()) == ()


def test_sends_and_vetoes_are_attempts_of_their_loop() -> None:
    logs = Logs()
    sent = order("a")
    logs.loop(L1, ack(sent), fill(sent), vetoes=(veto("b", "nav_stale"), veto("c")))
    logs.loop(L2, vetoes=(veto("d"),))
    logs.loop(L3, ack(order("e"), "REJECTED"))
    expected = (
        PastLoop(L1, 3, 1, ("nav_stale", "symbol_cap")),
        PastLoop(L2, 1, 0, ("symbol_cap",)),
        PastLoop(L3, 1, 0, ()),
    )
    assert loops_of(logs.door) == expected
    assert read_disk(logs.door, 2).activity == expected


def test_an_intent_that_is_vetoed_and_sent_is_one_attempt() -> None:
    logs = Logs()
    logs.loop(L1, ack(order("a")), vetoes=(veto("a"), veto("a")))
    assert loops_of(logs.door) == (PastLoop(L1, 1, 0, ("symbol_cap", "symbol_cap")),)


def test_a_resting_order_is_sent_once_and_filled_once() -> None:
    logs = Logs()
    resting = order("a", limit=PRICE)
    logs.loop(L1, ack(resting, "NEW"))
    logs.loop(L2, ack(resting, "PARTIALLY_FILLED"), fill(resting))
    logs.loop(L3, ack(resting), fill(resting))
    assert loops_of(logs.door) == (PastLoop(L1, 1, 0, ()), PastLoop(L2, 0, 1, ()), PastLoop(L3, 0, 0, ()))


def test_slices_are_one_attempt_and_the_same_intent_later_is_another() -> None:
    logs = Logs()
    slices = [order("a", child=f"-{n}") for n in (1, 2, 3)]
    logs.loop(L1, ack(slices[0]), fill(slices[0]), ack(slices[1]), fill(slices[1]), ack(order("b")))
    logs.loop(L2, ack(slices[2]), fill(slices[2]), ack(order("b")))
    assert loops_of(logs.door) == (PastLoop(L1, 2, 1, ()), PastLoop(L2, 1, 0, ()))


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b"null", b"\xff", b'{"ts":"yesterday","event_type":"order_ack","intent_id":"x"}',
             b'{"event_type":"order_ack","intent_id":"x"}'],
)  # fmt: skip
def test_a_broken_line_counts_as_none(line: bytes) -> None:
    logs = Logs()
    for path in (ORDERS_LOG, VETO_LOG):
        logs.door.append(path, line + b"\n", EXECUTOR)
    logs.loop(L1, ack(order("a")), vetoes=(veto("b"),))
    assert loops_of(logs.door) == (PastLoop(L1, 2, 0, ("symbol_cap",)),)
