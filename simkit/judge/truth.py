"""What the harness knows of a loop, in the words of the contract: orders, fills, vetoes, declared money.

Comes in: `LoopRecord`s. Goes out: `contract.look.Truth`. May import `core`, `contract`, `exchange.orders`,
`scenario.model` and `trace.record`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simkit.contract.look import LoggedFill, LoggedOrder, LoggedVeto, Truth
from simkit.contract.table import ORDERS_LOG, VETO_LOG
from simkit.core.clock import day_of
from simkit.core.numeric import PRICE, QTY, USD
from simkit.exchange.orders import Ack, Booking, Fill, Funding, VenueEvent
from simkit.scenario.model import BadBalance, BalanceDown, ResetPeak, Scenario, Signal, WriteFails
from simkit.trace.record import LoopRecord

#: Reads a file by its stem and bytes (None: no file).
Loader = Callable[[str, bytes | None], object]

_ACCEPTED = ("NEW", "PARTIALLY_FILLED", "FILLED")


class Witness:
    """Tells the truth of one loop after the other. Remembers which positions asked for no level, and until the
    first loop the closes before it. `loader` is the one under test, None for the contract's own."""

    def __init__(self, scenario: Scenario, loader: Loader | None = None) -> None:
        self._loader = loader
        self._universe = scenario.universe
        self._waiting: dict[str, bool] = {}  # key -> whether its position has been seen open
        self._seeding_off: frozenset[str] = frozenset()
        self._past = {series.symbol: series.closes for series in scenario.past}

    def truth(self, record: LoopRecord) -> Truth:
        """What happened in that loop."""
        output = record.output
        positions = {p.key: p.signed_qty / QTY for p in record.positions if p.qty}
        if record.signals or self._waiting:
            self._follow_signals(record.signals, positions)
        orders: tuple[LoggedOrder, ...] = ()
        fills: tuple[LoggedFill, ...] = ()
        vetoes: tuple[LoggedVeto, ...] = ()
        flows = 0
        if output.vetoes and not _is_lost(record, VETO_LOG):
            vetoes = tuple([LoggedVeto(v.intent_id, v.symbol, v.reason) for v in output.vetoes])
        if output.events or record.venue_events or record.unanswered:
            booked = (*record.venue_events, *output.events)
            is_logged = not _is_lost(record, ORDERS_LOG)
            orders = _orders((*(output.events if is_logged else ()), *record.unanswered))
            fills = tuple([_fill(event) for event in booked if is_logged and isinstance(event, Fill)])
            flows = _flows(booked)
        return Truth(
            positions=positions,
            universe=self._universe,
            orders=orders,
            fills=fills,
            vetoes=vetoes,
            signals=output.signals,
            flows=flows / USD,
            new_run=record.new_run,
            synced=record.synced,
            reset_peak=any(isinstance(event, ResetPeak) for event in record.events),
            seeding_off=self._seeding_off,
            nav_read_live=not any(isinstance(fault, BalanceDown | BadBalance) for fault in record.faults),
            exits=output.exits,
            cancelled=_cancelled(output.events) if output.events else (),
            closes=self._closes(record),
            marks={tick.symbol: tick.mark / PRICE for tick in record.ticks if tick.mark is not None},
            day=day_of(record.ts if record.label is None else record.label),
            loader=self._loader,
        )

    def _closes(self, record: LoopRecord) -> dict[str, tuple[float, ...]]:
        past = self._past
        if not past:
            return {tick.symbol: (tick.close / PRICE,) for tick in record.ticks}
        self._past = {}
        return {
            tick.symbol: tuple([close / PRICE for close in (*past.get(tick.symbol, ()), tick.close)])
            for tick in record.ticks
        }

    def _follow_signals(self, signals: Sequence[Signal], positions: dict[str, float]) -> None:
        """A key counts from the intent that asked for no level until its position is gone again."""
        for signal in signals:
            if signal.action == "open" and signal.levels == "none":
                self._waiting.setdefault(f"{signal.symbol}:{signal.side}", False)
        for key in list(self._waiting):
            if key in positions:
                self._waiting[key] = True
            elif self._waiting[key]:
                del self._waiting[key]
        self._seeding_off = frozenset(self._waiting)


def _is_lost(record: LoopRecord, log: str) -> bool:
    """True when a fault kept the lines of this loop from that log: nobody reads what was never written."""
    refused = any(isinstance(fault, WriteFails) for fault in record.faults)
    return refused and not any(write.path == log for write in record.writes)


def _orders(events: Sequence[VenueEvent]) -> tuple[LoggedOrder, ...]:
    """The orders of this loop by their first answer; a later change of state is none."""
    prices: dict[str, int] = {}
    for event in events:
        if isinstance(event, Fill):
            prices.setdefault(event.venue_id, event.intended_price)
    seen: dict[str, LoggedOrder] = {}
    for event in events:
        if not isinstance(event, Ack) or event.venue_id in seen or event.status == "CANCELED":
            continue
        order = event.order
        price = order.limit if order.limit is not None else prices.get(event.venue_id, 0)
        seen[event.venue_id] = LoggedOrder(
            order.intent_id, order.key, order.qty / QTY, price / PRICE, order.reduce_only, order.reason,
            event.status in _ACCEPTED, order.twap_child, order.id,
        )  # fmt: skip
    return tuple(seen.values())


def _cancelled(events: tuple[VenueEvent, ...]) -> tuple[str, ...]:
    return tuple([e.order.intent_id for e in events if isinstance(e, Ack) and e.status == "CANCELED"])


def _fill(fill: Fill) -> LoggedFill:
    order = fill.order
    change = fill.qty if order.side == "BUY" else -fill.qty
    return LoggedFill(
        order.intent_id, order.key, change / QTY, fill.price / PRICE, fill.fee / USD, fill.realized / USD,
        order.reduce_only, order.reason, fill.intended_price / PRICE, fill.ts,
    )  # fmt: skip


def _flows(events: tuple[VenueEvent, ...]) -> int:
    """Declared money in micro-USD: funding, transfers, declared income. An undeclared booking is a lie."""
    total = 0
    for event in events:
        if isinstance(event, Funding) or (isinstance(event, Booking) and event.declared):
            total += event.amount
    return total
