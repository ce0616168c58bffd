"""The same change across scenarios as one group.

Comes in: the differences of many scenarios. Goes out: numbered `Group`s. May import `golden.*`.

Two scenarios are in one group when the same fields of the same surfaces began to differ, each in the same way, and
nothing else did; what follows downstream may differ from one to the other. Changes of different fields never meet.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Literal

from msgspec import Struct

from simkit.golden.difference import Change, Difference
from simkit.golden.what import What

GroupKind = Literal["changed", "format", "stale", "edited", "missing", "orphan"]
_ORDER: tuple[GroupKind, ...] = ("changed", "format", "stale", "edited", "missing", "orphan")
_FIELDS = 2


class Group(Struct, frozen=True):
    """One change. `number` counts from 1 in the order of a review; `changes` are the fields that began it (empty where
    no value moved); `names` are the scenarios, sorted, the first one being the example."""

    number: int
    kind: GroupKind
    text: str
    changes: tuple[Change, ...]
    names: tuple[str, ...]


def group(differences: Iterable[tuple[str, Difference]], orphans: Iterable[str] = ()) -> tuple[Group, ...]:
    """The groups of everything that waits: largest first within a kind, new goldens and orphans last.

    `differences` are told with the names of their scenarios; those that are the same are left out.
    """
    found: dict[Hashable, list[_Open]] = {}
    for name, difference in sorted(differences, key=lambda pair: pair[0]):
        if not difference.same and difference.status != "other":
            _join(found, name, difference)
    lost = tuple(sorted(orphans))
    groups = [each for bucket in found.values() for each in bucket]
    groups.sort(key=lambda each: (_ORDER.index(each.kind), -len(each.names), each.names))
    result = [
        Group(number, each.kind, each.text(), each.changes, tuple(each.names))
        for number, each in enumerate(groups, 1)
    ]
    if lost:
        result.append(Group(len(result) + 1, "orphan", "the scenario is gone", (), lost))
    return tuple(result)


class _Open:
    """A group that still takes members."""

    def __init__(self, kind: GroupKind, why: str, changes: tuple[Change, ...], name: str) -> None:
        self.kind, self.why, self.changes, self.names = kind, why, changes, [name]

    def takes(self, changes: tuple[Change, ...], name: str) -> bool:
        """Join when every field changed in the same way; a rounding may be told more closely by it."""
        joined = []
        for mine, other in zip(self.changes, changes, strict=True):
            what: What | None = mine.what.joined(other.what)
            if what is None:
                return False
            joined.append(Change(mine.surface, mine.place, what))
        self.changes = tuple(joined)
        self.names.append(name)
        return True

    def text(self) -> str:
        if not self.changes:
            return self.why
        more = len(self.changes) - _FIELDS
        text = ", ".join(change.text for change in self.changes[:_FIELDS])
        return text + (f" and {more} more field{'s' if more > 1 else ''}" if more > 0 else "")


def _join(found: dict[Hashable, list[_Open]], name: str, difference: Difference) -> None:
    kind, why = _kind_of(difference)
    changes = tuple(change for cause in difference.causes for change in cause.changes)
    changes = tuple({(change.surface, change.place): change for change in changes}.values())
    ends = (
        (difference.old_loops - difference.new_loops) if difference.old_loops != difference.new_loops else 0
    )
    key = (
        kind,
        why if not changes else "",
        ends,
        tuple((change.surface, change.place) for change in changes),
    )
    bucket = found.setdefault(key, [])
    if not any(each.takes(changes, name) for each in bucket):
        bucket.append(_Open(kind, why, changes, name))


def _kind_of(difference: Difference) -> tuple[GroupKind, str]:
    if difference.status == "missing":
        return "missing", "no golden yet"
    if difference.status in ("edited", "conflict"):
        return "edited", difference.text
    if difference.kind == "format":
        return "format", f"{difference.first_surface}: spelling only"
    if difference.status == "stale" and not difference.kind:
        return "stale", "the scenario was edited, the run is the same"
    return "changed", difference.text
