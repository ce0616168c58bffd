"""Rules on S8 router_health (INV-H01..H06, H08, H10).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

import math
from typing import Any

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.look import Doc, Look
from simkit.contract.readers import parse_time
from simkit.contract.tolerance import HALF_BPS, HALF_FRACTION, HALF_MS, HALF_SCORE, HALF_USD, near
from simkit.contract.values import found, num, obj
from simkit.contract.view import view

_STEM = "router_health"
_GLOBAL = "router_health.global"

_QUOTES = ("USDT", "USDC", "BUSD", "USD")
_CLASSES = {
    **dict.fromkeys(("BTC", "ETH"), "A_HIGH"),
    **dict.fromkeys(("SOL", "LTC", "LINK", "XRP", "BNB", "ADA"), "B_MEDIUM"),
    **dict.fromkeys(("DOGE", "SUI", "WIF", "PEPE", "SHIB", "FLOKI"), "C_LOW"),
}
_CLASS_STEP = {"A_HIGH": 0.0, "B_MEDIUM": -0.05, "C_LOW": -0.15, "GENERIC": 0.0}
_SLIPPAGE_STEP = {"GREEN": 0.0, "YELLOW": 0.05, "RED": 0.12}
_LATENCY_STEP = {"FAST": 0.0, "NORMAL": 0.03, "SLOW": 0.08}


def _router_class(symbol: str) -> str:
    for quote in _QUOTES:
        if symbol.endswith(quote):
            return _CLASSES.get(symbol.removesuffix(quote), "GENERIC")
    return _CLASSES.get(symbol, "GENERIC")


def _slippage_bucket(drift: float) -> str:
    return "GREEN" if drift <= 2 else "YELLOW" if drift <= 6 else "RED"


def _latency_bucket(latency: float) -> str:
    return "FAST" if latency <= 150 else "NORMAL" if latency <= 400 else "SLOW"


def _block(look: Look) -> Doc:
    block = look.docs[_STEM].get("router_health")
    if type(block) is not dict:
        raise LackingError("router_health.router_health is no object")
    return block


def _rows(look: Look) -> list[tuple[str, Doc]]:
    return [(symbol, row) for symbol, row in obj(_block(look).get("per_symbol")).items() if type(row) is dict]


def _row_at(symbol: str, name: str) -> str:
    return f"router_health.per_symbol[{symbol}].{name}"


@rule(
    "INV-H01",
    "updated_ts, router_health.global, router_health.per_symbol (object) present, also without fills",
    source="tbl",
    surfaces=("S8",),
    reads=("router_health",),
    kind="W",
    tier="contract",
    example="block missing (D-30); array",
)
def router_blocks_are_there(look: Look, memory: Memory) -> Outcome:
    doc = look.docs[_STEM]
    block = doc.get("router_health")
    out: list[Found] = []
    if view(look).times.get(_STEM) is None:
        out.append(found(_STEM, "updated_ts", doc.get("updated_ts", "absent"), "must be a time"))
    if type(block) is not dict:
        return [*out, found(_STEM, "router_health", doc.get("router_health", "absent"), "must be an object")]
    return out + [
        found(
            _STEM, f"router_health.{name}", block.get(name, "absent"), "must be an object, also without fills"
        )
        for name in ("global", "per_symbol")
        if type(block.get(name)) is not dict
    ]


def _score(row: Doc, router_class: str) -> float | None:
    """B-RTR-6 on published inputs; None when one is missing."""
    drift, latency, twap = (
        num(row.get("slippage_drift_bps")),
        num(row.get("avg_latency_ms")),
        num(row.get("twap_usage_ratio")),
    )
    if drift is None or latency is None or twap is None:
        return None
    score = 0.80 + _CLASS_STEP.get(router_class, 0.0)
    score -= _SLIPPAGE_STEP[_slippage_bucket(drift)] + _LATENCY_STEP[_latency_bucket(latency)]
    score -= 0.10 * min(1.0, max(0.0, 1.0 - twap))
    return min(1.0, max(0.2, score))


@rule(
    "INV-H02",
    (
        "score null or 0.2..1.0 and equal to B-RTR-6 on the published inputs; another score formula is a "
        "foreign matter"
    ),
    source="sys",
    surfaces=("S8",),
    reads=("router_health",),
    kind="W",
    tier="reference",
    example="quality_score 0.9 where the formula gives 0.8",
    part="router",
)
def scores_follow_the_formula(look: Look, memory: Memory) -> Outcome:
    total = obj(_block(look).get("global"))
    out = [
        fault
        for symbol, row in _rows(look)
        for fault in _score_faults(row, _row_at(symbol, "quality_score"), _router_class(symbol))
    ]
    return out + _score_faults(total, f"{_GLOBAL}.quality_score", str(total.get("router_bucket", "B_MEDIUM")))


def _score_faults(row: Doc, place: str, router_class: str) -> list[Found]:
    stated = row.get("quality_score")
    if stated is None:
        return []
    score = num(stated)
    if score is None or not 0.2 <= score <= 1.0:
        return [found(_STEM, place, stated, "null or 0.2..1.0")]
    wanted = _score(row, router_class)
    if wanted is None or near(score, wanted, HALF_SCORE + 0.1 * HALF_FRACTION):
        return []
    return [found(_STEM, place, score, f"B-RTR-6 gives {wanted:.9f} for {router_class}")]


@rule(
    "INV-H03",
    "bucket labels match the values by B-RTR-5",
    source="tbl, sys",
    surfaces=("S8",),
    reads=("router_health",),
    kind="W",
    tier="reference",
    example="drift 7, YELLOW",
    part="router",
)
def buckets_match_the_values(look: Look, memory: Memory) -> Outcome:
    total = obj(_block(look).get("global"))
    out: list[Found] = []
    for symbol, row in _rows(look):
        out += _bucket_faults(row, _row_at(symbol, ""))
        label = row.get("router_bucket")
        if label is not None and label != _router_class(symbol):
            out.append(
                found(_STEM, _row_at(symbol, "router_bucket"), label, f"must be {_router_class(symbol)}")
            )
    out += _bucket_faults(total, f"{_GLOBAL}.")
    grouped = total.get("buckets")
    if type(grouped) is dict:
        pairs = (
            ("slippage", "slippage_drift_bucket"),
            ("latency", "latency_bucket"),
            ("router", "router_bucket"),
        )
        for name, flat in pairs:
            if flat in total and name in grouped and grouped[name] != total[flat]:
                out.append(
                    found(_STEM, f"{_GLOBAL}.buckets.{name}", grouped[name], f"{flat} is {total[flat]}")
                )
    return out


def _bucket_faults(row: Doc, head: str) -> list[Found]:
    out: list[Found] = []
    drift, latency = num(row.get("slippage_drift_bps")), num(row.get("avg_latency_ms"))
    label = row.get("slippage_drift_bucket")
    if drift is not None and label is not None and label != _slippage_bucket(drift):
        out.append(
            found(_STEM, f"{head}slippage_drift_bucket", label, f"drift {drift} is {_slippage_bucket(drift)}")
        )
    label = row.get("latency_bucket")
    if latency is not None and label is not None and label != _latency_bucket(latency):
        out.append(
            found(_STEM, f"{head}latency_bucket", label, f"{latency} ms is {_latency_bucket(latency)}")
        )
    return out


@rule(
    "INV-H04",
    "twap_usage_ratio = twap_notional/total_notional, 0..1",
    source="tbl, sys",
    surfaces=("S8",),
    reads=("router_health",),
    kind="W",
    tier="reference",
    example="ratio 0.5 with no TWAP notional",
    part="router",
)
def twap_ratio_is_the_share(look: Look, memory: Memory) -> Outcome:
    out: list[Found] = []
    for symbol, row in _rows(look):
        ratio, part, whole = (
            num(row.get("twap_usage_ratio")),
            num(row.get("twap_notional")),
            num(row.get("total_notional")),
        )
        if ratio is None or part is None or whole is None:
            continue
        wanted = part / whole if whole > 0 else 0.0
        grain = HALF_FRACTION + (2 * HALF_USD / whole if whole > 0 else 0.0)
        if not 0 <= ratio <= 1 or not near(ratio, wanted, grain):
            out.append(
                found(_STEM, _row_at(symbol, "twap_usage_ratio"), ratio, f"{part} / {whole} = {wanted:.9f}")
            )
    return out


@rule(
    "INV-H05",
    "child_orders.count = 0 ⇔ twap_notional = 0; fill_ratio ≥ 0",
    source="tbl, sys",
    surfaces=("S8",),
    reads=("router_health",),
    kind="W",
    tier="reference",
    severity="W",
    example="count 0 beside a TWAP notional of 500",
    part="router",
)
def children_are_twap(look: Look, memory: Memory) -> Outcome:
    out: list[Found] = []
    for symbol, row in _rows(look):
        children = obj(row.get("child_orders"))
        count, ratio, part = (
            num(children.get("count")),
            num(children.get("fill_ratio")),
            num(row.get("twap_notional")),
        )
        if count is not None and part is not None and (count == 0) is not (part == 0):
            out.append(found(_STEM, _row_at(symbol, "child_orders.count"), count, f"TWAP notional is {part}"))
        if ratio is not None and ratio < 0:
            out.append(found(_STEM, _row_at(symbol, "child_orders.fill_ratio"), ratio, "must be >= 0"))
    return out


@rule(
    "INV-H06",
    "global values = weighted per-symbol values (B-RTR-7)",
    source="sys",
    surfaces=("S8",),
    reads=("router_health",),
    kind="W",
    tier="reference",
    example="plain mean used",
    part="router",
)
def global_is_the_weighted_mean(look: Look, memory: Memory) -> Outcome:
    rows, total = _rows(look), obj(_block(look).get("global"))
    if not rows:
        return ()
    notionals = [num(row.get("total_notional")) for _, row in rows]
    if any(value is None for value in notionals):
        raise LackingError("total_notional is not emitted for every symbol")
    weights = [value or 1.0 for value in notionals]
    whole = math.fsum(weights)
    out: list[Found] = []
    fields = (("avg_slippage_bps", HALF_BPS), ("slippage_drift_bps", HALF_BPS), ("avg_latency_ms", HALF_MS))
    for name, grain in fields:
        values = [num(row.get(name)) for _, row in rows]
        stated = num(total.get(name))
        if stated is None or any(value is None for value in values):
            continue
        wanted = math.fsum(w * (v or 0.0) for w, v in zip(weights, values, strict=True)) / whole
        if not near(stated, wanted, 2 * grain + HALF_USD):
            out.append(found(_STEM, f"{_GLOBAL}.{name}", stated, f"weighted by notional it is {wanted:.6f}"))
    return out + _global_shares(rows, weights, total)


def _global_shares(rows: list[tuple[str, Doc]], weights: list[float], total: Doc) -> list[Found]:
    out: list[Found] = []
    money = [(num(row.get("twap_notional")), num(row.get("total_notional"))) for _, row in rows]
    ratio = num(total.get("twap_usage_ratio"))
    if ratio is not None and all(part is not None for part, _ in money):
        part, whole = math.fsum(p or 0.0 for p, _ in money), math.fsum(w or 0.0 for _, w in money)
        wanted = part / whole if whole > 0 else 0.0
        if not near(ratio, wanted, HALF_FRACTION + (len(money) * 2 * HALF_USD / whole if whole > 0 else 0.0)):
            out.append(found(_STEM, f"{_GLOBAL}.twap_usage_ratio", ratio, f"{part} / {whole} = {wanted:.9f}"))
    label: Any = total.get("router_bucket")
    if type(label) is str:
        heavy: dict[str, float] = {}
        for (symbol, _), weight in zip(rows, weights, strict=True):
            name = _router_class(symbol)
            heavy[name] = heavy.get(name, 0.0) + weight
        top = max(heavy.values())
        if not (label in heavy and near(heavy[label], top, HALF_USD * len(rows))):
            out.append(found(_STEM, f"{_GLOBAL}.router_bucket", label, f"the weights are {heavy}"))
    return out


@rule(
    "INV-H08",
    "last_order_ts ≤ last_fill_ts ≤ updated_ts",
    source="sys",
    surfaces=("S8",),
    reads=("router_health",),
    kind="W",
    tier="reference",
    example="last_fill_ts after updated_ts",
)
def router_times_are_in_order(look: Look, memory: Memory) -> Outcome:
    now = view(look).times.get(_STEM)
    out: list[Found] = []
    for symbol, row in _rows(look):
        order, fill = parse_time(row.get("last_order_ts")), parse_time(row.get("last_fill_ts"))
        if order is not None and fill is not None and order > fill:
            out.append(
                found(
                    _STEM,
                    _row_at(symbol, "last_order_ts"),
                    row["last_order_ts"],
                    f"after the fill {row['last_fill_ts']}",
                )
            )
        latest = fill if fill is not None else order
        if latest is not None and now is not None and latest > now:
            out.append(
                found(
                    _STEM, _row_at(symbol, "last_fill_ts"), row.get("last_fill_ts"), "later than updated_ts"
                )
            )
    return out


@rule(
    "INV-H10",
    (
        "router_health_score = global.quality_score; Σ quality_counts = scored symbols (good and broken "
        "stay 0, §10)"
    ),
    source="sys",
    surfaces=("S8",),
    reads=("router_health",),
    kind="W",
    tier="reference",
    severity="W",
    example="router_health_score 0.65, global.quality_score 0.80",
    part="router",
)
def summary_agrees(look: Look, memory: Memory) -> Outcome:
    doc, total = look.docs[_STEM], obj(_block(look).get("global"))
    out: list[Found] = []
    if "router_health_score" in doc and doc["router_health_score"] != total.get("quality_score"):
        text = f"global.quality_score is {total.get('quality_score')}"
        out.append(found(_STEM, "router_health_score", doc["router_health_score"], text))
    counts = obj(doc.get("summary")).get("quality_counts")
    if type(counts) is dict:
        listed = [num(counts.get(name)) or 0 for name in ("good", "ok", "degraded", "broken")]
        scored = len([row for _, row in _rows(look) if row.get("quality_score") is not None])
        if math.fsum(listed) != scored:
            out.append(found(_STEM, "summary.quality_counts", counts, f"{scored} symbols have a score"))
    return out
