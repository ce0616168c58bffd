"""The runs of a project by name, without what it takes to run them.

Comes in: scenario files. Goes out: `Target`s, scenarios. May import `core` and `scenario`; `check`, `cli` and
`pytest_plugin` import it.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from simkit.core.errors import SimkitError
from simkit.core.project import Project
from simkit.scenario.load import load, names
from simkit.scenario.model import Scenario


class Target(Struct, frozen=True):
    """One run to check: a scenario file, one of its variants (empty without variants), and the run's name."""

    file: Path
    variant: str
    name: str


def targets_of(file: Path, project: Project) -> list[Target]:
    """The runs of one file below the scenario root. Raises ScenarioError."""
    stem = file.relative_to(project.scenarios).with_suffix("").as_posix()
    return [Target(file, v, f"{stem}@{v}" if v else stem) for v in names(file, project) or [""]]


def scenario_of(target: Target, project: Project) -> Scenario:
    """The expanded scenario of a target. Raises ScenarioError."""
    for scenario in load(target.file, project):
        if scenario.variant == target.variant:
            return scenario
    raise SimkitError(f"{project.shown(target.file)}: no variant {target.variant!r}")
