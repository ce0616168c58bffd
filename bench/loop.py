"""One full loop against its floor, one after the other loop by loop, sums over the run.

The floor is the bare cost of the same bytes: the faster of orjson and msgspec encoding ready dictionaries of
the same content, replacing every file that the loop wrote with raw descriptors, appending the same log lines.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import msgspec

import simkit.run as pipeline
from bench.scenarios import NEVER, busy
from simkit.core.files import SurfaceWrite
from simkit.judge.judges import Judges
from simkit.trace.record import LoopRecord

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]

WARM_UP = 50
HELD = 4


@dataclass
class Sums:
    """Nanoseconds and counts summed over the measured loops."""

    loops: int = 0
    loop_ns: int = 0
    judge_ns: int = 0
    write_ns: int = 0
    encode_ns: dict[str, int] = field(default_factory=dict)
    files: int = 0
    bytes: int = 0
    log_lines: int = 0

    @property
    def floor_ns(self) -> int:
        """Writing, and the encoder that was the faster one over the run."""
        return self.write_ns + min(self.encode_ns.values())

    @property
    def judged(self) -> float:
        """The full loop as a multiple of the floor."""
        return self.loop_ns / self.floor_ns

    @property
    def unjudged(self) -> float:
        """The loop without its judges as a multiple of the floor."""
        return (self.loop_ns - self.judge_ns) / self.floor_ns

    @property
    def loop_us(self) -> float:
        """One loop in microseconds."""
        return self.loop_ns / self.loops / 1000

    @property
    def floor_us(self) -> float:
        """The floor of one loop in microseconds."""
        return self.floor_ns / self.loops / 1000


def encoders() -> dict[str, Callable[[Any], bytes]]:
    """The encoders that the floor may choose from."""
    found: dict[str, Callable[[Any], bytes]] = {"msgspec": msgspec.json.Encoder().encode}
    if orjson is not None:
        found["orjson"] = orjson.dumps
    return found


class Floor:
    """Writes what a loop wrote, without any logic, into a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._encoders = encoders()
        self._places: dict[str, tuple[str, str]] = {}

    def _place(self, path: str) -> tuple[str, str]:
        found = self._places.get(path)
        if found is None:
            target = self._folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            found = self._places[path] = (
                str(target),
                str(target.parent / f".tmp_{target.name}.{os.getpid()}"),
            )
        return found

    def repeat(self, writes: list[SurfaceWrite], sums: Sums) -> None:
        """Encode and write the documents of one loop and add what that cost to `sums`.

        The collector rests meanwhile: dictionaries made here must not trigger collections that the run would
        have had to pay for.
        """
        gc.disable()
        try:
            replaced = [(*self._place(w.path), w.data) for w in writes if w.mode == "replace"]
            appended = [(self._place(w.path)[0], w.data) for w in writes if w.mode == "append"]
            if len(replaced) + len(appended) != len(writes):
                raise AssertionError(f"a write that the floor does not know: {writes}")
            documents = [msgspec.json.decode(data) for _, _, data in replaced]
            for name, encode in self._encoders.items():
                sums.encode_ns[name] = sums.encode_ns.get(name, 0) + _encode_ns(encode, documents)
            sums.write_ns += _write_ns(replaced, appended)
            sums.files += len(replaced)
            sums.bytes += sum(len(data) for _, _, data in replaced)
            sums.log_lines += sum(data.count(b"\n") for _, data in appended)
            del documents
        finally:
            gc.enable()


def _encode_ns(encode: Callable[[Any], bytes], documents: list[Any]) -> int:
    started = perf_counter_ns()
    for document in documents:
        encode(document)
    return perf_counter_ns() - started


def _write_ns(replaced: list[tuple[str, str, bytes]], appended: list[tuple[str, bytes]]) -> int:
    started = perf_counter_ns()
    for target, temp, data in replaced:
        fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.write(fd, data)
        os.close(fd)
        os.replace(temp, target)
    for target, data in appended:
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.write(fd, data)
        os.close(fd)
    return perf_counter_ns() - started


class Watch:
    """Stands at the end of every loop: takes its time, then has the floor repeat it."""

    def __init__(self, floor: Floor, warm_up: int, held: int) -> None:
        self.sums = Sums()
        self.judge_ns = 0
        self._floor = floor
        self._warm_up = warm_up
        self._held = held
        self._mark = 0

    def on_loop(self, record: LoopRecord) -> None:
        """One loop is over."""
        now = perf_counter_ns()
        measured = record.loop > self._warm_up
        sums = self.sums if measured else Sums()
        self._floor.repeat(list(record.writes), sums)
        if measured:
            sums.loops += 1
            sums.loop_ns += now - self._mark
            sums.judge_ns += self.judge_ns
            if len({position.symbol for position in record.positions}) != self._held:
                raise AssertionError(
                    f"L{record.loop}: positions are not open on exactly {self._held} symbols"
                )
        self.judge_ns = 0
        self._mark = perf_counter_ns()


def measure(
    folder: Path,
    loops: int,
    *,
    intel_every: int = NEVER,
    warm_up: int = WARM_UP,
    symbols: int = 8,
    held: int = HELD,
) -> Sums:
    """One run of `loops` measured loops: the run's tree in `folder/run`, the floor's in `folder/floor`.

    Every loop is recorded whole, the dearest case: a run without a golden. Raises AssertionError when the run
    is not the one that was meant.
    """
    watch = Watch(Floor(folder / "floor"), warm_up, held)

    class TimedJudges(Judges):
        def loop(self, record: LoopRecord) -> None:
            started = perf_counter_ns()
            super().loop(record)
            watch.judge_ns += perf_counter_ns() - started

    plain, pipeline.Judges = pipeline.Judges, TimedJudges  # type: ignore[attr-defined]
    try:
        result = pipeline.simulate(
            busy(loops + warm_up, symbols=symbols, held=held, intel_every=intel_every), folder / "run",
            base=folder, spool=folder / "spool", on_loop=watch.on_loop,
        )  # fmt: skip
    finally:
        pipeline.Judges = plain  # type: ignore[attr-defined]
    if not result.judgement.ok:
        raise AssertionError(f"the benchmark's run breaks rules: {result.judgement.broken}")
    return watch.sums


def in_folder(
    parent: Path | None, loops: int, *, intel_every: int = NEVER, symbols: int = 8, held: int = HELD
) -> Sums:
    """`measure` in a fresh folder below `parent` (None: the system's temporary folder)."""
    folder = Path(tempfile.mkdtemp(prefix="simkit-bench-", dir=parent))
    try:
        return measure(folder, loops, intel_every=intel_every, symbols=symbols, held=held)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
