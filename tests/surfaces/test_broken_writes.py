"""Writes that fail, are torn, left half done, made in place, made twice; folders and files that are out of reach."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from make_state import make_scenario, make_state

from simkit.contract.readers import UNREADABLE, read_object
from simkit.contract.table import ORDERS_LOG, PEAK_PATH, VETO_LOG
from simkit.core.acted import Acted
from simkit.core.canon import decode, encode
from simkit.core.files import Door
from simkit.core.settings import Settings
from simkit.scenario.model import (
    BuilderError,
    Crash,
    DamagedFile,
    DirectWrite,
    Fault,
    FolderMissing,
    Loops,
    PowerCut,
    SecondaryWriter,
    TempLeft,
    TornWrite,
    WriteFails,
)
from simkit.surfaces.broken_door import BrokenDoor, door_of
from simkit.surfaces.build_book import positions_state
from simkit.surfaces.stamp import EXECUTOR, SYNC_STATE

NAV = "logs/state/nav.json"
MIRROR = "logs/state/nav_state.json"
LEDGER = "logs/state/positions_ledger.json"
POSITIONS = "logs/state/positions_state.json"
TEMP = "logs/state/.tmp_positions_ledger.json.1"
OLD, NEW = b'{"old":1}', b'{"new":22}'
L5 = Loops(5, 5)
EVERY_THIRD = Loops(5, 9, every=3)


class Bench:
    """A door with old documents behind it, in one loop, and what it notes."""

    def __init__(self, folder: Path, *faults: Fault, loop: int = 5, legacy: tuple[str, ...] = ()) -> None:
        self.acted: Acted[Fault] = Acted(faults)
        self.faults = faults
        self.door = door_of(
            make_scenario(faults=faults, settings=Settings(legacy=legacy)), folder, self.acted
        )
        self.door.loop = 1
        for path in (LEDGER, NAV):
            self.door.replace(path, OLD, EXECUTOR)
        self.door.append(ORDERS_LOG, b"{}\n", EXECUTOR)
        self.door.take_journal()
        self.door.loop = loop

    @property
    def noted(self) -> bool:
        return not self.acted.without_effect

    def on_disk(self) -> dict[str, bytes]:
        found = {
            os.path.relpath(os.path.join(base, name), self.door.root): Path(base, name).read_bytes()
            for base, _, names in os.walk(self.door.root)
            for name in names
        }
        assert {path: data for path, data in found.items() if path != ORDERS_LOG} == self.door.tree
        return found

    def refused(self, path: str, data: bytes = NEW, writer: str = EXECUTOR) -> OSError:
        with pytest.raises(OSError, match="cannot") as caught:
            self.door.replace(path, data, writer)
        return caught.value

    def journal(self) -> list[tuple[str, str, bytes]]:
        return [(write.writer, write.mode, write.data) for write in self.door.journal]


# A scenario whose writes break gets the door for it -----------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        WriteFails(L5, "nav"), TornWrite(L5, "nav"), TempLeft(L5, "nav"), DirectWrite(L5, "nav"),
        SecondaryWriter(L5, "nav"), FolderMissing(L5, "state"),
    ],
    ids=lambda fault: type(fault).__name__,
)  # fmt: skip
def test_each_kind_acts_behind_the_broken_door_and_outside_its_loops_changes_nothing(
    tmp_path: Path, fault: Fault
) -> None:
    bench = Bench(tmp_path, fault, loop=4)
    assert type(bench.door) is BrokenDoor
    bench.door.replace(NAV, NEW, EXECUTOR)
    bench.door.passed("publish")
    bench.door.passed("sync")
    assert bench.on_disk() == {NAV: NEW, LEDGER: OLD, ORDERS_LOG: b"{}\n"}
    assert bench.journal() == [("executor", "replace", NEW)]
    assert not bench.noted


# A write that fails ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EACCES", "EROFS", "EMFILE"])
def test_a_write_that_fails_leaves_the_old_document_and_names_file_and_operation(
    tmp_path: Path, error: str
) -> None:
    bench = Bench(tmp_path, WriteFails(L5, "positions_ledger", error))  # type: ignore[arg-type]
    assert not bench.noted
    problem = bench.refused(LEDGER)
    assert problem.errno == getattr(errno, error)
    assert str(problem.strerror).startswith("cannot write: ")
    assert str(problem.filename).endswith(LEDGER)
    assert bench.on_disk()[LEDGER] == OLD
    assert set(bench.on_disk()) == {NAV, LEDGER, ORDERS_LOG}
    assert bench.journal() == []
    assert bench.noted


def test_without_a_word_the_disk_is_full(tmp_path: Path) -> None:
    assert Bench(tmp_path, WriteFails(L5, "nav")).refused(NAV).errno == errno.ENOSPC


@pytest.mark.parametrize(("loop", "fails"), [(4, False), (5, True), (6, False), (8, True), (9, False)])
def test_a_repeated_failure_strikes_in_its_loops_and_the_next_write_heals(
    tmp_path: Path, loop: int, fails: bool
) -> None:
    bench = Bench(tmp_path, WriteFails(EVERY_THIRD, "positions_ledger"), loop=loop)
    if fails:
        bench.refused(LEDGER)
        bench.door.loop += 1
    bench.door.replace(LEDGER, NEW, EXECUTOR)
    assert bench.on_disk()[LEDGER] == NEW


@pytest.mark.parametrize(
    ("files", "struck"),
    [
        ("nav", [NAV]),
        ("nav_state", [MIRROR]),
        ("peak_state", [PEAK_PATH]),
        ("surfaces", [NAV, MIRROR]),
        ("logs", [ORDERS_LOG, VETO_LOG]),
        ("all", [NAV, MIRROR, PEAK_PATH, ORDERS_LOG, VETO_LOG]),
    ],
)
def test_which_writes_a_word_names(tmp_path: Path, files: str, struck: list[str]) -> None:
    bench = Bench(tmp_path, WriteFails(L5, files))
    found = []
    for path in (NAV, MIRROR, PEAK_PATH, ORDERS_LOG, VETO_LOG):
        write = bench.door.append if path.endswith(".jsonl") else bench.door.replace
        try:
            write(path, b'{"a":1}\n', SYNC_STATE if path == MIRROR else EXECUTOR)
        except OSError:
            found.append(path)
    assert found == struck
    assert bench.noted


def test_lines_that_were_refused_are_not_in_the_log(tmp_path: Path) -> None:
    bench = Bench(tmp_path, WriteFails(L5, "logs", "EROFS"))
    with pytest.raises(OSError, match="cannot append to") as caught:
        bench.door.append(ORDERS_LOG, b'{"a":1}\n', EXECUTOR)
    assert caught.value.errno == errno.EROFS
    bench.door.loop = 6
    bench.door.append(ORDERS_LOG, b'{"b":1}\n', EXECUTOR)
    assert bench.on_disk()[ORDERS_LOG] == b'{}\n{"b":1}\n'


def test_a_write_in_place_fails_before_a_byte_is_lost(tmp_path: Path) -> None:
    bench = Bench(tmp_path, WriteFails(L5, "positions_ledger"))
    with pytest.raises(OSError, match="cannot write"):
        bench.door.overwrite(LEDGER, NEW, EXECUTOR)
    assert bench.on_disk()[LEDGER] == OLD


# Torn, left, in place ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after", "left"), [(None, NEW[:5]), (0, b""), (3, NEW[:3]), (9, NEW[:9])])
def test_a_torn_write_stops_at_its_byte_and_says_so(tmp_path: Path, after: int | None, left: bytes) -> None:
    bench = Bench(tmp_path, TornWrite(L5, "positions_ledger", after))
    assert bench.refused(LEDGER).errno == errno.EIO
    assert bench.on_disk() == {LEDGER: left, NAV: OLD, ORDERS_LOG: b"{}\n"}
    assert bench.journal() == [("executor", "direct", left)]
    assert bench.noted
    bench.door.loop = 6
    bench.door.replace(LEDGER, NEW, EXECUTOR)
    assert bench.on_disk()[LEDGER] == NEW


@pytest.mark.parametrize("after", [10, 11])
def test_a_document_that_ends_before_the_tear_is_whole_and_nothing_has_happened(
    tmp_path: Path, after: int
) -> None:
    bench = Bench(tmp_path, TornWrite(L5, "positions_ledger", after))
    bench.door.replace(LEDGER, NEW, EXECUTOR)
    assert bench.on_disk()[LEDGER] == NEW
    assert bench.journal() == [("executor", "replace", NEW)]
    assert not bench.noted


def test_a_file_that_is_always_written_in_place_is_torn_as_well(tmp_path: Path) -> None:
    bench = Bench(tmp_path, TornWrite(L5, "peak_state", 2))
    with pytest.raises(OSError, match="cannot write"):
        bench.door.overwrite(PEAK_PATH, NEW, EXECUTOR)
    assert bench.on_disk()[PEAK_PATH] == NEW[:2]


def test_a_temporary_file_is_left_beside_the_old_document_until_the_next_write(tmp_path: Path) -> None:
    bench = Bench(tmp_path, TempLeft(L5, "positions_ledger"))
    bench.door.replace(NAV, NEW, EXECUTOR)
    assert "cannot replace" in str(bench.refused(LEDGER))
    assert bench.on_disk() == {LEDGER: OLD, TEMP: NEW, NAV: NEW, ORDERS_LOG: b"{}\n"}
    assert bench.journal() == [("executor", "replace", NEW)]
    assert bench.noted
    bench.door.loop = 6
    bench.door.replace(LEDGER, NEW, EXECUTOR)
    assert bench.on_disk() == {LEDGER: NEW, NAV: NEW, ORDERS_LOG: b"{}\n"}


@pytest.mark.parametrize("kind", [TempLeft, DirectWrite])
def test_a_write_in_place_has_no_temporary_file_and_is_direct_already(
    tmp_path: Path, kind: type[TempLeft | DirectWrite]
) -> None:
    bench = Bench(tmp_path, kind(L5, "positions_ledger"))
    bench.door.overwrite(LEDGER, NEW, EXECUTOR)
    assert bench.on_disk()[LEDGER] == NEW
    assert not bench.noted


def test_a_direct_write_is_whole_and_journalled_as_direct(tmp_path: Path) -> None:
    bench = Bench(tmp_path, DirectWrite(L5, "positions_ledger"))
    bench.door.replace(NAV, NEW, EXECUTOR)
    assert not bench.noted
    bench.door.replace(LEDGER, NEW, EXECUTOR)
    assert bench.on_disk()[LEDGER] == NEW
    assert bench.journal() == [("executor", "replace", NEW), ("executor", "direct", NEW)]
    assert bench.noted


def test_of_two_faults_of_one_write_the_first_strikes_and_the_other_is_without_effect(tmp_path: Path) -> None:
    bench = Bench(tmp_path, WriteFails(L5, "all"), TornWrite(L5, "positions_ledger"))
    bench.refused(LEDGER)
    assert bench.acted.without_effect == (bench.faults[1],)
    assert bench.on_disk()[LEDGER] == OLD


# A second writer ---------------------------------------------------------------------------------------------


def test_a_second_writer_copies_what_stands_once_the_owner_has_written(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SecondaryWriter(L5, "nav"))
    bench.door.replace(NAV, NEW, EXECUTOR)
    assert not bench.noted
    bench.door.passed("publish")
    assert bench.journal() == [("executor", "replace", NEW), ("sync_state", "replace", NEW)]
    bench.door.passed("sync")
    assert len(bench.journal()) == 2
    assert bench.on_disk()[NAV] == NEW
    assert bench.noted


def test_the_second_writer_of_the_mirror_is_the_executor(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SecondaryWriter(L5, "nav_state"))
    bench.door.passed("publish")
    assert bench.journal() == []
    bench.door.replace(MIRROR, NEW, SYNC_STATE)
    bench.door.passed("sync")
    assert bench.journal() == [("sync_state", "replace", NEW), ("executor", "replace", NEW)]


def test_where_nothing_stands_there_is_nothing_to_copy(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SecondaryWriter(L5, "kpis_v7"))
    bench.door.passed("publish")
    assert bench.journal() == []
    assert not bench.noted


def test_the_second_writer_of_positions_knows_time_and_quantity_alone(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SecondaryWriter(L5, "positions_state"))
    bench.door.replace(POSITIONS, encode(positions_state(make_state())), EXECUTOR)
    whole = decode(bench.door.tree[POSITIONS])
    bench.door.passed("publish")
    second = decode(bench.door.tree[POSITIONS])
    assert whole["positions"]
    assert second["updated_ts"] == whole["updated_ts"]
    for mine, theirs in zip(whole["positions"], second["positions"], strict=True):
        lost = ("entry_price", "mark_price", "notional", "realized_pnl", "unrealized_pnl")
        assert {name: theirs[name] for name in lost} == dict.fromkeys(lost, 0)
        assert {**mine, **dict.fromkeys(lost, 0)} == theirs


def test_positions_that_are_no_document_are_copied_as_they_are(tmp_path: Path) -> None:
    bench = Bench(tmp_path, SecondaryWriter(L5, "positions_state"))
    bench.door.replace(POSITIONS, b"[]", EXECUTOR)
    bench.door.passed("publish")
    assert bench.on_disk()[POSITIONS] == b"[]"


# A folder that is gone ---------------------------------------------------------------------------------------


def test_a_folder_is_gone_with_all_that_lay_in_it_and_the_first_write_makes_it_anew(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FolderMissing(L5, "state"))
    bench.door.append(ORDERS_LOG, b"{}\n", EXECUTOR)
    bench.door.replace(NAV, NEW, EXECUTOR)
    assert bench.on_disk() == {NAV: NEW, ORDERS_LOG: b"{}\n{}\n"}
    assert bench.noted
    bench.door.replace(LEDGER, NEW, EXECUTOR)
    bench.door.passed("publish")
    assert set(bench.on_disk()) == {NAV, LEDGER, ORDERS_LOG}


def test_a_log_whose_folder_is_gone_begins_anew(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FolderMissing(L5, "logs"))
    assert bench.door.read(ORDERS_LOG) is None
    bench.door.append(ORDERS_LOG, b'{"b":1}\n', EXECUTOR)
    assert bench.on_disk() == {NAV: OLD, LEDGER: OLD, ORDERS_LOG: b'{"b":1}\n'}


def test_a_write_in_place_makes_its_folder_anew_too(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FolderMissing(L5, "cache"), loop=4)
    bench.door.overwrite(PEAK_PATH, OLD, EXECUTOR)
    bench.door.loop = 5
    assert bench.door.read(PEAK_PATH) is None
    bench.door.overwrite(PEAK_PATH, NEW, EXECUTOR)
    assert bench.on_disk()[PEAK_PATH] == NEW


def test_a_folder_that_was_never_made_cannot_be_missed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FolderMissing(L5, "cache"))
    bench.door.passed("publish")
    assert set(bench.on_disk()) == {NAV, LEDGER, ORDERS_LOG}
    assert not bench.noted


def test_it_is_gone_once_in_each_of_its_loops(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FolderMissing(EVERY_THIRD, "state"))
    seen = []
    for bench.door.loop in range(5, 10):
        seen.append(bench.door.read(LEDGER) is None)
        bench.door.replace(LEDGER, NEW, EXECUTOR)
    assert seen == [True, False, False, True, False]


# A file that cannot be read ----------------------------------------------------------------------------------


def test_an_unreadable_file_is_there_and_nobody_learns_what_it_says(tmp_path: Path) -> None:
    bench = Bench(tmp_path, DamagedFile(L5, "nav", "unreadable"))
    bench.door.replace(NAV, NEW, EXECUTOR)
    bench.door.passed("publish")
    with pytest.raises(OSError, match="cannot read: Permission denied") as caught:
        bench.door.read(NAV)
    assert caught.value.errno == errno.EACCES
    shown = bench.door.tree[NAV]
    assert shown is UNREADABLE
    assert read_object(shown) == (None, "cannot be read: Permission denied")
    assert bench.noted
    assert bench.door.read(LEDGER) == OLD


def test_the_next_write_can_be_read_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, DamagedFile(L5, "nav", "unreadable"))
    bench.door.passed("publish")
    bench.door.loop = 6
    bench.door.replace(NAV, NEW, EXECUTOR)
    assert bench.door.read(NAV) == NEW
    assert bench.on_disk()[NAV] == NEW


def test_a_file_that_is_not_there_cannot_be_unreadable(tmp_path: Path) -> None:
    bench = Bench(tmp_path, DamagedFile(L5, "kpis_v7", "unreadable"))
    bench.door.passed("publish")
    assert bench.door.read("logs/state/kpis_v7.json") is None
    assert not bench.noted


# Faults that change something say so ---------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["empty", "array", "truncated", "deleted"])
def test_damage_is_noted_where_the_content_differs(tmp_path: Path, how: str) -> None:
    bench = Bench(tmp_path, DamagedFile(L5, "nav", how))  # type: ignore[arg-type]
    bench.door.loop = 4
    bench.door.passed("publish")
    assert not bench.noted
    bench.door.loop = 5
    bench.door.passed("publish")
    assert bench.noted


def test_what_is_deleted_already_is_not_deleted(tmp_path: Path) -> None:
    bench = Bench(tmp_path, DamagedFile(L5, "kpis_v7", "deleted"))
    bench.door.passed("publish")
    assert not bench.noted


@pytest.mark.parametrize(("stem", "noted"), [("nav", True), ("kpis_v7", False)])
@pytest.mark.parametrize("legacy", [(), ("D-20",)])
def test_a_power_cut_is_noted_where_a_file_could_be_lost(
    tmp_path: Path, stem: str, noted: bool, legacy: tuple[str, ...]
) -> None:
    bench = Bench(tmp_path, PowerCut(L5, stem), legacy=legacy)
    bench.door.passed("publish")
    assert not bench.noted
    bench.door.passed("sync")
    assert bench.noted is noted


def test_a_death_is_noted_when_somebody_dies(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Crash(L5, "positions_ledger"))
    bench.door.replace(NAV, NEW, EXECUTOR)
    assert not bench.noted
    bench.door.replace(LEDGER, NEW, SYNC_STATE)
    assert bench.noted


def test_a_builder_is_none_of_the_doors_business(tmp_path: Path) -> None:
    assert type(Bench(tmp_path, BuilderError(L5, "nav")).door) is Door
