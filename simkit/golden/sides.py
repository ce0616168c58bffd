"""The two sides of a comparison, loop by loop: what was accepted, and what ran.

Comes in: the lines of a history, or the frames of a run. Goes out: hashes, values and events of every loop. May
import `core`, `trace` and `golden.*`.

A document is decoded only when its value is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from msgspec import UNSET, Raw, UnsetType

from simkit.core.canon import decode
from simkit.golden.delta import restore
from simkit.golden.history import SHORT, Doc, Text, Tree, content_of, decode_head, decode_line, name_of
from simkit.golden.values import ABSENT, at
from simkit.trace.spool import Frame

#: Whether a file is JSON, and its value.
Value = tuple[bool, Any]


class Side(Protocol):
    """One side at the loop that it was brought to. `hashes`: the first 8 digits of each file's digest, by `name_of`."""

    @property
    def hashes(self) -> Mapping[str, str]: ...

    def step(self) -> bytes | None:
        """Go on by one loop: its events, None after the last loop."""
        ...

    def glance(self) -> bytes | None:
        """Like `step`, but values stay behind; for good."""
        ...

    def value(self, name: str) -> Value: ...

    def is_raw(self, name: str) -> bool:
        """True when the bytes behind the last `value` were not in canonical form."""
        ...


class Accepted:
    """A history; it begins after loop `before`."""

    def __init__(self, lines: Iterator[bytes], before: int) -> None:
        self._lines = lines
        self.tree = Tree()
        self.hashes = self.tree.hashes
        self._raw: set[str] = set()
        #: The files as they stood before the last step.
        self.contents_before: dict[str, Doc | Text] = {}
        for _ in range(before):
            if self.step() is None:
                break

    @property
    def raw(self) -> frozenset[str]:
        """Files whose bytes were not in canonical form."""
        return frozenset(self._raw)

    def step(self) -> bytes | None:
        raw_line = next(self._lines, None)
        if raw_line is None:
            return None
        self.contents_before = self.tree.contents.copy()
        line = decode_line(raw_line)
        self.tree.apply(line)
        for name in line.files:
            if name in line.raw:
                self._raw.add(name)
            else:
                self._raw.discard(name)
        return _bytes(line.events)

    def glance(self) -> bytes | None:
        raw_line = next(self._lines, None)
        if raw_line is None:
            return None
        head = decode_head(raw_line)
        for name in head.gone:
            self.hashes.pop(name, None)
        for name, short in head.files.items():
            self.hashes[name] = head.raw.get(name, short)[:SHORT]
        return _bytes(head.events)

    def rest(self) -> int:
        """How many loops are left."""
        return sum(1 for _ in self._lines)

    def value(self, name: str) -> Value:
        return self.tree.is_json(name), self.tree.value(name)

    def is_raw(self, name: str) -> bool:
        return name in self._raw

    def before(self, name: str, path: str) -> Any:
        """The value of a field before the last step; `ABSENT` where there was none."""
        return _field(self.contents_before.get(name), path)

    def now(self, name: str, path: str) -> Any:
        """The value of a field; `ABSENT` where there is none."""
        return _field(self.tree.contents.get(name), path)


def _bytes(events: Raw | UnsetType) -> bytes:
    return bytes(events) if events is not UNSET else b""


def _field(content: Doc | Text | None, path: str) -> Any:
    if isinstance(content, Doc):
        found = at(content.elided, path)
        return found if found is ABSENT else restore(found, content.ts)
    return content.text if content is not None and not path else ABSENT


class Ran:
    """The frames of a run; it begins as `golden` stands."""

    def __init__(self, golden: Accepted, frames: Iterator[Frame]) -> None:
        self._frames = frames
        self.hashes = dict(golden.hashes)
        self._values = {name: golden.value(name) for name in golden.hashes}
        self._raw = set(golden.raw)
        self._bytes: dict[str, bytes] = {}

    def step(self) -> bytes | None:
        frame = next(self._frames, None)
        if frame is None:
            return None
        for path in frame.removed:
            del self.hashes[name_of(path)]
        for path, data in frame.files.items():
            name = name_of(path)
            self.hashes[name] = frame.hashes[path][:SHORT]
            self._bytes[name] = data
        return frame.events

    glance = step

    def value(self, name: str) -> Value:
        data = self._bytes.pop(name, None)
        if data is not None:
            content, kept = content_of(data, 0)
            is_json = isinstance(content, Doc)
            self._values[name] = (is_json, decode(kept) if is_json else kept.decode())
            if kept == data:
                self._raw.discard(name)
            else:
                self._raw.add(name)
        return self._values[name]

    def is_raw(self, name: str) -> bool:
        return name in self._raw
