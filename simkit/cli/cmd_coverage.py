"""`simkit coverage`: what the scenarios move, what they come close to, and what nothing touches.

Comes in: words. Goes out: a table and lists, or JSON. May import `core`, `coverage`, `report`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simkit.core.errors import Exit, worst
from simkit.core.project import Project, find_project

if TYPE_CHECKING:
    from simkit.coverage.observe import Observed
    from simkit.targets import Target


@click.command("coverage")
@click.argument("scenario", nargs=-1)
@click.option(
    "--json", "as_json", is_flag=True, help="Everything as JSON, with the scenarios that touch each item."
)
@click.option(
    "-j", "processes", type=click.IntRange(min=0), default=0, metavar="N",
    help="Processes to use; 0, the default, means one per processor.",
)  # fmt: skip
def command(scenario: tuple[str, ...], as_json: bool, processes: int) -> int:
    """Show which fields, words, transitions, mismatch kinds, anomalies, veto reasons and rules the scenarios
    touch, and what nothing touches. SCENARIO: a name, a family, a file; everything, without one.

    A rule is one step away where changing one published value by one quantum, or one word, makes it fire.
    Recordings from outside the repository are left out.
    """
    from simkit.cli.select import select
    from simkit.coverage.map import coverage

    project = find_project(Path.cwd())
    observed = observe_all(select(project, scenario).targets, project, processes)
    found = coverage([each.seen for each in observed if each.seen is not None])
    if as_json:
        from simkit.core import canon

        click.echo(canon.pretty(canon.encode(found)), nl=False)
    else:
        from simkit.coverage.text import lines

        click.echo("\n".join(lines(found)))
    return tell_unseen(observed)


def observe_all(targets: Sequence[Target], project: Project, processes: int = 0) -> list[Observed]:
    """Run all targets and watch what they touch; tells on a terminal how far it is."""
    from simkit.coverage.observe import observe_many
    from simkit.report.result import Outcome
    from simkit.report.terminal import is_terminal, progress

    with progress(len(targets), plain=not is_terminal()) as step:

        def told(observed: Observed) -> None:
            step(Outcome(observed.name, "", "judged", observed.code))

        return observe_many(targets, project, processes=processes, on_done=told)


def tell_unseen(observed: Sequence[Observed]) -> int:
    """Say which runs could not be watched and why; the exit code of all."""
    for each in observed:
        if each.seen is None:
            click.echo(f"\n{each.name}: not looked at: {each.message}", err=True)
    return worst([each.code for each in observed]) if observed else Exit.SAME
