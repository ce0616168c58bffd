"""The full hybrid score of one candidate, and what drops it (B-HYB-3, B-HYB-4).

Comes in: signed components, regime, router quality, age. Goes out: a score in -1..1, a reason to drop. May import
`core.numeric` and `executor.state` (types). Pure functions; every result is rounded to 1e-9.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum

from simkit.core.clock import MICROSECONDS
from simkit.core.numeric import q9
from simkit.executor.state import Side

#: Without factor weights; the names are those of the factors.
WEIGHTS: Mapping[str, float] = {
    "trend": 0.40, "carry": 0.25, "expectancy": 0.20, "router_quality": 0.15,
}  # fmt: skip
#: By what a regime multiplies a weight before they are made to sum to 1 again.
MODIFIERS: Mapping[str, Mapping[str, float]] = {
    "high": {"carry": 0.7, "expectancy": 0.9},
    "crisis": {"carry": 0.4, "expectancy": 0.8, "router_quality": 1.1},
}
#: What the factor vol_regime is worth.
REGIME_VALUES: Mapping[str, float] = {"low": 0.25, "normal": 0.0, "high": -0.35, "crisis": -0.75}
RV_SHARE = 0.10
HALF_LIFE_US = 45 * 60 * MICROSECONDS
LEAST_DECAY = 0.35
WEAK_ROUTER, STRONG_ROUTER = 0.5, 0.9
LEAST_QUALITY = 0.35
MOST_AGAINST = 0.5


def regime_weights(regime: str, weights: Mapping[str, float] = WEIGHTS) -> dict[str, float]:
    """`weights` under the modifiers of `regime`, summing to 1; as they are when they sum to 0."""
    modifiers = MODIFIERS.get(regime, {})
    changed = {name: weight * modifiers.get(name, 1.0) for name, weight in weights.items()}
    total = fsum(changed.values())
    return {name: weight / total for name, weight in changed.items()} if total > 0.0 else changed


def decay(age_us: int) -> float:
    """max(0.35, 2 ** (-age / 45 min)); 1.0 for a signal of now."""
    return q9(max(LEAST_DECAY, 0.5 ** (age_us / HALF_LIFE_US)))


def hybrid(
    components: Mapping[str, float],
    rv: float,
    *,
    regime: str = "normal",
    quality: float | None = None,
    age_us: int = 0,
    weights: Mapping[str, float] = WEIGHTS,
) -> float:
    """The score of B-HYB-3 in -1..1. `components` and `rv` speak for the candidate's side; one that is missing is 0.

    `quality`: the router's published score of the symbol; None, which says nothing, changes nothing.
    """
    shares = regime_weights(regime, weights)
    base = fsum(share * components.get(name, 0.0) for name, share in shares.items())
    score = base * (1.0 - RV_SHARE) + RV_SHARE * rv
    if quality is not None and quality <= WEAK_ROUTER:
        score *= 0.5
    elif quality is not None and quality >= STRONG_ROUTER:
        score *= 1.05
    return q9(min(max(score * decay(age_us), -1.0), 1.0))


def dropped(side: Side, quality: float | None, rv: float) -> str:
    """B-HYB-4: why the candidate is dropped, or nothing. `rv` is the published score of the symbol, unsigned by
    side; all three comparisons are strict."""
    if quality is not None and quality < LEAST_QUALITY:
        return "router_quality"
    against = rv < -MOST_AGAINST if side == "LONG" else rv > MOST_AGAINST
    return "rv" if against else ""
