"""Trees that hold only what the contract names, in each form it allows, pass; the report says which was seen."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from verify_kit import FOREIGN, change, changed, good, minimal, rules_of

from simkit.contract.verifier import verify

TREES = sorted(folder.name for folder in FOREIGN.iterdir())

#: Every name that the contract's own text uses for a key. Symbols, factors, reasons are data.
_TEXT = """
    nav nav_usd nav_total updated_ts updated_at exec_stats total_equity drawdown aum futures
    positions symbol side qty entry_price mark_price unrealized_pnl realized_pnl notional
    entries tp_sl_levels metadata tp sl created_ts
    portfolio dd_pct var_nav_pct cvar_nav_pct per_symbol
    runtime_diagnostics veto_counters by_reason total_vetoes exit_pipeline liveness details missing
    last_exit_scan_ts last_exit_trigger_ts last_router_event_ts open_positions_count tp_sl_registered_count
    tp_sl_missing_count underwater_without_tp_sl_count tp_sl_coverage_pct ledger_registry_mismatch
    mismatch_breakdown missing_ledger_positions ghost_ledger_entries missing_tp_sl_entries stale_tp_sl_entries
    signals_idle_seconds orders_idle_seconds exits_idle_seconds router_idle_seconds
    risk_mode dd_state state circuit_breaker max_portfolio_dd_nav_pct active anomalies nav_jump dd_flap
    var_limit_breach cvar_limit_breach var cvar limit within_limit
    router_health global quality_score buckets slippage latency avg_bps avg_ms twap_usage_ratio
    avg_slippage_bps slippage_drift_bps avg_latency_ms slippage_drift_bucket latency_bucket child_orders count
    fill_ratio symbols scores hybrid_score hybrid router_quality_score passes_emission min_for_emission
    raw_factors factors direction regime normalization_coeffs mean std min max range covariance
    covariance_matrix correlation_matrix factor_vols lookback_days orthogonalized factor_ir weights
    factor_weights pnl_attribution window_days by_factor orthogonalization_enabled auto_weighting_enabled config
    factor_config mode docs_version state_files path owner description queue
"""
NAMES = frozenset(_TEXT.split())
_DATA = re.compile(r"[A-Z]{3,}USDT(:[A-Z]+)?|trend|carry|max_concurrent|cooldown")


def names_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(names_in, value.values()))
    return set().union(*map(names_in, value)) if isinstance(value, list) else set()


def files_of(tree: str) -> list[Path]:
    return sorted((FOREIGN / tree).rglob("*.json"))


def test_there_are_enough_trees() -> None:
    assert len(TREES) >= 6


@pytest.mark.parametrize("tree", TREES)
def test_a_minimal_tree_passes_in_its_form(tree: str) -> None:
    report = verify(FOREIGN / tree)
    assert report.errors == ()
    assert len(report.evaluated) > 70


@pytest.mark.parametrize("tree", TREES)
def test_a_minimal_tree_holds_only_what_the_contract_names(tree: str) -> None:
    surfaces = {file.stem for file in files_of("seed-keys")} | {"signals", "symbol_scores"}
    for file in files_of(tree):
        left = names_in(json.loads(file.read_text())) - NAMES
        if file.stem == "v7_manifest":
            left -= surfaces
        assert {name for name in left if not _DATA.fullmatch(name)} == set(), file


READINGS = {
    "epoch-seconds-percent": {
        "A-02: epoch s", "A-12: unsigned", "A-18: percent", "A-20: list", "A-22: literal keys", "A-24: string",
        "A-27: list", "A-50: flat counters", "A-50: zero counts", "A-51: mapping scores", "A-52: number",
    },
    "flat-book-naive-time": {
        "A-01: updated_ts only", "A-02: naive ISO", "A-03: the contract's keys only",
        "A-18: a flat book is not judged", "A-31: no var block", "A-31: no cvar block",
    },
    "one-way-mode-milliseconds": {
        "A-02: epoch ms", "A-04: inside runtime_diagnostics", "A-06: nav_usd instead of total_equity",
        "A-06: no drawdown", "A-12: signed", "A-13: BOTH with signed qty", "A-20: sparse map",
        "A-24: dd_pct inside dd_state only", "A-26: nav_total only", "A-27: flags",
        "A-51: mapping at the top level",
    },
    "percent-drawdown-partial-levels": {
        "A-02: ISO with an offset", "A-17: partial map", "A-25: percent", "A-51: mapping per_symbol",
        "A-19: among missing_ledger_positions or ghost_ledger_entries",
    },
    "throttled-surfaces": {"A-41: throttled", "A-42: surfaces of one loop differ in time"},
    "two-decimals-own-surface": {"A-02: epoch as text"},
}  # fmt: skip


@pytest.mark.parametrize("tree", READINGS)
def test_the_report_names_the_readings(tree: str) -> None:
    assert READINGS[tree] <= {str(reading) for reading in verify(FOREIGN / tree).readings}


def test_a_reading_says_where_it_was_seen() -> None:
    readings = verify(FOREIGN / "epoch-seconds-percent").readings
    places = [reading.where for reading in readings if reading.id == "A-18"]
    assert places == ["diagnostics.runtime_diagnostics.exit_pipeline.tp_sl_coverage_pct"]


# Twenty legal oddities -------------------------------------------------------------------------------------

GLOBAL = "router_health.router_health.global"
PIPE = "diagnostics.runtime_diagnostics.exit_pipeline"
LIVE = "diagnostics.runtime_diagnostics.liveness"
AT = "2025-01-06T00:01:00.007000Z"

ODDITIES = {
    "a stop trailed above the entry": changed(
        ("positions_ledger.entries.0.sl", 100.2), ("positions_ledger.tp_sl_levels.BTCUSDT:LONG.sl", 100.2)
    ),
    "surfaces milliseconds apart": changed(
        *((f"{stem}.updated_{word}", AT) for stem in ("nav", "positions_state") for word in ("ts", "at"))
    ),
    "another router's score": changed((f"{GLOBAL}.quality_score", 0.97)),
    "a score in percent": changed((f"{GLOBAL}.quality_score", 97.0)),
    "another word for the risk mode": changed(("risk_snapshot.risk_mode", "CRISIS")),
    "a numeric aum": changed(("nav.aum", 9999.5), ("nav_state.aum", 9999.5)),
    "coverage as a percent": changed((f"{PIPE}.tp_sl_coverage_pct", 100.0)),
    "unsigned quantities": changed(("positions_state.positions.1.qty", 2.0)),
    "signed quantities in the ledger too": changed(("positions_ledger.entries.1.qty", -2.0)),
    "a signed notional": changed(("positions_state.positions.1.notional", -101.0)),
    "a negative NAV": changed(
        *((path, -5.0) for path in ("nav.nav", "nav.nav_usd", "nav.nav_total", "nav_state.nav",
                                    "nav_state.nav_usd", "nav_state.total_equity", "risk_snapshot.nav",
                                    "risk_snapshot.nav_total", "kpis_v7.portfolio.nav"))
    ),
    "another veto reason": changed(("diagnostics.runtime_diagnostics.veto_counters.by_reason", {"moon": 1})),
    "further keys anywhere": changed(("nav.colour", "blue"), ("positions_state.positions.0.note", [1, {}])),
    "a row of quantity zero": changed(
        ("positions_state.positions.0.qty", 0.0), ("positions_state.positions.0.mark_price", 0.0),
        ("positions_state.positions.0.notional", 0.0), ("positions_state.positions.0.unrealized_pnl", 0.0),
        ("positions_ledger.entries.0", ...), ("positions_ledger.metadata.entry_count", 1),
        (f"{PIPE}.open_positions_count", 1), (f"{PIPE}.tp_sl_registered_count", 1),
        (f"{PIPE}.mismatch_breakdown", ...),
    ),
    "no intel at all": changed(*((stem, ...) for stem in ("symbol_scores_v6", "rv_momentum", "factor_diagnostics"))),
    "emission at equality refused": changed(
        ("symbol_scores_v6.symbols.1.hybrid_score", 0.35), ("symbol_scores_v6.symbols.1.hybrid.passes_emission", False)
    ),
    "VaR at its limit and not within it": changed(
        ("risk_snapshot.var.portfolio_var_nav_pct", 0.12), ("risk_snapshot.var.within_limit", False)
    ),
    "no VaR": changed(("risk_snapshot.var", ...), ("risk_snapshot.cvar", ...)),
    "no exec_stats and no aliases": changed(("nav.exec_stats", ...), ("nav.updated_at", ...)),
    "a list of what is missing": changed((f"{LIVE}.missing", ["exits"])),
    "anomalies as a list of objects": changed(("risk_snapshot.anomalies", [{"type": "dd_flap"}])),
    "the mismatch flag without stale entries": changed(
        (f"{PIPE}.mismatch_breakdown.stale_tp_sl_entries", 1), (f"{PIPE}.ledger_registry_mismatch", False)
    ),
    "an older auxiliary file of the system": changed(("regimes", {"BTCUSDT": "hot"})),
    "prices in cents": changed(
        ("positions_state.positions.0.mark_price", 100.51), ("positions_state.positions.0.notional", 100.51),
        ("positions_state.positions.0.unrealized_pnl", 0.51),
    ),
    "a placeholder before the first intel run": changed(
        ("symbol_scores_v6", {"updated_ts": "2025-01-06T00:00:00Z", "intel_enabled": False})
    ),
    "equal weights outside our bounds": changed(
        *((f"factor_diagnostics.{name}", {"trend": 1.0, "carry": 0.0, "rv_momentum": 0.0})
          for name in ("weights", "factor_weights.weights", "pnl_attribution.weights"))
    ),
}  # fmt: skip


def test_there_are_twenty_oddities() -> None:
    assert len(ODDITIES) >= 20


@pytest.mark.parametrize("oddity", ODDITIES)
def test_a_legal_oddity_is_no_error(oddity: str) -> None:
    errors, _ = rules_of(ODDITIES[oddity](good()))
    assert errors == []


# One form throughout ---------------------------------------------------------------------------------------


def test_a_form_that_is_not_kept_up_warns() -> None:
    """Percent in the first tree, a fraction in the second: of a reading, not an error."""
    percent, fraction = change(minimal(), f"{PIPE}.tp_sl_coverage_pct", 75), minimal()
    later = json.loads(json.dumps(fraction).replace("12:00:00Z", "12:01:00Z"))
    report = verify([percent, later])
    assert report.errors == ()
    assert [v.rule for v in report.warnings if v.tier == "reading"] == ["INV-D12"]


def test_coverage_that_is_neither_is_an_error() -> None:
    assert rules_of(change(minimal(), f"{PIPE}.tp_sl_coverage_pct", 60))[0] == ["INV-D12"]
    assert rules_of(change(minimal(), f"{PIPE}.tp_sl_coverage_pct", 101))[0] == ["INV-D12"]


def test_mixed_signs_of_quantities_warn() -> None:
    docs = good()
    docs["positions_state"]["positions"].append(
        {**docs["positions_state"]["positions"][1], "symbol": "SOLUSDT", "qty": 2.0}
    )
    assert "INV-P02" in rules_of(docs)[1]


def test_the_value_of_a_finding_is_that_of_the_file() -> None:
    """Ten percent of drawdown beside a peak that says two: path and value are the user's."""
    docs = json.loads((FOREIGN / "epoch-seconds-percent/logs/state/diagnostics.json").read_text())
    docs["runtime_diagnostics"]["veto_counters"]["max_concurrent"] = -3
    (found,) = verify({**minimal(), "diagnostics": docs}).errors[:1]
    assert (found.rule, found.path, found.value) == (
        "INV-D03", "runtime_diagnostics.veto_counters.max_concurrent", "-3",
    )  # fmt: skip


def test_a_row_of_a_mapping_is_found_where_it_stands() -> None:
    folder = FOREIGN / "epoch-seconds-percent" / "logs" / "state"
    docs = {file.stem: json.loads(file.read_text()) for file in folder.iterdir()}
    docs["symbol_scores_v6"]["scores"]["XRPUSDT"]["hybrid"]["passes_emission"] = True
    (found,) = verify(docs).errors
    assert (found.rule, found.path, found.value) == (
        "INV-S02", "scores[XRPUSDT].hybrid.passes_emission", "true",
    )  # fmt: skip


def test_a_side_of_one_way_mode_is_found_where_it_stands() -> None:
    folder = FOREIGN / "one-way-mode-milliseconds" / "logs" / "state"
    docs = {file.stem: json.loads(file.read_text()) for file in folder.iterdir()}
    docs["positions_ledger"]["entries"][1]["tp"] = 2400.0
    (found,) = verify(docs).errors
    assert (found.rule, found.path, found.value) == ("INV-L08", "entries[1].tp", "2400.0")
