"""Order entry: what becomes of an order when it reaches the venue.

Comes in: orders, the trouble of the loop. Goes out: acknowledgements and fills, entered in the books; what rests stands
in the book. May import `core`, `exchange.books`, `exchange.matching`, `exchange.model`, `exchange.orders` and
`exchange.trouble`.
"""

from __future__ import annotations

from collections.abc import Mapping

from simkit.core.numeric import money
from simkit.exchange.books import Books, opens
from simkit.exchange.matching import Book, Resting
from simkit.exchange.model import Costs
from simkit.exchange.orders import POST_ONLY_WOULD_CROSS, Ack, AckStatus, Fill, Order
from simkit.exchange.trouble import CALM


class OrderEntry:
    """`trouble` is the loop's, `told` the marks that the executor believes where they are not the venue's."""

    def __init__(self, books: Books, book: Book, costs: Costs) -> None:
        self._books = books
        self._book = book
        self._costs = costs
        self.trouble = CALM
        self.told: Mapping[str, int | None] = {}

    def take(self, order: Order) -> tuple[Ack, tuple[Fill, ...]]:
        """Fill at once what crosses; a limit order that does not, or not in full, rests. Never raises for an
        order that the venue does not want: it answers REJECTED with the cause."""
        books = self._books
        mark = books.account.marks.get(order.symbol)
        seq = books.number()
        venue_id = f"v-{seq}"
        refused = self.trouble.refusal(order.symbol)
        status: AckStatus
        status, cause = refused or ("REJECTED", "no_mark" if mark is None else self._refusal(order, mark))
        if mark is None or cause:
            return Ack(seq, books.ts, order, venue_id, status, 0, cause), ()
        resting, price, qty = self._met(order, mark, venue_id)
        goal, resting.filled = resting.goal, qty
        status = "FILLED" if qty == goal else "PARTIALLY_FILLED" if qty else "NEW"
        if qty < goal and order.limit is not None:
            self._book.add(resting)
        elif not qty:
            status, cause = "EXPIRED", "no_depth"
        elif qty < goal:
            cause = "rest_cancelled"
        ack = Ack(seq, books.ts, order, venue_id, status, qty, cause)
        return ack, (books.fill(resting, price, qty, maker=False),) if qty else ()

    def _met(self, order: Order, mark: int, venue_id: str) -> tuple[Resting, int, int]:
        """The order as it would rest, and what of it fills at once at which price."""
        symbol, limit, trouble, costs = order.symbol, order.limit, self.trouble, self._costs
        goal = order.qty if opens(order) else min(order.qty, self._books.account.open_qty(order.key))
        direction = 1 if order.side == "BUY" else -1
        delay_us = trouble.latency_us(symbol, costs.usual_latency_us)
        if delay_us is None:
            delay_us = costs.latency_us(symbol)
        sent_ts, qty = self._books.ts - self._books.ahead_us - delay_us, 0
        price, believed = self._taker_price(symbol, mark, direction, goal), self.told.get(symbol)
        usual = price if trouble is CALM else costs.taker_price(mark, direction, money(mark, goal), 0)
        intended = believed if believed is not None and believed > 0 else mark
        if limit is None or self._crosses(symbol, mark, direction, limit):
            qty = trouble.portion(symbol, goal, costs.portion(goal))
        if limit is not None:
            capped = min if direction > 0 else max
            price, usual, intended = capped(price, limit), capped(usual, limit), capped(intended, limit)
        if qty:
            trouble.priced(symbol, price, usual)
        resting = Resting(order, price if limit is None else limit, venue_id, goal, intended, sent_ts)
        return resting, price, qty

    def _taker_price(self, symbol: str, mark: int, direction: int, goal: int) -> int:
        """What a taker pays, in the loop's trouble."""
        trouble = self.trouble
        book = trouble.book_mark(symbol, mark)
        return self._costs.taker_price(
            book, direction, money(book, goal), trouble.slippage_ppb(symbol), trouble.spread_bps(symbol)
        )

    def _refusal(self, order: Order, mark: int) -> str:
        """Why the order is not wanted, or nothing. The minimum notional binds opening orders only
        (B-EXIT-3)."""
        account = self._books.account
        if order.qty <= 0:
            return "qty_not_positive"
        limit, direction = order.limit, 1 if order.side == "BUY" else -1
        if limit is not None and limit <= 0:
            return "limit_not_positive"
        if order.post_only and limit is not None and self._crosses(order.symbol, mark, direction, limit):
            return POST_ONLY_WOULD_CROSS
        if not opens(order):
            return "" if account.open_qty(order.key) else "nothing_to_reduce"
        if order.reduce_only:
            return "reduce_only_would_open"
        if account.blocks(order.symbol, order.position_side):
            return "other_side_is_open"
        price = mark if limit is None else limit
        return "min_notional" if money(price, order.qty) < self._costs.min_notional else ""

    def _crosses(self, symbol: str, mark: int, direction: int, limit: int) -> bool:
        """True where a limit reaches the quote, so that it fills at once."""
        trouble = self.trouble
        quote = self._costs.quote(trouble.book_mark(symbol, mark), direction, trouble.spread_bps(symbol))
        return (quote - limit) * direction <= 0
