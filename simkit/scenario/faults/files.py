"""Faults of files: writes that fail or are interrupted, documents that are damaged, folders that are gone.

Comes in: nothing. Goes out: one Struct per kind. May import `scenario.faults.base`. A `stem` names a file under
`logs/state/` (one under `logs/cache/`) without its ending.
The word of a kind (its tag), how it is written and what it attacks stand in `scenario/kinds_files.py`.
"""

from __future__ import annotations

from typing import Literal

from simkit.scenario.faults.base import Acting

Damage = Literal["empty", "deleted", "array", "truncated", "unreadable"]
#: `all`: every write, that of a log too; `surfaces`: the files under `logs/state/`; `logs`: those under
#: `logs/execution/`.
Group = Literal["all", "surfaces", "logs"]
WriteError = Literal["ENOSPC", "EIO", "EACCES", "EROFS", "EMFILE"]
#: `state`: `logs/state/`; `logs`: `logs/execution/`; `cache`: `logs/cache/`.
Folder = Literal["state", "logs", "cache"]


class PowerCut(Acting, frozen=True, tag="power_cut"):
    """After publish and sync the power fails: of a file only what was synced survives (B-WR-1).

    The executor starts anew with the loop after `at.first`."""

    stem: str


class BuilderError(Acting, frozen=True, tag="builder_error"):
    """The builder of `stem` fails with an error."""

    stem: str


class DamagedFile(Acting, frozen=True, tag="damaged_file"):
    """`stem` is emptied, deleted, replaced by an array, truncated or made unreadable once its owner has written it.
    That is after the publish for the executor's files, after the sync for nav_state. The next write heals."""

    stem: str
    how: Damage


class WriteFails(Acting, frozen=True, tag="write_fails"):
    """The machine refuses the write of a file with `error` before a byte of it is on disk (B-WR-3). `files` is a
    stem or a `Group`."""

    files: str
    error: WriteError = "ENOSPC"


class TornWrite(Acting, frozen=True, tag="torn_write"):
    """`stem` is written in place and the write fails after so many bytes, half of them where nothing is said. A
    document that is not longer is written as always."""

    stem: str
    after: int | None = None


class TempLeft(Acting, frozen=True, tag="temp_left"):
    """The write of `stem` fails between temporary file and replace: the old document stands, the new one lies in a
    temporary file that nobody removes before the next write (B-WR-1)."""

    stem: str


class DirectWrite(Acting, frozen=True, tag="direct_write"):
    """`stem` is written in place instead of atomically."""

    stem: str


class SecondaryWriter(Acting, frozen=True, tag="secondary_writer"):
    """`stem` is written by the process that does not own it as well, once its owner has written it: positions_state
    without entries, marks, PnL and notionals, every other file as it stands (B-WR-2)."""

    stem: str


class FolderMissing(Acting, frozen=True, tag="folder_missing"):
    """The folder is gone with all that lies in it when the loop begins."""

    folder: Folder
