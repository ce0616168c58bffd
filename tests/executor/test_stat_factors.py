"""Factor diagnostics (B-FAC-1..7): against NumPy and QR, the weight projection, the incidents' figures."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

from simkit.core.numeric import USD, q9
from simkit.core.settings import IntelSettings
from simkit.executor.factors import (
    RawVector,
    coefficients,
    covariance,
    diagnose,
    raw_weights,
    split_pnl,
    weigh,
)
from simkit.executor.linear import orthogonal, project
from simkit.executor.state import FactorPart

CONFIG = IntelSettings()
NAMES = CONFIG.factors


def vectors_of(rows: Sequence[Sequence[float]]) -> list[RawVector]:
    return [RawVector(f"S{i:02d}USDT:LONG", "LONG", "normal", tuple(row)) for i, row in enumerate(rows)]


def table(seed: int, rows: int, columns: int = 6) -> list[list[float]]:
    stream = random.Random(seed)
    return [[q9(stream.gauss(0.3 * c, 1.0 + c)) for c in range(columns)] for _ in range(rows)]


def diagnosed(rows: Sequence[Sequence[float]], config: IntelSettings = CONFIG) -> FactorPart:
    return diagnose(vectors_of(rows), None, None, config)


# Statistics ------------------------------------------------------------------------------------------------


@settings(deadline=None, derandomize=True, max_examples=40)
@given(seed=st.integers(0, 10**6), rows=st.integers(2, 16))
def test_statistics_agree_with_numpy(seed: int, rows: int) -> None:
    raw = np.array(table(seed, rows))
    part = diagnosed(raw.tolist())
    coefs = part.coefficients
    assert [c.mean for c in coefs] == pytest.approx(raw.mean(axis=0), abs=1e-11)
    assert [c.std for c in coefs] == pytest.approx(raw.std(axis=0), abs=1e-11)
    normal = np.clip((raw - raw.mean(axis=0)) / raw.std(axis=0), -3.0, 3.0)
    assert np.array([v.normalized for v in part.vectors]) == pytest.approx(normal, abs=1e-9)
    expected = np.cov(normal, rowvar=False, ddof=1)
    assert np.array(part.covariance) == pytest.approx(expected, abs=1e-9)
    assert np.array(part.correlation) == pytest.approx(np.corrcoef(normal, rowvar=False), abs=1e-9)
    assert part.ir == pytest.approx(raw.mean(axis=0) / (raw.std(axis=0) + 1e-9), abs=1e-9)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 16))
def test_published_matrices_keep_their_rules(seed: int, rows: int) -> None:
    """INV-F05 and INV-F06 on the rounded figures."""
    part = diagnosed(table(seed, rows))
    for matrix in (part.covariance, part.correlation, part.dots):
        assert matrix == tuple(zip(*matrix, strict=True))
        assert np.linalg.eigvalsh(np.array(matrix)).min() >= -1e-9
    size = range(len(NAMES))
    assert [part.correlation[i][i] for i in size] == [1.0] * len(NAMES)
    for i in size:
        assert part.covariance[i][i] == pytest.approx(part.vols[i] ** 2, abs=1e-9)
        zeroed = NAMES[i] in part.degenerate
        assert part.dots[i][i] == pytest.approx(0.0 if zeroed else part.norms[i] ** 2, abs=1e-9)
        for j in size:
            assert abs(part.correlation[i][j]) <= 1.0
            assert i == j or abs(part.dots[i][j]) <= 1e-6 * part.norms[i] * part.norms[j] + 1e-9
    for coef in part.coefficients:
        assert coef.min <= coef.mean <= coef.max


@settings(deadline=None, derandomize=True, max_examples=40)
@given(seed=st.integers(0, 10**6), rows=st.integers(7, 16))
def test_orthogonal_columns_agree_with_qr(seed: int, rows: int) -> None:
    matrix = np.array(table(seed, rows))
    columns, norms = orthogonal(matrix.T.tolist())
    unit, upper = np.linalg.qr(matrix)
    assert norms == pytest.approx(np.abs(np.diag(upper)), abs=1e-9)
    assert pytest.approx(unit * np.diag(upper), abs=1e-9) == np.array(columns).T


def test_inc55_a_collinear_factor_is_degenerate() -> None:
    rows = [[t, 2.0 * t, *rest] for t, _, *rest in table(4, 8)]
    part = diagnosed(rows)
    assert part.degenerate == ("carry",)
    assert part.norms[1] <= 1e-9
    assert [vector.orthogonal[1] for vector in part.vectors] == [0.0] * 8
    assert part.dots[1] == (0.0,) * 6
    assert part.correlation[0][1] == 1.0
    assert sum(round(w * 10**9) for w in part.weights) == 10**9


@pytest.mark.parametrize(("step", "degenerate"), [(1e-9, True), (1.2e-9, False)])
def test_the_edge_of_a_degenerate_column(step: float, degenerate: bool) -> None:
    columns, norms = orthogonal([[step, 0.0]])
    assert (columns[0] == [0.0, 0.0]) is degenerate
    assert (norms[0] <= 1e-9) is degenerate


def test_inc58_one_symbol_is_no_cross_section() -> None:
    part = diagnosed([[0.01, 0.0, 0.2, 0.65, 3.0, -0.35]])
    assert part.covariance == ((0.0,) * 6,) * 6
    assert part.correlation == tuple(tuple(float(i == j) for j in range(6)) for i in range(6))
    assert (part.vols, part.ir, part.degenerate) == ((0.0,) * 6, (0.0,) * 6, NAMES)
    assert [(c.std, c.range) for c in part.coefficients] == [(1.0, 1.0)] * 6
    assert part.weights == (0.166666665, *(0.166666667,) * 5)


def test_inc59_two_directions_are_two_vectors() -> None:
    vectors = [
        RawVector("BTCUSDT:LONG", "LONG", "normal", (0.1,) * 6),
        RawVector("BTCUSDT:SHORT", "SHORT", "normal", (-0.1,) * 6),
    ]
    part = diagnose(vectors, None, None, CONFIG)
    assert [(v.key, v.direction) for v in part.vectors] == [
        ("BTCUSDT:LONG", "LONG"),
        ("BTCUSDT:SHORT", "SHORT"),
    ]
    assert [v.normalized[0] for v in part.vectors] == [1.0, -1.0]


def test_a_constant_factor_has_unit_coefficients_and_no_ratio() -> None:
    coef = coefficients([0.5, 0.5, 0.5])
    assert (coef.mean, coef.std, coef.min, coef.max, coef.range) == (0.5, 1.0, 0.5, 0.5, 1.0)
    rows = [[*row[:3], 0.5, *row[4:]] for row in table(1, 8)]
    part = diagnosed(rows)
    assert part.ir[3] == 0.0
    assert [vector.normalized[3] for vector in part.vectors] == [0.0] * 8


@pytest.mark.parametrize(
    ("values", "std", "spread"),
    [([0.5, 0.5], 1.0, 1.0), ([0.0, 1e-9], 1.0, 1e-9), ([0.0, 3e-9], 1.5e-9, 3e-9)],
)
def test_edges_of_a_degenerate_factor(values: list[float], std: float, spread: float) -> None:
    coef = coefficients(values)
    assert (coef.std, coef.range) == (std, spread)


def test_z_scores_are_clamped() -> None:
    part = diagnosed([[100.0] + [0.0] * 5] + [[0.0] * 6] * 15)
    assert part.vectors[0].normalized[0] == 3.0


def test_min_max_mode() -> None:
    part = diagnosed([[0.0] * 6, [1.0] * 6, [4.0] * 6], IntelSettings(normalization_mode="minmax"))
    assert [vector.normalized[0] for vector in part.vectors] == [0.0, 0.25, 1.0]


def test_two_vectors_are_enough_for_a_covariance() -> None:
    matrix, _, vols = covariance([[1.0, -1.0], [0.0, 0.0]])
    assert (matrix, vols[1]) == (((2.0, 0.0), (0.0, 0.0)), 0.0)


def test_switched_off_parts_are_empty() -> None:
    part = diagnosed(table(1, 8), IntelSettings(orthogonalization=False, auto_weighting=False))
    assert (part.norms, part.dots, part.degenerate, part.weights) == ((), (), (), ())
    assert part.vectors[0].orthogonal == ()


# Weights ---------------------------------------------------------------------------------------------------


def bisected(values: Sequence[float], low: float, high: float) -> list[float]:
    """The same projection found by halving an interval 200 times."""
    left, right = min(values) - high - 1.0, max(values) - low + 1.0
    for _ in range(200):
        middle = (left + right) / 2.0
        if sum(min(max(v - middle, low), high) for v in values) > 1.0:
            left = middle
        else:
            right = middle
    return [min(max(v - left, low), high) for v in values]


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[float], float, float]:
    values = draw(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=10))
    low = draw(st.floats(0.0, 0.2))
    high = draw(st.floats(0.1, 1.0))
    assume(low < high and len(values) * low <= 1.0 <= len(values) * high)
    return values, low, high


@settings(deadline=None, derandomize=True, max_examples=200)
@given(problems())
def test_projection_is_the_nearest_point_inside(problem: tuple[list[float], float, float]) -> None:
    values, low, high = problem
    weights = project(values, low, high)
    assert sum(weights) == pytest.approx(1.0, abs=1e-12)
    assert all(low <= w <= high for w in weights)
    assert weights == pytest.approx(bisected(values, low, high), abs=1e-12)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    raw=st.lists(st.floats(0.0, 1000.0), min_size=6, max_size=6),
    before=st.lists(st.floats(0.0, 1.0), min_size=6, max_size=6),
)
def test_published_weights_sum_to_one_inside_the_bounds(raw: list[float], before: list[float]) -> None:
    """INV-F08, INV-F10 on the rounded figures."""
    previous = weigh(raw_weights("ir_only", [1.0] * 6, before), None, CONFIG)
    weights = weigh(raw_weights("ir_only", [1.0] * 6, raw), previous, CONFIG)
    for published in (previous, weights):
        assert sum(round(w * 10**9) for w in published) == 10**9
        assert all(0.05 <= w <= 0.40 for w in published)
    step = max(abs(new - old) for new, old in zip(weights, previous, strict=True))
    assert step <= 0.2 * (0.40 - 0.05) + 1e-8


def test_inc56_a_dominant_factor_gets_forty_and_the_rest_twelve_each() -> None:
    weights = weigh(raw_weights("ir_only", [1.0] * 6, [100.0] + [0.0] * 5), None, CONFIG)
    assert weights == (0.4, 0.12, 0.12, 0.12, 0.12, 0.12)


def test_inc56_the_next_run_moves_a_fifth_of_the_way() -> None:
    first = weigh(raw_weights("ir_only", [1.0] * 6, [100.0] + [0.0] * 5), None, CONFIG)
    second = weigh(raw_weights("ir_only", [1.0] * 6, [0.0] * 5 + [100.0]), first, CONFIG)
    assert second == (0.344, 0.12, 0.12, 0.12, 0.12, 0.176)


def test_inc56_two_factors_cannot_meet_the_bounds() -> None:
    config = IntelSettings(factors=("trend", "carry"))
    part = diagnosed([[1.0, 0.0], [2.0, 5.0]], config)
    assert (part.weights, part.feasible) == ((0.5, 0.5), False)
    assert diagnosed(table(1, 4)).feasible is True


@pytest.mark.parametrize(
    ("maximum", "minimum", "feasible"),
    [(0.5, 0.0, True), (0.499, 0.0, False), (1.0, 0.5, True), (1.0, 0.501, False)],
)
def test_edges_of_feasibility(maximum: float, minimum: float, feasible: bool) -> None:
    config = IntelSettings(factors=("trend", "carry"), weight_max=maximum, weight_min=minimum)
    part = diagnosed([[1.0, 0.0], [2.0, 5.0]], config)
    assert part.feasible is feasible
    assert sum(round(w * 10**9) for w in part.weights) == 10**9


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("equal", [0.25, 0.25, 0.25, 0.25]),
        ("vol_inverse", [0.4, 0.4, 0.1, 0.1]),
        ("ir_only", [0.1, 0.2, 0.3, 0.4]),
        ("vol_inverse_ir", [1 / 4.75, 2 / 4.75, 0.75 / 4.75, 1 / 4.75]),
    ],
)
def test_raw_weights_by_mode(mode: str, expected: list[float]) -> None:
    assert raw_weights(mode, [1.0, 1.0, 4.0, 4.0], [1.0, -2.0, 3.0, -4.0]) == pytest.approx(
        expected, abs=1e-8
    )


def test_no_ratio_at_all_is_equal_weights() -> None:
    assert raw_weights("ir_only", [1.0] * 4, [0.0] * 4) == [0.25] * 4


def test_previous_weights_outside_new_bounds_are_brought_in_first() -> None:
    config = IntelSettings(weight_max=0.2)
    weights = weigh([1.0 / 6] * 6, (0.4, 0.12, 0.12, 0.12, 0.12, 0.12), config)
    assert max(weights) <= 0.2


def test_previous_weights_of_other_factors_are_not_used() -> None:
    vectors = vectors_of(table(1, 8))
    fresh = diagnose(vectors, None, None, CONFIG)
    assert diagnose(vectors, None, {"trend": 1.0}, CONFIG).weights == fresh.weights
    known = dict(zip(NAMES, fresh.weights, strict=True))
    assert diagnose(vectors, None, known, CONFIG).weights == pytest.approx(fresh.weights, abs=5e-9)


# Attribution -----------------------------------------------------------------------------------------------


def test_pnl_is_shared_by_absolute_components() -> None:
    assert split_pnl(30 * USD, [1.0, -2.0, 0.0], 3) == (10 * USD, 20 * USD, 0)
    assert split_pnl(-10 * USD, None, 2) == (-5 * USD, -5 * USD)
    assert split_pnl(100, [1.0, 1.0, 1.0, 0.0], 4) == (34, 33, 33, 0)


@pytest.mark.parametrize(("size", "parts"), [(1e-9, (9, 0, 0)), (0.9e-9, (3, 3, 3))])
def test_components_below_a_nano_in_all_are_none(size: float, parts: tuple[int, ...]) -> None:
    assert split_pnl(9, [size, 0.0, 0.0], 3) == parts


@settings(deadline=None, derandomize=True, max_examples=100)
@given(pnl=st.integers(-(10**12), 10**12), components=st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=8))
def test_shares_add_up_to_the_pnl(pnl: int, components: list[float]) -> None:
    parts = split_pnl(pnl, components, len(components))
    assert sum(parts) == pnl
    assume(sum(map(abs, components)) >= 1e-9)
    assert all(part == 0 for part, size in zip(parts, components, strict=True) if size == 0.0)


def test_ratio_from_pnl_is_usd_over_vol() -> None:
    pnl = (6 * USD, 5 * USD, 4 * USD, 3 * USD, 2 * USD, 0)
    part = diagnose(vectors_of(table(2, 8)), pnl, None, CONFIG)
    assert (part.ir_source, part.has_pnl, part.pnl_by_factor) == ("pnl", True, pnl)
    assert part.ir == pytest.approx(
        [p / USD / (vol + 1e-9) for p, vol in zip(pnl, part.vols, strict=True)], abs=1e-11
    )


def test_without_closes_the_ratio_comes_from_the_vectors() -> None:
    part = diagnosed(table(2, 8))
    assert (part.ir_source, part.has_pnl, part.pnl_by_factor) == ("vectors", False, ())


# As it was (D-26) ------------------------------------------------------------------------------------------


def test_d26_clamped_weights_leave_their_bounds() -> None:
    legacy = frozenset({"D-26"})
    first = weigh(raw_weights("ir_only", [1.0] * 6, [100.0] + [0.0] * 5), None, CONFIG, legacy)
    assert first == pytest.approx([0.615384615, *[0.076923077] * 5], abs=5e-9)
    again = weigh(raw_weights("ir_only", [1.0] * 6, [100.0] + [0.0] * 5), first, CONFIG, legacy)
    assert again == pytest.approx(first, abs=5e-9)
    two = IntelSettings(factors=("trend", "carry"))
    assert weigh([0.7, 0.3], None, two, legacy) == (0.4, 0.6)
