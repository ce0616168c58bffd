"""The same words in colour, on a terminal only; rich is imported when it is used.

Comes in: outcomes. Goes out: text on stdout. May import `core`, `report`, rich. `NO_COLOR` is rich's
business.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from simkit.report.plain import inert
from simkit.report.result import Outcome
from simkit.report.table import HEAD, table_lines, table_rows

_STYLES = {
    "same": "green",
    "fails as it must": "green",
    "judged": "green",
    "not applicable": "dim",
    "-": "dim",
}
#: Shorter work shows no bar.
_BAR_FROM = 8


class Step(Protocol):
    """Called after each run."""

    def __call__(self, outcome: Outcome) -> None: ...


def is_terminal() -> bool:
    """True when a person reads along."""
    return sys.stdout.isatty()


def print_table(outcomes: Sequence[Outcome], orphans: Sequence[str], *, plain: bool) -> None:
    """The table of results."""
    if plain:
        print(inert("\n".join(table_lines(outcomes, orphans))))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in HEAD:
        table.add_column(name, justify="right" if name == "loops" else "left", overflow="fold")
    for row in table_rows(outcomes, orphans):
        *cells, golden = row
        table.add_row(*map(Text, cells), Text(golden, style=_STYLES.get(golden, "bold red")))
    Console(highlight=False).print(table)


@contextmanager
def progress(count: int, *, plain: bool) -> Iterator[Step]:
    """A bar over `count` runs, which disappears at the end; nothing on a pipe."""
    if plain or count < _BAR_FROM:
        yield lambda outcome: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    # No thread of its own: the workers are forked while it shows.
    with Progress(*columns, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("", total=count)

        def step(outcome: Outcome) -> None:
            bar.update(task, advance=1, description=outcome.name, refresh=True)

        yield step


def print_painted(lines: Sequence[str]) -> None:
    """Lines of a difference: what was in red, what is in green; as they are on a pipe."""
    if not is_terminal():
        print("\n".join(lines))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        text = Text(line)
        for pattern, style in _PAINT:
            text.highlight_regex(pattern, style)
        console.print(text)


#: Old and new values of a table, lost and won events, headings, the mark of a row that differs.
_PAINT = (
    (r"(?<=  )\S+(?: \S+)*(?= +->  )", "red"),
    (r"(?<=->  )\S+(?: \S+)*", "green"),
    (r"^ +- .*", "red"),
    (r"^ +\+ .*", "green"),
    (r"^\S.*", "bold"),
    (r"<$", "bold red"),
)
