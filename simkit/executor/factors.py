"""Factor diagnostics (B-FAC-1..8): normalise, covariance, orthogonal columns, information ratio, weights.

Comes in: raw factor vectors, realised PnL per factor, the previous weights. Goes out: `FactorPart`. May
import `core`, `executor.linear` and `executor.state`.

Raw values and weights have a quantum of 1e-9, derived statistics of 1e-12; each is computed from rounded
ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum, sqrt

from msgspec import Struct

from simkit.core.numeric import q12
from simkit.core.settings import IntelSettings
from simkit.executor.linear import (
    DEGENERATE,
    Matrix,
    clamped,
    dot,
    mean,
    mirrored,
    orthogonal,
    population_std,
    project,
)
from simkit.executor.state import Coefficients, FactorPart, Side, Vector

_EPSILON = 1e-9
_NO_WEIGHT = 1e-12
_NANO = 10**9


class RawVector(Struct, frozen=True, gc=False):
    """One input vector; `values` in the order of the configured factors, rounded to 1e-9 (B-FAC-1)."""

    key: str
    direction: Side
    regime: str
    values: tuple[float, ...]


# Normalisation and covariance (B-FAC-2, B-FAC-3) ------------------------------------------------------------


def coefficients(column: Sequence[float]) -> Coefficients:
    """Mean, population std, min, max and range; std and range are 1.0 where there is none (INV-F03)."""
    low, high = min(column), max(column)
    centre = min(max(q12(mean(column)), low), high)
    if high - low < DEGENERATE:
        return Coefficients(centre, 1.0, low, high, 1.0)
    std = q12(population_std(column, centre))
    return Coefficients(centre, 1.0 if std < DEGENERATE else std, low, high, q12(high - low))


def _is_flat(coef: Coefficients) -> bool:
    # A true population std is at most half the range: only one that was put in reaches it.
    return coef.std >= coef.range


def normalized(column: Sequence[float], coef: Coefficients, settings: IntelSettings) -> list[float]:
    """z-scores within +-`max_abs_zscore`, or min-max in 0..1; zeros without a spread."""
    if settings.normalization_mode == "minmax":
        return [q12((value - coef.min) / coef.range) for value in column]
    bound = settings.max_abs_zscore
    return [min(max(q12((value - coef.mean) / coef.std), -bound), bound) for value in column]


def covariance(columns: Sequence[Sequence[float]]) -> tuple[Matrix, Matrix, tuple[float, ...]]:
    """Sample covariance, correlation and vols; zeros and the identity with fewer than two vectors."""
    n = len(columns[0]) if columns else 0
    size = range(len(columns))
    if n < 2:
        zeros = tuple(tuple(0.0 for _ in size) for _ in size)
        return zeros, tuple(tuple(float(i == j) for j in size) for i in size), tuple(0.0 for _ in size)
    centred = []
    for column in columns:
        centre = mean(column)
        centred.append([value - centre for value in column])
    lower = [[q12(dot(centred[i], centred[j]) / (n - 1)) for j in range(i + 1)] for i in size]
    vols = tuple(q12(sqrt(lower[i][i])) for i in size)

    def correlation(i: int, j: int) -> float:
        if i == j:
            return 1.0
        if vols[i] < DEGENERATE or vols[j] < DEGENERATE:
            return 0.0
        return min(max(q12(lower[i][j] / (vols[i] * vols[j])), -1.0), 1.0)

    return mirrored(lower), mirrored([[correlation(i, j) for j in range(i + 1)] for i in size]), vols


# Information ratio and weights (B-FAC-5, B-FAC-6) -----------------------------------------------------------


def _ratios(
    coefs: Sequence[Coefficients], vols: Sequence[float], pnl_by_factor: Sequence[int] | None
) -> tuple[float, ...]:
    """From PnL (USD) over vol where there is PnL, else mean over std of the vectors; 0 when flat."""
    if pnl_by_factor is None:
        return tuple(0.0 if _is_flat(coef) else q12(coef.mean / (coef.std + _EPSILON)) for coef in coefs)
    return tuple(
        q12(pnl / 1_000_000 / (vol + _EPSILON)) for pnl, vol in zip(pnl_by_factor, vols, strict=True)
    )


def raw_weights(mode: str, vols: Sequence[float], ir: Sequence[float]) -> list[float]:
    """Before bounds: by mode, absolute, normalised to 1; equal when there is nothing to weigh."""
    if mode == "equal":
        raw = [1.0] * len(vols)
    elif mode == "vol_inverse":
        raw = [1.0 / (vol + _EPSILON) for vol in vols]
    elif mode == "ir_only":
        raw = [abs(value) for value in ir]
    else:
        raw = [abs(value) / (vol + _EPSILON) for value, vol in zip(ir, vols, strict=True)]
    total = fsum(raw)
    if total < _NO_WEIGHT:
        return [1.0 / len(raw)] * len(raw)
    return [value / total for value in raw]


def bounds_feasible(n: int, settings: IntelSettings) -> bool:
    """Whether n weights of sum 1 fit into the bounds: n * min <= 1 <= n * max."""
    return n * settings.weight_min <= 1.0 <= n * settings.weight_max


def weigh(
    raw: Sequence[float],
    previous: Sequence[float] | None,
    settings: IntelSettings,
    legacy: frozenset[str] = frozenset(),
) -> tuple[float, ...]:
    """Project on the bounds, then smooth (A-37); the sum is 1 to within one quantum.

    Where the bounds cannot be met, equal weights are the least violation. Previous weights that lie outside
    the bounds (the bounds were changed) are projected first, so that the mix lies inside.
    """
    n, low, high = len(raw), settings.weight_min, settings.weight_max
    if "D-26" in legacy:
        return _to_nano(_smooth(clamped(raw, low, high), previous, settings), 0.0, 1.0)
    if not bounds_feasible(n, settings):
        return _to_nano([1.0 / n] * n, 0.0, 1.0)
    before = None if previous is None else project(previous, low, high)
    return _to_nano(_smooth(project(raw, low, high), before, settings), low, high)


def _smooth(weights: list[float], previous: Sequence[float] | None, settings: IntelSettings) -> list[float]:
    if previous is None:
        return weights
    new = settings.weight_smoothing
    return [new * w + (1.0 - new) * b for w, b in zip(weights, previous, strict=True)]


def _to_nano(weights: Sequence[float], low: float, high: float) -> tuple[float, ...]:
    """Round to 1e-9; what is missing from a sum of 1 goes to the largest weight that has room for it."""
    nano = [round(w * _NANO) for w in weights]
    rest = _NANO - sum(nano)  # ints
    floor, ceiling = round(low * _NANO), round(high * _NANO)
    for i in sorted(range(len(nano)), key=lambda i: (-nano[i], i)):
        if floor <= nano[i] + rest <= ceiling:
            nano[i] += rest
            break
    return tuple(w / _NANO for w in nano)


# PnL attribution (B-FAC-7) ----------------------------------------------------------------------------------


def split_pnl(pnl: int, components: Sequence[float] | None, factors: int) -> tuple[int, ...]:
    """Micro-USD of one closed trade per factor, in proportion to the absolute components; the sum is `pnl`.

    Without components, or with none above 1e-9 in all, the shares are equal; without factors there are none.
    The rest of the division goes to the largest share, never to a factor that had no part in the trade.
    """
    if not factors:
        return ()
    sizes = [abs(c) for c in components] if components is not None else []
    total = fsum(sizes)
    if len(sizes) != factors or total < DEGENERATE:
        sizes, total = [1.0] * factors, float(factors)
    parts = [round(pnl * (size / total)) for size in sizes]
    parts[sizes.index(max(sizes))] += pnl - sum(parts)  # ints
    return tuple(parts)


# The whole diagnosis ----------------------------------------------------------------------------------------


NO_FACTORS = FactorPart(
    (), (), (), (), (), (), (), (), (), ir=(), ir_source="vectors", weights=(), feasible=True, pnl_by_factor=(),
    has_pnl=False,
)  # fmt: skip


def diagnose(
    vectors: Sequence[RawVector],
    pnl_by_factor: Sequence[int] | None,
    previous: Mapping[str, float] | None,
    settings: IntelSettings,
    legacy: frozenset[str] = frozenset(),
) -> FactorPart:
    """S11. `vectors` sorted by key; `pnl_by_factor` in micro-USD, None without closes. Disabled, or without vectors
    or factors, it is empty (B-FAC-8)."""
    factors = settings.factors
    if not (settings.factors_enabled and vectors and factors):
        return NO_FACTORS
    if "D-27" in legacy:
        pnl_by_factor = None  # the reader looks up names that nobody writes
    columns = list(zip(*(vector.values for vector in vectors), strict=True))
    coefs = [coefficients(column) for column in columns]
    normal = [normalized(column, coef, settings) for column, coef in zip(columns, coefs, strict=True)]
    matrix, correlation, vols = covariance(normal)
    # D-25: of z-scores, whose mean is 0
    sources = coefs if "D-25" not in legacy else [coefficients(column) for column in normal]
    ir = _ratios(sources, vols, pnl_by_factor)
    weights: tuple[float, ...] = ()
    feasible = bounds_feasible(len(factors), settings)
    if settings.auto_weighting:
        before = None
        if previous is not None and all(name in previous for name in factors):
            before = [previous[name] for name in factors]
        weights = weigh(raw_weights(settings.weight_mode, vols, ir), before, settings, legacy)
    straight, norms, dots = _orthogonal_block(normal) if settings.orthogonalization else ([], (), ())
    rows = zip(*normal, strict=True)
    straight_rows = list(zip(*straight, strict=True)) if straight else [()] * len(vectors)
    return FactorPart(
        factors=factors,
        vectors=tuple(
            Vector(vector.key, vector.direction, vector.regime, vector.values, row, turned)
            for vector, row, turned in zip(vectors, rows, straight_rows, strict=True)
        ),
        coefficients=tuple(coefs),
        covariance=matrix,
        correlation=correlation,
        vols=vols,
        norms=norms,
        dots=dots,
        degenerate=tuple(name for name, norm in zip(factors, norms, strict=False) if norm <= DEGENERATE),
        ir=ir,
        ir_source="vectors" if pnl_by_factor is None else "pnl",
        weights=weights,
        feasible=feasible,
        pnl_by_factor=tuple(pnl_by_factor or ()),
        has_pnl=pnl_by_factor is not None,
    )


def _orthogonal_block(
    columns: Sequence[Sequence[float]],
) -> tuple[list[list[float]], tuple[float, ...], Matrix]:
    """Orthogonal columns, their norms and all inner products (B-FAC-4)."""
    straight, norms = orthogonal(columns)
    dots = [[q12(dot(straight[i], straight[j])) for j in range(i + 1)] for i in range(len(straight))]
    return straight, tuple(norms), mirrored(dots)
