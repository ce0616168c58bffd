"""Seeded walks: reproducible, correlated, and no draw shifts another."""

from __future__ import annotations

import hashlib
import math
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st
from market_kit import closes, play, price

from simkit.core.numeric import PRICE
from simkit.market.ticks import Bars
from simkit.scenario.model import Jump, RandomWalk, Regime


def walk(symbol: str, volatility: float = 0.01, **more: object) -> RandomWalk:
    return RandomWalk(symbol, price(100), (Regime(1, volatility),), **more)  # type: ignore[arg-type]


def test_the_first_loop_stands_at_the_start() -> None:
    assert closes(play(walk("A"), universe=("A",), loops=2), "A")[0] == price(100)


def test_the_same_seed_gives_the_same_walk_and_another_seed_another() -> None:
    first, again, other = (
        closes(play(walk("A"), universe=("A",), loops=50, seed=seed), "A") for seed in (7, 7, 8)
    )
    assert first == again
    assert first != other


def test_a_walk_is_these_very_numbers() -> None:
    """The draws and their arithmetic are part of every golden: this must never change."""
    found = closes(play(walk("A", common="crypto", correlation=0.6), universe=("A",), loops=200), "A")
    assert hashlib.sha256(repr(found).encode()).hexdigest()[:16] == "0a9bf6b4aeebc878"


def test_another_symbol_shifts_no_draw() -> None:
    alone = play(walk("A", common="x", correlation=0.5), universe=("A",), loops=50)
    joined = play(
        walk("B", common="x", correlation=0.9), walk("A", common="x", correlation=0.5), walk("C"),
        universe=("B", "A", "C"), loops=50,
    )  # fmt: skip
    assert closes(alone, "A") == closes(joined, "A")


def test_another_regime_or_jump_shifts_no_later_draw() -> None:
    def relative(bars: list[Bars]) -> list[int]:
        return [round((bar.ticks[0].close / bar.ticks[0].open - 1) * 1e7) for bar in bars[30:]]

    plain = play(walk("A"), universe=("A",), loops=60)
    calm = RandomWalk("A", price(100), (Regime(1, 0.01), Regime(10, 0.0), Regime(20, 0.01)))
    jumped = walk("A", jumps=(Jump(15, -0.2),))
    assert relative(plain) == relative(play(calm, universe=("A",), loops=60))
    assert relative(plain) == relative(play(jumped, universe=("A",), loops=60))


def test_regimes_set_volatility_and_drift() -> None:
    path = RandomWalk("A", price(100), (Regime(1, 0.0), Regime(4, 0.0, 0.01), Regime(6, 0.02)))
    found = closes(play(path, universe=("A",), loops=300), "A")
    assert found[:5] == [price(100), price(100), price(100), price(101), price("102.01")]
    steps = [b / a - 1 for a, b in pairwise(found[5:])]
    spread = math.sqrt(math.fsum(step * step for step in steps) / len(steps))
    assert 0.017 < spread < 0.023


def test_a_jump_is_a_gap_before_the_step() -> None:
    path = RandomWalk("A", price(100), (Regime(1, 0.0),), (Jump(1, 0.1), Jump(3, -0.5)))
    ticks = [bar.ticks[0] for bar in play(path, universe=("A",), loops=4)]
    assert [tick.open for tick in ticks] == [price(110), price(110), price(55), price(55)]


def test_bars_travel_from_the_last_close_to_the_next() -> None:
    ticks = [bar.ticks[0] for bar in play(walk("A"), universe=("A",), loops=100)]
    for before, tick in pairwise(ticks):
        assert tick.open == before.close
        assert (tick.low, tick.high) == (min(tick.open, tick.close), max(tick.open, tick.close))
        assert tick.low_first == (tick.close >= tick.open)


def correlation(first: float, second: float) -> float:
    bars = play(
        walk("A", common="x", correlation=first), walk("B", common="x", correlation=second),
        universe=("A", "B"), loops=2_000,
    )  # fmt: skip
    a, b = (
        [later / earlier - 1 for earlier, later in pairwise(found)]
        for found in (closes(bars, "A"), closes(bars, "B"))
    )
    product = math.fsum(x * y for x, y in zip(a, b, strict=True))
    return product / math.sqrt(math.fsum(x * x for x in a) * math.fsum(y * y for y in b))


@pytest.mark.parametrize(("first", "second"), [(0.9, 0.8), (1.0, 1.0), (0.0, 0.9)])
def test_two_symbols_correlate_with_the_product_of_their_weights(first: float, second: float) -> None:
    assert abs(correlation(first, second) - first * second) < 0.08


def test_different_factors_are_independent() -> None:
    bars = play(
        walk("A", common="x", correlation=1.0),
        walk("B", common="y", correlation=1.0),
        universe=("A", "B"),
        loops=30,
    )
    assert closes(bars, "A") != closes(bars, "B")


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    st.integers(1, 10**7 * PRICE), st.floats(0, 5), st.floats(-2, 2), st.floats(-1, 3), st.integers(0, 2**32),
    st.floats(0, 1),
)  # fmt: skip
def test_a_price_stays_above_zero(
    start: int, volatility: float, drift: float, jump: float, seed: int, weight: float
) -> None:
    path = RandomWalk("A", start, (Regime(1, volatility, drift),), (Jump(5, jump),), "x", weight)
    for bar in play(path, universe=("A",), loops=20, seed=seed):
        (tick,) = bar.ticks
        assert 0 < tick.low <= min(tick.open, tick.close) <= max(tick.open, tick.close) <= tick.high
