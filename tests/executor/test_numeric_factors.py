"""Agreement of scores, momentum and factors with independent implementations: NumPy, SciPy, formulas.

Inputs are made by Hypothesis, degenerate ones among them. Tolerances are those of the quanta: what is published
is rounded to 1e-12 (factors), 1e-9 (scores, weights), 1e-4 (momentum), and each step starts from rounded values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st
from scipy.optimize import lsq_linear, minimize

from simkit.core.numeric import USD, q9
from simkit.core.settings import IntelSettings
from simkit.executor.factors import RawVector, bounds_feasible, diagnose, raw_weights, weigh
from simkit.executor.hybrid import hybrid
from simkit.executor.linear import clamped, orthogonal, project
from simkit.executor.rv import baskets_of, momentum, smooth
from simkit.executor.scores import Realised, composite
from simkit.executor.state import FactorPart

CONFIG = IntelSettings()
COUNT = len(CONFIG.factors)
UNIVERSE = ("BTCUSDT", "DOGEUSDT", "ETHUSDT", "LINKUSDT", "LTCUSDT", "SOLUSDT", "SUIUSDT", "WIFUSDT")

#: Raw values as they are born: of the size of scores and returns, to 1e-9, with repetitions.
cells = st.one_of(
    st.sampled_from([0.0, 0.5, 1.0, -0.35]),
    st.floats(-5.0, 5.0, allow_subnormal=False).map(q9),
    st.floats(-0.01, 0.01, allow_subnormal=False).map(q9),
)
tables = st.integers(2, 10).flatmap(
    lambda rows: st.lists(st.lists(cells, min_size=COUNT, max_size=COUNT), min_size=rows, max_size=rows)
)
many = settings(deadline=None, derandomize=True, max_examples=50)


def diagnosed(rows: Sequence[Sequence[float]], config: IntelSettings = CONFIG) -> FactorPart:
    vectors = [RawVector(f"S{i:02d}USDT:LONG", "LONG", "normal", tuple(row)) for i, row in enumerate(rows)]
    return diagnose(vectors, None, None, config)


def standardised(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """z-scores by NumPy, clamped at 3, and which columns have a spread."""
    spread = np.ptp(raw, axis=0) >= 1e-9
    std = np.where(spread, raw.std(axis=0), 1.0)
    return np.where(spread, np.clip((raw - raw.mean(axis=0)) / std, -3.0, 3.0), 0.0), spread


def well_spread(raw: np.ndarray) -> bool:
    """Each column is flat or wide enough that a quantum of 1e-12 in its mean and std cannot be seen at 1e-7."""
    ptp = np.ptp(raw, axis=0)
    return bool(np.all((ptp == 0.0) | (ptp > 1e-4)))


@many
@given(rows=tables)
def test_z_scores_covariance_and_correlation_agree_with_numpy(rows: list[list[float]]) -> None:
    raw = np.array(rows)
    assume(well_spread(raw))
    part = diagnosed(rows)
    normal, spread = standardised(raw)
    assert np.array([v.normalized for v in part.vectors]) == pytest.approx(normal, abs=1e-7)
    published = np.array([v.normalized for v in part.vectors])
    assert np.array(part.covariance) == pytest.approx(np.cov(published, rowvar=False, ddof=1), abs=1e-11)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = np.corrcoef(published, rowvar=False)
    for i in range(COUNT):
        for j in range(COUNT):
            if spread[i] and spread[j]:
                assert part.correlation[i][j] == pytest.approx(expected[i][j], abs=1e-10)
            else:
                assert part.correlation[i][j] == float(i == j)
    assert part.vols == pytest.approx(published.std(axis=0, ddof=1), abs=1e-11)
    assert np.linalg.eigvalsh(np.array(part.covariance)).min() >= -1e-9


@many
@given(rows=tables)
def test_ratios_of_vectors_are_mean_over_std_of_raw_values(rows: list[list[float]]) -> None:
    raw = np.array(rows)
    assume(well_spread(raw))
    spread = np.ptp(raw, axis=0) > 0.0
    expected = np.where(spread, raw.mean(axis=0) / (np.where(spread, raw.std(axis=0), 1.0) + 1e-9), 0.0)
    assert diagnosed(rows).ir == pytest.approx(expected, rel=1e-6, abs=1e-9)


@many
@given(rows=tables)
def test_min_max_values_agree_with_numpy(rows: list[list[float]]) -> None:
    raw = np.array(rows)
    low, span = raw.min(axis=0), np.ptp(raw, axis=0)
    assume(well_spread(raw))
    expected = np.where(span > 0.0, (raw - low) / np.where(span > 0.0, span, 1.0), 0.0)
    part = diagnosed(rows, IntelSettings(normalization_mode="minmax"))
    assert np.array([v.normalized for v in part.vectors]) == pytest.approx(expected, abs=1e-7)


@many
@given(rows=st.lists(st.lists(cells, min_size=4, max_size=4), min_size=4, max_size=9))
def test_gram_schmidt_agrees_with_qr_up_to_sign_and_scale(rows: list[list[float]]) -> None:
    matrix = np.array(rows)
    assume(np.linalg.matrix_rank(matrix) == 4 and np.linalg.cond(matrix) < 1e3)
    columns, norms = orthogonal(matrix.T.tolist())
    unit, upper = np.linalg.qr(matrix)
    assert norms == pytest.approx(np.abs(np.diag(upper)), abs=1e-9)
    for i, (column, norm) in enumerate(zip(columns, norms, strict=True)):
        along = np.array(column) / norm
        sign = 1.0 if along @ unit[:, i] > 0 else -1.0
        assert along == pytest.approx(sign * unit[:, i], abs=1e-7)


@many
@given(
    rows=st.lists(st.lists(cells, min_size=3, max_size=3), min_size=4, max_size=9),
    mix=st.lists(st.integers(-3, 3), min_size=3, max_size=3),
)
def test_a_combination_of_earlier_columns_is_degenerate(rows: list[list[float]], mix: list[int]) -> None:
    matrix = np.array(rows)
    assume(np.linalg.matrix_rank(matrix) == 3 and np.linalg.cond(matrix) < 1e3)
    last = [q9(math.fsum(m * v for m, v in zip(mix, row, strict=True))) for row in rows]
    columns, norms = orthogonal([*matrix.T.tolist(), last])
    assert norms[3] <= 1e-9
    assert not any(columns[3])
    for i in range(4):
        for j in range(i):
            inner = abs(math.fsum(a * b for a, b in zip(columns[i], columns[j], strict=True)))
            assert inner <= 1e-6 * norms[i] * norms[j] + 1e-9


# The weights: a quadratic programme ------------------------------------------------------------------------


@st.composite
def programmes(draw: st.DrawFn) -> tuple[list[float], float, float]:
    """Values of sum 1, and bounds between which n values of sum 1 fit."""
    n = draw(st.integers(2, 8))
    sizes = draw(st.lists(st.floats(0.0, 100.0, allow_subnormal=False), min_size=n, max_size=n))
    assume(math.fsum(sizes) > 1e-3)
    low = draw(st.floats(0.0, 1.0 / n))
    high = draw(st.floats(1.0 / n, 1.0))
    total = math.fsum(sizes)
    return [size / total for size in sizes], low, high


def solved(values: Sequence[float], low: float, high: float) -> np.ndarray:
    """The programme min |w - v|^2, sum w = 1, low <= w <= high by SLSQP."""
    goal = np.array(values)
    found = minimize(
        lambda w: float(((w - goal) ** 2).sum()),
        np.full(len(goal), 1.0 / len(goal)),
        jac=lambda w: 2.0 * (w - goal),
        bounds=[(low, high)] * len(goal),
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1.0, "jac": np.ones_like},
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 200},
    )
    return np.asarray(found.x)


@many
@given(problem=programmes())
def test_projection_agrees_with_a_quadratic_programme(problem: tuple[list[float], float, float]) -> None:
    """To 1e-6, which is what SLSQP reaches; never worse than its solution."""
    values, low, high = problem
    weights, reference = np.array(project(values, low, high)), solved(values, low, high)
    assert math.fsum(weights) == pytest.approx(1.0, abs=1e-12)
    assert weights.min() >= low and weights.max() <= high
    assert weights == pytest.approx(reference, abs=1e-6)
    goal = np.array(values)
    assert ((weights - goal) ** 2).sum() <= ((reference - goal) ** 2).sum() + 1e-9


@many
@given(problem=programmes())
def test_projection_agrees_with_bounded_least_squares(problem: tuple[list[float], float, float]) -> None:
    """The sum as a heavily weighted equation of a bounded least-squares problem, solved by an active set."""
    values, low, high = problem
    assume(high - low > 1e-6)
    heavy, n = 1e4, len(values)
    matrix = np.vstack([np.eye(n), np.full((1, n), heavy)])
    goal = np.array([*values, heavy])
    found = lsq_linear(matrix, goal, bounds=(low, high), method="bvls", tol=1e-14, max_iter=500).x
    assert project(values, low, high) == pytest.approx(found, abs=1e-6)


@many
@given(
    ratios=st.lists(st.floats(-50.0, 50.0, allow_subnormal=False), min_size=COUNT, max_size=COUNT),
    before=st.lists(st.floats(0.0, 1.0, allow_subnormal=False), min_size=COUNT, max_size=COUNT),
)
def test_published_weights_are_the_smoothed_projections(ratios: list[float], before: list[float]) -> None:
    raw = raw_weights("ir_only", [1.0] * COUNT, ratios)
    assume(math.fsum(before) > 1e-3)
    previous = [value / math.fsum(before) for value in before]
    expected = 0.2 * np.array(solved(raw, 0.05, 0.40)) + 0.8 * np.array(solved(previous, 0.05, 0.40))
    weights = weigh(raw, previous, CONFIG)
    assert weights == pytest.approx(expected, abs=2e-6)
    assert sum(round(w * 10**9) for w in weights) == 10**9


@many
@given(
    sizes=st.lists(st.floats(0.0, 100.0, allow_subnormal=False), min_size=1, max_size=10).filter(
        lambda sizes: math.fsum(sizes) > 1e-3
    ),
    low=st.floats(0.0, 0.5),
    high=st.floats(0.0, 1.0),
)
def test_weights_sum_to_one_whatever_the_bounds(sizes: list[float], low: float, high: float) -> None:
    config = IntelSettings(weight_min=low, weight_max=high)
    raw = [size / math.fsum(sizes) for size in sizes]
    weights = weigh(raw, None, config)
    assert sum(round(w * 10**9) for w in weights) == 10**9
    if bounds_feasible(len(raw), config):
        assert all(low - 1e-9 <= w <= high + 1e-9 for w in weights)
    else:
        assert max(weights) - min(weights) <= len(raw) * 1e-9


def test_d26_clamping_once_leaves_the_bounds() -> None:
    assert clamped([1.0, 0.0, 0.0, 0.0, 0.0, 0.0], 0.05, 0.40) == pytest.approx([8 / 13, *[1 / 13] * 5])
    assert clamped([0.7, 0.3], 0.05, 0.40) == pytest.approx([0.4, 0.6])
    assert clamped([0.2, 0.3, 0.3, 0.2], 0.05, 0.40) == pytest.approx([0.2, 0.3, 0.3, 0.2])


# Momentum and scores ---------------------------------------------------------------------------------------

returns_of = st.lists(st.floats(-0.2, 0.2, allow_subnormal=False).map(q9), max_size=48)


@many
@given(returns=returns_of, half_life=st.floats(0.5, 200.0))
def test_smoothing_is_the_weighted_sum_that_the_recursion_unrolls_to(
    returns: list[float], half_life: float
) -> None:
    """B-RV-1: r~_t = a r_t + (1 - a) r~_(t-1), begun at the first return."""
    keep = 2.0 ** (-1.0 / half_life)
    expected = [
        keep**t * returns[0] + math.fsum((1.0 - keep) * keep ** (t - k) * returns[k] for k in range(1, t + 1))
        for t in range(len(returns))
    ]
    assert smooth(returns, half_life) == pytest.approx(expected, abs=1e-9)


@many
@given(data=st.data(), mode=st.sampled_from(["zscore", "rank"]))
def test_momentum_agrees_with_numpy(data: st.DataObject, mode: str) -> None:
    """Spreads and raw scores from the formulas of B-RV-2 and B-RV-3, scores from the published raw scores."""
    bars = data.draw(st.integers(0, 12))
    steps = st.floats(-0.2, 0.2, allow_subnormal=False).map(q9)
    returns = {s: data.draw(st.lists(steps, min_size=bars, max_size=bars)) for s in UNIVERSE}
    part = momentum(UNIVERSE, returns, IntelSettings(rv_mode=mode))
    smoothed = {s: np.array(smooth(returns[s], 24.0)) for s in UNIVERSE}

    def level(name: str, inside: bool = True) -> float | None:
        members = [
            smoothed[s].mean() for s in UNIVERSE if (name in baskets_of(s)) is inside and smoothed[s].any()
        ]
        return float(np.mean(members)) if members else None

    def spread(left: float | None, right: float | None) -> float:
        return 0.0 if left is None or right is None else left - right

    quantum = 0.51e-4
    pair = smoothed["BTCUSDT"].mean() - smoothed["ETHUSDT"].mean() if bars else 0.0
    assert part.btc_vs_eth == pytest.approx(pair, abs=quantum)
    assert part.l1_vs_alt == pytest.approx(spread(level("l1"), level("alts")), abs=quantum)
    assert part.meme_vs_rest == pytest.approx(spread(level("meme"), level("meme", False)), abs=quantum)
    for row in part.rows:
        groups = baskets_of(row.symbol)
        expected = 0.2 * part.meme_vs_rest * (1 if "meme" in groups else -1)
        expected += 0.35 * part.btc_vs_eth * {"BTCUSDT": 1, "ETHUSDT": -1}.get(row.symbol, 0)
        expected += 0.35 * part.l1_vs_alt * (("l1" in groups) - ("alts" in groups))
        expected += 10.0 * float(smoothed[row.symbol].sum())
        assert row.raw == pytest.approx(expected, abs=quantum)
    raw, scores = np.array([row.raw for row in part.rows]), np.array([row.score for row in part.rows])
    if mode == "zscore":
        expected_scores = np.tanh((raw - raw.mean()) / raw.std() / 2.0) if raw.std() > 1e-10 else 0.0 * raw
    else:
        ranks = np.array([((raw < v).sum() + (raw <= v).sum() - 1) / 2.0 for v in raw])
        expected_scores = -1.0 + 2.0 * ranks / (len(raw) - 1)
    assert scores == pytest.approx(expected_scores, abs=quantum)


@many
@given(
    trades=st.integers(1, 50),
    wins=st.integers(0, 50),
    pnl=st.integers(-(10**10), 10**10),
    fees=st.integers(-(10**8), 10**8),
    quality=st.none() | st.floats(0.2, 1.0).map(q9),
    share=st.none() | st.floats(-1.0, 1.0),
    slip=st.floats(0.0, 20.0),
    scale=st.floats(0.0, 2.0),
)
def test_the_composite_agrees_with_its_formula(
    trades: int, wins: int, pnl: int, fees: int, quality: float | None, share: float | None, slip: float,
    scale: float,
) -> None:  # fmt: skip
    """B-HYB-1 in NumPy, to 2e-9: components are rounded before they are added."""
    wins = min(wins, trades)
    row = composite(
        "A", Realised(trades, wins, pnl, fees), quality, 0.35, maker_less_fallback=share, slip_p50_bps=slip,
        scale=scale,
    )  # fmt: skip
    e = 0.7 * (0.5 + 0.5 * np.tanh(pnl / USD / trades / 10.0)) + 0.3 * wins / trades
    stand_in = 0.5 if share is None else 0.5 + 0.5 * np.tanh(share)
    r = stand_in if quality is None else quality
    fee = min(0.4, 0.2 * abs(fees) / abs(pnl)) if pnl else 0.0
    score = 0.55 * e + 0.35 * r - min(0.4, slip / 20.0) - fee - 0.3 * min(0.5, abs(scale - 1.0))
    assert row.score == pytest.approx(float(np.clip(score, 0.0, 1.0)), abs=3e-9)
    assert row.passes is (row.score >= 0.35)


@many
@given(
    parts=st.lists(st.floats(-1.0, 1.0), min_size=4, max_size=4),
    rv=st.floats(-1.0, 1.0),
    regime=st.sampled_from(["low", "normal", "high", "crisis"]),
    quality=st.none() | st.floats(0.2, 1.0),
    age_min=st.floats(0.0, 300.0),
)
def test_the_full_hybrid_agrees_with_its_formula(
    parts: list[float], rv: float, regime: str, quality: float | None, age_min: float
) -> None:
    """B-HYB-3 in NumPy."""
    weights = np.array([0.40, 0.25, 0.20, 0.15])
    weights *= {"high": [1, 0.7, 0.9, 1], "crisis": [1, 0.4, 0.8, 1.1]}.get(regime, [1, 1, 1, 1])
    score = 0.9 * float(weights @ np.array(parts)) / weights.sum() + 0.1 * rv
    if quality is not None:
        score *= 0.5 if quality <= 0.5 else 1.05 if quality >= 0.9 else 1.0
    score *= max(0.35, 2.0 ** (-age_min / 45.0))
    names = ("trend", "carry", "expectancy", "router_quality")
    found = hybrid(
        dict(zip(names, parts, strict=True)), rv, regime=regime, quality=quality,
        age_us=round(age_min * 60_000_000),
    )  # fmt: skip
    assert found == pytest.approx(float(np.clip(score, -1.0, 1.0)), abs=3e-9)
