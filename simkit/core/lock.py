"""One writer at a time in a folder, among all processes of this machine.

Comes in: a folder. Goes out: a lock for as long as a `with` lasts; it dies with its process and leaves no file.
May import the standard library only.

Where a system or a file system knows no such lock (Windows, some network drives) nothing is held: every folder is
still replaced whole, only two writers at the same instant are not told apart.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl


@contextmanager
def locked(
    folder: Path, *, shared: bool = False, on_wait: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Hold `folder` alone, or with other readers (`shared`); waits for those who hold it, after `on_wait`.

    A folder to write to is made when it is missing; one to read is not. Raises OSError. Not for one process twice.
    """
    if sys.platform == "win32":
        yield
        return
    if not shared:
        folder.mkdir(parents=True, exist_ok=True)
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield
        return
    try:
        _take(fd, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, on_wait)
        try:
            yield
        finally:
            with suppress(OSError):  # a child that lives on has the folder open too
                fcntl.flock(fd, fcntl.LOCK_UN)
    finally:
        os.close(fd)


def _take(fd: int, mode: int, on_wait: Callable[[], None]) -> None:
    assert sys.platform != "win32"
    try:
        fcntl.flock(fd, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        on_wait()
        fcntl.flock(fd, mode)
    except OSError:  # a file system without locks
        return
