"""A difference from the golden as lines, root cause first.

Comes in: a `Difference` and the events of the loop that moved first. Goes out: lines, without the
scenario's name. May import `core`, `golden.difference`, `trace`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simkit.core.canon import decode
from simkit.golden.difference import EVENTS, Difference, SurfaceCount
from simkit.golden.values import FieldChange
from simkit.report.events import event_lines
from simkit.report.words import columns, plural, short

_FIELDS = 12
_EVENTS = 6
_SURFACES = 9
_WIDTH = 46


def difference_lines(difference: Difference, events: str) -> list[str]:
    """What moved first and where, what happened in that loop, how far it spread."""
    lines = [] if difference.text in ("same", "changed") else [difference.text]
    lines += (f"  {edit.file} {edit.problem}" for edit in difference.edits[:_FIELDS])
    if difference.first_loop is None or not difference.kind:
        return lines
    first = [field for field in difference.fields if field.surface == difference.first_surface]
    where = f"first difference: L{difference.first_loop} of {difference.new_loops}"
    if difference.first_surface:
        where += f", {difference.first_surface}"
        where += f", {plural(len(first), 'field')}" if first else ", spelling only"
    lines.append(where)
    if difference.first_surface != EVENTS:
        lines += _fields(first)
    lines += _events(difference, events)
    return lines + _spread(difference)


def _fields(fields: list[FieldChange]) -> list[str]:
    rows = [
        (field.path or "(the whole file)", _side(field.old), "->", _side(field.new))
        for field in fields[:_FIELDS]
    ]
    more = len(fields) - _FIELDS
    return [
        *(f"  {line}" for line in columns(rows)),
        *([f"  ... and {plural(more, 'more field')}"] if more > 0 else ()),
    ]


def _side(text: str | None) -> str:
    return "(absent)" if text is None else short(text, _WIDTH)


def _events(difference: Difference, events: str) -> list[str]:
    """The loop's events; where golden and run differ, both, with - and +."""
    old, new = difference.old_events, difference.new_events
    if old is None or new is None:
        told = event_lines(_told(events))
        return _headed(f"what happened in L{difference.first_loop}", (f"    {line}" for line in told))
    before, now = event_lines(_told(old)), event_lines(_told(new))
    lost = [f"  - {line}" for line in before if line not in now]
    won = [f"  + {line}" for line in now if line not in before]
    both = [f"    {line}" for line in now if line in before]
    return _headed(f"what happened in L{difference.first_loop}, golden (-) and now (+)", [*lost, *won, *both])


def _told(events: str) -> dict[str, Any]:
    told: dict[str, Any] = decode(events) if events else {}
    return told


def _headed(head: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    if not found:
        return []
    more = len(found) - _EVENTS
    return [head, *found[:_EVENTS], *([f"    ... and {more} more"] if more > 0 else ())]


def _spread(difference: Difference) -> list[str]:
    count = plural(difference.field_count, "field") + (" or more" if difference.bounded else "")
    if difference.loop_count <= 1 and len(difference.surfaces) <= 1:
        return []
    rows = [_row(surface) for surface in difference.surfaces[:_SURFACES]]
    more = len(difference.surfaces) - _SURFACES
    return [
        f"in all: {count} in {plural(difference.loop_count, 'loop')}",
        *(f"  {line}" for line in columns(rows, right=(2, 3))),
        *([f"  ... and {plural(more, 'more surface')}"] if more > 0 else ()),
    ]


def _row(count: SurfaceCount) -> tuple[str, str, str, str]:
    loops, fields = plural(count.loops, "loop"), plural(count.fields, "field")
    return (count.surface, f"from L{count.first_loop}", loops, fields)
