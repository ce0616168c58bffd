"""The command line: `simkit COMMAND`. One module per command, imported when it is called.

Comes in: words. Goes out: text and one exit code (DESIGN.md 5). May import every room; this module imports
click and `core.errors` only, so that `simkit --help` stays quick.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click

from simkit import __version__
from simkit.core.errors import Exit, SimkitError

#: Name of each command, and what `simkit --help` says of it. `NAME` is `simkit.cli.cmd_NAME.command`,
#: with `_` for `-`.
COMMANDS = {
    "init": "Start a project here: a first scenario that runs at once",
    "list": "Show the scenarios of this project, or the faults one can script",
    "run": "Run scenarios and say what happened; leaves the tree for you to look at",
    "check": "Run scenarios, judge every loop and compare with the goldens",
    "show": "Print the surfaces and the events of one loop",
    "diff": "Show what differs from the golden: by loop, by surface, one field side by side",
    "review": "Go through what waits, group by group: accept, reject, skip",
    "accept": "Make the result of a run its golden, with a reason",
    "prune": "Remove the goldens that have no scenario any more",
    "log": "Show what was accepted, when and why",
    "coverage": "Show what the scenarios move, and what nothing touches",
    "crash-sweep": "Kill the executor at every step of every write, and judge what follows",
    "io-sweep": "Fail every file operation once, and judge what follows",
    "rules": "Show the rules of the contract, and the scenarios that make them fire",
    "sanitize": "Watch what an executor does to its state folder while it runs",
    "verify": "Judge any state folder by the contract, whoever wrote it",
    "schema": "Print the JSON Schema of a surface or of a scenario",
}


#: Errors of the machine, not of simkit: disk full, no permission, too many files.
_MACHINE = frozenset(
    {
        errno.ENOSPC,
        errno.EFBIG,
        errno.EDQUOT,
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
    }
)


class CommandTable(click.Group):
    """Commands from `COMMANDS`; errors as one message and one exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"simkit.cli.cmd_{cmd_name.replace('-', '_')}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Commands: {', '.join(COMMANDS)}."
            raise click.UsageError(f"No such command {args[0]!r}. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        words = list(sys.argv[1:] if args is None else args)
        _show_what_the_terminal_cannot()
        try:
            code = super().main(words, prog_name or "simkit", complete_var, standalone_mode=False, **extra)
            sys.stdout.flush()
        except KeyboardInterrupt:
            code = Exit.INTERRUPTED
        except Exception as problem:
            code = _told(problem, words)
        sys.exit(int(code or 0))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as problem:
            raise _ReaderGone from problem


def _show_what_the_terminal_cannot() -> None:
    """A character that the output's encoding lacks becomes an escape, as on a Windows pipe."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class _ReaderGone(Exception):
    """Whoever read our output has left, as in `simkit list | head -1`."""


def _told(problem: Exception, words: Sequence[str]) -> int:
    """Say on stderr what went wrong; the exit code."""
    if isinstance(problem, _ReaderGone | BrokenPipeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)  # det-ok: for the interpreter's last flush
        os.dup2(nowhere, sys.stdout.fileno())
        return Exit.IO
    if isinstance(problem, click.Abort):
        click.echo("interrupted", err=True)
        return Exit.INTERRUPTED
    if isinstance(problem, click.ClickException):
        problem.show()
        return Exit.USAGE
    if isinstance(problem, SimkitError):
        from simkit.report.plain import inert

        click.echo(inert(f"simkit: {problem}"), err=True)
        return problem.exit_code
    if isinstance(problem, OSError) and problem.errno in _MACHINE:
        place = f"{problem.filename}: " if problem.filename else ""
        click.echo(f"simkit: {place}{problem.strerror}", err=True)
        return Exit.IO
    click.echo(f"simkit: {_bug(problem, words)}", err=True)
    return Exit.BUG


def _bug(problem: Exception, words: Sequence[str]) -> str:
    import shlex
    from pathlib import Path

    from simkit.bug import bug_message
    from simkit.core.environment import work_dir
    from simkit.core.project import find_project

    try:
        work = find_project(Path.cwd()).work
    except (SimkitError, OSError):
        work = work_dir(Path.cwd())
    return bug_message(problem, shlex.join(["simkit", *words]), work)


@click.group(
    "simkit",
    cls=CommandTable,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, "-V", "--version", prog_name="simkit", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Test a trading executor with scenarios, contract rules and golden state trees.

    A SCENARIO is a file (scenarios/drawdown/recovery.yaml), a name (drawdown/recovery,
    drawdown/recovery@legacy), or the last part of a name if only one scenario has it.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
