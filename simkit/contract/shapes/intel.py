"""S9 symbol_scores_v6, S10 rv_momentum, S11 factor_diagnostics: written only in loops that run intel.

Comes in: nothing. Goes out: Structs. May import msgspec, `contract.units` and `contract.shapes.base`.
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, UnsetType

from simkit.contract.shapes.base import Shape, Side
from simkit.contract.units import Configured, Count, FactorStat, Fraction, Iso, RvScore, Score, Usd

# S9 symbol_scores_v6.json ----------------------------------------------------------------------------------


class Hybrid(Shape, kw_only=True):
    min_for_emission: Configured
    passes_emission: bool
    router_quality_score: Score
    score: Score | UnsetType = UNSET


class ScoreComponents(Shape, kw_only=True):
    expectancy: Score
    fee_drag_penalty: Score
    router: Score
    slippage_penalty: Score
    volatility_penalty: Score


class ScoreInputs(Shape, kw_only=True):
    expectancy: Score | None
    router: Score | None


class ScoreRow(Shape, kw_only=True):
    components: ScoreComponents | UnsetType = UNSET
    hybrid: Hybrid
    hybrid_score: Score
    inputs: ScoreInputs | UnsetType = UNSET
    router_quality_score: Score | UnsetType = UNSET
    score: Score | UnsetType = UNSET
    symbol: str


class SymbolScores(Shape, kw_only=True):
    """S9. Rows by score descending, ties by symbol; scores lie in 0..1."""

    symbols: list[ScoreRow]
    updated_at: Iso | UnsetType = UNSET
    updated_ts: Iso


# S10 rv_momentum.json --------------------------------------------------------------------------------------


class RvSymbol(Shape, kw_only=True):
    baskets: list[str] | UnsetType = UNSET
    raw_score: RvScore | UnsetType = UNSET
    score: RvScore


class RvSpreads(Shape, kw_only=True):
    btc_vs_eth: RvScore
    l1_vs_alt: RvScore
    meme_vs_rest: RvScore


class RvMomentum(Shape, kw_only=True):
    """S10. Four decimals throughout."""

    per_symbol: dict[str, RvSymbol]
    spreads: RvSpreads
    updated_at: Iso | UnsetType = UNSET
    updated_ts: Iso


# S11 factor_diagnostics.json -------------------------------------------------------------------------------


class RawVector(Shape, kw_only=True):
    direction: Side
    factors: dict[str, Score]
    regime: str


class FactorVector(Shape, kw_only=True):
    direction: Side
    factors: dict[str, FactorStat]


class NormalizationCoeffs(Shape, kw_only=True):
    max: Score
    mean: FactorStat
    min: Score
    range: FactorStat
    std: FactorStat


class Covariance(Shape, kw_only=True):
    correlation_matrix: list[list[FactorStat]]
    covariance_matrix: list[list[FactorStat]]
    factor_vols: dict[str, FactorStat]
    factors: list[str]
    lookback_days: Configured


class Orthogonalized(Shape, kw_only=True):
    degenerate: list[str]
    dot_products: dict[str, dict[str, FactorStat]]
    norms: dict[str, FactorStat]
    per_symbol: dict[str, dict[str, FactorStat]]


class OrthogonalizedSummary(Shape, kw_only=True):
    degenerate: list[str]
    norms: dict[str, FactorStat]


class FactorWeights(Shape, kw_only=True):
    factor_ir: dict[str, FactorStat] | UnsetType = UNSET
    factor_vols: dict[str, FactorStat] | UnsetType = UNSET
    mode: Literal["equal", "vol_inverse", "ir_only", "vol_inverse_ir"] | UnsetType = UNSET
    updated_ts: Iso | UnsetType = UNSET
    weights: dict[str, Fraction]


class PnlAttribution(Shape, kw_only=True):
    by_factor: dict[str, Usd]
    factor_ir: dict[str, FactorStat]
    orthogonalized_summary: OrthogonalizedSummary | UnsetType = UNSET
    weights: dict[str, Fraction]
    window_days: Configured


class FactorConfig(Shape, kw_only=True):
    covariance_lookback_days: Configured
    enabled: bool
    factors: list[str]
    max_abs_zscore: Configured
    normalization_mode: Literal["zscore", "minmax"]
    pnl_attribution_lookback_days: Configured


class FactorDiagnostics(Shape, kw_only=True):
    """S11. Factor keys are `SYMBOL:DIRECTION`; `weights` are fractions that sum to 1."""

    auto_weighting_enabled: bool
    config: FactorConfig
    covariance: Covariance | None
    factor_ir: dict[str, FactorStat]
    factor_ir_source: Literal["pnl", "vectors"] | UnsetType = UNSET
    factor_weights: FactorWeights
    normalization_coeffs: dict[str, NormalizationCoeffs]
    orthogonalization_enabled: bool
    orthogonalized: Orthogonalized | None
    per_symbol: dict[str, FactorVector]
    pnl_attribution: PnlAttribution
    raw_factors: dict[str, RawVector]
    updated_at: Iso | UnsetType = UNSET
    updated_ts: Iso
    vector_count: Count | UnsetType = UNSET
    weights: dict[str, Fraction]
    weights_bounds_feasible: bool | UnsetType = UNSET
