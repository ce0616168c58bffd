"""A venue that answers prices alone, for rules that ask for nothing else.

Comes in: marks. Goes out: `PricesOnly`. May import `simkit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exec_drive import price
from simkit.exchange.orders import Ack, Balance, Order, Submitted, VenuePosition


class PricesOnly:
    """Meets `VenuePort`: a flat, empty account that takes no orders."""

    def __init__(self, marks: Mapping[str, float | None]) -> None:
        self._marks = {symbol: price(mark) for symbol, mark in marks.items()}

    def balance(self) -> Balance | None:
        return None

    def positions(self) -> Sequence[VenuePosition]:
        return ()

    def mark(self, symbol: str) -> int | None:
        return self._marks.get(symbol)

    def submit(self, order: Order) -> Submitted:
        return Submitted(Ack(1, 0, order, "v", "REJECTED", 0, "no orders here"), ())

    def cancel(self, venue_id: str) -> Ack | None:
        return None
