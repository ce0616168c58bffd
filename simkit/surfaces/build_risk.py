"""Builders of S7 risk_snapshot, S5 kpis_v7 and AUX-7, the peak file.

Comes in: `ExecutorState`, money in scaled integers, fractions as floats. Goes out: shapes. May import `core`,
`contract` and `executor.state`. Every `*_pct` and `*_frac` in these files is a fraction: 0.11 is 11 % (A-25).
"""

from __future__ import annotations

from typing import cast

from msgspec import UNSET, UnsetType

from simkit.contract.shapes import auxiliary, health
from simkit.contract.shapes.base import DdWord
from simkit.core.clock import epoch_s
from simkit.core.numeric import USD, fraction
from simkit.core.settings import VarSettings
from simkit.executor import state as st
from simkit.surfaces.build_book import money
from simkit.surfaces.stamp import stamp


def risk_snapshot(state: st.ExecutorState) -> health.RiskSnapshot:
    """S7. The drawdown stands in four places and is one number (INV-R04)."""
    now, risk, drop, settings = stamp(state.ts), state.risk, state.drawdown, state.settings
    nav = state.nav.nav / USD
    dd = drop.dd
    return health.RiskSnapshot(
        anomalies=_anomalies(state),
        circuit_breaker=health.CircuitBreaker(
            active=drop.breaker_active, max_portfolio_dd_nav_pct=drop.limit
        ),
        correlation_groups={
            name: health.CorrelationGroup(gross_nav_pct=gross, max_group_nav_pct=limit)
            for name, gross, limit in risk.groups
        },
        cvar=UNSET if state.var is None else _cvar(state.var, settings.var),
        daily_loss_frac=risk.daily_loss,
        dd_frac=risk.dd,
        dd_state=health.DdState(
            drawdown=health.DdPct(dd_pct=dd),
            since_ts=stamp(drop.since_ts),
            state=_word(drop),
            transitions=drop.transitions,
        ),
        drawdown=health.Drawdown(dd_abs=drop.dd_abs / USD, dd_pct=dd, nav=nav, peak_nav=drop.peak / USD),
        nav=nav,
        nav_health=health.NavHealth(
            age_s=risk.nav_age_s,
            fresh=state.nav.sources_ok and risk.nav_age_s <= settings.nav.fresh_s,
            sources_ok=state.nav.sources_ok,
            threshold_s=settings.nav.fresh_s,
        ),
        nav_total=nav,
        portfolio_dd_pct=dd,
        risk_mode=risk.mode,
        risk_mode_reason=risk.reason,
        risk_mode_score=risk.score,
        tp_sl_registry=health.TpSlRegistry(
            num_positions=risk.num_positions,
            num_registry_entries=risk.num_registry,
            registry_mismatch=risk.num_positions > 0 and risk.num_registry == 0,
        ),
        updated_at=now,
        updated_ts=now,
        var=UNSET if state.var is None else _var(state.var, settings.var),
    )


def _word(drop: st.DrawdownPart) -> DdWord:
    """The state as published; under D-04 and D-02 a word that the contract does not know."""
    return cast(DdWord, drop.word) if drop.word else drop.state


def _anomalies(state: st.ExecutorState) -> health.Anomalies:
    """A key stands here exactly while its anomaly fires (A-27); limits are exceeded strictly (B-VAR-7)."""
    jump, var, limits = state.risk.nav_jump, state.var, state.settings.var
    found = health.Anomalies()
    if jump is not None:
        found.nav_jump = health.NavJump(new=jump.new / USD, old=jump.old / USD, pct=jump.pct)
    if state.drawdown.flap is not None:
        found.dd_flap = health.DdFlap(
            transitions=state.drawdown.flap, window_s=state.settings.drawdown.dd_flap_window_minutes * 60.0
        )
    if var is None:
        return found
    if var.value is not None and var.value > limits.max_portfolio_var_nav_pct:
        found.var_limit_breach = health.Breach(limit=limits.max_portfolio_var_nav_pct, value=var.value)
    if var.breaching:
        found.cvar_limit_breach = health.Breach(
            limit=limits.max_position_cvar_nav_pct, symbols=list(var.breaching), value=var.worst_cvar
        )
    return found


def _status(text: str) -> str | UnsetType:
    return text or UNSET


def _var(part: st.VarPart, limits: VarSettings) -> health.Var:
    return health.Var(
        confidence=limits.confidence,
        max_portfolio_var_nav_pct=limits.max_portfolio_var_nav_pct,
        n_assets=part.n_assets,
        portfolio_var_nav_pct=part.value,
        portfolio_var_usd=money(part.usd),
        portfolio_volatility=part.volatility,
        status=_status(part.status),
        within_limit=part.within_limit,
    )


def _cvar(part: st.VarPart, limits: VarSettings) -> health.Cvar:
    limit = limits.max_position_cvar_nav_pct
    return health.Cvar(
        confidence=limits.cvar_confidence,
        limit=limit,
        max_position_cvar_nav_pct=limit,
        per_symbol={
            symbol: health.SymbolCvar(cvar_nav_pct=row.value, limit=limit, within_limit=row.within_limit)
            for symbol, row in part.cvar.items()
        },
        status=_status(part.cvar_status),
        within_limit=part.cvar_within_limit,
    )


def kpis(state: st.ExecutorState) -> health.Kpis:
    """S5. `dd_state` is the bare word of S7's state (A-03)."""
    now, dd, var = stamp(state.ts), state.drawdown.dd, state.var
    return health.Kpis(
        dd_state=_word(state.drawdown),
        drawdown=health.DdPct(dd_pct=dd),
        per_symbol=_per_symbol(state.positions, state.nav.nav),
        portfolio=health.KpiPortfolio(
            cvar_nav_pct=None if var is None else var.portfolio_cvar,
            dd_pct=dd,
            nav=state.nav.nav / USD,
            var_nav_pct=None if var is None else var.value,
        ),
        updated_at=now,
        updated_ts=now,
    )


def _per_symbol(rows: tuple[st.PositionRow, ...], nav: int) -> dict[str, health.KpiSymbol]:
    """Open PnL and exposure by symbol, both sides together; shares of NAV are left out unless NAV > 0."""
    totals: dict[str, tuple[int, int]] = {}
    for row in rows:
        pnl, notional = totals.get(row.symbol, (0, 0))
        totals[row.symbol] = (pnl + row.unrealized, notional + row.notional)
    per_symbol = {}
    for symbol in sorted(totals):
        pnl, notional = totals[symbol]
        per_symbol[symbol] = health.KpiSymbol(
            exposure_nav_pct=fraction(notional, nav) if nav > 0 else UNSET,
            pnl=pnl / USD,
            pnl_pct=fraction(pnl, nav) if nav > 0 else UNSET,
        )
    return per_symbol


def peak_state(state: st.ExecutorState) -> auxiliary.PeakState:
    """AUX-7: what peak and day go on from after a restart (B-RST-2), and what sync_state mirrors (B-SYNC-6)."""
    kept = state.kept
    return auxiliary.PeakState(
        daily_nav=kept.opening_nav / USD,
        daily_peak=kept.day_peak / USD,
        daily_ts=epoch_s(kept.since_ts),
        day=kept.day,
        peak_nav=kept.peak / USD,
        peak_ts=epoch_s(kept.peak_ts),
        realized_pnl_today=kept.realized / USD,
        reset_timezone="UTC",
        updated_at=epoch_s(state.ts),
    )
