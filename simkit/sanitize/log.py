"""The log of a sanitized run: one record per operation, in the order in which the processes told them.

Comes in: the log file that `bootstrap/sitecustomize.py` appends to. Goes out: `Record`s. May import `core`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from simkit.core import files

Kind = Literal["start", "spawn", "exec", "temp", "open", "rename", "link", "remove", "seen"]
#: Inode, size and checksum: two equal marks are the same content in the same file.
Mark = tuple[int, int, int]


class Content(Struct, frozen=True):
    """What stood in a file. `rule` and `fault` say what is wrong with it as a surface, `ts` and `at` are its
    stamps `updated_ts` and `updated_at`; `read` is False for a file too large to read."""

    inode: int
    size: int
    crc: int
    rule: str = ""
    fault: str = ""
    ts: str | float | None = None
    at: str | float | None = None
    read: bool = True

    @property
    def mark(self) -> Mark:
        return (self.inode, self.size, self.crc)


class Record(Struct, frozen=True):
    """One line. `source` and `target` are names below the state folder, "" elsewhere; `place` is file:line of
    the executor's code; `cut` says that a child's environment lacks the bootstrap; `lost` counts the events
    of this process, so far, that could not be told."""

    kind: Kind
    pid: int
    source: str = ""
    target: str = ""
    place: str = ""
    how: str = ""
    argv: tuple[str, ...] = ()
    parent: int = 0
    cut: bool = False
    content: Content | None = None
    lost: int = 0


_RECORD = msgspec.json.Decoder(Record)


def records(log: Path) -> Iterator[Record | None]:
    """Every record; None for a line that was cut short, as on a full disk. No file means that nobody reported."""
    try:
        stream = files.open_bytes(log)
    except FileNotFoundError:
        return
    with stream:
        for line in stream:
            try:
                yield _RECORD.decode(line)
            except msgspec.DecodeError:
                yield None


def content(found: object) -> Content | None:
    """What the bootstrap's own reader found, typed."""
    return None if found is None else msgspec.convert(found, Content)
