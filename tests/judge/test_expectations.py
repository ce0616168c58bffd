"""Expectations against a tree: quanta, fractions and percents, loop names, selectors."""

from __future__ import annotations

from typing import Any

import pytest
from judge_world import CLOCK, PERIOD, START, expects, judged, loops, scenario

from simkit.core.clock import iso
from simkit.judge.expect import Expectations
from simkit.scenario.model import Loops

LEDGER = {
    "entries": [{"symbol": "BTCUSDT", "side": "LONG", "qty": 1.0, "tp": None}],
    "tp_sl_levels": {"BTCUSDT:LONG": {"tp": 103.0, "sl": 98.0}},
}
DIAGNOSTICS = {
    "runtime_diagnostics": {
        "exit_pipeline": {"open_positions_count": 2, "last_exit_trigger_ts": iso(START + PERIOD)},
        "veto_counters": {"by_reason": {"portfolio_dd_circuit": 1}},
    }
}
TREE: dict[str, Any] = {
    "nav": {"nav": 10000.0, "nav_usd": 10000.0},
    "nav_state": {"drawdown": 11.0},
    "risk_snapshot": {
        "drawdown": {"dd_pct": 0.11},
        "anomalies": {},
        "risk_mode": "OK",
        "dd_state": {"state": "DRAWDOWN"},
    },
    "positions_ledger": LEDGER,
    "diagnostics": DIAGNOSTICS,
}
PIPE, COUNT = "diagnostics.runtime_diagnostics.exit_pipeline", "diagnostics.runtime_diagnostics.veto_counters"


def holds(field: str, value: Any, **more: Any) -> bool:
    expectations = Expectations((expects(field, value, loops(1), **more),), CLOCK)
    expectations.judge(1, TREE, {})
    return not expectations.broken()


@pytest.mark.parametrize(
    ("field", "value", "fits"),
    [
        ("nav.nav", 10000, True),
        ("nav.nav", 10000.0000004, True),
        ("nav.nav", 10000.0000006, False),
        ("nav.nav", "10000", False),
        ("nav.nav", None, False),
        ("risk_snapshot.drawdown.dd_pct", 0.11, True),
        ("risk_snapshot.drawdown.dd_pct", 0.1100000004, True),
        ("risk_snapshot.drawdown.dd_pct", 0.1100000006, False),
        ("nav_state.drawdown", 11.0, True),
        ("nav_state.drawdown", 11.00000004, True),
        ("nav_state.drawdown", 11.00000006, False),
        ("risk_snapshot.anomalies", {}, True),
        ("risk_snapshot.anomalies", {"nav_jump": {}}, False),
        ("risk_snapshot.anomalies.nav_jump", None, True),
        ("risk_snapshot.risk_mode", "OK", True),
        ("risk_snapshot.risk_mode", "WARN", False),
        ("risk_snapshot.dd_state.state", "DRAWDOWN", True),
        (f"{PIPE}.open_positions_count", 2, True),
        (f"{PIPE}.open_positions_count", 2.4, False),
        (f"{PIPE}.open_positions_count", True, False),
        (f"{COUNT}.by_reason", {"portfolio_dd_circuit": 1}, True),
        (f"{COUNT}.by_reason[portfolio_dd_circuit]", 1, True),
        (f"{COUNT}.by_reason[nav_stale]", 1, False),
        ("positions_ledger.entries[BTCUSDT:LONG].qty", 1.0, True),
        ("positions_ledger.entries[BTCUSDT:LONG].tp", None, True),
        ("positions_ledger.entries[ETHUSDT:LONG].qty", 1.0, False),
        ("positions_ledger.tp_sl_levels[BTCUSDT:LONG].tp", 103, True),
        ("positions_ledger.tp_sl_levels[BTCUSDT:LONG].sl", 98.00000001, False),
        ("kpis_v7.portfolio.nav", 1.0, False),
    ],
)
def test_a_value_is_compared_to_the_quantum_of_its_field(field: str, value: Any, fits: bool) -> None:
    assert holds(field, value) is fits


@pytest.mark.parametrize(("loop", "fits"), [(1, False), (2, True), (3, False)])
def test_a_loop_name_is_the_time_of_that_loop(loop: int, fits: bool) -> None:
    assert holds(f"{PIPE}.last_exit_trigger_ts", loop, is_loop=True) is fits


def test_never_is_broken_only_where_the_field_has_the_value() -> None:
    assert holds("risk_snapshot.risk_mode", "HALTED", never=True)
    assert not holds("risk_snapshot.risk_mode", "OK", never=True)
    assert holds("kpis_v7.dd_state", "NORMAL", never=True)


def run(values: list[float], span: Loops, wanted: float) -> Any:
    case = scenario(expect=(expects("nav.nav", wanted, span),))
    return [b for b in judged(case, [{"nav": {"nav": v}} for v in values]).broken if b.kind == "expectation"]


def test_only_the_loops_of_an_expectation_count() -> None:
    assert run([1, 2, 2, 1], loops(2, 3), 2.0) == []
    assert run([1, 2, 2, 1], loops(3, 9), 2.0)[0].loops == (loops(4),)


def test_a_broken_expectation_says_where_and_shows_the_loop_before() -> None:
    (broken,) = run([1, 2, 5, 5, 2, 7], loops(1, 6), 2.0)
    assert broken.loops == (loops(1), loops(3, 4), loops(6))
    assert (broken.file, broken.line, broken.column) == ("scenarios/f/s.yaml", 7, 3)
    assert (broken.value, broken.before, broken.wanted) == ("1", "absent", "2.0")
    (later,) = run([2, 2, 5], loops(2, 3), 2.0)
    assert later.message == "nav.nav is 5 in L3 (2 in the loop before), expected 2.0; broken in L3"


def test_a_missing_loop_time_is_told_as_a_time() -> None:
    case = scenario(expect=(expects(f"{PIPE}.last_exit_trigger_ts", 3, loops(1), is_loop=True),))
    broken = [b for b in judged(case, [TREE]).broken if b.kind == "expectation"]
    assert broken[0].wanted == iso(START + 2 * PERIOD)


def test_broken_expectations_come_in_the_order_of_the_file() -> None:
    from simkit.scenario.model import Expectation, Where

    said = [Expectation(loops(1), "nav.nav", float(n), "t", Where(line, 1)) for n, line in ((5, 9), (6, 4))]
    broken = [b for b in judged(scenario(expect=tuple(said)), [TREE]).broken if b.kind == "expectation"]
    assert [b.line for b in broken] == [4, 9]
