"""A difference from the golden as lines, root cause first.

Comes in: a `Difference` and the events of the loop that moved first. Goes out: lines, without the
scenario's name. May import `core`, `golden.difference`, `trace`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from simkit.core.canon import decode
from simkit.golden.difference import EVENTS, Cause, Difference, SurfaceCount, place_of
from simkit.golden.values import FieldChange
from simkit.report.events import event_lines
from simkit.report.words import columns, plural, short

_FIELDS = 12
_EVENTS = 6
_SURFACES = 9
_CAUSES = 8
_THEN = 3
_CAUSE = 90
_WIDTH = 46
#: Words that say no more than the two values beside them.
_PLAIN = ("value changed", "text changed", "type changed", "key added", "key removed")


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
        lines += _fields(first, _words(difference))
    lines += _events(difference, events)
    return lines + _spread(difference)


def _words(difference: Difference) -> dict[str, str]:
    """What happened to each field of the first surface, where a word says more than the two values."""
    changes = difference.causes[0].changes if difference.causes else ()
    return {change.place: change.what.text for change in changes if change.what.word not in _PLAIN}


def _fields(fields: list[FieldChange], words: dict[str, str]) -> list[str]:
    rows = [
        (
            field.path or "(the whole file)", side(field.old), "->", side(field.new),
            f"({word})" if (word := words.get(place_of(field.path))) else "",
        )
        for field in fields[:_FIELDS]
    ]  # fmt: skip
    more = len(fields) - _FIELDS
    return [
        *(f"  {line}" for line in columns(rows)),
        *([f"  ... and {plural(more, 'more field')}"] if more > 0 else ()),
    ]


def side(text: str | None) -> str:
    """A value in a table."""
    return "(absent)" if text is None else short(text, _WIDTH)


def _events(difference: Difference, events: str) -> list[str]:
    """The loop's events; where golden and run differ, both, with - and +."""
    old, new = difference.old_events, difference.new_events
    if old is None or new is None:
        told = event_lines(_told(events))
        return _headed(f"what happened in L{difference.first_loop}", (f"    {line}" for line in told))
    return _headed(f"what happened in L{difference.first_loop}, golden (-) and now (+)", two_sided(old, new))


def two_sided(old: str | bytes, new: str | bytes) -> list[str]:
    """The events of a loop on both sides (JSON, or empty): what is gone, what is new, what both have."""
    before, now = event_lines(_told(old)), event_lines(_told(new))
    lost = [f"  - {line}" for line in before if line not in now]
    won = [f"  + {line}" for line in now if line not in before]
    return [*lost, *won, *(f"    {line}" for line in now if line in before)]


def _told(events: str | bytes) -> dict[str, Any]:
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
    head = f"in all: {count} in {plural(difference.loop_count, 'loop')}"
    if len(difference.causes) > 1:
        return [f"{head}, {plural(len(difference.causes), 'cause')}", *_causes(difference.causes)]
    rows = [_row(surface) for surface in difference.surfaces[:_SURFACES]]
    more = len(difference.surfaces) - _SURFACES
    return [
        head,
        *(f"  {line}" for line in columns(rows, right=(2, 3))),
        *([f"  ... and {plural(more, 'more surface')}"] if more > 0 else ()),
    ]


def _row(count: SurfaceCount) -> tuple[str, str, str, str]:
    loops, fields = plural(count.loops, "loop"), plural(count.fields, "field")
    return (count.surface, f"from L{count.first_loop}", loops, fields)


def _causes(causes: Sequence[Cause]) -> list[str]:
    """Two lines per cause: where it began and what moved, then what it spread to."""
    lines = []
    for cause in causes[:_CAUSES]:
        spread = f"{plural(cause.loops, 'loop')}, {plural(cause.fields, 'field')}{_then(cause)}"
        lines += [f"  from L{cause.first_loop}  {short(cause_text(cause), _CAUSE)}", f"      {spread}"]
    more = len(causes) - _CAUSES
    return [*lines, *([f"  ... and {plural(more, 'more cause')}"] if more > 0 else ())]


def cause_text(cause: Cause) -> str:
    """`nav.nav: offset +1 and 3 more fields`, with how often it began."""
    more = len(cause.changes) - 1
    text = cause.changes[0].text if cause.changes else cause.surface
    text += f" and {plural(more, 'more field')}" if more > 0 else ""
    return f"{text}, {cause.times} times" if cause.times > 1 else text


def _then(cause: Cause) -> str:
    if not cause.then:
        return ""
    more = len(cause.then) - _THEN
    return f", then in {', '.join(cause.then[:_THEN])}" + (f" and {more} more" if more > 0 else "")
