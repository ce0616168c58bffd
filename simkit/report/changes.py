"""A difference looked at more closely, as lines and as JSON: one loop, every field, one field through all loops.

Comes in: steps, spreads, rows of `golden.look`. Goes out: lines. May import `core` and `golden`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from simkit.core.canon import decode
from simkit.golden.causes import Spread
from simkit.golden.difference import EVENTS
from simkit.golden.look import Row, changes_of
from simkit.golden.pair import Step
from simkit.golden.values import FieldChange
from simkit.report.difference import side, two_sided
from simkit.report.words import columns, plural

#: Rows of a field's history that are shown before its first difference.
_BEFORE = 3


def loop_lines(step: Step, surface: str) -> list[str]:
    """Every field that differs in one loop, surface by surface, then what happened in it."""
    lines: list[str] = []
    found = [change for change in changes_of(step) if surface in ("", change.surface)]
    for name in dict.fromkeys(change.surface for change in found if change.surface != EVENTS):
        rows = [_fields(change) for change in found if change.surface == name]
        lines += [f"{name}, {plural(len(rows), 'field')}", *(f"  {line}" for line in columns(rows))]
    if surface in ("", EVENTS):
        lines += happened(step)
    return lines


def _fields(change: FieldChange) -> tuple[str, str, str, str]:
    return (change.path or "(the whole file)", side(change.old), "->", side(change.new))


def happened(step: Step) -> list[str]:
    """The events of a loop, with - and + where golden and result differ."""
    lines = two_sided(step.old_events or b"", step.new_events)
    return [f"what happened in L{step.loop}", *lines] if lines else []


def spread_lines(spreads: Iterable[Spread]) -> list[str]:
    """A line per field: where it began to differ, in how many loops, what happened to it, its first two values."""
    rows = [
        (
            f"from L{each.first_loop}", plural(each.loops, "loop"), each.change.field, each.change.what.text,
            side(each.old), "->", side(each.new),
        )
        for each in spreads
    ]  # fmt: skip
    return columns(rows, right=(1,))


def row_lines(rows: Sequence[Row], *, everything: bool) -> list[str]:
    """The history of one field, golden and result side by side; what comes long before the first difference is folded
    unless `everything` is asked for."""
    first = next((index for index, row in enumerate(rows) if not row.same), len(rows))
    skipped = 0 if everything or first == len(rows) else max(first - _BEFORE, 0)
    table = [("loops", "golden", "result", ""), *(_row(row) for row in rows[skipped:])]
    lines = columns(table)
    if skipped:
        lines.insert(1, f"... the same in {plural(rows[skipped].first - 1, 'loop')} before")
    return lines


def _row(row: Row) -> tuple[str, str, str, str]:
    loops = f"L{row.first}" if row.first == row.last else f"L{row.first}..L{row.last}"
    return (loops, side(row.old), side(row.new), "" if row.same else "<")


def plain_change(change: FieldChange) -> dict[str, Any]:
    """A change for tools: the values as JSON; a side on which the field is absent is left out."""
    told: dict[str, Any] = {"path": change.path, "surface": change.surface}
    told |= {
        key: decode(text.encode())
        for key, text in (("old", change.old), ("new", change.new))
        if text is not None
    }
    return told


def plain_row(row: Row) -> dict[str, Any]:
    """A row of a field's history for tools; a side on which the field is absent is left out."""
    told: dict[str, Any] = {"first": row.first, "last": row.last}
    told |= {
        key: decode(text.encode()) for key, text in (("old", row.old), ("new", row.new)) if text is not None
    }
    return told
