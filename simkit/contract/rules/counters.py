"""Rules on the counters of S6 (INV-D03..D09).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.look import Look
from simkit.contract.values import NO_BEFORE, NO_TRUTH, found, obj
from simkit.contract.view import view

_STEM = "diagnostics"
_COUNTERS = "runtime_diagnostics.veto_counters"
_KINDS = (
    ("total_signals", "last_signal_ts"),
    ("total_orders", "last_order_ts"),
    ("total_vetoes", "last_veto_ts"),
)
_INTENTS = 4096

#: B-VETO-2, B-VETO-3: the names that are counted.
_REASONS = frozenset({
    "restricted_symbol", "non_prod_env_guard", "symbol_not_in_universe", "nav_stale", "portfolio_dd_circuit",
    "correlation_cap", "portfolio_var_limit", "position_cvar_limit", "already_in_trade", "whitelist",
    "nav_drawdown_limit", "daily_loss", "min_notional", "symbol_cap", "side_blocked", "leverage_cap",
    "cooldown", "circuit_breaker", "burst_limit", "max_trade_nav", "portfolio_cap", "max_concurrent",
    "tier_cap", "risk_engine_error", "unknown_early_veto", "kill_switch_on",
})  # fmt: skip


@rule(
    "INV-D03",
    (
        "veto_counters in either shape (A-50): where a total is given, Σ of the counts by reason = "
        "total_vetoes; counts are integers ≥ 0, ours ≥ 1"
    ),
    source="sys",
    surfaces=("S6",),
    reads=("diagnostics",),
    kind="W",
    tier="contract",
    example="5 vs 4",
    part="counters",
)
def veto_counts_add_up(look: Look, memory: Memory) -> Outcome:
    counters = view(look).counters
    reasons = counters.get("by_reason")
    if type(reasons) is not dict:
        return [
            found(
                _STEM,
                f"{_COUNTERS}.by_reason",
                counters.get("by_reason", "absent"),
                "must map reasons to counts",
            )
        ]
    out: list[Found] = []
    total = 0
    for reason, count in reasons.items():
        if type(count) is not int or count < 1:
            out.append(found(_STEM, f"{_COUNTERS}.by_reason[{reason}]", count, "must be an integer >= 1"))
        else:
            total += count
    stated = counters.get("total_vetoes", total)
    if stated != total and not out:
        out.append(found(_STEM, f"{_COUNTERS}.total_vetoes", stated, f"by_reason sums to {total}"))
    return out


def _total(counters: dict[str, object], name: str) -> int:
    value = counters.get(name)
    if type(value) is not int:
        raise LackingError(f"{_COUNTERS}.{name} is no integer")
    return value


def _run_id(look: Look) -> object:
    return look.docs.get("engine_metadata", {}).get("run_id")


@rule(
    "INV-D04",
    "counters never fall within one run_id and restart from 0 with a new one",
    source="sys",
    surfaces=("S6", "AUX-3"),
    reads=("diagnostics", "engine_metadata"),
    kind="T",
    tier="reference",
    example="total_orders 7 → 6",
)
def counters_do_not_fall(look: Look, memory: Memory) -> Outcome:
    counters, before, truth = view(look).counters, look.before, look.truth
    out: list[Found] = []
    if before is not None and _run_id(before) == _run_id(look):
        then = view(before).counters
        if then is counters:
            return out
        pairs = [(f"{name}", counters.get(name), then.get(name)) for name, _ in _KINDS]
        reasons = obj(counters.get("by_reason"))
        pairs += [
            (f"by_reason[{name}]", reasons.get(name, 0), n) for name, n in obj(then.get("by_reason")).items()
        ]
        for name, count, last in pairs:
            if type(count) is int and type(last) is int and count < last:
                out.append(found(_STEM, f"{_COUNTERS}.{name}", count, f"was {last} in the same run"))
        return out
    if truth is None or (before is None and not truth.new_run):
        return NO_BEFORE
    orders = [order for order in truth.orders if order.accepted]
    for (name, _), most in zip(_KINDS, (len(truth.signals), len(orders), len(truth.vetoes)), strict=True):
        count = _total(counters, name)
        if count > most:
            out.append(
                found(_STEM, f"{_COUNTERS}.{name}", count, f"a new run begins at 0; {most} in this loop")
            )
    return out


@rule(
    "INV-D05",
    "each emitted signal ends in at most one order or one veto",
    source="kit (A-44)",
    surfaces=("S6", "AUX-13"),
    reads=(),
    kind="J",
    tier="reading",
    example="one intent, two vetoes (D-03)",
)
def signals_end_once(look: Look, memory: Memory) -> Outcome:
    truth = look.truth
    if truth is None:
        return NO_TRUTH
    if not truth.vetoes and len(truth.orders) < 2:
        return ()
    ends: dict[str, int] = {}
    for veto in truth.vetoes:
        ends[veto.intent_id] = ends.get(veto.intent_id, 0) + 1
    children: set[str] = set()
    for order in truth.orders:
        if order.accepted and order.intent_id not in children:
            ends[order.intent_id] = ends.get(order.intent_id, 0) + 1
            if order.child:
                children.add(order.intent_id)
    return [
        found(_STEM, _COUNTERS, intent, f"ended {count} times, in orders or vetoes")
        for intent, count in ends.items()
        if count > 1
    ]


@rule(
    "INV-D06",
    "last_x_ts null ⇔ total_x = 0",
    source="sys",
    surfaces=("S6",),
    reads=("diagnostics",),
    kind="W",
    tier="reference",
    example="total_orders 3, last_order_ts null",
    part="counters",
)
def times_go_with_totals(look: Look, memory: Memory) -> Outcome:
    counters = view(look).counters
    out: list[Found] = []
    for total, last in _KINDS:
        count, at = _total(counters, total), counters.get(last)
        if (count == 0) != (at is None):
            out.append(found(_STEM, f"{_COUNTERS}.{last}", at, f"{total} is {count}"))
    return out


@rule(
    "INV-D07",
    "last_x_ts moves ⇔ total_x grew",
    source="sys",
    surfaces=("S6",),
    reads=("diagnostics",),
    kind="T",
    tier="reference",
    example="total_vetoes 4 -> 5, last_veto_ts unmoved",
)
def times_move_with_totals(look: Look, memory: Memory) -> Outcome:
    counters, before, truth = view(look).counters, look.before, look.truth
    fresh = truth is not None and truth.new_run
    if before is None and not fresh:
        return NO_BEFORE
    if before is not None and not fresh and _run_id(before) != _run_id(look):
        fresh = True
    if before is not None and not fresh and view(before).counters is counters:
        return ()
    then = view(before).counters if before is not None and not fresh else {}
    out: list[Found] = []
    for total, last in _KINDS:
        was, last_was = then.get(total, 0), then.get(last)
        grew = type(was) is int and _total(counters, total) > was
        moved = counters.get(last) != last_was
        if grew is not moved:
            text = f"{total} grew, this did not move" if grew else f"moved, {total} did not grow"
            out.append(found(_STEM, f"{_COUNTERS}.{last}", counters.get(last), text))
    return out


@rule(
    "INV-D08",
    "reasons belong to the vocabulary of B-VETO-2/3",
    source="sys",
    surfaces=("S6",),
    reads=("diagnostics",),
    kind="W",
    tier="reference",
    severity="W",
    example="unknown reason string",
    part="counters",
)
def reasons_are_known(look: Look, memory: Memory) -> Outcome:
    reasons = obj(view(look).counters.get("by_reason"))
    outside = look.outside
    further = () if outside is None else outside.dialect.words.get("veto_reason", ())
    return [
        found(
            _STEM, f"{_COUNTERS}.by_reason[{reason}]", count, "not in the vocabulary of B-VETO-2 and B-VETO-3"
        )
        for reason, count in reasons.items()
        if reason not in _REASONS and reason not in further
    ]


@rule(
    "INV-D09",
    "total_vetoes = distinct vetoed intents in the veto log of this run",
    source="kit",
    surfaces=("S6", "AUX-13"),
    reads=("diagnostics",),
    kind="J",
    tier="reference",
    example="total_vetoes 5, the veto log holds 4 intents",
)
def total_vetoes_is_the_log(look: Look, memory: Memory) -> Outcome:
    """An intent vetoed again more than 4096 vetoes later counts as another one."""
    truth = look.truth
    if truth is None:
        return NO_TRUTH
    if truth.new_run:
        memory["count"], memory["seen"] = 0, {}
    elif "count" not in memory:
        return NO_BEFORE
    seen: dict[str, bool] = memory["seen"]
    for veto in truth.vetoes:
        if veto.intent_id not in seen:
            if len(seen) >= _INTENTS:
                del seen[next(iter(seen))]
            seen[veto.intent_id] = True
            memory["count"] += 1
    total, distinct = _total(view(look).counters, "total_vetoes"), memory["count"]
    if total == distinct:
        return ()
    return [found(_STEM, f"{_COUNTERS}.total_vetoes", total, f"{distinct} intents were vetoed in this run")]
