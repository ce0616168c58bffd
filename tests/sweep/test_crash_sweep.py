"""The every-crash sweep covers every step of every write, passes a good executor and finds planted defects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sweep_kit import small

from simkit.core.errors import SimkitError
from simkit.core.files import Door
from simkit.core.project import find_project
from simkit.executor.rooms import Rooms
from simkit.run import simulate
from simkit.scenario.load import load
from simkit.scenario.model import Loops, Scenario
from simkit.surfaces.stamp import EXECUTOR, SYNC_STATE
from simkit.sweep import crash
from simkit.sweep.crash import WITHIN, CrashSweep, crash_sweep
from simkit.sweep.crash_report import crash_lines, crash_plain
from simkit.sweep.stepped import STATES, MortalMirror, Step, SteppedDoor
from simkit.trace.record import LoopRecord

ROOT = Path(__file__).parents[2]
L2 = Loops(2, 2)


def steps_that_happened(scenario: Scenario, folder: Path, first: int, last: int) -> int:
    """Counted from the journal of a plain run on disk: the states of each write, and one begin of each process."""
    count = 0

    def add(record: LoopRecord) -> None:
        nonlocal count
        if first <= record.loop <= last:
            count += sum(len(STATES[write.mode]) for write in record.writes)
            count += len({write.writer for write in record.writes})

    simulate(scenario, folder, base=folder, on_loop=add)
    return count


def swept(scenario: Scenario, **more: Any) -> CrashSweep:
    return crash_sweep(scenario, base=ROOT, processes=1, **more)


def named(name: str, variant: str) -> Scenario:
    file = ROOT / "scenarios" / f"{name}.yaml"
    return next(s for s in load(file, find_project(ROOT)) if s.variant == variant)


def step_of(scenario: Scenario, loop: int, stem: str, state: str) -> int:
    """The number of the step at which that file is in that state in that loop."""
    steps = crash.plain_run(crash.lengthened(scenario), ROOT, None, None).steps
    return next(s.number for s in steps if s.loop == loop and f"/{stem}." in s.path and s.state == state)


def problems_at(scenario: Scenario, loop: int, stem: str, state: str) -> tuple[str, ...]:
    """What is wrong after a death at that step."""
    (outcome,) = swept(scenario, number=step_of(scenario, loop, stem, state)).outcomes
    return outcome.problems


@pytest.mark.parametrize("loops", [L2, pytest.param(Loops(1, 3), marks=pytest.mark.slow)])
def test_every_step_of_every_write_is_covered_and_passes(tmp_path: Path, loops: Loops) -> None:
    scenario = small(tmp_path)
    sweep = swept(scenario, loops=loops)
    happened = steps_that_happened(scenario, tmp_path / "plain", loops.first, loops.last)
    assert len(sweep.outcomes) == happened > 60
    assert sweep.failed == () and sweep.torn == ()
    assert {o.agreed_after for o in sweep.outcomes} == {0, WITHIN}
    assert {(o.step.writer, o.step.state) for o in sweep.outcomes} == {
        (writer, state) for writer in (EXECUTOR, SYNC_STATE) for state in ("begun", *STATES["replace"])
    }
    first = sweep.outcomes[0].step.number
    assert [o.step.number for o in sweep.outcomes] == list(range(first, first + happened))


@pytest.mark.slow
def test_ten_loops_of_everything_at_every_step(tmp_path: Path) -> None:
    scenario = named("files/every-step", "intended")
    sweep = crash_sweep(scenario, base=ROOT)
    assert len(sweep.outcomes) == steps_that_happened(scenario, tmp_path, 1, 10) > 700
    assert sweep.failed == () and sweep.torn == ()
    assert len({o.step.path for o in sweep.outcomes}) == 16
    page = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
    assert "\n".join(crash_lines(sweep, "files/every-step@intended")) in page


def test_the_docs_name_every_rule_that_must_fire() -> None:
    page = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
    told = [
        line.split(" | ")[0].removeprefix("| ") for line in page.splitlines() if line.startswith("| INV-")
    ]
    assert told == list(crash.FOLLOWS)
    for rule, follow in crash.FOLLOWS.items():
        assert f"| {rule} | {follow.why}" in page


@pytest.fixture(scope="module")
def in_place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Scenario, CrashSweep]:
    """L1 of a run that writes its peak file in place (D-20)."""
    legacy = "executor: {legacy: [D-20], limits"
    scenario = small(tmp_path_factory.mktemp("legacy"), old="executor: {limits", new=legacy)
    return scenario, swept(scenario, loops=Loops(1, 1))


def test_a_file_that_is_written_in_place_is_found_torn(in_place: tuple[Scenario, CrashSweep]) -> None:
    sweep = in_place[1]
    failed = {(o.step.path, o.step.state): o.problems[0] for o in sweep.failed}
    peak = "logs/cache/peak_state.json"
    assert failed.keys() == {(peak, "opened"), (peak, "half written")}
    assert failed[peak, "opened"] == f"{peak} is empty"
    assert "is neither the old nor the new document" in failed[peak, "half written"]
    assert any(f"{peak} is empty" in torn for torn in sweep.torn)


def test_levels_that_a_restart_loses_are_found() -> None:
    """D-13: a partial close unregisters the key, so that a new executor seeds other levels than were published."""
    problems = problems_at(named("ledger/partial-close", "legacy"), 3, "position_tp_sl", "replaced")
    assert "L4: levels of BTCUSDT:LONG are 102.1/98.6, 103.0/98.0 were published" in problems


def test_a_writer_that_leaves_its_temporary_file_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every process names its temporary files otherwise, and nobody clears those of the dead."""
    real, born = Door._places, [0]

    def places(door: Door, path: str) -> tuple[str, str]:
        target, temp = real(door, path)
        born[0] += 1
        del door._paths[path]
        return target, f"{temp}{born[0]}"

    monkeypatch.setattr(Door, "_places", places)
    assert problems_at(small(tmp_path), 2, "nav", "written") == ()  # the next to use the file clears it
    monkeypatch.setattr(Door, "_clear", lambda door, folder, name: None)
    (problem,) = problems_at(small(tmp_path), 2, "nav", "written")
    assert "/.tmp_nav.json." in problem and "still lies there after the next write, in L5" in problem


def test_a_position_that_a_restart_loses_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Rooms.__init__

    def forgetful(rooms: Any, scenario: Any, found: Any, now: Any, venue: Any) -> None:
        real(rooms, scenario, found, now, venue)
        if rooms.run_id.endswith("-2"):
            rooms.positions = type(rooms.positions)((), frozenset())
            rooms.positions.read = lambda *arguments: None

    monkeypatch.setattr(Rooms, "__init__", forgetful)
    problems = problems_at(small(tmp_path), 3, "nav", "written")
    assert "L4: position BTCUSDT:LONG is lost" in problems


def test_rules_that_must_fire_are_named_and_others_are_problems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = small(tmp_path)
    number = step_of(scenario, 2, "nav", "written")  # the entry of L2 shows in L3
    assert swept(scenario, number=number).outcomes[0].follows == ("INV-P07",)
    monkeypatch.setattr(crash, "FOLLOWS", {})
    (problem,) = swept(scenario, number=number).outcomes[0].problems
    assert problem.startswith("L3: INV-P07 fires: positions_state positions")


def test_the_dead_executor_is_silent_until_the_next_loop_and_sync_goes_on(tmp_path: Path) -> None:
    scenario = small(tmp_path)
    steps: list[Step] = []
    simulate(
        scenario, tmp_path, base=tmp_path, door=SteppedDoor(on_step=steps.append), sync_state=MortalMirror
    )
    step = next(s for s in steps if s.loop == 2 and "risk_snapshot" in s.path and s.state == "written")
    writes: dict[int, list[str]] = {}
    door = SteppedDoor(step.number)
    simulate(
        crash._mortal(scenario, step), tmp_path, base=tmp_path, door=door, sync_state=MortalMirror,
        on_loop=lambda record: writes.update({record.loop: [w.path for w in record.writes]}),
    )  # fmt: skip
    assert door.died == step
    assert writes[2][-1] == "logs/state/nav_state.json"
    assert step.path not in writes[2] and step.path in writes[3]


@pytest.mark.parametrize(
    ("more", "options", "words"),
    [
        ("faults: [{at: L2, crash: nav}]\n", {}, "has faults of its own \\(crash\\)"),
        ("", {"loops": Loops(4, 5)}, "loops from 1 to 3 can be swept"),
        ("", {"loops": Loops(2, 1)}, "loops from 1 to 3 can be swept"),
        ("", {"number": 9999}, "there is no step 9999; steps go from 1 to"),
    ],
)
def test_what_cannot_be_swept_is_told(tmp_path: Path, more: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(SimkitError, match=words):
        swept(small(tmp_path, more), **options)


def test_the_table_fits_a_screen_and_tells_how_to_see_a_failure_again(
    in_place: tuple[Scenario, CrashSweep],
) -> None:
    scenario, sweep = in_place
    lines = crash_lines(sweep, "small")
    first = sweep.failed[0].step.number
    assert len(lines) < 40 and max(map(len, lines)) < 130
    assert f"    again: simkit crash-sweep small --step {first}" in lines
    assert f"{len(sweep.outcomes)} steps judged, 2 failed" in lines[-1]
    (again,) = swept(scenario, number=first).outcomes
    assert again == sweep.failed[0]
    plain = crash_plain(sweep)
    assert (plain["failed"], len(plain["steps"])) == (2, len(sweep.outcomes))
