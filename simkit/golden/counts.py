"""What a comparison has found so far, and the `Difference` that it makes.

Comes in: the differing surfaces of one loop after the other. Goes out: a `Difference`. May import `golden.*`.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from simkit.golden.causes import Causes
from simkit.golden.difference import Difference, Kind, SurfaceCount, rank
from simkit.golden.pair import Step
from simkit.golden.sides import Accepted
from simkit.golden.values import FieldChange, Walk

#: Fields are counted up to here, and so far only are documents decoded; loops are always counted.
MAX_FIELDS = 50_000
#: Fields of the first loop that are told one by one.
MAX_CHANGES = 1_000


class Counts:
    """Sums over the loops. `loops` have a differing value, `surfaces` holds first loop, loops, fields by
    name."""

    def __init__(self) -> None:
        self.loops = 0
        self.surfaces: dict[str, list[int]] = {}
        self._causes = Causes()
        self._fields = 0
        self._first_loop: int | None = None
        self._first: tuple[FieldChange, ...] = ()
        self._old_events: str | None = None
        self._new_events: str | None = None
        self._format_loops = 0
        self._format_first: tuple[int, str] | None = None

    @property
    def full(self) -> bool:
        """Enough fields are counted."""
        return self._fields >= MAX_FIELDS

    def add(self, step: Step, golden: Accepted) -> None:
        """Take what was compared in one loop; `golden` stands after it."""
        if step.glanced or step.old_events is None:
            self.loops += step.differs or step.old_events is None
            return
        moved = sorted((walk for walk in step.walks if walk.count), key=lambda walk: rank(walk.surface))
        self._causes.add(step.loop, moved, golden.before, golden.now)
        if not moved:
            self._add_format(step.loop, step.walks)
            return
        self.loops += 1
        if self._first_loop is None:
            self._first_loop = step.loop
            self._first = tuple(change for walk in moved for change in walk.changes)[:MAX_CHANGES]
            if step.old_events != step.new_events:
                self._old_events, self._new_events = step.old_events.decode(), step.new_events.decode()
        for walk in moved:
            self._fields += walk.count
            known = self.surfaces.setdefault(walk.surface, [step.loop, 0, 0])
            known[1] += 1
            known[2] += walk.count

    def _add_format(self, loop: int, walks: Iterable[Walk]) -> None:
        spelled = sorted((walk.surface for walk in walks if walk.format), key=rank)
        if spelled:
            self._format_loops += 1
            self._format_first = self._format_first or (loop, spelled[0])

    def into(self, base: Difference) -> Difference:
        """`base` with what was found; unchanged when identity fields alone differ."""
        kind: Kind = "value"
        first, loops, text = self._first_loop, self.loops, "changed"
        surface = self._first[0].surface if self._first else ""
        if base.old_loops != base.new_loops:
            text = f"the run ends after loop {base.new_loops}, the golden after loop {base.old_loops}"
            first = first or min(base.old_loops, base.new_loops) + 1
        elif first is None:
            if self._format_first is None:
                return base
            kind, text, loops = "format", "changed in format only", self._format_loops
            first, surface = self._format_first
        return msgspec.structs.replace(
            base,
            status="changed",
            text=text,
            kind=kind,
            first_loop=first,
            first_surface=surface,
            fields=self._first,
            old_events=self._old_events,
            new_events=self._new_events,
            field_count=self._fields,
            loop_count=loops,
            bounded=self.full,
            surfaces=tuple(
                SurfaceCount(name, *self.surfaces[name]) for name in sorted(self.surfaces, key=rank)
            ),
            causes=self._causes.found(),
        )
