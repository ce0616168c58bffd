"""The rows of S3 (B-POS-1 to B-POS-3), read anew from the venue in every loop.

Comes in: the venue's positions, the rows that an earlier process published. Goes out: `PositionRow`s sorted
by key. May import `core`, `exchange.orders`, `executor.state`.

Realised PnL is the venue's: it keeps the FIFO lots (B-POS-5), so none is lost with a process (B-RST-1). A
symbol without a mark has no ticker either: what gives the one gives the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from simkit.core.numeric import money
from simkit.core.settings import PositionSettings
from simkit.exchange.orders import NAN_MARK, VenuePort, VenuePosition
from simkit.executor.state import PositionRow


class Positions:
    """The open book as last read. `rows` are published as they are, `unrealized` is the open PnL of all of
    them in micro-USD."""

    def __init__(self, found: Iterable[PositionRow], legacy: frozenset[str]) -> None:
        self.rows: tuple[PositionRow, ...] = ()
        self.keys: tuple[str, ...] = ()
        self.unrealized = 0
        self._known = {row.key: row for row in found}
        self._unmarked_since: dict[str, int] = {}
        self._read: Sequence[VenuePosition] = ()
        self._drops_unmarked = "D-10" in legacy
        self._tells_both = "D-12" in legacy

    def read(self, venue: VenuePort, loop: int, settings: PositionSettings) -> None:
        """B-POS-1: a row needs a quantity, an entry and a mark; unchanged rows stay the same objects."""
        positions = venue.positions()
        if positions is self._read and not self._unmarked_since and isinstance(positions, tuple):
            return
        self._read = positions
        unrealized = 0
        fresh: dict[str, PositionRow] = {}
        unmarked: dict[str, int] = {}
        for position in positions:
            row = self._row(position)
            if row is None:
                continue
            fresh[row.key] = row
            unrealized += row.unrealized
            mark = position.mark
            if mark is None or mark <= 0:
                unmarked[row.key] = self._unmarked_since.get(row.key, loop)
        self._known, self._unmarked_since, self.unrealized = fresh, unmarked, unrealized
        self.rows = tuple(fresh.values())
        if unmarked:
            nan, most = [p.key for p in positions if p.mark == NAN_MARK], settings.keep_mark_loops
            self.rows = tuple([self._published(row, loop, most, nan) for row in self.rows])
        keys = tuple(fresh)
        if keys != self.keys:
            self.keys = keys

    def exposures(self, *, signed: bool = True) -> dict[str, int]:
        """Signed notional per symbol, both sides netted, in micro-USD (A-33); unsigned: both added (D-21)."""
        net: dict[str, int] = {}
        for row in self.rows:
            worth = row.notional if row.qty > 0 or not signed else -row.notional
            net[row.symbol] = net.get(row.symbol, 0) + worth
        return net

    def _row(self, position: VenuePosition) -> PositionRow | None:
        """B-POS-2: the side of a BOTH is the sign of its quantity, in every surface; D-12 tells S3 BOTH."""
        side, qty = position.side, position.qty
        if side == "BOTH":
            side = position.direction
        elif side == "SHORT":
            qty = -qty
        key = f"{position.symbol}:{side}"
        known = self._known.get(key)
        entry, told = position.entry, position.mark
        mark, has_price = told or 0, told is not None and told > 0
        if not has_price:
            if self._drops_unmarked and told != NAN_MARK:
                return None
            mark = 0 if known is None else known.mark
        if (known is not None and known.mark == mark and known.qty == qty and known.entry == entry
                and known.realized == position.realized):  # fmt: skip
            return known
        if not qty or entry <= 0:
            return None
        unrealized = position.unrealized if has_price or not mark else money(mark - entry, qty)
        return PositionRow(
            key, position.symbol, side, qty, entry, mark, unrealized, position.realized,
            money(mark, abs(qty)), "BOTH" if self._tells_both and position.side == "BOTH" else "",
        )  # fmt: skip

    def _published(self, row: PositionRow, loop: int, most: int, nan: Sequence[str]) -> PositionRow:
        """The row as it is published: without a mark where the told one is no number (it passes the row filter), and
        once none was told for more than `most` loops, so that the S3 write fails loudly (B-POS-4; the system drops
        the row that has none, D-10). Worth and open PnL stand."""
        since = self._unmarked_since.get(row.key)
        told = since is None or (loop - since < most and row.key not in nan)
        return row if told else replace(row, mark=0)
