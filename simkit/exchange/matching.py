"""Resting limit orders, and where the path of a bar meets them.

Comes in: limit orders, ticks. Goes out: which order is met, in path order and at which price. May import
`market.ticks` and `exchange.orders`.

A bar passes open, low, high, close where `Tick.low_first` is true, else open, high, low, close, in straight
lines.
"""

from __future__ import annotations

from collections.abc import Sequence

from simkit.exchange.orders import Order
from simkit.market.ticks import Tick


class Resting:
    """A limit order that waits. `intended` is the price that the executor meant, `goal` what is to fill in
    all."""

    __slots__ = ("filled", "goal", "intended", "limit", "order", "sent_ts", "venue_id")

    def __init__(
        self, order: Order, limit: int, venue_id: str, goal: int, intended: int, sent_ts: int
    ) -> None:
        self.order = order
        self.limit = limit
        self.venue_id = venue_id
        self.goal = goal
        self.filled = 0
        self.intended = intended
        self.sent_ts = sent_ts

    @property
    def left(self) -> int:
        """What is still to fill."""
        return self.goal - self.filled


def touch(tick: Tick, buys: bool, limit: int) -> tuple[tuple[bool, int], int] | None:
    """Where the bar's path first meets a resting limit, and the fill price: on the way to its first extreme or on
    the one to its second, and how far that way has come.

    A bar that opens beyond the limit fills at its open, the better price; otherwise the limit itself is met
    or nothing is. None: not met.
    """
    low, high, start = tick.low, tick.high, tick.open
    if start <= limit if buys else start >= limit:
        return (False, 0), start
    if low > limit if buys else high < limit:
        return None
    if buys:
        return (False, start - limit) if tick.low_first else (True, high - limit), limit
    return (True, limit - low) if tick.low_first else (False, limit - start), limit


class Book:
    """The resting orders of one venue, in order of arrival."""

    def __init__(self) -> None:
        self._orders: dict[str, Resting] = {}

    def __bool__(self) -> bool:
        return bool(self._orders)

    def add(self, resting: Resting) -> None:
        """Let an order rest."""
        self._orders[resting.venue_id] = resting

    def remove(self, venue_id: str) -> Resting | None:
        """Take an order out; None when it does not rest here."""
        return self._orders.pop(venue_id, None)

    def met(self, ticks: Sequence[Tick]) -> list[tuple[Resting, int]]:
        """The orders that this loop's bars meet, each with its fill price: symbols in the order of the
        universe, then along the path, then by arrival. A symbol without a mark is not traded."""
        by_symbol: dict[str, list[Resting]] = {}
        for resting in self._orders.values():
            by_symbol.setdefault(resting.order.symbol, []).append(resting)
        found: list[tuple[Resting, int]] = []
        for tick in ticks:
            if tick.mark is None or tick.symbol not in by_symbol:
                continue
            met: list[tuple[tuple[bool, int], Resting, int]] = []
            for resting in by_symbol[tick.symbol]:
                place = touch(tick, resting.order.side == "BUY", resting.limit)
                if place is not None:
                    met.append((place[0], resting, place[1]))
            met.sort(key=lambda item: item[0])
            found.extend((resting, price) for _, resting, price in met)
        return found
