"""The blotter: every order that leaves and everything that the venue answers is booked here (B-LED-8, B-LED-9,
B-RTR-1, B-RTR-2, B-RTR-10, B-VETO-7).

The account is believed (B-POS-1), never the messages: what they tell feeds counters, levels and statistics. A message
counts once, however often it comes (a fill by its trade id). A send without an answer is an error (B-VETO-7) and is not
repeated: the order may stand. It counts as sent until an answer or a fill tells; a market order, which cannot rest, for
two loops. Levels follow the newest fill of a key in the venue's order, not the one that came last.

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
#: So many loops a market order without an answer is waited for.
PATIENCE = 2
#: So many messages are remembered.
_MEMORY = 1024
#: B-VETO-7, microseconds.
COOLDOWN = 60 * MICROSECONDS


class Sent(Struct):
    """An intent that was sent; its parts share it. `signal` is None for exits, `taken` once the venue took an
    order of it."""

    signal: Signal | None
    taken: bool = False
    filled: bool = False


class Working(Struct):
    """An order that may still fill, or of which a fill is yet to be heard. `asked` is what router statistics count as
    asked next; `heard` and `acked` what has filled by its fills and by its answers; `venue_id` is empty until the venue
    has answered; `over`: nothing more will fill."""

    order: Order
    sent: Sent
    asked: int
    venue_id: str = ""
    heard: int = 0
    acked: int = 0
    over: bool = False
    patience: int = PATIENCE

    @property
    def left(self) -> int:
        """Still to fill, or was when it was over."""
        return self.order.qty - max(self.heard, self.acked)

    @property
    def settled(self) -> bool:
        """Nothing more will be heard of it."""
        return self.heard >= self.order.qty or (self.over and self.heard >= self.acked)

    def answered(self, ack: Ack) -> None:
        """Take what the venue says of it."""
        self.venue_id = ack.venue_id
        self.acked = max(self.acked, ack.filled_qty)
        self.over = self.over or ack.status in OVER or ack.status == "FILLED" or self.order.limit is None


class Blotter:
    """One per process. `events` are the venue's answers in this loop, in order; `working` are the orders that may
    still fill, by client order id; `done` the slices of an earlier process that were seen filled. `news`: what of the
    venue's later events was new; None is all of it."""

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
        self.news: Sequence[VenueEvent] | None = None
        self._messages: dict[str, None] = {}
        self._newest: dict[str, int] = {}
        self._last_ts = -1

    def cools_down(self, ts: int, symbol: str) -> bool:
        """B-VETO-7: the symbol's last send was refused less than 60 s ago."""
        return ts < self._cold_until.get(symbol, ts)

    def send(self, ts: int, order: Order, sent: Sent, venue: VenuePort) -> Ack | None:
        """Send an order and book what comes back at once; None without an answer."""
        ack = self._submit(ts, order, sent, venue)
        if ack is not None and ack.status == "FILLED" and "D-23" in self._legacy:
            self._submit(ts, replace(order, id=f"{order.id}-again"), sent, venue)  # a reject, it thinks
        return ack

    def send_at(self, ts: int, order: Order, sent: Sent, venue: VenuePort) -> None:
        """Send an order at a time between this loop and the next."""
        self.working[order.id] = Working(order, sent, order.qty)
        venue.submit_at(order, ts)

    def cancel(self, ts: int, working: Working, venue: VenuePort) -> bool:
        """Cancel an order that rests; False when the venue does not know it any more."""
        self._router.event(ts)
        self.working.pop(working.order.id, None)
        ack = venue.cancel(working.venue_id)
        if ack is not None:
            working.answered(ack)
            self.events.append(ack)
        return ack is not None

    def later(self, ts: int, events: Sequence[VenueEvent]) -> None:
        """What has become known since the last loop of orders that rest or were sent meanwhile. An order of an earlier
        process is not known here: its fills count, its levels are lost (B-RST-1)."""
        news = [event for event in events if self._is_news(event)]
        self.news = news if len(news) < len(events) else None
        for event in news:
            heard_ts = event.ts if event.ts > self._last_ts else ts
            if isinstance(event, Fill):
                self._filled_later(event, heard_ts)
            elif isinstance(event, Ack):
                self._answered_later(event, heard_ts)
        for name, working in list(self.working.items()):
            if working.order.limit is None and not working.venue_id:
                working.patience -= 1
                if not working.patience:
                    del self.working[name]
        self._last_ts = ts

    def _is_news(self, event: VenueEvent) -> bool:
        """False for a message that was heard before."""
        if isinstance(event, Fill):
            name = event.trade_id
        elif isinstance(event, Ack):
            name = f"{event.venue_id} {event.status} {event.filled_qty}"
        else:
            return True
        messages = self._messages
        if name in messages:
            return False
        messages[name] = None
        if len(messages) > _MEMORY:
            del messages[next(iter(messages))]
        return True

    def _submit(self, ts: int, order: Order, sent: Sent, venue: VenuePort) -> Ack | None:
        self._router.event(ts)
        answer = venue.submit(order)
        ack = answer.ack
        told: tuple[VenueEvent, ...] = answer.fills if ack is None else (ack, *answer.fills)
        self.events += [event for event in told if self._is_news(event)]
        working = Working(order, sent, order.qty)
        if ack is None:
            self._refused(ts, order)
        elif ack.status not in self._accepted:
            if ack.cause != POST_ONLY_WOULD_CROSS:
                self._refused(ts, order)
            return ack
        else:
            working.answered(ack)
        for fill in answer.fills:
            self._took(working, fill, ts)
        if not working.settled:
            self.working[order.id] = working
        if told:
            self._taken(ts, sent)
        return ack

    def _taken(self, ts: int, sent: Sent) -> None:
        if not sent.taken:
            sent.taken = True
            self._tally.order(ts)

    def _refused(self, ts: int, order: Order) -> None:
        self._cold_until[order.symbol] = ts + COOLDOWN
        self._tally.pace.errors.add(ts)

    def _took(self, working: Working, fill: Fill, ts: int) -> None:
        """A fill of an order that is known; a market order fills once. It is an answer too."""
        self._filled(fill, working.sent, working.asked, ts)
        working.asked = 0
        working.heard += fill.qty
        working.venue_id = fill.venue_id
        working.over = working.over or fill.order.limit is None

    def _filled_later(self, fill: Fill, ts: int) -> None:
        name = fill.order.id
        working = self.working.get(name)
        if working is None:
            if fill.order.twap_child:
                self.done[name] = True
            self._filled(fill, Sent(None, filled=True), fill.qty, ts)
            return
        self._took(working, fill, ts)
        self._taken(ts, working.sent)
        self._settle(working)

    def _answered_later(self, ack: Ack, ts: int) -> None:
        self._router.event(ts)
        working = self.working.get(ack.order.id)
        if working is None:
            return
        answered = bool(working.venue_id)
        working.answered(ack)
        if not answered and ack.status in OVER:
            self._refused(ts, ack.order)
        elif not answered:
            self._taken(ts, working.sent)
        self._settle(working)

    def _settle(self, working: Working) -> None:
        if working.settled:
            del self.working[working.order.id]

    def _filled(self, fill: Fill, sent: Sent, asked: int, ts: int) -> None:
        """Book a fill that becomes known at `ts`."""
        order = fill.order
        if not sent.filled:
            sent.filled = True
            self._rolling.executed(ts)
        self._router.fill(
            order.symbol, fill.sent_ts, fill.ts, fill.intended_price, fill.price, fill.qty, asked,
            order.twap_child,
        )  # fmt: skip
        is_newest = fill.seq > self._newest.get(order.key, 0)
        if is_newest:
            self._newest[order.key] = fill.seq
        if abs(fill.position_after) > abs(fill.position_before):
            if is_newest:
                self._registry.opened(fill, sent.signal)
            return
        if is_newest:
            self._registry.reduced(fill)
        if "D-36" in self._legacy and order.reason in ("tp", "sl"):  # a sliver counts as a close
            self._registry.remove(order.key)
        self._day.realized += fill.realized
        self._intel.closed(
            fill.ts, order.symbol, order.position_side, fill.realized, fill.fee + fill.lot_fees
        )
