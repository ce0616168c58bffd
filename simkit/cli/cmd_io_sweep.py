"""`simkit io-sweep`: fail every file operation of a run, with every error, and judge what follows.

Comes in: a scenario. Goes out: a table, JSON, an exit code. May import `core`, `sweep`. Writes nothing.
"""

from __future__ import annotations

from pathlib import Path

import click

from simkit.cli.cmd_check import DATA
from simkit.cli.cmd_crash_sweep import loops_of
from simkit.core import canon
from simkit.core.errors import Exit, SimkitError
from simkit.core.project import find_project


@click.command("io-sweep")
@click.argument("scenario")
@click.option("--errors", metavar="NAMES", default="", help="Only these: ENOSPC,EIO,EACCES,EROFS,EMFILE.")
@click.option("--loops", metavar="A..B", default="", help="Only the operations of these loops: 3..6 or 4.")
@click.option("--operation", type=click.IntRange(min=1), metavar="N", help="Only operation N, told in full.")
@click.option("--lasting", is_flag=True, help="All operations fail from there to the end of the loop.")
@click.option("--json", "as_json", is_flag=True, help="Every failure and its verdict as JSON.")
@DATA
def command(
    scenario: str,
    errors: str,
    loops: str,
    operation: int | None,
    lasting: bool,
    as_json: bool,
    data: Path | None,
) -> int:
    """Fail the first file operation of a run, then the second, and so on, with every error, and judge what follows.

    No file may be partial, none but the one that failed may be missing, the error is told, and the run ends with the
    files of one in which nothing failed.

    \b
    Exit codes: 0 all went well, 2 something was wrong after a failure; 5 the scenario is invalid,
    64 wrong usage.
    """
    from simkit.cli.select import one_scenario
    from simkit.sweep.io_errors import io_sweep
    from simkit.sweep.io_report import io_lines, io_plain

    project = find_project(Path.cwd())
    chosen = one_scenario(project, scenario)
    sweep = io_sweep(
        chosen, base=(project.root / chosen.file).parent, data=data, errors=_errors(errors),
        loops=loops_of(loops), number=operation, is_lasting=lasting,
    )  # fmt: skip
    if as_json:
        click.echo(canon.pretty(canon.encode_sorted(io_plain(sweep))), nl=False)
    else:
        click.echo("\n".join(io_lines(sweep, scenario)))
    return Exit.BROKEN if sweep.failed else Exit.SAME


def _errors(words: str) -> tuple[str, ...]:
    from simkit.sweep.io_errors import ERRORS

    names = tuple(word.strip().upper() for word in words.split(",") if word.strip()) or tuple(ERRORS)
    unknown = [name for name in names if name not in ERRORS]
    if unknown:
        raise SimkitError(f"--errors {', '.join(unknown)}: known are {', '.join(ERRORS)}")
    return names
