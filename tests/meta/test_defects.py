"""Every defect that can be switched on is told by a scenario, beside the same run without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from simkit.core.legacy import LEGACY
from simkit.core.project import find_project
from simkit.scenario.load import discover, load
from simkit.scenario.model import Scenario

PROJECT = find_project(Path(__file__).parent)


@pytest.fixture(scope="module")
def library() -> list[tuple[Scenario, ...]]:
    return [load(file, PROJECT) for file in discover(PROJECT)]


@pytest.mark.parametrize("defect", LEGACY)
def test_a_scenario_tells_the_defect_and_what_was_meant(
    defect: str, library: list[tuple[Scenario, ...]]
) -> None:
    telling = [runs for runs in library if any(defect in run.settings.legacy for run in runs)]
    assert telling, f"no scenario runs with {defect}"
    twins = [runs for runs in telling if any(defect not in run.settings.legacy for run in runs)]
    assert twins, f"no scenario shows the intended run beside {defect}"


def test_all_known_defects_are_built() -> None:
    """The contract numbers them D-01 to D-39; D-38 is not used."""
    assert list(LEGACY) == [f"D-{number:02}" for number in range(1, 40) if number != 38]
