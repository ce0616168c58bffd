"""Rules on S8 router_health: its blocks, shares, means, times and summary (INV-H01, H04..H06, H08, H10).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

import math
from typing import Any

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.foreign import coarse
from simkit.contract.look import Doc, Look
from simkit.contract.readers import parse_time
from simkit.contract.rules.router_scores import GLOBAL, STEM, block_of, router_class, row_at, rows_in
from simkit.contract.tolerance import HALF_BPS, HALF_FRACTION, HALF_MS, HALF_USD, near
from simkit.contract.values import found, num, obj
from simkit.contract.view import view


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
    doc = look.docs[STEM]
    block = doc.get("router_health")
    out: list[Found] = []
    if view(look).times.get(STEM) is None:
        out.append(found(STEM, "updated_ts", doc.get("updated_ts", "absent"), "must be a time"))
    if type(block) is not dict:
        return [*out, found(STEM, "router_health", doc.get("router_health", "absent"), "must be an object")]
    return out + [
        found(
            STEM, f"router_health.{name}", block.get(name, "absent"), "must be an object, also without fills"
        )
        for name in ("global", "per_symbol")
        if type(block.get(name)) is not dict
    ]


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
    for symbol, row in rows_in(look):
        ratio, part, whole = (
            num(row.get("twap_usage_ratio")),
            num(row.get("twap_notional")),
            num(row.get("total_notional")),
        )
        if ratio is None or part is None or whole is None:
            continue
        wanted = part / whole if whole > 0 else 0.0
        grain = HALF_FRACTION + (2 * HALF_USD / whole if whole > 0 else 0.0)
        if not 0 <= ratio <= 1 or not (
            near(ratio, wanted, grain) or coarse(look, ratio, wanted, *_share_grains(part, whole))
        ):
            out.append(
                found(STEM, row_at(symbol, "twap_usage_ratio"), ratio, f"{part} / {whole} = {wanted:.9f}")
            )
    return out


def _share_grains(part: float, whole: float, rows: int = 1) -> tuple[tuple[str, float], ...]:
    """The printed inputs of `part / whole`, sums over that many rows, and its result."""
    if whole <= 0:
        return ((f"{STEM}.twap_usage_ratio", 1.0),)
    return (
        (f"{STEM}.twap_usage_ratio", 1.0),
        (f"{STEM}.twap_notional", rows / whole),
        (f"{STEM}.total_notional", rows * part / whole**2),
    )


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
    for symbol, row in rows_in(look):
        children = obj(row.get("child_orders"))
        count, ratio, part = (
            num(children.get("count")),
            num(children.get("fill_ratio")),
            num(row.get("twap_notional")),
        )
        if count is not None and part is not None and (count == 0) is not (part == 0):
            out.append(found(STEM, row_at(symbol, "child_orders.count"), count, f"TWAP notional is {part}"))
        if ratio is not None and ratio < 0:
            out.append(found(STEM, row_at(symbol, "child_orders.fill_ratio"), ratio, "must be >= 0"))
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
    rows, total = rows_in(look), obj(block_of(look).get("global"))
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
        values = [value for _, row in rows if (value := num(row.get(name))) is not None]
        stated = num(total.get(name))
        if stated is None or len(values) < len(rows):
            continue
        wanted = math.fsum(w * v for w, v in zip(weights, values, strict=True)) / whole
        spread = math.fsum(abs(value - wanted) for value in values) / whole
        grains = ((f"{STEM}.{name}", 2.0), (f"{STEM}.total_notional", spread))
        if not near(stated, wanted, 2 * grain + HALF_USD) and not coarse(look, stated, wanted, *grains):
            out.append(found(STEM, f"{GLOBAL}.{name}", stated, f"weighted by notional it is {wanted:.6f}"))
    return out + _global_shares(look, rows, weights, total)


def _global_shares(look: Look, rows: list[tuple[str, Doc]], weights: list[float], total: Doc) -> list[Found]:
    out: list[Found] = []
    money = [(num(row.get("twap_notional")), num(row.get("total_notional"))) for _, row in rows]
    ratio = num(total.get("twap_usage_ratio"))
    if ratio is not None and all(part is not None for part, _ in money):
        part, whole = math.fsum(p or 0.0 for p, _ in money), math.fsum(w or 0.0 for _, w in money)
        wanted = part / whole if whole > 0 else 0.0
        grain = HALF_FRACTION + (len(money) * 2 * HALF_USD / whole if whole > 0 else 0.0)
        grains = _share_grains(part, whole, len(money))
        if not near(ratio, wanted, grain) and not coarse(look, ratio, wanted, *grains):
            out.append(found(STEM, f"{GLOBAL}.twap_usage_ratio", ratio, f"{part} / {whole} = {wanted:.9f}"))
    label: Any = total.get("router_bucket")
    if type(label) is str:
        heavy: dict[str, float] = {}
        for (symbol, _), weight in zip(rows, weights, strict=True):
            name = router_class(symbol)
            heavy[name] = heavy.get(name, 0.0) + weight
        top = max(heavy.values())
        own, field = heavy.get(label), (f"{STEM}.total_notional", float(len(rows)))
        if own is None or not (near(own, top, HALF_USD * len(rows)) or coarse(look, own, top, field)):
            out.append(found(STEM, f"{GLOBAL}.router_bucket", label, f"the weights are {heavy}"))
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
    now = view(look).times.get(STEM)
    out: list[Found] = []
    for symbol, row in rows_in(look):
        order, fill = parse_time(row.get("last_order_ts")), parse_time(row.get("last_fill_ts"))
        if order is not None and fill is not None and order > fill:
            out.append(
                found(
                    STEM,
                    row_at(symbol, "last_order_ts"),
                    row["last_order_ts"],
                    f"after the fill {row['last_fill_ts']}",
                )
            )
        latest = fill if fill is not None else order
        if latest is not None and now is not None and latest > now:
            out.append(
                found(STEM, row_at(symbol, "last_fill_ts"), row.get("last_fill_ts"), "later than updated_ts")
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
    doc, total = look.docs[STEM], obj(block_of(look).get("global"))
    out: list[Found] = []
    if "router_health_score" in doc and not _same_score(look, doc["router_health_score"], total):
        text = f"global.quality_score is {total.get('quality_score')}"
        out.append(found(STEM, "router_health_score", doc["router_health_score"], text))
    counts = obj(doc.get("summary")).get("quality_counts")
    if type(counts) is dict:
        listed = [num(counts.get(name)) or 0 for name in ("good", "ok", "degraded", "broken")]
        scored = len([row for _, row in rows_in(look) if row.get("quality_score") is not None])
        if math.fsum(listed) != scored:
            out.append(found(STEM, "summary.quality_counts", counts, f"{scored} symbols have a score"))
    return out


def _same_score(look: Look, stated: Any, total: Doc) -> bool:
    """One number in two places; on a foreign tree each may be printed in its own grain."""
    own = total.get("quality_score")
    a, b = num(stated), num(own)
    if stated == own or a is None or b is None:
        return bool(stated == own)
    return coarse(look, a, b, (f"{STEM}.router_health_score", 1), (f"{STEM}.quality_score", 1))
