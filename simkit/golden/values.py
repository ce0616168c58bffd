"""Which fields of two JSON values differ, as a person wants to read it.

Comes in: an old and a new JSON value. Goes out: `FieldChange`s with JSON paths, or their count. May import
`core` and `contract.table`.

Identity fields are compared for presence and type only, wherever they occur. Numbers are equal when they are
equal as numbers: 1 and 1.0 differ in spelling, which is a difference of format, never of value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from simkit.contract.table import IDENTITY_FIELDS
from simkit.core.canon import decode, encode_sorted

#: In place of a value that is not there.
ABSENT = object()


class FieldChange(Struct, frozen=True):
    """One field that differs: `surface` (a file's name, or `events`), JSON path (empty: the whole document),
    old and new value as JSON text; None where the field is absent."""

    surface: str
    path: str
    old: str | None
    new: str | None


class Walk:
    """Compares values of one surface. `count` is the number of differing fields, `changes` builds their list;
    `identity`: an identity field had another value; `format`: only the bytes differ (set by the caller)."""

    def __init__(self, surface: str) -> None:
        self.surface = surface
        self.identity = False
        self.format = False
        self._found: list[tuple[str, Any, Any]] = []

    @property
    def count(self) -> int:
        """How many fields differ."""
        return len(self._found)

    @property
    def found(self) -> Sequence[tuple[str, Any, Any]]:
        """The fields that differ: JSON path, old value, new value."""
        return self._found

    @property
    def changes(self) -> list[FieldChange]:
        """The fields that differ."""
        return [FieldChange(self.surface, path, text_of(old), text_of(new)) for path, old, new in self._found]

    def compare(self, old: Any, new: Any, path: str = "") -> None:
        """Add what differs between two values that both exist."""
        if isinstance(old, dict) and isinstance(new, dict):
            self._objects(old, new, path)
        elif isinstance(old, list) and isinstance(new, list):
            self._arrays(old, new, path)
        elif not equal(old, new):
            self.add(path, old, new)

    def _objects(self, old: dict[str, Any], new: dict[str, Any], path: str) -> None:
        for key in old if old.keys() == new.keys() else sorted(old.keys() | new.keys()):
            if key not in old:
                self.add(join(path, key), ABSENT, new[key])
                continue
            if key not in new:
                self.add(join(path, key), old[key], ABSENT)
                continue
            one, two = old[key], new[key]
            kind = type(one)
            if kind is type(two) and kind is not dict and kind is not list and one == two:
                continue
            if key in IDENTITY_FIELDS and kind_of(one) == kind_of(two):
                self.identity = self.identity or one != two
            else:
                self.compare(one, two, join(path, key))

    def _arrays(self, old: list[Any], new: list[Any], path: str) -> None:
        for index in range(max(len(old), len(new))):
            place = f"{path}[{index}]"
            if index >= len(old):
                self.add(place, ABSENT, new[index])
            elif index >= len(new):
                self.add(place, old[index], ABSENT)
            else:
                self.compare(old[index], new[index], place)

    def add(self, path: str, old: Any, new: Any) -> None:
        """Add one field; `ABSENT` where a side does not have it."""
        self._found.append((path, old, new))


def equal(old: Any, new: Any) -> bool:
    """Equal as values: a number equals a number of another spelling, nothing equals a value of another
    type."""
    return kind_of(old) == kind_of(new) and bool(old == new)


def kind_of(value: Any) -> str:
    """The JSON type of a value."""
    kind = type(value)
    return "number" if kind is int or kind is float else kind.__name__


def join(path: str, key: str) -> str:
    """`a.b`; a key that would be misread is quoted: `a["b.c"]`."""
    if not key.isidentifier() and (not key or any(mark in key for mark in '.[]"')):
        return f"{path}[{encode_sorted(key).decode()}]"
    return f"{path}.{key}" if path else key


_PART = re.compile(r'\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\.?([^.\[\]"]+)')


def parts(path: str) -> tuple[str | int, ...]:
    """The keys and indices of a JSON path. Raises ValueError on a text that is none."""
    found: list[str | int] = []
    end = 0
    while end < len(path):
        match = _PART.match(path, end)
        if match is None or (path[end] == ".") is not bool(end and match[3]):
            raise ValueError(f"{path!r} is no path of a field: {path[end:]!r} is not understood")
        index, quoted, key = match.groups()
        found.append(int(index) if index else decode(quoted) if quoted else key)
        end = match.end()
    return tuple(found)


def at(value: Any, path: str) -> Any:
    """What stands at a JSON path; `ABSENT` where nothing does. Raises ValueError on a text that is no path."""
    for part in parts(path):
        if isinstance(part, int):
            if not isinstance(value, list) or part >= len(value):
                return ABSENT
        elif not isinstance(value, dict) or part not in value:
            return ABSENT
        value = value[part]
    return value


def text_of(value: Any) -> str | None:
    """A value as JSON text; None for `ABSENT`."""
    return None if value is ABSENT else encode_sorted(value).decode()
