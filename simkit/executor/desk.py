"""The desk: how the orders of an intent are sent: at once, in slices, or as maker first (B-RTR-9, B-RTR-11).

Comes in: orders, quotes. Goes out: orders by way of the blotter, in this loop and the next ones. May import
`core`, `exchange.orders`, `scenario.model` and the rooms of the executor that it feeds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from simkit.core.clock import MICROSECONDS
from simkit.core.numeric import money
from simkit.core.settings import RouterSettings, Settings
from simkit.exchange.orders import POST_ONLY_WOULD_CROSS, Ack, Order, VenueEvent, VenuePort
from simkit.executor import intents, maker
from simkit.executor.blotter import Blotter, Sent, Working
from simkit.executor.quotes import price_of
from simkit.executor.router import RouterStats, spread_limit_bps
from simkit.scenario.model import ClockSpec, Signal

#: B-RTR-9: a slice bears this many times the spread limit of its class.
SPREAD_MULTIPLE = 1.5


class Attempt(Struct):
    """A maker attempt that rests: its parent, how many have failed, the mark at the first one."""

    parent: Order
    working: Working
    failures: int
    first_mark: int


class Slice(Struct):
    """A slice of a TWAP that waits for its time."""

    due_ts: int
    order: Order
    sent: Sent


class Desk:
    """One per process. `loop` is the number of the loop, by whose clock slices wait."""

    def __init__(
        self, blotter: Blotter, router: RouterStats, clock: ClockSpec, settings: Settings,
        done: Iterable[str] = (),
    ) -> None:  # fmt: skip
        """`done`: client order ids of slices that were filled in an earlier process, by its log."""
        self._blotter = blotter
        self._router = router
        self._clock = clock
        self._settings = settings.router
        self._sizes_by_minimum = "D-36" in settings.legacy
        self._attempts: list[Attempt] = []
        self._slices: list[Slice] = []
        blotter.done.update(dict.fromkeys(done, True))
        self.loop = 0

    def use(self, settings: RouterSettings) -> None:
        """Send by other settings from now on."""
        self._settings = settings

    def begin(self, loop: int) -> None:
        """A new loop, without events yet."""
        self.loop = loop
        self._blotter.events, self._blotter.news = [], None

    @property
    def events(self) -> Sequence[VenueEvent]:
        """The venue's answers in this loop, in order."""
        return self._blotter.events

    def cools_down(self, ts: int, symbol: str) -> bool:
        """B-VETO-7: the symbol's last send was refused less than 60 s ago."""
        return self._blotter.cools_down(ts, symbol)

    @property
    def news(self) -> Sequence[VenueEvent] | None:
        """What of the venue's events since the last loop was not heard before; None is all of it."""
        return self._blotter.news

    def later(self, ts: int, events: Sequence[VenueEvent]) -> None:
        """What happened at the venue since the last loop."""
        self._blotter.later(ts, events)

    def pending(self, venue: VenuePort) -> list[tuple[str, str, int]]:
        """Entries that rest or wait, as (key, symbol, notional in micro-USD at the mark, else at their limit)."""
        return [
            (order.key, order.symbol, money(price_of(venue, order.symbol) or order.limit or 0, left))
            for order, left in self._unfilled()
        ]

    def pending_qty(self, symbol: str) -> int:
        """What entries of the symbol that rest or wait have still to fill, in 1e-8 base units."""
        return sum([left for order, left in self._unfilled() if order.symbol == symbol])  # ints

    def _unfilled(self) -> list[tuple[Order, int]]:
        waiting = [w for w in self._blotter.working.values() if not w.over]
        found = [(w.order, w.left) for w in waiting if not w.order.reduce_only]
        return found + [(s.order, s.order.qty) for s in self._slices if not s.order.reduce_only]

    def send(self, ts: int, orders: Sequence[Order], signal: Signal | None, venue: VenuePort) -> bool:
        """Send the orders of one intent or exit: the slices of a TWAP each at its time, or one order, as maker
        first where that may be. An intent counts as one order, when the venue first takes any of it; true when
        that is now."""
        sent, order = Sent(signal), orders[0]
        mark = price_of(venue, order.symbol)
        if order.twap_child:
            self._slices += self._sliced(ts, orders, sent)
            self._send_slices(ts, venue)
        elif mark is not None and self._may_make(ts, order, signal, venue):
            self._make(ts, Attempt(order, Working(order, sent, 0), 0, mark), mark, venue)
        else:
            if signal is None and self._sizes_by_minimum:  # D-36
                order = replace(order, qty=intents.least(venue.min_notional(), mark))
            self._blotter.send(ts, order, sent, venue)
        return sent.taken

    def advance(self, ts: int, venue: VenuePort, *, halted: bool) -> None:
        """Go on with what earlier loops began, after this loop's exits: an exit ends what is going on under its
        key, and while `halted` (circuit breaker, kill switch) nothing more is opened."""
        if not (self._slices or self._attempts):
            return
        exited = [e.order.key for e in self.events if isinstance(e, Ack) and e.order.reason in ("tp", "sl")]

        def stopped(order: Order) -> bool:
            return order.key in exited or (halted and not order.reduce_only)

        self._slices = [waiting for waiting in self._slices if not stopped(waiting.order)]
        self._send_slices(ts, venue)
        attempts, self._attempts = self._attempts, []
        for attempt in attempts:
            self._chase(ts, attempt, venue, stopped(attempt.parent))

    def _sliced(self, ts: int, orders: Sequence[Order], sent: Sent) -> list[Slice]:
        """B-RTR-9: the first slice now, one more after each gap; with `twap_resume` none that is done."""
        gap = int(self._settings.twap_gap_s * MICROSECONDS)
        done = self._blotter.done if self._settings.twap_resume else {}
        left = [order for order in orders if order.id not in done]
        return [Slice(ts + gap * number, order, sent) for number, order in enumerate(left)]

    def _send_slices(self, ts: int, venue: VenuePort) -> None:
        """Send the slices that are due before the next loop, each at its time; one is skipped while the spread
        is too wide (B-RTR-9)."""
        next_ts = self._clock.at(self.loop + 1)
        waiting: list[Slice] = []
        for part in self._slices:
            order = part.order
            if part.due_ts >= next_ts:
                waiting.append(part)
            elif venue.spread_bps(order.symbol) > SPREAD_MULTIPLE * spread_limit_bps(order.symbol):
                continue
            elif part.due_ts <= ts:
                self._blotter.send(ts, order, part.sent, venue)
            else:
                self._blotter.send_at(part.due_ts, order, part.sent, venue)
        self._slices = waiting

    def _may_make(self, ts: int, order: Order, signal: Signal | None, venue: VenuePort) -> bool:
        """B-RTR-11, for a symbol that has a mark to make at."""
        spread_bps = venue.spread_bps(order.symbol)
        return maker.may_make(signal, order, spread_bps, self._settings) and self._router.may_make(
            order.symbol, ts
        )

    def _make(self, ts: int, attempt: Attempt, mark: int, venue: VenuePort) -> None:
        """Post-only orders at the near quote until one rests; after too many failures the rest is taken."""
        parent, sent = attempt.parent, attempt.working.sent
        limit = maker.near_quote(mark, venue.spread_bps(parent.symbol), parent)
        while attempt.failures < self._settings.maker_max_failures:
            name = f"{parent.intent_id}-m{attempt.failures + 1}"
            ack = self._blotter.send(ts, replace(parent, id=name, limit=limit, post_only=True), sent, venue)
            working = self._blotter.working.get(name)
            if working is not None:
                attempt.working = working
                self._attempts.append(attempt)
                return
            if ack is None or ack.cause != POST_ONLY_WOULD_CROSS:
                return
            attempt.failures += 1
        self._fall_back(ts, parent, sent, venue)

    def _chase(self, ts: int, attempt: Attempt, venue: VenuePort, stopped: bool) -> None:
        """An attempt that is not filled by the next loop is cancelled, then priced anew or taken (B-RTR-11)."""
        working, parent = attempt.working, attempt.parent
        if working.order.id not in self._blotter.working:
            if working.left <= 0:
                self._router.maker.ended(ts, parent.symbol, fell_back=False)
            return
        mark = price_of(venue, parent.symbol)
        if not working.venue_id:  # nobody has said what to cancel
            self._attempts.append(attempt)
            return
        if stopped:
            self._blotter.cancel(ts, working, venue)
            return
        if mark is None:
            self._attempts.append(attempt)
            return
        if not self._blotter.cancel(ts, working, venue):
            return
        attempt.parent = parent = replace(parent, qty=working.left)
        attempt.failures += 1
        if self._may_make(ts, parent, working.sent.signal, venue) and not maker.has_run_away(
            parent, attempt.first_mark, mark, self._settings
        ):
            self._make(ts, attempt, mark, venue)
        else:
            self._fall_back(ts, parent, working.sent, venue)

    def _fall_back(self, ts: int, parent: Order, sent: Sent, venue: VenuePort) -> None:
        self._router.maker.ended(ts, parent.symbol, fell_back=True)
        self._blotter.send(ts, replace(parent, id=f"{parent.intent_id}-t"), sent, venue)
