"""Scripted prices and candles.

Comes in: `Scripted` and `Candles`. Goes out: an endless iterator with one `Tick` per loop, from L1. May
import `market.ticks` and `scenario.model`. A price that holds is the same `Tick` object in every loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, pairwise, repeat

from simkit.market.ticks import Tick
from simkit.scenario.model import Bar, Candles, Scripted


def flat(symbol: str, price: int) -> Tick:
    """A bar that stands at one price."""
    return Tick(symbol, price, price, price, price, price)


def scripted(path: Scripted) -> Iterator[Tick]:
    """Each price stands from its loop until the next; a change is a gap, the bar does not travel."""
    steps = path.steps
    lasting = (
        repeat(flat(path.symbol, step.value), following.loop - step.loop)
        for step, following in pairwise(steps)
    )
    return chain(chain.from_iterable(lasting), repeat(flat(path.symbol, steps[-1].value)))


def candles(path: Candles) -> Iterator[Tick]:
    """Each candle in its loop; between them, and after the last, the last close holds."""
    bars = path.bars
    loops = [bar.loop for bar in bars[1:]]
    played = (
        chain((_tick(path.symbol, bar),), repeat(flat(path.symbol, bar.close), following - bar.loop - 1))
        for bar, following in zip(bars, loops, strict=False)
    )
    last = bars[-1]
    return chain(
        chain.from_iterable(played), (_tick(path.symbol, last),), repeat(flat(path.symbol, last.close))
    )


def _tick(symbol: str, bar: Bar) -> Tick:
    return Tick(symbol, bar.open, bar.high, bar.low, bar.close, bar.close, bar.path == "O-L-H-C")
