"""`simkit init`: what a repository needs to start, without touching what is there.

Comes in: a folder. Goes out: a first scenario, settings, lines for git. May import `core`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import click

from simkit.core import files
from simkit.core.errors import SimkitError
from simkit.core.project import find_project

FIRST = """\
simkit: 1                    # format version: how pytest, simkit and editors know the file is ours
id: first                    # = the file's name; the golden will be golden/first/
title: A long position is closed at its target
about: Bought in L2, the price passes the take-profit level in L5, the executor sells in the same loop.
seed: 1
clock: {start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 8}     # L1 is the first loop, L8 the last
account: {cash: 10000 USD}
prices:
  BTCUSDT: {L1: 100, L4: 102, L5: 104}     # each price holds until the next one
signals:
  - {at: L2, open: BTCUSDT:LONG, qty: 1, tp: 103, sl: 98}
expect:                      # read after the loop, field names as in the surfaces
  L1: {open_positions_count: 0}
  L2..L4: {open_positions_count: 1, tp_sl_coverage_pct: 100 %}
  L5..L8: {open_positions_count: 0, last_exit_trigger_ts: L5}
"""

SETTINGS = """\
[tool.simkit]
scenarios = "scenarios"
golden = "golden"
"""

IGNORED = (".simkit/",)

ATTRIBUTES = (
    "golden/** text eol=lf",
    "golden/**/history.jsonl -diff linguist-generated",
    "golden/**/reasons.jsonl merge=union",
)

NEXT = """
Next:
  simkit run first         run it and see what happened
  simkit check             judge it; there is no golden yet, so it says: missing
  simkit accept first --reason "first scenario"
  simkit check             same
"""


@click.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
def command(folder: Path) -> int:
    """Start a project in FOLDER (default: here): scenarios/first.yaml, [tool.simkit] in pyproject.toml,
    lines in .gitignore and .gitattributes. A file that is there is never overwritten."""
    folder.mkdir(parents=True, exist_ok=True)
    click.echo(_settings(folder / "pyproject.toml"))
    click.echo(_scenario(_shortest(find_project(folder).scenarios / "first.yaml")))
    click.echo(_lines(folder / ".gitignore", IGNORED))
    click.echo(_lines(folder / ".gitattributes", ATTRIBUTES))
    click.echo(NEXT, nl=False)
    return 0


def _shortest(file: Path) -> Path:
    here = Path.cwd()
    return file.relative_to(here) if file.is_relative_to(here) else file


def _settings(file: Path) -> str:
    before = files.read_bytes(file)
    if before is None:
        files.replace_file(file, SETTINGS.encode())
        return f"wrote    {file}"
    text = before.decode()
    try:
        if "simkit" in tomllib.loads(text).get("tool", {}):
            return f"kept     {file}: it has [tool.simkit]"
        after = f"{text.rstrip()}\n\n{SETTINGS}"
        tomllib.loads(after)
    except tomllib.TOMLDecodeError as problem:
        raise SimkitError(
            f"{file}: [tool.simkit] cannot be added, the file is no valid TOML: {problem}"
        ) from problem
    files.replace_file(file, after.encode())
    return f"extended {file}: [tool.simkit]"


def _scenario(file: Path) -> str:
    if file.exists():
        return f"kept     {file}"
    file.parent.mkdir(parents=True, exist_ok=True)
    files.replace_file(file, FIRST.encode())
    return f"wrote    {file}"


def _lines(file: Path, wanted: tuple[str, ...]) -> str:
    """Append the lines that are not there yet."""
    text = (files.read_bytes(file) or b"").decode()
    present = [line.strip() for line in text.splitlines()]
    missing = [line for line in wanted if line not in present]
    if not missing:
        return f"kept     {file}"
    start = text if not text or text.endswith("\n") else f"{text}\n"
    files.replace_file(file, (start + "\n".join(missing) + "\n").encode())
    return f"{'extended' if text else 'wrote   '} {file}: {', '.join(missing)}"
