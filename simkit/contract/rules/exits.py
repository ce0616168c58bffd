"""Rules on levels and exits over time (INV-L10, L12, L14, L15, D17, D18, D22, D23).

Comes in: a `Look`. Goes out: violations. May import `contract`.

The scan of a loop reads ledger and registry as the loop before left them (B-LED-11); after a restart it reads
what the start-up sync left, which the tree of the loop still shows.
"""

from __future__ import annotations

from simkit.contract.finding import Found, Memory, Outcome, rule
from simkit.contract.look import Look, Truth
from simkit.contract.readers import REGISTRY
from simkit.contract.rules.ledger import seed_levels
from simkit.contract.tolerance import HALF_PRICE, HALF_QTY, near
from simkit.contract.values import NO_BEFORE, NO_TRUTH, found, num
from simkit.contract.view import Pair, View, levels_of, registry_levels, view
from simkit.core.clock import iso

_STEM = "positions_ledger"


@rule(
    "INV-L10",
    "a key leaves L and R in the loop its qty reaches 0, and stays in both while qty ≠ 0",
    source="sys",
    surfaces=(
        "S3",
        "S4",
        "AUX-1",
    ),
    reads=(
        "positions_state",
        "positions_ledger",
        "position_tp_sl",
    ),
    kind="T",
    tier="reference",
    example="levels removed on a partial close (D-13)",
)
def keys_live_as_long_as_positions(look: Look, memory: Memory) -> Outcome:
    if look.before is None:
        return NO_BEFORE
    now, then = view(look), view(look.before)
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
        if key not in registry and then.registry is not None and key in then.registry:
            out.append(found(REGISTRY, "entries", key, "left the registry while the position is open"))
    return out


@rule(
    "INV-L12",
    "levels change only by fill, seed or declared edit",
    source="kit",
    surfaces=("AUX-1",),
    reads=("position_tp_sl",),
    kind="T",
    tier="reference",
    severity="W",
    example="the two differ",
)
def levels_change_with_a_cause(look: Look, memory: Memory) -> Outcome:
    if look.truth is None:
        return NO_TRUTH
    if look.before is None:
        return NO_BEFORE
    registry, earlier = view(look).need_registry(), view(look.before).need_registry()
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
    surfaces=(
        "S3",
        "S4",
    ),
    reads=(
        "positions_state",
        "positions_ledger",
    ),
    kind="T",
    tier="reference",
    example="uncovered until restart (`legacy: [D-11]`)",
)
def positions_are_covered_from_the_second_loop(look: Look, memory: Memory) -> Outcome:
    """A key absent from the entries is covered by its levels in `tp_sl_levels`; that it is absent is
    INV-L04's."""
    if look.before is None:
        return NO_BEFORE
    if not look.settings.tp_sl.seed:
        return ()
    now, then = view(look), view(look.before)
    positions, entries, levels = now.need_positions(), now.need_entries(), now.need_levels()
    exempt = look.truth.seeding_off if look.truth is not None else frozenset()
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
    return out


@rule(
    "INV-L15",
    (
        "a tp or sl exit is sent for the full ledger quantity; after its fill the position is gone, or "
        "smaller by the full ledger quantity (by what has filled, while the order is partly filled) with "
        "its levels kept while qty ≠ 0"
    ),
    source="kit",
    surfaces=(
        "S3",
        "S4",
        "AUX-1",
        "AUX-12",
    ),
    reads=(
        "positions_state",
        "positions_ledger",
        "position_tp_sl",
    ),
    kind="J",
    tier="reference",
    example="take-profit closes 0.05 of 1.0 and the levels are dropped (`legacy: [D-36]`)",
)
def exits_are_full(look: Look, memory: Memory) -> Outcome:
    """Begun: what the position lost is left to INV-P07, which compares it with the fills."""
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
        if key in positions and then.registry is not None and key in then.registry:
            if key not in registry or registry_levels(registry[key]) != registry_levels(then.registry[key]):
                out.append(
                    found(
                        REGISTRY, f"entries[{key}]", key, "a rest is open, its levels are not what they were"
                    )
                )
    return out


@rule(
    "INV-D17",
    "last_exit_scan_ts = this loop's time (foreign: moves every loop)",
    source="ext",
    surfaces=("S6",),
    reads=("diagnostics",),
    kind="T",
    tier="reading",
    example="scan skipped",
)
def scan_ran_in_this_loop(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    at = seen.stamps["last_exit_scan_ts"]
    if at == look.ts:
        return ()
    value = seen.pipeline.get("last_exit_scan_ts", "absent")
    return [found("diagnostics", f"{_PIPELINE}.last_exit_scan_ts", value, f"this loop is {iso(look.ts)}")]


_PIPELINE = "runtime_diagnostics.exit_pipeline"


@rule(
    "INV-D18",
    "last_exit_trigger_ts moves ⇔ an exit intent was produced this loop",
    source="sys",
    surfaces=(
        "S6",
        "AUX-12",
    ),
    reads=("diagnostics",),
    kind="J",
    tier="reference",
    example="the two differ",
)
def trigger_moves_with_exits(look: Look, memory: Memory) -> Outcome:
    truth = look.truth
    if truth is None:
        return NO_TRUTH
    at = view(look).stamps["last_exit_trigger_ts"]
    place, value = (
        f"{_PIPELINE}.last_exit_trigger_ts",
        view(look).pipeline.get("last_exit_trigger_ts", "absent"),
    )
    if truth.exits:
        if at == look.ts:
            return ()
        return [
            found(
                "diagnostics", place, value, f"{len(truth.exits)} exit intents in this loop, {iso(look.ts)}"
            )
        ]
    if truth.new_run:
        last = None
    elif look.before is None:
        return NO_BEFORE
    else:
        last = view(look.before).stamps["last_exit_trigger_ts"]
    if at == last:
        return ()
    return [found("diagnostics", place, value, "moved, and no exit intent was produced")]


def _scanned(look: Look, truth: Truth) -> dict[str, Pair]:
    """The levels that the scan of this loop saw, by key of a position that was open before it."""
    if look.before is None:
        return {}
    now, then = view(look), view(look.before)
    open_before = then.P or {}
    if truth.new_run:
        entries = now.entries or {}
        return {key: levels_of(entries[key]) for key in open_before if key in entries}
    entries, levels = then.entries or {}, then.levels or {}
    return {
        key: levels_of(entries[key]) if key in entries else levels.get(key, (None, None))
        for key in open_before
    }


def _crossed(price: float, pair: Pair, side: str) -> str:
    """`tp` or `sl` by B-EXIT-2 (inclusive, the target first), or nothing."""
    up = 1 if side == "LONG" else -1
    tp, sl = pair
    if tp is not None and (price - tp) * up >= 0:
        return "tp"
    if sl is not None and (sl - price) * up >= 0:
        return "sl"
    return ""


@rule(
    "INV-D22",
    "price beyond a level at scan time → reduce-only exit in the same loop",
    source="sys",
    surfaces=(
        "S4",
        "AUX-12",
    ),
    reads=(
        "positions_state",
        "positions_ledger",
    ),
    kind="J",
    tier="reference",
    example="silent scanner",
)
def crossed_levels_exit(look: Look, memory: Memory) -> Outcome:
    """Prices are the marks that S3 still shows: a position that is gone has exited or was closed."""
    truth = look.truth
    if truth is None:
        return NO_TRUTH
    if look.before is None:
        return NO_BEFORE
    positions = view(look).need_positions()
    out: list[Found] = []
    for key, pair in _scanned(look, truth).items():
        row = positions.get(key)
        if row is None or row.mark is None:
            continue
        reason = _crossed(row.mark, pair, row.side)
        if reason and not any(
            o.key == key and o.reduce_only and o.reason in ("tp", "sl") for o in truth.orders
        ):
            text = f"{key}: mark {row.mark} is beyond its {reason} of {pair}, and no exit was sent"
            out.append(found(_STEM, f"entries[{key}].{reason}", pair[0 if reason == "tp" else 1], text))
    return out


@rule(
    "INV-D23",
    "every tp/sl exit has a crossed level",
    source="sys",
    surfaces=(
        "S4",
        "AUX-12",
    ),
    reads=("positions_ledger",),
    kind="J",
    tier="reference",
    example="the two differ",
)
def exits_have_a_crossed_level(look: Look, memory: Memory) -> Outcome:
    truth = look.truth
    if truth is None:
        return NO_TRUTH
    sent = (
        {order.key: order.reason for order in truth.orders if order.reason in ("tp", "sl")}
        if truth.orders
        else {}
    )
    if not sent:
        return ()
    if look.before is None:
        return NO_BEFORE
    now, then = view(look), view(look.before)
    out: list[Found] = []
    for key, reason in sent.items():
        price = _price_at_scan(key, truth, now)
        candidates = _candidates(key, look, now, then, truth)
        if price is None or not candidates:
            continue
        side = key.rpartition(":")[2]
        up = 1 if side == "LONG" else -1
        fuzz = 2 * HALF_PRICE
        if not any(
            _crossed(price + fuzz * up, pair, side) or _crossed(price - fuzz * up, pair, side)
            for pair in candidates
        ):
            out.append(
                found(
                    _STEM,
                    f"entries[{key}].{reason}",
                    price,
                    f"exit {reason}, but no level of {candidates} is crossed",
                )
            )
    return out


def _price_at_scan(key: str, truth: Truth, now: View) -> float | None:
    for fill in truth.fills:
        if fill.key == key and fill.reason in ("tp", "sl"):
            return fill.intended_price or fill.price
    row = now.held.get(key)
    return row.mark if row is not None else None


def _candidates(key: str, look: Look, now: View, then: View, truth: Truth) -> list[Pair]:
    """The levels an exit of this loop may rest on: those of the loop before, and after a restart the seeded
    ones."""
    entries = then.entries or {}
    pairs = [levels_of(entries[key])] if key in entries else []
    if then.levels is not None and key in then.levels:
        pairs.append(then.levels[key])
    row = then.held.get(key)
    if truth.new_run and look.settings.tp_sl.seed and row is not None and row.entry is not None:
        pairs.append(seed_levels(row.entry, row.side, look.settings.tp_sl))
    return pairs
