"""The map as text: a table of counts, then what nothing touches, then what is not asked for.

Comes in: a `Coverage`. Goes out: lines. May import `report.words`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from simkit.coverage.map import Count, Coverage, Touch
from simkit.coverage.steps import ENTRIES
from simkit.report.words import columns, plural

_HEAD: Final = ("area", "items", "touched", "untouched", "unreachable")
_WIDTH: Final = 110


def lines(found: Coverage) -> Iterator[str]:
    """The whole report."""
    yield from _table(found)
    yield ""
    yield from _sampling(found)
    states = {touch.id: touch for touch in found.items}
    for count in found.counts:
        if count.untouched:
            yield ""
            yield f"Untouched: {count.name} ({len(count.untouched)} of {count.items})"
            yield from _ids(count, states)
    if found.beyond:
        yield ""
        yield "Touched, and in no vocabulary"
        yield from (f"  {touch.id}: {', '.join(touch.scenarios)}" for touch in found.beyond)
    yield ""
    yield "Unreachable, and not counted"
    yield from (f"  {each.id} ({each.where}): {each.reason}" for each in found.unreachable)


def _table(found: Coverage) -> list[str]:
    rows = [
        (c.name, str(c.items), str(c.touched), str(len(c.untouched)), str(c.unreachable or ""))
        for c in found.counts
    ]
    return columns([_HEAD, *rows], right=(1, 2, 3, 4))


def _sampling(found: Coverage) -> list[str]:
    loops = sum(run.loops for run in found.runs)  # ints
    sampled = sum(len(run.sampled) for run in found.runs)  # ints
    edits = sum(run.edits for run in found.runs)  # ints
    told = (
        f"{plural(len(found.runs), 'run')}, {plural(loops, 'loop')}: fields, words and rules were watched in all of "
        f"them. Steps were sampled: in {plural(sampled, 'loop')} (the first and last of each run, checkpoints, loops "
        f"with events), in the first {ENTRIES} entries of each map and list, until a rule was near once in the run: "
        f"{edits} changes of one value by one quantum or word."
    )
    return textwrap.wrap(told, _WIDTH)


def _ids(count: Count, states: dict[str, Touch]) -> Iterator[str]:
    """Fields one a line with their state, words by field, all others side by side."""
    if count.name.startswith("fields of "):
        yield from columns([(f"  {name}", states[name].state) for name in count.untouched])
        return
    grouped: dict[str, list[str]] = {}
    for name in count.untouched:
        field, _, word = name.rpartition(" = ")
        grouped.setdefault(field, []).append(word)
    for field, words in grouped.items():
        text = ", ".join(words) if not field else f"{field}: {', '.join(words)}"
        yield from textwrap.wrap(
            text,
            _WIDTH,
            initial_indent="  ",
            subsequent_indent="  ",
            break_on_hyphens=False,
            break_long_words=False,
        )
