"""The venue: orders in, events out; every event is audited.

Comes in: the opening state and profile of a `Scenario`, bars, cues, orders. Goes out: acknowledgements,
fills, funding, bookings, positions, balances. May import `core`, `scenario.model`, `scenario.script`,
`market.ticks`.

BUY on LONG and SELL on SHORT open, the others reduce and are capped at what is open. What the venue assumes
about fills stands in docs/venue.md, a test for each row. The events of a loop carry the loop's time, those of
orders sent between two loops their own, at the prices of the loop before; an order's delay lies before its fill
(`Fill.sent_ts`). So nothing is published before it has happened.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Literal

from simkit.core.numeric import money
from simkit.core.prng import Streams
from simkit.exchange.account import Account
from simkit.exchange.audit import Audit
from simkit.exchange.matching import Book, Resting
from simkit.exchange.model import PPB, Costs
from simkit.exchange.orders import (
    POST_ONLY_WOULD_CROSS,
    Ack,
    AckStatus,
    Balance,
    Booking,
    Fill,
    Funding,
    Order,
    OutsideClose,
    Submitted,
    VenueEvent,
    VenuePosition,
)
from simkit.exchange.trouble import CALM, Trouble
from simkit.market.ticks import Bars, Tick
from simkit.scenario.model import AccountReset, BalanceDown, Crash, PowerCut, Scenario, WrongBalance
from simkit.scenario.script import Cue

#: How many closes a market-data request answers at most.
_CLOSES = 1024

BookingKind = Literal["declared_income", "deposit", "withdraw", "account_reset"]


def opens(order: Order) -> bool:
    """True when the order opens a position or adds to it."""
    return (order.side == "BUY") == (order.position_side == "LONG")


class Venue:
    """Implements `VenuePort` for the executor, and the market step for the pipeline."""

    def __init__(self, scenario: Scenario, streams: Streams) -> None:
        self._costs = Costs(scenario.venue, streams)
        self._account = Account(scenario.account.cash, one_way=scenario.account.mode == "one_way")
        self._book = Book()
        self._timed: list[tuple[int, Order]] = []
        self._cue, self._trouble = Cue(0), CALM
        self._ts = scenario.clock.start_us
        self._seq = 0
        self._last_bars: tuple[Tick, ...] = ()
        self._closes: dict[str, deque[int]] = {
            past.symbol: deque(past.closes, maxlen=_CLOSES) for past in scenario.past
        }
        for symbol in scenario.universe:
            self._closes.setdefault(symbol, deque(maxlen=_CLOSES))
        for position in scenario.positions:
            self._account.open(position.symbol, position.side, position.entry, position.qty)
        opening = [(f"{position.symbol}:{position.side}", position.qty) for position in scenario.positions]
        self._audit = Audit(scenario.account.cash, opening)

    # The market step -----------------------------------------------------------------------------------

    def market_step(self, bars: Bars, ts: int, cue: Cue) -> Sequence[VenueEvent]:
        """Everything that happens before the executor looks, in this order: orders sent since the last loop,
        marks, closes by others, fills of resting orders along the bars, funding, declared transfers, account
        resets, scripted NAV (B-LOOP-3, B-NAV-9)."""
        happened: list[VenueEvent] = []
        if self._timed:
            self._take_timed(ts, happened)
        self._ts, self._cue = ts, cue
        for tick in self._last_bars:
            self._closes[tick.symbol].append(tick.close)
        ticks: Sequence[Tick] = bars.ticks
        self._last_bars = bars.ticks
        self._trouble = CALM
        if cue.faults:
            self._trouble = Trouble(cue.faults)
            ticks = self._trouble.seen(ticks)
        self._account.set_marks(ticks)
        if cue.faults:
            for key in self._trouble.closed_outside(bars.loop):
                self._close_outside(key, happened)
        if self._book:
            for resting, price in self._book.met(ticks):
                self._fill_resting(resting, price, happened)
        if self._costs.funding_due(bars.loop):
            self._pay_funding(happened)
        if cue.events:
            for transfer in cue.transfers:
                self._book_money("deposit" if transfer.amount > 0 else "withdraw", transfer.amount, happened)
        if cue.faults:
            for fault in cue.faults:
                if isinstance(fault, AccountReset) and fault.at.first == bars.loop:
                    self._book_money("account_reset", fault.equity - self._equity(), happened, declared=False)
        if cue.nav is not None:
            self._book_money("declared_income", cue.nav - self._equity(), happened)
        self._audit.check_wallet(self._account.wallet)
        return happened

    def _take_timed(self, until: int, happened: list[VenueEvent]) -> None:
        """The orders that were to be sent before `until`, at their own times; none when the executor has died
        in that loop."""
        if self._cue.fault(Crash) is None and self._cue.fault(PowerCut) is None:
            for ts, order in sorted(self._timed, key=lambda item: item[0]):
                self._ts = min(ts, until)
                answer = self.submit(order)
                happened.append(answer.ack)
                happened.extend(answer.fills)
        self._timed = []

    def _close_outside(self, key: str, happened: list[VenueEvent]) -> None:
        """Somebody else closes the position at its last mark, without a fee."""
        account = self._account
        holding = account.holdings.get(key)
        if holding is not None:
            price, qty = account.last_mark(holding.symbol) or holding.entry, holding.qty
            close = OutsideClose(self._next(), self._ts, key, qty, price, account.close(key, price, qty)[0])
            self._audit.add(close)
            happened.append(close)

    def _equity(self) -> int:
        return self._account.wallet + self._account.unrealized()

    def _book_money(
        self, kind: BookingKind, amount: int, happened: list[VenueEvent], *, declared: bool = True
    ) -> None:
        if amount:
            self._account.wallet += amount
            booking = Booking(self._next(), self._ts, kind, amount, declared)
            self._audit.add(booking)
            happened.append(booking)

    def _pay_funding(self, happened: list[VenueEvent]) -> None:
        for holding in self._account.in_order():
            amount = self._costs.funding(holding.symbol, self._account.notional(holding), holding.direction)
            if amount:
                self._account.wallet += amount
                key = f"{holding.symbol}:{holding.side}"
                payment = Funding(self._next(), self._ts, key, amount)
                self._audit.add(payment)
                happened.append(payment)

    def _fill_resting(self, resting: Resting, price: int, happened: list[VenueEvent]) -> None:
        order = resting.order
        left = resting.left if opens(order) else min(resting.left, self._account.open_qty(order.key))
        if not left:
            self._book.remove(resting.venue_id)
            happened.append(
                self._ack(order, resting.venue_id, "EXPIRED", resting.filled, "nothing_to_reduce")
            )
            return
        qty = min(left, self._costs.portion(resting.goal))
        resting.filled += qty
        done = qty == left
        if done:
            self._book.remove(resting.venue_id)
        status: AckStatus = "FILLED" if done else "PARTIALLY_FILLED"
        happened.append(self._ack(order, resting.venue_id, status, resting.filled))
        happened.append(self._fill(resting, price, qty, maker=True))

    # The port ------------------------------------------------------------------------------------------

    def balance(self) -> Balance | None:
        """The wallet; a lie under `wrong_balance`, None under `balance_down`."""
        if self._cue.faults:
            if self._cue.fault(BalanceDown) is not None:
                return None
            lie = self._cue.fault(WrongBalance)
            if lie is not None:
                return Balance(lie.equity - self._account.unrealized())
        return Balance(self._account.wallet)

    def positions(self) -> Sequence[VenuePosition]:
        """The open positions, sorted by key."""
        return self._account.positions()

    def mark(self, symbol: str) -> int | None:
        """The mark price, or None."""
        return self._account.marks.get(symbol)

    def closes(self, symbol: str) -> Sequence[int]:
        """Closes of the bars before this loop's, the scenario's history among them, oldest first; the last 1024."""
        return tuple(self._closes.get(symbol, ()))

    def funding_rate(self, symbol: str) -> float:
        """The rate per payment as a fraction, known from the start; 0 without funding."""
        return self._costs.funding_ppb(symbol) / PPB

    def spread_bps(self, symbol: str) -> float:
        """Distance of the best ask from the best bid in basis points of the mark; one for all symbols."""
        return self._costs.spread_bps

    def min_notional(self) -> int:
        """The smallest opening order in micro-USD."""
        return self._costs.min_notional

    def submit_at(self, order: Order, ts: int) -> None:
        """Take an order that is sent at `ts`, before the next loop."""
        self._timed.append((ts, order))

    def submit(self, order: Order) -> Submitted:
        """Fill at once what crosses; a limit order that does not, or not in full, rests. Never raises for an
        order that the venue does not want: it answers REJECTED with the cause."""
        mark = self._account.marks.get(order.symbol)
        seq = self._next()
        venue_id = f"v-{seq}"
        trouble = self._trouble
        refusal = trouble.refusal(order.symbol)
        cause = "refused" if refusal else "no_mark" if mark is None else self._refusal(order, mark)
        if mark is None or cause:
            return Submitted(Ack(seq, self._ts, order, venue_id, refusal or "REJECTED", 0, cause), ())
        direction = 1 if order.side == "BUY" else -1
        goal = order.qty if opens(order) else min(order.qty, self._account.open_qty(order.key))
        price = self._costs.taker_price(
            mark, direction, money(mark, goal), trouble.slippage_ppb(order.symbol)
        )
        delay_us = trouble.latency_us(order.symbol)
        if delay_us is None:
            delay_us = self._costs.latency_us(order.symbol)
        sent_ts = self._ts - delay_us
        limit = order.limit
        if limit is None:
            qty = self._costs.portion(goal)
            resting = Resting(order, price, venue_id, goal, mark, sent_ts)
            cause = "" if qty == goal else "rest_cancelled"
        else:
            qty = self._costs.portion(goal) if self._crosses(mark, direction, limit) else 0
            capped = min if direction > 0 else max
            price = capped(price, limit)
            resting = Resting(order, limit, venue_id, goal, capped(mark, limit), sent_ts)
            if qty < goal:
                self._book.add(resting)
        resting.filled = qty
        status: AckStatus = "FILLED" if qty == goal else "PARTIALLY_FILLED" if qty else "NEW"
        ack = Ack(seq, self._ts, order, venue_id, status, qty, cause)
        return Submitted(ack, (self._fill(resting, price, qty, maker=False),) if qty else ())

    def cancel(self, venue_id: str) -> Ack | None:
        """Take a resting order out; None when there is no such order."""
        resting = self._book.remove(venue_id)
        if resting is None:
            return None
        return self._ack(resting.order, venue_id, "CANCELED", resting.filled)

    def assert_conserved(self) -> None:
        """Raise ConservationError (a bug in simkit) when money or quantity came from nowhere."""
        self._audit.check(self._account)

    # Inside --------------------------------------------------------------------------------------------

    def _refusal(self, order: Order, mark: int) -> str:
        """Why the order is not wanted, or nothing. The minimum notional binds opening orders only
        (B-EXIT-3)."""
        if order.qty <= 0:
            return "qty_not_positive"
        if order.limit is not None and order.limit <= 0:
            return "limit_not_positive"
        direction = 1 if order.side == "BUY" else -1
        if order.post_only and order.limit is not None and self._crosses(mark, direction, order.limit):
            return POST_ONLY_WOULD_CROSS
        if not opens(order):
            return "" if self._account.open_qty(order.key) else "nothing_to_reduce"
        if order.reduce_only:
            return "reduce_only_would_open"
        if self._account.blocks(order.symbol, order.position_side):
            return "other_side_is_open"
        price = mark if order.limit is None else order.limit
        return "min_notional" if money(price, order.qty) < self._costs.min_notional else ""

    def _crosses(self, mark: int, direction: int, limit: int) -> bool:
        """True where a limit reaches the quote, so that it fills at once."""
        return (self._costs.quote(mark, direction) - limit) * direction <= 0

    def _fill(self, resting: Resting, price: int, qty: int, *, maker: bool) -> Fill:
        """Book one execution: the position, the fee, the event."""
        order, account = resting.order, self._account
        fee = self._costs.fee(money(price, qty), maker)
        before = account.open_qty(order.key)
        if opens(order):
            account.open(order.symbol, order.position_side, price, qty, fee)
            after, realized, lot_fees = before + qty, 0, 0
        else:
            realized, lot_fees = account.close(order.key, price, qty)
            after = before - qty
        account.wallet -= fee
        seq = self._next()
        fill = Fill(
            seq, self._ts, f"t-{seq}", resting.venue_id, order, price, qty, fee, realized, before, after,
            resting.intended, resting.sent_ts, maker, lot_fees,
        )  # fmt: skip
        self._audit.add(fill)
        self._audit.check_wallet(account.wallet)
        return fill

    def _ack(self, order: Order, venue_id: str, status: AckStatus, filled: int, cause: str = "") -> Ack:
        return Ack(self._next(), self._ts, order, venue_id, status, filled, cause)

    def _next(self) -> int:
        self._seq += 1
        return self._seq
