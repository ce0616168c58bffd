"""`python -m bench [--quick]`: every budget of the project as a ratio, measured in one run on this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench import engine, processes
from bench.loop import in_folder
from bench.neighbours import neighbours
from simkit.core.environment import ram_folder


def rows(quick: bool) -> Iterator[tuple[str, float, str, float]]:
    """(what, measured, comparison, budget) of each budget; the median of at least five runs."""
    runs, loops = (5, 150) if quick else (7, 600)
    ram = ram_folder()
    if ram is not None:
        plain = [in_folder(ram, loops) for _ in range(runs)]
        yield "loop, 8 surfaces, RAM-backed, judged / floor", median(s.judged for s in plain), "<=", 10
        yield "loop, 8 surfaces, RAM-backed, not judged / floor", median(s.unjudged for s in plain), "<=", 6
        floor_us = median(s.floor_ns / s.loops for s in plain) / 1000
        yield "    floor, microseconds a loop", floor_us, "", 0
        intel = [in_folder(ram, loops // 3, intel_every=1) for _ in range(runs)]
        yield "loop, 11 surfaces, RAM-backed, judged / floor", median(s.judged for s in intel), "<=", 12
    disk = [in_folder(Path.cwd() / ".simkit", loops // 3) for _ in range(runs)]
    yield "loop, 8 surfaces, disk, judged / floor", median(s.judged for s in disk), "<=", 2
    yield "    floor on disk, microseconds a loop", median(s.floor_ns / s.loops for s in disk) / 1000, "", 0
    rate = median(engine.symbol_bars_per_s(1000 if quick else 5000) for _ in range(runs))
    yield "market, venue, executor: symbol-bars / s", rate, ">=", 50_000
    for name, speed in neighbours():
        yield f"    {name}: symbol-bars / s", speed, "", 0
    yield "simkit --help / python -c pass", processes.help_ratio(runs), "<=", 8
    yield "100 loops, cold check / import pytest", processes.cold_ratio(runs), "<=", 4
    long, short = (5000, 1000) if quick else (45_000, 1000)
    ratio = processes.peak_kib(long) / processes.peak_kib(short)
    yield f"peak memory, {long} loops / {short} loops", ratio, "<=", 1.3


def main() -> int:
    """Print the table; exit 1 when a budget is exceeded."""
    (Path.cwd() / ".simkit").mkdir(exist_ok=True)
    missed = 0
    for what, measured, comparison, budget in rows("--quick" in sys.argv):
        held = {"<=": measured <= budget, ">=": measured >= budget, "": True}[comparison]
        missed += not held
        limit = f"{comparison} {budget:g}" if comparison else ""
        print(f"{what:<52} {measured:>12,.2f}  {limit:<10} {'' if held else 'MISSED'}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
