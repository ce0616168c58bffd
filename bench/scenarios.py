"""The scenarios that the benchmark runs, built as models: no YAML is parsed while something is measured."""

from __future__ import annotations

from simkit.core.numeric import PRICE, QTY, USD
from simkit.core.prng import Stream
from simkit.core.settings import IntelSettings, LimitSettings, Settings
from simkit.scenario.model import (
    Account,
    ClockSpec,
    OpeningPosition,
    PastCloses,
    RandomWalk,
    Regime,
    Scenario,
    VenueProfile,
)

SYMBOLS = (
    "BTCUSDT", "DOGEUSDT", "ETHUSDT", "LINKUSDT", "LTCUSDT", "SOLUSDT", "SUIUSDT", "WIFUSDT", "ADAUSDT", "XRPUSDT",
)  # fmt: skip
NEVER = 10**9


def universe(count: int) -> tuple[str, ...]:
    """`count` symbols, sorted, the known ones first."""
    more = tuple(f"S{number:03d}USDT" for number in range(max(0, count - len(SYMBOLS))))
    return tuple(sorted((*SYMBOLS, *more)[:count]))


def past(symbol: str, closes: int) -> PastCloses:
    """A seeded walk before L1 that ends at 100, so that the risk windows are full from the first loop."""
    draw = Stream(7, f"past/{symbol}")
    price, found = 100 * PRICE, []
    for _ in range(closes):
        found.append(price)
        price += price * round(draw.normal() * 2_000_000) // 10**9
    return PastCloses(symbol, tuple(reversed(found)))


def busy(loops: int, *, symbols: int = 8, held: int = 4, intel_every: int = NEVER, past_closes: int = 520) -> Scenario:
    """A market that moves in every loop, with positions open on `held` symbols, alternately long and short."""
    names = universe(symbols)
    opening = tuple(
        OpeningPosition(name, "SHORT" if index % 2 else "LONG", 2 * QTY, 100 * PRICE, tp, sl)
        for index, name in enumerate(names[:held])
        for tp, sl in [((PRICE, 900 * PRICE) if index % 2 else (900 * PRICE, PRICE))]
    )
    return Scenario(
        family="bench", id="busy", variant="", file="bench", title="", about="", incident="", tags=(), seed=1,
        clock=ClockSpec(1_736_121_600_000_000, 60_000_000, loops),
        universe=names,
        paths=tuple(RandomWalk(name, 100 * PRICE, (Regime(1, 0.001),)) for name in names),
        past=tuple(past(name, past_closes) for name in names) if past_closes else (),
        venue=VenueProfile(), account=Account(100_000 * USD), positions=opening, signals=(), events=(), faults=(),
        settings=Settings(intel=IntelSettings(every=intel_every), limits=LimitSettings(max_concurrent=100)),
        expect=(), findings=(), checkpoints=(),
    )  # fmt: skip
