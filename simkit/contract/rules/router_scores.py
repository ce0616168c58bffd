"""Rules on the scores and buckets of S8 router_health (INV-H02, H03), and the parts of it that others read.

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.foreign import coarse, foreign
from simkit.contract.look import Doc, Look
from simkit.contract.tolerance import HALF_FRACTION, HALF_SCORE, near
from simkit.contract.values import found, num, obj

STEM = "router_health"
GLOBAL = "router_health.global"

_QUOTES = ("USDT", "USDC", "BUSD", "USD")
_CLASSES = {
    **dict.fromkeys(("BTC", "ETH"), "A_HIGH"),
    **dict.fromkeys(("SOL", "LTC", "LINK", "XRP", "BNB", "ADA"), "B_MEDIUM"),
    **dict.fromkeys(("DOGE", "SUI", "WIF", "PEPE", "SHIB", "FLOKI"), "C_LOW"),
}
_CLASS_STEP = {"A_HIGH": 0.0, "B_MEDIUM": -0.05, "C_LOW": -0.15, "GENERIC": 0.0}
_SLIPPAGE_STEP = {"GREEN": 0.0, "YELLOW": 0.05, "RED": 0.12}
_LATENCY_STEP = {"FAST": 0.0, "NORMAL": 0.03, "SLOW": 0.08}


def router_class(symbol: str) -> str:
    for quote in _QUOTES:
        if symbol.endswith(quote):
            return _CLASSES.get(symbol.removesuffix(quote), "GENERIC")
    return _CLASSES.get(symbol, "GENERIC")


def _slippage_bucket(drift: float) -> str:
    return "GREEN" if drift <= 2 else "YELLOW" if drift <= 6 else "RED"


def _latency_bucket(latency: float) -> str:
    return "FAST" if latency <= 150 else "NORMAL" if latency <= 400 else "SLOW"


_DRIFT_EDGES = ((2.0, "GREEN", "YELLOW"), (6.0, "YELLOW", "RED"))
_LATENCY_EDGES = ((150.0, "FAST", "NORMAL"), (400.0, "NORMAL", "SLOW"))
Edges = tuple[tuple[float, str, str], ...]


def _slippage_buckets(look: Look, drift: float) -> list[str]:
    return [_slippage_bucket(drift), *_beside(look, "slippage_drift_bps", drift, _DRIFT_EDGES)]


def _latency_buckets(look: Look, latency: float) -> list[str]:
    return [_latency_bucket(latency), *_beside(look, "avg_latency_ms", latency, _LATENCY_EDGES)]


def _beside(look: Look, name: str, value: float, edges: Edges) -> list[str]:
    """On a foreign tree: the buckets on both sides of an edge that lies within the grain of the value."""
    if foreign(look) is None:
        return []
    field = (f"{STEM}.{name}", 1.0)
    return [label for edge, *both in edges if coarse(look, value, edge, field) for label in both]


def block_of(look: Look) -> Doc:
    block = look.docs[STEM].get("router_health")
    if type(block) is not dict:
        raise LackingError("router_health.router_health is no object")
    return block


def rows_in(look: Look) -> list[tuple[str, Doc]]:
    return [
        (symbol, row) for symbol, row in obj(block_of(look).get("per_symbol")).items() if type(row) is dict
    ]


def row_at(symbol: str, name: str) -> str:
    return f"router_health.per_symbol[{symbol}].{name}"


def _scores(look: Look, row: Doc, kind: str) -> list[float]:
    """B-RTR-6 on published inputs; empty when one is missing, several where an input may lie in two buckets."""
    drift, latency, twap = (
        num(row.get("slippage_drift_bps")),
        num(row.get("avg_latency_ms")),
        num(row.get("twap_usage_ratio")),
    )
    if drift is None or latency is None or twap is None:
        return []
    most = 0.80 + _CLASS_STEP.get(kind, 0.0) - 0.10 * min(1.0, max(0.0, 1.0 - twap))
    return [
        min(1.0, max(0.2, most - _SLIPPAGE_STEP[slippage] - _LATENCY_STEP[speed]))
        for slippage in _slippage_buckets(look, drift)
        for speed in _latency_buckets(look, latency)
    ]


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
    total = obj(block_of(look).get("global"))
    out = [
        fault
        for symbol, row in rows_in(look)
        for fault in _score_faults(look, row, row_at(symbol, "quality_score"), router_class(symbol))
    ]
    kind = str(total.get("router_bucket", "B_MEDIUM"))
    return out + _score_faults(look, total, f"{GLOBAL}.quality_score", kind)


def _score_faults(look: Look, row: Doc, place: str, kind: str) -> list[Found]:
    stated = row.get("quality_score")
    if stated is None:
        return []
    score = num(stated)
    if score is None or not 0.2 <= score <= 1.0:
        return [found(STEM, place, stated, "null or 0.2..1.0")]
    wanted = _scores(look, row, kind)
    grains = ((f"{STEM}.quality_score", 1.0), (f"{STEM}.twap_usage_ratio", 0.1))
    for value in wanted:
        if near(score, value, HALF_SCORE + 0.1 * HALF_FRACTION) or coarse(look, score, value, *grains):
            return []
    return [found(STEM, place, score, f"B-RTR-6 gives {wanted[0]:.9f} for {kind}")] if wanted else []


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
    total = obj(block_of(look).get("global"))
    out: list[Found] = []
    for symbol, row in rows_in(look):
        out += _bucket_faults(look, row, row_at(symbol, ""))
        label = row.get("router_bucket")
        if label is not None and label != router_class(symbol):
            out.append(found(STEM, row_at(symbol, "router_bucket"), label, f"must be {router_class(symbol)}"))
    out += _bucket_faults(look, total, f"{GLOBAL}.")
    grouped = total.get("buckets")
    if type(grouped) is dict:
        pairs = (
            ("slippage", "slippage_drift_bucket"),
            ("latency", "latency_bucket"),
            ("router", "router_bucket"),
        )
        for name, flat in pairs:
            if flat in total and name in grouped and grouped[name] != total[flat]:
                out.append(found(STEM, f"{GLOBAL}.buckets.{name}", grouped[name], f"{flat} is {total[flat]}"))
    return out


def _bucket_faults(look: Look, row: Doc, head: str) -> list[Found]:
    out: list[Found] = []
    drift, latency = num(row.get("slippage_drift_bps")), num(row.get("avg_latency_ms"))
    label = row.get("slippage_drift_bucket")
    if drift is not None and label is not None and label not in _slippage_buckets(look, drift):
        out.append(
            found(STEM, f"{head}slippage_drift_bucket", label, f"drift {drift} is {_slippage_bucket(drift)}")
        )
    label = row.get("latency_bucket")
    if latency is not None and label is not None and label not in _latency_buckets(look, latency):
        out.append(found(STEM, f"{head}latency_bucket", label, f"{latency} ms is {_latency_bucket(latency)}"))
    return out
