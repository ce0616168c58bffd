"""Relative-value momentum (B-RV-1..4): who runs ahead of whom over the last bars.

Comes in: log returns per symbol, one bar per loop. Goes out: `RvPart`. May import `core`, `executor.linear`,
`executor.router` and `executor.state`.

All published numbers have four decimals, and each is computed from published ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum, tanh

from simkit.core.numeric import q4, q12
from simkit.core.settings import IntelSettings
from simkit.executor.linear import mean, population_std
from simkit.executor.router import base_asset
from simkit.executor.state import RvPart, RvRow

_BASKETS: dict[str, tuple[str, ...]] = {
    "l1": ("BTC", "ETH", "SOL"),
    "alts": ("LTC", "LINK", "SUI"),
    "meme": ("DOGE", "WIF"),
}
_NO_SPREAD = 1e-10  # sigma below this: all scores 0 (B-RV-4)


def baskets_of(symbol: str) -> tuple[str, ...]:
    """The baskets of the symbol's base asset, in the order l1, alts, meme."""
    base = base_asset(symbol)
    return tuple(name for name, members in _BASKETS.items() if base in members)


def smooth(returns: Sequence[float], half_life: float) -> list[float]:
    """Exponential smoothing that starts at the first return; `half_life` in bars (B-RV-1)."""
    keep = q12(0.5 ** (1.0 / half_life))
    take = 1.0 - keep
    smoothed: list[float] = []
    level = returns[0] if returns else 0.0
    for value in returns:
        level = take * value + keep * level
        smoothed.append(level)
    return smoothed


def _pair_spread(left: Sequence[float], right: Sequence[float]) -> float:
    """Mean of left - right over the common tail; a side without data counts as zeros."""
    n = min(len(left), len(right)) or max(len(left), len(right))
    return q4(mean(left[-n:]) - mean(right[-n:])) if n else 0.0


def _basket_spread(left: Sequence[Sequence[float]], right: Sequence[Sequence[float]]) -> float:
    """Mean difference of the equal-weight means over the common tail; members that never move stay out."""
    left = [series for series in left if any(series)]
    right = [series for series in right if any(series)]
    if not left or not right:
        return 0.0
    n = min(len(series) for series in (*left, *right))
    return q4(mean([mean(s[-n:]) for s in left]) - mean([mean(s[-n:]) for s in right]))


def _zscores(raw: Sequence[float]) -> list[float]:
    centre = q12(mean(raw))
    sigma = q12(population_std(raw, centre))
    if sigma < _NO_SPREAD:
        return [0.0] * len(raw)
    return [q4(tanh((value - centre) / sigma / 2.0)) for value in raw]


def _ranks(raw: Sequence[float]) -> list[float]:
    """-1 + 2 * rank / (n - 1); equal values share the mean of their ranks, so all equal is 0 (INV-M03)."""
    if len(raw) < 2:
        return [0.0] * len(raw)
    order = sorted(raw)
    shared = {value: order.index(value) + (order.count(value) - 1) / 2.0 for value in raw}
    return [q4(-1.0 + 2.0 * shared[value] / (len(raw) - 1)) for value in raw]


def momentum(
    universe: Sequence[str], returns: Mapping[str, Sequence[float]], settings: IntelSettings
) -> RvPart:
    """S10. `returns`: the last `rv_bars` log returns of each symbol, oldest first; may be empty."""
    symbols = sorted(universe)
    smoothed = {symbol: smooth(returns[symbol], settings.rv_half_life) for symbol in symbols}
    by_base = {base_asset(symbol): series for symbol, series in smoothed.items()}
    baskets = {symbol: baskets_of(symbol) for symbol in symbols}

    def side(name: str, inside: bool = True) -> list[list[float]]:
        return [smoothed[symbol] for symbol in symbols if (name in baskets[symbol]) is inside]

    btc_vs_eth = _pair_spread(by_base.get("BTC", []), by_base.get("ETH", []))
    l1_vs_alt = _basket_spread(side("l1"), side("alts"))
    meme_vs_rest = _basket_spread(side("meme"), side("meme", inside=False))
    raw: list[float] = []
    for symbol in symbols:
        base, groups = base_asset(symbol), baskets[symbol]
        value = 0.20 * meme_vs_rest if "meme" in groups else -0.20 * meme_vs_rest
        if base in ("BTC", "ETH"):
            value += 0.35 * btc_vs_eth if base == "BTC" else -0.35 * btc_vs_eth
        if "l1" in groups:
            value += 0.35 * l1_vs_alt
        elif "alts" in groups:
            value -= 0.35 * l1_vs_alt
        raw.append(q4(value + 0.10 * 100.0 * fsum(smoothed[symbol])))
    scores = _ranks(raw) if settings.rv_mode == "rank" else _zscores(raw)
    rows = tuple(
        RvRow(symbol, score, value, baskets[symbol])
        for symbol, score, value in zip(symbols, scores, raw, strict=True)
    )
    return RvPart(rows, btc_vs_eth, l1_vs_alt, meme_vs_rest)
