"""A door on a simulated file system that numbers every step of every write, and kills the writer at one of them.

Comes in: the writes of an executor and of sync_state. Goes out: `Step`s; what a reader found at the death. May import
`core`, `contract`, `scenario` and `surfaces`.

A step is a state in which a kill leaves the files. Whole document: `opened`, `half written`, `written`, `flushed`,
`replaced`, `synced` (the folder, too). In place and appended: `opened`, `half written`, `written`. Ahead of each
process's first write of a loop stands `begun`. That a file is closed changes nothing that a kill leaves.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from msgspec import Struct

from simkit.core.files import Door, Mode, Step as LoopStep, SurfaceWrite
from simkit.scenario.model import Scenario
from simkit.scenario.script import Cue
from simkit.surfaces.mirror import Mirror
from simkit.surfaces.stamp import EXECUTOR
from simkit.sweep.system import Killed, MemorySystem

State = Literal["begun", "opened", "half written", "written", "flushed", "replaced", "synced"]

#: The states of a write, by its mode.
STATES: dict[Mode, tuple[State, ...]] = {
    "replace": ("opened", "half written", "written", "flushed", "replaced", "synced"),
    "direct": ("opened", "half written", "written"),
    "append": ("opened", "half written", "written"),
}
_TEMP = "/.tmp_"
#: Where the files of a simulated file system lie.
ROOT = Path("memory")


class Step(Struct, frozen=True):
    """One step; `number` counts from 1 over all writes of the run, those of both processes."""

    number: int
    loop: int
    path: str
    writer: str
    mode: Mode
    state: State


class Torn(Struct, frozen=True):
    """A file in which a reader found neither the old nor the new document."""

    path: str
    problem: str


class _Write(Struct):
    """The write under way: what stood there before it (None: nothing), and what it brings."""

    path: str
    writer: str
    mode: Mode
    old: bytes | None
    data: bytes


class SteppedDoor(Door):
    """Numbers the steps from L1 on and tells each to `on_step`. At the step `kill_at` the writer dies: `died` is that
    step then, `torn` what a reader found in all files, `left` the files as they stood, temporary ones too."""

    def __init__(self, kill_at: int | None = None, on_step: Callable[[Step], None] | None = None) -> None:
        self.system = MemorySystem()
        super().__init__(ROOT, fsync=True, system=self.system)
        self.system.after = self._after
        self.died: Step | None = None
        self.torn: tuple[Torn, ...] = ()
        self.left: dict[str, bytes] = {}
        self._kill_at = kill_at
        self._on_step = on_step
        self._count = 0
        self._whole: dict[str, bytes] = {}
        self._logs: dict[str, None] = {}
        self._write: _Write | None = None
        self._begun: tuple[int, str] = (0, "")

    def replace(self, path: str, data: bytes, writer: str) -> None:
        """As `Door.replace`, step by step."""
        self._start(path, data, writer, "replace")
        super().replace(path, data, writer)
        self._done(data)

    def overwrite(self, path: str, data: bytes, writer: str) -> None:
        """As `Door.overwrite`, step by step."""
        self._start(path, data, writer, "direct")
        super().overwrite(path, data, writer)
        self._done(data)

    def append(self, path: str, data: bytes, writer: str) -> None:
        """As `Door.append`, step by step."""
        self._logs[path] = None
        self._start(path, data, writer, "append")
        super().append(path, data, writer)
        self._done(self._whole.get(path, b"") + self.journal[-1].data)

    def remove(self, path: str) -> bool:
        """As `Door.remove`: nobody misses the file."""
        self._whole.pop(path, None)
        return super().remove(path)

    def passed(self, step: LoopStep) -> None:
        """Whoever died is up again: sync_state after the publish, the executor with the next loop."""
        self.revive()

    def revive(self) -> None:
        """Go on after a death, with the files as the dead process left them."""
        self.system.revive()
        write, self._write = self._write, None
        if write is None or self.died is None:
            return
        now = below_root(self.system).get(write.path)
        if now is not None and now != write.old:
            self._whole[write.path] = now
            self._journal(write, now)

    def _journal(self, write: _Write, now: bytes) -> None:
        """Journal what the dead process wrote before it could say so."""
        last = self.journal[-1] if self.journal else None
        data = now[len(write.old or b"") :] if write.mode == "append" else now
        if write.mode != "append":
            self.tree[write.path] = now
        if last is None or (last.path, last.data) != (write.path, data):
            self._seq += 1
            self.journal.append(
                SurfaceWrite(self._seq, self.loop, write.path, write.writer, data, write.mode)
            )

    def _start(self, path: str, data: bytes, writer: str, mode: Mode) -> None:
        self._write = _Write(path, writer, mode, self._whole.get(path), data)
        if self.loop and self._begun != (self.loop, writer):
            self._begun = (self.loop, writer)
            self._step(self._write, "begun")

    def _done(self, whole: bytes) -> None:
        assert self._write is not None
        self._whole[self._write.path] = whole
        self._write = None

    def _after(self, operation: str, path: str) -> None:
        write = self._write
        if write is not None and self.loop and operation in STATES[write.mode]:
            self._step(write, operation)

    def _step(self, write: _Write, state: State) -> None:
        self._count += 1
        if self._on_step is not None:
            self._on_step(self._now(write, state))
        if self._count == self._kill_at:
            self.died = self._now(write, state)
            self.left = below_root(self.system)
            self.torn = tuple(self.read_all())
            self.system.kill()

    def _now(self, write: _Write, state: State) -> Step:
        return Step(self._count, self.loop, write.path, write.writer, write.mode, state)

    def read_all(self) -> list[Torn]:
        """What a reader finds wrong in the files now: every file is the old or the new document, whole."""
        write, files = self._write, below_root(self.system)
        found: list[Torn] = []
        for path, whole in self._whole.items():
            if path not in files:
                found.append(Torn(path, "is gone"))
            elif files[path] != whole and (write is None or path != write.path):
                found.append(Torn(path, _told(files[path], whole)))
        if write is not None and write.path in files and not _is_old_or_new(write, files[write.path]):
            found.append(Torn(write.path, _told(files[write.path], write.data)))
        strangers = [path for path in files if path not in self._whole and _TEMP not in f"/{path}"]
        found += [
            Torn(path, "was written by nobody") for path in strangers if write is None or path != write.path
        ]
        return found


def _is_old_or_new(write: _Write, now: bytes) -> bool:
    """The old or the new document. Of a log: all old lines, and as much of the new ones as was written."""
    if write.mode != "append":
        return now in (write.old, write.data)
    old = write.old or b""
    return now.startswith(old) and any(
        new.startswith(now[len(old) :]) for new in (write.data, b"\n" + write.data)
    )


def _told(now: bytes, whole: bytes) -> str:
    if not now:
        return "is empty"
    return f"is neither the old nor the new document: {len(now)} bytes, {len(whole)} are whole"


def below_root(system: MemorySystem) -> dict[str, bytes]:
    """Every file by its path below the root of a run."""
    skipped = len(os.fspath(ROOT)) + 1
    found = system.content()
    return {path[skipped:].replace(os.sep, "/"): data for path, data in sorted(found.items())}


def temps(files: dict[str, bytes]) -> dict[str, str]:
    """Temporary files by path, with the path of the file that each was to become."""
    found = {}
    for path in files:
        folder, sign, name = f"/{path}".rpartition(_TEMP)
        if sign:
            found[path] = f"{folder[1:]}/{name.rpartition('.')[0]}".lstrip("/")
    return found


class MortalMirror(Mirror):
    """sync_state that may be killed: with the next pass a new one is up, which knows only what lies on disk."""

    def __init__(self, door: Door, scenario: Scenario) -> None:
        super().__init__(door, scenario)
        self._scenario = scenario

    def sync(self, ts: int, cue: Cue) -> None:
        """As `Mirror.sync`. One that dies leaves what it leaves (B-SYNC-7)."""
        try:
            super().sync(ts, cue)
        except Killed:
            assert isinstance(self._door, SteppedDoor)
            self._door.revive()
            MortalMirror.__init__(self, self._door, self._scenario)


def is_executors(step: Step) -> bool:
    """True when it is the executor that dies at the step."""
    return step.writer == EXECUTOR
