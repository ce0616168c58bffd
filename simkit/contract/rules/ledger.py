"""Rules on S4 positions_ledger and AUX-1 within one tree (INV-L01..L09, L11, L13).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.look import Doc, Look
from simkit.contract.readers import REGISTRY, parse_time
from simkit.contract.tolerance import HALF_PRICE, HALF_QTY, near
from simkit.contract.values import found, need, num, obj
from simkit.contract.view import levels_of, registry_levels, view
from simkit.core.clock import iso
from simkit.core.settings import TpSlSettings

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
    if count == length and type(count) is int:
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
    example="the two differ",
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
    surfaces=(
        "S3",
        "S4",
    ),
    reads=(
        "positions_state",
        "positions_ledger",
    ),
    kind="X",
    tier="contract",
    example="ghost XRPUSDT:LONG",
)
def ledger_holds_the_positions(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    positions, entries = seen.need_positions(), seen.need_entries()
    if positions.keys() == entries.keys():
        return ()
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
    surfaces=(
        "S3",
        "S4",
    ),
    reads=(
        "positions_state",
        "positions_ledger",
    ),
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
        if qty != size and not _near(num(qty), size, HALF_QTY * 2):
            out.append(found(_STEM, f"entries[{key}].qty", qty, f"positions_state has {row.qty}"))
        if price != row.entry and not _near(num(price), row.entry, HALF_PRICE * 2):
            out.append(found(_STEM, f"entries[{key}].entry_price", price, f"positions_state has {row.entry}"))
    return out


def _near(a: float | None, b: float | None, grain: float) -> bool:
    return a is not None and b is not None and near(a, b, grain)


def _same(a: float | None, b: float | None) -> bool:
    return a == b or _near(a, b, HALF_PRICE * 2)


@rule(
    "INV-L06",
    (
        "entry tp/sl = tp_sl_levels[key] (null ⇔ absent or null); on a foreign tree only where the map "
        "holds that key"
    ),
    source="tbl",
    surfaces=("S4",),
    reads=("positions_ledger",),
    kind="W",
    tier="reading",
    example="entry 103, level 105",
)
def entries_show_the_levels(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    entries, levels = seen.need_entries(), seen.need_levels()
    out: list[Found] = []
    for key, entry in entries.items():
        tp, sl = levels_of(entry)
        wanted = levels.get(key, (None, None))
        for name, value, level in (("tp", tp, wanted[0]), ("sl", sl, wanted[1])):
            if not _same(value, level):
                out.append(found(_STEM, f"entries[{key}].{name}", value, f"tp_sl_levels has {level}"))
    return out


@rule(
    "INV-L07",
    "tp_sl_levels = registry levels, same keys",
    source="sys (A-17)",
    surfaces=(
        "S4",
        "AUX-1",
    ),
    reads=(
        "positions_ledger",
        "position_tp_sl",
    ),
    kind="X",
    tier="reading",
    example="registry lost update (D-31)",
)
def levels_copy_the_registry(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    levels, registry = seen.need_levels(), seen.need_registry()
    out: list[Found] = []
    if levels.keys() != registry.keys():
        out += [
            found(_STEM, "tp_sl_levels", key, "in the registry, missing here")
            for key in registry
            if key not in levels
        ]
        out += [
            found(_STEM, f"tp_sl_levels[{key}]", key, "not in the registry")
            for key in levels
            if key not in registry
        ]
    for key, entry in registry.items():
        pair = levels.get(key)
        if pair is None:
            continue
        for name, value, level in zip(("tp", "sl"), pair, registry_levels(entry), strict=True):
            if not _same(value, level):
                out.append(found(_STEM, f"tp_sl_levels[{key}].{name}", value, f"the registry has {level}"))
    return out


@rule(
    "INV-L08",
    (
        "levels non-null: LONG sl < tp; SHORT tp < sl. The entry side (LONG sl < entry < tp, SHORT tp < "
        "entry < sl) only in the loop in which a level is first set: a stop trailed beyond the entry is "
        "legal"
    ),
    source="sys",
    surfaces=("S4",),
    reads=("positions_ledger",),
    kind="T",
    tier="contract",
    example="LONG with tp 98, sl 103",
)
def levels_lie_on_their_sides(look: Look, memory: Memory) -> Outcome:
    entries = view(look).need_entries()
    earlier = view(look.before).entries if look.before is not None else None
    out: list[Found] = []
    for key, entry in entries.items():
        tp, sl = levels_of(entry)
        up = 1 if entry.get("side") == "LONG" else -1
        if tp is not None and sl is not None and (tp - sl) * up <= 0:
            out.append(
                found(_STEM, f"entries[{key}].tp", tp, f"the stop is {sl}: they are inverted for {key}")
            )
            continue
        price = num(entry.get("entry_price"))
        if earlier is None or price is None:
            continue
        last_tp, last_sl = levels_of(earlier[key]) if key in earlier else (None, None)
        if tp is not None and last_tp is None and (tp - price) * up <= 0:
            out.append(
                found(_STEM, f"entries[{key}].tp", tp, f"first set on the wrong side of the entry {price}")
            )
        if sl is not None and last_sl is None and (price - sl) * up <= 0:
            out.append(
                found(_STEM, f"entries[{key}].sl", sl, f"first set on the wrong side of the entry {price}")
            )
    return out


@rule(
    "INV-L09",
    "created_ts ≤ updated_ts ≤ surface time; created_ts constant while the key lives",
    source="tbl, sys",
    surfaces=("S4",),
    reads=("positions_ledger",),
    kind="T",
    tier="reference",
    severity="W",
    example="the two differ",
)
def entry_times_are_in_order(look: Look, memory: Memory) -> Outcome:
    """After a restart a new `created_ts` passes: nothing on disk says when the executor first saw a
    position."""
    seen = view(look)
    entries, now = seen.need_entries(), seen.times[_STEM]
    same_run = look.before is not None and not (look.truth is not None and look.truth.new_run)
    earlier = view(look.before).entries if look.before is not None and same_run else None
    out: list[Found] = []
    for key, entry in entries.items():
        created, updated = entry.get("created_ts"), entry.get("updated_ts")
        first, last = parse_time(created), parse_time(updated)
        if first is not None and last is not None and first > last:
            out.append(
                found(_STEM, f"entries[{key}].created_ts", created, f"later than updated_ts {updated}")
            )
        if last is not None and now is not None and last > now:
            out.append(
                found(_STEM, f"entries[{key}].updated_ts", updated, f"later than the file, {iso(now)}")
            )
        if earlier is not None and key in earlier:
            was = earlier[key].get("created_ts")
            if was != created and was is not None:
                out.append(
                    found(_STEM, f"entries[{key}].created_ts", created, f"was {was} in the loop before")
                )
    return out


@rule(
    "INV-L11",
    (
        "registry entries with source ledger_sync obey B-LED-2 for their entry price, and were seeded "
        "only for keys of L ∩ P absent from R; a ghost is never seeded"
    ),
    source="sys",
    surfaces=("AUX-1",),
    reads=("position_tp_sl",),
    kind="T",
    tier="reference",
    example="tp 2 % instead of 2.1 %; levels for a ghost",
)
def seeds_follow_the_formula(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    registry = seen.need_registry()
    earlier = view(look.before).registry if look.before is not None else None
    out: list[Found] = []
    for key, entry in registry.items():
        if entry.get("source") != "ledger_sync":
            continue
        last = earlier.get(key) if earlier is not None else None
        if last is not None and last == entry:
            continue
        out += _seed_faults(key, entry, look.settings.tp_sl)
        if earlier is not None and last is None and seen.P is not None and seen.entries is not None:
            if key not in seen.P or key not in seen.entries:
                out.append(
                    found(
                        REGISTRY,
                        f"entries[{key}]",
                        key,
                        "seeded, but not an open position with a ledger entry",
                    )
                )
    return out


def seed_levels(price: float, side: object, settings: TpSlSettings) -> tuple[float, float]:
    """tp and sl of B-LED-2 for an entry price."""
    up = 1 if side == "LONG" else -1
    atr = price * settings.atr_frac
    return price + up * settings.tp_atr * atr, price - up * settings.sl_atr * atr


def _seed_faults(key: str, entry: Doc, settings: TpSlSettings) -> list[Found]:
    price = num(entry.get("entry_price"))
    if price is None:
        raise LackingError(f"position_tp_sl.entries[{key}].entry_price is no number")
    wanted = seed_levels(price, entry.get("position_side"), settings)
    grain = HALF_PRICE * (2 + settings.atr_frac * (settings.tp_atr + settings.sl_atr))
    names = ("take_profit_price", "stop_loss_price")
    return [
        found(REGISTRY, f"entries[{key}].{name}", value, f"seeded from {price}, must be {level}")
        for name, value, level in zip(names, registry_levels(entry), wanted, strict=True)
        if not _near(value, level, grain)
    ]


@rule(
    "INV-L13",
    "ledger time = positions time",
    source="sys",
    surfaces=(
        "S3",
        "S4",
    ),
    reads=(
        "positions_state",
        "positions_ledger",
    ),
    kind="X",
    tier="reference",
    example="ledger not written this loop",
)
def ledger_is_as_old_as_positions(look: Look, memory: Memory) -> Outcome:
    times = view(look).times
    ledger = need(times[_STEM], "the time of positions_ledger")
    positions = need(times["positions_state"], "the time of positions_state")
    if ledger == positions:
        return ()
    return [found(_STEM, "updated_at", iso(ledger), f"positions_state has {iso(positions)}")]
