"""The statistics against NumPy and SciPy: VaR, CVaR, covariance, correlation, drawdown, the moving averages.

The other side never sees our returns or sums: it starts from closes, fills and NAVs. It rounds nothing, so that the
two may differ by the grain of what is published (`QUANTUM`), carried through the formula.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.stats import norm, pearsonr

from simkit.core.numeric import PRICE, QTY, USD
from simkit.core.settings import DrawdownSettings, NavSettings, RouterSettings, VarSettings
from simkit.executor.drawdown import Drawdown
from simkit.executor.factors import DEGENERATE, covariance
from simkit.executor.port import Disk
from simkit.executor.router import RouterStats
from simkit.executor.rv import smooth
from simkit.executor.state import VarPart
from simkit.executor.var import ReturnBook
from simkit.market.ticks import Bars, Tick
from simkit.scenario.model import PastCloses

Floats = NDArray[np.float64]
SETTINGS = settings(deadline=None, derandomize=True, max_examples=40)
QUANTUM = 1e-9
NAV = 10_000 * USD

#: Closes between 90 and 110 USD, so that no return exceeds 20 %.
CLOSES = st.lists(st.integers(90 * PRICE, 110 * PRICE), min_size=21, max_size=70)
SHARES = st.integers(-9_000, 9_000).filter(bool)
BOOKS = st.lists(st.tuples(CLOSES, SHARES), min_size=1, max_size=3)
#: Windows shorter than, as long as and longer than the series.
WINDOWS = st.builds(
    VarSettings,
    lookback=st.integers(2, 80),
    half_life=st.sampled_from([1.0, 20.0, 100.0, 1e6]),
    cvar_lookback=st.integers(1, 80),
    cvar_confidence=st.sampled_from([0.5, 0.9, 0.95, 0.99]),
)


def published(books: list[tuple[list[int], int]], use: VarSettings, in_run: int) -> VarPart:
    """What the executor says of the book; the last `in_run` closes come one loop at a time, each asked about."""
    names = [f"{letter}USDT" for letter in "ABCD"[: len(books)]]
    exposures = {name: usd * USD for name, (_, usd) in zip(names, books, strict=True)}
    past = [
        PastCloses(s, tuple(closes[: len(closes) - in_run]))
        for s, (closes, _) in zip(names, books, strict=True)
    ]
    book = ReturnBook(tuple(names), past, use)
    part = book.risk(exposures, NAV, use)
    for back in range(in_run, 0, -1):
        marks = [(name, closes[-back]) for name, (closes, _) in zip(names, books, strict=True)]
        book.add(Bars(1, tuple([Tick(s, c, c, c, c, c) for s, c in marks])))
        part = book.risk(exposures, NAV, use)
    assert part is not None
    return part


def matrix_of(books: list[tuple[list[int], int]], bars: int) -> Floats:
    """A row of returns per symbol over the common tail (B-VAR-1)."""
    rows = [np.diff(np.log(np.array(closes, dtype=float) / PRICE)) for closes, _ in books]
    n = min(bars, *map(len, rows))
    return np.array([row[-n:] for row in rows])


def shares_of(books: list[tuple[list[int], int]]) -> Floats:
    return np.array([usd / 10_000 for _, usd in books])


def shortfall(returns: Floats, confidence: float) -> float:
    """Expected shortfall as the minimum over c of c + mean excess of the losses over c, in units of the tail."""
    losses = -returns
    tail = max(1, len(losses) * round((1 - confidence) * 100) // 100)
    excess = np.maximum(losses[:, None] - losses[None, :], 0.0).sum(axis=0)
    return max(0.0, float(np.min(losses + excess / tail)))


# VaR and CVaR (B-VAR-2, 3, 5) ------------------------------------------------------------------------------


def test_z_is_the_quantile_of_the_confidence() -> None:
    assert VarSettings().z == round(float(norm.ppf(VarSettings().confidence)), 4)


@SETTINGS
@given(books=BOOKS, use=WINDOWS, in_run=st.integers(0, 12))
@example([([100 * PRICE, 105 * PRICE] * 20, 9_000)] * 2, VarSettings(), 0)
@example([([100 * PRICE] * 30, -9_000)], VarSettings(), 9)
def test_var_is_the_normal_quantile_of_the_exponentially_weighted_covariance(
    books: list[tuple[list[int], int]], use: VarSettings, in_run: int
) -> None:
    part, matrix, shares = published(books, use, in_run), matrix_of(books, use.lookback), shares_of(books)
    weights = 0.5 ** (np.arange(matrix.shape[1] - 1, -1, -1) / use.half_life)
    sigma_matrix = np.atleast_2d(np.cov(matrix, aweights=weights, ddof=0))
    variance = max(0.0, float(shares @ sigma_matrix @ shares))
    gross = float(np.abs(shares).sum())
    assert part.value is not None and part.volatility is not None
    ours = part.value / use.z
    # Returns are published to 1e-9; what cancels leaves the rounding of the sums.
    allowed = gross * QUANTUM + QUANTUM
    assert abs(ours**2 - variance) <= 2 * max(ours, variance**0.5) * allowed + allowed**2 + 1e-15 * gross**2
    assert part.volatility == pytest.approx(ours * 252**0.5, abs=17 * QUANTUM)
    assert part.usd == pytest.approx(part.value * NAV, abs=0.5 + 1e-6)


@SETTINGS
@given(books=BOOKS, use=WINDOWS, in_run=st.integers(0, 12))
@example([([100 * PRICE, 105 * PRICE] * 20, 9_000)] * 2, VarSettings(), 0)
def test_cvar_is_the_least_bound_plus_mean_excess(
    books: list[tuple[list[int], int]], use: VarSettings, in_run: int
) -> None:
    part, shares = published(books, use, in_run), shares_of(books)
    together = shares @ matrix_of(books, use.cvar_lookback)
    allowed = float(np.abs(shares).sum()) * QUANTUM + QUANTUM
    assert part.portfolio_cvar == pytest.approx(shortfall(together, use.cvar_confidence), abs=allowed)
    for row, one in zip(part.cvar.values(), books, strict=True):
        alone = shares_of([one])[0] * matrix_of([one], use.cvar_lookback)[0]
        assert row.value == pytest.approx(shortfall(alone, use.cvar_confidence), abs=2 * QUANTUM)


@SETTINGS
@given(closes=CLOSES, usd=SHARES)
def test_the_shortfall_is_no_smaller_than_the_quantile_of_the_same_tail(closes: list[int], usd: int) -> None:
    use = VarSettings(cvar_confidence=0.9)
    cvar = published([(closes, usd)], use, 0).portfolio_cvar
    quantile = -np.quantile(
        shares_of([(closes, usd)]) @ matrix_of([(closes, usd)], 400), 0.1, method="inverted_cdf"
    )
    assert cvar is not None
    assert cvar >= float(quantile) - 2 * QUANTUM


# Covariance and correlation (B-FAC-3) ----------------------------------------------------------------------

GRID = st.integers(2, 9).flatmap(
    lambda n: st.lists(
        st.lists(st.integers(-3_000, 3_000).map(lambda v: v / 1_000), min_size=n, max_size=n),
        min_size=2,
        max_size=6,
    )
)


@SETTINGS
@given(GRID)
@example([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [-1.0, -2.0, -3.0]])
@example([[0.5, 0.5], [0.0, 1.0]])
def test_covariance_and_correlation_of_factors(columns: list[list[float]]) -> None:
    matrix, correlation, vols = covariance(columns)
    theirs = np.cov(np.array(columns))
    assert np.allclose(np.array(matrix), theirs, rtol=0, atol=1e-11)
    assert np.allclose(np.array(vols), np.sqrt(np.diag(theirs)), rtol=0, atol=1e-8)
    for i, left in enumerate(columns):
        for j, right in enumerate(columns):
            flat = vols[i] < DEGENERATE or vols[j] < DEGENERATE
            wanted = float(i == j) if flat else float(pearsonr(left, right).statistic)
            assert correlation[i][j] == pytest.approx(wanted, abs=1e-6)
            assert correlation[i][j] == correlation[j][i]


# Drawdown (B-DD-1) -----------------------------------------------------------------------------------------


@SETTINGS
@given(st.lists(st.integers(5_000 * USD, 14_000 * USD), min_size=1, max_size=60))
def test_drawdown_is_the_distance_from_the_running_maximum(navs: list[int]) -> None:
    tracker = Drawdown(0, Disk(1), DrawdownSettings())
    seen = []
    for loop, nav in enumerate(navs):
        tracker.update(
            loop * 60_000_000, nav, DrawdownSettings(), NavSettings(), reset_peak=False, legacy=frozenset()
        )
        seen.append((tracker.part.dd, tracker.part.peak, tracker.part.breaker_active))
    peaks = np.maximum.accumulate(np.array(navs))
    assert [peak for _, peak, _ in seen] == peaks.tolist()
    theirs = 1.0 - np.array(navs) / peaks
    assert np.allclose([dd for dd, _, _ in seen], theirs, rtol=0, atol=QUANTUM)
    assert [active for _, _, active in seen] == [dd >= 0.10 for dd, _, _ in seen]


# Moving averages (B-RTR-2, B-RV-1) -------------------------------------------------------------------------


def ema(values: list[float], alpha: float) -> Floats:
    """level = alpha * value + (1 - alpha) * level, beginning at the first value."""
    found, _ = lfilter([alpha], [1.0, alpha - 1.0], values, zi=[(1.0 - alpha) * values[0]])
    return np.asarray(found)


@SETTINGS
@given(st.lists(st.integers(-500, 500), min_size=1, max_size=40), st.sampled_from([0.1, 0.3, 0.9]))
def test_drift_is_the_moving_average_of_the_slippage(tenths: list[int], alpha: float) -> None:
    """Prices lie whole tenths of a basis point beside 100 USD."""
    router = RouterStats(RouterSettings(drift_alpha=alpha))
    for second, tenth in enumerate(tenths, 1):
        ts, price = second * 1_000_000, 100 * PRICE + tenth * PRICE // 1_000
        router.fill("SOLUSDT", ts, ts, 100 * PRICE, price, QTY, QTY, False)
    (row,) = router.snapshot(len(tenths) * 1_000_000).rows
    theirs = ema([abs(tenth) / 10 for tenth in tenths], alpha)
    assert row.drift_bps == pytest.approx(float(theirs[-1]), abs=0.5e-6 / alpha + 1e-9)


@SETTINGS
@given(
    st.lists(st.floats(-0.2, 0.2, allow_subnormal=False), min_size=1, max_size=48),
    st.sampled_from([1.0, 12.0, 24.0, 48.0]),
)
def test_momentum_smooths_with_its_half_life(returns: list[float], half_life: float) -> None:
    alpha = 1.0 - float(np.exp(-np.log(2.0) / half_life))
    assert np.allclose(smooth(returns, half_life), ema(returns, alpha), rtol=0, atol=1e-10)
