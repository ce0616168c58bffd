"""The history of a run as lines: what changed in each loop, and the tree that follows from it.

Comes in: frames of a run, or the lines of `history.jsonl`. Goes out: lines, or the documents of every loop.
May import `core`, `contract.table`, `trace` and `golden.delta`.

A line holds the running hash (always first), loop and time, the first 8 digits of the digest of every changed
file, its delta against the loop before, and the loop's events. Applied one after the other the lines give
back every document of every loop in canonical compact form. A file that is no JSON document is kept as text;
where the run's bytes were not what the line gives back (another key order, spaces), their digest stands in
`raw`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from simkit.contract.table import STATE
from simkit.core.canon import decode, encode_sorted
from simkit.core.clock import iso, parse_iso
from simkit.core.files import open_bytes
from simkit.core.hashing import digest
from simkit.golden.delta import apply, diff, elide, restore
from simkit.trace.chain import START, WIDTH, link, names_of
from simkit.trace.spool import Frame

HISTORY = "history.jsonl"
SHORT = 8
_PREFIX = b'{"running":"'


class Line(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """One loop. Files are named by `name_of`. `time` is the loop's time, `label` the date of a recorded bar.

    A file in `files` and in none of `new`, `changes` and `text` was written anew with nothing but its time
    changed.
    """

    running: str
    loop: int
    time: str
    files: dict[str, str] = {}
    label: str | None = None
    gone: list[str] = []
    new: dict[str, Any] = {}
    changes: dict[str, Any] = {}
    text: dict[str, str] = {}
    raw: dict[str, str] = {}
    events: Raw | UnsetType = UNSET


class Head(Struct):
    """The part of a line that tells which files changed."""

    running: str
    files: dict[str, str] = {}
    gone: list[str] = []
    raw: dict[str, str] = {}
    events: Raw | UnsetType = UNSET


decode_line = msgspec.json.Decoder(Line).decode
decode_head = msgspec.json.Decoder(Head).decode


def name_of(path: str) -> str:
    """`nav` for `logs/state/nav.json`; any other path as it is, with `./` before one that has neither `/` nor
    `.`."""
    if path.startswith(f"{STATE}/") and path.endswith(".json"):
        stem = path[len(STATE) + 1 : -5]
        if stem and "/" not in stem and "." not in stem:
            return stem
    return path if "/" in path or "." in path else f"./{path}"


def path_of(name: str) -> str:
    """The inverse of `name_of`."""
    if "/" not in name and "." not in name:
        return f"{STATE}/{name}.json"
    return name.removeprefix("./")


class Text(Struct, frozen=True):
    """A file that is no JSON document."""

    text: str


class Doc(Struct, frozen=True):
    """A JSON document with the time of its last change elided."""

    elided: Any
    ts: int


def content_of(data: bytes, ts: int) -> tuple[Doc | Text, bytes]:
    """What a history keeps of a file's bytes, and the bytes that it gives back."""
    try:
        value = decode(data)
        return Doc(elide(value, ts), ts), encode_sorted(value)
    except (ValueError, RecursionError):
        text = data.decode(errors="backslashreplace")
        return Text(text), text.encode()


class Tree:
    """The files of one loop, by `name_of`. `hashes` are the first 8 digits of the digest of each file's own
    bytes."""

    def __init__(self) -> None:
        self.contents: dict[str, Doc | Text] = {}
        self.hashes: dict[str, str] = {}

    def apply(self, line: Line) -> None:
        """Go on by one loop. Raises ValueError when the line does not fit."""
        ts, contents = parse_iso(line.time), self.contents
        for name in line.gone:
            contents.pop(name, None)
            self.hashes.pop(name, None)
        for name, short in line.files.items():
            if name in line.text:
                contents[name] = Text(line.text[name])
            elif name in line.new:
                contents[name] = Doc(line.new[name], ts)
            else:
                old = contents.get(name)
                if not isinstance(old, Doc):
                    raise ValueError(f"{name} changes before it exists")
                elided = apply(old.elided, line.changes[name]) if name in line.changes else old.elided
                contents[name] = Doc(elided, ts)
            self.hashes[name] = line.raw[name][:SHORT] if name in line.raw else short

    def value(self, name: str) -> Any:
        """The JSON value of a file; a `str` for one that is no JSON document."""
        content = self.contents[name]
        return restore(content.elided, content.ts) if isinstance(content, Doc) else content.text

    def data(self, name: str) -> bytes:
        """The file in canonical compact form."""
        content = self.contents[name]
        return content.text.encode() if isinstance(content, Text) else encode_sorted(self.value(name))

    def is_json(self, name: str) -> bool:
        """False for a file that is kept as text."""
        return isinstance(self.contents[name], Doc)


class HistoryWriter:
    """Turns successive frames into lines; `tree` is the tree before the first of them."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def line(self, frame: Frame) -> Line:
        """The line of the next loop; the tree goes on with it."""
        line = Line(
            frame.running,
            frame.loop,
            iso(frame.ts),
            label=iso(frame.label) if frame.label is not None else None,
            gone=[name_of(path) for path in frame.removed],
            events=Raw(frame.events) if frame.events else UNSET,
        )
        for path, data in frame.files.items():
            self._file(line, name_of(path), data, frame)
        for name in line.gone:
            del self.tree.contents[name]
            del self.tree.hashes[name]
        return line

    def _file(self, line: Line, name: str, data: bytes, frame: Frame) -> None:
        content, kept = content_of(data, frame.ts)
        old = self.tree.contents.get(name)
        if isinstance(content, Text):
            line.text[name] = content.text
        elif isinstance(old, Doc):
            differs, delta = diff(old.elided, content.elided)
            if differs:
                line.changes[name] = delta
        else:
            line.new[name] = content.elided
        self.tree.contents[name] = content
        own = frame.hashes[path_of(name)]
        line.files[name] = own[:SHORT] if kept == data else digest(kept)[:SHORT]
        if kept != data:
            line.raw[name] = own
        self.tree.hashes[name] = own[:SHORT]


def encode_line(line: Line) -> bytes:
    """A line of the file, with its line end."""
    return msgspec.json.encode(line) + b"\n"


def raw_lines(file: Path) -> Iterator[bytes]:
    """The lines of a history one by one, with LF ends. Raises OSError."""
    with open_bytes(file) as stream:
        for line in stream:
            yield line[:-2] + b"\n" if line.endswith(b"\r\n") else line


def running_of(lines: Iterable[bytes]) -> str:
    """The running hashes one after the other, without decoding a line. Raises ValueError on a foreign
    line."""
    start, end = len(_PREFIX), len(_PREFIX) + WIDTH
    found = []
    for line in lines:
        if not line.startswith(_PREFIX):
            raise ValueError("a line does not begin with its running hash")
        found.append(line[start:end])
    return b"".join(found).decode()


class Work:
    """How many bytes of documents may still be followed: a small history can speak of endless ones."""

    def __init__(self, limit: int) -> None:
        self.left = limit


def verify_history(lines: Iterable[bytes], work: Work | None = None) -> tuple[Tree, list[str]]:
    """Check every hash of a history against its content: the last tree, and what is wrong (empty: nothing).

    Stops at the first line that does not hold, because all later ones rest on it, and where `work` is used up.
    """
    tree, running, digests = Tree(), START, dict[str, str]()
    for loop, raw_line in enumerate(lines, 1):
        try:
            line = decode_line(raw_line)
            tree.apply(line)
        except ValueError as problem:
            return tree, [f"L{loop}: {problem}"]
        if line.loop != loop:
            return tree, [f"L{loop}: the line says loop {line.loop}"]
        for name in line.gone:
            digests.pop(path_of(name), None)
        for name, short in line.files.items():
            data = tree.data(name)
            if work is not None:
                work.left -= len(data)
                if work.left < 0:
                    return tree, [f"L{loop}: its documents are too large"]
            found = digest(data)
            if found[:SHORT] != short:
                return tree, [f"L{loop}: {path_of(name)} is not what its hash {short} says"]
            digests[path_of(name)] = line.raw.get(name, found)
        paths = sorted(digests)
        events = encode_sorted(decode(bytes(line.events))) if line.events is not UNSET else b""
        running = link(running, names_of(paths), "".join([digests[path] for path in paths]), events)
        if running != line.running:
            return tree, [f"L{loop}: the running hash is {line.running}, the content gives {running}"]
    return tree, []
