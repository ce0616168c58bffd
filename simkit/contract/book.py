"""The book of one tree: positions P with ledger L and registry R, and what B-LED-5 and B-LED-6 make of them.

Comes in: parts of a `View`. Goes out: `Row`, `Book`. Never raises on any JSON but LackingError. May import
`contract`.
"""

from __future__ import annotations

from simkit.contract.finding import LackingError
from simkit.contract.look import Doc
from simkit.contract.values import num

Pair = tuple[float | None, float | None]
Entries = dict[str, Doc]
Levels = dict[str, Pair]
Registry = dict[str, Doc]


class Row:
    """One row of S3 with a symbol and a side; numbers are None where they are missing or ill-typed."""

    __slots__ = ("doc", "entry", "index", "key", "mark", "notional", "qty", "side", "symbol", "unrealized")

    def __init__(self, index: int, doc: Doc, symbol: str, side: str) -> None:
        self.index = index
        self.doc = doc
        self.symbol = symbol
        self.side = side
        self.key = f"{symbol}:{side}"
        get = doc.get
        self.qty = num(get("qty"))
        self.entry = num(get("entry_price"))
        self.mark = num(get("mark_price"))
        self.notional = num(get("notional"))
        self.unrealized = num(get("unrealized_pnl"))

    @staticmethod
    def of(index: int, item: object) -> Row | None:
        """The row, or None when it names no symbol and side."""
        if type(item) is not dict:
            return None
        symbol, side = item.get("symbol"), item.get("side")
        return Row(index, item, symbol, side) if type(symbol) is str and type(side) is str else None


def levels_of(entry: Doc) -> Pair:
    """tp and sl of a ledger entry."""
    return num(entry.get("tp")), num(entry.get("sl"))


def registry_levels(entry: Doc) -> Pair:
    """tp and sl of a registry entry."""
    return num(entry.get("take_profit_price")), num(entry.get("stop_loss_price"))


class Lists:
    """The four lists of B-LED-5."""

    __slots__ = ("ghosts", "missing_ledger", "missing_tp_sl", "stale")

    def __init__(self, positions: dict[str, Row], entries: Entries, registry: Registry) -> None:
        self.missing_ledger = [key for key in positions if key not in entries]
        self.ghosts = [key for key in entries if key not in positions]
        self.missing_tp_sl = [key for key, entry in entries.items() if _is_bare(entry, registry.get(key))]
        self.stale = [key for key in registry if key not in positions]


def _is_bare(entry: Doc, registered: Doc | None) -> bool:
    if entry.get("tp") is None and entry.get("sl") is None:
        return True
    return registered is None or registry_levels(registered) == (None, None)


class Book:
    """P, L, levels and R of one tree, without prices: the same until something is opened, closed, resized or
    given other levels."""

    __slots__ = ("_covered", "_keys", "_lists", "_scan", "entries", "levels", "positions", "registry")

    def __init__(
        self,
        positions: dict[str, Row] | None,
        entries: Entries | None,
        levels: Levels | None,
        registry: Registry | None,
    ) -> None:
        self.positions = positions
        self.entries = entries
        self.levels = levels
        self.registry = registry
        self._keys = [(r.key, r.qty, r.entry) for r in positions.values()] if positions is not None else None
        self._covered = -1
        self._lists: Lists | None = None
        self._scan: list[tuple[str, str, Pair]] | None = None

    def same(self, other: Book) -> bool:
        """True when nothing has changed since `other`, the book of the loop before."""
        return (
            self.entries is other.entries
            and self.levels is other.levels
            and self.registry is other.registry
            and self._keys == other._keys
        )

    def covered(self) -> int:
        """How many keys of P and L have a ledger entry with tp or sl (B-LED-6)."""
        if self._covered < 0:
            if self.positions is None or self.entries is None:
                raise LackingError("positions_state.positions or positions_ledger.entries is no list")
            entries = self.entries
            found = [
                key for key in self.positions if key in entries and levels_of(entries[key]) != (None, None)
            ]
            self._covered = len(found)
        return self._covered

    def unmatched(self) -> tuple[list[str], list[str]]:
        """Positions without an entry, entries without a position: the lists that need no registry."""
        if self.positions is None or self.entries is None:
            raise LackingError("positions or ledger entries cannot be read")
        lists = Lists(self.positions, self.entries, {})
        return lists.missing_ledger, lists.ghosts

    def lists(self) -> Lists:
        """The four lists (B-LED-5), or LackingError."""
        if self._lists is None:
            if self.positions is None or self.entries is None or self.registry is None:
                raise LackingError("positions, ledger entries or registry cannot be read")
            self._lists = Lists(self.positions, self.entries, self.registry)
        return self._lists

    def scan(self) -> list[tuple[str, str, Pair]]:
        """Key, side and levels of every position that has levels: what the exit scan of the next loop sees. A
        key that the ledger has lost still has the levels of the registry."""
        if self._scan is None:
            entries, levels = self.entries or {}, self.levels or {}
            self._scan = []
            for key, row in (self.positions or {}).items():
                pair = levels_of(entries[key]) if key in entries else levels.get(key, (None, None))
                if pair != (None, None):
                    self._scan.append((key, row.side, pair))
        return self._scan
