"""`simkit show`: one loop, as the files stood and with what happened in it.

Comes in: a scenario, a loop. Goes out: indented documents and events on stdout. May import `core`,
`contract.table`, `run`, `trace`, `report`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import click

from simkit.cli.cmd_check import DATA
from simkit.core.errors import Exit, SimkitError
from simkit.core.project import find_project


class LoopNumber(click.ParamType[int]):
    """`41` or `L41`."""

    name = "loop"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = re.fullmatch(r"[Ll]?([1-9][0-9]*)", str(value))
        if found is None:
            self.fail(f"{value!r} is no loop; loops are L1, L2, ... (or 1, 2, ...)", param, ctx)
        return int(found[1])


@click.command("show")
@click.argument("scenario")
@click.option("--loop", type=LoopNumber(), required=True, help="The loop to look at: 41 or L41.")
@click.option(
    "--surface", "wanted", multiple=True, metavar="NAME", help="Only this one: risk_snapshot or S7."
)
@DATA
def command(scenario: str, loop: int, wanted: tuple[str, ...], data: Path | None) -> int:
    """Print the surfaces and the events of one loop. SCENARIO: a file or a name, one variant."""
    from simkit.cli.select import one_scenario
    from simkit.core import canon, scratch
    from simkit.report.events import event_lines
    from simkit.run import simulate
    from simkit.trace.events import told
    from simkit.trace.record import LoopRecord

    project = find_project(Path.cwd())
    chosen = one_scenario(project, scenario)
    if loop > chosen.clock.loops:
        raise SimkitError(f"{chosen.name} has {chosen.clock.loops} loops, there is no L{loop}")
    events: list[str] = []

    def look(record: LoopRecord) -> None:
        if record.loop == loop:
            events.extend(event_lines(told(record)))

    with scratch.scratch_folder(project.work) as folder:
        base = (project.root / chosen.file).parent
        result = simulate(chosen, folder, base=base, data=data, until=loop, on_loop=look)
        tree = {path: (folder / path).read_bytes() for path in result.recording.paths}
    click.echo(f"{chosen.name} L{loop}")
    for line in events or ["nothing happened"]:
        click.echo(f"  {line}")
    for path in _chosen(tree, wanted):
        click.echo(f"\n{path}")
        try:
            click.echo(canon.pretty(canon.canonical(tree[path])).decode(), nl=False)
        except ValueError:
            click.echo(tree[path].decode(errors="backslashreplace"))
    return Exit.SAME


def _chosen(paths: Iterable[str], wanted: tuple[str, ...]) -> list[str]:
    """The paths that the names mean: a stem, a manifest key, an id such as S7, or a path."""
    from simkit.contract.table import by_id, by_stem

    present = list(paths)
    if not wanted:
        return present
    chosen = []
    for name in wanted:
        surface = by_id.get(name.upper()) or by_stem.get(name)
        surface = surface or next((s for s in by_stem.values() if s.key == name), None)
        path = surface.path if surface is not None else name
        path = next((p for p in present if p == path or Path(p).name in (path, f"{path}.json")), "")
        if not path:
            names = ", ".join(Path(p).name.removesuffix(".json") for p in present)
            raise SimkitError(f"--surface {name}: no such file in this loop; there is {names}")
        chosen.append(path)
    return chosen
