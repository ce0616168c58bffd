"""`simkit prune`: remove the goldens that have no scenario, after showing them.

Comes in: names or nothing, an answer. Goes out: goldens less, with a line each in the ledger of removals. May import
`core`, `cli.select`, `golden`.

Nothing else is touched: not a golden of a scenario that stands or cannot be read, not what waits, no other file.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from simkit.core import clock, environment
from simkit.core.errors import Exit, SimkitError
from simkit.core.project import Project, find_project

_REASON = "its scenario is gone"


@click.command("prune")
@click.argument("golden", nargs=-1)
@click.option(
    "--reason", "-r", metavar="TEXT", default=_REASON, show_default=True, help="Kept in the ledger."
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def command(golden: tuple[str, ...], reason: str, yes: bool) -> int:
    """Show the goldens that have no scenario any more, ask, and remove them. GOLDEN: some of them by name.

    Each leaves a line in reasons.jsonl of the golden folder; git keeps the content. Refused under CI."""
    from simkit.cli.select import orphans
    from simkit.golden import pending
    from simkit.report.words import plural

    if environment.under_ci():
        raise SimkitError("nothing is removed under CI; prune on your own machine and commit what is left")
    if not reason.strip():
        raise SimkitError("a removal needs a reason")
    project = find_project(Path.cwd())
    found = _chosen(orphans(project), golden, project)
    if not found:
        click.echo("no golden without a scenario")
        return Exit.SAME
    for name in found:
        click.echo(_line(name, project))
    if not yes:
        _ask(plural(len(found), "golden"))
    for name in found:
        pending.remove(project, name, reason=reason, date=clock.wall_date())
        click.echo(f"{name}: removed")
    return Exit.SAME


def _chosen(found: tuple[str, ...], names: tuple[str, ...], project: Project) -> tuple[str, ...]:
    """The orphans that are meant; one whose file stands but is no scenario is left alone."""
    from simkit.cli.select import all_targets

    if not all_targets(project):
        raise SimkitError(
            f"{project.scenarios}: no scenarios here, so every golden would go; nothing was removed. "
            "Is their folder the one in [tool.simkit] of pyproject.toml?"
        )
    for name in names:
        if name not in found:
            raise SimkitError(f"{name}: no golden without a scenario has this name; simkit prune shows them")
    for name in names or found:
        for ending in (".yaml", ".yml"):
            file = project.scenarios / f"{name.partition('@')[0]}{ending}"
            if file.exists() and "@" not in name:
                raise SimkitError(
                    f"{name}: {project.shown(file)} is there, but its first line is not 'simkit: 1'; mend or delete "
                    "it first. Nothing was removed"
                )
    return names or found


def _line(name: str, project: Project) -> str:
    from simkit.golden.store import Golden, read_golden, read_reasons

    folder = project.golden_of(name)
    golden = read_golden(folder)
    if not isinstance(golden, Golden):
        return f"{name}: {project.shown(folder)}/, cannot be read"
    try:
        last = read_reasons(folder / "reasons.jsonl")[-1]
    except (SimkitError, IndexError):
        return f"{name}: {project.shown(folder)}/, {golden.loops} loops"
    return f"{name}: {project.shown(folder)}/, {golden.loops} loops, accepted {last.date}: {last.reason}"


def _ask(what: str) -> None:
    """Go on only with a person's yes."""
    if not is_somebody_there():
        raise SimkitError("nothing was removed: prune asks first, and nobody is there to answer; say --yes")
    if not click.confirm(f"remove {what}?"):
        raise SimkitError("nothing was removed")


def is_somebody_there() -> bool:
    """True when a person can answer."""
    return sys.stdin.isatty()
