"""Rules on S11 against the run before it and the other files of its intel loop (INV-F10, F11, F13).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

import math
from collections import deque

from simkit.contract.finding import Found, LackingError, Memory, NotEvaluated, Outcome, rule
from simkit.contract.look import Doc, Look, Truth
from simkit.contract.tolerance import HALF_FRACTION, HALF_RV, HALF_SCORE, HALF_USD, near
from simkit.contract.values import NO_BEFORE, NO_TRUTH, found, need, num, obj, rows_of
from simkit.contract.view import view

_STEM = "factor_diagnostics"
_ROUTER = "router_health"
_RV = "rv_momentum"
_SCORES = "symbol_scores_v6"
_DAY_US = 86_400_000_000
#: What stands for router quality where there is no data (B-HYB-1).
_NO_DATA = 0.5


@rule(
    "INV-F10",
    "abs(w_t − w_{t−1}) ≤ α·(max − min)",
    source="fac",
    surfaces=("S11",),
    reads=("factor_diagnostics",),
    kind="T",
    tier="reference",
    example="unsmoothed jump",
)
def weights_move_smoothly(look: Look, memory: Memory) -> Outcome:
    """Against the weights last seen. Other factors or other bounds begin anew, and so does a new process that
    finds no file (B-RST-2). Bounds that cannot be met leave nothing to smooth."""
    before, doc, truth = look.before, look.docs[_STEM], look.truth
    if memory.get("doc") is doc:
        return ()
    weights, settings = {name: num(w) for name, w in obj(doc.get("weights")).items()}, look.settings.intel
    then: dict[str, float | None] = memory.get("weights", {})
    bounds = (settings.weight_min, settings.weight_max)
    if truth is not None and truth.new_run and before is not None and _STEM not in before.docs:
        then = {}
    is_new = then.keys() != weights.keys() or memory.get("bounds") != bounds
    memory["doc"], memory["weights"], memory["bounds"] = doc, weights, bounds
    low, high = bounds
    if before is None:
        return NO_BEFORE
    if is_new or not weights or not len(weights) * low <= 1 <= len(weights) * high:
        return ()
    most = settings.weight_smoothing * (high - low)
    out: list[Found] = []
    for name, weight in weights.items():
        last = then[name]
        if weight is None or last is None:
            raise LackingError(f"weights[{name}] is no number")
        step = abs(weight - last)
        if step > most and not near(step, most, HALF_FRACTION * 2):
            out.append(found(_STEM, f"weights[{name}]", weight, f"was {last}; may move by {most:.9f}"))
    return out


@rule(
    "INV-F11",
    "pnl_attribution.window_days = config echo; Σ by_factor = realised PnL of closes in the window",
    source="fac, sys",
    surfaces=("S11", "AUX-12"),
    reads=("factor_diagnostics",),
    kind="J",
    tier="reference",
    example="empty map with closes (D-27)",
)
def attribution_adds_up(look: Look, memory: Memory) -> Outcome:
    """The log outlives a process, so the closes before a restart count. Memory: one pair per close inside the
    window."""
    doc, truth = look.docs[_STEM], look.truth
    if truth is not None:
        if "since" not in memory:
            memory["closes"] = deque()
            memory["since"] = -1 if truth.new_run and look.before is None else look.ts
        if truth.fills:
            _remember(look, truth, memory["closes"])
    if memory.get("doc") is not doc:
        memory["doc"], memory["outcome"] = doc, _attributed(look, doc, memory)
    outcome: Outcome = memory["outcome"]
    return outcome


def _remember(look: Look, truth: Truth, closes: deque[tuple[int, float]]) -> None:
    closes.extend([(fill.ts or look.ts, fill.realized) for fill in truth.fills if fill.realized])
    oldest = look.ts - round(look.settings.intel.pnl_attribution_lookback_days * _DAY_US)
    while closes and closes[0][0] < oldest:
        closes.popleft()


def _attributed(look: Look, doc: Doc, memory: Memory) -> Outcome:
    attribution, config = obj(doc.get("pnl_attribution")), obj(doc.get("config"))
    days = need(num(attribution.get("window_days")), "pnl_attribution.window_days")
    echo = num(config.get("pnl_attribution_lookback_days"))
    out: list[Found] = []
    if echo is not None and days != echo:
        out.append(found(_STEM, "pnl_attribution.window_days", days, f"config has {echo}"))
    if look.truth is None:
        return out or NO_TRUTH
    if view(look).times[_STEM] != look.ts:
        return out or NotEvaluated("the file is not of the loop in which it is first seen")
    window = round(days * _DAY_US)
    closes = [pnl for ts, pnl in memory["closes"] if ts >= look.ts - window]
    if memory["since"] >= 0 and look.ts - memory["since"] <= window:
        return out or NO_BEFORE
    shares = obj(attribution.get("by_factor"))
    values = [need(num(value), f"pnl_attribution.by_factor[{name}]") for name, value in shares.items()]
    total, wanted = math.fsum(values), math.fsum(closes)
    if not near(total, wanted, HALF_USD * (1 + len(values) + len(closes))):
        text = f"closes of the last {days} days realised {wanted:.6f}"
        out.append(found(_STEM, "pnl_attribution.by_factor", f"{total:.6f}", text))
    return out


@rule(
    "INV-F13",
    (
        "in the tree of an intel loop the raw inputs agree with their sources: router_quality = S8 score of "
        "the symbol (the documented default when null), rv_momentum = S10 score; expectancy and vol_regime "
        "are not one constant over all vectors where their sources (S9 inputs, symbol regimes) vary; a "
        "missing source counts as 0"
    ),
    source="sys",
    surfaces=("S8", "S9", "S10", "S11"),
    reads=("factor_diagnostics", "router_health"),
    kind="X",
    tier="reference",
    example="trend .5, carry 0, rv 0, vol_regime 1 for every symbol (`legacy: [D-24]`)",
)
def raw_inputs_have_sources(look: Look, memory: Memory) -> Outcome:
    """The vector of a SHORT may carry the score of S10 with its sign turned: it speaks for the other side."""
    docs, times = look.docs, view(look).times
    doc, at = docs[_STEM], times[_STEM]
    if at is None or times[_ROUTER] != at:
        return ()  # no tree of an intel loop
    key = (docs[_STEM], docs[_ROUTER], docs.get(_RV), docs.get(_SCORES))
    then = memory.get("key")
    if then is not None and all(old is new for old, new in zip(then, key, strict=True)):
        outcome: Outcome = memory["outcome"]
        return outcome
    vectors = {k: v for k, v in obj(doc.get("raw_factors")).items() if type(v) is dict}
    out = _router_faults(vectors, obj(obj(docs[_ROUTER].get("router_health")).get("per_symbol")))
    if times.get(_RV, at) == at and _RV not in look.unreadable:
        out += _rv_faults(vectors, obj(docs.get(_RV, {}).get("per_symbol")))
    sources = {}
    if times.get(_SCORES) == at:
        for row in rows_of(docs[_SCORES].get("symbols")):
            sources[str(obj(row).get("symbol"))] = num(obj(obj(row).get("inputs")).get("expectancy")) or 0.0
    expectancies = [sources.get(key.rpartition(":")[0], 0.0) for key in vectors]
    regimes = [vector.get("regime") for vector in vectors.values()]
    out += _constant(vectors, "expectancy", expectancies) + _constant(vectors, "vol_regime", regimes)
    memory["key"], memory["outcome"] = key, out
    return out


def _inputs(vectors: dict[str, Doc], name: str) -> dict[str, float]:
    """The raw values of one factor by key; a vector that lacks it is not judged."""
    found_: dict[str, float] = {}
    for key, vector in vectors.items():
        value = num(obj(vector.get("factors")).get(name))
        if value is not None:
            found_[key] = value
    return found_


def _place(key: str, name: str) -> str:
    return f"raw_factors[{key}].factors.{name}"


def _router_faults(vectors: dict[str, Doc], rows: Doc) -> list[Found]:
    out: list[Found] = []
    for key, value in _inputs(vectors, "router_quality").items():
        score = num(obj(rows.get(key.rpartition(":")[0])).get("quality_score"))
        wanted = _NO_DATA if score is None else score
        if value != wanted and not near(value, wanted, HALF_SCORE * 2):
            text = f"router_health has {'null' if score is None else score}: {wanted}"
            out.append(found(_STEM, _place(key, "router_quality"), value, text))
    return out


def _rv_faults(vectors: dict[str, Doc], rows: Doc) -> list[Found]:
    out: list[Found] = []
    for key, value in _inputs(vectors, "rv_momentum").items():
        symbol, _, direction = key.rpartition(":")
        score = num(obj(rows.get(symbol)).get("score")) or 0.0
        allowed = (score, -score) if direction == "SHORT" else (score,)
        if not any(near(value, wanted, HALF_RV + HALF_SCORE) for wanted in allowed):
            out.append(found(_STEM, _place(key, "rv_momentum"), value, f"rv_momentum.json has {score}"))
    return out


def _constant(vectors: dict[str, Doc], name: str, sources: list[object] | list[float]) -> list[Found]:
    values = list(_inputs(vectors, name).values())
    if len(values) < 2 or len(dict.fromkeys(values)) > 1 or len(dict.fromkeys(map(str, sources))) < 2:
        return []
    text = f"{name} is one constant in {len(values)} vectors, its sources vary"
    return [found(_STEM, "raw_factors", values[0], text)]
