"""Rules on how S10 rv_momentum is reckoned (INV-M02, M03).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from simkit.contract.baskets import base_of, baskets_of
from simkit.contract.finding import Found, LackingError, Memory, NotEvaluated, Outcome, rule
from simkit.contract.look import Look
from simkit.contract.returns import LogReturns
from simkit.contract.tolerance import HALF_RV, near
from simkit.contract.values import NO_BEFORE, NO_TRUTH, found, num, obj
from simkit.contract.view import view

_STEM = "rv_momentum"
_SPREADS = ("btc_vs_eth", "l1_vs_alt", "meme_vs_rest")


@rule(
    "INV-M02",
    "three spreads present and equal to B-RV-2; the seed does not name them",
    source="sys",
    surfaces=("S10",),
    reads=("rv_momentum",),
    kind="W",
    tier="reference",
    severity="W",
    example="btc_vs_eth with the sign turned",
)
def spreads_are_those_of_the_market(look: Look, memory: Memory) -> Outcome:
    """From the closes that the harness knows; smoothing starts at the first return of the window.

    Memory: the last log returns of each symbol, as many as the window needs.
    """
    truth = look.truth
    if truth is None:
        return NO_TRUTH
    if memory.get("loop") != look.loop:
        if "returns" not in memory:
            memory["returns"] = LogReturns(look.settings.intel.rv_bars)
            memory["complete"] = truth.new_run and look.before is None
        memory["loop"] = look.loop
        returns: LogReturns = memory["returns"]
        returns.keep = max(returns.keep, look.settings.intel.rv_bars)
        returns.add(truth.closes)
    doc = look.docs[_STEM]
    if memory.get("doc") is not doc:
        memory["doc"], memory["outcome"] = doc, _judged(look, memory)
    outcome: Outcome = memory["outcome"]
    return outcome


def _judged(look: Look, memory: Memory) -> Outcome:
    spreads = obj(look.docs[_STEM].get("spreads"))
    out = [
        found(_STEM, f"spreads.{name}", spreads.get(name, "absent"), "must be a number")
        for name in _SPREADS
        if num(spreads.get(name)) is None
    ]
    if out:
        return out
    if view(look).times[_STEM] != look.ts:
        return NotEvaluated("the file is not of the loop in which it is first seen")
    truth, returns = look.truth, memory["returns"].columns
    if truth is None or not truth.closes:
        return NotEvaluated("the closes of the market are not known")
    bars, series = look.settings.intel.rv_bars, {}
    for symbol in truth.closes:
        steps = returns[symbol][-bars:]
        if len(steps) < bars and not memory["complete"]:
            return NO_BEFORE
        series[symbol] = smoothed(steps, look.settings.intel.rv_half_life)
    return [
        found(_STEM, f"spreads.{name}", spreads[name], f"B-RV-2 gives {value:.6f} over {bars} bars")
        for name, value in zip(_SPREADS, _spreads(series), strict=True)
        if not near(num(spreads[name]) or 0.0, value, HALF_RV)
    ]


def smoothed(returns: Sequence[float], half_life: float) -> list[float]:
    """Log returns smoothed with that half-life in bars (B-RV-1)."""
    share = 1.0 - math.exp(-math.log(2.0) / half_life)
    kept = 1.0 - share
    out = list(returns[:1])
    level = out[0] if out else 0.0
    for step in returns[1:]:
        level = share * step + kept * level
        out.append(level)
    return out


def _spreads(series: dict[str, list[float]]) -> tuple[float, float, float]:
    bases = {base_of(symbol): values for symbol, values in series.items()}
    pair = _difference([bases.get("BTC", [])], [bases.get("ETH", [])])
    moving = [(baskets_of(symbol), values) for symbol, values in series.items() if any(values)]

    def members(name: str, *, inside: bool = True) -> list[list[float]]:
        return [values for baskets, values in moving if (name in baskets) is inside]

    sides = ((members("l1"), members("alts")), (members("meme"), members("meme", inside=False)))
    baskets = [_difference(left, right) if left and right else 0.0 for left, right in sides]
    return pair, baskets[0], baskets[1]


def _difference(left: Sequence[Sequence[float]], right: Sequence[Sequence[float]]) -> float:
    """Mean over the common tail of the mean of `left` less the mean of `right`; no data is zeros."""
    size = min((len(values) for values in (*left, *right) if values), default=0)
    if not size:
        return 0.0

    def level(side: Sequence[Sequence[float]]) -> float:
        return math.fsum([math.fsum(values[-size:]) for values in side]) / (len(side) * size)

    return level(left) - level(right)


@rule(
    "INV-M03",
    "baskets match the basket config; equal raw scores → all scores 0",
    source="sys",
    surfaces=("S10",),
    reads=("rv_momentum",),
    kind="W",
    tier="reference",
    severity="W",
    example="BTCUSDT in alts",
    part="rv_momentum",
)
def baskets_and_ties_are_right(look: Look, memory: Memory) -> Outcome:
    per_symbol = {s: row for s, row in obj(look.docs[_STEM].get("per_symbol")).items() if type(row) is dict}
    if not per_symbol:
        raise LackingError("rv_momentum.per_symbol holds no symbol")
    out: list[Found] = []
    for symbol, row in per_symbol.items():
        stated = row.get("baskets")
        if type(stated) is list and sorted(map(str, stated)) != sorted(baskets_of(symbol)):
            wanted = list(baskets_of(symbol))
            out.append(found(_STEM, f"per_symbol[{symbol}].baskets", stated, f"must be {wanted}"))
    raw = [num(row.get("raw_score")) for row in per_symbol.values()]
    if None not in raw and len(dict.fromkeys(raw)) == 1:
        out += [
            found(_STEM, f"per_symbol[{symbol}].score", row.get("score"), "0 when all raw scores are equal")
            for symbol, row in per_symbol.items()
            if num(row.get("score")) not in (0.0, None)
        ]
    return out
