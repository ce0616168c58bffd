"""A rule is one step away when the least change of one published value makes it fire."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from coverage_kit import Series

from simkit.contract.fields import table
from simkit.contract.look import Look
from simkit.core.settings import Settings
from simkit.coverage.steps import ENTRIES, Near, Stepper, readers, steps_from

VALUE = "risk_snapshot.var.portfolio_var_nav_pct"


def risk(value: float) -> Look:
    """A tree of one file: a VaR below its limit of 0.12, and no CVaR."""
    off = msgspec.structs.replace(Settings(), var=msgspec.structs.replace(Settings().var, enabled=False))
    block = {"max_portfolio_var_nav_pct": 0.12, "portfolio_var_nav_pct": value, "within_limit": True}
    return Series(off).next(risk_snapshot={"var": block, "anomalies": {}})


def near(look: Look, *rules: str) -> dict[str, Near]:
    stepper = Stepper()
    stepper.look(look, rules, {rule: {} for rule in rules})
    return stepper.near


def test_a_value_at_its_limit_is_one_quantum_from_breaking_the_rule() -> None:
    assert near(risk(0.12), "INV-R11") == {"INV-R11": Near("INV-R11", 1, VALUE, 0.12, 0.120000001)}


def test_a_value_one_quantum_inside_its_limit_is_two_steps_away() -> None:
    found = near(risk(0.119999999), "INV-R11")["INV-R11"]
    assert (found.path, found.value, found.to) == ("risk_snapshot.var.within_limit", True, False)


def test_only_rules_that_are_silent_are_tried() -> None:
    assert near(risk(0.12), "INV-R12") == {"INV-R12": Near("INV-R12", 1, VALUE, 0.12, 0.120000001)}
    assert near(risk(0.12)) == {}


def test_rules_that_read_other_files_or_loops_are_not_tried() -> None:
    assert "INV-R11" in {rule.id for rule in readers("risk_snapshot")}
    assert "INV-R11" not in {rule.id for rule in readers("nav")}
    assert "INV-L07" in {rule.id for rule in readers("position_tp_sl")}
    assert {rule.kind for rule in readers("risk_snapshot")} == {"W", "X"}


def test_a_tree_is_left_as_it_was() -> None:
    look = risk(0.12)
    before = msgspec.json.encode(look.docs)
    near(look, "INV-R11", "INV-R12", "INV-R19")
    assert msgspec.json.encode(look.docs) == before


def test_the_same_document_is_not_changed_again_for_rules_on_it_alone() -> None:
    look, stepper = risk(0.05), Stepper()
    stepper.look(look, ("INV-R12",), {"INV-R12": {}})
    edits = stepper.edits
    assert edits > 0
    stepper.look(look, ("INV-R12",), {"INV-R12": {}})
    assert stepper.edits == edits


@pytest.mark.parametrize(("rows", "edits"), [(1, 1), (ENTRIES, ENTRIES), (ENTRIES + 1, ENTRIES)])
def test_only_the_first_entries_of_a_list_are_changed(rows: int, edits: int) -> None:
    row = {"side": "LONG"}
    look, stepper = Series().next(positions_state={"positions": [row] * rows}), Stepper()
    stepper.look(look, ("INV-G04",), {"INV-G04": {}})
    assert stepper.edits == edits


@pytest.mark.parametrize(
    ("pattern", "value", "steps"),
    [
        ("nav.nav", 10.0, (10.000001, 9.999999)),
        ("positions_state.positions[].entry_price", 100.0, (100.00000001, 99.99999999)),
        ("kpis_v7.portfolio.dd_pct", 0.11, (0.110000001, 0.109999999)),
        ("nav_state.drawdown", 11.0, (11.0000001, 10.9999999)),
        ("rv_momentum.spreads.btc_vs_eth", 0.0, (0.0001, -0.0001)),
        ("positions_ledger.metadata.entry_count", 2, (3, 1)),
        ("positions_ledger.metadata.entry_count", 0, (1,)),
        (
            "nav.updated_ts",
            "2025-01-06T00:00:00.000000Z",
            ("2025-01-06T00:00:00.000001Z", "2025-01-05T23:59:59.999999Z"),
        ),
        ("nav.updated_ts", "yesterday", ()),
        ("risk_snapshot.dd_state.state", "NORMAL", ("DRAWDOWN", "RECOVERY")),
        ("risk_snapshot.circuit_breaker.active", False, (True,)),
        ("risk_snapshot.circuit_breaker.active", 0, ()),
        ("risk_snapshot.risk_mode_reason", "all_systems_healthy", ()),
        ("risk_snapshot.var.max_portfolio_var_nav_pct", 0.12, ()),
        ("kpis_v7.portfolio.var_nav_pct", None, ()),
        ("nav.nav", "10", ()),
        ("nav.nav", {}, ()),
        ("nav.nav", 10**400, ()),
    ],
)  # fmt: skip
def test_steps_of_a_value(pattern: str, value: Any, steps: tuple[Any, ...]) -> None:
    assert steps_from(table()[pattern], value) == steps
