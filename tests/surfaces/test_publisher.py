"""The publisher: order, ownership, failing writes, and the opening state."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from make_state import PERIOD_US, POSITIONS, START_US, flat_state, make_scenario, make_state
from memory_door import MemoryDoor, longest_file
from msgspec.structs import replace
from publisher_kit import INTEL, KEPT, NAMES, VENUE, Scripted, loop_input, path, published

from simkit.contract.table import MANIFEST_PATH, ORDERS_LOG, PEAK_PATH, REGISTRY_PATH, manifest
from simkit.core import canon
from simkit.core.acted import Acted
from simkit.core.files import Door
from simkit.core.numeric import PRICE, QTY
from simkit.core.settings import Settings
from simkit.executor.port import ExecutorDied
from simkit.executor.state import ExecutorState, RegistryEntry
from simkit.scenario.model import Crash, Loops, OpeningPosition
from simkit.surfaces import peak_file
from simkit.surfaces.broken_door import door_of
from simkit.surfaces.disk import read_disk
from simkit.surfaces.opening import lay_opening_state
from simkit.surfaces.publish import Publisher

# Order and ownership ---------------------------------------------------------------------------------------


def test_files_are_written_most_upstream_first_and_intel_last() -> None:
    door = MemoryDoor()
    published(door, make_state())
    assert [write.path for write in door.journal] == [path(name) for name in (*NAMES, *INTEL, *KEPT)]


def test_without_intel_nothing_of_it_is_written() -> None:
    door = MemoryDoor()
    published(door, make_state(intel=None))
    assert [write.path for write in door.journal] == [path(name) for name in (*NAMES, *KEPT)]


def test_without_factor_vectors_the_old_factor_file_stays() -> None:
    door = MemoryDoor()
    state = make_state()
    assert state.intel is not None
    published(door, state)
    before = door.tree[path("factor_diagnostics")]
    empty = replace(state.intel, factors=replace(state.intel.factors, vectors=()))
    published(door, replace(state, loop=3, ts=state.ts + PERIOD_US, intel=empty))
    assert [write.path for write in door.journal] == [path(name) for name in (*NAMES, *INTEL[:2], *KEPT)]
    assert door.tree[path("factor_diagnostics")] is before


def test_every_write_is_the_executors_whole_document_in_its_loop(tmp_path: Path) -> None:
    door = Door(tmp_path)
    published(door, make_state())
    writes = door.take_journal()
    assert {(w.writer, w.mode, w.loop) for w in writes} == {("executor", "replace", 2)}
    assert path("nav_state") not in door.tree
    for write in writes:
        assert (tmp_path / write.path).read_bytes() == write.data == door.tree[write.path]
    assert sorted(os.listdir(tmp_path / "logs/state")) == sorted(f"{n}.json" for n in (*NAMES, *INTEL))


def test_name_and_capabilities_are_those_of_the_inner_executor() -> None:
    publisher = Publisher(lambda: Scripted(flat_state()), make_scenario(), MemoryDoor())
    assert publisher.name == "scripted"
    assert publisher.capabilities == {"restart"}


# Failing writes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("refused", [*NAMES, *INTEL, *KEPT])
def test_one_failing_write_stops_no_other(refused: str) -> None:
    door = MemoryDoor()
    published(door, make_state())
    before = door.tree[path(refused)]
    door.refused = {path(refused)}
    state = make_state(loop=3, ts=START_US + 2 * PERIOD_US)
    publisher = published(door, state)
    assert [w.path for w in door.journal] == [path(n) for n in (*NAMES, *INTEL, *KEPT) if n != refused]
    assert door.tree[path(refused)] is before
    (failure,) = [f for f in publisher.failed if f.operation == "write"]
    assert (failure.loop, failure.path) == (3, path(refused))
    assert "No space left" in failure.reason


def test_failures_are_those_of_the_last_loop() -> None:
    door = MemoryDoor()
    door.refused = {path("nav")}
    publisher = published(door, make_state())
    door.refused = set()
    publisher.step(loop_input(make_state()), VENUE)
    assert publisher.failed == []


def test_a_broken_row_freezes_positions_state_alone() -> None:
    door = MemoryDoor()
    published(door, make_state())
    before = door.tree[path("positions_state")]
    broken = replace(POSITIONS[0], mark=0)
    publisher = published(door, make_state(loop=3, positions=(broken,)))
    assert door.tree[path("positions_state")] is before
    written = [n for n in (*NAMES, *INTEL, *KEPT) if n != "positions_state"]
    assert [w.path for w in door.journal] == [path(n) for n in written]
    assert "mark 0.0" in publisher.failed[0].reason


def test_a_full_disk_leaves_the_old_documents_and_no_temporary_file(tmp_path: Path) -> None:
    door = Door(tmp_path)
    published(door, make_state())
    before = {n: (tmp_path / path(n)).read_bytes() for n in NAMES}
    with longest_file(400):
        publisher = published(door, make_state(loop=3, ts=START_US + 2 * PERIOD_US, intel=None))
    assert [f.path for f in publisher.failed] == [path(n) for n in NAMES if n != "engine_metadata"]
    for name in NAMES:
        same = (tmp_path / path(name)).read_bytes() == before[name]
        assert same is (name != "engine_metadata")
    assert [name for name in os.listdir(tmp_path / "logs/state") if name.startswith(".tmp_")] == []


def test_a_target_that_cannot_be_replaced_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / path("nav")).mkdir(parents=True)
    publisher = published(Door(tmp_path), make_state())
    assert [f.path for f in publisher.failed if f.operation == "write"] == [path("nav")]
    assert [name for name in os.listdir(tmp_path / "logs/state") if name.startswith(".tmp_")] == []


# The peak file ---------------------------------------------------------------------------------------------


def kept_in(publisher: Publisher, door: MemoryDoor, state: ExecutorState) -> list[str]:
    """How one more loop writes the peak file."""
    door.take_journal()
    publisher.publish(state)
    return [write.mode for write in door.take_journal() if write.path == PEAK_PATH]


def test_the_peak_file_is_written_when_it_changes_and_tried_again_after_a_failure() -> None:
    door, state = MemoryDoor(), make_state(intel=None)
    publisher = published(door, state)
    assert kept_in(publisher, door, replace(state, loop=3)) == []
    higher = replace(state, loop=4, kept=replace(state.kept, peak=state.kept.peak + 1))
    door.refused = {PEAK_PATH}
    assert kept_in(publisher, door, higher) == []
    door.refused = set()
    assert kept_in(publisher, door, replace(higher, loop=5)) == ["replace"]
    assert kept_in(publisher, door, replace(higher, loop=6)) == []


def test_the_peak_file_is_complete_and_written_in_place_under_d20_alone(tmp_path: Path) -> None:
    state = make_state()
    for legacy, mode in ((), "replace"), (("D-20",), "direct"):
        door = Door(tmp_path)
        scenario = make_scenario(settings=Settings(legacy=legacy))
        Publisher(lambda: Scripted(state), scenario, door).publish(state)
        write = door.take_journal()[-1]
        assert (write.path, write.mode, write.data) == (PEAK_PATH, mode, door.tree[PEAK_PATH])
        assert peak_file.read(door) == state.kept


def test_a_death_over_the_peak_file_tears_it_only_where_it_is_written_in_place(tmp_path: Path) -> None:
    state = make_state()
    for legacy, survives in ((), True), (("D-20",), False):
        fault = Crash(Loops(3, 3), "peak_state", "during")
        scenario = make_scenario(settings=Settings(legacy=legacy), faults=(fault,))
        door = door_of(scenario, tmp_path / str(survives), Acted())
        publisher = Publisher(lambda: Scripted(state), scenario, door)
        publisher.publish(state)
        door.loop = 3
        with pytest.raises(ExecutorDied):
            publisher.publish(replace(state, loop=3))
        assert peak_file.read(door) == (state.kept if survives else None)


class _Refusing(Door):
    """Refuses to read the registry and the log of orders."""

    def read(self, path: str) -> bytes | None:
        if path in (REGISTRY_PATH, ORDERS_LOG):
            raise PermissionError(13, "cannot read", path)
        return super().read(path)


def test_what_a_start_up_cannot_read_counts_as_none_and_is_told_once(tmp_path: Path) -> None:
    state = make_state()
    publisher = Publisher(lambda: Scripted(state), make_scenario(), _Refusing(tmp_path))
    publisher.start(state.ts, VENUE)
    publisher.step(loop_input(state), VENUE)
    assert [(f.path, f.operation) for f in publisher.failed] == [
        (ORDERS_LOG, "read"),
        (REGISTRY_PATH, "read"),
    ]
    publisher.step(loop_input(state), VENUE)
    assert publisher.failed == []


# Opening state ---------------------------------------------------------------------------------------------


def test_the_opening_lays_the_manifest_and_leaves_the_journal_empty(tmp_path: Path) -> None:
    door = Door(tmp_path)
    lay_opening_state(door, make_scenario())
    assert door.journal == []
    assert list(door.tree) == [MANIFEST_PATH]
    data = (tmp_path / MANIFEST_PATH).read_bytes()
    assert data == canon.canonical(data)
    assert canon.decode(data) == manifest()


def test_positions_with_levels_open_registered_and_those_without_do_not() -> None:
    door = MemoryDoor()
    opening = (
        OpeningPosition("ETHUSDT", "SHORT", 2 * QTY, 50 * PRICE, 35 * PRICE, 65 * PRICE),
        OpeningPosition("BTCUSDT", "LONG", QTY, 100 * PRICE, None, 70 * PRICE),
        OpeningPosition("SOLUSDT", "LONG", QTY, 20 * PRICE),
    )
    lay_opening_state(door, make_scenario(positions=opening))
    data = door.tree[REGISTRY_PATH]
    assert data == canon.canonical(data)
    entries = canon.decode(data)["entries"]
    assert list(entries) == ["BTCUSDT:LONG", "ETHUSDT:SHORT"]
    assert entries["BTCUSDT:LONG"]["take_profit_price"] is None
    assert entries["BTCUSDT:LONG"]["stop_loss_price"] == 70.0
    assert "source" not in entries["BTCUSDT:LONG"]
    disk = read_disk(door, 1)
    assert disk.registry is not None
    assert disk.registry["ETHUSDT:SHORT"] == RegistryEntry(
        "ETHUSDT", "SHORT", 35 * PRICE, 65 * PRICE, 50 * PRICE, 2 * QTY, START_US
    )


def test_positions_without_any_level_leave_no_registry() -> None:
    door = MemoryDoor()
    lay_opening_state(door, make_scenario(positions=(OpeningPosition("SOLUSDT", "LONG", QTY, 20 * PRICE),)))
    assert REGISTRY_PATH not in door.tree
