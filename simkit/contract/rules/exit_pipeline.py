"""Rules on the exit block of S6 (INV-D01, D10..D16).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from typing import Any

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
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


def _at(name: str, value: object, message: str) -> Found:
    return found(_STEM, f"{_BLOCK}.{name}", value, message)


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
    return () if count == held else [_at("open_positions_count", count, f"positions_state has {held}")]


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
    text = "a share lies in 0..1" if coverage > 1 else f"{registered} / {opened} = {share:.9f}"
    return [_at("tp_sl_coverage_pct", coverage, text)]


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
    if flag is any(counts):
        return ()
    return [_at("ledger_registry_mismatch", flag, f"the four lists have {counts} entries")]


@rule(
    "INV-D15",
    (
        "breakdown equals B-LED-5 recomputed from S3, S4, AUX-1; a ghost without levels counts under "
        "missing_tp_sl_entries too, a ghost with registry levels under stale_tp_sl_entries too"
    ),
    source="ext",
    surfaces=("S3", "S4", "S6", "AUX-1"),
    reads=("positions_state", "positions_ledger", "diagnostics", "position_tp_sl"),
    kind="X",
    tier="contract",
    example="stale not counted",
)
def breakdown_is_true(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    stated = _breakdown(seen.pipeline)
    lists = seen.book.lists()
    true = (lists.missing_ledger, lists.ghosts, lists.missing_tp_sl, lists.stale)
    return [
        _at(f"mismatch_breakdown.{name}", count, f"the tree has {len(keys)}: {', '.join(keys) or 'none'}")
        for name, count, keys in zip(_LISTS, stated, true, strict=True)
        if count != len(keys)
    ]


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
    """An entry whose price no row of S3 shows may count or not: the tree does not say how deep it is."""
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
    sure, unknown = _underwater(bare, seen)
    if not sure <= count <= sure + unknown:
        out.append(
            _at("underwater_without_tp_sl_count", count, f"{sure} of {bare} are 2 % or more under water")
        )
    return out


def _underwater(bare: list[str], seen: View) -> tuple[int, int]:
    """How many bare entries are known to be under water (B-LED-7), and of how many the price is not known."""
    marks: dict[str, Any] = {row.symbol: row.mark for row in seen.rows or ()}
    sure = unknown = 0
    for key in bare:
        entry = (seen.entries or {})[key]
        price, mark = num(entry.get("entry_price")), marks.get(str(entry.get("symbol")))
        if price is None or mark is None or price <= 0:
            unknown += 1
            continue
        gain = mark - price if entry.get("side") == "LONG" else price - mark
        sure += share_of(gain, price) <= _UNDERWATER
    return sure, unknown
