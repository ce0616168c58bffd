"""Rules on the exit block of S6 (INV-D01, D10..D16).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from simkit.contract.finding import Found, LackingError, Memory, Outcome, Tier, rule
from simkit.contract.foreign import apart, coarse, foreign, saw
from simkit.contract.look import Doc, Look
from simkit.contract.tolerance import HALF_FRACTION, near
from simkit.contract.values import found, num, obj, share_of
from simkit.contract.view import View, view

_STEM = "diagnostics"
_BLOCK = "runtime_diagnostics.exit_pipeline"
_FIELDS = (
    "last_exit_scan_ts", "last_exit_trigger_ts", "last_router_event_ts", "open_positions_count",
    "tp_sl_registered_count", "tp_sl_missing_count", "underwater_without_tp_sl_count", "tp_sl_coverage_pct",
    "ledger_registry_mismatch",
)  # fmt: skip
_LISTS = ("missing_ledger_positions", "ghost_ledger_entries", "missing_tp_sl_entries", "stale_tp_sl_entries")
_UNDERWATER = -0.02
_CHOICES = tuple(choice for size in (4, 3, 2, 1) for choice in combinations(range(len(_LISTS)), size))


def _at(name: str, value: object, message: str, tier: Tier | None = None) -> Found:
    return found(_STEM, f"{_BLOCK}.{name}", value, message, tier)


@rule(
    "INV-D01",
    "all nine exit_pipeline fields present every loop",
    source="ext",
    surfaces=("S6",),
    reads=("diagnostics",),
    kind="W",
    tier="contract",
    example="no coverage field",
)
def exit_block_has_nine_fields(look: Look, memory: Memory) -> Outcome:
    pipeline = view(look).pipeline
    return [_at(name, "absent", "the field is missing") for name in _FIELDS if name not in pipeline]


def _count(block: Doc, name: str) -> int:
    value = block.get(name)
    if type(value) is not int:
        raise LackingError(f"{_BLOCK}.{name} is no integer")
    return value


@rule(
    "INV-D10",
    "open_positions_count = card P",
    source="ext",
    surfaces=("S3", "S6"),
    reads=("positions_state", "diagnostics"),
    kind="X",
    tier="contract",
    example="4 vs 3",
)
def open_count_is_the_positions(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    count, held = _count(seen.pipeline, "open_positions_count"), len(seen.need_positions())
    if count == held:
        return ()
    _of_one_loop(look, _STEM, "positions_state")
    return [_at("open_positions_count", count, f"positions_state has {held}")]


def _of_one_loop(look: Look, *stems: str) -> None:
    """LackingError where a foreign tree's surfaces are not of one loop (A-42)."""
    if why := apart(look, *stems):
        raise LackingError(why)


@rule(
    "INV-D11",
    ("tp_sl_registered_count = card{ k ∈ P ∩ L : the ledger entry has tp or sl }; a ghost is never counted"),
    source="ext",
    surfaces=("S3", "S4", "S6"),
    reads=("positions_state", "positions_ledger", "diagnostics"),
    kind="X",
    tier="contract",
    example="ghost with levels: 3 for 2 positions (`legacy: [D-37]`)",
)
def registered_count_is_covered_positions(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    count, covered = _count(seen.pipeline, "tp_sl_registered_count"), seen.book.covered()
    if count == covered:
        return ()
    _of_one_loop(look, _STEM, "positions_state", "positions_ledger")
    return [
        _at("tp_sl_registered_count", count, f"{covered} open positions have a ledger entry with tp or sl")
    ]


@rule(
    "INV-D12",
    (
        "coverage = registered/open as a fraction or as a percent, one form throughout, hence never above"
        " 1 or 100; ours the fraction, 0.0 when open = 0; on a foreign tree not judged when open = 0"
    ),
    source="ext, tbl (A-18)",
    surfaces=("S6",),
    reads=("diagnostics",),
    kind="W",
    tier="contract",
    example="1.5 with a ghost; 75 by our executor",
)
def coverage_is_a_share(look: Look, memory: Memory) -> Outcome:
    pipeline = view(look).pipeline
    opened, registered = _count(pipeline, "open_positions_count"), _count(pipeline, "tp_sl_registered_count")
    coverage = num(pipeline.get("tp_sl_coverage_pct"))
    if coverage is None:
        raise LackingError("tp_sl_coverage_pct is no number")
    share = registered / opened if opened > 0 else 0.0
    if coverage <= 1 and (coverage == share or near(coverage, share, HALF_FRACTION)):
        return ()
    if opened == 0 and 0 <= coverage <= 1 and saw(look, "A-18", "a flat book is not judged", _STEM):
        return ()
    grain = ("diagnostics.tp_sl_coverage_pct", 1.0)
    if coverage <= 1 and coarse(look, coverage, share, grain):
        return ()
    is_other_form = registered > 0 and any(near(coverage * f, share) for f in (0.01, 100.0))
    text = "a share lies in 0..1" if coverage > 1 else f"{registered} / {opened} = {share:.9f}"
    return [_at("tp_sl_coverage_pct", coverage, text, "reading" if is_other_form else None)]


def _breakdown(pipeline: Doc) -> tuple[int, int, int, int]:
    block = pipeline.get("mismatch_breakdown")
    if type(block) is not dict:
        raise LackingError(f"{_BLOCK}.mismatch_breakdown is not emitted")
    return (
        _count(block, _LISTS[0]), _count(block, _LISTS[1]), _count(block, _LISTS[2]), _count(block, _LISTS[3])
    )  # fmt: skip


@rule(
    "INV-D13",
    (
        "where the breakdown is emitted: tp_sl_missing_count = missing_tp_sl_entries + "
        "missing_ledger_positions; or, foreign, open − registered"
    ),
    source="sys",
    surfaces=("S6",),
    reads=("diagnostics",),
    kind="W",
    tier="contract",
    example="missing_count 2 with missing_tp_sl 1 and missing_ledger 0",
)
def missing_count_is_the_sum(look: Look, memory: Memory) -> Outcome:
    pipeline = view(look).pipeline
    missing_ledger, _, missing_tp_sl, _ = _breakdown(pipeline)
    count = _count(pipeline, "tp_sl_missing_count")
    if count == missing_ledger + missing_tp_sl:
        return ()
    opened, registered = pipeline.get("open_positions_count"), pipeline.get("tp_sl_registered_count")
    is_rest = type(opened) is int and type(registered) is int and count == opened - registered
    if is_rest and saw(look, "A-53", "open - registered", f"{_STEM}.tp_sl_missing_count"):
        return ()
    return [
        _at("tp_sl_missing_count", count, f"{missing_tp_sl} without levels + {missing_ledger} without entry")
    ]


@rule(
    "INV-D14",
    (
        "ledger_registry_mismatch ⇔ any breakdown count > 0; on every tree: true with four zeros and "
        "false with four positive counts are errors"
    ),
    source="ext, sys (A-19)",
    surfaces=("S6",),
    reads=("diagnostics",),
    kind="W",
    tier="contract",
    example="true with all zeros",
)
def mismatch_says_what_the_lists_say(look: Look, memory: Memory) -> Outcome:
    pipeline = view(look).pipeline
    counts = _breakdown(pipeline)
    flag = pipeline.get("ledger_registry_mismatch")
    if foreign(look) is not None and type(flag) is bool:
        return _fixed_choice(look, flag, counts, memory)
    if flag is any(counts):
        return ()
    return [_at("ledger_registry_mismatch", flag, f"the four lists have {counts} entries")]


def _fixed_choice(look: Look, flag: bool, counts: tuple[int, ...], memory: Memory) -> Outcome:
    """Foreign: any fixed choice among the four lists may count (A-19); four zeros or four counts leave no
    choice."""
    text = f"the four lists have {counts} entries"
    if (flag and not any(counts)) or (not flag and all(counts)):
        return [_at("ledger_registry_mismatch", flag, text)]
    choices: list[tuple[int, ...]] = memory.setdefault("choices", list(_CHOICES))
    kept = [choice for choice in choices if any(counts[i] for i in choice) is flag]
    if not kept:
        text += ", and no fixed choice of lists explains all that was seen"
        return [_at("ledger_registry_mismatch", flag, text, "reading")]
    memory["choices"] = kept
    if flag is not any(counts):
        listed = " or ".join(_LISTS[i] for i in range(len(_LISTS)) if any(i in choice for choice in kept))
        saw(look, "A-19", f"among {listed}", f"{_STEM}.ledger_registry_mismatch")
    return ()


@rule(
    "INV-D15",
    (
        "breakdown equals B-LED-5 recomputed from S3, S4, AUX-1; a ghost without levels counts under "
        "missing_tp_sl_entries too, a ghost with registry levels under stale_tp_sl_entries too"
    ),
    source="ext",
    surfaces=("S3", "S4", "S6", "AUX-1"),
    reads=("positions_state", "positions_ledger", "diagnostics"),
    kind="X",
    tier="contract",
    example="stale not counted",
)
def breakdown_is_true(look: Look, memory: Memory) -> Outcome:
    """Without a registry the two lists that do not need it are judged."""
    seen = view(look)
    stated = _breakdown(seen.pipeline)
    if seen.registry is None:
        true: tuple[list[str], ...] = seen.book.unmatched()
    else:
        lists = seen.book.lists()
        true = (lists.missing_ledger, lists.ghosts, lists.missing_tp_sl, lists.stale)
    out = [
        _at(
            f"mismatch_breakdown.{name}",
            count,
            f"the tree has {len(keys)}: {', '.join(keys) or 'none'}",
            None if name in _LISTS[:2] else "reference",
        )
        for name, count, keys in zip(_LISTS, stated, true, strict=False)
        if count != len(keys)
    ]
    if out:
        _of_one_loop(look, _STEM, "positions_state", "positions_ledger")
    return out


@rule(
    "INV-D16",
    "underwater = B-LED-7 recomputed; ≤ missing_tp_sl",
    source="ext",
    surfaces=("S3", "S4", "S6", "AUX-1"),
    reads=("positions_state", "positions_ledger", "diagnostics", "position_tp_sl"),
    kind="X",
    tier="reference",
    example="an uncovered LONG 5 % under water, underwater 0",
)
def underwater_count_is_true(look: Look, memory: Memory) -> Outcome:
    """The price is that of the symbol's row in S3, else the mark that the harness knows. From outside an entry
    without a row may count or not: the tree does not say how deep it is."""
    seen = view(look)
    count = _count(seen.pipeline, "underwater_without_tp_sl_count")
    missing = obj(seen.pipeline.get("mismatch_breakdown")).get("missing_tp_sl_entries")
    out: list[Found] = []
    if type(missing) is int and count > missing:
        out.append(
            _at("underwater_without_tp_sl_count", count, f"more than missing_tp_sl_entries = {missing}")
        )
    bare = seen.book.lists().missing_tp_sl
    if not bare and not count:
        return out
    sure, unknown = _underwater(bare, seen, look.truth.marks if look.truth is not None else None)
    if not sure <= count <= sure + unknown and not apart(look, _STEM, "positions_state", "positions_ledger"):
        out.append(
            _at("underwater_without_tp_sl_count", count, f"{sure} of {bare} are 2 % or more under water")
        )
    return out


def _underwater(bare: list[str], seen: View, known: Mapping[str, float] | None) -> tuple[int, int]:
    """How many bare entries are known to be under water (B-LED-7), and of how many nobody knows. An entry is not
    counted when there is no price of its symbol."""
    marks: dict[str, Any] = {**(known or {}), **{row.symbol: row.mark for row in seen.rows or ()}}
    sure = unknown = 0
    for key in bare:
        entry = (seen.entries or {})[key]
        price, mark = num(entry.get("entry_price")), marks.get(str(entry.get("symbol")))
        if price is None or mark is None or price <= 0:
            unknown += known is None
            continue
        gain = mark - price if entry.get("side") == "LONG" else price - mark
        sure += share_of(gain, price) <= _UNDERWATER
    return sure, unknown
