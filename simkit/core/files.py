"""The one door for files: whole documents replaced atomically, logs appended, every write journalled.

Comes in: a folder, relative paths, bytes. Goes out: files, and one `SurfaceWrite` per operation. May import the
standard library and msgspec.

A write creates a temporary file in the same folder (`.tmp_<name>.<pid>`), writes the whole document and replaces
the target in one step (B-WR-1). `fsync` is a setting: on for what must survive a power cut (goldens, pending
results, real executors), off for simulated surfaces. `system` is whose files they are: those of the machine, or of a
simulated one that a sweep kills and fails at every step.
"""

from __future__ import annotations

import errno
import gzip
import os
import shutil
import stat
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Literal, TextIO

import msgspec

from simkit.core.environment import process_alive
from simkit.core.errors import IoError
from simkit.core.system import System, forget, sync_folder, write_all

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_APPEND = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_READ_ONLY_REGULAR = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)

Mode = Literal["replace", "direct", "append"]
#: Steps of a loop that leave files.
Step = Literal["publish", "sync"]

#: What reading a damaged file through `open_text` raises.
UNREADABLE = (EOFError, UnicodeDecodeError, gzip.BadGzipFile, zlib.error)


class SurfaceWrite(msgspec.Struct, frozen=True, gc=False):
    """One line of the write journal (B-WR-2). `path` is relative to the run's root, with `/`."""

    seq: int
    loop: int
    path: str
    writer: str
    data: bytes
    mode: Mode


def replace_file(path: str | Path, data: bytes, *, fsync: bool = True) -> None:
    """Replace one file by a whole new document, atomically; raises OSError and leaves the old one in place."""
    folder, name = os.path.split(os.fspath(path))
    temp = os.path.join(folder, f".tmp_{name}.{os.getpid()}")
    fd = os.open(temp, _CREATE, 0o644)
    try:
        try:
            write_all(fd, data)
            if fsync:
                os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(temp, path)
    except BaseException:
        forget(temp)
        raise
    if fsync:
        sync_folder(folder)


class Door:
    """All writes of one run, below one root, in order.

    `loop` is set by the pipeline; `journal` holds the writes of the current loop until `take_journal` is called.
    `tree` maps every replaced path to the bytes that stand there now (logs are left out).

    What fails raises an OSError that names the operation and the file.
    """

    def __init__(self, root: Path, *, fsync: bool = False, system: System = os) -> None:
        self.root = root
        self.loop = 0
        self.journal: list[SurfaceWrite] = []
        self.tree: dict[str, bytes] = {}
        self._fsync = fsync
        self._system = system
        self._seq = 0
        self._pid = os.getpid()
        self._paths: dict[str, tuple[str, str]] = {}

    def _places(self, path: str) -> tuple[str, str]:
        target = self.root / path
        folder, name = os.fspath(target.parent), target.name
        try:
            self._system.makedirs(folder, exist_ok=True)
        except OSError as problem:
            raise _named(problem, "make the folder", folder) from problem
        if self._fsync:
            self._clear(folder, name)
        places = self._paths[path] = (os.fspath(target), os.path.join(folder, f".tmp_{name}.{self._pid}"))
        return places

    def _clear(self, folder: str, name: str) -> None:
        """Remove what writers of this file left that no longer live (B-WR-1)."""
        head = f".tmp_{name}."
        with suppress(OSError):
            for found in self._system.listdir(folder):
                owner = found.removeprefix(head)
                if found.startswith(head) and owner.isdigit() and not process_alive(int(owner)):
                    self._system.unlink(os.path.join(folder, found))

    def _opened(self, place: str, flags: int) -> int:
        """Open a file to write into it; where its folder has gone it is made anew."""
        try:
            return self._system.open(place, flags, 0o644)
        except FileNotFoundError:
            self._system.makedirs(os.path.dirname(place), exist_ok=True)
            return self._system.open(place, flags, 0o644)

    def replace(self, path: str, data: bytes, writer: str) -> None:
        """Write a whole document atomically and journal it; raises OSError, the old document stays."""
        target, temp = self._paths.get(path) or self._places(path)
        system, doing = self._system, "open"
        try:
            fd = self._opened(temp, _CREATE)
            try:
                doing = "write"
                if system.write(fd, data) != len(data):
                    raise OSError(errno.ENOSPC, "short write", temp)
                if self._fsync:
                    doing = "flush"
                    system.fsync(fd)
            finally:
                system.close(fd)
            doing = "replace"
            system.replace(temp, target)
        except OSError as problem:
            forget(temp, system)
            raise _named(problem, doing, target) from problem
        except BaseException:
            forget(temp, system)
            raise
        self._seq += 1
        self.tree[path] = data
        self.journal.append(SurfaceWrite(self._seq, self.loop, path, writer, data, "replace"))
        if self._fsync:
            try:
                sync_folder(os.path.dirname(target), system)
            except OSError as problem:
                raise _named(problem, "make durable", target) from problem

    def overwrite(self, path: str, data: bytes, writer: str) -> None:
        """Write a whole document in place, neither atomically nor durably (B-WR-4, D-20), and journal it."""
        target, _ = self._paths.get(path) or self._places(path)
        system, doing = self._system, "open"
        try:
            fd = self._opened(target, _CREATE)
            try:
                doing = "write"
                write_all(fd, data, system)
            finally:
                system.close(fd)
        except OSError as problem:
            raise _named(problem, doing, target) from problem
        self._seq += 1
        self.journal.append(SurfaceWrite(self._seq, self.loop, path, writer, data, "direct"))
        self.tree[path] = data

    def passed(self, step: Step) -> None:
        """A step of the loop is over. Here a door with faults acts out what then happens to files."""

    def append(self, path: str, data: bytes, writer: str) -> None:
        """Append whole lines to a log and journal them. A last line that its writer did not live to finish is ended
        first; lines that cannot be written whole are taken back. Raises OSError."""
        target, _ = self._paths.get(path) or self._places(path)
        system, doing = self._system, "open"
        try:
            fd = self._opened(target, _APPEND)
            try:
                doing = "read"
                size = system.lseek(fd, 0, os.SEEK_END)
                if size:
                    system.lseek(fd, size - 1, os.SEEK_SET)
                    if system.read(fd, 1) != b"\n":
                        data = b"\n" + data
                doing = "append to"
                try:
                    write_all(fd, data, system)
                except OSError:
                    system.ftruncate(fd, size)
                    raise
            finally:
                system.close(fd)
        except OSError as problem:
            raise _named(problem, doing, target) from problem
        self._seq += 1
        self.journal.append(SurfaceWrite(self._seq, self.loop, path, writer, data, "append"))

    def read(self, path: str) -> bytes | None:
        """The bytes on disk, or None when there is no such file; raises OSError."""
        target, _ = self._paths.get(path) or self._places(path)
        try:
            return read_bytes(target, self._system)
        except OSError as problem:
            raise _named(problem, "read", target) from problem

    def remove(self, path: str) -> bool:
        """Delete a file; False when there was none; raises OSError."""
        target, _ = self._paths.get(path) or self._places(path)
        try:
            self._system.unlink(target)
        except FileNotFoundError:
            self.tree.pop(path, None)
            return False
        except OSError as problem:
            raise _named(problem, "remove", target) from problem
        self.tree.pop(path, None)
        return True

    def take_journal(self) -> list[SurfaceWrite]:
        """The writes since the last call, in order."""
        taken, self.journal = self.journal, []
        return taken


def _named(problem: OSError, doing: str, path: str) -> OSError:
    """The same error with the operation that failed and the file that it failed on."""
    reason = problem.strerror or str(problem)
    return OSError(problem.errno or errno.EIO, f"cannot {doing}: {reason}", path)


def read_bytes(path: str | Path, system: System = os) -> bytes | None:
    """The bytes of a file, or None when it does not exist; raises OSError otherwise."""
    try:
        fd = system.open(os.fspath(path), _READ)
    except FileNotFoundError:
        return None
    try:
        data = system.read(fd, 65536)
        if len(data) < 65536:
            return data
        parts = [data]
        while chunk := system.read(fd, 1 << 20):
            parts.append(chunk)
        return b"".join(parts)
    finally:
        system.close(fd)


def read_regular(path: str | Path, limit: int) -> bytes:
    """The bytes of a regular file of at most `limit` bytes, for readers of trees that nobody vouches for.

    Never follows a link at the end of the path and never waits on a pipe. Raises OSError on everything else.
    """
    fd = os.open(path, _READ_ONLY_REGULAR)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "no regular file", os.fspath(path))
        parts: list[bytes] = []
        size = 0
        while size <= limit and (chunk := os.read(fd, 1 << 20)):
            parts.append(chunk)
            size += len(chunk)
        if size > limit:
            raise OSError(errno.EFBIG, f"longer than {limit} bytes", os.fspath(path))
        return b"".join(parts)
    finally:
        os.close(fd)


def open_text(path: Path) -> TextIO:
    """A UTF-8 file to read, unpacked where its name ends in `.gz`; a byte order mark is skipped.

    Line ends stay as they are, as the csv module wants them. Raises OSError; reading may raise `UNREADABLE`.
    """
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return open(path, encoding="utf-8-sig", newline="")


def append_bytes(path: str | Path, data: bytes) -> None:
    """Append to a file that only this process writes (a spool); raises OSError."""
    fd = os.open(path, _APPEND, 0o644)
    try:
        write_all(fd, data)
    finally:
        os.close(fd)


def open_bytes(path: str | Path) -> BinaryIO:
    """A file to be read in parts; raises OSError."""
    return open(path, "rb", buffering=1 << 18)


def sync_tree(folder: Path) -> None:
    """Make every file and folder below `folder` durable where the platform can; raises OSError."""
    if os.name == "nt":
        return
    for base, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            sync_folder(os.path.join(base, name))
        sync_folder(base)


def walk(folder: Path) -> Iterator[str]:
    """Relative paths (`/`-separated, sorted) of the regular files below `folder`."""
    for base, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield os.path.relpath(os.path.join(base, name), folder).replace(os.sep, "/")


def read_tree(folder: str | Path) -> dict[str, bytes]:
    """Every file below `folder` by its relative path; temporary files of writes in progress are left out."""
    root = Path(folder)
    found = ((path, read_bytes(root / path)) for path in walk(root) if "/.tmp_" not in f"/{path}")
    return {path: data for path, data in found if data is not None}


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder to a place where nothing stands yet."""
    shutil.copytree(source, target)


def remove_tree(folder: Path) -> None:
    """Delete a folder and all below it; nothing happens when there is none."""
    shutil.rmtree(folder, ignore_errors=True)


def swap_folder(new: Path, target: Path) -> None:
    """Put the complete folder `new` where `target` stands: whole or nothing (both on one file system).

    A kill between the two renames leaves `target` away for an instant; its old content then lies in
    `.old_<name>` beside it, where `recover_folder` finds it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.parent / f".old_{target.name}"
    try:
        remove_tree(aside)
        if target.exists():
            os.replace(target, aside)
        os.replace(new, target)
        sync_folder(target.parent)
        remove_tree(aside)
    except BaseException as problem:
        recover_folder(target)
        if isinstance(problem, OSError):
            raise IoError(f"{target}: cannot be replaced: {problem.strerror}") from problem
        raise


def standing(target: Path) -> Path:
    """Where the content of `target` stands now: aside, while a killed `swap_folder` waits to be undone."""
    aside = target.parent / f".old_{target.name}"
    return aside if not target.exists() and aside.exists() else target


def recover_folder(target: Path) -> None:
    """Undo or finish a `swap_folder` that was killed half way."""
    aside = target.parent / f".old_{target.name}"
    if aside.exists():
        if target.exists():
            remove_tree(aside)
        else:
            os.replace(aside, target)
