"""Builds scenarios that only have prices, and plays their tape."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

from simkit.core.errors import Mistake, ScenarioError
from simkit.core.numeric import PRICE, scaled
from simkit.core.prng import Streams
from simkit.core.settings import Settings
from simkit.market.tape import tape
from simkit.market.ticks import Bars, Tick
from simkit.scenario.model import Account, ClockSpec, ColumnMap, Replay, Scenario, VenueProfile


def price(usd: float | str) -> int:
    return scaled(usd, PRICE)


def scenario(paths: tuple[Any, ...], universe: tuple[str, ...], loops: int, seed: int = 7) -> Scenario:
    return Scenario(
        family="f", id="tape", variant="", file="scenarios/f/tape.yaml", title="", about="", incident="",
        tags=(), seed=seed, clock=ClockSpec(0, 60_000_000, loops), universe=universe, paths=paths, past=(),
        venue=VenueProfile(), account=Account(0), positions=(), signals=(), events=(), faults=(),
        settings=Settings(), expect=(), findings=(), checkpoints=(),
    )  # fmt: skip


def play(
    *paths: Any,
    universe: tuple[str, ...],
    loops: int,
    seed: int = 7,
    base: Path = Path("nowhere"),
    data: Path | None = None,
) -> list[Bars]:
    what = scenario(paths, universe, loops, seed)
    return list(tape(what, Streams(what.seed), base, data))


def closes(bars: list[Bars], symbol: str) -> list[int]:
    return [tick.close for bar in bars for tick in bar.ticks if tick.symbol == symbol]


def ohlc(tick: Tick) -> tuple[float, float, float, float]:
    return (tick.open / PRICE, tick.high / PRICE, tick.low / PRICE, tick.close / PRICE)


def write(folder: Path, name: str, *lines: str) -> str:
    """A CSV file with these lines; packed where its name says so."""
    content = ("\n".join(lines) + "\n").encode()
    (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return name


def replay(file: str, *symbols: str, **more: Any) -> Replay:
    """One unnamed symbol, or several that a symbol column tells apart."""
    columns = more.pop("columns", ColumnMap(symbol="symbol") if len(symbols) > 1 else ColumnMap())
    return Replay(file, tuple((name, name) for name in symbols), columns, **more)


def mistakes(
    base: Path, *paths: Replay, loops: int, universe: tuple[str, ...] = ("BTCUSDT",)
) -> list[Mistake]:
    """All mistakes of the recorded files; an AssertionError when there is none."""
    try:
        play(*paths, universe=universe, loops=loops, base=base)
    except ScenarioError as found:
        return list(found.mistakes)
    raise AssertionError("no mistake was found")


def told(found: list[Mistake]) -> list[tuple[int, int, str]]:
    return [(mistake.line, mistake.column, mistake.message) for mistake in found]
