"""Rules over the whole tree and its orders (INV-X02..X05, INV-R09).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.foreign import apart, foreign, unharnessed
from simkit.contract.health import LOOKED_AT, STALE_AFTER_US, health_report
from simkit.contract.look import Look
from simkit.contract.values import NO_BEFORE, NO_TRUTH, found, num, obj
from simkit.contract.view import view

#: How many order intents are remembered: an id that comes back later than that is not recognised.
_INTENTS = 4096


@rule(
    "INV-X02",
    "the health report (B-DASH-4) of a healthy tree is empty in all four lists",
    source="tim, sys",
    surfaces=("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11"),
    reads=(),
    kind="X",
    tier="reference",
    example="nav_state stale for 16 minutes",
)
def health_report_is_empty(look: Look, memory: Memory) -> Outcome:
    now = look.until if unharnessed(look) else look.ts
    if _is_healthy(look, now):
        return ()
    report = health_report(look.docs, look.unreadable, now)
    lists = (
        ("missing_files", report.missing_files),
        ("stale_files", report.stale_files),
        ("schema_violations", report.schema_violations),
        ("cross_surface_violations", report.cross_surface_violations),
    )
    return [
        found(text.partition(":")[0], "", text, f"in the health report under {name}")
        for name, texts in lists
        for text in texts
        if not _is_of_the_system(look, text)
    ]


def _is_of_the_system(look: Look, text: str) -> bool:
    """Foreign: what the v7.6 dashboard wants to see and the contract does not ask for (A-03), and books that
    are not of one loop (A-42)."""
    if foreign(look) is None:
        return False
    if text.startswith("positions_without_ledger"):
        return bool(apart(look, "positions_state", "positions_ledger"))
    return text.startswith(("engine_metadata", "kpis_v7:missing_one_of"))


def _is_healthy(look: Look, now: int) -> bool:
    """True when the report is empty for sure: the usual case, found with what the view knows already."""
    seen, docs = view(look), look.docs
    times, oldest = seen.times, now - STALE_AFTER_US
    for stem, _, keys in LOOKED_AT:
        doc, at = docs.get(stem), times.get(stem)
        if doc is None or at is None or at < oldest or keys[0] not in doc:
            return False
    if seen.clashes or seen.rows is None or seen.P is None or seen.entries is None:
        return False
    if not len(docs["positions_state"]["positions"]) == len(seen.rows) == len(seen.P):
        return False
    return not [key for key in seen.P if key not in seen.entries]


@rule(
    "INV-X03",
    "S3, S4 count, S6 open count and S7 canary agree",
    source="sys",
    surfaces=(),
    reads=("positions_state", "positions_ledger", "diagnostics", "risk_snapshot"),
    kind="X",
    tier="reference",
    example="2/2/3/2",
)
def open_counts_agree(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    held = len(seen.need_positions())
    seen.need_entries()
    listed = len(look.docs["positions_ledger"]["entries"])
    counted = seen.pipeline.get("open_positions_count")
    canary = obj(seen.risk.get("tp_sl_registry")).get("num_positions", held)
    if held == listed == counted == canary:
        return ()
    if why := apart(look, "positions_state", "positions_ledger", "diagnostics", "risk_snapshot"):
        raise LackingError(why)
    text = f"{held}/{listed}/{counted}/{canary}"
    return [
        found(
            "positions_state", "positions", text, "rows of S3, entries of S4, open count of S6, canary of S7"
        )
    ]


@rule(
    "INV-X04",
    "one accepted order per intent id; no duplicate send",
    source="kit",
    surfaces=("AUX-11", "AUX-12"),
    reads=(),
    kind="J",
    tier="reference",
    example="D-23",
)
def one_order_per_intent(look: Look, memory: Memory) -> Outcome:
    """The slices of a parent are told apart by their client order ids, so that one which is sent anew after a
    restart shows (INC-27). An order that was cancelled makes room for another."""
    truth = look.truth
    if truth is None:
        return NO_TRUTH
    out: list[Found] = []
    for intent in truth.cancelled:
        memory.pop(intent, None)
    for order in truth.orders:
        if not order.accepted or (order.child and not order.id):
            continue
        name = order.id if order.child else order.intent_id
        if name in memory:
            text = f"{order.key}: a second accepted order"
            out.append(found("orders_executed", "intent_id", order.intent_id, text))
            continue
        if len(memory) >= _INTENTS:
            del memory[next(iter(memory))]
        memory[name] = True
    return out


@rule(
    "INV-X05",
    "a vetoed intent has no order",
    source="sys",
    surfaces=("AUX-12", "AUX-13"),
    reads=(),
    kind="J",
    tier="reference",
    example="D-28",
)
def vetoed_intents_have_no_order(look: Look, memory: Memory) -> Outcome:
    truth = look.truth
    if truth is None:
        return NO_TRUTH
    if not truth.vetoes or not truth.orders:
        return ()
    vetoed = {veto.intent_id: veto.reason for veto in truth.vetoes}
    return [
        found(
            "orders_executed", "intent_id", order.intent_id, f"vetoed as {vetoed[order.intent_id]}, yet sent"
        )
        for order in truth.orders
        if order.intent_id in vetoed
    ]


@rule(
    "INV-R09",
    ("breaker active in the snapshot of loop i−1 → no opening order accepted in loop i; exits still are"),
    source="sys",
    surfaces=("S7", "AUX-12"),
    reads=(),
    kind="J",
    tier="reference",
    example="entry during breaker",
)
def breaker_stops_entries(look: Look, memory: Memory) -> Outcome:
    truth, before = look.truth, look.before
    if truth is None:
        return NO_TRUTH
    if not truth.orders:
        return ()
    if before is None:
        return NO_BEFORE
    breaker = obj(view(before).risk.get("circuit_breaker"))
    if breaker.get("active") is not True:
        return ()
    limit = num(breaker.get("max_portfolio_dd_nav_pct"))
    return [
        found(
            "risk_snapshot",
            "circuit_breaker.active",
            "true",
            f"{order.intent_id} opened {order.key} above {limit}",
        )
        for order in truth.orders
        if order.accepted and not order.reduce_only
    ]
