"""What the project's own scenarios publish, loop by loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from schema_sides import NAMES, Published

from simkit.core.project import find_project
from simkit.run import simulate
from simkit.scenario.load import load
from simkit.trace.record import LoopRecord


@pytest.fixture
def published_by(tmp_path: Path) -> Callable[[str], list[Published]]:
    """Every distinct document that the runs of a scenario publish, in order."""
    project = find_project(Path(__file__))

    def run(name: str) -> list[Published]:
        file = project.scenarios / f"{name}.yaml"
        found: dict[Published, None] = {}

        def look(record: LoopRecord) -> None:
            for path, data in record.tree.items():
                if path in NAMES:
                    found[NAMES[path], data] = None

        for scenario in load(file, project):
            folder = tmp_path / scenario.name.replace("/", "-")
            simulate(scenario, folder, base=file.parent, on_loop=look)
        return list(found)

    return run
