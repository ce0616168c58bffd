"""The container of a bundle: the same content gives the same bytes, and whatever is not as `pack` writes it is refused
whole before anybody reads a member."""

from __future__ import annotations

import io
import os
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from simkit.core import archive
from simkit.core.archive import opened, pack, wrong_path
from simkit.core.errors import SimkitError

MEMBERS: list[tuple[str, bytes | Path]] = [
    ("bundle.json", b"{}\n"),
    ("golden/a/golden.json", b"one"),
    ("golden/ä/logs/state/nav.json", b""),
]


def content(file: Path) -> dict[str, bytes]:
    with opened(file) as box:
        return {name: box.read(name, 100) for name in box.sizes}


def zipped(*members: tuple[str, bytes], **changed: Any) -> bytes:
    """A zip as `pack` writes it, each entry changed: `mode`, `method`, `date`, `comment`, `extra`."""
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as box:
        warnings.simplefilter("ignore")  # it warns of a name that is there twice
        for name, data in members:
            info = zipfile.ZipInfo(name, changed.get("date", (1980, 1, 1, 0, 0, 0)))
            info.create_system = 3
            info.external_attr = changed.get("mode", stat.S_IFREG | 0o644) << 16
            info.compress_type = changed.get("method", zipfile.ZIP_STORED)
            info.comment, info.extra = changed.get("comment", b""), changed.get("extra", b"")
            box.writestr(info, data)
    return out.getvalue()


def test_what_is_packed_is_read_and_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"one")
    pack(tmp_path / "deep" / "a.zip", MEMBERS)
    os.utime(source, (1, 1))
    pack(tmp_path / "b.zip", [MEMBERS[0], ("golden/a/golden.json", source), MEMBERS[2]])
    assert content(tmp_path / "b.zip") == dict(MEMBERS)
    assert (tmp_path / "deep" / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "b.zip") as box:
        assert box.testzip() is None
    assert zipped(*((name, bytes(data)) for name, data in MEMBERS)) == (tmp_path / "b.zip").read_bytes()


def test_packing_leaves_the_old_file_when_it_fails(tmp_path: Path) -> None:
    target = tmp_path / "a.zip"
    pack(target, MEMBERS)
    before = target.read_bytes()
    with pytest.raises(FileNotFoundError):
        pack(target, [("a", tmp_path / "nowhere")])
    with pytest.raises(SimkitError, match="no bundle can carry it"):
        pack(target, [("a:b", b"")])
    assert list(tmp_path.iterdir()) == [target]
    assert target.read_bytes() == before


BAD_NAMES = {
    "../outside": "leaves the folder",
    "golden/../../outside": "leaves the folder",
    "/etc/passwd": "leaves the folder",
    "C:/windows": "has a character",
    "golden\\..\\outside": "has a character",
    "golden/a\x1b[2J": "has a character",
    "golden/a\nb": "has a character",
    "golden//a": "is no plain path",
    "golden/./a": "is no plain path",
    "golden/.git/hooks/post-checkout": "has a part",
    "golden/.GIT/config": "has a part",
    "golden/nul. ": "has a part",
    "golden/" + "a" * 201: "is too long",
    "/".join(["a" * 100] * 11): "is too long",
}


@pytest.mark.parametrize("name", list(BAD_NAMES), ids=lambda name: ascii(name)[:40])
def test_a_name_that_does_not_stay_inside_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "b.zip"
    file.write_bytes(zipped((name, b"x")))
    with pytest.raises(SimkitError, match=BAD_NAMES[name]) as caught, opened(file):
        pass
    assert "refused, and nothing was written" in str(caught.value)
    assert str(caught.value).isprintable()
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    "name", ["a", "golden/a@b/logs/state/.tmp_nav.json.1", "a" * 200, "ä/ö.json", "..a/b"]
)
def test_a_name_that_stays_inside_is_taken(name: str) -> None:
    assert wrong_path(name) is None


def appended(data: bytes) -> bytes:
    return data + b"more"


def ahead(data: bytes) -> bytes:
    return b"MZ" + data


def end(data: bytes, **changed: int) -> bytes:
    """The end record with other numbers."""
    names = ("mark", "disk", "first", "here", "count", "length", "start", "comment")
    values = dict(zip(names, struct.unpack("<4s4H2LH", data[-22:]), strict=True))
    return data[:-22] + struct.pack("<4s4H2LH", *(values | changed).values())


def table(data: bytes, offset: int, value: bytes) -> bytes:
    """The first entry of the table of contents with other bytes at `offset`."""
    start = struct.unpack("<L", data[-6:-2])[0] + offset
    return data[:start] + value + data[start + len(value) :]


PLAIN = zipped(("bundle.json", b"{}\n"), ("golden/a", b"a" * 50))
HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty file": (b"", "no bundle of simkit"),
    "text": (b"simkit: 1\n" * 9, "no bundle of simkit"),
    "a link": (zipped(("golden/a", b"/etc/passwd"), mode=stat.S_IFLNK | 0o777), "is a link, no file"),
    "a device": (zipped(("golden/a", b""), mode=stat.S_IFCHR | 0o666), "is a device, no file"),
    "a block device": (zipped(("golden/a", b""), mode=stat.S_IFBLK | 0o666), "is a device, no file"),
    "a pipe": (zipped(("golden/a", b""), mode=stat.S_IFIFO | 0o666), "is a pipe, no file"),
    "a folder": (zipped(("golden/", b""), mode=stat.S_IFDIR | 0o755), "is a folder, no file"),
    "a folder by name": (zipped(("golden/", b"")), "is a folder, no file"),
    "an executable": (zipped(("golden/a", b""), mode=stat.S_IFREG | 0o755), "not packed as simkit packs"),
    "a setuid file": (zipped(("golden/a", b""), mode=stat.S_IFREG | 0o4644), "not packed as simkit packs"),
    "the same name twice": (
        zipped(("golden/a", b"1"), ("golden/b", b""), ("golden/a", b"2")),
        "is there twice",
    ),
    "capitals only": (zipped(("golden/a", b"1"), ("golden/A", b"2")), "is there twice"),
    "two spellings of one letter": (zipped(("golden/\xe9", b""), ("golden/e\u0301", b"")), "is there twice"),
    "file and folder": (zipped(("golden/a", b""), ("golden/a/b", b"")), "lies below a file"),
    "folder and file": (zipped(("golden/a/b", b""), ("golden/a", b"")), "a file and a folder at once"),
    "packed": (
        zipped(("golden/a", bytes(1 << 20)), method=zipfile.ZIP_DEFLATED),
        "not packed as simkit packs",
    ),
    "bzip2": (zipped(("golden/a", bytes(1 << 20)), method=zipfile.ZIP_BZIP2), "not packed as simkit packs"),
    "a zip around it": (
        zipped(("bundle.zip", PLAIN), method=zipfile.ZIP_DEFLATED, date=(2026, 1, 1, 1, 1, 2)),
        "a zip around the bundle is to be unpacked first",
    ),
    "a bomb that says so": (table(PLAIN, 24, struct.pack("<L", 4_000_000_000)), "is too large"),
    "a bomb that lies": (
        table(zipped(("golden/a", bytes(1 << 20)), method=zipfile.ZIP_DEFLATED), 24, struct.pack("<L", 10)),
        "not packed as simkit packs",
    ),
    "a stored size that lies": (table(PLAIN, 20, struct.pack("<2L", 60, 60)), "does not lie where it should"),
    "an entry over another": (table(PLAIN, 42, struct.pack("<L", 44)), "does not lie where it should"),
    "encrypted": (table(PLAIN, 8, struct.pack("<H", 1)), "not packed as simkit packs"),
    "a comment": (zipped(("golden/a", b""), comment=b"x"), "not packed as simkit packs"),
    "extra fields": (zipped(("golden/a", b""), extra=b"\1\0\0\0"), "not packed as simkit packs"),
    "another date": (zipped(("golden/a", b""), date=(2026, 1, 1, 0, 0, 0)), "not packed as simkit packs"),
    "bytes behind": (appended(PLAIN), "cut off, or something hangs on its end"),
    "bytes before": (ahead(PLAIN), "no bundle of simkit"),
    "cut off": (PLAIN[:-5], "cut off, or something hangs on its end"),
    "more entries than there are": (end(PLAIN, here=9, count=9), "damaged|does not fit"),
    "fewer entries than there are": (end(PLAIN, here=1, count=1), "does not fit"),
    "too many entries": (end(PLAIN, here=60_000, count=60_000), "too many files: 60000"),
    "several disks": (end(PLAIN, disk=1), "does not fit the file"),
    "a table elsewhere": (end(PLAIN, start=5), "does not fit the file"),
    "a gap": (
        PLAIN[:100] + b"\0" + PLAIN[100:-22] + end(PLAIN, start=PLAIN.index(b"PK\1\2") + 1)[-22:],
        "does not fit",
    ),
}


@pytest.mark.parametrize("case", list(HOSTILE))
def test_what_simkit_does_not_write_is_refused(tmp_path: Path, case: str) -> None:
    data, message = HOSTILE[case]
    file = tmp_path / "b.zip"
    file.write_bytes(data)
    with pytest.raises(SimkitError, match=message), opened(file):
        pass
    assert list(tmp_path.iterdir()) == [file]


def test_a_zip64_table_is_not_believed(tmp_path: Path) -> None:
    locator = b"PK\6\7" + bytes(16)
    data = PLAIN[:-22] + locator + end(PLAIN, length=struct.unpack("<L", PLAIN[-10:-6])[0] + 20)[-22:]
    (tmp_path / "b.zip").write_bytes(data)
    with pytest.raises(SimkitError, match="does not fit the file"), opened(tmp_path / "b.zip"):
        pass


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("MEMBERS", 1, "too many files: 2, at most 1"),
        ("MEMBER_BYTES", 49, "too large"),
        ("TOTAL_BYTES", 200, "too large"),
    ],
)
def test_the_limits_hold_when_reading_and_when_packing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, message: str
) -> None:
    file = tmp_path / "b.zip"
    file.write_bytes(PLAIN)
    monkeypatch.setattr(archive, limit, value)
    with pytest.raises(SimkitError, match=message), opened(file):
        pass
    with pytest.raises(SimkitError, match="too many for one bundle"):
        pack(file, [("bundle.json", b"{}\n"), ("golden/a", b"a" * 101)])
    assert file.read_bytes() == PLAIN


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_regular_file_is_not_opened(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "b.zip")
    with pytest.raises(SimkitError, match="no regular file"), opened(tmp_path / "b.zip"):
        pass


def test_a_damaged_member_is_found_when_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    file.write_bytes(PLAIN.replace(b"aaaa", b"aaab", 1))
    with pytest.raises(SimkitError, match="'golden/a' is damaged"):
        content(file)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(place=st.integers(0, len(PLAIN) - 1), value=st.integers(0, 255), cut=st.booleans())
def test_any_other_byte_is_refused_or_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, place: int, value: int, cut: bool
) -> None:
    file = tmp_path_factory.getbasetemp() / "fuzzed.zip"
    file.write_bytes(PLAIN[:place] if cut else PLAIN[:place] + bytes([value]) + PLAIN[place + 1 :])
    try:
        found = content(file)
    except SimkitError as problem:
        assert "refused, and nothing was written" in str(problem)
    else:
        assert found == {"bundle.json": b"{}\n", "golden/a": b"a" * 50}
