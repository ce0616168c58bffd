"""The forms of KPIs, diagnostics, risk and router (A-04, A-18, A-20, A-22, A-24..A-27, A-50).

Comes in: documents of a tree from outside. Goes out: the same in our form. May import `contract`.
"""

from __future__ import annotations

from typing import Any, Final

from simkit.contract.dialect import PERCENT, UNITS
from simkit.contract.fields import steps
from simkit.contract.foreign_choice import Choice, factor
from simkit.contract.look import Doc
from simkit.contract.readers import parse_time
from simkit.contract.tolerance import near
from simkit.contract.values import num, obj

_COVERAGE: Final = UNITS[0]
_IDLE: Final = ("exits_idle_seconds", "orders_idle_seconds", "router_idle_seconds", "signals_idle_seconds")
_ANOMALIES: Final = ("nav_jump", "var_limit_breach", "cvar_limit_breach", "dd_flap")
_TOTALS: Final = ("total_signals", "total_orders", "total_vetoes")
_LISTED: Final = ("name", "type", "kind", "anomaly", "id")


def words(docs: dict[str, Doc], choice: Choice) -> None:
    """The user's words for states, modes and anomalies."""
    translated = choice.outside.dialect.translated
    risk = docs.get("risk_snapshot", {})
    _say(risk, "risk_mode", translated.get("risk_mode", {}))
    for doc in (risk, docs.get("kpis_v7", {})):
        _say(doc, "dd_state", translated.get("dd_state", {}))
        _say(obj(doc.get("dd_state")), "state", translated.get("dd_state", {}))
    named = translated.get("anomaly", {})
    if named and type(risk.get("anomalies")) is dict:
        risk["anomalies"] = {named.get(name, name): value for name, value in risk["anomalies"].items()}


def _say(holder: Doc, name: str, ours: Any) -> None:
    if type(holder.get(name)) is str and holder[name] in ours:
        holder[name] = ours[holder[name]]


def lift_time(doc: Doc, choice: Choice) -> None:
    """A-04: a surface time inside `runtime_diagnostics` counts where there is none at the top."""
    if any(parse_time(doc.get(name)) is not None for name in ("updated_ts", "updated_at")):
        return
    block = obj(doc.get("runtime_diagnostics"))
    for name in ("updated_ts", "updated_at"):
        if parse_time(block.get(name)) is not None:
            doc[name] = block[name]
            choice.moved("diagnostics", (name,), ("runtime_diagnostics", name))
            choice.note("A-04", "inside runtime_diagnostics", "diagnostics")


def read(docs: dict[str, Doc], choice: Choice) -> None:
    """Our form of S6 to S8."""
    runtime = obj(docs.get("diagnostics", {}).get("runtime_diagnostics"))
    if type(runtime.get("veto_counters")) is dict:
        runtime["veto_counters"] = _counters(runtime["veto_counters"], choice)
    if type(runtime.get("liveness")) is dict:
        _missing(runtime["liveness"], choice)
    if "risk_snapshot" in docs:
        _risk(docs["risk_snapshot"], choice)
    total = obj(obj(docs.get("router_health", {}).get("router_health")).get("global"))
    if total:
        _router(total, choice)


# Units -----------------------------------------------------------------------------------------------------


def units(docs: dict[str, Doc], choice: Choice) -> None:
    """Coverage and drawdowns in our unit (A-18, A-25): by the dialect, else as the numbers beside them say."""
    pipeline = obj(obj(docs.get("diagnostics", {}).get("runtime_diagnostics")).get("exit_pipeline"))
    _scale(pipeline, "tp_sl_coverage_pct", _COVERAGE, "A-18", _coverage_unit(pipeline, choice), choice)
    depth = _depth(docs)
    for field in UNITS[1:]:
        stem, *way, last = steps(field)
        holder = docs.get(stem, {})
        for step in way:
            holder = obj(holder.get(step))
        value = num(holder.get(last))
        if value is not None:
            _scale(holder, last, field, "A-25", _drawdown_unit(value, depth, field), choice)


def _scale(holder: Doc, name: str, field: str, id: str, seen: str, choice: Choice) -> None:
    """Put a number into our unit. `seen` is the unit it shows, empty when it shows none."""
    value, stated = num(holder.get(name)), choice.stated(field)
    if value is None or (not stated and not choice.outside.forms):
        return
    if seen and not stated:
        choice.keeps(id, seen, field)
    unit = stated or choice.kept(id, field) or ("percent" if field in PERCENT else "fraction")
    times = factor(field, unit)
    if times != 1.0:
        holder[name] = value * times


def _coverage_unit(pipeline: Doc, choice: Choice) -> str:
    opened, registered = (
        num(pipeline.get("open_positions_count")),
        num(pipeline.get("tp_sl_registered_count")),
    )
    coverage = num(pipeline.get("tp_sl_coverage_pct"))
    if not opened or not registered or coverage is None:
        return ""
    grain = choice.outside.half("diagnostics.tp_sl_coverage_pct")
    if near(coverage, registered / opened, min(grain, 1e-3)):
        return "fraction"
    return "percent" if near(coverage, 100 * registered / opened, grain) else ""


def _depth(docs: dict[str, Doc]) -> float | None:
    """The drawdown as a fraction, as peak and nav say it."""
    risk, mirror = docs.get("risk_snapshot", {}), docs.get("nav_state", {})
    block = obj(risk.get("drawdown"))
    pairs = (
        (block.get("peak_nav"), block.get("nav", risk.get("nav"))),
        (mirror.get("peak_equity"), mirror.get("total_equity", mirror.get("nav"))),
    )
    for high, low in pairs:
        peak, nav = num(high), num(low)
        if peak is not None and nav is not None and peak > 0:
            return max(0.0, (peak - nav) / peak)
    return None


def _drawdown_unit(value: float, depth: float | None, field: str) -> str:
    """Percent or fraction, by what the drawdown must be; a number beyond 1 is a percent in any case."""
    if depth is not None and depth > 1e-6:
        ratio = value / depth
        return "fraction" if 0.5 < ratio < 2 else "percent" if 50 < ratio < 200 else ""
    return "percent" if 1 < value <= 100 else ""


# Diagnostics -----------------------------------------------------------------------------------------------


def _counters(counters: Doc, choice: Choice) -> Doc:
    """A-50: counts by reason in a map of their own or flat, with or without totals, zeros allowed."""
    where = "diagnostics.veto_counters"
    if "by_reason" not in counters:
        flat = {
            key: value
            for key, value in counters.items()
            if key not in _TOTALS and not key.endswith("_ts") and key != "updated_at"
        }
        head = ("runtime_diagnostics", "veto_counters")
        if choice.keeps("A-50", "flat counters", where):
            for key in flat:
                choice.moved("diagnostics", (*head, "by_reason", f"[{key}]"), (*head, key))
            rest = {key: value for key, value in counters.items() if key not in flat}
            counters = {**rest, "by_reason": flat}
    elif type(counters["by_reason"]) is dict:
        choice.keeps("A-50", "by_reason", where)
    reasons = counters.get("by_reason")
    if type(reasons) is dict and any(value == 0 and value is not False for value in reasons.values()):
        choice.note("A-50", "zero counts", where)
        counters["by_reason"] = {key: value for key, value in reasons.items() if value != 0 or value is False}
    return counters


def _missing(live: Doc, choice: Choice) -> None:
    """A-20: all four keys, only those that are missing, or a list of their names."""
    found, where = live.get("missing"), "diagnostics.liveness.missing"
    if type(found) is list:
        choice.note("A-20", "list", where)
        listed = [str(item) for item in found]
        live["missing"] = {key: any(_same_check(key, name) for name in listed) for key in _IDLE}
    elif type(found) is dict and any(key not in found for key in _IDLE):
        choice.note("A-20", "sparse map", where)
        live["missing"] = {**dict.fromkeys(_IDLE, False), **found}


def _same_check(key: str, name: str) -> bool:
    word = key.partition("_")[0]
    return name in (key, word, f"idle_{word}")


# Risk ------------------------------------------------------------------------------------------------------


def _risk(doc: Doc, choice: Choice) -> None:
    stem = "risk_snapshot"
    if num(doc.get("nav")) is None and num(doc.get("nav_total")) is not None:
        doc["nav"] = doc["nav_total"]
        choice.moved(stem, ("nav",), ("nav_total",))
        choice.note("A-26", "nav_total only", stem)
    _state(doc, choice)
    _anomalies(doc, choice)
    for name, limit in (("var", "max_portfolio_var_nav_pct"), ("cvar", "limit")):
        called = [key for key in obj(doc.get(name)) if "limit" in key or key.startswith("max_")]
        _borrow(doc, name, limit, called, choice)
    _borrow(doc, "var", "portfolio_var_nav_pct", ["var_nav_pct", "value"], choice)


def _borrow(doc: Doc, name: str, ours: str, theirs: list[str], choice: Choice) -> None:
    """Under our name what a block of S7 calls otherwise; the first number counts."""
    block = obj(doc.get(name))
    found = next((other for other in theirs if num(block.get(other)) is not None), None)
    if found is not None and ours not in block:
        block[ours] = block[found]
        choice.moved("risk_snapshot", (name, ours), (name, found))


def _state(doc: Doc, choice: Choice) -> None:
    """A-24: the state as a word or an object, its drawdown at the top or inside."""
    stem, state, top = "risk_snapshot", doc.get("dd_state"), doc.get("drawdown")
    if type(state) is str:
        choice.note("A-24", "string", f"{stem}.dd_state")
        choice.moved(stem, ("dd_state", "state"), ("dd_state",))
        state = doc["dd_state"] = {"state": state}
    elif type(state) is dict:
        choice.note("A-24", "object", f"{stem}.dd_state")
        if "state" not in state and type(state.get("dd_state")) is str:
            state["state"] = state["dd_state"]
            choice.moved(stem, ("dd_state", "state"), ("dd_state", "dd_state"))
    if type(state) is not dict:
        return
    inner, outer = num(obj(state.get("drawdown")).get("dd_pct")), num(obj(top).get("dd_pct"))
    if inner is None and outer is not None and "drawdown" not in state:
        state["drawdown"] = {"dd_pct": outer}
        choice.moved(stem, ("dd_state", "drawdown"), ("drawdown",))
    elif outer is None and inner is not None and top is None:
        doc["drawdown"] = {"dd_pct": inner}
        choice.moved(stem, ("drawdown",), ("dd_state", "drawdown"))
        choice.note("A-24", "dd_pct inside dd_state only", stem)


def _anomalies(doc: Doc, choice: Choice) -> None:
    """A-27: an object, a list, or flags that may be false or stand at the top."""
    stem, found = "risk_snapshot", doc.get("anomalies")
    where = f"{stem}.anomalies"
    if type(found) is list:
        choice.note("A-27", "list", where)
        doc["anomalies"] = {_anomaly_name(item): True for item in found}
    elif type(found) is dict and any(value is False or value is None for value in found.values()):
        choice.note("A-27", "flags", where)
        doc["anomalies"] = {
            key: value for key, value in found.items() if value is not False and value is not None
        }
    elif found is None and any(name in doc for name in _ANOMALIES):
        choice.note("A-27", "flags at the top level", stem)
        doc["anomalies"] = {name: doc[name] for name in _ANOMALIES if doc.get(name) not in (None, False)}
        for name in _ANOMALIES:
            choice.moved(stem, ("anomalies", name), (name,))


def _anomaly_name(item: object) -> str:
    if type(item) is dict:
        return next((item[key] for key in _LISTED if type(item.get(key)) is str), "?")
    return str(item)


# Router ----------------------------------------------------------------------------------------------------

#: Our flat name, and where its value may stand instead: a literal key or a member of a group (A-22).
_GROUPED: Final = (
    ("avg_slippage_bps", "slippage", "avg_bps"),
    ("slippage_drift_bps", "slippage", "drift_bps"),
    ("avg_latency_ms", "latency", "avg_ms"),
    ("slippage_drift_bucket", "buckets", "slippage"),
    ("latency_bucket", "buckets", "latency"),
    ("router_bucket", "buckets", "router"),
)


def _router(total: Doc, choice: Choice) -> None:
    """A-22: slippage, latency and buckets as groups, as plain numbers or under their flat names."""
    head = ("router_health", "global")
    for flat, group, member in _GROUPED:
        held = total.get(group)
        if flat in total:
            continue
        if type(held) is dict and member in held:
            total[flat] = held[member]
            choice.moved("router_health", (*head, flat), (*head, group, member))
            choice.note("A-22", "grouped only", "router_health.global")
        elif num(held) is not None and member.startswith("avg_"):
            total[flat] = held
            choice.moved("router_health", (*head, flat), (*head, group))
            choice.note("A-22", "literal keys", "router_health.global")
    for group in ("slippage", "latency"):
        if num(total.get(group)) is not None:
            del total[group]
