"""The scenarios that the benchmark runs, built as models: no YAML is parsed while something is measured."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from msgspec.structs import replace

from simkit.core.numeric import PRICE, QTY, USD
from simkit.core.prng import Stream, Streams
from simkit.core.settings import IntelSettings, LimitSettings, Settings
from simkit.market.tape import tape
from simkit.market.ticks import Bars
from simkit.scenario.model import (
    Account,
    ClockSpec,
    OpeningPosition,
    PastCloses,
    RandomWalk,
    Regime,
    Scenario,
    Side,
    Signal,
    VenueProfile,
)

SYMBOLS = (
    "BTCUSDT", "DOGEUSDT", "ETHUSDT", "LINKUSDT", "LTCUSDT", "SOLUSDT", "SUIUSDT", "WIFUSDT", "ADAUSDT",
    "XRPUSDT",
)  # fmt: skip
NEVER = 10**9
#: A signal comes every so many loops; the logs grow in those.
SIGNAL_EVERY = 10
#: Distance of a bracket's levels from the entry in percent: at 0.1 % a bar one is met after some 400 bars.
BRACKET_PCT = 2
#: The same, for levels that are never met.
FAR_PCT = 90


def universe(count: int) -> tuple[str, ...]:
    """`count` symbols, sorted, the known ones first."""
    more = tuple(f"S{number:03d}USDT" for number in range(max(0, count - len(SYMBOLS))))
    return tuple(sorted((*SYMBOLS, *more)[:count]))


def side_of(index: int) -> Side:
    """Alternately long and short."""
    return "SHORT" if index % 2 else "LONG"


def past(symbol: str, closes: int) -> PastCloses:
    """A seeded walk before L1 that ends at 100, so that the risk windows are full from the first loop."""
    draw = Stream(7, f"past/{symbol}")
    price, found = 100 * PRICE, []
    for _ in range(closes):
        found.append(price)
        price += price * round(draw.normal() * 2_000_000) // 10**9
    return PastCloses(symbol, tuple(reversed(found)))


def _scenario(name: str, loops: int, names: tuple[str, ...], settings: Settings) -> Scenario:
    """A market that moves in every loop, and nothing else."""
    return Scenario(
        family="bench", id=name, variant="", file="bench", title="", about="", incident="", tags=(), seed=1,
        clock=ClockSpec(1_736_121_600_000_000, 60_000_000, loops), universe=names,
        paths=tuple(RandomWalk(symbol, 100 * PRICE, (Regime(1, 0.001),)) for symbol in names), past=(),
        venue=VenueProfile(), account=Account(100_000 * USD), positions=(), signals=(), events=(), faults=(),
        settings=settings, expect=(), findings=(), checkpoints=(),
    )  # fmt: skip


def busy(loops: int, *, symbols: int = 8, held: int = 4, intel_every: int = NEVER) -> Scenario:
    """Positions stay open on exactly `held` symbols. Every tenth loop holds a signal: one adds to a position,
    one is too small and vetoed, one takes off what was added; so both logs grow."""
    names = universe(symbols)
    opening = tuple(
        OpeningPosition(name, side_of(index), 2 * QTY, 100 * PRICE, *levels)
        for index, name in enumerate(names[:held])
        for levels in [(PRICE, 900 * PRICE) if side_of(index) == "SHORT" else (900 * PRICE, PRICE)]
    )
    limits = LimitSettings(allow_add=True, max_concurrent=100)
    intel = IntelSettings(every=intel_every, min_for_emission=0.0)
    plain = _scenario("busy", loops, names, Settings(intel=intel, limits=limits))
    return replace(
        plain,
        past=tuple(past(name, 520) for name in names),
        positions=opening,
        signals=tuple(_signal(number, opening) for number in range(loops // SIGNAL_EVERY)),
    )


def _signal(number: int, opening: tuple[OpeningPosition, ...]) -> Signal:
    position = opening[number // 3 % len(opening)]
    loop, name = (number + 1) * SIGNAL_EVERY, f"b-{number}"
    if number % 3 == 2:
        return Signal(loop, name, "close", position.symbol, position.side, qty=QTY // 2)
    qty = QTY // 100 if number % 3 else QTY // 2
    return Signal(loop, name, "open", position.symbol, position.side, qty=qty)


def market(scenario: Scenario) -> list[Bars]:
    """All bars of the scenario."""
    return list(tape(scenario, Streams(scenario.seed), Path(), None))


def bracketed(loops: int, symbols: int, bracket_pct: int = BRACKET_PCT) -> Scenario:
    """Every symbol always holds a position with TP and SL; where one is met, the next opens in that loop."""
    limits = LimitSettings(max_concurrent=100)
    plain = _scenario("bracketed", loops, universe(symbols), Settings(limits=limits))
    signals: list[Signal] = []
    levels: dict[str, tuple[int, int]] = {}
    numbers = count(1)
    for bars in market(plain):
        for index, tick in enumerate(bars.ticks):
            low, high = levels.get(tick.symbol, (tick.close, tick.close))
            if low < tick.close < high:
                continue
            step = tick.close * bracket_pct // 100
            low, high = levels[tick.symbol] = (tick.close - step, tick.close + step)
            tp, sl = (low, high) if side_of(index) == "SHORT" else (high, low)
            signals.append(Signal(
                bars.loop, f"b-{next(numbers)}", "open", tick.symbol, side_of(index), qty=2 * QTY,
                tp=tp, sl=sl, levels="given",
            ))  # fmt: skip
    return replace(plain, signals=tuple(signals))
