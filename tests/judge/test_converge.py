"""After the storm every surface is fresh and every mismatch counter zero, in time (`converge`)."""

from __future__ import annotations

from typing import Any

import pytest
from judge_world import judged, scenario

from simkit.core.clock import iso
from simkit.core.settings import Settings
from simkit.scenario.model import Converge, Where

PERIOD, START = 60_000_000, scenario().clock.start_us
CALM = {
    "ledger_registry_mismatch": False,
    "tp_sl_missing_count": 0,
    "mismatch_breakdown": {"ghost_ledger_entries": 0, "stale_tp_sl_entries": 0},
}


def at(loop: int) -> dict[str, Any]:
    return {"updated_ts": iso(START + (loop - 1) * PERIOD)}


def tree(loop: int, **changes: Any) -> dict[str, Any]:
    """A tree in which all is well: intel of the last due loop, the mirror of nav's time."""
    due = loop - (loop - 1) % Settings().intel.every
    return {
        "nav": at(loop), "positions_state": at(loop), "nav_state": at(loop), "symbol_scores_v6": at(due),
        "diagnostics": at(loop) | {"exit_pipeline": CALM},
        "risk_snapshot": at(loop) | {"tp_sl_registry": {"registry_mismatch": False}},
    } | changes  # fmt: skip


def lagging(trees: list[dict[str, Any]], after: int, within: int) -> list[str]:
    case = scenario(converge=Converge(after, within, Where(7, 3)))
    found = [broken for broken in judged(case, trees).broken if broken.kind == "not converged"]
    assert all((broken.line, broken.column) == (7, 3) for broken in found)
    return [broken.message for broken in found]


STORM = [tree(1), tree(2), tree(3, nav=at(1)), tree(4, nav=at(1)), tree(5), tree(6)]


@pytest.mark.parametrize(("within", "well"), [(1, False), (2, True)])
def test_a_surface_must_be_fresh_from_the_stated_loop_on(within: int, well: bool) -> None:
    assert (lagging(STORM, after=3, within=within) == []) is well


def test_what_lags_is_told_with_its_loops_and_times() -> None:
    (nav, mirror) = lagging(STORM, after=2, within=1)
    assert nav == (
        "nav had not converged by L3 (1 loop after L2): in L3 is of 2025-01-06T00:00:00.000000Z, should be of "
        "2025-01-06T00:02:00.000000Z; not well in L3..L4"
    )
    assert mirror.startswith("nav_state had not converged")


def test_calm_must_last() -> None:
    assert lagging([*STORM, tree(7, nav=at(6), nav_state=at(6))], after=3, within=2) != []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exit_pipeline": CALM | {"tp_sl_missing_count": 1}}, "tp_sl_missing_count is 1"),
        ({"exit_pipeline": CALM | {"ledger_registry_mismatch": True}}, "ledger_registry_mismatch is true"),
        (
            {"exit_pipeline": CALM | {"mismatch_breakdown": {"stale_tp_sl_entries": 2}}},
            "stale_tp_sl_entries is 2",
        ),
    ],
)
def test_every_mismatch_counter_must_be_zero(changes: dict[str, Any], reason: str) -> None:
    (message,) = lagging([tree(1), tree(2, diagnostics=at(2) | changes)], after=1, within=1)
    assert reason in message


def test_the_canary_of_the_risk_snapshot_counts_too() -> None:
    canary = at(2) | {"tp_sl_registry": {"registry_mismatch": True}}
    (message,) = lagging([tree(1), tree(2, risk_snapshot=canary)], after=1, within=1)
    assert "risk_snapshot" in message


def test_intel_surfaces_are_as_old_as_their_cadence() -> None:
    due = Settings().intel.every + 1
    trees = [tree(loop) for loop in range(1, due + 1)]
    assert lagging(trees, after=1, within=0) == []
    trees[-1]["symbol_scores_v6"] = at(1)
    (message,) = lagging(trees, after=1, within=0)
    assert "symbol_scores_v6" in message


def test_a_surface_that_vanished_is_missing_and_one_that_never_was_is_not_asked_for() -> None:
    gone = tree(3)
    del gone["positions_state"]
    (message,) = lagging([tree(1), tree(2), gone], after=2, within=1)
    assert "positions_state had not converged" in message and "missing, or without a time" in message


def test_nothing_is_asked_before_the_storm_is_over() -> None:
    assert lagging(STORM[:4], after=4, within=2) == []
