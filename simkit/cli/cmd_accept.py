"""`simkit accept`: make the result of a run its golden. The only command that writes goldens.

Comes in: names, a reason, a bundle. Goes out: golden folders. May import `core`, `check`, `golden`.

The scenario is run again: what is accepted is what the code does now, and it must be what the last check
kept. From a bundle of a CI nothing is run: it is accepted as it was made there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simkit.core import clock, environment
from simkit.core.errors import Exit, SimkitError
from simkit.core.project import Project, find_project

if TYPE_CHECKING:
    from simkit.golden.bundle import Standing
    from simkit.report.result import Outcome
    from simkit.targets import Target


@click.command("accept")
@click.argument("scenario", nargs=-1)
@click.option("--reason", "-r", metavar="TEXT", help="Why this is right; kept beside the golden.")
@click.option(
    "--kind",
    type=click.Choice(["new", "intended", "fixed", "format", "removed"]),
    help="Default: new for a first golden, format where only bytes differ, else intended.",
)
@click.option("--all", "everything", is_flag=True, help="All results that wait since the last check.")
@click.option(
    "--from", "bundle", metavar="BUNDLE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Accept what simkit check --ci left, exactly as it is; all of it, or the names given.",
)  # fmt: skip
def command(
    scenario: tuple[str, ...], reason: str | None, kind: str | None, everything: bool, bundle: Path | None
) -> int:
    """Make the result of a run its golden, with a reason. SCENARIO: a name, a family, a file.

    Runs the scenario again and stops when the result is not the one that the last check kept. Refused under
    CI, and for a run that breaks a rule or an expectation."""
    if environment.under_ci():
        raise SimkitError("nothing is accepted under CI; accept on your own machine and commit the golden")
    if not (reason or "").strip():
        raise SimkitError('accept needs a reason: --reason "why this is right now"')
    assert reason is not None
    if bundle is not None:
        if everything or kind == "removed":
            raise SimkitError("--from accepts the results of a bundle: all of them, or those that you name")
        return _accept_bundle(find_project(Path.cwd()), bundle, scenario, kind, reason)
    if bool(scenario) == everything:
        raise SimkitError("name what to accept, or say --all; simkit check shows what waits")
    project = find_project(Path.cwd())
    if kind == "removed":
        return remove_goldens(project, scenario, reason)
    return accept_all(_targets(project, scenario, everything), project, kind, reason)


def _targets(project: Project, words: tuple[str, ...], everything: bool) -> tuple[Target, ...]:
    from simkit.cli.select import all_targets, select
    from simkit.golden.pending import pending

    if not everything:
        return select(project, words).targets
    waiting = pending(project)
    found = tuple(target for target in all_targets(project) if target.name in waiting)
    if not found:
        raise SimkitError("nothing waits to be accepted; run simkit check first")
    return found


def accept_all(targets: tuple[Target, ...], project: Project, kind: str | None, reason: str) -> int:
    """Look at everything first, so that either all of it is accepted or nothing."""
    from simkit.check import check_target
    from simkit.golden import pending, store
    from simkit.scenario.load import fingerprint
    from simkit.targets import scenario_of

    outcomes = []
    for target in targets:
        seen = store.read_golden(project.pending_of(target.name))
        waits = isinstance(seen, store.Golden)
        outcome = check_target(target, project, keep=not waits)
        _refuse_broken(outcome)
        if isinstance(seen, store.Golden) and (seen.running, seen.loops) != (outcome.running, outcome.loops):
            raise SimkitError(
                f"{target.name}: the run has changed since the check you looked at; run simkit check again",
                Exit.CHANGED,
            )
        outcomes.append((target, outcome))
    for target, outcome in outcomes:
        if outcome.difference is None or outcome.word in ("same", "other"):
            click.echo(f"{outcome.name}: {outcome.word}, nothing to accept")
            continue
        chosen = kind or pending.usual_kind(outcome.difference)
        pending.accept(
            project, target.name, project.pending_of(target.name),
            fingerprint=fingerprint(scenario_of(target, project)),
            kind=chosen, reason=reason, date=clock.wall_date(), on_wait=_told_to_wait,
        )  # fmt: skip
        click.echo(f"{target.name}: accepted as {chosen}: {project.shown(project.golden_of(target.name))}/")
    return Exit.SAME


def _refuse_broken(outcome: Outcome) -> None:
    from simkit.report.outcome import failure_text

    if outcome.is_broken or outcome.word in ("canary passed", "invalid", "failed"):
        raise SimkitError(f"nothing was accepted\n{failure_text(outcome)}", outcome.code)


def _told_to_wait() -> None:
    click.echo("waiting for another simkit in this folder to end", err=True)


def _accept_bundle(
    project: Project, bundle: Path, names: tuple[str, ...], kind: str | None, reason: str
) -> int:
    """Examine all of the bundle that is meant, then accept it."""
    from simkit.golden.bundle import apply, examined

    standing = _standing(project)
    with examined(project, bundle, names, standing.get) as results:
        if not results:
            raise SimkitError(f"{bundle}: holds no result")
        for ready in results:
            if ready.same:
                click.echo(f"{ready.name}: same, nothing to accept")
                continue
            chosen = apply(
                project, ready, standing[ready.name], kind=kind, reason=reason, date=clock.wall_date(),
                on_wait=_told_to_wait,
            )  # fmt: skip
            golden = project.shown(project.golden_of(ready.name))
            click.echo(f"{ready.name}: accepted as {chosen}: {golden}/")
    return Exit.SAME


def _standing(project: Project) -> dict[str, Standing]:
    """What every run of this project that has a golden is now. A file that cannot be read has none."""
    from simkit.cli.select import all_targets
    from simkit.core.errors import ScenarioError
    from simkit.executor.reference import ReferenceExecutor
    from simkit.golden.bundle import Standing
    from simkit.scenario.load import fingerprint
    from simkit.targets import scenario_of

    found = {}
    for target in all_targets(project):
        try:
            scenario = scenario_of(target, project)
        except ScenarioError:
            continue
        if not (scenario.canary or scenario.needs_data):
            found[target.name] = Standing(fingerprint(scenario), scenario.checkpoints, ReferenceExecutor.name)
    return found


def remove_goldens(project: Project, names: tuple[str, ...], reason: str) -> int:
    """Delete goldens whose scenario is gone; the names are those of the goldens."""
    from simkit.cli.select import all_targets
    from simkit.golden import pending

    living = [target.name for target in all_targets(project)]
    for name in names:
        if name in living:
            raise SimkitError(f"{name}: its scenario is still there; delete the scenario first")
    for name in names:
        pending.remove(project, name, reason=reason, date=clock.wall_date(), on_wait=_told_to_wait)
        click.echo(f"{name}: golden removed")
    return Exit.SAME
