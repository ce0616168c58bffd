"""Start-up, cold check and peak memory, each in processes of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]

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

#: Where a Linux process reads its own peak.
STATUS = Path("/proc/self/status")

#: VmHWM is this program's own peak. `ru_maxrss` is none: a process inherits that of the one which started it.
MEMORY = """
import sys, tempfile
from pathlib import Path
from bench.scenarios import busy
from simkit.run import simulate
with tempfile.TemporaryDirectory(dir=sys.argv[2] or None) as place:
    folder = Path(place)
    simulate(busy(int(sys.argv[1])), folder / "run", base=folder, spool=folder / "spool")
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))
"""


def environment() -> dict[str, str]:
    """This process's environment with this checkout to import from, without `CI`, which forbids `accept`."""
    plain = {name: value for name, value in os.environ.items() if name not in ("CI", "SIMKIT_DIR")}
    plain["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return plain


def run(arguments: list[str], cwd: Path | None = None) -> str:
    """What `python ARGUMENTS` printed; raises RuntimeError with what it said when it fails."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment())
    if done.returncode:
        raise RuntimeError(f"{arguments[:4]} left with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


def ratios(work: Callable[[], object], unit: Callable[[], object], runs: int) -> list[float]:
    """The time of `work` as a multiple of that of `unit`, one after the other in each of `runs` runs. Each is
    done once before, so that no run compiles."""
    work()
    unit()
    return [_seconds(work) / _seconds(unit) for _ in range(runs)]


def help_ratios(runs: int) -> list[float]:
    """`simkit --help` as a multiple of `python -c pass`."""
    return ratios(lambda: run(["-m", "simkit", "--help"]), lambda: run(["-c", "pass"]), runs)


def cold_ratios(runs: int) -> list[float]:
    """A 100-loop scenario, parsed and compared with its golden from nothing, as a multiple of
    `python -c 'import pytest'`."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "scenarios").mkdir()
        (folder / "pyproject.toml").write_text("[tool.simkit]\n")
        (folder / "scenarios" / "cold.yaml").write_text(COLD)
        run(["-m", "simkit", "accept", "cold", "--reason", "benchmark"], folder)

        def check() -> None:
            shutil.rmtree(folder / ".simkit", ignore_errors=True)
            run(["-m", "simkit", "check", "cold"], folder)

        return ratios(check, lambda: run(["-c", "import pytest"], folder), runs)


def peak_kib(loops: int, parent: Path | None) -> int:
    """Peak resident memory of a run of `loops` loops below `parent`, in KiB; every loop is recorded whole."""
    return int(run(["-c", MEMORY, str(loops), "" if parent is None else str(parent)], ROOT))
