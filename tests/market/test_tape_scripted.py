"""Scripted prices and candles, and how the tape puts symbols together."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from market_kit import closes, ohlc, play, price, scenario

from simkit.core.errors import Exit, SimkitError
from simkit.core.prng import Streams
from simkit.market.tape import tape
from simkit.scenario.model import Bar, Candles, RandomWalk, Regime, Scripted, Step


def steps(symbol: str, **prices: float) -> Scripted:
    return Scripted(symbol, tuple(Step(int(loop[1:]), price(usd)) for loop, usd in prices.items()))


def test_a_price_holds_until_the_next() -> None:
    bars = play(steps("A", L1=100, L3=98, L4=99), universe=("A",), loops=6)
    assert closes(bars, "A") == [price(usd) for usd in (100, 100, 98, 99, 99, 99)]
    assert [bar.loop for bar in bars] == [1, 2, 3, 4, 5, 6]
    assert all(bar.label is None for bar in bars)


def test_a_scripted_bar_is_flat_and_its_mark_is_its_close() -> None:
    ((tick,), *_) = (bar.ticks for bar in play(steps("A", L1=100), universe=("A",), loops=1))
    assert ohlc(tick) == (100, 100, 100, 100)
    assert tick.mark == tick.close


def test_a_price_that_holds_is_the_same_object() -> None:
    first, second, third = play(steps("A", L1=100, L3=98), universe=("A",), loops=3)
    assert first.ticks[0] is second.ticks[0]
    assert second.ticks[0] is not third.ticks[0]


def test_steps_behind_the_last_loop_are_never_reached() -> None:
    assert closes(play(steps("A", L1=1, L2=2, L9=9), universe=("A",), loops=2), "A") == [price(1), price(2)]


def test_ticks_come_in_the_order_of_the_universe() -> None:
    bars = play(steps("B", L1=2), steps("C", L1=3), steps("A", L1=1), universe=("A", "B", "C"), loops=2)
    assert [tick.symbol for tick in bars[1].ticks] == ["A", "B", "C"]


def candle(loop: int, *prices: float, path: str = "O-L-H-C") -> Bar:
    return Bar(loop, *(price(usd) for usd in prices), path=path)  # type: ignore[arg-type]


def test_between_candles_the_last_close_holds() -> None:
    bars = (
        candle(1, 100, 105, 95, 101),
        candle(4, 90, 92, 80, 85, path="O-H-L-C"),
        candle(5, 85, 86, 84, 86),
    )
    found = [bar.ticks[0] for bar in play(Candles("A", bars), universe=("A",), loops=7)]
    assert [ohlc(tick) for tick in found] == [
        (100, 105, 95, 101), (101, 101, 101, 101), (101, 101, 101, 101), (90, 92, 80, 85), (85, 86, 84, 86),
        (86, 86, 86, 86), (86, 86, 86, 86),
    ]  # fmt: skip
    assert [tick.low_first for tick in (found[0], found[3], found[4])] == [True, False, True]
    assert all(tick.mark == tick.close for tick in found)


@pytest.mark.parametrize("path", [steps("A", L2=5), Candles("A", (candle(2, 1, 1, 1, 1),)), Candles("A", ())])
def test_a_path_must_begin_in_the_first_loop(path: Scripted | Candles) -> None:
    with pytest.raises(SimkitError, match=r"scenarios/f/tape\.yaml: A has no price in L1") as caught:
        play(path, universe=("A",), loops=3)
    assert caught.value.exit_code == Exit.SCENARIO_INVALID


def test_a_long_tape_is_flat_in_memory() -> None:
    walk = RandomWalk("B", price(100), (Regime(1, 0.001),), common="x", correlation=0.5)
    what = scenario((steps("A", L1=1, L5000=2), walk), ("A", "B"), 6_000)
    bars = tape(what, Streams(7), Path("nowhere"), None)
    for _ in range(1_000):
        next(bars)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(4_000):
        next(bars)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 20_000
