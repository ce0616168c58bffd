"""The I/O-error sweep covers every operation, passes a good executor and finds one that leaves a file torn."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sweep_kit import small

from simkit.core.errors import SimkitError
from simkit.run import simulate
from simkit.scenario.model import Loops, Scenario
from simkit.surfaces.publish import Publisher
from simkit.sweep.io_errors import ERRORS, FailingDoor, Failure, IoSweep, io_sweep
from simkit.sweep.io_report import io_lines, io_plain

L2 = Loops(2, 2)


def swept(scenario: Scenario, **more: Any) -> IoSweep:
    return io_sweep(scenario, base=Path(), processes=1, **more)


@pytest.mark.parametrize("errors", [("EIO",), pytest.param(tuple(ERRORS), marks=pytest.mark.slow)])
def test_every_operation_of_a_loop_fails_and_all_is_well(tmp_path: Path, errors: tuple[str, ...]) -> None:
    scenario, operations = small(tmp_path), list[Failure]()
    simulate(scenario, tmp_path, base=tmp_path, door=FailingDoor(on_operation=operations.append))
    wanted = [o.number for o in operations if o.loop == 2]
    sweep = swept(scenario, loops=L2, errors=errors)
    assert Counter(o.failure.error for o in sweep.outcomes) == dict.fromkeys(errors, len(wanted))
    assert sorted({o.failure.number for o in sweep.outcomes}) == wanted
    assert len(wanted) > 90
    assert [o.problems for o in sweep.failed] == []


@pytest.mark.parametrize("is_lasting", [False, True])
def test_start_up_and_the_first_loop_survive_any_error(tmp_path: Path, is_lasting: bool) -> None:
    sweep = swept(small(tmp_path), loops=Loops(1, 1), errors=["EIO"], is_lasting=is_lasting)
    assert {o.failure.operation for o in sweep.outcomes} >= {
        "open",
        "write",
        "flush",
        "close",
        "replace",
        "sync",
    }
    assert [o.problems for o in sweep.failed] == []


def test_each_failed_write_is_told_with_path_operation_and_loop(tmp_path: Path) -> None:
    sweep = swept(small(tmp_path), loops=L2, errors=["ENOSPC"])
    writes = [o for o in sweep.outcomes if o.failure.operation in ("write", "flush", "replace", "sync")]
    for outcome in writes:
        (told,) = outcome.told
        assert told.startswith("L2: ") and outcome.failure.path.rpartition("/")[0] in told
        assert "No space left on device" in told and "cannot " in told
    assert len(writes) > 50


def test_a_file_written_in_place_is_found_partial(tmp_path: Path) -> None:
    legacy = "executor: {legacy: [D-20], limits"
    sweep = swept(small(tmp_path, old="executor: {limits", new=legacy), loops=Loops(1, 1), errors=["EIO"])
    failed = {(o.failure.path, o.failure.operation) for o in sweep.failed}
    assert {path for path, _ in failed} == {"logs/cache/peak_state.json"}
    assert "write" in {operation for _, operation in failed}
    lines = io_lines(sweep, "small")
    number = sweep.failed[0].failure.number
    assert f"    again: simkit io-sweep small --operation {number} --errors EIO" in lines
    assert "FAIL" in "\n".join(lines)
    assert io_plain(sweep)["failed"] == len(sweep.failed)


def test_an_executor_that_gives_up_at_the_first_failure_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_guard(publisher: Publisher, path: str, problem: Exception, *more: str) -> None:
        raise problem

    monkeypatch.setattr(Publisher, "_note", no_guard)
    sweep = swept(small(tmp_path), loops=L2, errors=["EIO"])
    assert any("nobody survives" in problem for o in sweep.failed for problem in o.problems)


def test_an_executor_that_says_nothing_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Publisher, "_note", lambda *arguments: None)
    sweep = swept(small(tmp_path), loops=L2, errors=["EIO"])
    assert any("nobody tells path, operation and loop" in p for o in sweep.failed for p in o.problems)


def test_an_operation_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SimkitError, match="no such operation; they go from 1 to"):
        swept(small(tmp_path), number=99999)
