"""The schemas accept what is published and refuse what lacks a core field; the typed decoder agrees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st
from schema_sides import (
    FAST,
    INDEPENDENT,
    Path,
    Published,
    decodes,
    full_document,
    json_types,
    nodes_of,
    verdicts,
    with_value,
    without,
)

from simkit.contract.schemas import DOCUMENTS

ONE_OF_EACH: dict[str, Any] = {
    "null": None,
    "boolean": True,
    "integer": 3,
    "number": 1.5,
    "string": "text",
    "array": [[]],
    "object": {"x": []},
}

#: What the contract calls core, each in its own words.
CORE = {
    "nav": "updated_ts nav nav_usd",
    "nav_state": "updated_ts total_equity drawdown aum",
    "positions_state": "updated_at positions positions.0.symbol positions.0.side positions.0.qty"
    " positions.0.entry_price positions.0.mark_price positions.0.unrealized_pnl positions.0.notional"
    " positions.0.realized_pnl",
    "positions_ledger": "updated_at entries tp_sl_levels metadata metadata.entry_count entries.0.symbol"
    " entries.0.side entries.0.qty entries.0.entry_price entries.0.tp entries.0.sl entries.0.created_ts"
    " entries.0.updated_ts",
    "kpis_v7": "updated_at portfolio portfolio.nav portfolio.dd_pct portfolio.var_nav_pct"
    " portfolio.cvar_nav_pct per_symbol",
    "diagnostics": "updated_ts runtime_diagnostics.veto_counters runtime_diagnostics.exit_pipeline"
    " runtime_diagnostics.exit_pipeline.open_positions_count"
    " runtime_diagnostics.exit_pipeline.tp_sl_registered_count"
    " runtime_diagnostics.exit_pipeline.tp_sl_missing_count"
    " runtime_diagnostics.exit_pipeline.tp_sl_coverage_pct"
    " runtime_diagnostics.exit_pipeline.underwater_without_tp_sl_count"
    " runtime_diagnostics.exit_pipeline.ledger_registry_mismatch"
    " runtime_diagnostics.exit_pipeline.last_exit_scan_ts"
    " runtime_diagnostics.exit_pipeline.last_exit_trigger_ts"
    " runtime_diagnostics.exit_pipeline.last_router_event_ts"
    " runtime_diagnostics.liveness.idle_signals runtime_diagnostics.liveness.idle_orders"
    " runtime_diagnostics.liveness.idle_exits runtime_diagnostics.liveness.idle_router"
    " runtime_diagnostics.liveness.details runtime_diagnostics.liveness.missing",
    "risk_snapshot": "updated_ts risk_mode dd_state drawdown.dd_pct circuit_breaker anomalies nav"
    " var.max_portfolio_var_nav_pct var.within_limit cvar.limit cvar.within_limit",
    "router_health": "updated_ts router_health.global router_health.global.quality_score"
    " router_health.global.twap_usage_ratio router_health.per_symbol",
    "symbol_scores_v6": "updated_ts symbols symbols.0.symbol symbols.0.hybrid_score symbols.0.hybrid"
    " symbols.0.hybrid.router_quality_score symbols.0.hybrid.passes_emission"
    " symbols.0.hybrid.min_for_emission",
    "rv_momentum": "updated_ts per_symbol spreads spreads.btc_vs_eth spreads.l1_vs_alt spreads.meme_vs_rest",
    "factor_diagnostics": "updated_ts raw_factors per_symbol normalization_coeffs covariance orthogonalized"
    " factor_ir weights factor_weights.weights pnl_attribution auto_weighting_enabled"
    " orthogonalization_enabled config",
}

SHORT = (
    "canary/must-fail",
    "drawdown/flapping",
    "drawdown/nav-spike",
    "drawdown/recovery",
    "files/sync-down",
    "ledger/empty-registry",
    "ledger/ghost-entry",
    "ledger/missing-tp-sl",
)


# What is published -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", SHORT)
def test_every_document_of_every_loop_is_accepted(
    scenario: str, published_by: Callable[[str], list[Published]]
) -> None:
    published = published_by(scenario)
    assert {name for name, _ in published} >= {"nav", "positions_state", "position_tp_sl", "v7_manifest"}
    for name, data in published:
        assert [error.message for error in INDEPENDENT[name].iter_errors(msgspec.json.decode(data))] == [], (
            name
        )
        assert decodes(name, data)


@pytest.mark.slow
def test_every_document_of_a_long_run_is_accepted(published_by: Callable[[str], list[Published]]) -> None:
    for name, data in published_by("replay/crash-2008"):
        assert FAST[name].is_valid(msgspec.json.decode(data)), name
        assert decodes(name, data)


# A core field less, or of another type ---------------------------------------------------------------------


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_full_document_is_accepted_also_with_keys_nobody_knows(name: str) -> None:
    doc = full_document(name)
    assert verdicts(name, doc) == {True}
    for path, _, _ in nodes_of(name):
        value = doc
        for step in path:
            value = value[step]
        if isinstance(value, dict) and "KEY" not in value:
            assert verdicts(name, with_value(doc, (*path, "x_unknown"), None)) == {True}, path


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_without_a_required_field_is_refused_by_all(name: str) -> None:
    doc = full_document(name)
    for path, _, required in nodes_of(name):
        assert verdicts(name, without(doc, path)) == {not required}, path


@pytest.mark.parametrize("name", CORE)
def test_what_the_contract_calls_core_is_required(name: str) -> None:
    doc = full_document(name)
    for dotted in CORE[name].split():
        path: Path = tuple(int(step) if step.isdigit() else step for step in dotted.split("."))
        assert verdicts(name, without(doc, path)) == {False}, dotted


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_value_of_another_type_is_refused_by_all(name: str) -> None:
    doc = full_document(name)
    for path, kind, _ in nodes_of(name):
        allowed = json_types(kind)
        for json_type, value in ONE_OF_EACH.items():
            found = verdicts(name, with_value(doc, path, value))
            assert len(found) == 1, (path, value)
            assert json_type in allowed or found == {False}, (path, value)
            if json_type == "null":
                assert found == {"null" in allowed}, path


# Any edit --------------------------------------------------------------------------------------------------

#: Whole numbers stay exact in every reader; see the next test for the one difference.
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53), 2**53),
        st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer()),
        st.sampled_from(["", "LONG", "NORMAL", "OK", "GREEN", "FAST", "live", "2025-01-06T00:00:00Z"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
PLACES = [(name, path) for name in DOCUMENTS for path, _, _ in nodes_of(name)]


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.sampled_from(PLACES), VALUES)
def test_schema_and_decoder_agree_on_any_value_anywhere(place: tuple[str, Path], value: Any) -> None:
    name, path = place
    assert len(verdicts(name, with_value(full_document(name), path, value))) == 1


def test_a_whole_number_with_a_point_is_the_one_difference() -> None:
    """JSON Schema knows values, not spellings: 3.0 is an integer to it. The decoder wants 3."""
    doc = with_value(full_document("positions_ledger"), ("metadata", "entry_count"), 3.0)
    assert INDEPENDENT["positions_ledger"].is_valid(doc)
    assert not decodes("positions_ledger", msgspec.json.encode(doc))
