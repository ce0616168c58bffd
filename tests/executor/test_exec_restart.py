"""What a new process keeps, loses and shows in its first loop (B-LOOP-1, B-RST-1 to B-RST-4), through the files."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from exec_drive import at, entry, nav_path, position, scenario, settings
from hypothesis import given, strategies as st

from simkit.core.clock import iso
from simkit.run import RunResult, simulate
from simkit.scenario.model import (
    Crash,
    DamagedFile,
    Event,
    Fault,
    Loops,
    PowerCut,
    ResetPeak,
    Restart,
    Scenario,
    SyncDown,
)
from simkit.scenario.script import Script, starts
from simkit.trace.record import LoopRecord

Tree = dict[str, Any]


class Story:
    """Every loop's documents by stem, and what else the record said; loop n stands at [n - 1]."""

    def __init__(self, of: Scenario, folder: Path) -> None:
        self.trees: list[Tree] = []
        self.new_runs: list[int] = []
        self.fills: list[int] = []
        self.result: RunResult = simulate(of, folder / "run", base=folder, on_loop=self._keep)

    def _keep(self, record: LoopRecord) -> None:
        self.trees.append(
            {path.rpartition("/")[2].removesuffix(".json"): _json(data) for path, data in record.tree.items()}
        )
        if record.new_run:
            self.new_runs.append(record.loop)
        self.fills.append(len(record.output.events))

    def at(self, loop: int) -> Tree:
        return self.trees[loop - 1]

    def runtime(self, loop: int) -> Any:
        return self.at(loop)["diagnostics"]["runtime_diagnostics"]

    def times(self, loop: int) -> dict[str, str]:
        """The surface times of the executor's per-loop files."""
        names = (
            "nav",
            "positions_state",
            "positions_ledger",
            "risk_snapshot",
            "router_health",
            "kpis_v7",
            "diagnostics",
        )
        return {name: self.at(loop)[name].get("updated_ts") for name in names}

    def findings(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for finding in self.result.judgement.findings:
            if finding.severity == "E" and finding.loop not in found.setdefault(finding.rule, []):
                found[finding.rule].append(finding.loop)
        return found


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None


def busy(
    *events: Event, faults: Sequence[Fault] = (), legacy: Sequence[str] = (), loops: int = 8
) -> Scenario:
    """Entries, a take-profit, vetoes and a drawdown of 7 % in RECOVERY: all that a process can lose."""
    return scenario(
        loops,
        {"BTCUSDT": {1: 100, 4: 104}, "ETHUSDT": 50},
        positions=[position("ETHUSDT:LONG", 10, 50, tp=65, sl=35)],
        nav=nav_path(10_000, 10_000, 8_900, 9_300),
        signals=[
            entry(1, "BTCUSDT:LONG", qty=1, tp=103, sl=90),
            *[entry(loop, "BTCUSDT:SHORT", money=9_000) for loop in (2, 5)],
        ],
        events=events,
        faults=faults,
        use=settings(legacy=legacy),
    )


# Which loops begin with a new process ----------------------------------------------------------------------


def test_a_process_starts_after_a_restart_a_crash_and_a_power_cut() -> None:
    faults = [
        Crash(Loops(3, 3), "nav"),
        PowerCut(Loops(5, 5), "nav"),
        DamagedFile(Loops(7, 7), "nav", "empty"),
    ]
    of = busy(Restart(6), Restart(2), faults=faults)
    assert starts(of) == {1, 2, 4, 6}
    script = Script(of)
    assert [loop for loop in range(1, 9) if script.at(loop).starts] == [1, 2, 4, 6]


def test_the_record_and_the_run_id_count_processes(tmp_path: Path) -> None:
    story = Story(busy(Restart(3), faults=[Crash(Loops(5, 5), "nav", "after")]), tmp_path)
    assert story.new_runs == [1, 3, 6]
    ids = [tree["engine_metadata"]["run_id"] for tree in story.trees]
    assert ids == ["t-run-1"] * 2 + ["t-run-2"] * 3 + ["t-run-3"] * 3
    assert story.result.executor == "reference"


# B-RST-1, B-RST-3: lost, and what the first loop shows ------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "faults"),
    [
        ((Restart(6),), ()),
        ((), (Crash(Loops(5, 5), "engine_metadata", "after"),)),
        ((), (PowerCut(Loops(5, 5), "nav"),)),
    ],
    ids=["restart", "crash", "power cut"],
)
def test_the_first_loop_of_a_process_knows_nothing_of_the_one_before(
    tmp_path: Path, events: tuple[Event, ...], faults: tuple[Fault, ...]
) -> None:
    story = Story(busy(*events, faults=faults), tmp_path)
    assert story.result.judgement.ok
    before, first = story.runtime(5), story.runtime(6)
    assert before["veto_counters"]["total_signals"] == 3
    assert before["veto_counters"]["total_vetoes"] == 2
    assert story.at(5)["router_health"]["router_health"]["global"]["quality_score"] is not None
    assert first["veto_counters"] == {
        "by_reason": {}, "last_order_ts": None, "last_signal_ts": None, "last_veto_ts": None,
        "total_orders": 0, "total_signals": 0, "total_vetoes": 0,
    }  # fmt: skip
    live = first["liveness"]
    assert [live[f"idle_{name}"] for name in ("signals", "orders", "exits", "router")] == [True] * 4
    assert set(live["missing"].values()) == {True}
    assert live["details"] == {
        "signals_idle_seconds": 901.0, "orders_idle_seconds": 1801.0, "exits_idle_seconds": 3601.0,
        "router_idle_seconds": 1801.0,
    }  # fmt: skip
    assert first["exit_pipeline"]["last_exit_scan_ts"] == iso(at(6))
    assert first["exit_pipeline"]["last_exit_trigger_ts"] is None
    router = story.at(6)["router_health"]["router_health"]
    assert router["global"]["quality_score"] is None
    assert router["per_symbol"] == {}


def test_the_drawdown_goes_on_where_it_was(tmp_path: Path) -> None:
    story = Story(busy(Restart(6)), tmp_path)
    before, first = story.at(5)["risk_snapshot"], story.at(6)["risk_snapshot"]
    assert before["dd_state"]["state"] == "RECOVERY"
    assert first["dd_state"] == before["dd_state"]
    assert first["drawdown"]["peak_nav"] == 10_000.0
    assert first["drawdown"]["dd_pct"] == 0.07


def test_a_peak_that_was_voided_stays_void(tmp_path: Path) -> None:
    story = Story(busy(ResetPeak(4), Restart(6)), tmp_path)
    for loop in (4, 5, 6, 8):
        assert story.at(loop)["risk_snapshot"]["drawdown"]["peak_nav"] == 9_300.0
        assert story.at(loop)["nav_state"]["peak_equity"] == 9_300.0


# B-RST-2: kept on disk --------------------------------------------------------------------------------------


def test_registry_and_ledger_are_those_of_the_process_before(tmp_path: Path) -> None:
    story = Story(busy(Restart(6)), tmp_path)
    for name, inside in (("position_tp_sl", "entries"), ("positions_ledger", "entries")):
        assert story.at(6)[name][inside] == story.at(5)[name][inside] != []


def test_factor_weights_of_the_process_before_are_smoothed_on(tmp_path: Path) -> None:
    prices = {"BTCUSDT": {n: 100 + (n * 7) % 5 for n in range(1, 13)}, "ETHUSDT": 50}
    of = scenario(12, prices)
    whole = Story(of, tmp_path / "whole").at(12)["factor_diagnostics"]["weights"]
    assert Story(scenario(12, prices, events=[Restart(10)]), tmp_path / "cut").at(12)["factor_diagnostics"][
        "weights"
    ] == pytest.approx(whole)


# B-RST-4: seeding -------------------------------------------------------------------------------------------


def test_seeding_at_start_up_overwrites_no_level_and_uses_the_entry_price(tmp_path: Path) -> None:
    """A naked position that has fallen far is seeded at its entry price and sold by the first scan."""
    of = scenario(
        4, {"BTCUSDT": {1: 100, 3: 90}, "ETHUSDT": 50},
        positions=[position("ETHUSDT:LONG", 1, 50, sl=49)], signals=[entry(1, "BTCUSDT:LONG", qty=1)],
        events=[Restart(3)], use=settings(legacy=["D-11"]),
    )  # fmt: skip
    story = Story(of, tmp_path)
    assert story.runtime(2)["exit_pipeline"]["tp_sl_registered_count"] == 1
    assert story.runtime(3)["exit_pipeline"]["last_exit_trigger_ts"] == iso(at(3))
    assert [row["symbol"] for row in story.at(3)["positions_state"]["positions"]] == ["ETHUSDT"]
    for loop in (1, 4):
        kept = story.at(loop)["position_tp_sl"]["entries"]["ETHUSDT:LONG"]
        assert (kept["stop_loss_price"], kept["take_profit_price"]) == (49.0, None)


@given(
    loop=st.integers(3, 7),
    how=st.sampled_from(["restart", "crash", "power cut"]),
    book=st.lists(
        st.tuples(st.sampled_from(["LONG", "SHORT"]), st.integers(1, 40), st.booleans(), st.booleans()),
        min_size=1, max_size=3,
    ),
)  # fmt: skip
@hypothesis.settings(deadline=None, derandomize=True, max_examples=12)
def test_a_new_process_changes_no_position_and_no_level(
    loop: int, how: str, book: list[tuple[str, int, bool, bool]]
) -> None:
    """With seeding on and prices that do not move, whatever of its levels a position has."""
    symbols = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    signals = [
        entry(1, f"{symbol}:{side}", money=10.0 * tens, tp=(103.0 if side == "LONG" else 97.0) if tp else None,
              sl=(98.0 if side == "LONG" else 102.0) if sl else None)
        for symbol, (side, tens, tp, sl) in zip(symbols, book, strict=False)
    ]  # fmt: skip
    died = Loops(loop - 1, loop - 1)
    events = [Restart(loop)] if how == "restart" else []
    faults: dict[str, list[Fault]] = {
        "crash": [Crash(died, "risk_snapshot")], "power cut": [PowerCut(died, "positions_ledger")], "restart": [],
    }  # fmt: skip
    prices = dict.fromkeys(symbols, 100.0)
    with tempfile.TemporaryDirectory() as folder:
        plain = Story(scenario(8, prices, signals=signals), Path(folder, "plain"))
        cut = Story(
            scenario(8, prices, signals=signals, events=events, faults=faults[how]), Path(folder, "cut")
        )
    assert cut.new_runs == [1, loop]
    for tree, other in zip(plain.trees, cut.trees, strict=True):
        for name, inside in (
            ("positions_state", "positions"),
            ("positions_ledger", "entries"),
            ("position_tp_sl", "entries"),
        ):
            assert tree[name][inside] == other[name][inside]


# B-LOOP-1: the position check, D-17 -------------------------------------------------------------------------


def test_a_restart_with_open_positions_publishes_in_its_first_loop(tmp_path: Path) -> None:
    story = Story(busy(Restart(3)), tmp_path)
    assert set(story.times(3).values()) == {iso(at(3))}


def test_under_d_17_it_waits_until_the_book_is_flat(tmp_path: Path) -> None:
    """The position goes by a limit order that rests at the venue: the executor itself does nothing."""
    of = scenario(
        8, {"BTCUSDT": {1: 100, 6: 106}},
        signals=[
            entry(1, "BTCUSDT:LONG", qty=1, tp=130, sl=70),
            entry(2, "BTCUSDT:LONG", qty=1, action="close", limit=105),
            entry(5, "BTCUSDT:LONG", qty=1, tp=130, sl=70),
        ],
        events=[Restart(4)], use=settings(legacy=["D-17"]),
    )  # fmt: skip
    story = Story(of, tmp_path)
    for loop in (4, 5):
        assert set(story.times(loop).values()) == {iso(at(3))}
        assert story.fills[loop - 1] == 0
        assert story.at(loop)["nav_state"]["synced_ts"] == iso(at(loop))
        assert story.at(loop)["nav_state"]["updated_ts"] == iso(at(3))
    assert set(story.times(6).values()) == {iso(at(6))}
    assert story.at(6)["positions_state"]["positions"] == []
    assert story.at(6)["engine_metadata"]["run_id"] == "t-run-2"


def test_under_d_17_a_flat_book_and_the_first_start_do_not_wait(tmp_path: Path) -> None:
    first = Story(busy(legacy=["D-17"]), tmp_path / "first")
    assert set(first.times(1).values()) == {iso(at(1))}
    flat = Story(
        scenario(4, {"BTCUSDT": 100}, events=[Restart(3)], use=settings(legacy=["D-17"])), tmp_path / "flat"
    )
    assert set(flat.times(3).values()) == {iso(at(3))}


# A death among the files ------------------------------------------------------------------------------------


ORDER = ("nav", "positions_state", "position_tp_sl", "positions_ledger", "risk_snapshot", "router_health", "kpis_v7",
         "diagnostics", "engine_metadata")  # fmt: skip


@pytest.mark.parametrize("when", ["before", "during", "after"])
@pytest.mark.parametrize("stem", ORDER)
def test_files_before_the_death_are_new_and_those_after_it_old(tmp_path: Path, stem: str, when: str) -> None:
    of = scenario(
        6, {"BTCUSDT": 100}, signals=[entry(4, "BTCUSDT:LONG", qty=1, tp=103, sl=98)],
        faults=[Crash(Loops(4, 4), stem, when)],  # type: ignore[arg-type]
    )  # fmt: skip
    story = Story(of, tmp_path)
    new = ORDER[: ORDER.index(stem) + (when == "after")]
    for name in ORDER:
        if name == "position_tp_sl":
            assert ("BTCUSDT:LONG" in story.at(4)[name]["entries"]) is (name in new)
        else:
            assert (story.at(4)[name]["updated_ts"] == iso(at(4))) is (name in new)
    assert [name for name in story.at(4) if name.startswith(".tmp_")] == [f".tmp_{stem}.json.1"] * (
        when == "during"
    )
    assert story.fills[3] == 2  # the harness knows the order and the fill that no file tells
    assert story.at(4)["nav_state"]["synced_ts"] == iso(at(4))
    assert set(story.times(5).values()) == {iso(at(5))}
    assert story.runtime(5)["exit_pipeline"]["tp_sl_coverage_pct"] == 1.0
    assert not [name for name in story.at(5) if name.startswith(".tmp_")]
    late = {} if "positions_state" in new else {"INV-P07": [4, 5]}  # the fill of L4 shows a loop later
    assert {rule: loops for rule, loops in story.findings().items() if loops != [4]} == late


def test_a_death_at_a_file_that_the_loop_does_not_write_comes_after_all_the_others(tmp_path: Path) -> None:
    story = Story(scenario(6, {"BTCUSDT": 100}, faults=[Crash(Loops(4, 4), "rv_momentum")]), tmp_path)
    assert set(story.times(4).values()) == {iso(at(4))}
    assert story.new_runs == [1, 5]
    assert story.findings() == {}


def test_the_log_of_the_loop_survives_the_death(tmp_path: Path) -> None:
    of = scenario(
        5, {"BTCUSDT": 100}, positions=[position("BTCUSDT:LONG", 1, 90, tp=130, sl=70)],
        signals=[entry(4, "BTCUSDT:LONG", action="close")], faults=[Crash(Loops(4, 4), "nav")],
    )  # fmt: skip
    Story(of, tmp_path)
    lines = (tmp_path / "run/logs/execution/orders_executed.jsonl").read_text().splitlines()
    closes = [line for line in map(json.loads, lines) if line["event_type"] == "order_close"]
    assert [line["realizedPnlUsd"] for line in closes] == [10.0]


def test_a_death_while_the_mirror_is_down_is_caught_up_by_the_next_sync(tmp_path: Path) -> None:
    faults = [Crash(Loops(4, 4), "risk_snapshot"), SyncDown(Loops(3, 5))]
    story = Story(
        scenario(7, {"BTCUSDT": 100}, nav=nav_path(10_000, 10_000, 9_900, 9_800), faults=faults), tmp_path
    )
    assert [story.at(n)["nav_state"]["nav"] for n in range(1, 8)] == [10_000.0] * 5 + [9_800.0] * 2
    assert story.at(6)["nav_state"]["updated_ts"] == iso(at(6))
