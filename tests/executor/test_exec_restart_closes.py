"""A restart forgets no closed trade: the new process reads them from the log of executed orders (B-FAC-7)."""

from __future__ import annotations

import json
from math import fsum
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.scenarios import busy
from simkit.run import simulate
from simkit.scenario.model import Restart, Scenario
from simkit.trace.record import LoopRecord


def attributed(scenario: Scenario, folder: Path) -> float:
    """The PnL by factor of the last loop, summed; the run breaks no rule."""
    last: dict[str, bytes] = {}

    def keep(record: LoopRecord) -> None:
        last.update(record.tree)

    assert simulate(scenario, folder, base=folder, on_loop=keep).judgement.ok
    shares = json.loads(last["logs/state/factor_diagnostics.json"])["pnl_attribution"]["by_factor"]
    return fsum(shares.values())


def test_pnl_of_closes_before_a_restart_is_attributed_after_it(tmp_path: Path) -> None:
    scenario = busy(42, intel_every=10)
    whole = attributed(scenario, tmp_path / "whole")
    assert whole != 0.0
    restarted = replace(scenario, events=(Restart(35),))
    assert attributed(restarted, tmp_path / "restarted") == pytest.approx(whole, abs=1e-6)
