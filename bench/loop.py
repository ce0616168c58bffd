"""One full loop against its floor, interleaved loop by loop, sums over the run.

The floor is the bare cost of the same bytes: the faster of orjson and msgspec encoding ready dictionaries of the
same content, replacing every file that the loop wrote with raw descriptors, appending the same log lines.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import msgspec

import simkit.run as pipeline
from bench.scenarios import NEVER, busy
from simkit.judge.judges import Judges
from simkit.trace.record import LoopRecord

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]

WARM_UP = 50


@dataclass
class Sums:
    """Nanoseconds summed over the measured loops."""

    loop_ns: int = 0
    judge_ns: int = 0
    floor_ns: int = 0
    loops: int = 0

    @property
    def judged(self) -> float:
        """The full loop as a multiple of the floor."""
        return self.loop_ns / self.floor_ns

    @property
    def unjudged(self) -> float:
        """The loop without its judges as a multiple of the floor."""
        return (self.loop_ns - self.judge_ns) / self.floor_ns


def encoders() -> list[Callable[[Any], bytes]]:
    """The encoders that the floor may choose from."""
    found: list[Callable[[Any], bytes]] = [msgspec.json.Encoder().encode]
    if orjson is not None:
        found.append(orjson.dumps)
    return found


class Floor:
    """Writes what a loop wrote, without any logic, into a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._encoders = encoders()
        self._places: dict[str, tuple[str, str]] = {}
        self._lines: dict[bytes, Any] = {}

    def _place(self, path: str) -> tuple[str, str]:
        found = self._places.get(path)
        if found is None:
            target = self._folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            found = self._places[path] = (str(target), str(target.parent / f".tmp_{target.name}.{os.getpid()}"))
        return found

    def cost_ns(self, record: LoopRecord) -> int:
        """Encode and write the loop's documents; the time of the fastest encoder plus the writes."""
        replaced = [(self._place(w.path), msgspec.json.decode(w.data), w.data) for w in record.writes if w.mode == "replace"]
        appended = [(self._place(w.path), w.data) for w in record.writes if w.mode == "append"]
        encoding = min(self._encode_ns(encode, [document for _, document, _ in replaced]) for encode in self._encoders)
        started = perf_counter_ns()
        for (target, temp), _, data in replaced:
            fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.write(fd, data)
            os.close(fd)
            os.replace(temp, target)
        for (target, _), data in appended:
            fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.write(fd, data)
            os.close(fd)
        return encoding + perf_counter_ns() - started

    @staticmethod
    def _encode_ns(encode: Callable[[Any], bytes], documents: list[Any]) -> int:
        started = perf_counter_ns()
        for document in documents:
            encode(document)
        return perf_counter_ns() - started


def measure(folder: Path, loops: int, *, symbols: int = 8, held: int = 4, intel_every: int = NEVER) -> Sums:
    """One run of `loops` measured loops in `folder`."""
    sums = Sums()
    scenario = busy(loops + WARM_UP, symbols=symbols, held=held, intel_every=intel_every)
    floor = Floor(folder / "floor")
    judge_ns = 0

    class TimedJudges(Judges):
        def loop(self, record: LoopRecord) -> None:
            nonlocal judge_ns
            started = perf_counter_ns()
            super().loop(record)
            judge_ns += perf_counter_ns() - started

    mark = 0

    def on_loop(record: LoopRecord) -> None:
        nonlocal mark, judge_ns
        now = perf_counter_ns()
        if record.loop > WARM_UP:
            sums.loop_ns += now - mark
            sums.judge_ns += judge_ns
            sums.floor_ns += floor.cost_ns(record)
            sums.loops += 1
        judge_ns = 0
        mark = perf_counter_ns()

    plain, pipeline.Judges = pipeline.Judges, TimedJudges  # type: ignore[misc, attr-defined]
    try:
        result = pipeline.simulate(scenario, folder / "run", base=folder, on_loop=on_loop)
    finally:
        pipeline.Judges = plain  # type: ignore[misc, attr-defined]
    unexpected = {finding.rule for finding in result.judgement.findings}
    if unexpected:
        raise AssertionError(f"the benchmark's run breaks rules: {sorted(unexpected)}")
    return sums


def in_folder(parent: Path | None, loops: int, **shape: int) -> Sums:
    """`measure` in a fresh folder below `parent` (None: the system's temporary folder)."""
    folder = Path(tempfile.mkdtemp(prefix="simkit-bench-", dir=parent))
    try:
        return measure(folder, loops, **shape)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
