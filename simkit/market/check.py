"""The first pass over recorded bars: every mistake at once, with its row.

Comes in: recorded files. Goes out: nothing, or a ScenarioError. May import `core` and the other modules of
`market`. Only the bars that the scenario plays are read. A `Mistake` names the line, and as its column the
field of the row.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from simkit.core.clock import DAY_US, MICROSECONDS, iso
from simkit.core.errors import IoError, Mistake, ScenarioError
from simkit.core.files import UNREADABLE, open_text
from simkit.market.cells import label_of, price_of
from simkit.market.replay import PRICES, Places, Recorded, bars, locate
from simkit.market.ticks import Tick

#: So many mistakes of one file are listed; the rest are counted.
LISTED = 100
_SORT = "sort the file by time, then by symbol"
_TIMES = "a time is ISO-8601 (2022-01-31 23:59:00; UTC unless it says otherwise) or epoch s, ms or us"
_GAPS = "fill the missing bars, or play a part of the file without a gap"


def played(files: Sequence[Recorded], loops: int) -> Iterator[tuple[int, tuple[Tick, ...]]]:
    """Check all files, then play them side by side: label and ticks per loop. Raises ScenarioError."""
    mistakes: list[Mistake] = []
    for recorded in files:
        mistakes += _Check(recorded, loops).run()
    if not mistakes and len(files) > 1:
        mistakes += _apart(files, loops)
    if mistakes:
        raise ScenarioError(mistakes)
    return _side_by_side(files)


def _side_by_side(files: Sequence[Recorded]) -> Iterator[tuple[int, tuple[Tick, ...]]]:
    if len(files) == 1:
        return bars(files[0])
    return (
        (together[0][0], tuple(chain.from_iterable(ticks for _, ticks in together)))
        for together in zip(*(bars(recorded) for recorded in files), strict=False)
    )


def _apart(files: Sequence[Recorded], loops: int) -> list[Mistake]:
    """The first loop in which two files give different dates."""
    rows = islice(zip(*(bars(recorded) for recorded in files), strict=False), loops)
    for loop, together in enumerate(rows, 1):
        for recorded, (label, _) in zip(files, together, strict=True):
            if label != together[0][0]:
                said = f"L{loop} is {iso(label)} here and {iso(together[0][0])} in {files[0].shown}"
                return [
                    Mistake(recorded.shown, 0, 0, said, "files that are played together need the same dates")
                ]
    return []


class _Check:
    """One pass over one file."""

    def __init__(self, recorded: Recorded, loops: int) -> None:
        self._recorded = recorded
        self._loops = loops
        self._mistakes: list[Mistake] = []
        self._unlisted = 0
        self._line = 0
        self._bars = 0
        self._label = 0
        self._label_line = 0
        self._here: set[int] = set()
        self._seen: set[int] = set()
        self._others: dict[str, None] = {}
        self._sorted = True
        self._unreadable = 0
        self._unsure = 0
        self._incomplete: list[tuple[int, int, list[str]]] = []
        self._steps: dict[int, list[tuple[int, int]]] = {}
        self._step_counts: Counter[int] = Counter()

    def run(self) -> list[Mistake]:
        """All mistakes of the rows that are played."""
        try:
            self._read()
            self._conclude()
        except ScenarioError as found:
            return list(found.mistakes)
        except (*UNREADABLE, csv.Error) as problem:
            what = f"the file cannot be read further: {problem}"
            self._mistakes.append(Mistake(self._recorded.shown, self._line + 1, 1, what))
        except OSError as problem:
            raise IoError(f"{self._recorded.shown}: {problem.strerror}") from problem
        if self._unlisted:
            self._mistakes.append(
                Mistake(self._recorded.shown, 0, 0, f"{self._unlisted} more are not listed")
            )
        return self._mistakes

    def _add(self, line: int, column: int, message: str, hint: str = "") -> None:
        if len(self._mistakes) < LISTED:
            self._mistakes.append(Mistake(self._recorded.shown, line, column, message, hint))
        else:
            self._unlisted += 1

    def _read(self) -> None:
        with open_text(self._recorded.file) as stream:
            reader = csv.reader(stream, skipinitialspace=True, strict=True)
            first = next(reader, None)
            if first is None:
                raise ScenarioError([Mistake(self._recorded.shown, 0, 0, "the file is empty")])
            places, is_header = locate(self._recorded, first)
            needed = max(at for at in places if at is not None) + 1
            for row in reader if is_header else chain((first,), reader):
                self._line = reader.line_num
                if not row:
                    continue
                if len(row) < needed:
                    self._cannot_read(1, f"the row has {len(row)} fields, {needed} are needed")
                elif not self._row(row, places):
                    return

    def _cannot_read(self, column: int, message: str, hint: str = "") -> None:
        """A row without a place in time: what seems absent around it may be just this row."""
        self._add(self._line, column, message, hint)
        self._unreadable += 1
        self._unsure = 2

    def _row(self, row: list[str], places: Places) -> bool:
        """Check one row; False when no further row is played."""
        slot = 0
        if places.symbol is not None:
            name = row[places.symbol]
            if name not in self._recorded.slots:
                self._others.setdefault(name)
                return True
            slot = self._recorded.slots[name]
        try:
            label = label_of(row[places.time])
        except ValueError:
            self._cannot_read(places.time + 1, f"{row[places.time]!r} is not a time", _TIMES)
            return True
        if not self._place(slot, label):
            return False
        self._check_prices(row, places)
        return self._bars < self._loops or len(self._here) < len(self._recorded.symbols)

    def _place(self, slot: int, label: int) -> bool:
        """Put a bar in its place in time; False when its loop is behind the last one."""
        symbol, here = self._recorded.symbols[slot], self._here
        if self._bars and label == self._label:
            if slot in here:
                self._add(self._line, 1, f"a second bar of {symbol} at {iso(label)}", "remove one of the two")
        else:
            if self._bars and label < self._label:
                self._sorted = False
                self._add(self._line, 1, f"{iso(label)} comes after {iso(self._label)}", _SORT)
            elif self._bars:
                self._end_bar()
                if self._bars == self._loops:
                    return False
                if self._unsure < 2:
                    self._note_step(label)
                self._unsure = max(0, self._unsure - 1)
            self._bars += 1
            self._label, self._label_line = label, self._line
            here.clear()
        here.add(slot)
        self._seen.add(slot)
        return True

    def _note_step(self, label: int) -> None:
        step = label - self._label
        self._step_counts[step] += 1
        places = self._steps.setdefault(step, [])
        if len(places) < LISTED:
            places.append((self._line, label))

    def _end_bar(self) -> None:
        symbols = self._recorded.symbols
        if len(self._here) < len(symbols) and not self._unsure and len(self._incomplete) <= LISTED:
            absent = [symbol for slot, symbol in enumerate(symbols) if slot not in self._here]
            self._incomplete.append((self._label_line, self._label, absent))

    def _check_prices(self, row: list[str], places: Places) -> None:
        """Numbers above zero, and open and close inside low..high."""
        try:
            low, high = price_of(row[places.low]), price_of(row[places.high])
            start, end = price_of(row[places.open]), price_of(row[places.close])
        except ValueError:
            self._explain_prices(row, places)
        else:
            if not (0 < low <= start <= high and low <= end <= high):
                self._explain_prices(row, places)

    def _explain_prices(self, row: list[str], places: Places) -> None:
        prices: dict[str, int] = {}
        for name, at in zip(PRICES, (places.open, places.high, places.low, places.close), strict=True):
            try:
                prices[name] = price_of(row[at])
            except ValueError:
                self._add(self._line, at + 1, f"{name} {row[at]!r} is not a number")
                continue
            if prices[name] <= 0:
                self._add(self._line, at + 1, f"{name} {row[at]} is not above zero")
        if len(prices) < len(PRICES):
            return
        low, high = row[places.low], row[places.high]
        if prices["high"] < prices["low"]:
            self._add(self._line, places.high + 1, f"high {high} is below low {low}")
            return
        for name, at in (("open", places.open), ("close", places.close)):
            if not prices["low"] <= prices[name] <= prices["high"]:
                self._add(self._line, at + 1, f"{name} {row[at]} lies outside low..high, {low}..{high}")

    def _conclude(self) -> None:
        """What only the whole shows. In a file out of order, gaps and absent symbols mean nothing."""
        if self._bars:
            self._end_bar()
        recorded = self._recorded
        never = [name for name, slot in recorded.slots.items() if slot not in self._seen]
        if self._bars and never:
            found = ", ".join([*(name for name in recorded.slots if name not in never), *self._others])
            self._add(
                0, 0, f"no row of {', '.join(never)} in the bars that are played", f"the file has: {found}"
            )
        if self._sorted and not never:
            for line, label, absent in self._incomplete:
                hint = "every symbol needs a bar at every time"
                self._add(line, 1, f"no bar of {', '.join(absent)} at {iso(label)}", hint)
        if self._sorted:
            self._check_steps()
        if self._bars + self._unreadable < self._loops:
            self._add(0, 0, f"the scenario plays {self._loops} loops, the file has {self._bars} bars")

    def _check_steps(self) -> None:
        """Intraday bars come at one interval, the most frequent one; daily and longer ones may skip days."""
        counts = self._step_counts
        usual = min(counts, key=lambda step: (-counts[step], step), default=DAY_US)
        if usual >= DAY_US:
            return
        for step, places in self._steps.items():
            if step == usual:
                continue
            for line, label in places:
                before = f"{iso(label)} comes {step / MICROSECONDS:g} s after the bar before it"
                self._add(line, 1, f"{before}, the usual step is {usual / MICROSECONDS:g} s", _GAPS)
            self._unlisted += counts[step] - len(places)
