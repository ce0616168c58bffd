"""Executors that hang, two at once, a config that cannot be read: who writes, who is told what, and what stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from process_kit import play, scenario_of

from simkit.core.files import Door
from simkit.executor.port import Executor
from simkit.run import reference, simulate
from simkit.scenario.model import Scenario
from simkit.surfaces.processes import Processes

RESTS = "signals: [{at: L2, open: ETHUSDT:LONG, qty: 2, limit: 49, tp: 60, sl: 40}]\n"
DIPS = """\
simkit: 1
id: s
seed: 1
clock: {start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 8}
account: {cash: 10000 USD}
prices: {BTCUSDT: 100, ETHUSDT: {L1: 50, L4: 48.9}}
"""
EACH = "signals: [{at: L1.., open: BTCUSDT:LONG, usd: 100, tp: 130, sl: 70}]\nexecutor: {limits: {allow_add: true}}\n"


def test_one_that_hangs_writes_nothing_and_goes_on_as_the_same_process(tmp_path: Path) -> None:
    played = play(tmp_path, EACH + "faults: [{at: L3..L5, hang: true}]\n")
    assert played.acted
    times = [played.loops[loop].time() for loop in range(2, 7)]
    assert times == ["01:00.000000"] * 4 + ["05:00.000000"]
    for loop in 3, 4, 5:
        hung = played.loops[loop]
        assert hung.writes == [("logs/state/nav_state.json", "sync_state")]
        assert (hung.record.output.events, hung.record.output.signals, hung.record.new_run) == ((), (), False)
    after = played.loops[6].doc("diagnostics")["runtime_diagnostics"]["veto_counters"]
    assert (after["total_signals"], after["total_orders"], after["by_reason"]) == (3, 2, {"nav_stale": 1})
    assert played.loops[6].doc("engine_metadata")["run_id"] == "s-run-1"


@pytest.mark.parametrize(("fault", "told"), [("hang: true", True), ("crash: config", False)])
def test_a_fill_that_was_missed_is_told_to_one_that_hung_and_to_no_other(
    tmp_path: Path, fault: str, told: bool
) -> None:
    played = play(tmp_path, RESTS + f"faults: [{{at: L4, {fault}}}]\n", DIPS)
    assert played.loops[4].doc("positions_state")["positions"] == []
    (entry,) = played.loops[5].doc("positions_ledger")["entries"]
    assert entry["qty"] == 2.0
    assert (entry["tp"] == 60.0) is told  # another one seeds its own from the entry price
    log = (tmp_path / "logs/execution/orders_executed.jsonl").read_text()
    assert ("order_fill" in log) is told


def test_a_fill_before_or_after_the_hang_is_told_at_once(tmp_path: Path) -> None:
    for at in "L3", "L5":
        played = play(tmp_path / at, RESTS + f"faults: [{{at: {at}, hang: true}}]\n", DIPS)
        assert played.loops[4].doc("positions_ledger")["entries"][0]["tp"] == 60.0


# Two at once -----------------------------------------------------------------------------------------------


def test_a_second_executor_writes_after_the_first_and_counts_for_itself(tmp_path: Path) -> None:
    played = play(tmp_path, EACH + "faults: [{at: L3..L4, second_executor: true}]\n")
    assert played.acted
    for loop in range(1, 9):
        names = [writer for path, writer in played.loops[loop].writes if path == "logs/state/nav.json"]
        assert names == (["executor", "executor#2"] if loop in (3, 4) else ["executor"])
        run_id = played.loops[loop].doc("engine_metadata")["run_id"]
        assert run_id == ("s-second-run-2" if loop in (3, 4) else "s-run-1")
    orders = [
        played.loops[loop].doc("diagnostics")["runtime_diagnostics"]["veto_counters"]["total_orders"]
        for loop in range(2, 6)
    ]
    assert orders == [2, 1, 2, 5]
    assert [len(played.loops[loop].record.output.signals) for loop in range(2, 6)] == [1, 2, 2, 1]
    assert played.loops[5].doc("positions_state")["positions"][0]["qty"] == 7.0


def test_the_second_process_of_an_executor_is_an_owner_and_one_writer_too_many(tmp_path: Path) -> None:
    fired = play(tmp_path, "faults: [{at: L3..L4, second_executor: true}]\n").fired
    assert fired["INV-G09"] == fired["INV-G06"] == [3, 4]
    assert "INV-G10" not in fired


def test_each_second_executor_is_a_process_of_its_own(tmp_path: Path) -> None:
    text = "faults: [{at: L2, second_executor: true}, {at: L4.., every: 2, second_executor: true}]\n"
    played = play(tmp_path, EACH + text)
    counted = [
        played.loops[loop].doc("diagnostics")["runtime_diagnostics"]["veto_counters"]["total_orders"]
        for loop in range(1, 9)
    ]
    assert counted == [1, 1, 3, 1, 5, 2, 7, 3]


def test_two_executors_may_start_together(tmp_path: Path) -> None:
    played = play(tmp_path, EACH + "faults: [{at: L1, second_executor: true}]\n")
    assert played.loops[1].doc("engine_metadata")["run_id"] == "s-second-run-1"
    assert played.loops[1].doc("positions_state")["positions"][0]["qty"] == 2.0


def test_two_executors_leave_the_same_bytes_each_time(tmp_path: Path) -> None:
    text = EACH + "faults: [{at: L3..L5, second_executor: true}, {at: L6, hang: true}]\n"
    first, second = [play(tmp_path / name, text) for name in ("a", "b")]
    assert first.result.recording == second.result.recording


def test_executors_are_made_only_when_one_starts(tmp_path: Path) -> None:
    made: list[str] = []

    def make(scenario: Scenario, door: Door) -> Executor:
        made.append(f"{scenario.id} L{door.loop}")
        return reference(scenario, door)

    text = "faults: [{at: L3, crash: config, down: 2}, {at: L6.., second_executor: true}]\n"
    simulate(scenario_of(text), tmp_path, base=tmp_path, make=make)
    assert made == ["s L1", "s L5", "s-second L6"]


def test_without_a_loop_no_executor_has_a_name(tmp_path: Path) -> None:
    assert Processes(reference, scenario_of(""), Door(tmp_path)).name == ""


# The config ------------------------------------------------------------------------------------------------


def test_a_config_that_cannot_be_read_leaves_the_old_limits(tmp_path: Path) -> None:
    text = EACH + "events: [{at: L4, settings: {limits: {kill_switch: true}}}]\n"
    for faults, until in ("", 3), ("faults: [{at: L3..L5, config_unreadable: true}]\n", 5):
        played = play(tmp_path / f"{until}", text + faults)
        assert played.acted
        sent = [loop for loop in range(1, 9) if played.loops[loop].record.output.events]
        assert sent == list(range(1, until + 1))


def test_one_that_does_not_run_reads_no_config(tmp_path: Path) -> None:
    text = "  - {at: L4, config_unreadable: true}\n"
    assert play(tmp_path / "a", f"faults:\n{text}").acted
    away = play(tmp_path / "b", f"faults:\n  - {{at: L3, crash: config, down: 2}}\n{text}")
    assert [type(fault).__name__ for fault in away.result.judgement.without_effect] == ["ConfigUnreadable"]
