"""How simkit writes numbers, loops and tables.

Comes in: numbers, loops, rows. Goes out: text. May import nothing of simkit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

#: A failure of one scenario never takes more lines than this.
SCREEN = 40

_PLURALS = {"entry": "entries", "veto": "vetoes"}


def number(value: float) -> str:
    """A published number without an idle `.0`."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def value_text(value: Any) -> str:
    """A JSON value as it is spelled in a surface; collections as `{2 keys}` where they are long."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        text = "{" + ", ".join(f"{key}: {value_text(part)}" for key, part in value.items()) + "}"
        return text if len(text) <= 60 else f"{{{plural(len(value), 'key')}}}"
    text = "[" + ", ".join(value_text(part) for part in value) + "]"
    return text if len(text) <= 60 else f"[{plural(len(value), 'entry')}]"


def plural(count: int, noun: str) -> str:
    """`1 loop`, `3 loops`, `4 entries`."""
    return f"{count} {noun if count == 1 else _PLURALS.get(noun, f'{noun}s')}"


def loops_text(loops: Iterable[int]) -> str:
    """Loops as ranges: `L3..L5, L8`."""
    ranges: list[tuple[int, int]] = []
    for loop in sorted(frozenset(loops)):
        if ranges and ranges[-1][1] == loop - 1:
            ranges[-1] = (ranges[-1][0], loop)
        else:
            ranges.append((loop, loop))
    return ", ".join(span_text(first, last) for first, last in ranges)


def span_text(first: int, last: int) -> str:
    """`L3..L5`, or `L3` for one loop."""
    return f"L{first}" if first == last else f"L{first}..L{last}"


def short(text: str, width: int) -> str:
    """A text cut to `width` characters, with a mark where it was cut."""
    return text if len(text) <= width else text[: width - 3] + "..."


def columns(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Rows as aligned columns, two spaces apart; the columns numbered in `right` are aligned to the right."""
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(widths[i]) if i in right else cell.ljust(widths[i]) for i, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]


def bounded(lines: Sequence[str], limit: int, more: str) -> list[str]:
    """At most `limit` lines; the last one then says how many are left out and where to see them."""
    if len(lines) <= limit:
        return list(lines)
    return [*lines[: limit - 1], f"  ... {len(lines) - limit + 1} more lines: {more}"]
