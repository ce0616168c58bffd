"""A door through which the file and process faults of a scenario act: what breaks, and what then stands on disk.

Comes in: the writes of an executor and of sync_state, the faults of the scenario. Goes out: the same files, broken
where the scenario says so. May import `core`, `contract` and `scenario`.

`door_of` gives it only to a scenario that has such faults: all others write through the plain `Door`. A fault that
breaks a write acts in `replace` or `overwrite`; one that breaks what lies there acts in `passed`, between the steps.
"""

from __future__ import annotations

from pathlib import Path

from simkit.contract.table import by_id, paths
from simkit.core.acted import Acted
from simkit.core.files import Door, Step, replace_file
from simkit.scenario.model import Crash, DamagedFile, Fault, PowerCut, Scenario
from simkit.surfaces.stamp import EXECUTOR, PID

FileFault = Crash | DamagedFile | PowerCut

_NAV_STATE = by_id["S2"].path


class ExecutorDied(Exception):
    """The executor is dead from here on: nothing more of this loop is written by it."""


def door_of(scenario: Scenario, folder: Path, acted: Acted[Fault]) -> Door:
    """The door of a run: the plain one unless a fault breaks files or processes. `acted` is told which did."""
    faults = tuple([fault for fault in scenario.faults if isinstance(fault, FileFault)])
    if not faults:
        return Door(folder)
    return BrokenDoor(folder, faults, acted, legacy=frozenset(scenario.settings.legacy))


class BrokenDoor(Door):
    """Breaks what its faults say. Nothing is really synced to disk: it only knows what would have been
    (B-WR-1)."""

    def __init__(
        self, root: Path, faults: tuple[FileFault, ...], acted: Acted[Fault], *, legacy: frozenset[str]
    ) -> None:
        super().__init__(root)
        self._faults, self._acted = faults, acted
        self._durable = "D-20" not in legacy  # the v7.6 helper replaces without flush and fsync

    def replace(self, path: str, data: bytes, writer: str) -> None:
        """As `Door.replace`. A death in mid-write leaves the old document and half of the new one beside it."""
        crash = self._crash(path)
        if crash is None:
            super().replace(path, data, writer)
            self._put(_temp_of(path), None)
            return
        if crash.when == "during":
            self._put(_temp_of(path), data[: len(data) // 2])
        elif crash.when == "after":
            super().replace(path, data, writer)
        self._die(writer)

    def overwrite(self, path: str, data: bytes, writer: str) -> None:
        """As `Door.overwrite`. A death in mid-write leaves the first half of the new document."""
        crash = self._crash(path)
        if crash is None or crash.when != "before":
            whole = crash is None or crash.when == "after"
            super().overwrite(path, data if whole else data[: len(data) // 2], writer)
        if crash is not None:
            self._die(writer)

    def passed(self, step: Step) -> None:
        """A damaged file is damaged when its owner has written it: the sync meets what is left of nav.json. The
        power fails when all is done."""
        for fault in self._faults:
            path = paths[fault.stem]
            if isinstance(fault, DamagedFile):
                owned = (path == _NAV_STATE) is (step == "sync")
                if owned and self.loop in fault.at:
                    self._put(path, _damaged(self.tree.get(path, b""), fault.how))
            elif isinstance(fault, PowerCut) and step == "sync" and self._loses(fault):
                self._put(path, b"")  # the rename survived, the content did not

    def _loses(self, fault: PowerCut) -> bool:
        """Whether the power fails now and takes the content of a file that was not synced."""
        return fault.at.first == self.loop and not self._durable and paths[fault.stem] in self.tree

    def _crash(self, path: str) -> Crash | None:
        """The death at the write of `path` in this loop, if any."""
        for fault in self._faults:
            if isinstance(fault, Crash) and fault.at.first == self.loop and paths[fault.stem] == path:
                return fault
        return None

    def _die(self, writer: str) -> None:
        """The executor stays dead until the next loop; sync_state, a daemon, is up again at once (B-SYNC-7)."""
        if writer == EXECUTOR:
            raise ExecutorDied

    def _put(self, path: str, data: bytes | None) -> None:
        """Let `data` stand at `path` without a write of anybody; None: no file."""
        if data is None:
            if path in self.tree:
                self.remove(path)
            return
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(target, data, fsync=False)
        self.tree[path] = data


def _temp_of(path: str) -> str:
    """The temporary file of a simulated writer; the next whole write of `path` uses it up (B-WR-1)."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/.tmp_{name}.{PID}"


def _damaged(data: bytes, how: str) -> bytes | None:
    """What is left of a document; None: no file."""
    if how == "deleted":
        return None
    if how == "array":
        return b"[]" if not data else b"[" + data + b"]"
    return b"" if how == "empty" else data[: len(data) // 2]
