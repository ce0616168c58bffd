"""The venue: orders in, events out; every event is audited.

Comes in: the opening state and profile of a `Scenario`, bars, cues, orders. Goes out: acknowledgements,
fills, funding, bookings, positions, balances. May import `core`, `market`, `scenario.model`, `scenario.script` and
the other modules of `exchange`.

BUY on LONG and SELL on SHORT open, the others reduce and are capped at what is open. What the venue assumes
about fills stands in docs/venue.md, a test for each row. The events of a loop carry the loop's time, those of
orders sent between two loops their own, at the prices of the loop before; an order's delay lies before its fill
(`Fill.sent_ts`). So nothing is published before it has happened.

What happens (`Books`) and what the executor is told of it (`Feed`, `Post`) are two things under some faults. The
venue deals by the first, and answers by the second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from msgspec.structs import replace

from simkit.core.prng import Streams
from simkit.exchange.account import Account
from simkit.exchange.books import Books, opens
from simkit.exchange.entry import OrderEntry
from simkit.exchange.matching import Book, Resting
from simkit.exchange.model import PPB, Costs
from simkit.exchange.orders import (
    Ack,
    AckStatus,
    Balance,
    Order,
    Submitted,
    VenueEvent,
    VenuePosition,
)
from simkit.exchange.told import Feed, Post
from simkit.exchange.trouble import CALM, Trouble
from simkit.market.ticks import Bars, Tick
from simkit.scenario.model import (
    AccountReset,
    AckFault,
    BadBalance,
    BadMark,
    BalanceDown,
    Crash,
    FeedStall,
    FillFault,
    Liquidation,
    PowerCut,
    Scenario,
    UndeclaredTransfer,
    WrongBalance,
)
from simkit.scenario.script import Cue

#: How many closes a market-data request answers at most.
_CLOSES = 1024


class Venue:
    """Implements `VenuePort` for the executor, and the market step for the pipeline. `told` are the bars of this loop
    as the executor is told them."""

    def __init__(self, scenario: Scenario, streams: Streams) -> None:
        self._costs = Costs(scenario.venue, streams)
        self._account = Account(scenario.account.cash, one_way=scenario.account.mode == "one_way")
        for position in scenario.positions:
            self._account.open(position.symbol, position.side, position.entry, position.qty)
        self._books = Books(self._account, self._costs, scenario.clock.start_us)
        self._book = Book()
        self._entry = OrderEntry(self._books, self._book, self._costs)
        self._timed: list[tuple[int, Order]] = []
        self._cue, self._trouble = Cue(0), CALM
        self._ticks: Sequence[Tick] = ()
        self._closes: dict[str, deque[int]] = {
            past.symbol: deque(past.closes, maxlen=_CLOSES) for past in scenario.past
        }
        for symbol in scenario.universe:
            self._closes.setdefault(symbol, deque(maxlen=_CLOSES))
        kinds = {type(fault) for fault in scenario.faults}
        self._feed = Feed() if kinds & {FeedStall, BadMark} else None
        self._post = Post() if kinds & {AckFault, FillFault} else None
        self.told = Bars(0, ())

    # The market step -----------------------------------------------------------------------------------

    def market_step(self, bars: Bars, ts: int, cue: Cue) -> Sequence[VenueEvent]:
        """Everything that happens before the executor looks, in this order: orders sent since the last loop,
        marks, closes by others, fills of resting orders along the bars, funding, transfers, account
        resets, scripted NAV (B-LOOP-3, B-NAV-9). Given back is what the executor hears of it, each event once, after
        what it hears late."""
        books = self._books
        happened: list[VenueEvent] = []
        if self._timed:
            self._take_timed(ts, happened)
        if self._post is not None:
            happened = self._post.begin(cue, happened)
        heard = len(happened)
        self._cue = cue
        books.begin(ts, cue)
        ticks = self._see(bars, cue)
        if cue.faults:
            for closed in self._trouble.closed(bars.loop):
                close = books.close(
                    f"{closed.symbol}:{closed.side}", by_venue=isinstance(closed, Liquidation)
                )
                if close is not None:
                    happened.append(close)
                    cue.acted.note(closed)
        if self._book:
            for resting, price in self._book.met(ticks):
                self._fill_resting(resting, price, happened)
        if self._costs.funding_due(bars.loop) or (cue.faults and self._trouble.pays_funding):
            self._pay_funding(bars.loop, happened)
        if cue.events or cue.faults or cue.nav is not None:
            self._book_money(bars.loop, cue, happened)
        books.check()
        if self._post is not None:
            happened[heard:] = self._post.carry(happened[heard:])
        return happened

    def _see(self, bars: Bars, cue: Cue) -> Sequence[Tick]:
        """The bars as they are traded; they and the marks are those of this loop from now on."""
        before = self._ticks
        for tick in before:
            self._closes[tick.symbol].append(tick.close)
        ticks: Sequence[Tick] = bars.ticks
        if cue.faults:
            self._trouble = Trouble(cue, before, self._trouble)
            ticks = self._trouble.marked(self._trouble.moved(ticks))
        else:
            self._trouble = CALM
        self._entry.trouble = self._trouble
        self._ticks = ticks
        self._account.set_marks(ticks)
        told = ticks
        if self._feed is not None:
            told = self._feed.begin(cue, ticks, before)
            self._entry.told = self._feed.marks
        self.told = bars if told is bars.ticks else replace(bars, ticks=tuple(told))
        return ticks

    def _take_timed(self, until: int, happened: list[VenueEvent]) -> None:
        """The orders that were to be sent before `until`, at their own times; none when the executor has died
        in that loop."""
        if self._cue.fault(Crash) is None and self._cue.fault(PowerCut) is None:
            for ts, order in sorted(self._timed, key=lambda item: item[0]):
                self._books.ts = min(ts, until) + self._books.ahead_us
                answer, fills = self._entry.take(order)
                happened += [answer, *fills]
        self._timed = []

    def _book_money(self, loop: int, cue: Cue, happened: list[VenueEvent]) -> None:
        """Transfers, declared or not, account resets, scripted NAV."""
        books = self._books
        if cue.events:
            for transfer in cue.transfers:
                happened += books.transfer(transfer.amount)
        for fault in cue.faults:
            booked: Sequence[VenueEvent] = ()
            if isinstance(fault, UndeclaredTransfer):
                booked = books.transfer(fault.amount, declared=False)
            elif isinstance(fault, AccountReset) and fault.at.first == loop:
                booked = books.money("account_reset", fault.equity - self._equity(), declared=False)
            if booked:
                happened += booked
                cue.acted.note(fault)
        if cue.nav is not None:
            happened += books.money("declared_income", cue.nav - self._equity())

    def _equity(self) -> int:
        return self._account.wallet + self._account.unrealized()

    def _pay_funding(self, loop: int, happened: list[VenueEvent]) -> None:
        due = self._costs.funding_due(loop)
        for holding in self._account.in_order():
            symbol, shock = holding.symbol, self._trouble.funding_ppb(holding.symbol)
            ppb = shock if shock is not None else self._costs.funding_ppb(symbol) if due else 0
            amount = self._costs.funding(ppb, self._account.notional(holding), holding.direction)
            if amount:
                happened.append(self._books.funding(f"{symbol}:{holding.side}", amount))
                self._trouble.funding_paid(symbol)

    def _fill_resting(self, resting: Resting, price: int, happened: list[VenueEvent]) -> None:
        order, books = resting.order, self._books
        left = resting.left if opens(order) else min(resting.left, self._account.open_qty(order.key))
        if not left:
            self._book.remove(resting.venue_id)
            happened.append(
                books.ack(order, resting.venue_id, "EXPIRED", resting.filled, "nothing_to_reduce")
            )
            return
        part = self._costs.portion(resting.goal)
        qty = min(left, self._trouble.share(order.symbol, resting.goal, part))
        resting.filled += qty
        done = qty == left
        if done:
            self._book.remove(resting.venue_id)
        status: AckStatus = "FILLED" if done else "PARTIALLY_FILLED"
        happened.append(books.ack(order, resting.venue_id, status, resting.filled))
        happened.append(books.fill(resting, price, qty, maker=True))

    # The port ------------------------------------------------------------------------------------------

    def balance(self) -> Balance | None:
        """The wallet; a lie under `wrong_balance`, no number under `bad_balance`, None under `balance_down`."""
        wallet = self._account.wallet
        if self._cue.faults:
            cue = self._cue
            down, bad, lie = cue.fault(BalanceDown), cue.fault(BadBalance), cue.fault(WrongBalance)
            if down is not None:
                cue.acted.note(down)
                return None
            if bad is not None:
                cue.acted.note(bad)
                return Balance(None)
            if lie is not None:
                told = lie.equity - sum([row.unrealized for row in self.positions()])  # ints
                if told != wallet:
                    cue.acted.note(lie)
                return Balance(told)
        return Balance(wallet)

    def positions(self) -> Sequence[VenuePosition]:
        """The open positions at the told marks, sorted by key."""
        if self._feed is not None and self._feed.marks:
            return self._account.positions_at(self._feed.marks)
        return self._account.positions()

    def mark(self, symbol: str) -> int | None:
        """The mark price as it is told, or None."""
        if self._feed is not None and symbol in self._feed.marks:
            return self._feed.marks[symbol]
        return self._account.marks.get(symbol)

    def closes(self, symbol: str) -> Sequence[int]:
        """Closes of the bars before this loop's, the scenario's history among them, oldest first; the last 1024."""
        return tuple(self._closes.get(symbol, ()))

    def funding_rate(self, symbol: str) -> float:
        """The rate per payment as a fraction, known from the start; 0 without funding."""
        shock = self._trouble.funding_ppb(symbol)
        return (self._costs.funding_ppb(symbol) if shock is None else shock) / PPB

    def spread_bps(self, symbol: str) -> float:
        """Distance of the best ask from the best bid in basis points of the mark."""
        wide = self._trouble.spread_bps(symbol)
        if wide is None:
            return self._costs.spread_bps
        self._trouble.spread_seen(symbol)
        return wide

    def min_notional(self) -> int:
        """The smallest opening order in micro-USD."""
        return self._costs.min_notional

    def submit_at(self, order: Order, ts: int) -> None:
        """Take an order that is sent at `ts`, before the next loop."""
        self._timed.append((ts, order))

    def submit(self, order: Order) -> Submitted:
        """Take an order (`OrderEntry`); what the executor hears of it at once."""
        ack, fills = self._entry.take(order)
        if self._post is None:
            return Submitted(ack, fills)
        answer = self._post.answer(ack)
        return Submitted(answer, tuple(self._post.carry(fills)))

    @property
    def again(self) -> Sequence[VenueEvent]:
        """The events of earlier loops that the executor hears a second time in this one."""
        return () if self._post is None else self._post.again

    @property
    def unanswered(self) -> Sequence[Ack]:
        """The answers to this loop's orders that the executor did not get at once."""
        return () if self._post is None else self._post.unanswered

    def cancel(self, venue_id: str) -> Ack | None:
        """Take a resting order out; None when there is no such order."""
        resting = self._book.remove(venue_id)
        if resting is None:
            return None
        return self._books.ack(resting.order, venue_id, "CANCELED", resting.filled)

    def assert_conserved(self) -> None:
        """Raise ConservationError (a bug in simkit) when money or quantity came from nowhere."""
        self._books.check_all()
