"""`simkit verify`: judge a state folder that anybody wrote.

Comes in: a folder. Goes out: a report by surface, JSON or JUnit, an exit code. May import `core`, `contract`,
`report`, `dialect`. Writes nothing but the JUnit file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simkit.core import canon, clock
from simkit.core.errors import Exit, IoError, worst

if TYPE_CHECKING:
    from simkit.contract.dialect import Dialect
    from simkit.contract.finding import Rule
    from simkit.contract.verifier import Verifier
    from simkit.contract.verify_report import Report, Violation

#: How often a watched folder is looked at, and how many looks it may keep changing before it is judged anyway.
_POLL_S = 0.2
_PATIENCE = 10


@click.command("verify")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--profile", type=click.Choice(["contract", "reference"]), default="contract", show_default=True,
    help="contract: any executor's tree; reference: as strict as with the reference executor.",
)  # fmt: skip
@click.option("--rules", "words", metavar="IDS", default="", help="Only these: INV-L04,INV-D*.")
@click.option("--dialect", "dialect_file", type=click.Path(path_type=Path), metavar="FILE",
              help="How this executor writes the contract: units, words, thresholds, names.")  # fmt: skip
@click.option("--now", metavar="ISO", help="What time it is; the newest surface, without it.")
@click.option("--watch", is_flag=True, help="Keep judging while an executor writes there, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@click.option(
    "--junit", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Also as JUnit XML."
)
def command(
    folder: Path,
    profile: str,
    words: str,
    dialect_file: Path | None,
    now: str | None,
    watch: bool,
    as_json: bool,
    junit: Path | None,
) -> int:
    """Judge a state folder by the contract, whoever wrote it. DIR: the folder logs/state, or one above or
    below it.

    \b
    Exit codes: 0 no error, 2 rules are broken; 64 no such folder or wrong usage,
    70 a bug in simkit, 74 a file could not be read. Warnings alone are no error.
    """
    from simkit.contract.tree_reader import find_state
    from simkit.contract.verifier import Verifier

    place = find_state(folder)
    judge = Verifier(
        profile="reference" if profile == "reference" else "contract",
        dialect=_dialect(dialect_file), now=now, rules=_rules(words),
    )  # fmt: skip
    if watch:
        say = _nothing if as_json else _say
        watch_tree(place.state, judge, pause=clock.pause, say=say)
    else:
        judge.tree(folder)
    report = judge.report()
    _print(report, as_json=as_json)
    if junit is not None:
        _write_junit(junit, report)
    return worst([*([Exit.BROKEN] if report.errors else []), *([Exit.IO] if report.unread else [])])


def _rules(words: str) -> Sequence[Rule] | None:
    """The rules that `--rules` names, None for all. Raises SimkitError."""
    from simkit.contract.catalogue import matching

    listed = [word.strip() for word in words.split(",") if word.strip()]
    return matching(listed) if listed else None


def _dialect(file: Path | None) -> Dialect:
    """The dialect of `--dialect`, else that of the project here, else none. Raises SimkitError."""
    from simkit.contract.dialect import PLAIN
    from simkit.core.project import find_project

    project = find_project(Path.cwd())
    if file is None and project.dialect is None:
        return PLAIN
    from simkit.dialect import load, of

    return load(file) if file is not None else of(project) or PLAIN


def _print(report: Report, *, as_json: bool) -> None:
    from simkit.report.verify import verify_lines, verify_plain

    if as_json:
        click.echo(canon.pretty(canon.encode(verify_plain(report))), nl=False)
    else:
        click.echo("\n".join(verify_lines(report)))


def _write_junit(file: Path, report: Report) -> None:
    from simkit.core.files import replace_file
    from simkit.report.verify import verify_junit

    try:
        replace_file(file, verify_junit(report), fsync=False)
    except OSError as problem:
        raise IoError(f"{file}: {problem.strerror}") from problem


# Watching --------------------------------------------------------------------------------------------------


def watch_tree(
    folder: Path, judge: Verifier, *, pause: Callable[[float], None], say: Callable[[str], None]
) -> None:
    """Judge every state that the folder settles in, until somebody interrupts.

    A state counts when nothing changed for one look, or when it has kept changing for `_PATIENCE` looks.
    """
    from simkit.contract.tree_reader import find_state, marks

    place = find_state(folder)
    say(f"watching {place.state}; Ctrl-C ends with the report")
    judged: object = None
    last: object = ()
    restless, known, is_first = 0, 0, True
    try:
        while True:
            now = marks(place)
            if now and now != judged and (is_first or now == last or restless >= _PATIENCE):
                judge.tree(place.state)
                judged, restless, is_first = now, 0, False
                known = _say_new(judge.report(), known, say)
            elif now != last:
                restless += 1
            last = now
            pause(_POLL_S)
    except KeyboardInterrupt:
        say("")


def _say_new(report: Report, known: int, say: Callable[[str], None]) -> int:
    """Tell what this state shows that no state before it did; how many violations are known now."""
    from simkit.report.verify import clean

    def told(violation: Violation) -> str:
        word = "error" if violation.severity == "E" else "warning"
        place = f"{violation.file}: {violation.path}" if violation.path else violation.file
        return clean(
            f"{report.clock}  {word}  {violation.rule}  {place} = {violation.value}: {violation.message}"
        )

    for violation in report.violations[known:]:
        say(told(violation))
    return len(report.violations)


def _say(text: str) -> None:
    click.echo(text)


def _nothing(text: str) -> None:
    """With `--json` only the report is printed."""
