"""Every form that the contract allows, turned into ours before the rules look (invariants.md 9).

Comes in: the look of a tree from outside. Goes out: the same look with documents in our form, the readings
that were seen, and for each value that moved its place in the user's file. May import `contract`.

A form that a field has once is its form for the whole series: a later document in another one is left as it
is, and the rules find it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simkit.contract import foreign_book, foreign_health, foreign_intel
from simkit.contract.dialect import PLAIN, Dialect
from simkit.contract.fields import steps
from simkit.contract.foreign import Outside, measure
from simkit.contract.foreign_choice import Choice, Steps
from simkit.contract.look import Doc, Look
from simkit.contract.readers import parse_time, read_object
from simkit.contract.table import by_stem

_MS_FROM: Final = 1e12
_TOO_DEEP: Final = "is nested too deeply to be a surface"
#: By stem, where in the user's file a value of ours stands.
Moves = dict[str, dict[Steps, Steps]]


class Forms:
    """Reads one series of trees, in order."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._choice = Choice(outside)
        self._known: dict[str, tuple[bytes, Doc, dict[Steps, Steps]]] = {}
        self._measured: dict[str, bytes] = {}

    def translate(self, look: Look) -> Moves:
        """Put the documents of a look into our form and tell it where it comes from; where values that moved
        stand in the user's files."""
        outside = look.outside = self._outside
        if not outside.forms and outside.dialect is not PLAIN:
            return self._state(look)
        docs, unreadable = dict(look.docs), dict(look.unreadable)
        for stem, doc in look.docs.items():
            data = look.raw[stem]
            if self._measured.get(stem) is data:
                continue
            if measure(stem, doc, outside.digits):
                self._measured[stem] = data
            else:
                unreadable[stem] = _TOO_DEEP
                del docs[stem]
        moves: Moves = {}
        if outside.forms:
            docs = {stem: _own_copy(look.raw[stem]) for stem in docs}
            moves = self._read(docs)
        look.docs, look.unreadable = docs, unreadable
        return moves

    def _state(self, look: Look) -> Moves:
        """By the dialect's statements alone. What it says of a file needs no other, so a file that did not
        change is the document that it was."""
        moves: Moves = {}
        docs: dict[str, Doc] = {}
        unreadable = dict(look.unreadable)
        for stem in look.docs:
            data, known = look.raw[stem], self._known.get(stem)
            if known is None or known[0] is not data:
                doc = _own_copy(data)
                if not measure(stem, doc, self._outside.digits):
                    unreadable[stem] = _TOO_DEEP
                    continue
                known = self._known[stem] = (data, doc, self._read({stem: doc}).get(stem, {}))
            docs[stem], moves[stem] = known[1:]
        look.docs, look.unreadable = docs, unreadable
        return moves

    def _read(self, docs: dict[str, Doc]) -> Moves:
        choice = self._choice
        choice.moves = {}
        for stem, doc in docs.items():
            _rename(stem, doc, self._outside.dialect, choice)
        foreign_book.words(docs, choice)
        foreign_health.words(docs, choice)
        foreign_health.units(docs, choice)
        if self._outside.forms:
            for stem, doc in docs.items():
                _times(stem, doc, choice)
            foreign_book.read(docs, choice)
            foreign_health.read(docs, choice)
            foreign_intel.read(docs, choice)
        return choice.moves


def _own_copy(data: bytes) -> Doc:
    """A document that may be changed in place."""
    doc, _ = read_object(data)
    return doc if doc is not None else {}


def _times(stem: str, doc: Doc, choice: Choice) -> None:
    """Note the name and the spelling of the surface time (A-01, A-02, A-04); rules take any of them."""
    if stem not in by_stem:
        return
    if stem == "diagnostics":
        foreign_health.lift_time(doc, choice)
    names = [name for name in ("updated_ts", "updated_at") if parse_time(doc.get(name)) is not None]
    if len(names) == 1:
        choice.note("A-01", f"{names[0]} only", stem)
    if not names:
        return
    value = doc[names[0]]
    if type(value) is not str:
        choice.note("A-02", "epoch ms" if value > _MS_FROM else "epoch s", stem)
    elif value.isdigit():
        choice.note("A-02", "epoch as text", stem)
    elif not value.endswith("Z"):
        clock = value[len("2025-01-06") :]
        choice.note("A-02", "ISO with an offset" if "+" in clock or "-" in clock else "naive ISO", stem)


# Names of the user -----------------------------------------------------------------------------------------


def _rename(stem: str, doc: Doc, dialect: Dialect, choice: Choice) -> None:
    """Put what the dialect calls by another name where we look for it."""
    for theirs, ours in dialect.aliases.get(stem, {}).items():
        old, new = steps(theirs), steps(ours)
        cut = len(old) - next((i for i, step in enumerate(reversed(old)) if step == "[]"), len(old))
        for holder in _holders(doc, old[:cut]):
            value = _taken(holder, old[cut:])
            if value is not _ABSENT and _put(holder, new[cut:], value):
                choice.moved(stem, new, old)


_ABSENT: Final = object()


def _holders(value: Any, way: Steps) -> list[Doc]:
    """The objects that a path with `[]` for any row or key leads to."""
    found = [value]
    for step in way:
        inner: list[Any] = []
        for item in found:
            if step == "[]":
                inner += item.values() if type(item) is dict else item if type(item) is list else ()
            elif type(item) is dict and step in item:
                inner.append(item[step])
        found = inner
    return [item for item in found if type(item) is dict]


def _taken(holder: Doc, way: Steps) -> Any:
    *inner, last = way
    for step in inner:
        holder = holder.get(step, None)  # type: ignore[assignment]
        if type(holder) is not dict:
            return _ABSENT
    return holder.pop(last, _ABSENT)


def _put(holder: Doc, way: Steps, value: Any) -> bool:
    *inner, last = way
    for step in inner:
        holder = holder.setdefault(step, {})
        if type(holder) is not dict:
            return False
    holder[last] = value
    return True


def original(path: Steps, moves: Mapping[Steps, Steps]) -> Steps:
    """Where a value of ours stands in the user's file: the longest known beginning of its path decides."""
    for length in range(len(path), 0, -1):
        head = path[:length]
        theirs = moves.get(head)
        if theirs is None:
            theirs = moves.get(tuple("[]" if step[0] == "[" else step for step in head))
            if theirs is not None:
                keys = iter([step for step in head if step[0] == "["])
                theirs = tuple(next(keys, step) if step == "[]" else step for step in theirs)
        if theirs is not None:
            return theirs + path[length:]
    return path
