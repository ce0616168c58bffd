"""Builders of S9 symbol_scores_v6, S10 rv_momentum and S11 factor_diagnostics, for loops that run intel.

Comes in: `ExecutorState` and its `IntelPart`. Goes out: shapes; scores in 0..1, RV scores in -1..1, weights
as fractions. May import `core`, `contract` and `executor.state`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Literal, TypeVar, cast

from msgspec import UNSET

from simkit.contract.shapes import intel
from simkit.core.numeric import USD
from simkit.core.settings import IntelSettings
from simkit.executor import state as st
from simkit.surfaces.stamp import stamp

V = TypeVar("V")


def symbol_scores(state: st.ExecutorState, part: st.IntelPart) -> intel.SymbolScores:
    """S9: rows by score descending, as the executor ranked them (B-HYB-1)."""
    now, minimum = stamp(state.ts), state.settings.intel.min_for_emission
    return intel.SymbolScores(
        symbols=[_score_row(row, minimum) for row in part.scores], updated_at=now, updated_ts=now
    )


def _score_row(row: st.ScoreRow, minimum: float) -> intel.ScoreRow:
    return intel.ScoreRow(
        components=intel.ScoreComponents(
            expectancy=row.expectancy,
            fee_drag_penalty=row.fee_drag_penalty,
            router=row.router,
            slippage_penalty=row.slippage_penalty,
            volatility_penalty=row.volatility_penalty,
        ),
        hybrid=intel.Hybrid(
            min_for_emission=minimum,
            passes_emission=row.passes,
            router_quality_score=row.router_quality,
            score=row.score,
        ),
        hybrid_score=row.score,
        inputs=intel.ScoreInputs(expectancy=row.raw_expectancy, router=row.raw_router),
        router_quality_score=row.router_quality,
        score=row.score,
        symbol=row.symbol,
    )


def rv_momentum(state: st.ExecutorState, part: st.IntelPart) -> intel.RvMomentum:
    """S10, four decimals throughout (B-RV)."""
    now, rv = stamp(state.ts), part.rv
    return intel.RvMomentum(
        per_symbol={
            row.symbol: intel.RvSymbol(baskets=list(row.baskets), raw_score=row.raw, score=row.score)
            for row in rv.rows
        },
        spreads=intel.RvSpreads(
            btc_vs_eth=rv.btc_vs_eth, l1_vs_alt=rv.l1_vs_alt, meme_vs_rest=rv.meme_vs_rest
        ),
        updated_at=now,
        updated_ts=now,
    )


class Names:
    """The factors in their configured order, and how to print a row of their values as an object."""

    __slots__ = ("_pick", "_sorted")

    def __init__(self, configured: tuple[str, ...]) -> None:
        order = sorted(range(len(configured)), key=configured.__getitem__)
        self._sorted = [configured[i] for i in order]
        self._pick: Callable[[Sequence[Any]], tuple[Any, ...]] = (
            itemgetter(*order) if len(order) > 1 else tuple
        )

    def __call__(self, values: Sequence[V]) -> dict[str, V]:
        """The values, which stand in the configured order, by name and with sorted keys."""
        return dict(zip(self._sorted, self._pick(values), strict=False))


def factor_diagnostics(state: st.ExecutorState, part: st.IntelPart) -> intel.FactorDiagnostics:
    """S11 (B-FAC). Lists keep the configured order of factors, objects have their keys sorted.

    `covariance` is null without vectors, `orthogonalized` null when disabled, weights are empty while
    auto-weighting is off (INV-F12).
    """
    now, found, settings = stamp(state.ts), part.factors, state.settings.intel
    named = Names(found.factors)
    weights = named(found.weights) if settings.auto_weighting else {}
    ir = named(found.ir)
    # B-FAC-7: empty while no close lies in the window
    pnl = named([amount / USD for amount in found.pnl_by_factor]) if found.has_pnl else {}
    orthogonalized = _orthogonalized(found, named) if settings.orthogonalization else None
    return intel.FactorDiagnostics(
        auto_weighting_enabled=settings.auto_weighting,
        config=_config(settings),
        covariance=_covariance(found, settings, named) if found.vectors else None,
        factor_ir=ir,
        factor_ir_source=found.ir_source,
        factor_weights=intel.FactorWeights(
            factor_ir=ir,
            factor_vols=named(found.vols),
            mode=cast(Literal["equal", "vol_inverse", "ir_only", "vol_inverse_ir"], settings.weight_mode),
            updated_ts=now,
            weights=weights,
        ),
        normalization_coeffs=named([_coefficients(row) for row in found.coefficients]),
        orthogonalization_enabled=settings.orthogonalization,
        orthogonalized=orthogonalized,
        per_symbol={
            vector.key: intel.FactorVector(direction=vector.direction, factors=named(vector.normalized))
            for vector in found.vectors
        },
        pnl_attribution=_attribution(pnl, settings, orthogonalized, weights, ir),
        raw_factors={
            vector.key: intel.RawVector(
                direction=vector.direction, factors=named(vector.raw), regime=vector.regime
            )
            for vector in found.vectors
        },
        updated_at=now,
        updated_ts=now,
        vector_count=len(found.vectors),
        weights=weights,
        weights_bounds_feasible=found.feasible,
    )


def _config(settings: IntelSettings) -> intel.FactorConfig:
    return intel.FactorConfig(
        covariance_lookback_days=settings.covariance_lookback_days,
        enabled=True,
        factors=list(settings.factors),
        max_abs_zscore=settings.max_abs_zscore,
        normalization_mode=cast(Literal["zscore", "minmax"], settings.normalization_mode),
        pnl_attribution_lookback_days=settings.pnl_attribution_lookback_days,
    )


def _coefficients(row: st.Coefficients) -> intel.NormalizationCoeffs:
    return intel.NormalizationCoeffs(max=row.max, mean=row.mean, min=row.min, range=row.range, std=row.std)


def _covariance(found: st.FactorPart, settings: IntelSettings, named: Names) -> intel.Covariance:
    return intel.Covariance(
        correlation_matrix=[list(row) for row in found.correlation],
        covariance_matrix=[list(row) for row in found.covariance],
        factor_vols=named(found.vols),
        factors=list(found.factors),
        lookback_days=settings.covariance_lookback_days,
    )


def _orthogonalized(found: st.FactorPart, named: Names) -> intel.Orthogonalized:
    """`per_symbol` is keyed by factor key (A-39), `dot_products` by factor and factor."""
    return intel.Orthogonalized(
        degenerate=list(found.degenerate),
        dot_products=named([named(row) for row in found.dots]),
        norms=named(found.norms),
        per_symbol={vector.key: named(vector.orthogonal) for vector in found.vectors},
    )


def _attribution(
    by_factor: dict[str, float],
    settings: IntelSettings,
    orthogonalized: intel.Orthogonalized | None,
    weights: dict[str, float],
    ir: dict[str, float],
) -> intel.PnlAttribution:
    summary = (
        UNSET
        if orthogonalized is None
        else intel.OrthogonalizedSummary(degenerate=orthogonalized.degenerate, norms=orthogonalized.norms)
    )
    return intel.PnlAttribution(
        by_factor=by_factor,
        factor_ir=ir,
        orthogonalized_summary=summary,
        weights=weights,
        window_days=settings.pnl_attribution_lookback_days,
    )
