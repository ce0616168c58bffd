"""The blotter: every order that leaves and everything that the venue answers is booked here (B-LED-8, B-LED-9,
B-RTR-1, B-RTR-2, B-RTR-10, B-VETO-7).

Comes in: orders, the venue's answers, later fills. Goes out: changes of registry, counters, router statistics,
the day's realised PnL, attribution. May import `core`, `exchange.orders`, `scenario.model` and the rooms of the
executor that it feeds.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from simkit.core.clock import MICROSECONDS
from simkit.exchange.orders import POST_ONLY_WOULD_CROSS, Ack, Fill, Order, VenueEvent, VenuePort
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
    """An intent that was sent; its parts share it. `signal` is None for exits, `taken` once the venue took an
    order of it."""

    signal: Signal | None
    taken: bool = False
    filled: bool = False


class Working(Struct):
    """An order that may still fill. `left` is still to fill, `asked` what router statistics count as asked
    next; `venue_id` is empty until the venue has answered."""

    order: Order
    sent: Sent
    left: int
    asked: int
    venue_id: str = ""


class Blotter:
    """One per process. `events` are the venue's answers in this loop, in order; `working` are the orders that may
    still fill, by client order id; `done` the slices of an earlier process that were seen filled."""

    def __init__(
        self, registry: Registry, tally: Tally, rolling: Rolling, day: Day, router: RouterStats, intel: Intel,
        legacy: frozenset[str],
    ) -> None:  # fmt: skip
        self._registry = registry
        self._tally = tally
        self._rolling = rolling
        self._day = day
        self._router = router
        self._intel = intel
        self._legacy = legacy
        self._accepted = ACCEPTED - {"FILLED"} if "D-23" in legacy else ACCEPTED
        self._cold_until: dict[str, int] = {}
        self.working: dict[str, Working] = {}
        self.done: dict[str, bool] = {}
        self.events: list[VenueEvent] = []

    def cools_down(self, ts: int, symbol: str) -> bool:
        """B-VETO-7: the symbol's last send was refused less than 60 s ago."""
        return ts < self._cold_until.get(symbol, ts)

    def send(self, ts: int, order: Order, sent: Sent, venue: VenuePort) -> Ack:
        """Send an order and book what comes back at once."""
        ack = self._submit(ts, order, sent, venue)
        if ack.status == "FILLED" and "D-23" in self._legacy:  # a reject, it thinks, and falls back
            self._submit(ts, replace(order, id=f"{order.id}-again"), sent, venue)
        return ack

    def send_at(self, ts: int, order: Order, sent: Sent, venue: VenuePort) -> None:
        """Send an order at a time between this loop and the next."""
        self.working[order.id] = Working(order, sent, order.qty, order.qty)
        venue.submit_at(order, ts)

    def cancel(self, ts: int, working: Working, venue: VenuePort) -> bool:
        """Cancel an order that rests; False when the venue does not know it any more."""
        self._router.event(ts)
        self.working.pop(working.order.id, None)
        ack = venue.cancel(working.venue_id)
        if ack is not None:
            self.events.append(ack)
        return ack is not None

    def later(self, events: Sequence[VenueEvent]) -> None:
        """What happened since the last loop to orders that rest or were sent meanwhile. An order of an earlier
        process is not known here: its fills count, its levels are lost (B-RST-1)."""
        for event in events:
            if isinstance(event, Fill):
                self._filled_later(event)
            elif isinstance(event, Ack):
                self._answered_later(event)

    def _submit(self, ts: int, order: Order, sent: Sent, venue: VenuePort) -> Ack:
        self._router.event(ts)
        answer = venue.submit(order)
        ack = answer.ack
        self.events.append(ack)
        self.events.extend(answer.fills)
        if ack.status not in self._accepted:
            if ack.cause != POST_ONLY_WOULD_CROSS:
                self._refused(ts, order)
            return ack
        asked, left = order.qty, order.qty
        for fill in answer.fills:
            self._filled(fill, sent, asked)
            asked, left = 0, left - fill.qty
        if order.limit is not None and left > 0 and ack.status != "FILLED":
            self.working[order.id] = Working(order, sent, left, asked, ack.venue_id)
        self._taken(ts, sent)
        return ack

    def _taken(self, ts: int, sent: Sent) -> None:
        if not sent.taken:
            sent.taken = True
            self._tally.order(ts)

    def _refused(self, ts: int, order: Order) -> None:
        self._cold_until[order.symbol] = ts + COOLDOWN
        self._tally.pace.errors.add(ts)

    def _filled_later(self, fill: Fill) -> None:
        name = fill.order.id
        working = self.working.get(name)
        if working is None:
            if fill.order.twap_child:
                self.done[name] = True
            self._filled(fill, Sent(None, filled=True), fill.qty)
            return
        self._filled(fill, working.sent, working.asked)
        working.asked = 0
        working.left -= fill.qty
        if working.left <= 0 or fill.order.limit is None:
            del self.working[name]

    def _answered_later(self, ack: Ack) -> None:
        self._router.event(ack.ts)
        working = self.working.get(ack.order.id)
        if working is None:
            return
        answered, working.venue_id = bool(working.venue_id), ack.venue_id
        if ack.status in OVER:
            del self.working[ack.order.id]
            if not answered:
                self._refused(ack.ts, ack.order)
        elif not answered:
            self._taken(ack.ts, working.sent)

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
            return
        self._registry.reduced(fill)
        if "D-36" in self._legacy and order.reason in ("tp", "sl"):  # a sliver counts as a close
            self._registry.remove(order.key)
        self._day.realized += fill.realized
        self._intel.closed(
            fill.ts, order.symbol, order.position_side, fill.realized, fill.fee + fill.lot_fees
        )
