"""A closer look at a golden and a result that waits: one loop, every field, one field through all loops.

Comes in: two golden folders. Goes out: steps, spreads, rows. Writes nothing. May import `core` and `golden.*`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from simkit.core.errors import SimkitError
from simkit.golden.causes import Causes, Spread
from simkit.golden.compare import pair_of
from simkit.golden.difference import rank
from simkit.golden.history import HISTORY, raw_lines
from simkit.golden.pair import Step
from simkit.golden.sides import Accepted
from simkit.golden.values import ABSENT, FieldChange, equal, parts, text_of


class Row(Struct, frozen=True):
    """A field in the loops `first` to `last`, in which neither side changes; JSON text, None where it is absent."""

    first: int
    last: int
    old: str | None
    new: str | None
    same: bool


def steps(golden: Path, result: Path) -> Iterator[Step]:
    """Every loop from the first that differs on. Raises OSError."""
    return pair_of(golden, result).steps()


def step_at(golden: Path, result: Path, loop: int) -> Step | None:
    """What differs in one loop; None for a loop before the first difference or after the end of the result."""
    return next((step for step in steps(golden, result) if step.loop == loop), None)


def changes_of(step: Step) -> list[FieldChange]:
    """Every field that differs in a loop, most upstream surface first."""
    walks = sorted(step.walks, key=lambda walk: rank(walk.surface))
    return [change for walk in walks for change in walk.changes]


def spread(golden: Path, result: Path) -> tuple[Spread, ...]:
    """Every field that differs anywhere, indices and symbols folded. Raises OSError."""
    causes, pair = Causes(), pair_of(golden, result)
    for step in pair.steps():
        if step.old_events is None:
            break
        moved = sorted((walk for walk in step.walks if walk.count), key=lambda walk: rank(walk.surface))
        causes.add(step.loop, moved, pair.golden.before, pair.golden.now)
    return causes.spread()


def field_rows(golden: Path, result: Path, field: str) -> list[Row]:
    """The history of one field on both sides. Raises SimkitError for a field that neither side ever has, OSError."""
    sides = [Accepted(raw_lines(folder / HISTORY), 0) for folder in (golden, result)]
    rows: list[Row] = []
    found: str | None = None
    loop = 0
    while True:
        ended = [side.step() is None for side in sides]
        if all(ended):
            break
        loop += 1
        found = found or next((name for side in sides for name in _surfaces(side, field)), None)
        if found is None:
            continue
        path = field[len(found) :].removeprefix(".")
        old, new = (
            ABSENT if gone else side.now(found, path) for side, gone in zip(sides, ended, strict=True)
        )
        _grow(rows, loop, old, new)
    if found is None or all(row.old is None and row.new is None for row in rows):
        raise SimkitError(
            f"{field}: neither the golden nor the result has this field; {_known(sides, field)}"
        )
    return rows


def _grow(rows: list[Row], loop: int, old: Any, new: Any) -> None:
    one, two = text_of(old), text_of(new)
    last = rows[-1] if rows else None
    if last is not None and (last.old, last.new, last.last) == (one, two, loop - 1):
        rows[-1] = Row(last.first, loop, one, two, last.same)
    else:
        rows.append(Row(loop, loop, one, two, one == two or equal(old, new)))


def _surfaces(side: Accepted, field: str) -> list[str]:
    """The files that the field may be in: `risk_snapshot.dd_state.state` begins with the file's name."""
    fits = [name for name in side.hashes if field == name or field.startswith((f"{name}.", f"{name}["))]
    for name in fits:
        try:
            parts(field[len(name) :].removeprefix("."))
        except ValueError as problem:
            raise SimkitError(str(problem)) from problem
    return sorted(fits, key=len, reverse=True)


def _known(sides: list[Accepted], field: str) -> str:
    """What to type instead: the files, or the keys beside it."""
    names = sorted(frozenset(name for side in sides for name in side.hashes), key=rank)
    head = next((name for name in names if field.startswith(f"{name}.")), None)
    if head is None:
        return f"it begins with one of {', '.join(names)}"
    value = sides[1].now(head, "")
    keys = ", ".join(value) if isinstance(value, dict) else ""
    return f"{head} has {keys}"
