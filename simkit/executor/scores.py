"""The published composite score of a symbol (B-HYB-1, B-HYB-2).

Comes in: realised results of the window, the router's score. Goes out: `ScoreRow`. May import `core.numeric`,
`executor.router` (types) and `executor.state`.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import tanh

from msgspec import Struct

from simkit.core.numeric import q9
from simkit.executor.state import ScoreRow

DEFAULT_ROUTER_QUALITY = 0.5  # R without data (B-HYB-1)


class Realised(Struct, frozen=True, gc=False):
    """What the closes of one symbol brought inside the window; money in micro-USD."""

    trades: int = 0
    wins: int = 0
    pnl: int = 0
    fees: int = 0

    @property
    def expectancy(self) -> float | None:
        """Mean realised PnL per closed trade in USD, to 1e-9; None without trades."""
        return q9(self.pnl / (self.trades * 1_000_000)) if self.trades else None

    @property
    def hit_rate(self) -> float | None:
        """Share of trades with a gain; None without trades."""
        return q9(self.wins / self.trades) if self.trades else None


def clamp01(value: float) -> float:
    """`value`, held in 0..1."""
    return min(max(value, 0.0), 1.0)


def composite(
    symbol: str,
    realised: Realised,
    router_score: float | None,
    min_for_emission: float,
    *,
    maker_less_fallback: float | None = None,
    slip_p50_bps: float = 0.0,
    scale: float = 1.0,
) -> ScoreRow:
    """One row of S9. `router_score` is S8's of the symbol; without it `maker_less_fallback` decides, or 0.5.

    The components are rounded to 1e-9 first; the score is computed from them and is inclusive at the minimum.
    """
    raw = realised.expectancy
    expectancy = 0.5 + 0.5 * tanh((raw or 0.0) / 10.0)
    hit_rate = realised.hit_rate
    if hit_rate is not None:
        expectancy = 0.7 * expectancy + 0.3 * hit_rate
    expectancy = q9(expectancy)
    if router_score is not None:
        router = router_score
    elif maker_less_fallback is not None:
        router = q9(0.5 + 0.5 * tanh(maker_less_fallback))
    else:
        router = DEFAULT_ROUTER_QUALITY
    slippage = q9(min(0.4, slip_p50_bps / 20.0))
    fee_drag = q9(min(0.4, 0.2 * abs(realised.fees) / abs(realised.pnl))) if realised.pnl else 0.0
    volatility = q9(min(0.5, abs(scale - 1.0)))
    score = q9(clamp01(0.55 * expectancy + 0.35 * router - slippage - fee_drag - 0.3 * volatility))
    return ScoreRow(
        symbol=symbol,
        score=score,
        expectancy=expectancy,
        router=router,
        router_quality=DEFAULT_ROUTER_QUALITY if router_score is None else router_score,
        slippage_penalty=slippage,
        fee_drag_penalty=fee_drag,
        volatility_penalty=volatility,
        passes=score >= min_for_emission,
        raw_expectancy=raw,
        raw_router=router_score,
    )


def ranked(rows: Iterable[ScoreRow]) -> tuple[ScoreRow, ...]:
    """By score, highest first; ties by symbol (INV-S05)."""
    return tuple(sorted(rows, key=lambda row: (-row.score, row.symbol)))
