"""Rules on levels over time (INV-L10, L12, L14, L15).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.book import levels_of, registry_levels
from simkit.contract.finding import Found, Memory, Outcome, rule
from simkit.contract.foreign import NO_LOOPS, no_loops
from simkit.contract.look import Look
from simkit.contract.readers import REGISTRY
from simkit.contract.tolerance import HALF_QTY, near
from simkit.contract.values import NO_BEFORE, NO_TRUTH, found, num
from simkit.contract.view import view

_STEM = "positions_ledger"


@rule(
    "INV-L10",
    "a key leaves L and R in the loop its qty reaches 0, and stays in both while qty ≠ 0",
    source="sys",
    surfaces=("S3", "S4", "AUX-1"),
    reads=("positions_state", "positions_ledger", "position_tp_sl"),
    kind="T",
    tier="reference",
    example="levels removed on a partial close (D-13)",
)
def keys_live_as_long_as_positions(look: Look, memory: Memory) -> Outcome:
    if look.before is None:
        return NO_BEFORE
    now, then = view(look), view(look.before)
    if now.book is then.book:
        now.book.lists()
        return ()
    positions, entries, registry = now.need_positions(), now.need_entries(), now.need_registry()
    out: list[Found] = []
    for key in then.need_positions():
        if key not in positions:
            if key in entries:
                out.append(found(_STEM, "entries", key, "the position is gone, its ledger entry is not"))
            if key in registry:
                out.append(
                    found(REGISTRY, f"entries[{key}]", key, "the position is gone, its levels are not")
                )
            continue
        if key not in entries and then.entries is not None and key in then.entries:
            out.append(found(_STEM, "entries", key, "left the ledger while the position is open"))
        left = key not in registry and then.registry is not None and key in then.registry
        if left and not _was_flat(look, key, then.held[key].qty):
            out.append(found(REGISTRY, "entries", key, "left the registry while the position is open"))
    return out


def _was_flat(look: Look, key: str, qty: float | None) -> bool:
    """True when the fills of this loop closed all of it before they opened it again."""
    left = qty or 0.0
    for fill in look.truth.fills if look.truth is not None else ():
        if fill.key == key:
            left += fill.change
            if near(left, 0.0, HALF_QTY * 4):
                return True
    return False


@rule(
    "INV-L12",
    "levels change only by fill, seed or declared edit",
    source="kit",
    surfaces=("AUX-1",),
    reads=("position_tp_sl",),
    kind="T",
    tier="reference",
    severity="W",
    example="a stop moves with no fill, no seed and no edit",
)
def levels_change_with_a_cause(look: Look, memory: Memory) -> Outcome:
    if look.truth is None:
        return NO_TRUTH
    if look.before is None:
        return NO_BEFORE
    registry, earlier = view(look).need_registry(), view(look.before).need_registry()
    if registry is earlier:
        return ()
    filled = [fill.key for fill in look.truth.fills]
    out: list[Found] = []
    for key, entry in registry.items():
        last = earlier.get(key)
        if last is None or key in filled:
            continue
        levels, were = registry_levels(entry), registry_levels(last)
        seeded = look.truth.new_run and entry.get("source") == "ledger_sync"
        if levels != were and not seeded:
            out.append(
                found(REGISTRY, f"entries[{key}]", levels, f"tp and sl were {were}, and nothing was filled")
            )
    return out


@rule(
    "INV-L14",
    (
        "from the second loop in which a key of P is open, it has tp and sl in S4, unless the setting "
        "`tp_sl.seed` is false or an entry intent or an edit asked for no level in so many words (`tp: "
        "none`); an intent that merely carries no levels is no such request"
    ),
    source="sys",
    surfaces=("S3", "S4"),
    reads=("positions_state", "positions_ledger"),
    kind="T",
    tier="reference",
    example="uncovered until restart (`legacy: [D-11]`)",
)
def positions_are_covered_from_the_second_loop(look: Look, memory: Memory) -> Outcome:
    """A key absent from the entries counts by its levels in `tp_sl_levels`; its absence is INV-L04's."""
    if look.before is None:
        return NO_BEFORE
    if no_loops(look):
        return NO_LOOPS
    if not look.settings.tp_sl.seed:
        return ()
    now, then = view(look), view(look.before)
    exempt = look.truth.seeding_off if look.truth is not None else frozenset()
    if now.book is then.book and memory.get("book") is now.book and memory.get("exempt") == exempt:
        outcome: list[Found] = memory["outcome"]
        return outcome
    memory.clear()
    positions, entries, levels = now.need_positions(), now.need_entries(), now.need_levels()
    out: list[Found] = []
    for key in then.need_positions():
        if key not in positions or key in exempt:
            continue
        entry = entries.get(key)
        tp, sl = levels_of(entry) if entry is not None else levels.get(key, (None, None))
        if tp is None or sl is None:
            out.append(
                found(
                    _STEM,
                    f"entries[{key}]",
                    f"tp {tp}, sl {sl}",
                    "open for a second loop without both levels",
                )
            )
    if now.book is then.book:
        memory["book"], memory["exempt"], memory["outcome"] = now.book, exempt, out
    return out


@rule(
    "INV-L15",
    (
        "a tp or sl exit is sent for the full ledger quantity; after its fill the position is gone, or "
        "smaller by the full ledger quantity (by what has filled, while the order is partly filled) with "
        "its levels kept while qty ≠ 0"
    ),
    source="kit",
    surfaces=("S3", "S4", "AUX-1", "AUX-12"),
    reads=("positions_state", "positions_ledger", "position_tp_sl"),
    kind="J",
    tier="reference",
    example="take-profit closes 0.05 of 1.0 and the levels are dropped (`legacy: [D-36]`)",
)
def exits_are_full(look: Look, memory: Memory) -> Outcome:
    """An entry fill of the same loop may bring other levels (B-LED-8). Begun: what the position lost is left to
    INV-P07, which compares it with the fills."""
    truth = look.truth
    if truth is None:
        return NO_TRUTH
    if not truth.orders:
        return ()
    sent: dict[str, float] = {}
    for order in truth.orders:
        if order.reason in ("tp", "sl"):
            sent[order.key] = sent.get(order.key, 0.0) + order.qty
    if not sent:
        return ()
    closed: dict[str, float] = {}
    for fill in truth.fills:
        if fill.reason in ("tp", "sl"):
            closed[fill.key] = closed.get(fill.key, 0.0) + abs(fill.change)
    if look.before is None:
        return NO_BEFORE
    now, then = view(look), view(look.before)
    positions, registry = now.need_positions(), now.need_registry()
    entries, held = then.need_entries(), then.held
    out: list[Found] = []
    for key, qty in sent.items():
        size = num(entries[key].get("qty")) if key in entries else None
        if size is None:
            size = abs(held[key].qty or 0.0) if key in held else None
        if size is not None and not near(qty, size, HALF_QTY * 4):
            out.append(found(_STEM, f"entries[{key}].qty", size, f"the exit was sent for {qty} only"))
        if size is not None and near(closed.get(key, 0.0), size, HALF_QTY * 4):
            continue  # gone; what is open under this key now was opened after it, with levels of its own
        last = then.registry.get(key) if key in positions and then.registry is not None else None
        if last is None or (key in registry and registry_levels(registry[key]) == registry_levels(last)):
            continue
        if any(fill.key == key and not fill.reduce_only for fill in truth.fills):
            continue
        text = "a rest is open, its levels are not what they were"
        out.append(found(REGISTRY, f"entries[{key}]", key, text))
    return out
