"""Rules on exits (INV-D17, D18, D22, D23).

Comes in: a `Look`. Goes out: violations. May import `contract`.

The scan of a loop reads ledger and registry as the loop before left them (B-LED-11); after a restart it reads
what the start-up sync left, which the tree of the loop still shows.
"""

from __future__ import annotations

from simkit.contract.book import Pair, levels_of
from simkit.contract.finding import Found, Memory, Outcome, rule
from simkit.contract.foreign import NO_LOOPS, foreign, no_loops
from simkit.contract.look import Look, Truth
from simkit.contract.rules.registry import seed_levels
from simkit.contract.tolerance import HALF_PRICE
from simkit.contract.values import NO_BEFORE, NO_TRUTH, found, when
from simkit.contract.view import View, view

_STEM = "positions_ledger"


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
    if foreign(look) is not None:
        return _scan_moved(look, at, value)
    return [found("diagnostics", f"{_PIPELINE}.last_exit_scan_ts", value, f"this loop is {when(look.ts)}")]


def _scan_moved(look: Look, at: int | None, value: object) -> Outcome:
    """Foreign: the time of the scan moves from loop to loop."""
    if no_loops(look):
        return NO_LOOPS
    if look.before is None:
        return NO_BEFORE
    if at is not None and at != view(look.before).stamps["last_exit_scan_ts"]:
        return ()
    return [
        found("diagnostics", f"{_PIPELINE}.last_exit_scan_ts", value, "did not move since the loop before")
    ]


_PIPELINE = "runtime_diagnostics.exit_pipeline"


@rule(
    "INV-D18",
    "last_exit_trigger_ts moves ⇔ an exit intent was produced this loop",
    source="sys",
    surfaces=("S6", "AUX-12"),
    reads=("diagnostics",),
    kind="J",
    tier="reference",
    example="an exit is sent, last_exit_trigger_ts stays",
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
                "diagnostics", place, value, f"{len(truth.exits)} exit intents in this loop, {when(look.ts)}"
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


def _scanned(look: Look, before: Look, truth: Truth) -> list[tuple[str, str, Pair]]:
    """Key, side and levels that the scan of this loop saw, of positions that were open before it."""
    then = view(before)
    if not truth.new_run:
        return then.book.scan()
    return [found for found in view(look).book.scan() if then.P is not None and found[0] in then.P]


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
    surfaces=("S4", "AUX-12"),
    reads=("positions_state", "positions_ledger"),
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
    for key, side, pair in _scanned(look, look.before, truth):
        row = positions.get(key)
        if row is None or row.mark is None:
            continue
        reason = _crossed(row.mark, pair, side)
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
    surfaces=("S4", "AUX-12"),
    reads=("positions_ledger",),
    kind="J",
    tier="reference",
    example="a tp exit at 101 with its level at 103",
)
def exits_have_a_crossed_level(look: Look, memory: Memory) -> Outcome:
    truth = look.truth
    if truth is None:
        return NO_TRUTH
    if not truth.orders:
        return ()
    sent = {order.key: order.reason for order in truth.orders if order.reason in ("tp", "sl")}
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
    """The levels an exit may rest on: those of the loop before and, after a restart, the seeded ones."""
    entries = then.entries or {}
    pairs = [levels_of(entries[key])] if key in entries else []
    if then.levels is not None and key in then.levels:
        pairs.append(then.levels[key])
    row = then.held.get(key)
    if truth.new_run and look.settings.tp_sl.seed and row is not None and row.entry is not None:
        pairs.append(seed_levels(row.entry, row.side, look.settings.tp_sl))
    return pairs
