"""`simkit log`: what was accepted, when and why.

Comes in: names, a git revision. Goes out: text. May import `core`, `golden`, `report`. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simkit.core.errors import Exit, SimkitError
from simkit.core.project import Project, find_project

if TYPE_CHECKING:
    from simkit.golden.store import Reason


@click.command("log")
@click.argument("scenario", nargs=-1)
@click.option("--base", metavar="REF", help="Only what was accepted since this git revision: main, HEAD~3.")
@click.option("--all", "everything", is_flag=True, help="All of it; else one screen.")
def command(scenario: tuple[str, ...], base: str | None, everything: bool) -> int:
    """Show what was accepted, when and why, newest first. SCENARIO: a name or the beginning of one. The same reason of
    one day is told once, with all its scenarios."""
    from simkit.golden.ledger import entries
    from simkit.report.groups import name_lines
    from simkit.report.words import SCREEN, bounded, plural

    project = find_project(Path.cwd())
    found = entries(project.golden, _known(project, base) if base is not None else ())
    lines: list[str] = []
    for entry in found:
        names = [
            name for name in entry.names if not scenario or any(_is_meant(name, word) for word in scenario)
        ]
        if names:
            head = f"{entry.date}  {entry.kind:<8}  {entry.reason}"
            lines += [f"{head} · {plural(len(names), 'scenario')}" if len(names) > 1 else head]
            lines += (f"    {line}" for line in name_lines(names, len(names) if everything else 12))
    if not lines:
        lines = ["nothing was accepted" + (f" since {base}" if base else "")]
    more = " ".join(["simkit log", *scenario, *([f"--base {base}"] if base else ()), "--all"])
    click.echo("\n".join(lines if everything else bounded(lines, SCREEN, more)))
    return Exit.SAME


def _is_meant(name: str, word: str) -> bool:
    return name == word or name.startswith((f"{word}/", f"{word}@")) or name.rpartition("/")[2] == word


def _known(project: Project, base: str) -> Iterator[tuple[str, Reason]]:
    """Every acceptance as it stands in a git revision. Raises SimkitError when git cannot tell."""
    import msgspec

    from simkit.golden.store import REASONS, Reason

    place = project.shown(project.golden)
    if base.startswith("-"):
        raise SimkitError(f"--base {base}: not a revision")
    _git(project, base, "rev-parse", "--verify", "--quiet", f"{base}^{{commit}}")
    names = _git(project, base, "ls-tree", "-r", "--name-only", "-z", base, "--", place).split("\0")
    for path in names:
        if path.endswith(f"/{REASONS}"):
            scenario = path.removeprefix(f"{place}/").removesuffix(REASONS).rstrip("/")
            for line in _git(project, base, "show", f"{base}:./{path}").splitlines():
                reason = msgspec.json.decode(line, type=Reason)
                yield scenario or reason.name, reason


def _git(project: Project, base: str, *words: str) -> str:
    import subprocess

    try:
        done = subprocess.run(["git", *words], cwd=project.root, capture_output=True, check=False)
    except FileNotFoundError as problem:
        raise SimkitError("--base needs git, which is not installed") from problem
    if done.returncode:
        why = done.stderr.decode(errors="replace").strip() or "no such revision"
        raise SimkitError(f"--base {base}: {why}")
    return done.stdout.decode()
