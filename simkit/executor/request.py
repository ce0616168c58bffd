"""What a gate is asked: one opening intent, what the last loop published, the book as of now (B-LOOP-4).

Comes in: signals, positions, pending orders. Goes out: `Request`, `OpenBook`. May import `core`,
`exchange.orders`, `scenario.model` and the rooms of this folder.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from simkit.core.numeric import fraction, money
from simkit.core.settings import LimitSettings, Settings
from simkit.exchange.orders import VenuePosition
from simkit.executor.state import DrawdownPart, VarPart
from simkit.executor.stats import Pace
from simkit.scenario.model import Signal


class OpenBook(Struct):
    """Open positions plus what is accepted and still to fill: absolute notional in micro-USD (INV-R22)."""

    keys: frozenset[str]
    by_symbol: dict[str, int]
    gross: int


class Seen(Struct, frozen=True):
    """What the gates see: figures of the last published loop (B-LOOP-4), age and book as of now."""

    nav: int
    nav_age_s: float
    sources_ok: bool
    drawdown: DrawdownPart
    daily_loss: float
    var: Callable[[], VarPart | None]
    position_cvar: Callable[[str, int, int], float | None]


class Request(Struct, frozen=True):
    """One opening intent before the gates, at `ts`. `notional` in micro-USD at the mark; `symbol_qty`: what
    the symbol would hold with it, in 1e-8 base units."""

    ts: int
    signal: Signal
    qty: int
    symbol_qty: int
    notional: int
    universe: frozenset[str]
    settings: Settings
    seen: Seen
    book: OpenBook
    pace: Pace

    @property
    def limits(self) -> LimitSettings:
        """The limits in force."""
        return self.settings.limits

    @property
    def key(self) -> str:
        """`SYMBOL:SIDE`."""
        return f"{self.signal.symbol}:{self.signal.side}"

    def share(self, amount: int) -> float:
        """`amount` as a fraction of NAV; an account without NAV has no room for anything."""
        return fraction(amount, max(self.seen.nav, 1))

    def symbol_share(self) -> float:
        """What the symbol would hold as a fraction of NAV."""
        return self.share(self.book.by_symbol.get(self.signal.symbol, 0) + self.notional)


def open_book(positions: list[tuple[VenuePosition, int]], pending: list[tuple[str, str, int]]) -> OpenBook:
    """`positions` with the price to value them at, `pending` orders as (key, symbol, notional)."""
    worth = [(p.key, p.symbol, money(price, abs(p.qty))) for p, price in positions]
    by_symbol: dict[str, int] = {}
    gross = 0
    for _, symbol, notional in (*worth, *pending):
        by_symbol[symbol] = by_symbol.get(symbol, 0) + notional
        gross += notional
    return OpenBook(frozenset([key for key, _, _ in (*worth, *pending)]), by_symbol, gross)
