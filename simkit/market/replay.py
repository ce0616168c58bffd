"""Recorded bars from CSV files: one bar is one loop, its date a label.

Comes in: `Replay`, the folders where files lie. Goes out: labels and ticks, row by row. May import `core`,
`market.cells`, `market.ticks` and `scenario.model`. What is read here has passed `market.check`.

A recorded bar does not tell its path: one that closes at or above its open is taken to pass its low first,
one that closes below it its high.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from simkit.core.errors import Mistake, ScenarioError, SimkitError
from simkit.core.files import open_text
from simkit.market.cells import label_of, price_of
from simkit.market.ticks import Tick
from simkit.scenario.model import Replay, Scenario

PRICES = ("open", "high", "low", "close")


class Places(NamedTuple):
    """Where the columns of a file are, counted from 0; `symbol` is None when it has no such column."""

    time: int
    open: int
    high: int
    low: int
    close: int
    symbol: int | None


class Recorded(NamedTuple):
    """One recorded file. `shown` is its name in messages, `symbols` what it prices, `slots` the place in
    `symbols` of each value of the symbol column."""

    path: Replay
    file: Path
    shown: str
    symbols: list[str]
    slots: dict[str, int]


def find_recorded(path: Replay, scenario: Scenario, base: Path, data: Path | None) -> Recorded:
    """Where the file lies. Raises SimkitError when an outside file has no `data` folder, ScenarioError when
    the file is not there or its path leaves the folder."""
    if path.outside and data is None:
        raise SimkitError(
            f"{scenario.file}: {path.file} lies outside the repository: pass --data DIR, the folder it is in"
        )
    if path.outside and data is not None:
        folder, below, shown = data, "the folder given with --data", str(data / path.file)
    else:
        folder, below = base, "the scenario's folder"
        shown = (PurePosixPath(scenario.file).parent / path.file).as_posix()
    file = (folder / path.file).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise ScenarioError(
            [Mistake(shown, 0, 0, "the path leaves its folder", f"put the file into {below}")]
        )
    if not file.is_file():
        raise ScenarioError([Mistake(shown, 0, 0, "there is no such file", f"it should lie in {below}")])
    symbols = [symbol for _, symbol in path.symbols]
    return Recorded(path, file, shown, symbols, {row: slot for slot, (row, _) in enumerate(path.symbols)})


def bars(recorded: Recorded) -> Iterator[tuple[int, tuple[Tick, ...]]]:
    """Label and ticks of each bar, in the order of `recorded.symbols`. The file must have passed
    `market.check`: every label then has each symbol once, and its rows stand together."""
    names, slots, count = recorded.symbols, recorded.slots, len(recorded.symbols)
    every = range(count)
    with open_text(recorded.file) as stream:
        reader = csv.reader(stream, skipinitialspace=True)
        first = next(reader)
        places, is_header = locate(recorded, first)
        time, open_, high, low, close, symbol = places
        ticks: dict[int, Tick] = {}
        for row in reader if is_header else chain((first,), reader):
            if not row:
                continue
            slot = 0 if symbol is None else slots.get(row[symbol], -1)
            if slot < 0:
                continue
            start, end = price_of(row[open_]), price_of(row[close])
            ticks[slot] = Tick(
                names[slot], start, price_of(row[high]), price_of(row[low]), end, end, end >= start
            )
            if len(ticks) == count:
                yield label_of(row[time]), tuple([ticks[at] for at in every])
                ticks.clear()


def locate(recorded: Recorded, first: list[str]) -> tuple[Places, bool]:
    """Where the columns are, and whether the first row is a header. Raises ScenarioError when a column is
    missing.

    Columns given by position, and the kline layout (time, open, high, low, close, ...), need no header and
    tolerate one.
    """
    columns = recorded.path.columns
    wanted = (columns.time, columns.open, columns.high, columns.low, columns.close)
    symbol = columns.symbol
    if recorded.path.layout == "kline":
        wanted, symbol = ("0", "1", "2", "3", "4"), ""
    names = (*wanted, symbol) if symbol else wanted
    if all(name.isdecimal() for name in names):
        positions = [int(name) for name in names]
        is_header = not _is_price(first, positions[1])
    else:
        positions, is_header = _by_header(recorded, names, first), True
    time, open_, high, low, close, *rest = positions
    return Places(time, open_, high, low, close, rest[0] if rest else None), is_header


def _is_price(row: list[str], at: int) -> bool:
    try:
        price_of(row[at])
    except (IndexError, ValueError):
        return False
    return True


def _by_header(recorded: Recorded, names: tuple[str, ...], header: list[str]) -> list[int]:
    cells = [cell.strip().casefold() for cell in header]
    positions: list[int] = []
    mistakes: list[Mistake] = []
    for name in names:
        count = cells.count(name.casefold())
        if count == 1:
            positions.append(cells.index(name.casefold()))
        elif not count and name.isdecimal():
            positions.append(int(name))
        else:
            found = ", ".join(cell.strip() for cell in header)
            what = f"there are {count} columns" if count else "there is no column"
            mistakes.append(Mistake(recorded.shown, 1, 1, f"{what} {name!r}", f"the file's columns: {found}"))
    if mistakes:
        raise ScenarioError(mistakes)
    return positions
