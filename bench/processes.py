"""Start-up, cold check and peak memory, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

COLD = """simkit: 1
id: cold
title: A hundred loops from a cold start
about: Written by the benchmark.
seed: 1
clock: {start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 100}
account: {cash: 100000 USD}
prices:
  BTCUSDT: {random: {start: 100, volatility: 0.1 %}}
  ETHUSDT: {random: {start: 100, volatility: 0.1 %}}
positions:
  BTCUSDT:LONG: {qty: 1, entry: 100, tp: 500, sl: 1}
"""

MEMORY = """
import resource, sys, tempfile
from pathlib import Path
from bench.scenarios import busy
from simkit.run import simulate
with tempfile.TemporaryDirectory(dir=sys.argv[2] or None) as folder:
    simulate(busy(int(sys.argv[1])), Path(folder), base=Path(folder))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def seconds(command: list[str], runs: int, **options: object) -> float:
    """The least of `runs` wall times."""
    best = float("inf")
    for _ in range(runs):
        started = perf_counter()
        subprocess.run(command, check=True, capture_output=True, **options)  # type: ignore[call-overload]
        best = min(best, perf_counter() - started)
    return best


def help_ratio(runs: int) -> float:
    """`simkit --help` as a multiple of `python -c pass`."""
    return seconds([sys.executable, "-m", "simkit", "--help"], runs) / seconds([sys.executable, "-c", "pass"], runs)


def cold_ratio(runs: int) -> float:
    """A 100-loop scenario, parsed and checked from nothing, as a multiple of `python -c 'import pytest'`."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "scenarios").mkdir()
        (folder / "pyproject.toml").write_text("[tool.simkit]\n")
        (folder / "scenarios" / "cold.yaml").write_text(COLD)
        quiet = {key: value for key, value in os.environ.items() if key != "CI"}
        here = {"cwd": folder, "env": quiet}
        subprocess.run([sys.executable, "-m", "simkit", "accept", "cold", "--reason", "benchmark"], check=True, **here)  # type: ignore[call-overload]
        best = float("inf")
        for _ in range(runs):
            subprocess.run(["rm", "-rf", str(folder / ".simkit")], check=True)
            best = min(best, seconds([sys.executable, "-m", "simkit", "check", "cold"], 1, **here))
    return best / seconds([sys.executable, "-c", "import pytest"], runs)


def peak_kib(loops: int, folder: str = "") -> int:
    """Peak resident memory of a run of `loops` loops, in KiB."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(loops), folder], check=True, capture_output=True, text=True
    )
    return int(done.stdout)
