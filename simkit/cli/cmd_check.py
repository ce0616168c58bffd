"""`simkit check`: the gate. Runs, judges, compares; writes no golden.

Comes in: words. Goes out: a table, a screen per failure, an exit code; for a CI a bundle, JUnit XML and annotations.
May import `core`, `check`, `report`, `golden`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simkit.core import environment
from simkit.core.errors import Exit, SimkitError, worst
from simkit.core.project import Project, find_project

if TYPE_CHECKING:
    from simkit.report.result import Outcome

#: More failures than this are only listed.
_SCREENS = 5
#: Words of results that can be accepted.
_WAITING = ("missing", "changed", "stale", "edited", "conflict")
_QUALITY = "gl-code-quality-report.json"

DATA = click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of recorded files that lie outside the repository.",
)


class _NewFile(click.Path):
    """A file to be written whole: a device or a pipe in its place would be replaced by one."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(str(super().convert(value, param, ctx)))
        if path.exists() and not path.is_file():
            self.fail(f"{path} is no regular file; name one to be written.", param, ctx)
        return path


_FILE = _NewFile()


@click.command("check")
@click.argument("scenario", nargs=-1)
@click.option("-k", "expression", metavar="EXPR", default="", help="Names and tags: 'nav and not legacy'.")
@click.option(
    "-j", "processes", type=click.IntRange(min=0), default=0, metavar="N",
    help="Processes to use; 0, the default, means as many as pay.",
)  # fmt: skip
@click.option(
    "--ci", is_flag=True,
    help="As a CI runs it: plain text, annotations, and a bundle of what waits to be accepted.",
)  # fmt: skip
@click.option(
    "--bundle", type=_FILE, metavar="PATH", help="Where the bundle goes; .simkit/bundle.zip with --ci."
)
@click.option("--junit", type=_FILE, metavar="PATH", help="Write the results as JUnit XML.")
@click.option(
    "--annotations", type=click.Choice(["github", "gitlab", "azure", "none"]),
    help="Tell this CI the places of the failures; with --ci the one that runs it.",
)  # fmt: skip
@DATA
def command(
    scenario: tuple[str, ...], expression: str, processes: int, ci: bool, bundle: Path | None, junit: Path | None,
    annotations: str | None, data: Path | None,
) -> int:  # fmt: skip
    """Run scenarios, judge every loop and compare with the goldens. SCENARIO: a name, a family, a file;
    everything, without one. Never writes a golden: that is simkit accept.

    \b
    Exit codes: 0 same, 1 changed, 2 broken, 3 not converged, 5 scenario invalid,
    6 missing, stale or orphaned goldens;
    64 wrong usage, 70 a bug in simkit, 74 disk or permission, 130 interrupted.
    """
    from simkit.check import check_many
    from simkit.cli.select import orphans as orphans_of, select
    from simkit.report.terminal import is_terminal, print_table, progress

    project = find_project(Path.cwd())
    selection = select(project, scenario, expression)
    plain = ci or not is_terminal()
    with progress(len(selection.targets), plain=plain) as step:
        outcomes = check_many(selection.targets, project, data=data, processes=processes, on_done=step)
    orphans = orphans_of(project) if selection.whole else ()
    print_table(outcomes, orphans, plain=plain)
    _print_details(outcomes, orphans, project, plain=plain)
    codes = [*(outcome.code for outcome in outcomes), *([Exit.GOLDEN_MISSING] if orphans else [])]
    left = bundle or (project.work / "bundle.zip" if ci else None)
    if not left and len([outcome for outcome in outcomes if outcome.word in _WAITING]) > 1:
        click.echo("go through what waits, the same change once: simkit review")
    form = annotations or (environment.ci_system() if ci else "")
    writers: tuple[Callable[[], None], ...] = (
        lambda: _leave_bundle(left, outcomes, project),
        lambda: _write_junit(junit, outcomes, orphans),
        lambda: _annotate(form, outcomes, orphans, project),
    )
    return worst([*codes, *map(_code_of, writers)])


def _code_of(write: Callable[[], None]) -> int:
    """Write one of the files for a CI: what fails is told, and the others follow."""
    try:
        write()
    except OSError as problem:
        click.echo(f"simkit: {problem.filename}: {problem.strerror}", err=True)
        return Exit.IO
    except SimkitError as problem:
        from simkit.report.plain import inert

        click.echo(inert(f"simkit: {problem}"), err=True)
        return problem.exit_code
    return Exit.SAME


def _say(text: str, *, plain: bool) -> None:
    from simkit.report.plain import inert

    click.echo(inert(text) if plain else text)


def _print_details(
    outcomes: Sequence[Outcome], orphans: Sequence[str], project: Project, *, plain: bool
) -> None:
    from simkit.report.outcome import failure_text, grouped
    from simkit.report.table import sum_line

    groups = grouped([outcome for outcome in outcomes if outcome.code])
    for first, *others in groups[:_SCREENS]:
        _say(f"\n{failure_text(first, others)}", plain=plain)
    for first, *_ in groups[_SCREENS:]:
        _say(f"\n{first.name}: {first.word}; more: simkit check {first.name}", plain=plain)
    for outcome in outcomes:
        if outcome.word == "not applicable":
            _say(f"\n{outcome.name}: not applicable: {outcome.message}", plain=plain)
    for name in orphans:
        _say(f"\n{name}: orphan", plain=plain)
        _say(f"  {project.shown(project.golden_of(name))}/ has no scenario", plain=plain)
        _say(f"  remove: simkit prune {name}", plain=plain)
    _say(f"\n{sum_line(outcomes, orphans)}", plain=plain)


def _leave_bundle(target: Path | None, outcomes: Sequence[Outcome], project: Project) -> None:
    """What waits, in one file, for a machine on which it can be accepted."""
    if target is None:
        return
    from simkit.golden import bundle
    from simkit.golden.pending import usual_kind
    from simkit.report.words import plural

    waiting = [
        (outcome.name, usual_kind(outcome.difference))
        for outcome in outcomes
        if outcome.word in _WAITING and outcome.difference is not None
    ]
    count = bundle.leave(project, target, waiting)
    if count:
        click.echo(
            f"{plural(count, 'result')} in {project.shown(target.absolute())}; accept on your own machine: "
            f'simkit accept --from {target.name} --reason "..."'
        )


def _write_junit(target: Path | None, outcomes: Sequence[Outcome], orphans: Sequence[str]) -> None:
    if target is not None:
        from simkit.core.files import replace_file
        from simkit.report.junit import junit_xml

        target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(target, junit_xml(outcomes, orphans))


def _annotate(form: str, outcomes: Sequence[Outcome], orphans: Sequence[str], project: Project) -> None:
    if form in ("", "none"):
        return
    from simkit.core.files import replace_file
    from simkit.report.annotations import azure, github, gitlab, notes

    lost = {name: f"{project.shown(project.golden_of(name))}/golden.json" for name in orphans}
    found = notes(outcomes, lost, _way_to(project))
    if form == "gitlab":
        project.work.mkdir(parents=True, exist_ok=True)
        replace_file(project.work / _QUALITY, gitlab(found))
        return
    for note in found:
        click.echo(github(note) if form == "github" else azure(note))


def _way_to(project: Project) -> str:
    """The way from the repository to the project: CIs name files from the repository on."""
    for folder in (project.root, *project.root.parents):
        if (folder / ".git").exists():
            way = project.root.relative_to(folder).as_posix()
            return "" if way == "." else f"{way}/"
    return ""
