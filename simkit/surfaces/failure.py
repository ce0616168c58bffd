"""What a writer of surfaces could not do with a file.

Comes in: nothing. Goes out: `FileFailure`. May import msgspec.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Operation = Literal["build", "write", "append to", "read"]


class FileFailure(Struct, frozen=True):
    """In `loop` the writer could not `operation` the file `path` (empty: none in particular). `reason` is for people.

    The document of an earlier loop still stands, unless the write was one in place (B-WR-3)."""

    loop: int
    path: str
    operation: Operation
    reason: str
