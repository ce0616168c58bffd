"""Rules on levels within one tree: S4 against the registry AUX-1 (INV-L06..L09, L11).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.book import Entries, levels_of, registry_levels
from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.foreign import saw, unharnessed
from simkit.contract.look import Doc, Look
from simkit.contract.readers import REGISTRY, parse_time
from simkit.contract.tolerance import HALF_PRICE, near
from simkit.contract.values import found, num, when
from simkit.contract.view import view
from simkit.core.settings import TpSlSettings

_STEM = "positions_ledger"
_FIRST_SET = "first set on the wrong side of the entry"


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
    part="book",
)
def entries_show_the_levels(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    entries, levels = seen.need_entries(), seen.need_levels()
    out: list[Found] = []
    for key, entry in entries.items():
        tp, sl = levels_of(entry)
        if key not in levels and saw(look, "A-17", "partial map", "positions_ledger.tp_sl_levels"):
            continue
        wanted = levels.get(key, (None, None))
        for name, value, level in (("tp", tp, wanted[0]), ("sl", sl, wanted[1])):
            if not _same(value, level):
                out.append(found(_STEM, f"entries[{key}].{name}", value, f"tp_sl_levels has {level}"))
    return out


@rule(
    "INV-L07",
    "tp_sl_levels = registry levels, same keys",
    source="sys (A-17)",
    surfaces=("S4", "AUX-1"),
    reads=("positions_ledger", "position_tp_sl"),
    kind="X",
    tier="reading",
    example="registry lost update (D-31)",
    part="book",
)
def levels_copy_the_registry(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    levels, registry = seen.need_levels(), seen.need_registry()
    out: list[Found] = []
    if levels.keys() != registry.keys():
        out += [
            found(_STEM, "tp_sl_levels", key, "in the registry, missing here")
            for key in registry
            if key not in levels and not saw(look, "A-17", "partial map", "positions_ledger.tp_sl_levels")
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
    if memory.get("entries") is not entries:
        memory["entries"], memory["inverted"] = entries, _inverted(entries)
    out: list[Found] = list(memory["inverted"])
    if earlier is None or earlier is entries:
        return out
    for key, entry in entries.items():
        price = num(entry.get("entry_price"))
        if price is None:
            continue
        tp, sl = levels_of(entry)
        up = 1 if entry.get("side") == "LONG" else -1
        if tp is not None and sl is not None and (tp - sl) * up <= 0:
            continue
        last_tp, last_sl = levels_of(earlier[key]) if key in earlier else (None, None)
        if tp is not None and last_tp is None and (tp - price) * up <= 0:
            out.append(found(_STEM, f"entries[{key}].tp", tp, f"{_FIRST_SET} {price}", "reference"))
        if sl is not None and last_sl is None and (price - sl) * up <= 0:
            out.append(found(_STEM, f"entries[{key}].sl", sl, f"{_FIRST_SET} {price}", "reference"))
    return out


def _inverted(entries: Entries) -> list[Found]:
    out: list[Found] = []
    for key, entry in entries.items():
        tp, sl = levels_of(entry)
        up = 1 if entry.get("side") == "LONG" else -1
        if entry.get("side") not in ("LONG", "SHORT"):
            continue  # INV-P02 or a fault of its own; no direction is known
        if tp is not None and sl is not None and (tp - sl) * up <= 0:
            out.append(
                found(_STEM, f"entries[{key}].tp", tp, f"the stop is {sl}: they are inverted for {key}")
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
    example="created_ts moves while the position stays open",
)
def entry_times_are_in_order(look: Look, memory: Memory) -> Outcome:
    """After a restart a new `created_ts` passes: no file says when the executor first saw a position."""
    seen = view(look)
    entries, now = seen.need_entries(), seen.times[_STEM]
    if memory.get("entries") is not entries:
        memory["entries"], memory["order"] = entries, _entry_times(entries)
    disorder, latest = memory["order"]
    out: list[Found] = list(disorder)
    if now is not None and latest is not None and latest > now:
        out.append(
            found(_STEM, "entries", when(latest), f"an updated_ts is later than the file, {when(now)}")
        )
    before = look.before
    if before is None or (look.truth is not None and look.truth.new_run) or _is_another_run(look, before):
        return out
    earlier = view(before).entries
    if earlier is None or earlier is entries:
        return out
    for key, entry in entries.items():
        was = earlier[key].get("created_ts") if key in earlier else None
        if was is not None and was != entry.get("created_ts"):
            place = f"entries[{key}].created_ts"
            out.append(found(_STEM, place, entry.get("created_ts"), f"was {was} in the loop before"))
    return out


def _is_another_run(look: Look, before: Look) -> bool:
    """From outside a restart shows in the identity of the run only."""
    if not unharnessed(look):
        return False
    now, then = (each.docs.get("engine_metadata", {}).get("run_id") for each in (look, before))
    return bool(now != then)


def _entry_times(entries: Entries) -> tuple[list[Found], int | None]:
    """Entries whose two times are in the wrong order, and the latest `updated_ts` of all."""
    out: list[Found] = []
    latest: int | None = None
    for key, entry in entries.items():
        first, last = parse_time(entry.get("created_ts")), parse_time(entry.get("updated_ts"))
        if last is not None and (latest is None or last > latest):
            latest = last
        if first is not None and last is not None and first > last:
            place = f"entries[{key}].created_ts"
            out.append(
                found(
                    _STEM, place, entry.get("created_ts"), f"later than updated_ts {entry.get('updated_ts')}"
                )
            )
    return out, latest


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
    if earlier is registry:
        return out
    for key, entry in registry.items():
        if entry.get("source") != "ledger_sync":
            continue
        last = earlier.get(key) if earlier is not None else None
        if last is not None and last == entry:
            continue
        out += _seed_faults(key, entry, look.settings.tp_sl)
        if earlier is None or last is not None or seen.P is None or seen.entries is None:
            continue
        if key not in seen.P or key not in seen.entries:
            out.append(
                found(
                    REGISTRY, f"entries[{key}]", key, "seeded, but not an open position with a ledger entry"
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
