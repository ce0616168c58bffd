"""The price of a symbol, as the executor believes it.

Comes in: what the venue tells. Goes out: a price above 0, or None. May import `exchange.orders`.
"""

from __future__ import annotations

from simkit.exchange.orders import VenuePort


def price_of(venue: VenuePort, symbol: str) -> int | None:
    """The mark, or None: what is not above 0, or no number, is no price (B-EXIT-4)."""
    mark = venue.mark(symbol)
    return mark if mark is not None and mark > 0 else None
