"""A restart forgets no market: the new process asks the venue for the closes that the old one saw (B-RST)."""

from __future__ import annotations

import json
from pathlib import Path

from msgspec.structs import replace

from bench.scenarios import busy, past
from simkit.run import simulate
from simkit.scenario.model import Restart, Scenario
from simkit.trace.record import LoopRecord

LOOPS = 30


def risk_by_loop(scenario: Scenario, folder: Path) -> list[tuple[object, object]]:
    """(var, cvar) of each loop's risk snapshot."""
    seen: list[tuple[object, object]] = []

    def keep(record: LoopRecord) -> None:
        risk = json.loads(record.tree["logs/state/risk_snapshot.json"])
        seen.append((risk["var"], risk["cvar"]))

    simulate(scenario, folder, base=folder, on_loop=keep)
    return seen


def test_var_after_a_restart_equals_the_var_without_one(tmp_path: Path) -> None:
    long = busy(LOOPS)
    scenario = replace(long, past=tuple(past(symbol, 10) for symbol in long.universe))
    restarted = replace(scenario, events=(Restart(25),))
    whole = risk_by_loop(scenario, tmp_path / "whole")
    assert risk_by_loop(restarted, tmp_path / "restarted") == whole
    assert whole[0] != whole[-1]
    assert whole[-1][0]["portfolio_var_nav_pct"] > 0  # type: ignore[index]
