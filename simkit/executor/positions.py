"""The rows of S3 (B-POS-1 to B-POS-3), read anew from the venue in every loop.

Comes in: the venue's positions, this loop's bars. Goes out: `PositionRow`s sorted by key. May import
`core`, `exchange.orders`, `market.ticks`, `executor.state`.

The venue speaks hedge mode, so that no side has to be resolved (B-POS-2). Realised PnL is the venue's, by
FIFO lots (B-POS-5). Begun: B-POS-1 keeps the last mark for as long as the venue gives none (D-10 bounds
it to n loops).
"""

from __future__ import annotations

from collections.abc import Sequence

from simkit.core.numeric import money
from simkit.exchange.orders import VenuePort, VenuePosition
from simkit.executor.state import PositionRow
from simkit.market.ticks import Bars


class Positions:
    """The open book as last read. `unrealized` is the open PnL of all rows in micro-USD."""

    def __init__(self) -> None:
        self.rows: tuple[PositionRow, ...] = ()
        self.keys: tuple[str, ...] = ()
        self.unrealized = 0
        self._known: dict[str, PositionRow] = {}
        self._read: Sequence[VenuePosition] = ()

    def read(self, venue: VenuePort, bars: Bars) -> None:
        """B-POS-1: a row needs a quantity, an entry and a mark; unchanged rows stay the same objects."""
        positions = venue.positions()
        if positions is self._read and isinstance(positions, tuple):
            return
        self._read = positions
        known, unrealized = self._known, 0
        fresh: dict[str, PositionRow] = {}
        for position in positions:
            key = f"{position.symbol}:{position.side}"
            row = _row(key, position, known.get(key), bars)
            if row is not None:
                fresh[key] = row
                unrealized += row.unrealized
        self.unrealized = unrealized
        self.rows = tuple(fresh.values())
        keys = tuple(fresh)
        if keys != self.keys:
            self.keys = keys
        self._known = fresh

    def exposures(self) -> dict[str, int]:
        """Signed notional per symbol, both sides netted, in micro-USD (A-33)."""
        net: dict[str, int] = {}
        for row in self.rows:
            signed = row.notional if row.qty > 0 else -row.notional
            net[row.symbol] = net.get(row.symbol, 0) + signed
        return net


def _row(key: str, position: VenuePosition, known: PositionRow | None, bars: Bars) -> PositionRow | None:
    qty = position.qty if position.side == "LONG" else -position.qty
    entry, mark = position.entry, position.mark
    if known is not None:
        if mark is None:
            mark = known.mark
        if (known.mark == mark and known.qty == qty and known.entry == entry
                and known.realized == position.realized):  # fmt: skip
            return known
    if mark is None:
        mark = next((tick.close for tick in bars.ticks if tick.symbol == position.symbol), 0)
    if not qty or entry <= 0 or mark <= 0:
        return None
    unrealized = position.unrealized if position.mark is not None else money(mark - entry, qty)
    return PositionRow(
        key, position.symbol, position.side, qty, entry, mark, unrealized, position.realized,
        money(mark, position.qty),
    )  # fmt: skip
