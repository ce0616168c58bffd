"""A simulated file system: the calls that a door makes, on bytes in memory, each of which can be watched or failed.

Comes in: the calls of `core.system.System`. Goes out: files. May import `core`.

`before` is called ahead of every operation and may raise the OSError that it fails with. `after` is called once an
operation has left something behind: there a process can be killed. A write is two operations, each of half the bytes.
A killed process does nothing more, not even clean up: every further call raises `Killed` until `revive`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from simkit.surfaces.broken_door import ExecutorDied

#: What was done, and to which path.
Hook = Callable[[str, str], None]

_ACCESS = os.O_WRONLY | os.O_RDWR


class Killed(ExecutorDied):
    """The process that was writing is dead."""


class _File:
    """One file: its bytes live on under a new name, and while it is open."""

    __slots__ = ("data",)

    def __init__(self) -> None:
        self.data = b""


class _Open:
    """An open file (or folder, without a file)."""

    __slots__ = ("appends", "file", "path", "position")

    def __init__(self, path: str, file: _File | None, *, appends: bool) -> None:
        self.path = path
        self.file = file
        self.appends = appends
        self.position = 0


def _nothing(operation: str, path: str) -> None:
    """Nobody watches."""


class MemorySystem:
    """Meets `core.system.System`. `files` are all files by path, temporary ones too."""

    def __init__(self) -> None:
        self.files: dict[str, _File] = {}
        self.before: Hook = _nothing
        self.after: Hook = _nothing
        self._folders: dict[str, None] = {}
        self._open: dict[int, _Open] = {}
        self._next = 3
        self._is_dead = False

    def kill(self) -> None:
        """The process dies here. Raises Killed."""
        self._is_dead = True
        raise Killed

    def revive(self) -> None:
        """Another process goes on."""
        self._is_dead = False
        self._open.clear()

    def content(self) -> dict[str, bytes]:
        """Every file as it stands."""
        return {path: file.data for path, file in self.files.items()}

    def _begin(self, operation: str, path: str) -> None:
        if self._is_dead:
            raise Killed
        self.before(operation, path)

    def open(self, path: str, flags: int, mode: int = 0o777, /) -> int:
        """A file, made or emptied where the flags say so; or a folder."""
        self._begin("open", path)
        file = self.files.get(path)
        is_written = bool(flags & _ACCESS)
        if path in self._folders:
            if is_written:
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        elif file is None:
            if not flags & os.O_CREAT:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            file = self.files[path] = _File()
        if file is not None and flags & os.O_TRUNC:
            file.data = b""
        fd, self._next = self._next, self._next + 1
        self._open[fd] = _Open(path, file, appends=bool(flags & os.O_APPEND))
        if is_written:
            self.after("opened", path)
        return fd

    def close(self, fd: int, /) -> None:
        """The file is closed, also where closing fails."""
        opened = self._open.pop(fd, None)
        self._begin("close", opened.path if opened is not None else "")

    def read(self, fd: int, length: int, /) -> bytes:
        """At most `length` bytes from where the last read ended."""
        opened = self._open[fd]
        self._begin("read", opened.path)
        assert opened.file is not None
        data = opened.file.data[opened.position : opened.position + length]
        opened.position += len(data)
        return data

    def write(self, fd: int, data: bytes, /) -> int:
        """All of `data`, in two halves."""
        opened = self._open[fd]
        file = opened.file
        assert file is not None
        half = len(data) // 2
        for part, done in ((data[:half], "half written"), (data[half:], "written")):
            self._begin("write", opened.path)
            at = len(file.data) if opened.appends else opened.position
            file.data = file.data[:at] + part + file.data[at + len(part) :]
            opened.position = at + len(part)
            self.after(done, opened.path)
        return len(data)

    def lseek(self, fd: int, position: int, whence: int, /) -> int:
        """From the beginning or from the end of a file; no operation that could fail."""
        opened = self._open[fd]
        assert opened.file is not None
        opened.position = position + (len(opened.file.data) if whence == os.SEEK_END else 0)
        return opened.position

    def ftruncate(self, fd: int, length: int, /) -> None:
        """Cut a file off."""
        opened = self._open[fd]
        self._begin("truncate", opened.path)
        assert opened.file is not None
        opened.file.data = opened.file.data[:length]

    def fsync(self, fd: int, /) -> None:
        """Nothing to do: a kill takes nothing from what was written."""
        opened = self._open[fd]
        self._begin("sync" if opened.file is None else "flush", opened.path)
        self.after("synced" if opened.file is None else "flushed", opened.path)

    def replace(self, source: str, target: str, /) -> None:
        """The file gets another name, and what stood there is gone."""
        self._begin("replace", target)
        self.files[target] = self.files.pop(source)
        self.after("replaced", target)

    def unlink(self, path: str, /) -> None:
        """The file is gone."""
        self._begin("unlink", path)
        if path not in self.files:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        del self.files[path]

    def listdir(self, path: str, /) -> list[str]:
        """The names in a folder."""
        self._begin("list", path)
        return [os.path.basename(name) for name in sorted(self.files) if os.path.dirname(name) == path]

    def makedirs(self, name: str, mode: int = 0o777, exist_ok: bool = False) -> None:
        """The folder is there."""
        if name not in self._folders:
            self._begin("make folder", name)
            self._folders[name] = None
