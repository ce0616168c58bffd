"""Seeded random walks with volatility regimes, jumps and common factors.

Comes in: `RandomWalk`, random streams. Goes out: an endless iterator with one `Tick` per loop, from L1. May
import `core`, `market.ticks` and `scenario.model`.

A step is drift + volatility x z, rounded to whole parts per billion; everything after that is integer. z
mixes the symbol's own draw with its common factor's, weighted so that its variance stays 1; only +, x and the
square root are used, which IEEE 754 rounds alike everywhere. Two symbols on the same factor correlate with
the product of their weights. Every stream is drawn once per loop from L2 on, whether or not the draw has an
effect: another regime, jump or symbol shifts no draw.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat, tee

from simkit.core.numeric import div_half_even, scaled
from simkit.core.prng import Stream, Streams
from simkit.market.scripted import flat
from simkit.market.ticks import Tick
from simkit.scenario.model import RandomWalk

PPB = 10**9
#: No single step or jump takes more than this share of the price away: it stays above zero.
_WORST_PPB = 999_999_999


def factors(walks: Iterable[RandomWalk], streams: Streams) -> dict[str, Iterator[float]]:
    """The draws of the common factor of each walk, by symbol; walks on one factor see the same draws."""
    users: dict[str, list[str]] = {}
    for walk in walks:
        if walk.common:
            users.setdefault(walk.common, []).append(walk.symbol)
    draws: dict[str, Iterator[float]] = {}
    for name, symbols in users.items():
        shared = tee(_normals(streams.stream(f"common/{name}")), len(symbols))
        draws.update(zip(symbols, shared, strict=True))
    return draws


def _normals(stream: Stream) -> Iterator[float]:
    while True:
        yield stream.normal()


def random_walk(path: RandomWalk, streams: Streams, common: Mapping[str, Iterator[float]]) -> Iterator[Tick]:
    """L1 stands at the start; a later bar opens at the last close (after a jump: beyond it) and closes a step
    further. The price never falls below one quantum."""
    own = streams.stream(f"path/{path.symbol}")
    factor = common.get(path.symbol, repeat(0.0))
    weight = path.correlation if path.common else 0.0
    rest = math.sqrt(1.0 - weight * weight)
    jumps = {jump.loop: max(-_WORST_PPB, scaled(jump.size, PPB)) for jump in path.jumps}
    regimes = {regime.loop: regime for regime in path.regimes}
    volatility = drift = 0.0
    close = _moved(path.start, jumps.get(1, 0))
    if 1 in regimes:
        volatility, drift = regimes[1].volatility, regimes[1].drift
    yield flat(path.symbol, close)
    loop = 1
    while True:
        loop += 1
        if loop in regimes:
            volatility, drift = regimes[loop].volatility, regimes[loop].drift
        z = weight * next(factor) + rest * own.normal()
        start = _moved(close, jumps[loop]) if loop in jumps else close
        close = _moved(start, max(-_WORST_PPB, round((drift + volatility * z) * PPB)))
        rises = close >= start
        low, high = (start, close) if rises else (close, start)
        yield Tick(path.symbol, start, high, low, close, close, rises)


def _moved(price: int, ppb: int) -> int:
    """`price` changed by `ppb` parts per billion, half-even, at least one quantum."""
    return max(1, price + div_half_even(price * ppb, PPB))
