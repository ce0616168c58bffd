"""Rules on groups, caps and entries that should not have been sent (INV-R20, R22, S07).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

import math

from simkit.contract.baskets import BASKETS, baskets_of
from simkit.contract.book import Row
from simkit.contract.finding import Found, LackingError, Memory, NotEvaluated, Outcome, rule
from simkit.contract.look import LoggedOrder, Look, Truth
from simkit.contract.tolerance import HALF_FRACTION, HALF_USD, near
from simkit.contract.values import NO_BEFORE, NO_TRUTH, found, need, num, obj, rows_of
from simkit.contract.view import view

_RISK = "risk_snapshot"
_SCORES = "symbol_scores_v6"


@rule(
    "INV-R20",
    "correlation group gross = Σ notional of members / nav",
    source="sys",
    surfaces=("S1", "S3", "S7"),
    reads=("nav", "positions_state", "risk_snapshot"),
    kind="X",
    tier="reference",
    severity="W",
    example="gross_nav_pct 0.2 with members worth 0.3 of NAV",
)
def groups_hold_their_members(look: Look, memory: Memory) -> Outcome:
    """Groups of other names than the baskets of B-RV-2 are not judged: nothing says who belongs to them."""
    seen = view(look)
    groups = seen.risk.get("correlation_groups")
    if type(groups) is not dict:
        raise LackingError("risk_snapshot.correlation_groups is not emitted")
    times = seen.times
    if not times["nav"] == times["positions_state"] == times[_RISK]:
        return NotEvaluated("nav, positions_state and risk_snapshot are not of one loop")
    nav = need(seen.nav, "nav.nav")
    rows = seen.need_rows()
    worth: dict[str, float] = {}
    for row in rows:
        for name in baskets_of(row.symbol):
            worth[name] = worth.get(name, 0.0) + abs(row.notional or 0.0)
    out: list[Found] = []
    for group, item in groups.items():
        share, whole = num(obj(item).get("gross_nav_pct")), worth.get(group.lower(), 0.0)
        wanted = whole / nav if nav > 0 else 0.0
        if share is None or -HALF_FRACTION <= share - wanted <= HALF_FRACTION or group.lower() not in BASKETS:
            continue
        grain = HALF_FRACTION + (HALF_USD * (len(rows) + abs(wanted)) / nav if nav > 0 else 0.0)
        if not near(share, wanted, grain):
            text = f"members worth {whole:.6f} of nav {nav} are {wanted:.9f}"
            out.append(found(_RISK, f"correlation_groups[{group}].gross_nav_pct", share, text))
    return out


def _openings(truth: Truth) -> list[LoggedOrder]:
    return [order for order in truth.orders if order.accepted and not order.reduce_only]


@rule(
    "INV-R22",
    (
        "no accepted opening order takes the gross notional (open book + orders accepted this loop + this "
        "order) above the configured gross cap · nav as the gates saw it (B-LOOP-4)"
    ),
    source="sys",
    surfaces=("S3", "AUX-12"),
    reads=("positions_state",),
    kind="J",
    tier="reference",
    example="gross 1.9 × NAV under a cap of 1.5 (`legacy: [D-29]`)",
)
def gross_stays_under_its_cap(look: Look, memory: Memory) -> Outcome:
    """The book of the loop before at the marks of this one. In the first loop of a process the gates see a
    NAV that no file carries. The slices of one intent are one order."""
    truth, before = look.truth, look.before
    if truth is None:
        return NO_TRUTH
    if not truth.orders or not _openings(truth):
        return ()
    if before is None:
        return NO_BEFORE
    if truth.new_run:
        return NotEvaluated("the gates of a new process see a NAV that no file carries")
    now, then = view(look), view(before)
    if now.times["positions_state"] != look.ts or then.times.get("positions_state") != before.ts:
        raise LackingError("positions_state is not written in both loops")
    if then.times.get("nav") != before.ts:
        raise LackingError("nav.json is not written in the loop before")
    nav, cap = need(then.nav, "nav.nav of the loop before"), look.settings.limits.max_gross_nav_pct
    out: list[Found] = []
    for intent, key, gross in _gross_after(look, truth, now.need_rows(), then.need_positions()):
        most = cap * max(nav, 0.0)
        if gross > most and not near(gross, most, HALF_USD * (4 + len(truth.orders))):
            text = f"{intent} ({key}) takes the gross to this; {cap} of nav {nav} is {most:.6f}"
            out.append(found("positions_state", "", f"{gross:.6f}", text))
    return out


def _gross_after(
    look: Look, truth: Truth, rows: list[Row], held: dict[str, Row]
) -> list[tuple[str, str, float]]:
    """Intent, key and gross notional in USD once its opening orders are accepted, in their order."""
    own = {order.intent_id for order in truth.orders}
    marks = {row.symbol: row.mark for row in rows if row.mark is not None}
    for symbol, closes in truth.closes.items():
        if symbol not in marks:
            marks[symbol] = closes[-1]
    book = {key: row.qty or 0.0 for key, row in held.items()}
    for fill in truth.fills:
        if fill.intent_id not in own:
            book[fill.key] = book.get(fill.key, 0.0) + fill.change
    sent: dict[str, list[LoggedOrder]] = {}
    for order in truth.orders:
        sent.setdefault(order.intent_id, []).append(order)
    out: list[tuple[str, str, float]] = []
    for intent, orders in sent.items():
        key = orders[0].key
        if orders[0].reduce_only:
            for fill in truth.fills:
                if fill.intent_id == intent:
                    book[fill.key] = book.get(fill.key, 0.0) + fill.change
            continue
        qty = math.fsum([order.qty for order in orders if order.accepted])
        if qty:
            sign = -1.0 if key.endswith(":SHORT") else 1.0
            book[key] = book.get(key, 0.0) + sign * qty
            out.append((intent, key, _gross(book, marks)))
    return out


def _gross(book: dict[str, float], marks: dict[str, float]) -> float:
    parts = []
    for key, qty in book.items():
        mark = marks.get(_symbol(key))
        if qty and mark is None:
            raise LackingError(f"no file has the mark of {key} in this loop")
        parts.append(abs(qty) * (mark or 0.0))
    return math.fsum(parts)


def _symbol(key: str) -> str:
    return key.rpartition(":")[0]


@rule(
    "INV-S07",
    "no entry order for a symbol whose last score fails emission",
    source="sys",
    surfaces=("S9", "AUX-12"),
    reads=(),
    kind="J",
    tier="reference",
    severity="W",
    example="entry on a symbol whose hybrid_score is 0.20",
)
def entries_passed_emission(look: Look, memory: Memory) -> Outcome:
    """The last score is the one that the loop before left (B-LOOP-4)."""
    truth, before = look.truth, look.before
    if truth is None:
        return NO_TRUTH
    if not truth.orders:
        return ()
    openings = _openings(truth)
    if not openings:
        return ()
    if before is None:
        return NO_BEFORE
    doc = before.docs.get(_SCORES)
    if doc is None:
        return NotEvaluated(f"{_SCORES} was not there in the loop before")
    failing: dict[str, float | None] = {}
    for row in rows_of(doc.get("symbols")):
        if obj(obj(row).get("hybrid")).get("passes_emission") is False:
            failing[str(row.get("symbol"))] = num(row.get("hybrid_score"))
    return [
        found(_SCORES, "symbols", _symbol(order.key), f"{order.intent_id} opens it at a score of {score}")
        for order in openings
        if _symbol(order.key) in failing
        for score in (failing[_symbol(order.key)],)
    ]
