"""Rules on S4 positions_ledger against S3 (INV-L01..L05, L13).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.foreign import apart, coarse, foreign, may_differ
from simkit.contract.look import Look
from simkit.contract.tolerance import HALF_PRICE, HALF_QTY, near
from simkit.contract.values import found, need, num, obj, when
from simkit.contract.view import view

_STEM = "positions_ledger"


@rule(
    "INV-L01",
    "entries is an array and present",
    source="tbl",
    surfaces=("S4",),
    reads=("positions_ledger",),
    kind="W",
    tier="contract",
    example="key missing on an empty book",
)
def entries_are_a_list(look: Look, memory: Memory) -> Outcome:
    if view(look).entries is not None:
        return ()
    return [
        found(
            _STEM,
            "entries",
            look.docs[_STEM].get("entries", "absent"),
            "must be a list, also on an empty book",
        )
    ]


@rule(
    "INV-L02",
    "metadata.entry_count, where present, = length of entries",
    source="sys",
    surfaces=("S4",),
    reads=("positions_ledger",),
    kind="W",
    tier="contract",
    example="3 vs 2",
)
def entry_count_is_the_length(look: Look, memory: Memory) -> Outcome:
    metadata = obj(look.docs[_STEM].get("metadata"))
    if "entry_count" not in metadata:
        return ()
    view(look).need_entries()
    count, length = metadata["entry_count"], len(look.docs[_STEM]["entries"])
    if count == length and (type(count) is int or foreign(look) is not None):
        return ()
    return [found(_STEM, "metadata.entry_count", count, f"entries has {length}")]


@rule(
    "INV-L03",
    "keys unique; position_key = SYMBOL:SIDE",
    source="sys",
    surfaces=("S4",),
    reads=("positions_ledger",),
    kind="W",
    tier="reference",
    example="BTCUSDT:LONG twice",
    part="entries",
)
def ledger_keys_are_unique(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    entries = seen.need_entries()
    out: list[Found] = []
    for index, key, entry in seen.entry_list or ():
        if entries[key] is not entry:
            out.append(found(_STEM, f"entries[{index}]", key, "stands twice in the ledger"))
        named = entry.get("position_key", key)
        if named != key:
            out.append(found(_STEM, f"entries[{index}].position_key", named, f"must be {key}"))
    return out


@rule(
    "INV-L04",
    (
        "L = P (the ledger is an object of its own, so both directions can fail; a fault on it acts after"
        " B-LED-3 and before S4 is written)"
    ),
    source="tbl, ext",
    surfaces=("S3", "S4"),
    reads=("positions_state", "positions_ledger"),
    kind="X",
    tier="contract",
    example="ghost XRPUSDT:LONG",
    part="book",
)
def ledger_holds_the_positions(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    positions, entries = seen.need_positions(), seen.need_entries()
    if positions.keys() == entries.keys():
        return ()
    if why := apart(look, "positions_state", _STEM):
        raise LackingError(why)
    out = [
        found(_STEM, "entries", key, "open position without a ledger entry")
        for key in positions
        if key not in entries
    ]
    out += [
        found(_STEM, f"entries[{index}]", key, "ledger entry without a position")
        for index, key, _ in seen.entry_list or ()
        if key not in positions
    ]
    return out


@rule(
    "INV-L05",
    "ledger qty = abs(S3 qty); entry prices equal",
    source="sys",
    surfaces=("S3", "S4"),
    reads=("positions_state", "positions_ledger"),
    kind="X",
    tier="reading",
    example="stale qty after partial close",
)
def ledger_copies_the_positions(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    seen.need_rows()
    entries = seen.need_entries()
    out: list[Found] = []
    for key, row in seen.held.items():
        entry = entries.get(key)
        if entry is None:
            continue
        qty, price = entry.get("qty"), entry.get("entry_price")
        size = abs(row.qty or 0.0)
        if qty != size and not _near(num(qty), size, HALF_QTY * 2) and not _coarse(look, "qty", qty, size):
            out.append(found(_STEM, f"entries[{key}].qty", qty, f"positions_state has {row.qty}"))
        is_near = price == row.entry or _near(num(price), row.entry, HALF_PRICE * 2)
        if not is_near and not _coarse(look, "entry_price", price, row.entry):
            out.append(found(_STEM, f"entries[{key}].entry_price", price, f"positions_state has {row.entry}"))
    return () if out and apart(look, "positions_state", _STEM) else out


def _coarse(look: Look, name: str, a: object, b: float | None) -> bool:
    one = num(a)
    if one is None or b is None:
        return False
    return coarse(look, one, b, (f"positions_state.{name}", 1), (f"{_STEM}.{name}", 1))


def _near(a: float | None, b: float | None, grain: float) -> bool:
    return a is not None and b is not None and near(a, b, grain)


@rule(
    "INV-L13",
    "ledger time = positions time",
    source="sys",
    surfaces=("S3", "S4"),
    reads=("positions_state", "positions_ledger"),
    kind="X",
    tier="reference",
    example="ledger not written this loop",
)
def ledger_is_as_old_as_positions(look: Look, memory: Memory) -> Outcome:
    times = view(look).times
    ledger = need(times[_STEM], "the time of positions_ledger")
    positions = need(times["positions_state"], "the time of positions_state")
    if ledger == positions or may_differ(look, "positions_state", _STEM):
        return ()
    return [found(_STEM, "updated_at", when(ledger), f"positions_state has {when(positions)}")]
