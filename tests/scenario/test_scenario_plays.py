"""Every word of the vocabulary is played: by the executor as it should be, and by the system as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenario_texts import EVERYTHING, compiled

from simkit.run import simulate
from simkit.scenario.model import Fault
from simkit.trace.record import LoopRecord


@pytest.mark.parametrize("legacy", ["[]", "v7.6"])
def test_a_scenario_that_says_everything_runs_to_its_end(tmp_path: Path, legacy: str) -> None:
    text = EVERYTHING.replace("legacy: [D-11, D-33]", f"legacy: {legacy}")
    (scenario,) = compiled(text, stem="everything")
    acted: list[Fault] = []
    times: list[int] = []

    def see(record: LoopRecord) -> None:
        acted.extend(record.faults)
        times.append(record.ts)

    result = simulate(scenario, tmp_path / "run", base=tmp_path, on_loop=see)
    assert result.recording.loops == scenario.clock.loops
    assert times == [scenario.clock.at(loop) for loop in range(1, 13)]
    assert set(acted) == set(scenario.faults)
