"""What the surfaces of one loop say together, and where a run that was killed says other than one that was not.

Comes in: `LoopRecord`s. Goes out: `Facts` of a loop, sentences. May import `core`, `contract` and `trace`.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from simkit.contract.readers import Doc, read_object, surface_time
from simkit.contract.table import ENGINE_METADATA, REGISTRY_PATH, SURFACES, by_stem
from simkit.contract.values import obj, rows_of
from simkit.core.clock import iso
from simkit.trace.record import LoopRecord

_LISTS = ("missing_ledger_positions", "ghost_ledger_entries", "missing_tp_sl_entries", "stale_tp_sl_entries")
_NAV, _NAV_STATE, _BOOK, _LEDGER, _DIAGNOSTICS = (
    by_stem[stem] for stem in ("nav", "nav_state", "positions_state", "positions_ledger", "diagnostics")
)

Levels = tuple[object, object]


class Facts(Struct, frozen=True):
    """One loop as a reader sees it: the time of each surface (None: unreadable), the counters of the reconciliation
    that are not zero, keys of S3, levels of S4 by key; and what the venue holds."""

    loop: int
    ts: int
    times: dict[str, int | None]
    mismatches: dict[str, int]
    positions: frozenset[str]
    levels: dict[str, Levels]
    held: frozenset[str]
    paths: frozenset[str]


def facts_of(record: LoopRecord) -> Facts:
    """The facts of one completed loop."""
    tree = record.tree
    docs = {s.stem: _doc(tree, s.path) for s in (*SURFACES, ENGINE_METADATA) if s.path in tree}
    diagnostics = docs.get(_DIAGNOSTICS.stem, {})
    block = obj((obj(diagnostics.get("runtime_diagnostics")) or diagnostics).get("exit_pipeline"))
    breakdown = obj(block.get("mismatch_breakdown"))
    return Facts(
        record.loop,
        record.ts,
        {stem: surface_time(doc) for stem, doc in docs.items()},
        {name: value for name in _LISTS if isinstance(value := breakdown.get(name), int) and value},
        keys_of(tree),
        levels_of(tree, registry=False),
        frozenset(p.key for p in record.positions if p.qty),
        frozenset(tree),
    )


def keys_of(tree: Mapping[str, bytes]) -> frozenset[str]:
    """The keys of the positions that S3 shows."""
    return frozenset(
        f"{row.get('symbol')}:{row.get('side')}"
        for row in _rows(_doc(tree, _BOOK.path), "positions")
        if row.get("qty")
    )


def levels_of(tree: Mapping[str, bytes], *, registry: bool) -> dict[str, Levels]:
    """Take-profit and stop by key, of positions that have either: of S4, and of the registry before it."""
    found: dict[str, Levels] = {}
    for row in _rows(_doc(tree, _LEDGER.path), "entries"):
        found[f"{row.get('symbol')}:{row.get('side')}"] = (row.get("tp"), row.get("sl"))
    if registry:
        for key, entry in obj(_doc(tree, REGISTRY_PATH).get("entries")).items():
            if isinstance(entry, dict):
                found[key] = (entry.get("take_profit_price"), entry.get("stop_loss_price"))
    return {key: levels for key, levels in found.items() if levels != (None, None)}


def disagreements(facts: Facts, plain: Facts) -> list[str]:
    """Where the surfaces of a loop do not agree although those of the same loop without a kill do."""
    found = [
        f"{stem} is of {_time(facts.times.get(stem))}, not of L{facts.loop}"
        for stem, ts in plain.times.items()
        if ts == plain.ts and facts.times.get(stem) != ts
    ]
    if _follows(plain) and not _follows(facts):
        found.append(f"nav_state is of {_time(facts.times.get(_NAV_STATE.stem))}, nav is not")
    found += [
        f"{count} {name}" for name, count in facts.mismatches.items() if count > plain.mismatches.get(name, 0)
    ]
    return found


def losses(
    published: frozenset[str], levels: Mapping[str, Levels], paths: frozenset[str], now: Facts, plain: Facts
) -> list[str]:
    """What was published at the death and is not there `now`, though the venue still holds the position."""
    found = [
        f"position {key} is lost"
        for key in sorted(published & now.held)
        if key not in now.positions and key in plain.positions | plain.held
    ]
    for key, before in levels.items():
        after = now.levels.get(key)
        if key in now.held and after != before and after != plain.levels.get(key):
            found.append(f"levels of {key} are {_level(after)}, {_level(before)} were published")
    found += [f"{path} is lost" for path in sorted(paths - now.paths)]
    return found


def _follows(facts: Facts) -> bool:
    return facts.times.get(_NAV_STATE.stem) == facts.times.get(_NAV.stem)


def _level(levels: Levels | None) -> str:
    return "none" if levels is None else "/".join(str(level) for level in levels)


def _time(ts: int | None) -> str:
    return "no time" if ts is None else iso(ts)


def _doc(tree: Mapping[str, bytes], path: str) -> Doc:
    return read_object(tree.get(path, b""))[0] or {}


def _rows(doc: Doc, name: str) -> list[Doc]:
    return [row for row in rows_of(doc.get(name)) if isinstance(row, dict)]
