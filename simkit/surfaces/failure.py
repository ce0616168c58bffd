"""What a process could not do with a file.

Comes in: the door of the process. Goes out: `FileFailure`, `Reads`. May import `core`.
"""

from __future__ import annotations

from typing import Literal, Protocol

from msgspec import Struct

from simkit.core.files import Door

Operation = Literal["build", "write", "append to", "read"]


class FileFailure(Struct, frozen=True):
    """In `loop` the writer could not `operation` the file `path` (empty: none in particular). `reason` is for people.

    The document of an earlier loop still stands, unless the write was one in place (B-WR-3)."""

    loop: int
    path: str
    operation: Operation
    reason: str


class Readable(Protocol):
    """All that a start-up wants of a door."""

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, None where there is none."""


class Reads:
    """The reads of a start-up: a file that the machine refuses counts as none (B-RST-2), and is told in `failed`."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.failed: list[FileFailure] = []

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; None where there is none, or none that can be read."""
        try:
            return self._door.read(path)
        except OSError as problem:
            self.failed.append(FileFailure(self._door.loop, path, "read", str(problem)))
            return None
