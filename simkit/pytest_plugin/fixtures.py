"""What `simkit_run` gives to a test: one finished run, every loop of it readable.

Comes in: a name, a path or YAML text. Goes out: `ScenarioRun`. May import every room.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simkit.contract.finding import Finding
from simkit.core import canon, files
from simkit.core.errors import SimkitError
from simkit.core.project import Project, find_project
from simkit.run import RunResult, simulate
from simkit.scenario.load import load
from simkit.scenario.model import Scenario
from simkit.trace.record import LoopRecord


class ScenarioRun:
    """A finished run. Keeps the bytes of every loop: meant for scenarios of a test's size."""

    def __init__(
        self, scenario: Scenario, result: RunResult, loops: Mapping[int, Mapping[str, bytes]]
    ) -> None:
        self.scenario = scenario
        #: The final tree: path below the run's root -> bytes.
        self.tree: dict[str, bytes] = files.read_tree(result.folder)
        #: The tree after each loop, by its number (L1 is 1).
        self.loops = loops
        #: Every finding of the contract's rules, errors and warnings.
        self.findings: tuple[Finding, ...] = tuple(result.judgement.findings)
        #: Whether the rules fired exactly as the scenario says and all its expectations hold.
        self.ok = result.judgement.ok

    def at(self, loop: int) -> dict[str, Any]:
        """The documents after `loop` by file stem: `run.at(3)["risk_snapshot"]["dd_state"]["state"]`."""
        return {
            Path(path).stem: canon.decode(data)
            for path, data in self.loops[loop].items()
            if path.endswith(".json")
        }

    @property
    def timeline(self) -> list[dict[str, Any]]:
        """`at` for every loop, L1 first."""
        return [self.at(loop) for loop in sorted(self.loops)]


def run_scenario(what: str | Path, start: Path, folder: Path, data: Path | None = None) -> ScenarioRun:
    """Run what a test names: YAML text, a path (from `start` or the project's root), or a scenario's name.

    `folder` is the test's own. Raises SimkitError.
    """
    project = find_project(start)
    number = len(list(folder.glob("simkit-run-*")))
    place = folder / f"simkit-run-{number}"
    place.mkdir(parents=True)
    scenario = _scenario(what, start, place, project)
    loops: dict[int, dict[str, bytes]] = {}

    def keep(record: LoopRecord) -> None:
        loops[record.loop] = dict(record.tree)

    base = (project.root / scenario.file).parent
    result = simulate(scenario, place / "run", base=base, data=data, on_loop=keep)
    return ScenarioRun(scenario, result, loops)


def _scenario(what: str | Path, start: Path, place: Path, project: Project) -> Scenario:
    if isinstance(what, str) and "\n" in what:
        return _from_text(what, place, project)
    path, _, variant = str(what).partition("@")
    for file in (start / path, project.root / path):
        if file.is_file():
            return _variant(load(file, project), variant, str(what))
    from simkit.cli.select import one_scenario

    return one_scenario(project, str(what))


def _from_text(text: str, place: Path, project: Project) -> Scenario:
    """YAML text; the file is named as its id, as it must be."""
    file = place / f"{_id_of(text)}.yaml"
    files.replace_file(file, text.encode(), fsync=False)
    return _variant(load(file, project), "", file.name)


def _variant(found: tuple[Scenario, ...], variant: str, what: str) -> Scenario:
    for scenario in found:
        if scenario.variant == variant or (not variant and len(found) == 1):
            return scenario
    raise SimkitError(f"{what}: choose one of its variants: {', '.join(s.variant for s in found)}")


def _id_of(text: str) -> str:
    """The id that the text gives itself; the loader says what is wrong with any other."""
    for line in text.splitlines():
        if line.startswith("id:"):
            return line.partition(":")[2].partition("#")[0].strip(" \"'") or "scenario"
    return "scenario"
