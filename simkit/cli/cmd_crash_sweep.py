"""`simkit crash-sweep`: kill the executor at every step of every write, and judge what follows.

Comes in: a scenario. Goes out: a table, JSON, an exit code. May import `core`, `sweep`, `dialect`. Writes nothing but,
with `--real`, a folder of its own that it removes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simkit.cli.cmd_check import DATA
from simkit.core import canon
from simkit.core.errors import Exit, SimkitError
from simkit.core.project import Project, find_project

if TYPE_CHECKING:
    from simkit.scenario.model import Loops, Scenario


@click.command("crash-sweep")
@click.argument("scenario")
@click.option("--loops", metavar="A..B", default="", help="Only the deaths in these loops: 3..6 or 4.")
@click.option("--step", type=click.IntRange(min=1), metavar="N", help="Only step N, told in full.")
@click.option("--real", is_flag=True, help="Real processes, a real disk, SIGKILL, and a reader meanwhile.")
@click.option("--kills", type=click.IntRange(min=1), metavar="N", help="How many kills (20), with --real.")
@click.option("--seed", type=int, metavar="N", help="Chooses when to kill (1), with --real.")
@click.option("--json", "as_json", is_flag=True, help="Every step and its verdict as JSON.")
@DATA
def command(
    scenario: str,
    loops: str,
    step: int | None,
    real: bool,
    kills: int | None,
    seed: int | None,
    as_json: bool,
    data: Path | None,
) -> int:
    """Kill the executor, and sync_state, at every step of every write, and judge what follows.

    A reader must find the old or the new document, whole; one loop later all surfaces agree again, and nothing that
    was published is lost.

    \b
    Exit codes: 0 every step passed, 2 one failed; 5 the scenario is invalid, 64 wrong usage,
    74 the machine refused.
    """
    from simkit.cli.select import one_scenario

    project = find_project(Path.cwd())
    chosen = one_scenario(project, scenario)
    if not real:
        if kills is not None or seed is not None:
            raise SimkitError("--kills and --seed belong to --real")
        return _in_memory(project, chosen, scenario, loops_of(loops), step, as_json, data)
    if loops or step is not None:
        raise SimkitError(
            "--loops and --step choose from the steps in memory; --real draws with --kills and --seed"
        )
    return _really(project, chosen, kills or 20, 1 if seed is None else seed, as_json, data)


def _in_memory(
    project: Project,
    chosen: Scenario,
    word: str,
    loops: Loops | None,
    step: int | None,
    as_json: bool,
    data: Path | None,
) -> int:
    from simkit.dialect import of
    from simkit.sweep.crash import crash_sweep
    from simkit.sweep.crash_report import crash_lines, crash_plain

    base = (project.root / chosen.file).parent
    sweep = crash_sweep(chosen, base=base, data=data, dialect=of(project), loops=loops, number=step)
    if as_json:
        click.echo(canon.pretty(canon.encode_sorted(crash_plain(sweep))), nl=False)
    else:
        click.echo("\n".join(crash_lines(sweep, word)))
    return Exit.BROKEN if sweep.failed or sweep.torn else Exit.SAME


def _really(
    project: Project, chosen: Scenario, kills: int, seed: int, as_json: bool, data: Path | None
) -> int:
    from simkit.sweep.real import real_lines, real_plain, real_sweep

    base = (project.root / chosen.file).parent
    sweep = real_sweep(chosen, base=base, data=data, work=project.work, kills=kills, seed=seed)
    if as_json:
        click.echo(canon.pretty(canon.encode_sorted(real_plain(sweep))), nl=False)
    else:
        click.echo("\n".join(real_lines(sweep)))
    return Exit.BROKEN if sweep.problems else Exit.SAME


def loops_of(text: str) -> Loops | None:
    """The loops of `--loops`: `3..6`, `L3..L6` or `4`; None where nothing is said. Raises SimkitError."""
    from simkit.scenario.model import Loops

    if not text:
        return None
    found = re.fullmatch(r"L?(\d{1,9})(?:\.\.L?(\d{1,9}))?", text)
    if found is None:
        raise SimkitError(f"--loops {text}: two loops are expected, as in 3..6, or one")
    first = int(found[1])
    return Loops(first, int(found[2] or first))
