"""Differences folded by cause: what began to differ, and what follows from it.

Comes in: the differing surfaces of one loop after the other. Goes out: `Cause`s. May import `golden.*`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from simkit.golden.difference import EVENTS, Cause, Change, place_of, rank
from simkit.golden.values import Walk
from simkit.golden.what import Pairs

#: Gives the golden's value of a field (surface, JSON path), `ABSENT` where it has none.
Lookup = Callable[[str, str], Any]
_Field = tuple[str, str]


class Spread(Struct, frozen=True):
    """One field that changed, wherever it did: first loop, number of loops, and both values (JSON text, None where the
    field is absent) as they were first."""

    change: Change
    first_loop: int
    loops: int
    old: str | None
    new: str | None


class Causes:
    """Follows every field that differs through the loops."""

    def __init__(self) -> None:
        self._pairs: dict[_Field, Pairs] = {}
        self._places: dict[str, str] = {}
        self._last: Mapping[_Field, tuple[Any, Any]] = {}
        self._last_loop = 0
        self._found: dict[tuple[str, frozenset[str]], _Cause] = {}
        self._now: _Cause | None = None

    def add(self, loop: int, moved: Sequence[Walk], before: Lookup, now: Lookup) -> None:
        """Take a loop with its differing surfaces, most upstream first (none: all is equal again). `before` and `now`
        look into the golden as it stood after the loop before, and after this one."""
        if not moved:
            self._healed({}, now)
            self._last = {}
            return
        current: dict[_Field, tuple[Any, Any]] = {}
        for walk in moved:
            for path, old, new in walk.found:
                place = self._places.get(path)
                if place is None:
                    place = self._places[path] = place_of(path)
                pairs = self._pairs.get((walk.surface, place))
                if pairs is None:
                    pairs = self._pairs[walk.surface, place] = Pairs()
                pairs.add(loop, old, new)
                field = (walk.surface, path)
                current[field] = (old, new)
                if walk.surface == EVENTS:
                    pairs.later = pairs.earlier = False
                elif pairs.later or pairs.earlier:
                    last = self._last.get(field)
                    if last is None:
                        value = before(*field)
                        last = (value, value)
                    pairs.shift(old, new, *last)
        self._healed(current, now)
        self._begin(loop, moved)
        self._last, self._last_loop = current, loop

    def _healed(self, current: Mapping[_Field, object], now: Lookup) -> None:
        """Fields that differed in the loop before and no longer do."""
        for field, last in self._last.items():
            if field not in current:
                pairs = self._pairs[field[0], self._places[field[1]]]
                if pairs.later or pairs.earlier:
                    value = now(*field)
                    pairs.shift(value, value, *last)

    def _begin(self, loop: int, moved: Sequence[Walk]) -> None:
        root, cause = moved[0], self._now
        if cause is None or loop != self._last_loop + 1 or rank(root.surface) < rank(cause.surface):
            places = frozenset(self._places[path] for path, _, _ in root.found)
            key = (root.surface, places)
            cause = self._found.get(key)
            if cause is None:
                cause = self._found[key] = _Cause(loop, root.surface, places)
            cause.times += 1
            self._now = cause
        cause.loops += 1
        for walk in moved:
            cause.fields += walk.count
            cause.surfaces.add(walk.surface)

    def found(self) -> tuple[Cause, ...]:
        """Every cause, the first one first."""
        return tuple(
            Cause(
                cause.loop,
                cause.surface,
                tuple(
                    Change(cause.surface, place, self._pairs[cause.surface, place].what())
                    for place in sorted(cause.places)
                ),
                cause.times,
                cause.loops,
                cause.fields,
                tuple(sorted(cause.surfaces - {cause.surface}, key=rank)),
            )
            for cause in self._found.values()
        )

    def spread(self) -> tuple[Spread, ...]:
        """Every field that changed anywhere, most upstream first."""
        fields = sorted(self._pairs, key=lambda field: (rank(field[0]), field[1]))
        return tuple(
            Spread(Change(*field, pairs.what()), pairs.first_loop, pairs.loops, *pairs.first)
            for field in fields
            if (pairs := self._pairs[field])
        )


class _Cause:
    def __init__(self, loop: int, surface: str, places: frozenset[str]) -> None:
        self.loop, self.surface, self.places = loop, surface, places
        self.times = self.loops = self.fields = 0
        self.surfaces: set[str] = set()
