"""The desk: sends orders and books what comes back (B-LED-8, B-LED-9, B-RTR-1, B-RTR-2, B-RTR-10,
B-VETO-7).

Comes in: orders, the venue's answers, later fills of resting orders. Goes out: changes of registry,
counters, router statistics, the day's realised PnL, attribution. May import `core`, `exchange.orders`,
`scenario.model` and the rooms of the executor that it feeds.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from simkit.core.clock import MICROSECONDS
from simkit.core.numeric import money
from simkit.exchange.orders import Ack, Fill, Order, VenueEvent, VenuePort
from simkit.executor.intel import Intel
from simkit.executor.ledger import Registry
from simkit.executor.nav import Day
from simkit.executor.router import RouterStats
from simkit.executor.stats import Rolling, Tally
from simkit.scenario.model import Signal

#: B-RTR-10: FILLED is accepted too (D-23).
ACCEPTED = frozenset({"NEW", "PARTIALLY_FILLED", "FILLED"})
#: An order in one of these will not fill any more.
OVER = frozenset({"REJECTED", "EXPIRED", "CANCELED"})
#: B-VETO-7, microseconds.
COOLDOWN = 60 * MICROSECONDS


class Sent(Struct):
    """An intent that was sent; its slices share it. `signal` is None for exits."""

    signal: Signal | None
    filled: bool = False


class Working(Struct):
    """An accepted order that rests. `left` is still to fill, `asked` what router statistics count as
    asked next."""

    order: Order
    sent: Sent
    left: int
    asked: int


class Desk:
    """One per process. `events` are the venue's answers in this loop, in order."""

    def __init__(
        self, registry: Registry, tally: Tally, rolling: Rolling, day: Day, router: RouterStats, intel: Intel
    ) -> None:
        self._registry = registry
        self._tally = tally
        self._rolling = rolling
        self._day = day
        self._router = router
        self._intel = intel
        self._working: dict[str, Working] = {}
        self._cold_until: dict[str, int] = {}
        self.events: list[VenueEvent] = []

    def cools_down(self, ts: int, symbol: str) -> bool:
        """B-VETO-7: the symbol's last send was refused less than 60 s ago."""
        return ts < self._cold_until.get(symbol, ts)

    def pending(self, venue: VenuePort) -> list[tuple[str, str, int]]:
        """Resting entries as (key, symbol, notional in micro-USD at the mark, else at their limit)."""
        return [
            (w.order.key, w.order.symbol, money(venue.mark(w.order.symbol) or w.order.limit or 0, w.left))
            for w in self._working.values()
            if not w.order.reduce_only
        ]

    def send(self, ts: int, orders: Sequence[Order], signal: Signal | None, venue: VenuePort) -> None:
        """Send the orders of one intent or exit; counts as one order when the venue takes any of them."""
        sent = Sent(signal)
        taken = [self._send(ts, order, sent, venue) for order in orders]
        if any(taken):
            self._tally.order(ts)

    def _send(self, ts: int, order: Order, sent: Sent, venue: VenuePort) -> bool:
        self._router.event(ts)
        answer = venue.submit(order)
        self.events.append(answer.ack)
        self.events.extend(answer.fills)
        asked, left = order.qty, order.qty
        for fill in answer.fills:
            self._filled(fill, sent, asked)
            asked, left = 0, left - fill.qty
        if answer.ack.status not in ACCEPTED:
            self._cold_until[order.symbol] = ts + COOLDOWN
            return False
        if order.limit is not None and left > 0 and answer.ack.status != "FILLED":
            self._working[order.id] = Working(order, sent, left, asked)
        return True

    def later(self, events: Sequence[VenueEvent]) -> None:
        """What happened to resting orders since the last loop. An order of an earlier process is not
        known here: its fills count, its levels are lost (B-RST-1)."""
        for event in events:
            if isinstance(event, Fill):
                working = self._working.get(event.order.id)
                if working is None:
                    self._filled(event, Sent(None, filled=True), event.qty)
                    continue
                self._filled(event, working.sent, working.asked)
                working.asked = 0
                working.left -= event.qty
                if working.left <= 0:
                    del self._working[event.order.id]
            elif isinstance(event, Ack) and event.status in OVER:
                self._router.event(event.ts)
                self._working.pop(event.order.id, None)

    def _filled(self, fill: Fill, sent: Sent, asked: int) -> None:
        order = fill.order
        if not sent.filled:
            sent.filled = True
            self._rolling.executed(fill.ts)
        self._router.fill(
            order.symbol, fill.sent_ts, fill.ts, fill.intended_price, fill.price, fill.qty, asked,
            order.twap_child,
        )  # fmt: skip
        if abs(fill.position_after) > abs(fill.position_before):
            self._registry.opened(fill, sent.signal)
        else:
            self._registry.reduced(fill)
            self._day.realized += fill.realized
            self._intel.closed(fill.ts, order.symbol, order.position_side, fill.realized, fill.fee)
