"""Group D of the incidents as readers of the folder meet it, and what the writers tell: badges, health, failures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from simkit.contract.table import ORDERS_LOG, PEAK_PATH, VETO_LOG
from simkit.core.canon import decode
from simkit.core.files import Door, read_tree
from simkit.executor.reference import ReferenceExecutor
from simkit.run import RunResult, simulate
from simkit.scenario.compile import Origin, compile_scenarios
from simkit.scenario.model import BuilderError, Loops, Scenario, WriteFails
from simkit.surfaces.dashboard import Badges, Dashboard, read_dashboard
from simkit.surfaces.failure import FileFailure
from simkit.surfaces.mirror import Mirror
from simkit.surfaces.publish import Publisher
from simkit.trace.record import LoopRecord

FILES = Path(__file__).parents[2] / "scenarios" / "files"
#: What a loop without intel writes, the peak file aside.
PER_LOOP = [
    "nav", "positions_state", "position_tp_sl", "positions_ledger", "risk_snapshot", "router_health", "kpis_v7",
    "diagnostics", "engine_metadata",
]  # fmt: skip


def scenario(name: str) -> Scenario:
    """A scenario of the library by its id, `@variant` where it has some."""
    stem, _, variant = name.partition("@")
    text = (FILES / f"{stem}.yaml").read_bytes()
    found = compile_scenarios(text, Origin(f"{stem}.yaml", "files", stem, FILES))
    return next(one for one in found if one.variant == variant)


class Play:
    """A run; loop n stands at [n - 1]. `names`, `trees`: the folder after its sync."""

    def __init__(self, of: Scenario, folder: Path) -> None:
        self.panels: list[Dashboard] = []
        self.trees: list[dict[str, bytes]] = []
        self.names: list[set[str]] = []
        self.failed: list[list[FileFailure]] = []
        self.mirror_failed: list[FileFailure | None] = []
        self._publisher: Publisher | None = None
        self._mirror: Mirror | None = None
        self._folder = folder
        self.result: RunResult = simulate(
            of, folder, base=FILES, make=self._make, sync_state=self._sync, on_loop=self._look
        )

    def _make(self, of: Scenario, door: Door) -> Publisher:
        self._publisher = Publisher(lambda: ReferenceExecutor(of), of, door)
        return self._publisher

    def _sync(self, door: Door, of: Scenario) -> Mirror:
        self._mirror = Mirror(door, of)
        return self._mirror

    def _look(self, record: LoopRecord) -> None:
        assert self._publisher is not None
        assert self._mirror is not None
        before = read_tree(self._folder)
        self.panels.append(read_dashboard(self._folder / "logs/state", record.ts))
        assert read_tree(self._folder) == before  # a reader changes no byte (INV-G15)
        self.trees.append(before)
        self.names.append(set(os.listdir(self._folder / "logs/state")))
        self.failed.append(list(self._publisher.failed))
        self.mirror_failed.append(self._mirror.failed)


def state(stem: str) -> str:
    return f"logs/state/{stem}.json"


# What readers see --------------------------------------------------------------------------------------------


def test_frozen_positions_are_not_stale_for_a_quarter_of_an_hour(tmp_path: Path) -> None:
    play = Play(scenario("positions-frozen@denied"), tmp_path)
    assert all(panel.health.healthy for panel in play.panels)
    before, after = play.trees[2], play.trees[7]
    assert [stem for stem in PER_LOOP if before[state(stem)] == after[state(stem)]] == ["positions_state"]
    assert [len(failed) for failed in play.failed] == [0, 0, 0, 1, 1, 1, 1, 1, 0, 0]


def test_a_second_writer_shows_a_position_worth_nothing(tmp_path: Path) -> None:
    panels = Play(scenario("second-writer"), tmp_path).panels
    assert [panel.positions[0]["notional"] for panel in panels] == [500, 500, 500, 0, 500, 500]
    assert {panel.ledger_status for panel in panels} == {"ok"}


@pytest.mark.parametrize(("variant", "status"), [("torn", "error"), ("temp", "ok")])
def test_a_torn_ledger_is_none_and_one_beside_its_leftover_is_whole(
    tmp_path: Path, variant: str, status: str
) -> None:
    play = Play(scenario(f"torn-write@{variant}"), tmp_path)
    assert [panel.ledger_status for panel in play.panels[4:7]] == ["ok", status, "ok"]
    left = [[name for name in names if name.startswith(".tmp_")] for names in play.names]
    assert left == [[], [], [], [], [], [".tmp_positions_ledger.json.1"] if variant == "temp" else [], [], []]
    (failure,) = play.failed[5]
    assert (failure.loop, failure.path, failure.operation) == (6, state("positions_ledger"), "write")


def test_a_mirror_that_stands_still_is_stale_on_its_badge_long_before_the_health_report(
    tmp_path: Path,
) -> None:
    panels = Play(scenario("sync-down"), tmp_path).panels
    stale = [loop for loop, panel in enumerate(panels, 1) if panel.nav_stale]
    reported = [loop for loop, panel in enumerate(panels, 1) if panel.health.stale_files == ("nav_state",)]
    assert (stale, reported) == (list(range(10, 26)), list(range(20, 26)))
    assert [panel.health.healthy for panel in panels] == [loop not in reported for loop in range(1, 29)]


def test_an_empty_a_missing_and_a_wrong_typed_file_are_defaults(tmp_path: Path) -> None:
    play = Play(scenario("wrong-typed-files@intended"), tmp_path)
    panel = play.panels[4]
    assert panel.badges == Badges("DD_NORMAL", "RISK_NORMAL", "NEUTRAL")
    assert panel.health.missing_files == ("router_health",)
    assert "kpis_v7:invalid_json" in panel.health.schema_violations
    assert any(text.startswith("risk_snapshot:missing_one_of") for text in panel.health.schema_violations)
    assert (panel.docs["risk_snapshot"], panel.docs["router_health"], panel.docs["kpis_v7"]) == ({}, {}, {})
    assert all(play.panels[loop - 1].health.healthy for loop in (4, 6, 7))


def test_on_a_full_disk_every_file_is_frozen_and_whole(tmp_path: Path) -> None:
    play = Play(scenario("disk-full"), tmp_path)
    assert play.trees[3] == play.trees[4] == play.trees[5] == play.trees[6]
    assert all(panel.health.healthy for panel in play.panels)
    assert not [name for names in play.names for name in names if name.startswith(".tmp_")]
    assert ORDERS_LOG not in play.trees[-1]


# What writers say --------------------------------------------------------------------------------------------


def test_on_a_full_disk_each_failure_names_loop_file_and_operation(tmp_path: Path) -> None:
    play = Play(scenario("disk-full"), tmp_path)
    failed = play.failed[5]
    assert [failure.path for failure in failed] == [ORDERS_LOG, *map(state, PER_LOOP)]
    assert [failure.operation for failure in failed] == ["append to", *["write"] * 9]
    assert {failure.loop for failure in failed} == {6}
    assert all("cannot" in failure.reason and failure.path in failure.reason for failure in failed)
    mirrored = play.mirror_failed[5]
    assert mirrored is not None
    assert (mirrored.loop, mirrored.path, mirrored.operation) == (6, state("nav_state"), "write")
    assert [len(failures) for failures in play.failed] == [0, 0, 0, 0, 9, 10, 9, 0, 0, 0]
    assert [failure is None for failure in play.mirror_failed] == [
        loop not in (5, 6, 7) for loop in range(1, 11)
    ]


def test_the_peak_file_is_tried_until_it_is_kept_and_both_logs_are_tried_once(tmp_path: Path) -> None:
    play = Play(scenario("write-errors"), tmp_path)
    failed = {
        loop: [(failure.path, failure.operation) for failure in failures]
        for loop, failures in enumerate(play.failed, 1)
        if failures
    }
    assert failed == {
        3: [(state("kpis_v7"), "write")],
        4: [(ORDERS_LOG, "append to"), (VETO_LOG, "append to")],
        8: [(PEAK_PATH, "write")],
        9: [(PEAK_PATH, "write")],
    }
    peaks = [decode(tree[PEAK_PATH])["peak_nav"] for tree in play.trees]
    assert peaks == [10000] * 9 + [10500] * 3


def test_a_mirror_that_cannot_read_its_source_names_the_source(tmp_path: Path) -> None:
    failed = Play(scenario("unreadable"), tmp_path).mirror_failed
    (failure,) = [failure for failure in failed if failure is not None]
    assert (failure.loop, failure.path, failure.operation) == (4, state("nav"), "read")
    assert "Permission denied" in failure.reason


@pytest.mark.parametrize(("at", "noted"), [(Loops(3, 3), True), (Loops(30, 30), False)])
def test_a_builder_that_fails_is_named_and_noted(tmp_path: Path, at: Loops, noted: bool) -> None:
    fault = BuilderError(at, "kpis_v7")
    of = scenario("wrong-age@intended")
    play = Play(replace(of, faults=(fault,)), tmp_path)
    failures = [failure for failures in play.failed for failure in failures]
    assert [(f.loop, f.path, f.operation) for f in failures] == [(3, state("kpis_v7"), "build")] * noted
    assert play.result.judgement.without_effect == (() if noted else (fault,))


def test_a_write_that_nobody_makes_cannot_fail(tmp_path: Path) -> None:
    fault = WriteFails(Loops(3, 3), "factor_diagnostics")  # intel runs in L1 only
    of = scenario("wrong-age@intended")
    play = Play(replace(of, faults=(fault,)), tmp_path)
    assert play.result.judgement.without_effect == (fault,)


# Repeatable --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "positions-frozen@denied", "second-writer", "torn-write@torn", "torn-write@temp", "disk-full", "unreadable",
        "folder-missing", "write-in-place", "write-errors",
    ],
)  # fmt: skip
def test_a_fault_leaves_the_same_bytes_each_time_and_has_an_effect(tmp_path: Path, name: str) -> None:
    of, folders = scenario(name), (tmp_path / "first", tmp_path / "second")
    first, second = (simulate(of, folder, base=FILES) for folder in folders)
    assert read_tree(folders[0]) == read_tree(folders[1])
    assert first.recording.running == second.recording.running
    assert first.judgement.without_effect == ()
    assert first.judgement.ok
