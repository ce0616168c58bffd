"""`simkit diff`: what differs from the golden, as closely as one wants to look.

Comes in: a scenario. Goes out: text or JSON on stdout. May import `core`, `golden`, `run`, `report`. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simkit.cli.cmd_check import DATA
from simkit.cli.cmd_show import LoopNumber
from simkit.core.errors import Exit, SimkitError
from simkit.core.project import Project, find_project

if TYPE_CHECKING:
    from simkit.golden.difference import Difference
    from simkit.scenario.model import Scenario


@click.command("diff")
@click.argument("scenario")
@click.option("--loop", type=LoopNumber(), help="Every field that differs in this loop: 41 or L41.")
@click.option("--surface", metavar="NAME", default="", help="Only this one: risk_snapshot.")
@click.option(
    "--field",
    metavar="FIELD",
    help="One field through all loops, side by side: risk_snapshot.dd_state.state.",
)
@click.option("--all", "everything", is_flag=True, help="All of it, however long; else one screen.")
@click.option("--json", "as_json", is_flag=True, help="Every differing loop as a line of JSON, for tools.")
@DATA
def command(
    scenario: str, loop: int | None, surface: str, field: str | None, everything: bool, as_json: bool,
    data: Path | None,
) -> int:  # fmt: skip
    """Show what differs from the golden. SCENARIO: a file or a name, one variant.

    Compares what the last check kept; runs the scenario when nothing waits. Exit codes: 0 same, 1 differs, 6 no
    golden."""
    from simkit.cli.select import one_scenario
    from simkit.core import files
    from simkit.golden.compare import compare_folders
    from simkit.report.terminal import print_painted
    from simkit.report.words import SCREEN, bounded
    from simkit.scenario.load import fingerprint

    if field is not None and (loop is not None or surface):
        raise SimkitError("--field shows all loops of one field; leave out --loop and --surface")
    project = find_project(Path.cwd())
    chosen = one_scenario(project, scenario)
    golden = files.standing(project.golden_of(chosen.name))
    with _result(project, chosen, data) as (result, made):
        difference = compare_folders(golden, result, fingerprint(chosen))
        if difference.status in ("missing", "edited", "conflict", "other"):
            click.echo(f"{chosen.name}: {difference.text}", err=as_json)
            return Exit.GOLDEN_MISSING if difference.status == "missing" else Exit.CHANGED
        if as_json:
            for line in _json(golden, result, loop, surface, field):
                click.echo(line)
            return _code(difference)
        lines = _lines(golden, result, difference, loop, surface, field, everything)
    head = f"{chosen.name}: {_status(difference)}; golden -> {made}"
    more = _more(chosen.name, loop, surface, field)
    print_painted([head, *(lines if everything else bounded(lines, SCREEN - 1, more))])
    return _code(difference)


def _status(difference: Difference) -> str:
    return "changed in format only" if difference.kind == "format" else difference.status


def _code(difference: Difference) -> int:
    return Exit.CHANGED if difference.kind else Exit.SAME


def _more(name: str, loop: int | None, surface: str, field: str | None) -> str:
    words = [
        f"--loop {loop}" if loop else "",
        f"--surface {surface}" if surface else "",
        f"--field {field}" if field else "",
    ]
    return " ".join(["simkit diff", name, *filter(None, words), "--all"])


@contextmanager
def _result(project: Project, scenario: Scenario, data: Path | None) -> Iterator[tuple[Path, str]]:
    """The folder of what the last check kept, or of a run made now; and how to call it."""
    from simkit import dialect
    from simkit.core import files, scratch
    from simkit.golden import store
    from simkit.golden.write import Identity, build
    from simkit.run import simulate
    from simkit.scenario.load import fingerprint

    waits = files.standing(project.pending_of(scenario.name))
    kept = store.read_golden(waits)
    if (
        isinstance(kept, store.Golden)
        and kept.scenario == fingerprint(scenario)
        and not store.edits(waits, kept)
    ):
        yield waits, "the result of the last check"
        return
    if scenario.canary or scenario.needs_data:
        raise SimkitError(f"{scenario.name}: it is judged, not compared: it has no golden")
    golden = files.standing(project.golden_of(scenario.name))
    with scratch.scratch_folder(project.work) as folder:
        ran = simulate(
            scenario, folder / "run", base=(project.root / scenario.file).parent, data=data,
            expected=store.expected_run(golden), spool=folder / "spool", dialect=dialect.of(project),
        )  # fmt: skip
        identity = Identity(fingerprint(scenario), scenario.seed, ran.executor, scenario.checkpoints)
        build(folder / "new", identity, ran.recording, golden)
        yield folder / "new", "a run made now"


def _lines(
    golden: Path, result: Path, difference: Difference, loop: int | None, surface: str, field: str | None,
    everything: bool,
) -> list[str]:  # fmt: skip
    from simkit.golden import look
    from simkit.report.changes import loop_lines, row_lines, spread_lines
    from simkit.report.difference import difference_lines

    if field is not None:
        return row_lines(look.field_rows(golden, result, field), everything=everything)
    if loop is not None:
        if loop > max(difference.old_loops, difference.new_loops):
            raise SimkitError(f"the run has {difference.new_loops} loops, there is no L{loop}")
        step = look.step_at(golden, result, loop)
        return (step and loop_lines(step, surface)) or [f"L{loop}: same"]
    if not difference.kind:
        return []
    spreads = [each for each in look.spread(golden, result) if surface in ("", each.change.surface)]
    if surface and not spreads:
        return [f"{surface}: same in all loops"]
    events = next((s.new_events for s in look.steps(golden, result) if s.loop == difference.first_loop), b"")
    first = [] if surface else difference_lines(difference, events.decode())
    return [*first, "every field that differs", *(f"  {line}" for line in spread_lines(spreads))]


def _json(golden: Path, result: Path, loop: int | None, surface: str, field: str | None) -> Iterator[str]:
    """One object a line: a loop with all its changes, or a row of a field's history."""
    from simkit.core.canon import decode, encode_sorted
    from simkit.golden import look
    from simkit.report.changes import plain_change, plain_row

    if field is not None:
        for row in look.field_rows(golden, result, field):
            yield encode_sorted(plain_row(row)).decode()
        return
    for step in look.steps(golden, result):
        found: Sequence[dict[str, Any]] = [
            plain_change(change) for change in look.changes_of(step) if surface in ("", change.surface)
        ]
        if found and loop in (None, step.loop):
            events = decode(step.new_events) if step.new_events else {}
            yield encode_sorted({"changes": found, "events": events, "loop": step.loop}).decode()
