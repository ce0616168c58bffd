"""The TP/SL registry and the position ledger, each an object of its own (B-LED-1 to B-LED-3, B-LED-8
to B-LED-11).

Comes in: position rows, fills, the registry found on disk, state faults. Goes out: `RegistryEntry`s,
`LedgerEntry`s. May import `core`, `exchange.orders`, `scenario.model`, `executor.state`.

Prices count 1e-8 USD, quantities 1e-8 base units and are absolute here. Both hand out snapshots that
never change and stay the same object while nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from simkit.core.acted import Acted
from simkit.core.numeric import div_half_even, scaled
from simkit.core.settings import TpSlSettings
from simkit.exchange.orders import Fill
from simkit.executor.state import LedgerEntry, PositionRow, RegistryEntry, Side
from simkit.scenario.model import (
    Fault,
    GhostLedgerEntry,
    LedgerQty,
    LevelsDropped,
    MissingLedgerPosition,
    RegistryLevels,
    Signal,
)

LedgerFault = GhostLedgerEntry | MissingLedgerPosition | LedgerQty
_NANO = 10**9


def seed_levels(side: Side, entry: int, settings: TpSlSettings) -> tuple[int | None, int | None]:
    """B-LED-2: (tp, sl) around the entry price; a level that would not be > 0 is left out."""

    def distance(multiple: float) -> int:
        return div_half_even(
            entry * scaled(settings.atr_frac, _NANO) * scaled(multiple, _NANO), _NANO * _NANO
        )

    up, down = distance(settings.tp_atr), distance(settings.sl_atr)
    tp, sl = (entry + up, entry - down) if side == "LONG" else (entry - up, entry + down)
    return (tp if tp > 0 else None, sl if sl > 0 else None)


class Registry:
    """The stored levels by position key (AUX-1); one object, one writer.

    D-31 brings back the second writer: fills go into a copy that was loaded before the start-up sync, and
    saving that copy loses what the sync wrote since.
    """

    def __init__(
        self, found: Mapping[str, RegistryEntry] | None, legacy: frozenset[str] = frozenset()
    ) -> None:
        self.entries: Mapping[str, RegistryEntry] = (
            {key: found[key] for key in sorted(found)} if found else {}
        )
        self._copy_of_fills: Mapping[str, RegistryEntry] | None = self.entries if "D-31" in legacy else None
        self._forgets_on_any_close = "D-13" in legacy

    def _put(self, key: str, entry: RegistryEntry) -> None:
        changed = {**self.entries, key: entry}
        self.entries = {name: changed[name] for name in sorted(changed)}

    def remove(self, key: str) -> None:
        """Forget the levels of a key, if there are any."""
        if key in self.entries:
            self.entries = {name: entry for name, entry in self.entries.items() if name != key}

    def opened(self, fill: Fill, intent: Signal | None) -> None:
        """B-LED-8: an entry fill stores the intent's levels. An intent that asks for no level in so
        many words is stored with none, unless the key has levels (INV-L14); one that says nothing is
        left to B-LED-3. Begun: lacks the multipliers, which no intent carries."""
        if intent is None or intent.levels == "silent":
            return
        key, tp, sl = fill.order.key, intent.tp, intent.sl
        held = self.entries.get(key)
        if held is not None and tp is None and sl is None:
            return
        since = fill.ts if held is None else held.registered_at
        self._save_fill(key, RegistryEntry(
            intent.symbol, intent.side, tp, sl, fill.price, abs(fill.position_after), since,
            strategy=intent.strategy,
        ))  # fmt: skip

    def reduced(self, fill: Fill) -> None:
        """B-LED-9: a closing fill forgets the key only when nothing is left (D-13: always)."""
        if fill.position_after == 0 or self._forgets_on_any_close:
            self._save_fill(fill.order.key, None)

    def _save_fill(self, key: str, entry: RegistryEntry | None) -> None:
        """What a fill makes of a key; None forgets it."""
        if self._copy_of_fills is not None:
            self.entries = self._copy_of_fills
        if entry is None:
            self.remove(key)
        else:
            self._put(key, entry)
        if self._copy_of_fills is not None:
            self._copy_of_fills = self.entries

    def sync(self, ts: int, rows: Iterable[PositionRow], ledger: Ledger, settings: TpSlSettings) -> bool:
        """B-LED-3: drop what the ledger does not know, seed what it does and the registry does not, unless
        `settings.seed` is false. True when something was seeded."""
        known, held = ledger.entries, self.entries
        if not held.keys() <= known.keys():
            held = self.entries = {key: entry for key, entry in held.items() if key in known}
        if not settings.seed:
            return False
        bare = [row for row in rows if row.key not in held and row.key in known]
        for row in bare:
            tp, sl = seed_levels(row.side, row.entry, settings)
            self._put(
                row.key,
                RegistryEntry(row.symbol, row.side, tp, sl, row.entry, abs(row.qty), ts, "ledger_sync"),
            )
        return bool(bare)

    def act_out(self, ts: int, faults: Sequence[Fault], acted: Acted[Fault]) -> bool:
        """B-LED-11: write or drop the levels that the loop's faults name; true when that changed anything."""
        before = self.entries
        for fault in faults:
            known = self.entries
            if isinstance(fault, RegistryLevels):
                self._overwrite(ts, fault)
            elif isinstance(fault, LevelsDropped):
                self.remove(f"{fault.symbol}:{fault.side}")
            elif isinstance(fault, GhostLedgerEntry) and fault.in_registry:
                self._put(f"{fault.symbol}:{fault.side}", RegistryEntry(
                    fault.symbol, fault.side, fault.tp, fault.sl, fault.entry, fault.qty, ts
                ))  # fmt: skip
            if self.entries is not known:
                acted.note(fault)
        return self.entries is not before

    def _overwrite(self, ts: int, fault: RegistryLevels) -> None:
        """Other levels for a key, which are then no longer seeded ones (INV-L11); a key that is not there
        appears, without entry price and quantity."""
        key = f"{fault.symbol}:{fault.side}"
        held = self.entries.get(key) or RegistryEntry(fault.symbol, fault.side, None, None, 0, 0, ts)
        if key not in self.entries or (held.tp, held.sl) != (fault.tp, fault.sl):
            self._put(key, replace(held, tp=fault.tp, sl=fault.sl, source=""))


class Ledger:
    """What the executor believes is open. Held apart from the position rows, so that it can differ
    (B-LED-10). `found` is what the last process published: entries that still hold keep their age.

    B-LED-1 names files as the source of positions, because the system keeps its ledger nowhere else. Here
    the rows come from the venue, in every loop and at start-up; only with D-11 the start-up sync reads
    positions_state.json. It never falls back to positions.json (AUX-4), which is not written, nor to levels
    embedded in a row, for no row carries any.
    """

    def __init__(self, found: Mapping[str, LedgerEntry] | None = None) -> None:
        self.entries: dict[str, LedgerEntry] = {}
        self.snapshot: tuple[LedgerEntry, ...] = ()
        self._built_from: tuple[object, object] = (None, None)
        self._take(dict(found) if found else {})

    def build(
        self, ts: int, rows: tuple[PositionRow, ...], registry: Registry,
        known: Mapping[str, LedgerEntry] | None = None,
    ) -> None:  # fmt: skip
        """B-LED-1: one entry per row, levels from the registry; an entry that stays equal stays the same
        object. `known`: the entries to go on from, where they are not the present ones."""
        levels, old = registry.entries, self.entries if known is None else known
        if self._built_from[0] is rows and self._built_from[1] is levels:
            return
        fresh: dict[str, LedgerEntry] = {}
        changed = known is not None or len(old) != len(rows)
        for row in rows:
            key = row.key
            level, entry = levels.get(key), old.get(key)
            tp, sl = (None, None) if level is None else (level.tp, level.sl)
            qty = abs(row.qty)
            if (entry is None or entry.qty != qty or entry.entry != row.entry
                    or entry.tp != tp or entry.sl != sl):  # fmt: skip
                born = _born(ts, entry, level)
                entry = LedgerEntry(key, row.symbol, row.side, qty, row.entry, tp, sl, born, ts)
                changed = True
            fresh[key] = entry
        if changed:
            self._take(fresh)
        self._built_from = (rows, levels)

    def act_out(
        self, ts: int, faults: Sequence[LedgerFault], published: Mapping[str, LedgerEntry],
        acted: Acted[Fault],
    ) -> None:  # fmt: skip
        """B-LED-11: entries appear, change or vanish. What a fault put into the ledger as it was last
        `published` keeps its age (INV-L09)."""
        entries = dict(self.entries)
        for fault in faults:
            key = f"{fault.symbol}:{fault.side}"
            before = entries.get(key)
            wrong = _wrong_entry(ts, fault, before, published.get(key))
            if _says_else(before, wrong):
                acted.note(fault)
            if wrong is None:
                entries.pop(key, None)
            else:
                entries[key] = wrong
        self._take({key: entries[key] for key in sorted(entries)})
        self._built_from = ((), None)

    def _take(self, entries: dict[str, LedgerEntry]) -> None:
        self.entries = entries
        self.snapshot = tuple(entries.values())


def _wrong_entry(
    ts: int, fault: LedgerFault, held: LedgerEntry | None, published: LedgerEntry | None
) -> LedgerEntry | None:
    """What a fault makes of the entry of its key; None: no entry."""
    if isinstance(fault, MissingLedgerPosition):
        return None
    known = published or held
    updated_ts = known.updated_ts if known else ts
    if isinstance(fault, LedgerQty):
        if held is None:
            return None
        wrong = replace(held, qty=fault.qty, updated_ts=updated_ts)
    elif fault.in_ledger:
        wrong = LedgerEntry(
            f"{fault.symbol}:{fault.side}", fault.symbol, fault.side, fault.qty, fault.entry, fault.tp, fault.sl,
            _born(ts, known, None), updated_ts,
        )  # fmt: skip
    else:
        return held
    return wrong if wrong == known else replace(wrong, updated_ts=ts)


def _says_else(before: LedgerEntry | None, after: LedgerEntry | None) -> bool:
    """True when two entries of a key differ in more than their times."""
    if before is None or after is None:
        return before is not after
    return (before.qty, before.entry, before.tp, before.sl) != (after.qty, after.entry, after.tp, after.sl)


def _born(ts: int, known: LedgerEntry | None, level: RegistryEntry | None) -> int:
    """When the key was first seen (INV-L09). A key that the ledger has lost, or a restarted executor
    never had, is as old as its levels."""
    if known is not None:
        return known.created_ts
    return ts if level is None else min(level.registered_at, ts)


def ledger_faults(faults: Sequence[Fault]) -> list[LedgerFault]:
    """The state faults of this loop."""
    return [fault for fault in faults if isinstance(fault, LedgerFault)]
