"""The calls of an operating system that a door makes, so that a sweep can put a simulated one in its place.

Comes in: file descriptors, paths. Goes out: files. May import the standard library.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol


class System(Protocol):
    """The calls of an operating system that a door makes; the module `os` is one."""

    def open(self, path: str, flags: int, mode: int = 0o777, /) -> int: ...
    def close(self, fd: int, /) -> None: ...
    def read(self, fd: int, length: int, /) -> bytes: ...
    def write(self, fd: int, data: bytes, /) -> int: ...
    def lseek(self, fd: int, position: int, whence: int, /) -> int: ...
    def ftruncate(self, fd: int, length: int, /) -> None: ...
    def fsync(self, fd: int, /) -> None: ...
    def replace(self, source: str, target: str, /) -> None: ...
    def unlink(self, path: str, /) -> None: ...
    def listdir(self, path: str, /) -> list[str]: ...
    def makedirs(self, name: str, mode: int = 0o777, exist_ok: bool = False) -> None: ...


def write_all(fd: int, data: bytes, system: System = os) -> None:
    """Write every byte; a short write is continued, not lost."""
    done = system.write(fd, data)
    while done < len(data):
        done += system.write(fd, data[done:])


def forget(path: str, system: System = os) -> None:
    """Remove a file, if that can be done."""
    try:
        system.unlink(path)
    except OSError:
        return


def sync_folder(folder: str | Path, system: System = os) -> None:
    """Make renames in `folder` durable where the platform can."""
    if os.name == "nt":
        return
    fd = system.open(os.fspath(folder) or ".", os.O_RDONLY)
    try:
        system.fsync(fd)
    finally:
        system.close(fd)
