"""A door through which the file and process faults of a scenario act: what breaks, and what then stands on disk.

Comes in: the writes of an executor and of sync_state, the faults of the scenario. Goes out: the same files, broken
where the scenario says so. May import `core`, `contract`, `scenario` and `executor.port`.

`door_of` gives it only to a scenario that has such faults: all others write through the plain `Door`. A fault that
breaks a write acts in that write; one that breaks what lies there acts in `passed`, between the steps; a folder is gone
with the first access of its loop.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from simkit.contract.readers import UNREADABLE
from simkit.contract.table import STATE, by_id, paths
from simkit.core.acted import Acted
from simkit.core.files import Door, Step, remove_tree, replace_file
from simkit.executor.port import ExecutorDied as ExecutorDied
from simkit.scenario.model import (
    Crash,
    DamagedFile,
    DirectWrite,
    Fault,
    Folder,
    FolderMissing,
    PowerCut,
    Scenario,
    SecondaryWriter,
    TempLeft,
    TornWrite,
    WriteFails,
)
from simkit.surfaces.damage import damaged, second_hand
from simkit.surfaces.stamp import EXECUTOR, PID, SYNC_STATE

WriteFault = WriteFails | TornWrite | TempLeft | DirectWrite
FileFault = WriteFault | Crash | DamagedFile | FolderMissing | PowerCut | SecondaryWriter

FOLDERS: Final[dict[Folder, str]] = {"state": STATE, "logs": "logs/execution", "cache": "logs/cache"}
#: What the groups of `WriteFails` begin with.
_GROUPS: Final = {"all": "", "surfaces": f"{STATE}/", "logs": "logs/execution/"}
_NAV_STATE = by_id["S2"].path


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
        self._begun = 0

    def read(self, path: str) -> bytes | None:
        """As `Door.read`; raises OSError for a file that was made unreadable."""
        self._begin()
        if self.tree.get(path) is UNREADABLE:
            raise self._error(errno.EACCES, "read", path)
        return super().read(path)

    def replace(self, path: str, data: bytes, writer: str) -> None:
        """As `Door.replace`. A death in mid-write leaves the old document and half of the new one beside it."""
        self._begin()
        crash = self._crash(path)
        if crash is None:
            if not self._broken(path, data, writer, is_atomic=True):
                super().replace(path, data, writer)
                self._put(_temp_of(path), None)
            return
        if crash.when == "during":
            self._put(_temp_of(path), data[: len(data) // 2])
        elif crash.when == "after":
            super().replace(path, data, writer)
        self._die(crash, writer)

    def overwrite(self, path: str, data: bytes, writer: str) -> None:
        """As `Door.overwrite`. A death in mid-write leaves the first half of the new document."""
        self._begin()
        crash = self._crash(path)
        if crash is None:
            if not self._broken(path, data, writer, is_atomic=False):
                super().overwrite(path, data, writer)
            return
        if crash.when != "before":
            super().overwrite(path, data if crash.when == "after" else data[: len(data) // 2], writer)
        self._die(crash, writer)

    def append(self, path: str, data: bytes, writer: str) -> None:
        """As `Door.append`; of lines that cannot be written nothing is in the log."""
        self._begin()
        for fault in self._faults:
            if isinstance(fault, WriteFails) and self.loop in fault.at and _names(fault, path):
                self._acted.note(fault)
                raise self._error(getattr(errno, fault.error), "append to", path)
        super().append(path, data, writer)

    def passed(self, step: Step) -> None:
        """A damaged file is damaged when its owner has written it: the sync meets what is left of nav.json. So does
        a second writer write. The power fails when all is done."""
        self._begin()
        for fault in self._faults:
            if self.loop not in fault.at:
                continue
            if isinstance(fault, DamagedFile | SecondaryWriter):
                if (paths[fault.stem] == _NAV_STATE) is (step == "sync"):
                    self._spoil(fault)
            elif isinstance(fault, PowerCut) and step == "sync" and paths[fault.stem] in self.tree:
                self._acted.note(fault)
                if not self._durable:
                    self._put(paths[fault.stem], b"")  # the rename survived, the content did not

    def _begin(self) -> None:
        """The loop begins: folders are gone."""
        if self._begun == self.loop:
            return
        self._begun = self.loop
        for fault in self._faults:
            if isinstance(fault, FolderMissing) and self.loop in fault.at:
                folder = FOLDERS[fault.folder]
                if (self.root / folder).exists():
                    remove_tree(self.root / folder)
                    self._acted.note(fault)
                for path in [path for path in self.tree if path.startswith(f"{folder}/")]:
                    del self.tree[path]

    def _broken(self, path: str, data: bytes, writer: str, *, is_atomic: bool) -> bool:
        """Act out what goes wrong with this write: True when the file is written in another way. Raises OSError when
        it fails. Of several faults the first in the file strikes."""
        for fault in self._faults:
            if not isinstance(fault, WriteFault) or self.loop not in fault.at or not _names(fault, path):
                continue
            if isinstance(fault, WriteFails):
                self._acted.note(fault)
                raise self._error(getattr(errno, fault.error), "write", path)
            if isinstance(fault, TornWrite):
                size = len(data) // 2 if fault.after is None else fault.after
                if size < len(data):
                    super().overwrite(path, data[:size], writer)
                    self._acted.note(fault)
                    raise self._error(errno.EIO, "write", path)
            elif is_atomic:
                self._acted.note(fault)
                if isinstance(fault, TempLeft):
                    self._put(_temp_of(path), data)
                    raise self._error(errno.EIO, "replace", path)
                super().overwrite(path, data, writer)
                return True
        return False

    def _spoil(self, fault: DamagedFile | SecondaryWriter) -> None:
        """What happens to a document between two steps; without one a second writer has nothing to copy."""
        path = paths[fault.stem]
        before = self.tree.get(path)
        if isinstance(fault, SecondaryWriter):
            if before is not None and before is not UNREADABLE:
                other = EXECUTOR if path == _NAV_STATE else SYNC_STATE
                super().replace(path, second_hand(fault.stem, before), other)
                self._acted.note(fault)
            return
        left = damaged(before, fault.how)
        if left == before:
            return
        self._acted.note(fault)
        if left is UNREADABLE:
            self.tree[path] = left  # the content stays where it is
        else:
            self._put(path, left)

    def _crash(self, path: str) -> Crash | None:
        """The death at the write of `path` in this loop, if any."""
        for fault in self._faults:
            if isinstance(fault, Crash) and fault.at.first == self.loop and paths.get(fault.stem) == path:
                return fault
        return None

    def _die(self, crash: Crash, writer: str) -> None:
        """The executor stays dead until the next loop; sync_state, a daemon, is up again at once (B-SYNC-7)."""
        self._acted.note(crash)
        if writer == EXECUTOR:
            raise ExecutorDied

    def _error(self, code: int, doing: str, path: str) -> OSError:
        """What the machine answers, as `Door` words it."""
        return OSError(code, f"cannot {doing}: {os.strerror(code)}", os.fspath(self.root / path))

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


def _names(fault: WriteFault, path: str) -> bool:
    """Whether this write is the fault's."""
    if not isinstance(fault, WriteFails):
        return paths[fault.stem] == path
    return path == paths.get(fault.files) or (
        fault.files in _GROUPS and path.startswith(_GROUPS[fault.files])
    )
