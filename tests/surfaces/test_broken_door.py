"""File and process faults: what breaks, what stands on disk and in the tree afterwards, and what stays as it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from make_state import make_scenario

from simkit.contract.table import PEAK_PATH
from simkit.core.acted import Acted
from simkit.core.files import Door
from simkit.core.settings import Settings
from simkit.executor.port import ExecutorDied
from simkit.scenario.model import BuilderError, Crash, DamagedFile, Fault, Loops, PowerCut, SyncDown
from simkit.surfaces.broken_door import BrokenDoor, door_of
from simkit.surfaces.stamp import EXECUTOR, SYNC_STATE

NAV = "logs/state/nav.json"
MIRROR = "logs/state/nav_state.json"
LEDGER = "logs/state/positions_ledger.json"
TEMP = "logs/state/.tmp_positions_ledger.json.1"
L5 = Loops(5, 5)


def door(folder: Path, *faults: Fault, loop: int = 5, legacy: tuple[str, ...] = ()) -> Door:
    """A door with an old ledger behind it, in `loop`."""
    made = door_of(make_scenario(faults=faults, settings=Settings(legacy=legacy)), folder, Acted(faults))
    made.loop = 1
    made.replace(LEDGER, b'{"old":1}', EXECUTOR)
    made.take_journal()
    made.loop = loop
    return made


def on_disk(of: Door) -> dict[str, bytes]:
    """Every file below the root; the tree says the same."""
    found = {
        os.path.relpath(os.path.join(base, name), of.root): Path(base, name).read_bytes()
        for base, _, names in os.walk(of.root)
        for name in names
    }
    assert found == of.tree
    return found


@pytest.mark.parametrize("faults", [(), (SyncDown(L5),), (BuilderError(L5, "nav"),)])
def test_a_scenario_whose_files_do_not_break_writes_through_the_plain_door(
    tmp_path: Path, faults: tuple[Fault, ...]
) -> None:
    assert type(door_of(make_scenario(faults=faults), tmp_path, Acted())) is Door


@pytest.mark.parametrize(
    "fault", [Crash(L5, "nav"), PowerCut(L5, "nav"), DamagedFile(L5, "nav", "empty")], ids=repr
)
def test_one_whose_files_do_gets_the_broken_door(tmp_path: Path, fault: Fault) -> None:
    assert type(door_of(make_scenario(faults=(fault,)), tmp_path, Acted())) is BrokenDoor


def passed(made: Door) -> None:
    """The steps that leave files are over."""
    made.passed("publish")
    made.passed("sync")


# Crash -----------------------------------------------------------------------------------------------------

NEW = b'{"new":22}'
HALF = b'{"new'


@pytest.mark.parametrize(
    ("when", "left", "journal"),
    [
        ("before", {LEDGER: b'{"old":1}'}, []),
        ("during", {LEDGER: b'{"old":1}', TEMP: HALF}, []),
        ("after", {LEDGER: NEW}, [("replace", NEW)]),
    ],
)
def test_a_death_at_an_atomic_write_leaves_a_whole_document(
    tmp_path: Path, when: str, left: dict[str, bytes], journal: list[tuple[str, bytes]]
) -> None:
    made = door(tmp_path, Crash(L5, "positions_ledger", when))  # type: ignore[arg-type]
    with pytest.raises(ExecutorDied):
        made.replace(LEDGER, NEW, EXECUTOR)
    assert on_disk(made) == left
    assert [(write.mode, write.data) for write in made.journal] == journal


@pytest.mark.parametrize(
    ("when", "left", "journal"),
    [("before", b'{"old":1}', []), ("during", HALF, [("direct", HALF)]), ("after", NEW, [("direct", NEW)])],
)
def test_a_death_at_a_write_in_place_tears_the_document(
    tmp_path: Path, when: str, left: bytes, journal: list[tuple[str, bytes]]
) -> None:
    made = door(tmp_path, Crash(L5, "positions_ledger", when))  # type: ignore[arg-type]
    with pytest.raises(ExecutorDied):
        made.overwrite(LEDGER, NEW, EXECUTOR)
    assert on_disk(made) == {LEDGER: left}
    assert [(write.mode, write.data) for write in made.journal] == journal


def test_the_next_whole_write_uses_the_leftover_up(tmp_path: Path) -> None:
    made = door(tmp_path, Crash(L5, "positions_ledger", "during"))
    with pytest.raises(ExecutorDied):
        made.replace(LEDGER, NEW, EXECUTOR)
    made.loop = 6
    made.replace(NAV, b"{}", EXECUTOR)
    assert TEMP in on_disk(made)
    made.replace(LEDGER, NEW, EXECUTOR)
    assert on_disk(made) == {LEDGER: NEW, NAV: b"{}"}


@pytest.mark.parametrize(("loop", "path"), [(4, LEDGER), (6, LEDGER), (5, NAV)])
def test_other_loops_and_other_files_are_none_of_it(tmp_path: Path, loop: int, path: str) -> None:
    made = door(tmp_path, Crash(L5, "positions_ledger", "during"), loop=loop)
    made.replace(path, NEW, EXECUTOR)
    made.overwrite(path, NEW, EXECUTOR)
    assert on_disk(made)[path] == NEW
    assert [write.mode for write in made.journal] == ["replace", "direct"]


def test_sync_state_is_up_again_at_once(tmp_path: Path) -> None:
    made = door(tmp_path, Crash(L5, "peak_state", "during"))
    made.overwrite(PEAK_PATH, NEW, SYNC_STATE)
    assert on_disk(made)[PEAK_PATH] == HALF


# After publish and sync ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("legacy", "left"), [((), NEW), (("D-20",), b"")])
def test_a_power_cut_keeps_what_was_synced(tmp_path: Path, legacy: tuple[str, ...], left: bytes) -> None:
    made = door(tmp_path, PowerCut(L5, "positions_ledger"), legacy=legacy)
    made.replace(NAV, NEW, EXECUTOR)
    made.replace(LEDGER, NEW, EXECUTOR)
    made.take_journal()
    passed(made)
    assert on_disk(made) == {NAV: NEW, LEDGER: left}
    assert made.journal == []


def test_a_power_cut_makes_no_file_that_was_not_there(tmp_path: Path) -> None:
    made = door(tmp_path, PowerCut(L5, "nav"), legacy=("D-20",))
    passed(made)
    assert on_disk(made) == {LEDGER: b'{"old":1}'}


@pytest.mark.parametrize(
    ("how", "left"),
    [("empty", b""), ("deleted", None), ("array", b'[{"new":22}]'), ("truncated", HALF)],
)
def test_a_damaged_file_is_what_the_tree_shows(tmp_path: Path, how: str, left: bytes | None) -> None:
    made = door(tmp_path, DamagedFile(L5, "positions_ledger", how))  # type: ignore[arg-type]
    made.replace(LEDGER, NEW, EXECUTOR)
    made.take_journal()
    passed(made)
    assert on_disk(made) == ({} if left is None else {LEDGER: left})
    assert made.journal == []


@pytest.mark.parametrize(("loop", "damaged"), [(4, False), (5, True), (7, True), (8, False)])
def test_damage_is_done_in_every_loop_of_its_range(tmp_path: Path, loop: int, damaged: bool) -> None:
    made = door(tmp_path, DamagedFile(Loops(5, 7), "positions_ledger", "empty"), loop=loop)
    passed(made)
    assert (on_disk(made)[LEDGER] == b"") is damaged


@pytest.mark.parametrize(("how", "left"), [("deleted", None), ("empty", b""), ("array", b"[]")])
def test_a_file_that_is_not_there_can_be_damaged(tmp_path: Path, how: str, left: bytes | None) -> None:
    made = door(tmp_path, DamagedFile(L5, "nav", how))  # type: ignore[arg-type]
    passed(made)
    assert on_disk(made).get(NAV) == left


def test_a_write_in_place_is_journalled_as_direct(tmp_path: Path) -> None:
    made = Door(tmp_path)
    made.loop = 3
    long, short = b"x" * 1000, b"{}"
    for data in (long, short):
        made.overwrite(NAV, data, EXECUTOR)
    assert on_disk(made) == {NAV: short}
    assert [(w.loop, w.writer, w.mode, w.data) for w in made.take_journal()] == [
        (3, "executor", "direct", long), (3, "executor", "direct", short),
    ]  # fmt: skip


def test_an_ordinary_door_passes_without_a_trace(tmp_path: Path) -> None:
    made = door(tmp_path)
    passed(made)
    assert on_disk(made) == {LEDGER: b'{"old":1}'}
    assert made.journal == []


def test_the_sync_meets_damaged_files_of_the_executor_and_not_its_own(tmp_path: Path) -> None:
    made = door(tmp_path, DamagedFile(L5, "nav", "empty"), DamagedFile(L5, "nav_state", "empty"))
    made.replace(NAV, NEW, EXECUTOR)
    made.replace(MIRROR, NEW, SYNC_STATE)
    made.passed("publish")
    assert (made.tree[NAV], made.tree[MIRROR]) == (b"", NEW)
    made.replace(MIRROR, NEW, SYNC_STATE)
    made.passed("sync")
    assert (made.tree[NAV], made.tree[MIRROR]) == (b"", b"")


def test_the_power_fails_after_the_sync(tmp_path: Path) -> None:
    made = door(tmp_path, PowerCut(L5, "nav_state"), legacy=("D-20",))
    made.passed("publish")
    made.replace(MIRROR, NEW, SYNC_STATE)
    assert on_disk(made)[MIRROR] == NEW
    made.passed("sync")
    assert on_disk(made)[MIRROR] == b""
