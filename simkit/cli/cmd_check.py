"""`simkit check`: the gate. Runs, judges, compares; writes no golden.

Comes in: words. Goes out: a table, a screen per failure, an exit code. May import `core`, `check`, `report`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simkit.core.errors import Exit, worst
from simkit.core.project import Project, find_project

if TYPE_CHECKING:
    from simkit.report.result import Outcome

#: More failures than this are only listed.
_SCREENS = 5

DATA = click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of recorded files that lie outside the repository.",
)


@click.command("check")
@click.argument("scenario", nargs=-1)
@click.option("-k", "expression", metavar="EXPR", default="", help="Names and tags: 'nav and not legacy'.")
@click.option(
    "-j", "processes", type=click.IntRange(min=0), default=0, metavar="N",
    help="Processes to use; 0, the default, means as many as pay.",
)  # fmt: skip
@click.option("--ci", is_flag=True, help="As a CI runs it: plain text, also on a terminal.")
@DATA
def command(scenario: tuple[str, ...], expression: str, processes: int, ci: bool, data: Path | None) -> int:
    """Run scenarios, judge every loop and compare with the goldens. SCENARIO: a name, a family, a file;
    everything, without one. Never writes a golden: that is simkit accept.

    \b
    Exit codes: 0 same, 1 changed, 2 broken, 5 scenario invalid, 6 missing, stale or orphaned goldens;
    64 wrong usage, 70 a bug in simkit, 74 disk or permission, 130 interrupted.
    """
    from simkit.check import check_many
    from simkit.cli.select import select
    from simkit.report.terminal import is_terminal, print_table, progress

    project = find_project(Path.cwd())
    selection = select(project, scenario, expression)
    plain = ci or not is_terminal()
    with progress(len(selection.targets), plain=plain) as step:
        outcomes = check_many(selection.targets, project, data=data, processes=processes, on_done=step)
    orphans = _orphans(project, outcomes) if selection.whole else ()
    print_table(outcomes, orphans, plain=plain)
    _print_details(outcomes, orphans, project)
    lost = [Exit.GOLDEN_MISSING] if orphans else []
    return worst([*(outcome.code for outcome in outcomes), *lost])


def _orphans(project: Project, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """Goldens without a scenario. Those of a file that cannot be read may be its variants: they are left
    alone."""
    from simkit.golden.store import orphans

    unread = tuple(outcome.name for outcome in outcomes if outcome.word == "invalid")
    found = orphans(project.golden, (outcome.name for outcome in outcomes))
    return tuple(name for name in found if name.partition("@")[0] not in unread)


def _print_details(outcomes: Sequence[Outcome], orphans: Sequence[str], project: Project) -> None:
    from simkit.report.outcome import failure_text, grouped
    from simkit.report.table import sum_line

    groups = grouped([outcome for outcome in outcomes if outcome.code])
    for first, *others in groups[:_SCREENS]:
        click.echo(f"\n{failure_text(first, others)}")
    for first, *_ in groups[_SCREENS:]:
        click.echo(f"\n{first.name}: {first.word}; more: simkit check {first.name}")
    for outcome in outcomes:
        if outcome.word == "not applicable":
            click.echo(f"\n{outcome.name}: not applicable: {outcome.message}")
    for name in orphans:
        click.echo(f"\n{name}: orphan: {project.shown(project.golden_of(name))} has no scenario")
        click.echo(f'  remove: simkit accept {name} --kind removed --reason "..."')
    click.echo(f"\n{sum_line(outcomes, orphans)}")
    waiting = [outcome for outcome in outcomes if outcome.word in ("missing", "changed", "stale", "edited")]
    if len(waiting) > 1:
        click.echo('accept all that waits: simkit accept --all --reason "..."')
