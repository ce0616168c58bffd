"""A door without a disk, and ways to make a real one fail.

Comes in: what a test writes. Goes out: the same bytes. For tests of the surfaces.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simkit.core.files import Door, SurfaceWrite


class MemoryDoor(Door):
    """Keeps the files in `tree` and the logs in `logs`; writes to `refused` paths fail as on a full disk."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))
        self.logs: dict[str, bytes] = {}
        self.refused: set[str] = set()

    def replace(self, path: str, data: bytes, writer: str) -> None:
        self._refuse(path)
        self.tree[path] = data
        self.journal.append(SurfaceWrite(len(self.journal), self.loop, path, writer, data, "replace"))

    def append(self, path: str, data: bytes, writer: str) -> None:
        self._refuse(path)
        self.logs[path] = self.logs.get(path, b"") + data
        self.journal.append(SurfaceWrite(len(self.journal), self.loop, path, writer, data, "append"))

    def read(self, path: str) -> bytes | None:
        self._refuse(path)
        return self.tree.get(path, self.logs.get(path))

    def _refuse(self, path: str) -> None:
        if path in self.refused:
            raise OSError(28, "No space left on device", path)


@contextmanager
def longest_file(size: int) -> Iterator[None]:
    """While this holds the machine writes only the first `size` bytes of any file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
