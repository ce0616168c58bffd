"""`simkit sanitize`: run a Python executor and report what it does to its state folder.

Comes in: a command line after `--`. Goes out: a report on stderr, or JSON on stdout. May import `core`, `sanitize`.
"""

from __future__ import annotations

from pathlib import Path

import click

from simkit.core.errors import SimkitError


@click.command(
    "sanitize", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)
@click.option("--state", metavar="DIR", default="logs/state", help="The state folder (logs/state).")
@click.option(
    "--manifest", metavar="FILE", default=None, help="A v7_manifest.json other than the tree's own."
)
@click.option(
    "--writer",
    "writers",
    multiple=True,
    metavar="OWNER=PATTERN",
    help="Who is who: sync_state=*mirror.py*, on the command line or the file that writes.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="The report as JSON on stdout; the command's goes to stderr."
)
@click.argument(
    "command_line", nargs=-1, type=click.UNPROCESSED, required=True, metavar="-- COMMAND [ARG]..."
)
def command(
    state: str, manifest: str | None, writers: tuple[str, ...], as_json: bool, command_line: tuple[str, ...]
) -> int:
    """Watch every file operation of a Python executor (and its children) on its state folder.

    The report goes to stderr when the command has ended; 2 with findings, else the command's own exit code.

    Example: simkit sanitize -- python my_executor.py --once
    """
    from simkit.sanitize import sanitize

    report = sanitize(
        command_line,
        state=state,
        manifest=Path(manifest) if manifest else None,
        writers=[_pair(word) for word in writers],
        stdout=2 if as_json else None,
    )
    if as_json:
        click.echo(report.json())
    else:
        click.echo(report.text(), err=True)
    return report.exit_code


def _pair(word: str) -> tuple[str, str]:
    owner, sign, pattern = word.partition("=")
    if not (owner and sign and pattern):
        raise SimkitError(f"--writer {word}: OWNER=PATTERN is expected, as in sync_state=*mirror.py*")
    return owner, pattern
