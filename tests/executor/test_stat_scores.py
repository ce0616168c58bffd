"""Composite scores (B-HYB-1, B-HYB-2)."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings, strategies as st

from simkit.core.numeric import USD
from simkit.executor.scores import Realised, composite, ranked

NOTHING = Realised()


def test_without_any_data_the_score_is_045() -> None:
    row = composite("BTCUSDT", NOTHING, None, 0.35)
    assert (row.score, row.expectancy, row.router, row.passes) == (0.45, 0.5, 0.5, True)
    assert (row.raw_expectancy, row.raw_router) == (None, None)
    assert (row.slippage_penalty, row.fee_drag_penalty, row.volatility_penalty) == (0.0, 0.0, 0.0)


def test_every_part_of_the_formula() -> None:
    realised = Realised(trades=4, wins=3, pnl=20 * USD, fees=-10 * USD)
    row = composite("BTCUSDT", realised, 0.65, 0.35, slip_p50_bps=3.0, scale=0.8)
    expectancy = 0.7 * (0.5 + 0.5 * math.tanh(0.5)) + 0.3 * 0.75
    assert row.raw_expectancy == 5.0
    assert row.expectancy == round(expectancy, 9)
    assert (row.slippage_penalty, row.fee_drag_penalty, row.volatility_penalty) == (0.15, 0.1, 0.2)
    assert row.score == pytest.approx(0.55 * expectancy + 0.35 * 0.65 - 0.15 - 0.1 - 0.06, abs=1e-9)


def test_penalties_have_their_ceilings() -> None:
    realised = Realised(trades=1, wins=1, pnl=1 * USD, fees=100 * USD)
    row = composite("BTCUSDT", realised, None, 0.35, slip_p50_bps=100.0, scale=9.0)
    assert (row.slippage_penalty, row.fee_drag_penalty, row.volatility_penalty) == (0.4, 0.4, 0.5)
    assert row.score == 0.0


def test_maker_and_fallback_shares_stand_in_for_a_missing_router_score() -> None:
    assert composite("A", NOTHING, None, 0.35, maker_less_fallback=0.4).router == round(
        0.5 + 0.5 * math.tanh(0.4), 9
    )
    assert composite("A", NOTHING, 0.7, 0.35, maker_less_fallback=0.4).router == 0.7


def test_inc36_a_router_score_down_by_020_takes_007() -> None:
    good, bad = (composite("SOLUSDT", NOTHING, quality, 0.35).score for quality in (0.65, 0.45))
    assert round(good - bad, 9) == 0.07


@pytest.mark.parametrize(("minimum", "passes"), [(0.449, True), (0.45, True), (0.450000001, False)])
def test_inc38_the_emission_edge_is_inclusive(minimum: float, passes: bool) -> None:
    assert composite("BTCUSDT", NOTHING, None, minimum).passes is passes


def test_rows_go_by_score_then_symbol() -> None:
    rows = [composite(s, NOTHING, q, 0.35) for s, q in (("C", 0.5), ("A", 0.5), ("B", 0.8))]
    assert [row.symbol for row in ranked(rows)] == ["B", "A", "C"]


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    trades=st.integers(0, 50),
    pnl=st.integers(-(10**12), 10**12),
    fees=st.integers(-(10**10), 10**10),
    quality=st.none() | st.floats(0.2, 1.0),
    slip=st.floats(0.0, 1000.0),
    scale=st.floats(0.0, 10.0),
)
def test_scores_and_components_stay_in_their_range(
    trades: int, pnl: int, fees: int, quality: float | None, slip: float, scale: float
) -> None:
    realised = Realised(trades, trades // 2, pnl if trades else 0, fees if trades else 0)
    row = composite("A", realised, quality, 0.35, slip_p50_bps=slip, scale=scale)
    parts = (row.expectancy, row.router, row.slippage_penalty, row.fee_drag_penalty, row.volatility_penalty)
    assert all(0.0 <= part <= 1.0 for part in (row.score, *parts))
    assert row.passes is (row.score >= 0.35)
