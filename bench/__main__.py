"""`python -m bench [--quick]`: every budget of the project, measured in one run on this machine."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Literal, NamedTuple

from bench import processes
from bench.engine import run_alone
from bench.loop import Sums, in_folder
from bench.neighbours import NEIGHBOURS, SYMBOLS, measured
from bench.scenarios import FAR_PCT, bracketed
from simkit.core.environment import ram_folder


class Row(NamedTuple):
    """One line of the table: what was measured in each run, and the budget of the median."""

    what: str
    values: Sequence[float]
    comparison: Literal["<=", ">=", ""] = ""
    budget: float = 0
    remark: str = ""

    @property
    def held(self) -> bool:
        """True when there is no budget, or the median keeps it."""
        if not self.comparison:
            return True
        middle = median(self.values)
        return middle <= self.budget if self.comparison == "<=" else middle >= self.budget

    def text(self) -> str:
        """The line as a row of a Markdown table."""
        middle = spread = "-"
        if self.values:
            middle = _number(median(self.values))
            spread = f"{_number(min(self.values))} .. {_number(max(self.values))}"
        limit = f"{self.comparison} {self.budget:,g}" if self.comparison else ""
        remark = ("" if self.held else "**MISSED** ") + self.remark
        return f"| {self.what:<54} | {middle:>9} | {spread:>21} | {limit:<9} | {remark} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}"


HEAD = (
    f"| {'what':<54} | {'median':>9} | {'min .. max':>21} | {'budget':<9} | remark |\n|---|---:|---:|---|---|"
)


class Size(NamedTuple):
    """How much is measured."""

    runs: int
    loops: int
    bars: int
    memory_loops: int


FULL = Size(7, 600, 5000, 45_000)
QUICK = Size(5, 150, 1000, 5000)


def loop_rows(size: Size) -> Iterator[Row]:
    """The full loop against its floor."""
    ram = ram_folder()
    if ram is None:
        yield Row("loop on a RAM-backed folder", (), remark="this machine has none")
    else:
        plain = [in_folder(ram, size.loops) for _ in range(size.runs)]
        yield Row("loop, 8 surfaces, RAM / floor", [s.judged for s in plain], "<=", 10, _floor(plain))
        yield Row("loop, 8 surfaces, RAM, without judges / floor", [s.unjudged for s in plain], "<=", 6)
        intel = [in_folder(ram, size.loops // 2, intel_every=1) for _ in range(size.runs)]
        yield Row("loop, 11 surfaces, RAM / floor", [s.judged for s in intel], "<=", 12, _floor(intel))
    here = Path.cwd() / ".simkit"
    here.mkdir(exist_ok=True)
    disk = [in_folder(here, size.loops // 3) for _ in range(size.runs)]
    yield Row("loop, 8 surfaces, disk / floor", [s.judged for s in disk], "<=", 2, _floor(disk))


def _floor(runs: Sequence[Sums]) -> str:
    floor_us, one = median(s.floor_us for s in runs), runs[0]
    loop_us = median(s.loop_us for s in runs)
    kib = one.bytes / one.loops / 1024
    return (
        f"loop {loop_us:,.0f} µs, floor {floor_us:,.0f} µs: {one.files / one.loops:.0f} files, "
        f"{kib:.1f} KiB and {one.log_lines / one.loops:.2f} log lines a loop"
    )


def growth_rows(size: Size) -> Iterator[Row]:
    """How a loop's cost grows: with the symbols at most as they do, with the loops not at all."""
    ram, loops = ram_folder(), size.loops // 2
    few = [in_folder(ram, loops) for _ in range(size.runs)]
    many = [in_folder(ram, loops, symbols=64, held=32) for _ in range(size.runs)]
    ratios = [wide.loop_us / narrow.loop_us for wide, narrow in zip(many, few, strict=True)]
    yield Row("loop with 64 symbols, 32 held / with 8, 4 held", ratios, "<=", 8)
    pairs = [(in_folder(ram, 16 * loops), in_folder(ram, 4 * loops)) for _ in range(size.runs)]
    ratios = [long.loop_us / short.loop_us for long, short in pairs]
    yield Row(f"loop of a run of {16 * loops:,} / of {4 * loops:,}", ratios, "<=", 1.15)


def engine_rows(size: Size) -> Iterator[Row]:
    """Market, venue and executor alone, and the neighbours on the same market."""
    what = f"market, venue, executor, {SYMBOLS} symbols: symbol-bars / s"
    met = [run_alone(bracketed(size.bars, SYMBOLS)) for _ in range(size.runs)]
    remark = f"{met[0].entries} brackets opened; gates ask for VaR and CVaR"
    yield Row(what, [rate.per_s for rate in met], ">=", 50_000, remark)
    far = [run_alone(bracketed(size.bars, SYMBOLS, FAR_PCT)) for _ in range(size.runs)]
    remark = f"{far[0].entries} brackets opened, none met: nobody asks for VaR or CVaR"
    yield Row("  the same, levels far away", [rate.per_s for rate in far], remark=remark)
    for neighbour in NEIGHBOURS:
        outcome = measured(neighbour, size.bars, size.runs)
        rates = [rate.per_s for rate in outcome.rates]
        opened = f"{outcome.rates[0].entries} brackets opened; " if outcome.rates else f"{outcome.why_not}; "
        yield Row(f"  {neighbour.name}: symbol-bars / s", rates, remark=opened + neighbour.differs)


def process_rows(size: Size) -> Iterator[Row]:
    """What is measured from outside."""
    yield Row("simkit --help / python -c pass", processes.help_ratios(size.runs), "<=", 8)
    cold = processes.cold_ratios(size.runs)
    yield Row("100 loops from a cold start / python -c 'import pytest'", cold, "<=", 4)
    if not processes.STATUS.exists():
        yield Row("peak memory", (), remark=f"not measured: this machine has no {processes.STATUS}")
        return
    short = processes.peak_kib(1000, ram_folder())
    long = processes.peak_kib(size.memory_loops, ram_folder())
    remark = f"one run of each: {short / 1024:.1f} and {long / 1024:.1f} MiB"
    yield Row(f"peak memory, {size.memory_loops:,} loops / 1,000 loops", [long / short], "<=", 1.3, remark)


def rows(size: Size) -> Iterator[Row]:
    """The whole table, line by line as it is measured."""
    yield from loop_rows(size)
    yield from growth_rows(size)
    yield from engine_rows(size)
    yield from process_rows(size)


def main() -> int:
    """Print the table; exit 1 when a budget is exceeded."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs: for a first look")
    size = QUICK if parser.parse_args().quick else FULL
    print(HEAD, flush=True)
    missed = 0
    for row in rows(size):
        print(row.text(), flush=True)
        missed += not row.held
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
