"""A venue that only answers: prices and positions, for rules that ask for nothing else.

Comes in: marks, positions. Goes out: `AnswersOnly`. May import `simkit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exec_drive import price

from simkit.exchange.orders import Ack, Balance, Order, Submitted, VenuePosition


class AnswersOnly:
    """Meets `VenuePort`: an empty wallet, no orders taken. `held` may be replaced between two loops."""

    def __init__(self, marks: Mapping[str, float | None], held: Sequence[VenuePosition] = ()) -> None:
        self._marks = {symbol: price(mark) for symbol, mark in marks.items()}
        self.held = held

    def balance(self) -> Balance | None:
        return None

    def positions(self) -> Sequence[VenuePosition]:
        return self.held

    def mark(self, symbol: str) -> int | None:
        return self._marks.get(symbol)

    def closes(self, symbol: str) -> Sequence[int]:
        return ()

    def funding_rate(self, symbol: str) -> float:
        return 0.0

    def submit(self, order: Order) -> Submitted:
        return Submitted(Ack(1, 0, order, "v", "REJECTED", 0, "no orders here"), ())

    def cancel(self, venue_id: str) -> Ack | None:
        return None
