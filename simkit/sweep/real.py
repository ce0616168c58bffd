"""The real crash sweep: processes on a real disk, killed by SIGKILL at any instant, while a reader reads.

Comes in: a scenario, how many kills, a seed. Goes out: `RealSweep`. May import `core`, `report.words`, `scenario`,
`run` and the rest of `sweep`. Works in a folder of its own, which it removes.

A child plays the scenario through the real door, flushed and synced, into one folder for all children. The parent reads
the files over and over meanwhile and kills the child after a drawn delay; the next one finds what it left. A child
reads only what it wrote itself and begins to write with a drawn loop. So every document that a file can hold is known
beforehand: the run is deterministic. What an executor makes of what it finds is for the sweep in memory.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from msgspec import Struct

from simkit.core import clock, environment, files
from simkit.core.errors import IoError, SimkitError
from simkit.core.files import Door
from simkit.core.prng import Stream
from simkit.report.words import plural
from simkit.run import simulate
from simkit.scenario.model import Scenario
from simkit.sweep.crash import swept
from simkit.sweep.io_errors import Deaf
from simkit.sweep.stepped import ROOT, temps
from simkit.sweep.system import MemorySystem
from simkit.trace.record import LoopRecord

#: A child lives that long after its first write, in seconds.
_LEAST_S, _MOST_S = 0.0005, 0.08
_PATIENCE_S = 60.0
#: After so many findings nothing new is learned.
_MOST_PROBLEMS = 20


class RealSweep(Struct, frozen=True):
    """How many kills and reads of whole files there were, and how many kills left a temporary file. `problems`: what a
    reader found that nobody had published, what was lost or left at the end."""

    scenario: str
    kills: int
    reads: int
    files: int
    interrupted: int
    problems: tuple[str, ...]


class _Job(Struct, frozen=True):
    scenario: Scenario
    base: Path
    data: Path | None
    root: Path


class LateDoor(Door):
    """The real door of a child. It keeps to itself what comes before loop `first`, and reads nothing but its own."""

    def __init__(self, root: Path, first: int, on_write: Callable[[], None]) -> None:
        super().__init__(root, fsync=True)
        self._first, self._on_write = first, on_write
        self._own: dict[str, bytes] = {}

    def replace(self, path: str, data: bytes, writer: str) -> None:
        """As `Door.replace`, from the first loop on."""
        self._own[path] = data
        if self._is_early(path, data):
            return
        super().replace(path, data, writer)

    def overwrite(self, path: str, data: bytes, writer: str) -> None:
        """As `Door.overwrite`, from the first loop on."""
        self._own[path] = data
        if self._is_early(path, data):
            return
        super().overwrite(path, data, writer)

    def append(self, path: str, data: bytes, writer: str) -> None:
        """As `Door.append`, from the first loop on."""
        self._own[path] = self._own.get(path, b"") + data
        if self.loop >= self._first:
            super().append(path, data, writer)

    def read(self, path: str) -> bytes | None:
        """What this process wrote."""
        return self._own.get(path)

    def _is_early(self, path: str, data: bytes) -> bool:
        if self.loop < self._first:
            self.tree[path] = data
            return True
        self._on_write()
        return False


def real_sweep(
    scenario: Scenario, *, base: Path, data: Path | None, work: Path, kills: int, seed: int
) -> RealSweep:
    """Kill `kills` children. Raises SimkitError where there is no SIGKILL, IoError when the machine refuses."""
    if not hasattr(signal, "SIGKILL"):
        raise SimkitError("--real needs SIGKILL, which this system has not; without --real all is in memory")
    swept(scenario)
    folder = work / f"crash-sweep-{environment.process_id()}"
    try:
        files.remove_tree(folder)
        folder.mkdir(parents=True)
        return _Sweeper(_Job(scenario, base, data, folder), Stream(seed, "crash-sweep")).run(kills)
    except OSError as problem:
        raise IoError(f"{folder}: {problem.strerror}") from problem
    finally:
        files.remove_tree(folder)


class _Sweeper:
    """One sweep in one folder."""

    def __init__(self, job: _Job, draw: Stream) -> None:
        self._job, self._draw = job, draw
        self._context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        self._documents, self._lines = _published(job)
        self._places = [(path, os.fspath(job.root / path)) for path in self._documents]
        self._seen: dict[str, bytes] = {}
        self._reads = 0
        self._problems: list[str] = []

    def run(self, kills: int) -> RealSweep:
        """All kills, then a run that nobody kills."""
        done, interrupted = 0, 0
        while done < kills and len(self._problems) < _MOST_PROBLEMS:
            done += 1
            self._kill_one(f"kill {done}")
            interrupted += bool(self._leftovers())
        self._finish()
        return RealSweep(
            self._job.scenario.name,
            done,
            self._reads,
            len(self._documents),
            interrupted,
            tuple(self._problems),
        )

    def _kill_one(self, when: str) -> None:
        """One child: wait for its first write, read for as long as was drawn, kill it, read what it left."""
        first = 1 + self._draw.below(self._job.scenario.clock.loops)
        delay = _LEAST_S + (_MOST_S - _LEAST_S) * self._draw.unit()
        child, pipe = self._child(first)
        try:
            if not pipe.poll(_PATIENCE_S):
                raise SimkitError(f"{self._job.scenario.name}: the child process writes nothing")
            until = clock.elapsed_s() + delay
            while clock.elapsed_s() < until:
                self._look(when)
        finally:
            child.kill()
            child.join()
            pipe.close()
        self._look(f"after {when}")

    def _finish(self) -> None:
        """A whole run: all documents are there, all log lines known, and nothing lies beside them."""
        child, pipe = self._child(1, once=True)
        try:
            while child.is_alive():
                self._look("in the last run")
        finally:
            child.kill()
            child.join()
            pipe.close()
        self._look("after the last run")
        self._problems += [
            f"after the last run: {path} is lost" for path, place in self._places if not os.path.exists(place)
        ]
        self._problems += [f"after the last run: {temp} is left" for temp in self._leftovers()]
        for path, lines in self._lines.items():
            found = (files.read_bytes(self._job.root / path) or b"").splitlines()
            torn = [line for line in found if line not in lines and not _is_beginning(line, lines)]
            self._problems += [f"after the last run: {path} holds {line!r}" for line in torn[:1]]

    def _child(self, first: int, *, once: bool = False) -> tuple[Any, Connection]:
        ours, theirs = self._context.Pipe(duplex=False)
        child = self._context.Process(target=_play, args=(self._job, first, once, theirs), daemon=True)
        child.start()
        theirs.close()
        return child, ours

    def _leftovers(self) -> list[str]:
        return sorted(temps(dict.fromkeys(files.walk(self._job.root), b"")))

    def _look(self, when: str) -> None:
        """Read every surface whole, and hold it against what this run publishes."""
        seen = self._seen
        for path, place in self._places:
            data = files.read_bytes(place)
            self._reads += 1
            if data is None:
                if path in seen:
                    self._problems.append(f"{when}: {path} is gone")
            elif data != seen.get(path):
                seen[path] = data
                if data not in self._documents[path]:
                    self._problems.append(f"{when}: {path} holds {len(data)} bytes that nobody published")


def _published(job: _Job) -> tuple[dict[str, frozenset[bytes]], dict[str, frozenset[bytes]]]:
    """Every document of every surface, and every line of every log, by path."""
    documents: dict[str, list[bytes]] = {}
    lines: dict[str, list[bytes]] = {}

    def keep(record: LoopRecord) -> None:
        for write in record.writes:
            if write.mode == "append":
                lines.setdefault(write.path, []).extend(write.data.splitlines())
            else:
                documents.setdefault(write.path, []).append(write.data)

    simulate(
        job.scenario, job.root, base=job.base, data=job.data, door=Door(ROOT, system=MemorySystem()), on_loop=keep,
        judges=Deaf(job.scenario),
    )  # fmt: skip
    return (
        {path: frozenset(found) for path, found in documents.items()},
        {path: frozenset(found) for path, found in lines.items()},
    )


def _is_beginning(line: bytes, lines: frozenset[bytes]) -> bool:
    return any(known.startswith(line) for known in lines)


def _play(job: _Job, first: int, once: bool, pipe: Connection) -> None:
    """The child: play the scenario, again and again, until somebody kills it or the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    told: list[bool] = []

    def tell() -> None:
        if not told:
            told.append(True)
            pipe.send_bytes(b"!")

    def leave_alone(record: LoopRecord) -> None:
        if os.getppid() != parent:
            os._exit(1)

    while True:
        door = LateDoor(job.root, first, tell)
        simulate(
            job.scenario, job.root, base=job.base, data=job.data, door=door, on_loop=leave_alone,
            judges=Deaf(job.scenario),
        )  # fmt: skip
        if once:
            return


def real_lines(sweep: RealSweep) -> list[str]:
    """The sweep in words."""
    kills = plural(sweep.kills, "kill")
    lines = [
        f"{sweep.scenario}: {kills} with SIGKILL, {sweep.interrupted} of them in the middle of a whole document",
        f"{sweep.reads} reads of {plural(sweep.files, 'file')} meanwhile",
    ]
    lines += [f"    {problem}" for problem in sweep.problems]
    count = len(sweep.problems)
    return [*lines, "every read was a whole document" if not count else plural(count, "problem")]


def real_plain(sweep: RealSweep) -> dict[str, Any]:
    """The sweep as JSON values."""
    return {
        "files": sweep.files,
        "interrupted": sweep.interrupted,
        "kills": sweep.kills,
        "problems": list(sweep.problems),
        "reads": sweep.reads,
        "scenario": sweep.scenario,
    }
