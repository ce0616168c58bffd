"""Groups of changes as lines.

Comes in: `Group`s. Goes out: lines. May import `core` and `golden.grouping`.
"""

from __future__ import annotations

from collections.abc import Sequence

from simkit.golden.grouping import Group
from simkit.report.words import plural

#: Names that are told one by one.
_NAMES = 12
_WIDTH = 110


def group_line(group: Group) -> str:
    """`2  kpis_v7.portfolio.dd_pct: rounded to 6 places · 41 scenarios`."""
    noun = "golden" if group.kind == "orphan" else "scenario"
    return f"{group.number:>2}  {group.text} · {plural(len(group.names), noun)}"


def name_lines(names: Sequence[str], most: int = _NAMES) -> list[str]:
    """The names, as many to a line as fit; the last line says how many are left out."""
    lines: list[str] = []
    for name in names[:most]:
        if lines and len(lines[-1]) + len(name) + 2 <= _WIDTH:
            lines[-1] += f", {name}"
        else:
            lines.append(name)
    more = len(names) - most
    return [*lines, *([f"... and {more} more"] if more > 0 else ())]


def list_lines(groups: Sequence[Group]) -> list[str]:
    """Every group with its first names."""
    return [
        line
        for group in groups
        for line in (group_line(group), *(f"    {n}" for n in name_lines(group.names)))
    ]
