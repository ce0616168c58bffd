"""The tape: one `Bars` per loop, flat in memory.

Comes in: the paths of a `Scenario`, random streams, folders with recorded files. Goes out: `Bars` for L1 to
the last loop. May import `core`, the other modules of `market`, and `scenario.model`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from operator import itemgetter
from pathlib import Path

from simkit.core.errors import Exit, SimkitError
from simkit.core.prng import Streams
from simkit.market.check import played
from simkit.market.replay import find_recorded
from simkit.market.scripted import candles, scripted
from simkit.market.ticks import Bars, Tick
from simkit.market.walk import factors, random_walk
from simkit.scenario.model import Candles, RandomWalk, Replay, Scenario, Scripted

Ticks = tuple[Tick, ...]


def tape(scenario: Scenario, streams: Streams, base: Path, data: Path | None) -> Iterator[Bars]:
    """One `Bars` per loop, ticks in the order of the universe.

    Recorded files lie beside the scenario (`base`) or, where they are `outside`, in `data`. Raises
    ScenarioError before L1 with every mistake of the recorded bars that the scenario plays, SimkitError when
    an outside file is wanted and there is no `data`.
    """
    replays = [path for path in scenario.paths if isinstance(path, Replay)]
    loops = scenario.clock.loops
    files = [find_recorded(path, scenario, base, data) for path in replays]
    recorded: Iterable[tuple[int | None, Ticks]] = played(files, loops) if files else repeat((None, ()))
    symbols, columns = _computed(scenario, streams)
    arrange = _arrangement(scenario.universe, symbols + [s for file in files for s in file.symbols])
    computed: Iterable[Ticks] = zip(*columns, strict=False) if columns else repeat(())
    numbers = range(1, loops + 1)
    for loop, ticks, (label, more) in zip(numbers, computed, recorded, strict=False):
        yield Bars(loop, arrange(ticks + more), label)


def _computed(scenario: Scenario, streams: Streams) -> tuple[list[str], list[Iterator[Tick]]]:
    """The symbols that need no file, and the ticks of each."""
    common = factors([path for path in scenario.paths if isinstance(path, RandomWalk)], streams)
    symbols: list[str] = []
    columns: list[Iterator[Tick]] = []
    for path in scenario.paths:
        if isinstance(path, Replay):
            continue
        if isinstance(path, RandomWalk):
            columns.append(random_walk(path, streams, common))
        else:
            _must_begin_at_l1(path, scenario)
            columns.append(scripted(path) if isinstance(path, Scripted) else candles(path))
        symbols.append(path.symbol)
    return symbols, columns


def _must_begin_at_l1(path: Scripted | Candles, scenario: Scenario) -> None:
    first = [step.loop for step in (path.steps if isinstance(path, Scripted) else path.bars)][:1]
    if first != [1]:
        raise SimkitError(
            f"{scenario.file}: {path.symbol} has no price in L1: its path must begin there",
            Exit.SCENARIO_INVALID,
        )


def _arrangement(universe: tuple[str, ...], symbols: list[str]) -> Callable[[Ticks], Ticks]:
    """Brings ticks that come in the order of `symbols` into the order of the universe."""
    if symbols == list(universe):
        return lambda ticks: ticks
    assert sorted(symbols) == sorted(universe), f"paths price {symbols}, the universe is {universe}"
    pick: Callable[[Ticks], Ticks] = itemgetter(*[symbols.index(symbol) for symbol in universe])
    return pick
