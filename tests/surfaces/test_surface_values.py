"""What the builders put into the fields: units, nulls, thresholds."""

from __future__ import annotations

from typing import Any

import pytest
from make_state import POSITIONS, flat_state, make_state, position
from msgspec.structs import replace

from simkit.contract.shapes.base import Shape
from simkit.core import canon
from simkit.core.numeric import USD
from simkit.core.settings import IntelSettings, NavSettings, Settings, VarSettings
from simkit.executor import state as st
from simkit.surfaces import build_book, build_diagnostics, build_intel, build_risk, build_router


def plain(document: Shape) -> Any:
    return canon.decode(canon.encode(document))


def var(**changes: Any) -> st.VarPart:
    part = make_state().var
    assert part is not None
    return replace(part, **changes)


# S1, S3, S4, AUX-1 -----------------------------------------------------------------------------------------


def test_nav_is_equity_and_off_exchange_counts_in_the_total_only() -> None:
    state = make_state()
    nav = plain(build_book.nav(state))
    assert nav["nav"] == nav["nav_usd"] == nav["nav_total"] == nav["aum"]["futures"] == state.nav.nav / USD
    breakdown = nav["nav_detail"]["breakdown"]
    assert round((breakdown["wallet"] + breakdown["unrealized_pnl"]) * USD) == state.nav.nav
    assert round(nav["aum"]["total"] * USD) == state.nav.nav + 4_212_300_000
    assert nav["aum"]["offexchange"]["XAUT"] == {
        "avg_cost": 2000.0,
        "mark": None,
        "qty": 2.0,
        "usd_value": None,
    }
    assert nav["exec_stats"]["top_vetoes"][0] == {"count": 2, "reason": "min_notional"}


def test_quantity_is_signed_in_positions_and_absolute_in_the_ledger() -> None:
    state = make_state()
    rows = plain(build_book.positions_state(state))["positions"]
    entries = plain(build_book.positions_ledger(state))["entries"]
    assert [(r["side"], r["qty"]) for r in rows] == [
        ("LONG", 0.05), ("LONG", 1.5), ("SHORT", -0.33333333), ("SHORT", -12.0),
    ]  # fmt: skip
    assert [e["qty"] for e in entries] == [0.05, 1.5, 0.33333333, 12.0]
    assert [e["position_key"] for e in entries] == [row.key for row in POSITIONS]
    assert entries[0]["created_ts"] == 1736121600.0
    assert entries[0]["updated_ts"] == 1736121600.123456


def test_the_side_that_legacy_d12_tells_stands_in_positions_only() -> None:
    told = replace(POSITIONS[3], told="BOTH")
    state = make_state(positions=(told,))
    (row,) = plain(build_book.positions_state(state))["positions"]
    assert (row["side"], row["qty"]) == ("BOTH", -12.0)
    assert {entry["side"] for entry in plain(build_book.positions_ledger(state))["entries"]} <= {
        "LONG",
        "SHORT",
    }


def test_a_registry_entry_leaves_out_what_nobody_said() -> None:
    bare = st.RegistryEntry("BTCUSDT", "LONG", None, None, 0, 0, 1_736_121_600_000_000)
    assert plain(build_book.registry_entry(bare)) == {
        "enable_tp_sl": True, "position_side": "LONG", "registered_at": 1736121600.0, "stop_loss_price": None,
        "symbol": "BTCUSDT", "take_profit_price": None,
    }  # fmt: skip
    said = replace(bare, entry=10**8, qty=2 * 10**8, strategy="trend", source="ledger_sync")
    assert plain(build_book.registry_entry(said)).items() >= {
        "entry_price": 1.0, "qty": 2.0, "strategy": "trend", "source": "ledger_sync",
    }.items()  # fmt: skip


def test_the_ledger_copies_the_levels_of_the_registry_stale_keys_included() -> None:
    stale = st.RegistryEntry("XRPUSDT", "LONG", None, 40_000_000, 50_000_000, 100, 0)
    state = make_state(registry={**make_state().registry, "XRPUSDT:LONG": stale})
    ledger = plain(build_book.positions_ledger(state))
    assert ledger["tp_sl_levels"]["XRPUSDT:LONG"] == {"sl": 0.4, "tp": None}
    assert len(ledger["tp_sl_levels"]) == 5
    assert ledger["metadata"]["entry_count"] == len(ledger["entries"]) == 4


@pytest.mark.parametrize(("source", "printed"), [("ledger_sync", "ledger_sync"), ("", None)])
def test_registry_source_is_left_out_for_an_entry_fill(source: str, printed: str | None) -> None:
    entry = st.RegistryEntry("BTCUSDT", "LONG", 1, None, 1, 1, 1_500_000, source)
    file = plain(build_book.registry_file(make_state(registry={"BTCUSDT:LONG": entry})))
    assert file["entries"]["BTCUSDT:LONG"].get("source") == printed
    assert file["entries"]["BTCUSDT:LONG"]["registered_at"] == 1.5
    assert file["entries"]["BTCUSDT:LONG"]["stop_loss_price"] is None
    assert file["entries"]["BTCUSDT:LONG"]["enable_tp_sl"] is True


@pytest.mark.parametrize("price", ["entry", "mark"])
def test_a_row_needs_entry_and_mark(price: str) -> None:
    smallest = replace(POSITIONS[0], **{price: 1})
    assert build_book.positions_state(make_state(positions=(smallest,))).positions[0].symbol == "BTCUSDT"
    broken = replace(POSITIONS[0], **{price: 0})
    with pytest.raises(build_book.BrokenRowError, match="BTCUSDT:LONG"):
        build_book.positions_state(make_state(positions=(broken,)))


# S7 --------------------------------------------------------------------------------------------------------


def test_the_drawdown_is_one_number_in_four_places() -> None:
    risk = plain(build_risk.risk_snapshot(make_state()))
    assert risk["drawdown"] == {
        "dd_abs": 123.45679, "dd_pct": 0.012345679, "nav": risk["nav"], "peak_nav": 10000.0,
    }  # fmt: skip
    assert risk["dd_state"] == {
        "drawdown": {"dd_pct": 0.012345679},
        "since_ts": "2025-01-06T00:00:00.000000Z",
        "state": "RECOVERY",
        "transitions": 5,
    }
    assert risk["dd_frac"] == risk["portfolio_dd_pct"] == 0.012345679


def test_anomalies_hold_what_fires() -> None:
    anomalies = plain(build_risk.risk_snapshot(make_state()))["anomalies"]
    assert anomalies == {
        "cvar_limit_breach": {"limit": 0.04, "symbols": ["ETHUSDT"], "value": 0.0456},
        "dd_flap": {"transitions": 5, "window_s": 3600.0},
        "nav_jump": {"new": 10000.0, "old": 3000.0, "pct": 2.333333333},
    }


@pytest.mark.parametrize(("value", "fires"), [(0.12, False), (0.120000001, True), (None, False)])
def test_var_breach_is_strict(value: float | None, fires: bool) -> None:
    risk = plain(build_risk.risk_snapshot(make_state(var=var(value=value))))
    assert ("var_limit_breach" in risk["anomalies"]) is fires
    if fires:
        assert risk["anomalies"]["var_limit_breach"] == {"limit": 0.12, "value": value}


def test_disabled_var_leaves_both_blocks_out() -> None:
    state = make_state(var=None)
    risk = plain(build_risk.risk_snapshot(state))
    assert "var" not in risk
    assert "cvar" not in risk
    kpis = plain(build_risk.kpis(state))["portfolio"]
    assert kpis["var_nav_pct"] is None
    assert kpis["cvar_nav_pct"] is None


def test_figures_that_are_not_known_are_null_with_a_status() -> None:
    part = var(status="insufficient_data", value=None, usd=None, volatility=None, within_limit=None,
               cvar_status="insufficient_data", cvar={"BTCUSDT": st.SymbolCvar(None, None)},
               cvar_within_limit=None, portfolio_cvar=None, breaching=())  # fmt: skip
    risk = plain(build_risk.risk_snapshot(make_state(var=part)))
    assert risk["var"]["status"] == risk["cvar"]["status"] == "insufficient_data"
    assert risk["var"]["portfolio_var_usd"] is None
    assert risk["var"]["within_limit"] is None
    assert risk["var"]["max_portfolio_var_nav_pct"] == 0.12
    assert risk["cvar"]["per_symbol"]["BTCUSDT"] == {
        "cvar_nav_pct": None,
        "limit": 0.04,
        "within_limit": None,
    }
    assert "var_limit_breach" not in risk["anomalies"]


def test_limits_are_published_as_configured() -> None:
    settings = Settings(var=VarSettings(max_portfolio_var_nav_pct=0.2, max_position_cvar_nav_pct=0.07))
    risk = plain(build_risk.risk_snapshot(make_state(settings=settings)))
    assert risk["var"]["max_portfolio_var_nav_pct"] == 0.2
    assert risk["cvar"]["limit"] == risk["cvar"]["max_position_cvar_nav_pct"] == 0.07
    assert risk["cvar"]["per_symbol"]["ETHUSDT"]["limit"] == 0.07


@pytest.mark.parametrize(
    ("age", "sources_ok", "fresh"), [(90.0, True, True), (90.000001, True, False), (0.0, False, False)]
)
def test_nav_health_is_fresh_up_to_the_threshold(age: float, sources_ok: bool, fresh: bool) -> None:
    base = make_state(settings=Settings(nav=NavSettings(fresh_s=90.0)))
    state = replace(
        base, risk=replace(base.risk, nav_age_s=age), nav=replace(base.nav, sources_ok=sources_ok)
    )
    health = plain(build_risk.risk_snapshot(state))["nav_health"]
    assert health == {"age_s": age, "fresh": fresh, "sources_ok": sources_ok, "threshold_s": 90.0}


@pytest.mark.parametrize(("positions", "entries", "mismatch"), [(1, 0, True), (0, 0, False), (1, 1, False)])
def test_the_registry_canary(positions: int, entries: int, mismatch: bool) -> None:
    state = make_state()
    state = replace(state, risk=replace(state.risk, num_positions=positions, num_registry=entries))
    canary = plain(build_risk.risk_snapshot(state))["tp_sl_registry"]
    assert canary == {
        "num_positions": positions, "num_registry_entries": entries, "registry_mismatch": mismatch,
    }  # fmt: skip


# S5 --------------------------------------------------------------------------------------------------------


def test_kpis_hold_the_bare_word_and_fold_both_sides_of_a_symbol() -> None:
    state = make_state()
    kpis = plain(build_risk.kpis(state))
    assert kpis["dd_state"] == "RECOVERY"
    assert kpis["drawdown"] == {"dd_pct": 0.012345679}
    assert kpis["portfolio"] == {
        "cvar_nav_pct": 0.0222222, "dd_pct": 0.012345679, "nav": state.nav.nav / USD,
        "var_nav_pct": 0.0345678,
    }  # fmt: skip
    both = [row for row in POSITIONS if row.symbol == "ETHUSDT"]
    eth = kpis["per_symbol"]["ETHUSDT"]
    assert list(kpis["per_symbol"]) == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    assert round(eth["pnl"] * USD) == sum(row.unrealized for row in both)
    assert eth["exposure_nav_pct"] == round(sum(row.notional for row in both) / state.nav.nav, 9)


def test_symbols_are_sorted_by_symbol_not_by_position_key() -> None:
    rows = (position("BTC1", "LONG", 1.0, 1.0, 1.0), position("BTC", "LONG", 1.0, 1.0, 1.0))
    kpis = plain(build_risk.kpis(make_state(positions=rows)))
    assert list(kpis["per_symbol"]) == ["BTC", "BTC1"]


@pytest.mark.parametrize(("nav", "present"), [(1, True), (0, False), (-5 * USD, False)])
def test_shares_of_nav_need_a_nav_above_zero(nav: int, present: bool) -> None:
    state = make_state()
    state = replace(state, nav=replace(state.nav, nav=nav))
    row = plain(build_risk.kpis(state))["per_symbol"]["BTCUSDT"]
    assert ("exposure_nav_pct" in row) is present
    assert ("pnl_pct" in row) is present
    assert "pnl" in row


# S6, AUX-3 -------------------------------------------------------------------------------------------------


def test_liveness_maps_are_full_or_both_empty() -> None:
    on = plain(build_diagnostics.diagnostics(make_state()))["runtime_diagnostics"]["liveness"]
    assert on["details"] == {
        "exits_idle_seconds": 3601.0, "orders_idle_seconds": 60.5, "router_idle_seconds": 60.5,
        "signals_idle_seconds": 60.5,
    }  # fmt: skip
    assert on["missing"]["exits_idle_seconds"] is True
    assert on["missing"]["orders_idle_seconds"] is False
    state = make_state()
    off = replace(state, liveness=replace(state.liveness, enabled=False))
    block = plain(build_diagnostics.diagnostics(off))["runtime_diagnostics"]["liveness"]
    assert block == {
        "details": {}, "idle_exits": False, "idle_orders": False, "idle_router": False, "idle_signals": False,
        "missing": {},
    }  # fmt: skip


def test_the_exit_pipeline_has_its_nine_fields_and_the_breakdown() -> None:
    found = st.Reconciliation(4, 3, 2, 1, 0.75, True, 1, 2, 1, 5)
    state = make_state(reconciliation=found)
    block = plain(build_diagnostics.diagnostics(state))["runtime_diagnostics"]["exit_pipeline"]
    assert block == {
        "last_exit_scan_ts": "2025-01-06T00:01:00.000000Z",
        "last_exit_trigger_ts": None,
        "last_router_event_ts": "2025-01-06T00:00:01.120125Z",
        "ledger_registry_mismatch": True,
        "mismatch_breakdown": {
            "ghost_ledger_entries": 2,
            "missing_ledger_positions": 1,
            "missing_tp_sl_entries": 1,
            "stale_tp_sl_entries": 5,
        },
        "open_positions_count": 4,
        "tp_sl_coverage_pct": 0.75,
        "tp_sl_missing_count": 2,
        "tp_sl_registered_count": 3,
        "underwater_without_tp_sl_count": 1,
    }


def test_identity_is_pinned_and_the_run_is_the_executors() -> None:
    metadata = plain(build_diagnostics.engine_metadata(make_state(run_id="run-0002")))
    assert metadata == {
        "engine_version": "reference-1", "env": "sim", "git_commit": "0000000", "hostname": "simkit",
        "run_id": "run-0002", "status": "running", "updated_ts": "2025-01-06T00:01:00.000000Z",
    }  # fmt: skip


# S8 to S11 -------------------------------------------------------------------------------------------------


def test_router_groups_and_flat_fields_agree() -> None:
    state = make_state()
    document = plain(build_router.router_health(state))
    overall = document["router_health"]["global"]
    assert overall["slippage"] == {
        "avg_bps": overall["avg_slippage_bps"],
        "drift_bps": overall["slippage_drift_bps"],
    }
    assert overall["latency"] == {"avg_ms": overall["avg_latency_ms"]}
    assert overall["buckets"] == {"latency": "FAST", "router": "B_MEDIUM", "slippage": "YELLOW"}
    assert document["router_health_score"] == overall["quality_score"] == 0.65
    assert document["router_health"]["meta"] == {"min_events": 5, "window_seconds": 900.0}
    assert document["router_health"]["per_symbol"]["BTCUSDT"]["child_orders"] == {
        "count": 4, "fill_ratio": 0.987654321,
    }  # fmt: skip
    assert document["summary"]["quality_counts"] == {"broken": 0, "degraded": 0, "good": 0, "ok": 8}


def test_scores_repeat_one_number_under_its_three_names() -> None:
    state = make_state()
    assert state.intel is not None
    row = plain(build_intel.symbol_scores(state, state.intel))["symbols"][7]
    assert row["score"] == row["hybrid_score"] == row["hybrid"]["score"] == 0.3125
    assert row["router_quality_score"] == row["hybrid"]["router_quality_score"] == 0.65
    assert row["hybrid"]["passes_emission"] is False
    assert row["hybrid"]["min_for_emission"] == 0.35
    assert row["inputs"] == {"expectancy": 1.5, "router": None}


def test_factor_objects_are_sorted_and_lists_keep_the_configured_order() -> None:
    state = make_state()
    assert state.intel is not None
    document = plain(build_intel.factor_diagnostics(state, state.intel))
    configured = ["trend", "carry", "rv_momentum", "router_quality", "expectancy", "vol_regime"]
    assert document["covariance"]["factors"] == document["config"]["factors"] == configured
    assert list(document["weights"]) == sorted(configured)
    assert document["weights"]["trend"] == 0.2
    assert document["weights"]["rv_momentum"] == 0.25
    assert document["weights"] == document["factor_weights"]["weights"]
    assert document["weights"] == document["pnl_attribution"]["weights"]
    vector = document["raw_factors"]["ADAUSDT:LONG"]
    assert vector["factors"]["trend"] == 1 / 7
    assert vector["factors"]["vol_regime"] == 1 / 12
    assert document["pnl_attribution"]["by_factor"]["carry"] == 12.5
    assert document["pnl_attribution"]["orthogonalized_summary"]["degenerate"] == ["carry"]


def test_what_is_switched_off_is_null_or_empty() -> None:
    state = make_state(settings=Settings(intel=IntelSettings(auto_weighting=False, orthogonalization=False)))
    assert state.intel is not None
    part = replace(state.intel, factors=replace(state.intel.factors, has_pnl=False))
    document = plain(build_intel.factor_diagnostics(state, part))
    assert document["weights"] == document["factor_weights"]["weights"] == {}
    assert document["orthogonalized"] is None
    assert "orthogonalized_summary" not in document["pnl_attribution"]
    assert document["pnl_attribution"]["by_factor"] == {}
    assert document["auto_weighting_enabled"] is False


@pytest.mark.parametrize("factors", [("trend",), ("b", "a")])
def test_any_number_of_factors_can_be_named(factors: tuple[str, ...]) -> None:
    values = tuple(float(i) for i in range(len(factors)))
    named = build_intel.Names(factors)(values)
    assert named == dict(zip(factors, values, strict=True))
    assert list(named) == sorted(factors)


def test_rv_momentum_has_every_symbol_and_three_spreads() -> None:
    state = make_state()
    assert state.intel is not None
    document = plain(build_intel.rv_momentum(state, state.intel))
    assert document["spreads"] == {"btc_vs_eth": 0.0012, "l1_vs_alt": -0.0034, "meme_vs_rest": 0.01}
    assert document["per_symbol"]["ADAUSDT"] == {"baskets": ["l1"], "raw_score": 1.2345, "score": -0.4375}
    assert flat_state().intel is None
