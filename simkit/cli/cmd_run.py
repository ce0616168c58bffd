"""`simkit run`: simulate and tell what happened; the tree stays for looking at.

Comes in: words. Goes out: an account of the run, `.simkit/runs/<family>/<id>/`. May import `core`, `run`,
`report`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simkit.cli.cmd_check import DATA
from simkit.core import environment, files
from simkit.core.errors import Exit, worst
from simkit.core.project import Project, find_project

if TYPE_CHECKING:
    from simkit.targets import Target


@click.command("run")
@click.argument("scenario", nargs=-1, required=True)
@DATA
def command(scenario: tuple[str, ...], data: Path | None) -> int:
    """Run scenarios and say what happened: loops, fills, vetoes, changes of state, findings. Leaves each tree
    below .simkit/runs/. Compares nothing: that is simkit check."""
    from simkit.cli.select import select

    project = find_project(Path.cwd())
    codes = []
    for number, target in enumerate(select(project, scenario).targets):
        if number:
            click.echo()
        codes.append(_run(project, target, data))
    return worst(codes)


def _run(project: Project, target: Target, data: Path | None) -> int:
    from simkit.dialect import of
    from simkit.report.account import Account
    from simkit.run import simulate
    from simkit.targets import scenario_of

    chosen = scenario_of(target, project)
    place = project.run_of(chosen.name)
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.parent / f".new_{place.name}.{environment.process_id()}"
    files.remove_tree(new)
    account = Account(chosen)
    try:
        base = (project.root / chosen.file).parent
        result = simulate(chosen, new, base=base, data=data, on_loop=account.loop, dialect=of(project))
        files.swap_folder(new, place)
    finally:
        files.remove_tree(new)
    click.echo("\n".join(account.lines(result.recording, result.judgement)))
    click.echo(f"  tree      {project.shown(place)}/logs/state/")
    return Exit.SAME if result.judgement.ok else Exit.BROKEN
