"""For each rule on kpis, diagnostics, risk, router, intel and the whole tree: just passes, just fails."""

from __future__ import annotations

from good_tree import (
    BTC,
    ETH,
    Edit,
    also,
    at,
    both,
    drop,
    fill,
    gone,
    nav_of,
    nothing,
    on,
    order,
    put,
    raw,
    settings,
    stamp,
    truth,
    veto,
)

NAV2 = nav_of(2)
S3, S4, S7, S8, S9, S11 = (
    "positions_state",
    "positions_ledger",
    "risk_snapshot",
    "router_health",
    "symbol_scores_v6",
    "factor_diagnostics",
)
RUN = "diagnostics.runtime_diagnostics"
PIPE, COUNT, LIVE = f"{RUN}.exit_pipeline", f"{RUN}.veto_counters", f"{RUN}.liveness"
GLOBAL, ROW = f"{S8}.router_health.global", f"{S8}.router_health.per_symbol[BTCUSDT]"
#: BTCUSDT without levels, in ledger and registry.
BARE = also(
    put(f"{S4}.entries[0].tp", None), put(f"{S4}.entries[0].sl", None), drop(f"position_tp_sl.entries[{BTC}]")
)


def mode(word: str, reason: str, score: float) -> Edit:
    """Another risk mode."""
    words = (("risk_mode", word), ("risk_mode_reason", reason), ("risk_mode_score", score))
    return also(*(put(f"{S7}.{name}", value) for name, value in words))


#: A loss of the day that puts the mode on the defensive.
LOST_TODAY = also(put(f"{S7}.daily_loss_frac", 0.11), mode("DEFENSIVE", "daily_loss_high_frac=0.1100", 1.0))
#: An entry of XRPUSDT without levels and without a position.
GHOST = on(
    2, lambda it: it.docs[S4]["entries"].append({"entry_price": 2.0, "side": "LONG", "symbol": "XRPUSDT"})
)
COUNTED = also(
    put(f"{PIPE}.underwater_without_tp_sl_count", 1),
    put(f"{PIPE}.mismatch_breakdown.missing_tp_sl_entries", 1),
)


def xrp(mark: float | None) -> Edit:
    """The harness knows the mark of XRPUSDT, or that it has none."""
    return also(GHOST, truth(marks={"BTCUSDT": 100.5} | ({} if mark is None else {"XRPUSDT": mark})))


def risk(dd: float, state: str, active: bool | None = None, loop: int = 2) -> Edit:
    """A drawdown in all its places, and the state."""
    places = ("drawdown.dd_pct", "dd_state.drawdown.dd_pct", "dd_frac", "portfolio_dd_pct")
    edits = [put(f"{S7}.{place}", dd, loop) for place in places]
    edits.append(put(f"{S7}.dd_state.state", state, loop))
    if active is not None:
        edits.append(put(f"{S7}.circuit_breaker.active", active, loop))
    return also(*edits)


def nav(value: float, loop: int = 2) -> Edit:
    """Another nav in S1."""
    return put("nav.nav", value, loop)


def _jump(old: float, new: float, pct: float | None) -> Edit:
    return put(f"{S7}.anomalies", {"nav_jump": {"old": old, "new": new, "pct": pct}})


EXIT = truth(
    orders=(order(key=ETH, qty=2.0, reduce_only=True, reason="sl"),),
    fills=(fill(key=ETH, change=2.0, reason="sl", reduce_only=True, price=50.7, intended_price=50.7),),
)
EARLY_EXIT = truth(
    orders=(order(key=ETH, qty=2.0, reduce_only=True, reason="sl"),),
    fills=(fill(key=ETH, change=2.0, reason="sl", reduce_only=True, price=50.7, intended_price=50.69),),
)
VAR, CVAR = "kpis_v7.portfolio.var_nav_pct", "kpis_v7.portfolio.cvar_nav_pct"
NO_FIGURES = also(put(VAR, None), put(CVAR, None), put(f"{S7}.var.portfolio_var_nav_pct", None))


def var_in_both(value: float) -> Edit:
    return also(put(VAR, value), put(f"{S7}.var.portfolio_var_nav_pct", value))


SLICES = tuple(order("i3", qty=0.5, child=True) for _ in range(2))

CASES: dict[str, tuple[Edit, Edit]] = {
    "INV-K01": (put("kpis_v7.portfolio.var_nav_pct", None), put("kpis_v7.portfolio.dd_pct", None)),
    "INV-K02": (put("kpis_v7.portfolio.nav", NAV2 + 1.0e-5), put("kpis_v7.portfolio.nav", nav_of(1))),
    "INV-K03": (put("kpis_v7.portfolio.dd_pct", 0.000150985), put("kpis_v7.portfolio.dd_pct", 0.0149985)),
    "INV-K04": (
        put("kpis_v7.portfolio.cvar_nav_pct", 0.02 + 0.9e-6),
        put("kpis_v7.portfolio.cvar_nav_pct", 0.02 + 1.1e-6),
    ),
    "INV-K05": (drop("kpis_v7.per_symbol[ETHUSDT].exposure_nav_pct"), drop("kpis_v7.per_symbol[ETHUSDT]")),
    "INV-K06": (drop("kpis_v7.dd_state"), also(drop("kpis_v7.dd_state"), drop("kpis_v7.drawdown"))),
    # diagnostics
    "INV-D01": (put(f"{PIPE}.last_exit_trigger_ts", None), drop(f"{PIPE}.last_exit_trigger_ts")),
    "INV-D02": (put(f"{LIVE}.missing", []), drop(f"{LIVE}.missing")),
    "INV-D03": (
        also(put(f"{COUNT}.by_reason", {"cooldown": 1, "symbol_cap": 1}), put(f"{COUNT}.total_vetoes", 2)),
        put(f"{COUNT}.total_vetoes", 2),
    ),
    "INV-D04": (put(f"{COUNT}.total_orders", 1), put(f"{COUNT}.total_orders", 0)),
    "INV-D05": (truth(vetoes=(veto("i3"),), orders=SLICES[:0]), truth(vetoes=(veto("i3"), veto("i3")))),
    "INV-D06": (
        also(put(f"{COUNT}.total_vetoes", 0), put(f"{COUNT}.last_veto_ts", None)),
        put(f"{COUNT}.last_veto_ts", None),
    ),
    "INV-D07": (
        also(put(f"{COUNT}.total_orders", 2), put(f"{COUNT}.last_order_ts", at(2))),
        put(f"{COUNT}.total_orders", 2),
    ),
    "INV-D08": (put(f"{COUNT}.by_reason", {"kill_switch_on": 1}), put(f"{COUNT}.by_reason", {"bad_mood": 1})),
    "INV-D09": (
        also(truth(vetoes=(veto("i3"), veto("i3"))), put(f"{COUNT}.total_vetoes", 2)),
        also(truth(vetoes=(veto("i3"), veto("i3"))), put(f"{COUNT}.total_vetoes", 3)),
    ),
    "INV-D10": (
        also(put(f"{PIPE}.open_positions_count", 1), put(f"{S3}.positions[1].entry_price", 0.0)),
        put(f"{PIPE}.open_positions_count", 1),
    ),
    "INV-D11": (
        also(put(f"{S4}.entries[0].tp", None)),
        also(put(f"{S4}.entries[0].tp", None), put(f"{S4}.entries[0].sl", None)),
    ),
    "INV-D12": (
        also(put(f"{PIPE}.tp_sl_registered_count", 1), put(f"{PIPE}.tp_sl_coverage_pct", 0.5)),
        also(put(f"{PIPE}.tp_sl_registered_count", 3), put(f"{PIPE}.tp_sl_coverage_pct", 1.5)),
    ),
    "INV-D13": (
        also(
            put(f"{PIPE}.mismatch_breakdown.missing_tp_sl_entries", 2),
            put(f"{PIPE}.mismatch_breakdown.missing_ledger_positions", 1),
            put(f"{PIPE}.tp_sl_missing_count", 3),
        ),
        put(f"{PIPE}.mismatch_breakdown.missing_tp_sl_entries", 2),
    ),
    "INV-D14": (
        also(
            put(f"{PIPE}.mismatch_breakdown.stale_tp_sl_entries", 1),
            put(f"{PIPE}.ledger_registry_mismatch", True),
        ),
        put(f"{PIPE}.ledger_registry_mismatch", True),
    ),
    "INV-D15": (
        also(
            put(f"{PIPE}.mismatch_breakdown.missing_tp_sl_entries", 1), drop(f"position_tp_sl.entries[{BTC}]")
        ),
        drop(f"position_tp_sl.entries[{BTC}]"),
    ),
    "INV-D16": (
        also(BARE, put(f"{S3}.positions[0].mark_price", 98.0000002)),
        also(BARE, put(f"{S3}.positions[0].mark_price", 98.0)),
    ),
    "INV-D17": (
        put(f"{PIPE}.last_exit_scan_ts", at(2).replace("Z", "+00:00")),
        put(f"{PIPE}.last_exit_scan_ts", at(1)),
    ),
    "INV-D18": (
        also(truth(exits=("x",)), put(f"{PIPE}.last_exit_trigger_ts", at(2))),
        put(f"{PIPE}.last_exit_trigger_ts", at(2)),
    ),
    "INV-D19": (
        put(f"{PIPE}.last_router_event_ts", at(2)),
        put(f"{PIPE}.last_router_event_ts", "2025-01-05T23:59:59Z"),
    ),
    "INV-D20": (
        settings(liveness={"signals_s": 60.0}),
        settings(liveness={"signals_s": 59.999999}),
    ),
    "INV-D21": (put(f"{COUNT}.last_veto_ts", at(2)), put(f"{COUNT}.last_veto_ts", at(3))),
    "INV-D22": (
        put(f"{S3}.positions[1].mark_price", 50.69999999),
        put(f"{S3}.positions[1].mark_price", 50.7),
    ),
    "INV-D23": (EXIT, EARLY_EXIT),
    # risk
    "INV-R01": (drop(f"{S7}.nav"), also(drop(f"{S7}.nav"), drop(f"{S7}.nav_total"))),
    "INV-R02": (put(f"{S7}.risk_mode", "WARN"), put(f"{S7}.risk_mode", "dd_guard")),
    "INV-R03": (put(f"{S7}.dd_state", "RECOVERY"), put(f"{S7}.dd_state.state", "defensive")),
    "INV-R04": (drop(f"{S7}.dd_frac"), put(f"{S7}.dd_frac", 0.0149985)),
    "INV-R05": (
        also(put(f"{S7}.drawdown.dd_pct", 0.000149985 + 0.9e-6)),
        also(put(f"{S7}.drawdown.dd_pct", 0.000149985 + 1.1e-6)),
    ),
    "INV-R06": (
        also(risk(0.05, "DRAWDOWN", loop=1), risk(0.0, "NORMAL")),
        also(risk(0.05, "DRAWDOWN", loop=1), risk(0.000000001, "NORMAL")),
    ),
    "INV-R07": (risk(0.099999999, "NORMAL"), risk(0.1, "NORMAL")),
    "INV-R08": (risk(0.1, "DRAWDOWN", True), risk(0.1, "DRAWDOWN", False)),
    "INV-R09": (
        also(
            put(f"{S7}.circuit_breaker.active", True, 1),
            truth(orders=(order("i3", reduce_only=True, reason="close"),)),
        ),
        also(put(f"{S7}.circuit_breaker.active", True, 1), truth(orders=(order("i3"),))),
    ),
    "INV-R10": (
        also(stamp(S7, at(1)), *(put(f"{S7}.{n}", nav_of(1)) for n in ("nav", "nav_total"))),
        put(f"{S7}.nav", nav_of(1)),
    ),
    "INV-R11": (
        put(f"{S7}.var.portfolio_var_nav_pct", 0.12),
        put(f"{S7}.var.portfolio_var_nav_pct", 0.120000001),
    ),
    "INV-R12": (
        put(f"{S7}.var.portfolio_var_nav_pct", 0.12),
        put(f"{S7}.var.portfolio_var_nav_pct", 0.120000001),
    ),
    "INV-R13": (
        put(f"{S7}.cvar.per_symbol[BTCUSDT].cvar_nav_pct", 0.04),
        put(f"{S7}.cvar.per_symbol[BTCUSDT].cvar_nav_pct", 0.040000001),
    ),
    "INV-R14": (
        also(drop(f"{S7}.cvar.per_symbol[ETHUSDT]"), drop(f"{S3}.positions[1]")),
        drop(f"{S7}.cvar.per_symbol[ETHUSDT]"),
    ),
    "INV-R15": (
        put(f"{S7}.var.portfolio_var_usd", 99.995 + 0.9e-6),
        put(f"{S7}.var.portfolio_var_usd", 100.0),
    ),
    "INV-R16": (nav(30001.0), nav(30001.000001)),
    "INV-R17": (
        settings(drawdown={"dd_flap_max_transitions": 3}),
        put(f"{S7}.anomalies", {"dd_flap": {"transitions": 4, "window_s": 3600.0}}),
    ),
    "INV-R18": (
        also(risk(0.299999999, "DRAWDOWN", True)),
        also(risk(0.3, "DRAWDOWN", True)),
    ),
    "INV-R19": (put(f"{S7}.anomalies", {"dd_flap": True}), put(f"{S7}.anomalies", {"dd_flap": False})),
    "INV-R21": (
        also(drop(f"position_tp_sl.entries[{BTC}]"), put(f"{S7}.tp_sl_registry.num_registry_entries", 1)),
        drop(f"position_tp_sl.entries[{BTC}]"),
    ),
    # router
    "INV-H01": (put(f"{S8}.router_health.per_symbol", {}), put(f"{S8}.router_health.per_symbol", [])),
    "INV-H02": (put(f"{ROW}.quality_score", 0.7 + 0.9e-6), put(f"{ROW}.quality_score", 0.71)),
    "INV-H03": (
        put(f"{ROW}.slippage_drift_bps", 2.0),
        put(f"{ROW}.slippage_drift_bps", 2.000001),
    ),
    "INV-H04": (
        also(put(f"{ROW}.twap_notional", 50.0), put(f"{ROW}.twap_usage_ratio", 0.5)),
        put(f"{ROW}.twap_notional", 50.0),
    ),
    "INV-H05": (
        also(put(f"{ROW}.twap_notional", 50.0), put(f"{ROW}.child_orders.count", 4)),
        put(f"{ROW}.child_orders.count", 4),
    ),
    "INV-H06": (put(f"{GLOBAL}.avg_latency_ms", 0.0005), put(f"{GLOBAL}.avg_latency_ms", 1.0)),
    "INV-H08": (put(f"{ROW}.last_fill_ts", at(2)), put(f"{ROW}.last_order_ts", at(2))),
    "INV-H10": (drop(f"{S8}.router_health_score"), put(f"{S8}.router_health_score", None)),
    # intel
    "INV-S01": (drop(f"{S9}.symbols[0].score"), drop(f"{S9}.symbols[0].hybrid.passes_emission")),
    "INV-S02": (
        put(f"{S9}.symbols[1].hybrid_score", 0.35),
        put(f"{S9}.symbols[1].hybrid_score", 0.349999999),
    ),
    "INV-S03": (drop(f"{S9}.symbols[0].hybrid.score"), put(f"{S9}.symbols[0].hybrid.score", 0.53)),
    "INV-S04": (
        also(stamp(S9, at(2)), put(f"{S9}.symbols[1].hybrid.router_quality_score", 0.5)),
        also(stamp(S9, at(2)), put(f"{S9}.symbols[1].hybrid.router_quality_score", 0.6)),
    ),
    "INV-S05": (put(f"{S9}.symbols[1].hybrid_score", 0.52), put(f"{S9}.symbols[1].hybrid_score", 0.53)),
    "INV-S06": (
        also(settings(intel={"every": 1}), stamp(S9, at(2))),
        stamp(S9, at(2)),
    ),
    "INV-M01": (
        put("rv_momentum.per_symbol[BTCUSDT].score", -1.0),
        put("rv_momentum.per_symbol[BTCUSDT].score", 1.0001),
    ),
    "INV-F01": (put(f"{S11}.orthogonalized", None), drop(f"{S11}.orthogonalized")),
    "INV-F02": (
        nothing,
        put(f"{S11}.raw_factors[BTCUSDT:LONG].direction", "SHORT"),
    ),
    "INV-F03": (
        put(f"{S11}.normalization_coeffs[trend].std", 0.0),
        put(f"{S11}.normalization_coeffs[rv_momentum].std", 0.0),
    ),
    "INV-F05": (
        put(f"{S11}.covariance.covariance_matrix[0][1]", -2.0 + 0.9e-6),
        put(f"{S11}.covariance.covariance_matrix[0][1]", -1.9),
    ),
    "INV-F08": (
        also(put(f"{S11}.weights", {"carry": 0.4, "rv_momentum": 0.2, "trend": 0.4})),
        also(put(f"{S11}.weights", {"carry": 0.385, "rv_momentum": 0.0, "trend": 0.615})),
    ),
    "INV-F09": (
        also(
            *(
                put(f"{S11}.{n}", {"carry": 0.4, "rv_momentum": 0.2, "trend": 0.4})
                for n in ("weights", "factor_weights.weights", "pnl_attribution.weights")
            )
        ),
        put(f"{S11}.factor_weights.weights[trend]", 0.3),
    ),
    "INV-F12": (
        also(
            put(f"{S11}.orthogonalized", None),
            put(f"{S11}.orthogonalization_enabled", False),
            drop(f"{S11}.pnl_attribution.orthogonalized_summary"),
        ),
        put(f"{S11}.orthogonalization_enabled", False),
    ),
    # tree
    "INV-X02": (stamp("nav_state", "2025-01-05T23:46:00Z"), stamp("nav_state", "2025-01-05T23:45:59Z")),
    "INV-X03": (drop(f"{S7}.tp_sl_registry"), put(f"{S7}.tp_sl_registry.num_positions", 3)),
    "INV-X04": (truth(orders=(order("i1", accepted=False),)), truth(orders=(order("i1"),))),
    "INV-X05": (
        truth(vetoes=(veto("i3"),), orders=(order("i4"),)),
        truth(vetoes=(veto("i3"),), orders=(order("i3"),)),
    ),
}

#: Further edges of some rules: rule, whether it passes, the edit.
MORE: list[tuple[str, bool, Edit]] = [
    ("INV-K04", False, put(VAR, 0.02)),
    ("INV-K04", True, drop("risk_snapshot.var")),
    ("INV-K04", False, also(drop("risk_snapshot.var"), put(VAR, 0.02))),
    ("INV-K04", True, var_in_both(0.01 + 0.9e-6)),
    ("INV-K04", False, var_in_both(0.01 + 1.1e-6)),
    ("INV-K04", False, NO_FIGURES),
    ("INV-K04", True, also(NO_FIGURES, settings(var={"enabled": False}))),
    ("INV-K04", True, also(NO_FIGURES, settings(var={"min_returns": 55}))),
    ("INV-K04", False, also(NO_FIGURES, settings(var={"min_returns": 54}))),
    ("INV-K04", True, settings(var={"min_returns": 54})),
    ("INV-K04", False, settings(var={"min_returns": 55})),
    ("INV-K04", True, also(NO_FIGURES, put("nav.nav", 0.0))),
    ("INV-K04", False, settings(var={"cvar_confidence": 0.9})),
    ("INV-K04", False, settings(var={"half_life": 10.0})),
    ("INV-K04", False, settings(var={"lookback": 51})),
    ("INV-K04", True, settings(var={"lookback": 54, "cvar_lookback": 54})),
    ("INV-K04", True, also(put(CVAR, 0.5), truth(1, closes={}))),
    ("INV-R07", True, also(risk(0.009999, "NORMAL"), settings(drawdown={"max_portfolio_dd_nav_pct": None}))),
    ("INV-R07", False, also(risk(0.01, "NORMAL"), settings(drawdown={"max_portfolio_dd_nav_pct": None}))),
    ("INV-K02", True, also(stamp("kpis_v7", at(1)), put("kpis_v7.portfolio.nav", nav_of(1)))),
    (
        "INV-D04",
        True,
        also(
            put("engine_metadata.run_id", "run-2"),
            put(f"{COUNT}.total_orders", 0),
            put(f"{COUNT}.total_signals", 0),
            put(f"{COUNT}.total_vetoes", 0),
            truth(new_run=True),
        ),
    ),
    ("INV-D04", False, also(put("engine_metadata.run_id", "run-2"), truth(new_run=True))),
    ("INV-D05", True, truth(orders=SLICES)),
    ("INV-D05", False, truth(orders=(order("i3"), order("i3")))),
    ("INV-D05", False, truth(orders=(order("i3"),), vetoes=(veto("i3"),))),
    ("INV-D12", False, put(f"{PIPE}.tp_sl_coverage_pct", 100.0)),
    ("INV-D15", False, put(f"{PIPE}.mismatch_breakdown.ghost_ledger_entries", 1)),
    (
        "INV-D16",
        True,
        also(
            BARE,
            put(f"{S3}.positions[0].mark_price", 98.0),
            put(f"{PIPE}.underwater_without_tp_sl_count", 1),
            put(f"{PIPE}.mismatch_breakdown.missing_tp_sl_entries", 1),
        ),
    ),
    ("INV-D16", True, also(xrp(1.96), COUNTED)),
    ("INV-D16", False, xrp(1.96)),
    ("INV-D16", True, xrp(1.9600001)),
    ("INV-D16", False, also(xrp(1.9600001), COUNTED)),
    ("INV-D16", True, xrp(None)),
    ("INV-D16", False, also(xrp(None), COUNTED)),
    ("INV-D16", True, GHOST),
    ("INV-D16", True, also(GHOST, COUNTED)),
    ("INV-D18", False, truth(exits=("x",))),
    (
        "INV-D20",
        True,
        also(
            settings(liveness={"enabled": False}),
            put(f"{LIVE}.details", {}),
            put(f"{LIVE}.missing", {}),
            put(f"{LIVE}.idle_exits", False),
        ),
    ),
    ("INV-D20", False, settings(liveness={"enabled": False})),
    (
        "INV-D20",
        True,
        also(
            settings(liveness={"exits_s": 0.0}),
            put(f"{LIVE}.idle_exits", False),
            put(f"{LIVE}.missing.exits_idle_seconds", False),
        ),
    ),
    ("INV-D22", True, also(put(f"{S3}.positions[1].mark_price", 50.7), EXIT)),
    ("INV-D22", False, put(f"{S3}.positions[1].mark_price", 48.95)),
    ("INV-D22", False, also(drop(f"{S4}.entries[1]", 1), put(f"{S3}.positions[1].mark_price", 50.7))),
    (
        "INV-D23",
        True,
        also(
            EXIT,
            put(f"{S4}.entries[1].sl", None, 1),
            put(f"{S4}.tp_sl_levels[{ETH}]", {}, 1),
            truth(new_run=True),
        ),
    ),
    (
        "INV-R05",
        True,
        also(
            nav(40000.0), put(f"{S7}.nav", 40000.0), put(f"{S7}.drawdown.nav", 40000.0), risk(0.0, "NORMAL")
        ),
    ),
    (
        "INV-R05",
        False,
        also(nav(20000.0), put(f"{S7}.nav", 15000.0), risk(0.0, "NORMAL"), drop(f"{S7}.drawdown.nav")),
    ),
    ("INV-R05", True, also(truth(reset_peak=True), risk(0.0, "NORMAL"), drop(f"{S7}.drawdown.peak_nav"))),
    ("INV-R06", False, risk(0.05, "RECOVERY")),
    ("INV-R06", True, also(risk(0.05, "RECOVERY", loop=1), risk(0.11, "DRAWDOWN"))),
    ("INV-R07", False, risk(0.05, "DRAWDOWN")),
    ("INV-R07", True, also(risk(0.05, "DRAWDOWN"), settings(drawdown={"reentry_margin": 0.06}))),
    ("INV-R07", False, risk(0.0, "RECOVERY")),
    (
        "INV-R08",
        True,
        also(risk(0.5, "DRAWDOWN", False), put(f"{S7}.circuit_breaker.max_portfolio_dd_nav_pct", None)),
    ),
    ("INV-R11", False, drop(f"{S7}.var.max_portfolio_var_nav_pct")),
    ("INV-R11", False, drop(f"{S7}.cvar")),
    ("INV-R11", True, also(drop(f"{S7}.cvar"), drop(f"{S7}.var"), settings(var={"enabled": False}))),
    (
        "INV-R11",
        True,
        also(
            put(f"{S7}.var.portfolio_var_nav_pct", None),
            put(f"{S7}.var.within_limit", None),
            put(f"{S7}.var.status", "insufficient_data"),
        ),
    ),
    (
        "INV-R11",
        False,
        also(put(f"{S7}.var.portfolio_var_nav_pct", None), put(f"{S7}.var.within_limit", None)),
    ),
    (
        "INV-R13",
        True,
        also(
            put(f"{S7}.cvar.per_symbol[BTCUSDT].cvar_nav_pct", 0.05),
            put(f"{S7}.anomalies", {"cvar_limit_breach": {"limit": 0.04, "value": 0.05}}),
        ),
    ),
    ("INV-R16", True, also(nav(40002.0), _jump(10001.0, 40002.0, 2.99980002))),
    ("INV-R16", False, also(nav(40002.0), _jump(10001.0, 40002.0, 3.1))),
    ("INV-R16", False, _jump(10001.0, 9999.5, 0.000149985)),
    ("INV-R16", True, also(settings(nav={"max_nav_jump_pct": 0.5}), nav(15001.5))),
    ("INV-R17", False, also(settings(drawdown={"dd_flap_max_transitions": 0}), risk(0.11, "DRAWDOWN"))),
    (
        "INV-R17",
        True,
        also(
            settings(drawdown={"dd_flap_max_transitions": 0}),
            risk(0.11, "DRAWDOWN"),
            put(f"{S7}.anomalies", {"dd_flap": {"transitions": 1, "window_s": 3600.0}}),
        ),
    ),
    (
        "INV-R18",
        False,
        also(
            *(
                put(f"{S7}.{k}", v)
                for k, v in (
                    ("risk_mode", "HALTED"),
                    ("risk_mode_reason", "nav_stale_age=110s"),
                    ("risk_mode_score", 1.0),
                )
            )
        ),
    ),
    (
        "INV-R18",
        True,
        also(
            settings(nav={"fresh_s": 59.0}),
            truth(nav_read_live=False),
            *(
                put(f"{S7}.{k}", v)
                for k, v in (
                    ("risk_mode", "HALTED"),
                    ("risk_mode_reason", "nav_stale_age=60s"),
                    ("risk_mode_score", 1.0),
                )
            ),
        ),
    ),
    ("INV-R18", False, also(settings(nav={"fresh_s": 59.0}), truth(nav_read_live=False))),
    ("INV-R18", True, also(settings(nav={"fresh_s": 60.0}), truth(nav_read_live=False))),
    ("INV-R18", False, put(f"{S8}.summary.quality_counts.degraded", 1)),
    ("INV-R18", True, mode("WARN", "maker_first_disabled_cycles=6", 0.5)),
    ("INV-R18", True, mode("WARN", "high_fallback_ratio=0.6", 0.5)),
    ("INV-R18", False, mode("WARN", "router_degraded", 0.5)),
    (
        "INV-R18",
        False,
        also(put(f"{S8}.summary.quality_counts.degraded", 1), mode("WARN", "high_fallback_ratio=0.6", 0.5)),
    ),
    ("INV-R18", True, LOST_TODAY),
    ("INV-R18", False, also(LOST_TODAY, truth(day=7))),
    ("INV-R18", True, also(LOST_TODAY, truth(day=7, fills=(fill("x", change=-0.5, realized=-0.01),)))),
    ("INV-R18", False, also(LOST_TODAY, truth(1, day=6, fills=(fill("x", realized=-5.0),)), truth(day=7))),
    ("INV-R18", True, also(LOST_TODAY, truth(1, day=7, fills=(fill("x", realized=-5.0),)), truth(day=7))),
    ("INV-H02", True, put(f"{GLOBAL}.quality_score", None)),
    ("INV-H02", False, put(f"{GLOBAL}.quality_score", 0.19)),
    ("INV-H03", False, put(f"{GLOBAL}.buckets.latency", "SLOW")),
    ("INV-H06", False, put(f"{GLOBAL}.router_bucket", "C_LOW")),
    ("INV-H10", False, put(f"{S8}.summary.quality_counts.ok", 2)),
    ("INV-F02", False, drop(f"{S11}.per_symbol[BTCUSDT:LONG]")),
    ("INV-F05", False, put(f"{S11}.covariance.correlation_matrix[2][2]", 0.0)),
    (
        "INV-F08",
        True,
        also(
            put(f"{S11}.weights", {"carry": 0.385, "trend": 0.615}),
            put(f"{S11}.config.factors", ["trend", "carry"]),
        ),
    ),
    ("INV-F08", False, put(f"{S11}.weights", {"carry": 0.6, "trend": 0.4})),
    ("INV-X02", False, gone("router_health")),
    ("INV-X02", False, raw("kpis_v7", b"[]")),
    ("INV-X02", False, drop(f"{S4}.entries[1]")),
    ("INV-X04", True, truth(orders=SLICES)),
    ("INV-R09", True, also(put(f"{S7}.circuit_breaker.active", False, 1), truth(orders=(order("i3"),)))),
    ("INV-X03", False, drop(f"{S4}.entries[1]")),
    ("INV-M01", False, also(truth(1, universe=("BTCUSDT",)), truth(universe=("BTCUSDT",)))),
    ("INV-D17", False, both(f"{PIPE}.last_exit_scan_ts", at(1))),
]
