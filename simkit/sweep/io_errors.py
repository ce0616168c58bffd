"""The I/O-error sweep: every file operation of a run fails once, with every error, and what follows is judged.

Comes in: a scenario. Goes out: `IoSweep`. May import `core`, `scenario`, `surfaces`, `trace`, `judge`, `run` and the
rest of `sweep`. Runs in memory; leaves no file.

After a failed operation no file is partial and no temporary file is left, every other file of the loop is written, the
error is told with path, operation and loop, and the run ends with the files of one in which nothing failed.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from simkit.contract.table import by_id
from simkit.core.errors import SimkitError
from simkit.core.files import Door
from simkit.executor.reference import ReferenceExecutor
from simkit.judge.judges import Judges
from simkit.run import simulate
from simkit.scenario.model import Loops, Scenario
from simkit.surfaces.mirror import Mirror
from simkit.surfaces.publish import Publisher
from simkit.sweep.batches import batches, outcomes_of
from simkit.sweep.crash import lengthened
from simkit.sweep.stepped import ROOT, below_root, temps
from simkit.sweep.system import MemorySystem
from simkit.trace.record import LoopRecord

#: The errors of a file system that a run meets, by name.
ERRORS: dict[str, int] = {
    name: getattr(errno, name) for name in ("ENOSPC", "EIO", "EACCES", "EROFS", "EMFILE")
}
_LOGS = "logs/execution/"
_NAV, _NAV_STATE = by_id["S1"].path, by_id["S2"].path


class Failure(Struct, frozen=True):
    """An operation that fails: the `number`-th of the run from L1 on, what it does, in which loop. `path` is the
    file that it is done for, a temporary one's target."""

    number: int
    loop: int
    operation: str
    path: str
    error: str


class IoOutcome(Struct, frozen=True):
    """What followed; `problems` is empty where all went well. `told`: what executor and sync_state said of it.
    `lines_lost`: the logs that lack the lines of that loop."""

    failure: Failure
    problems: tuple[str, ...]
    told: tuple[str, ...]
    lines_lost: tuple[str, ...]


class IoSweep(Struct, frozen=True):
    """A sweep: its outcomes by operation and error. `operations`: how many the run makes."""

    scenario: str
    operations: int
    first: int
    last: int
    is_lasting: bool
    outcomes: tuple[IoOutcome, ...]

    @property
    def failed(self) -> tuple[IoOutcome, ...]:
        """The failures after which something was wrong."""
        return tuple(outcome for outcome in self.outcomes if outcome.problems)


class FailingDoor(Door):
    """A door on a simulated file system. From L1 on it counts the operations and fails the `fail_at`-th: that one
    alone, or with `is_lasting` all from there to the end of the loop."""

    def __init__(
        self,
        fail_at: int | None = None,
        error: str = "EIO",
        *,
        is_lasting: bool = False,
        on_operation: Callable[[Failure], None] | None = None,
    ) -> None:
        self.system = MemorySystem()
        super().__init__(ROOT, fsync=True, system=self.system)
        self.system.before = self._before
        self.count = 0
        self.failed_in = 0
        self.is_lasting = is_lasting
        self._fail_at, self._error = fail_at, error
        self._on_operation = on_operation

    def _before(self, operation: str, path: str) -> None:
        if not self.loop:
            return
        self.count += 1
        if self._on_operation is not None:
            self._on_operation(Failure(self.count, self.loop, operation, _target(path), self._error))
        is_first = self.count == self._fail_at
        if is_first:
            self.failed_in = self.loop
        if is_first or (self.is_lasting and self.failed_in == self.loop):
            number = ERRORS[self._error]
            raise OSError(number, os.strerror(number), path)


class _Job(Struct, frozen=True):
    scenario: Scenario
    base: Path
    data: Path | None
    is_lasting: bool
    failures: tuple[Failure, ...]
    plain: dict[str, bytes]
    written: dict[int, tuple[str, ...]]


class Deaf(Judges):
    """Judges nothing: what is compared here are bytes."""

    def loop(self, record: LoopRecord) -> None:
        """Nobody looks."""


def io_sweep(
    scenario: Scenario,
    *,
    base: Path,
    data: Path | None = None,
    errors: Sequence[str] = tuple(ERRORS),
    loops: Loops | None = None,
    number: int | None = None,
    is_lasting: bool = False,
    processes: int = 0,
) -> IoSweep:
    """Fail every operation of `loops` (None: all), or operation `number` alone, with each of `errors`.

    Raises SimkitError where the scenario cannot be swept.
    """
    last = scenario.clock.loops
    scenario = lengthened(scenario)
    operations: list[Failure] = []
    door, watch = FailingDoor(on_operation=operations.append), _Watch()
    _run(scenario, base, data, door, watch)
    first, last = (1, last) if loops is None else (loops.first, min(loops.last, last))
    chosen = [f for f in operations if (first <= f.loop <= last if number is None else f.number == number)]
    if not chosen:
        raise SimkitError(f"{scenario.name}: no such operation; they go from 1 to {len(operations)}")
    failures = tuple([replace(failure, error=error) for failure in chosen for error in errors])
    job = _Job(scenario, base, data, is_lasting, (), below_root(door.system), watch.written)
    jobs = [replace(job, failures=tuple(some)) for some in batches(failures)]
    outcomes = outcomes_of(_sweep, jobs, processes)
    return IoSweep(scenario.name, len(operations), first, last, is_lasting, outcomes)


class _Watch:
    """What each loop wrote, what it said of failures, and whether its files are whole."""

    def __init__(self, door: FailingDoor | None = None) -> None:
        self.written: dict[int, tuple[str, ...]] = {}
        self.told: list[str] = []
        self.problems: list[str] = []
        self.publisher: Publisher | None = None
        self.mirror: Mirror | None = None
        self._door = door
        self._logs: dict[str, bytes] = {}
        self._is_cut = False

    def __call__(self, record: LoopRecord) -> None:
        loop = record.loop
        self.written[loop] = tuple([write.path for write in record.writes])
        for write in record.writes:
            if write.mode == "append":
                self._logs[write.path] = self._logs.get(write.path, b"") + write.data
        door = self._door
        if door is None or not door.failed_in:
            return
        if door.failed_in == loop:
            self._hear(loop)
        self._inspect(door, loop)

    def _hear(self, loop: int) -> None:
        if self.publisher is not None:
            self.told += [f"L{f.loop}: {f.path}: {f.reason}" for f in self.publisher.failed]
        if self.mirror is not None and self.mirror.failed:
            self.told.append(f"L{loop}: {self.mirror.failed}")

    def _inspect(self, door: FailingDoor, loop: int) -> None:
        """Every file is what was last written whole, and nothing lies beside."""
        files = below_root(door.system)
        beside = temps(files)
        for path, data in files.items():
            if path in beside:
                continue
            if path.startswith(_LOGS):
                is_whole = _holds(data, self._logs.get(path, b""), may_be_cut=door.is_lasting)
            else:
                is_whole = data == door.tree.get(path)
            if not is_whole:
                self.problems.append(f"L{loop}: {path} is partial: {len(data)} bytes")
        if not door.is_lasting or loop > door.failed_in:
            again = frozenset(self.written[loop])
            self.problems += [
                f"L{loop}: {temp} is left"
                for temp, path in beside.items()
                if not door.is_lasting or path in again
            ]


def _run(scenario: Scenario, base: Path, data: Path | None, door: FailingDoor, watch: _Watch) -> None:
    def make(played: Scenario, through: Door) -> Publisher:
        watch.publisher = Publisher(lambda: ReferenceExecutor(played), played, through)
        return watch.publisher

    def sync_state(through: Door, played: Scenario) -> Mirror:
        watch.mirror = Mirror(through, played)
        return watch.mirror

    simulate(
        scenario, Path(), base=base, data=data, make=make, door=door, sync_state=sync_state, on_loop=watch,
        judges=Deaf(scenario),
    )  # fmt: skip


def _sweep(job: _Job) -> tuple[IoOutcome, ...]:
    return tuple([_fail(job, failure) for failure in job.failures])


def _fail(job: _Job, failure: Failure) -> IoOutcome:
    """One run with that failure, judged."""
    door = FailingDoor(failure.number, failure.error, is_lasting=job.is_lasting)
    watch = _Watch(door)
    try:
        _run(job.scenario, job.base, job.data, door, watch)
    except OSError as problem:
        return IoOutcome(failure, (f"L{door.loop}: nobody survives: {problem}",), (), ())
    problems = list(watch.problems)
    wanted = dict.fromkeys(job.written[failure.loop])
    missing = [path for path in wanted if path not in watch.written[failure.loop]]
    for path in missing:
        is_cause = path == failure.path or (path, failure.path) == (_NAV_STATE, _NAV)
        if not is_cause and not job.is_lasting:
            problems.append(f"L{failure.loop}: {path} is not written either")
        if not any(
            cause in line and "cannot " in line for line in watch.told for cause in _causes(path, failure)
        ):
            problems.append(
                f"L{failure.loop}: {path} is not written, and nobody tells path, operation and loop"
            )
    final = below_root(door.system)
    again = frozenset(path for loop, paths in job.written.items() if loop > failure.loop for path in paths)
    lost = [path for path in missing if path.startswith(_LOGS)]
    for path in sorted(final.keys() | job.plain.keys()):
        if final.get(path) != job.plain.get(path) and path not in lost and path in again:
            problems.append(f"at the end {path} is not what it is without the failure")
    return IoOutcome(failure, tuple(problems), tuple(watch.told), tuple(lost))


def _causes(missing: str, failure: Failure) -> tuple[str, ...]:
    """The files of which one is named where `missing` could not be written: S2 needs S1."""
    return (missing, failure.path, _NAV) if missing == _NAV_STATE else (missing, failure.path)


def _holds(log: bytes, lines: bytes, *, may_be_cut: bool) -> bool:
    """A log of whole lines, all of `lines` among them in their order; some more may be there whose writer could not
    know that they are. `may_be_cut`: what could not be written could not be taken back either."""
    if log and not log.endswith(b"\n") and not may_be_cut:
        return False
    found = iter(log.splitlines())
    return all(line in found for line in lines.splitlines() if line)


def _target(path: str) -> str:
    """The path below the root; of a temporary file that of the file which it is to become."""
    root = os.fspath(ROOT)
    relative = path[len(root) + 1 :].replace(os.sep, "/")
    return temps({relative: b""}).get(relative, relative)
