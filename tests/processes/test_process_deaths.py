"""An executor that dies at a step of its loop: what it had done, what it had written, when the next one starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from process_kit import play

from simkit.contract.table import ORDERS_LOG
from simkit.core.files import read_tree
from simkit.exchange.orders import Fill
from simkit.scenario.kinds_process import STEPS

#: In L3 a stop is crossed and an intent comes.
BUSY = """\
positions: {BTCUSDT:LONG: {qty: 1, entry: 102, tp: 130, sl: 101}}
signals: [{at: L3, open: ETHUSDT:LONG, qty: 2, tp: 60, sl: 40}]
"""
HEAD = """\
simkit: 1
id: s
seed: 1
clock: {start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 6}
account: {cash: 10000 USD}
prices: {BTCUSDT: {L1: 102, L3: 100}, ETHUSDT: 50}
"""
#: How many fills have happened and how many files (logs among them) are written by the end of each step.
DONE = {
    "config": (0, 0), "exit_scan": (1, 0), "entries": (2, 0), "positions_fetch": (2, 0), "ledger_sync": (2, 0),
    "nav_compute": (2, 0), "logs": (2, 1), "publish": (2, 11),
}  # fmt: skip


def fills_and_writes(folder: Path, step: str, when: str) -> tuple[int, int]:
    played = play(folder, BUSY + f"faults: [{{at: L3, crash: {step}, when: {when}}}]\n", HEAD)
    assert played.acted
    dead = played.loops[3].record.output
    assert len(dead.signals) == (1 if sum(isinstance(e, Fill) for e in dead.events) == 2 else 0)
    return (
        len([event for event in dead.events if isinstance(event, Fill)]),
        len([path for path, writer in played.loops[3].writes if writer == "executor"]),
    )


@pytest.mark.parametrize("step", STEPS)
def test_one_that_dies_at_a_step_has_done_what_came_before_it(tmp_path: Path, step: str) -> None:
    earlier = (0, 0) if step == STEPS[0] else DONE[STEPS[STEPS.index(step) - 1]]
    assert fills_and_writes(tmp_path / "before", step, "before") == earlier
    assert fills_and_writes(tmp_path / "after", step, "after") == DONE[step]


def test_what_is_not_logged_has_happened_all_the_same(tmp_path: Path) -> None:
    for when, lines in ("before", 0), ("after", 5):
        played = play(tmp_path / when, BUSY + f"faults: [{{at: L3, crash: logs, when: {when}}}]\n", HEAD)
        assert [position.key for position in played.loops[3].record.positions] == ["ETHUSDT:LONG"]
        assert [row["symbol"] for row in played.loops[3].doc("positions_state")["positions"]] == ["BTCUSDT"]
        assert [row["symbol"] for row in played.loops[4].doc("positions_state")["positions"]] == ["ETHUSDT"]
        log = tmp_path / when / ORDERS_LOG
        assert len(log.read_text().splitlines() if log.exists() else []) == lines


@pytest.mark.parametrize(("down", "back"), [("", 4), (", down: 1", 4), (", down: 2", 5), (", down: 9", None)])
def test_the_next_one_starts_so_many_loops_later(tmp_path: Path, down: str, back: int | None) -> None:
    played = play(tmp_path, f"faults: [{{at: L3, crash: config{down}}}]\n", HEAD)
    fresh = [loop for loop in range(1, 7) if played.loops[loop].time() == f"0{loop - 1}:00.000000"]
    assert fresh == [1, 2, *(range(back, 7) if back else ())]
    assert [loop for loop in range(1, 7) if played.loops[loop].record.new_run] == [
        1,
        *([back] if back else ()),
    ]
    runs = {played.loops[loop].doc("engine_metadata")["run_id"]: loop for loop in range(1, 7)}
    assert runs == ({"s-run-1": back - 1, "s-run-2": 6} if back else {"s-run-1": 6})
    assert played.result.judgement.broken == () or "INV-G07" in played.fired


@pytest.mark.parametrize("step", STEPS)
def test_one_may_die_in_its_first_loop(tmp_path: Path, step: str) -> None:
    played = play(tmp_path, f"faults: [{{at: L1, crash: {step}}}]\n", HEAD)
    assert played.acted
    assert "logs/state/nav.json" not in played.loops[1].tree
    assert played.loops[2].time() == "01:00.000000"


def test_slices_that_the_dead_had_still_to_send_are_not_sent(tmp_path: Path) -> None:
    text = """\
executor: {router: {twap: true, twap_min_usd: 100, twap_slices: 4, twap_gap_s: 20 s}}
signals: [{at: L2, open: ETHUSDT:LONG, usd: 400, tp: 60, sl: 40, twap: true}]
"""
    for death, qty in ("", 8.0), ("faults: [{at: L2, crash: publish, when: after}]\n", 2.0):
        played = play(tmp_path / f"{qty}", text + death, HEAD)
        (held,) = played.loops[6].doc("positions_state")["positions"]
        assert held["qty"] == qty


@pytest.mark.parametrize("place", ["entries", "positions_ledger, when: during", "logs, when: after, down: 2"])
def test_a_death_leaves_the_same_bytes_each_time(tmp_path: Path, place: str) -> None:
    text = BUSY + f"faults: [{{at: L3, crash: {place}}}]\n"
    first, second = [play(tmp_path / name, text, HEAD) for name in ("a", "b")]
    assert first.result.recording == second.result.recording
    assert {loop: played.tree for loop, played in first.loops.items()} == {
        loop: played.tree for loop, played in second.loops.items()
    }
    assert read_tree(tmp_path / "a") == read_tree(tmp_path / "b")


def test_a_death_at_a_write_that_does_not_come_is_without_effect(tmp_path: Path) -> None:
    for stem, acts in ("symbol_scores_v6", False), ("kpis_v7", True):
        assert play(tmp_path / stem, f"faults: [{{at: L3, crash: {stem}}}]\n", HEAD).acted is acts
