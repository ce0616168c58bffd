"""A container of files that goes from one machine to another: written the same for the same content, and believed in
nothing when it is read.

Comes in: names with bytes or files; a file from anywhere. Goes out: a zip; its members. May import `core`.

What is written is a plain zip whose members are stored (compressed bytes differ between zlib versions), with fixed
times and rights, so that every zip tool opens it. What is read must look exactly so: members one after the other
without gaps, nothing packed, no links, no folders, names that stay inside. A member then is as long as its bytes in
the file, and no bomb has room. Everything is looked at before anybody gets a member to read.
"""

from __future__ import annotations

import os
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from simkit.core import environment, files
from simkit.core.errors import SimkitError

#: The most that a container may hold: members, bytes of one, bytes of the file.
MEMBERS = 20_000
MEMBER_BYTES = 128 << 20
TOTAL_BYTES = 1 << 30
NAME_BYTES = 1024
_TABLE_BYTES = 8 << 20

_TIME = (1980, 1, 1, 0, 0, 0)
_RIGHTS = stat.S_IFREG | 0o644
_UTF8 = 0x800
_PART = 1 << 20
_HEAD, _ENTRY = 30, 46
_END = struct.Struct("<4s4H2LH")
_DAMAGE = (zipfile.BadZipFile, ValueError, LookupError, EOFError, RuntimeError, struct.error, OverflowError)
_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def pack(target: Path, members: Sequence[tuple[str, bytes | Path]]) -> None:
    """Write `members` in their order into `target`, which is replaced whole. Raises SimkitError when they are more
    than a container may hold or have a name that none may have, OSError."""
    for name, _ in members:
        if (wrong := wrong_path(name)) is not None:
            raise SimkitError(f"{_shown(name)} {wrong}: no bundle can carry it")
    sizes = [len(what) if isinstance(what, bytes) else what.stat().st_size for _, what in members]
    total = sum(sizes)  # ints
    names = sum(_ENTRY + len(name.encode()) for name, _ in members)  # ints
    if (
        len(members) > MEMBERS
        or names > _TABLE_BYTES
        or max(sizes, default=0) > MEMBER_BYTES
        or total > TOTAL_BYTES - (64 << 20)
    ):
        raise SimkitError(f"{len(members)} files with {total} bytes are too many for one bundle")
    target.parent.mkdir(parents=True, exist_ok=True)
    temp = target.parent / f".tmp_{target.name}.{environment.process_id()}"
    try:
        with open(temp, "wb") as out:
            with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as box:
                for name, what in members:
                    info = zipfile.ZipInfo(name, _TIME)
                    info.create_system, info.external_attr = 3, _RIGHTS << 16
                    box.writestr(info, what if isinstance(what, bytes) else files.read_bytes(what) or b"")
            out.flush()
            os.fsync(out.fileno())
        os.replace(temp, target)
    finally:
        temp.unlink(missing_ok=True)


class Archive:
    """A container whose form was found good. `sizes` are the bytes of every member, by name, in order."""

    def __init__(self, file: Path, box: zipfile.ZipFile, sizes: dict[str, int]) -> None:
        self._file = file
        self._box = box
        self.sizes = sizes

    def parts(self, name: str) -> Iterator[bytes]:
        """The bytes of a member, part by part. Raises SimkitError when they are not what their checksum says."""
        try:
            with self._box.open(name) as stream:
                while part := stream.read(_PART):
                    yield part
        except _DAMAGE as problem:
            raise refused(self._file, f"{_shown(name)} is damaged: {problem}") from problem

    def read(self, name: str, limit: int) -> bytes:
        """A whole member of at most `limit` bytes. Raises SimkitError."""
        if self.sizes[name] > limit:
            raise refused(self._file, f"{_shown(name)} is too large: {self.sizes[name]} bytes")
        return b"".join(self.parts(name))


@contextmanager
def opened(file: Path) -> Iterator[Archive]:
    """The container in `file`, looked at from end to end. Raises SimkitError on anything that `pack` does not write,
    OSError."""
    with _regular(file) as stream:
        count = _check_frame(file, stream)
        try:
            box = zipfile.ZipFile(stream)
        except _DAMAGE as problem:
            raise refused(file, f"it is damaged: {problem}") from problem
        with box:
            if len(box.infolist()) != count:
                raise refused(file, "its table of contents does not fit the file")
            yield Archive(file, box, _checked(file, stream, box.infolist()))


def refused(file: Path, why: str) -> SimkitError:
    """The one form in which a bundle is refused."""
    return SimkitError(f"{file}: refused, and nothing was written: {why}")


def _regular(file: Path) -> BinaryIO:
    """The open file; never a pipe or a device, which could wait or run on for ever."""
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise refused(file, "it is no regular file")
    if status.st_size > TOTAL_BYTES:
        raise refused(file, f"it is too large: {status.st_size} bytes, at most {TOTAL_BYTES}")
    return files.open_bytes(file)


def _check_frame(file: Path, stream: BinaryIO) -> int:
    """The two ends of the file, before the zip reader makes an object of every entry that it is told of; how many
    entries there should be."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if size < _END.size or stream.read(4) not in (b"PK\3\4", b"PK\5\6"):
        raise refused(file, "it is no bundle of simkit (it does not begin as one)")
    stream.seek(-_END.size, os.SEEK_END)
    mark, disk, first_disk, here, count, length, start, comment = _END.unpack(stream.read(_END.size))
    if mark != b"PK\5\6" or comment:
        raise refused(file, "it is cut off, or something hangs on its end")
    if disk or first_disk or here != count or start + length + _END.size != size:
        raise refused(file, "its table of contents does not fit the file")
    if count > MEMBERS or length > _TABLE_BYTES:
        raise refused(file, f"it has too many files: {count}, at most {MEMBERS}")
    if size >= _END.size + 20:
        stream.seek(-_END.size - 20, os.SEEK_END)
        if stream.read(4) == b"PK\6\7":
            raise refused(file, "its table of contents does not fit the file")
    assert isinstance(count, int)
    return count


def _checked(file: Path, stream: BinaryIO, entries: list[zipfile.ZipInfo]) -> dict[str, int]:
    """The size of every member by its name. Every member must lie right behind the one before."""
    sizes: dict[str, int] = {}
    taken: dict[str, bool] = {}
    place = 0
    for entry in entries:
        name = entry.orig_filename
        if (problem := _wrong_kind(entry) or wrong_path(name) or _taken(name, taken)) is not None:
            raise refused(file, f"{_shown(name)} {problem}")
        if max(entry.file_size, entry.compress_size) > MEMBER_BYTES:
            raise refused(file, f"{_shown(name)} is too large: at most {MEMBER_BYTES} bytes")
        if not _is_plain(entry):
            raise refused(
                file,
                f"{_shown(name)} is not packed as simkit packs; a zip around the bundle is to be unpacked first",
            )
        raw = name.encode()
        stream.seek(place)
        head = stream.read(_HEAD)
        if entry.header_offset != place or head[26:30] != struct.pack("<2H", len(raw), 0):
            raise refused(file, f"{_shown(name)} does not lie where it should")
        place += _HEAD + len(raw) + entry.file_size
        sizes[name] = entry.file_size
    table = sum(_ENTRY + len(name.encode()) for name in sizes)  # ints
    if place + table + _END.size != stream.seek(0, os.SEEK_END):
        raise refused(file, "its table of contents does not fit the file")
    return sizes


def _wrong_kind(entry: zipfile.ZipInfo) -> str | None:
    mode = entry.external_attr >> 16
    kind = _KINDS.get(stat.S_IFMT(mode))
    if kind is None and entry.orig_filename.endswith("/"):
        kind = "a folder"
    return None if kind is None else f"is {kind}, no file"


def _is_plain(entry: zipfile.ZipInfo) -> bool:
    name = entry.orig_filename
    flags = 0 if name.isascii() else _UTF8
    return (
        entry.compress_type == zipfile.ZIP_STORED
        and entry.compress_size == entry.file_size
        and (entry.flag_bits, entry.extra, entry.comment) == (flags, b"", b"")
        and (entry.date_time, entry.external_attr) == (_TIME, _RIGHTS << 16)
    )


def wrong_path(name: str) -> str | None:
    """Why a name cannot be that of a file below a folder, on any platform; None when it can."""
    parts = name.split("/")
    if not name.isprintable() or "\\" in name or ":" in name:
        return "has a character that no such name has"
    if name.startswith("/") or ".." in parts:
        return "leaves the folder"
    if "" in parts or "." in parts:
        return "is no plain path"
    if len(name.encode(errors="replace")) > NAME_BYTES or max(map(len, parts)) > 200:
        return "is too long"
    if any(part.endswith((".", " ")) or part.lower() == ".git" for part in parts):
        return "has a part that no golden has"
    return None


def _taken(name: str, taken: dict[str, bool]) -> str | None:
    """Whether another member claims the name (also where capitals do not count), as a file or as a folder."""
    key = unicodedata.normalize("NFC", name).casefold()
    if key in taken:
        return "is there twice" if not taken[key] else "is a file and a folder at once"
    parts = key.split("/")
    for end in range(1, len(parts)):
        if taken.setdefault("/".join(parts[:end]), True) is False:
            return "lies below a file"
    taken[key] = False
    return None


def _shown(name: str) -> str:
    """A name from elsewhere, safe to print."""
    return ascii(name if len(name) <= 100 else name[:97] + "...")
