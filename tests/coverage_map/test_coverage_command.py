"""`simkit coverage` on a tiny project whose sets are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from coverage_kit import DIP, project, simkit

from simkit.core.project import find_project
from simkit.coverage.items import VETO_REASONS
from simkit.coverage.observe import PLANNED, planned
from simkit.scenario.load import load

#: The fields of some surfaces that `DIP` moves.
MOVED = {
    "kpis_v7": ["dd_state", "drawdown.dd_pct", "portfolio.dd_pct", "portfolio.nav", "updated_at", "updated_ts"],
    "nav": [
        "aum.futures", "aum.total", "exec_stats.attempted_24h", "exec_stats.vetoes_24h", "nav",
        "nav_detail.breakdown[*]", "nav_total", "nav_usd", "updated_at", "updated_ts",
    ],
    "positions_state": ["updated_at", "updated_ts"],
    "positions_ledger": ["updated_at", "updated_ts"],
    "factor_diagnostics": [],
    "router_health": ["updated_at", "updated_ts"],
}  # fmt: skip
ROUTER = "router_health.router_health.global"
WORDS = [
    "factor_diagnostics.config.normalization_mode = zscore",
    "factor_diagnostics.factor_ir_source = vectors",
    "factor_diagnostics.factor_weights.mode = vol_inverse_ir",
    "factor_diagnostics.per_symbol[*].direction = LONG",
    "factor_diagnostics.raw_factors[*].direction = LONG",
    "kpis_v7.dd_state = DRAWDOWN",
    "kpis_v7.dd_state = NORMAL",
    "nav.nav_detail.source = live",
    "risk_snapshot.dd_state.state = DRAWDOWN",
    "risk_snapshot.dd_state.state = NORMAL",
    "risk_snapshot.risk_mode = OK",
    f"{ROUTER}.buckets.latency = FAST",
    f"{ROUTER}.buckets.router = B_MEDIUM",
    f"{ROUTER}.buckets.slippage = GREEN",
    f"{ROUTER}.latency_bucket = FAST",
    f"{ROUTER}.router_bucket = B_MEDIUM",
    f"{ROUTER}.slippage_drift_bucket = GREEN",
]


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("SIMKIT_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    project(tmp_path, dip=DIP)
    return tmp_path


def as_json(*words: str) -> Any:
    result = simkit("coverage", "--json", *words)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_what_one_scenario_touches_is_known_exactly(tiny: Path) -> None:
    found = as_json()
    touched: dict[str, list[str]] = {}
    for item in found["items"]:
        if item["state"] == "touched":
            assert item["scenarios"] == ["tiny/dip"]
            touched.setdefault(item["area"], []).append(item["id"])
    fields = touched.pop("field")
    assert touched == {
        "word": WORDS,
        "transition": ["NORMAL -> DRAWDOWN", "DRAWDOWN -> NORMAL"],
        "veto": ["portfolio_dd_circuit"],
    }
    for stem, names in MOVED.items():
        assert [name for name in fields if name.startswith(f"{stem}.")] == [
            f"{stem}.{name}" for name in names
        ]


def test_what_it_leaves_untouched_is_known_exactly(tiny: Path) -> None:
    found = as_json()
    untouched = {count["name"]: count["untouched"] for count in found["counts"]}
    assert untouched["drawdown transitions"] == [
        "DRAWDOWN -> RECOVERY", "RECOVERY -> DRAWDOWN", "RECOVERY -> NORMAL",
    ]  # fmt: skip
    assert untouched["mismatch kinds"] == [
        "ghost_ledger_entries", "missing_ledger_positions", "missing_tp_sl_entries", "stale_tp_sl_entries",
    ]  # fmt: skip
    assert untouched["anomalies"] == ["cvar_limit_breach", "dd_flap", "nav_jump", "var_limit_breach"]
    assert untouched["veto reasons"] == [name for name in VETO_REASONS if name != "portfolio_dd_circuit"]
    assert untouched["quality counts"] == ["degraded", "ok"]
    assert untouched["rules evaluated"] == [rule["id"] for rule in found["rules"] if not rule["evaluated"]]
    assert untouched["rules that fire"] == [rule["id"] for rule in found["rules"]]


def test_a_rule_is_fired_where_a_fault_breaks_it(tiny: Path) -> None:
    fault = "faults: [{at: L2, ghost_ledger_entry: XRPUSDT:LONG, qty: 100, entry: 0.5}]\n"
    priced = DIP.replace("BTCUSDT: 100", "BTCUSDT: 100, XRPUSDT: 0.5")
    (tiny / "scenarios" / "tiny" / "ghost.yaml").write_text(priced.replace("id: dip", "id: ghost") + fault)
    found = as_json()
    rules = {rule["id"]: rule for rule in found["rules"]}
    assert rules["INV-L04"]["fired"] == [{"loops": [[2, 2]], "scenario": "tiny/ghost"}]
    assert rules["INV-L04"]["evaluated"] == ["tiny/dip", "tiny/ghost"]
    ghost = next(item for item in found["items"] if item["id"] == "ghost_ledger_entries")
    assert (ghost["state"], ghost["scenarios"]) == ("touched", ["tiny/ghost"])


def shape(value: Any) -> Any:
    """The keys and types of a JSON value; a list by its first entry."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def test_the_json_keeps_its_form(tiny: Path) -> None:
    found = as_json()
    near = next(rule for rule in found["rules"] if rule["id"] == "INV-R11")
    step = {"scenario": "str", "loop": "int", "path": "str", "value": "bool", "to": "bool"}
    assert shape({**found, "rules": [near]}) == {
        "runs": [{"scenario": "str", "loops": "int", "sampled": ["int"], "edits": "int"}],
        "counts": [
            {"name": "str", "items": "int", "touched": "int", "untouched": ["str"], "unreachable": "int"}
        ],
        "items": [{"area": "str", "id": "str", "state": "str", "scenarios": []}],
        "rules": [{"id": "str", "kind": "str", "evaluated": ["str"], "fired": [], "near": [step]}],
        "unreachable": [{"area": "str", "id": "str", "where": "str", "reason": "str"}],
        "beyond": [],
    }
    assert {item["area"] for item in found["items"]} == {
        "field", "word", "transition", "mismatch", "anomaly", "veto", "quality",
    }  # fmt: skip
    assert {item["state"] for item in found["items"]} == {"touched", "constant", "absent", "unreachable"}


def test_the_table_counts_and_the_lists_name(tiny: Path) -> None:
    result = simkit("coverage", "dip")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["area", "items", "touched", "untouched", "unreachable"]
    assert ["drawdown", "transitions", "5", "2", "3"] in [line.split() for line in lines]
    assert "Untouched: drawdown transitions (3 of 5)" in lines
    assert "  risk_snapshot.risk_mode: DEFENSIVE, HALTED, WARN" in lines
    assert any(line.split() == ["nav.nav_detail.fresh", "constant"] for line in lines)
    assert any(line.startswith("  good (S8 summary, B-RTR-8): needs a score of 0.9") for line in lines)
    assert "1 run, 3 loops: " in result.stdout


def test_two_processes_find_what_one_finds(tiny: Path) -> None:
    (tiny / "scenarios" / "tiny" / "again.yaml").write_text(DIP.replace("id: dip", "id: again"))
    assert as_json("-j", "2") == as_json("-j", "1")


def test_a_broken_scenario_is_told_and_the_others_are_looked_at(tiny: Path) -> None:
    (tiny / "scenarios" / "tiny" / "bad.yaml").write_text("simkit: 1\nid: bad\n")
    result = simkit("coverage", "--json")
    assert result.exit_code == 5
    assert [run["scenario"] for run in json.loads(result.stdout)["runs"]] == ["tiny/dip"]
    assert "tiny/bad: not looked at: " in result.stderr


def test_an_unknown_name_is_refused(tiny: Path) -> None:
    assert simkit("coverage", "dap").exit_code == 64


def test_no_golden_is_written(tiny: Path) -> None:
    simkit("coverage")
    assert not (tiny / "golden").exists()


def test_first_last_and_scripted_loops_are_planned_and_a_long_script_is_thinned_out(tiny: Path) -> None:
    here = find_project(tiny)
    signals = "".join(f"  - {{at: L{loop}, open: BTCUSDT:LONG, usd: 500}}\n" for loop in range(10, 60))
    long = DIP.replace("loops: 3", "loops: 90").replace("id: dip", "id: long") + signals
    file = tiny / "scenarios" / "tiny" / "long.yaml"
    file.write_text(long)
    assert planned(load(here.scenarios / "tiny" / "dip.yaml", here)[0]) == {1, 3}
    loops = sorted(planned(load(file, here)[0]))
    assert (loops[0], loops[-1], len(loops)) == (1, 90, PLANNED)
    assert set(loops) - {1, 90} <= {3, *range(10, 60)}
