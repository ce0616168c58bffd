"""S5 kpis_v7, S6 diagnostics, S7 risk_snapshot, S8 router_health.

Comes in: nothing. Goes out: Structs. May import msgspec, `contract.units` and `contract.shapes.base`.
"""

from __future__ import annotations

from msgspec import UNSET, UnsetType, field

from simkit.contract.shapes.base import DdWord, LatencyBucket, RiskWord, RouterBucket, Shape, SlippageBucket
from simkit.contract.units import (
    Bps,
    Configured,
    ConfiguredFraction,
    Count,
    Fraction,
    Iso,
    Milliseconds,
    Score,
    Seconds,
    Usd,
)

# S5 kpis_v7.json -------------------------------------------------------------------------------------------


class DdPct(Shape, kw_only=True):
    dd_pct: Fraction


class KpiPortfolio(Shape, kw_only=True):
    cvar_nav_pct: Fraction | None
    dd_pct: Fraction
    nav: Usd
    var_nav_pct: Fraction | None


class KpiSymbol(Shape, kw_only=True):
    exposure_nav_pct: Fraction | UnsetType = UNSET
    pnl: Usd | UnsetType = UNSET
    pnl_pct: Fraction | UnsetType = UNSET


class Kpis(Shape, kw_only=True):
    """S5. `dd_state` is the bare word of S7's state (A-03)."""

    dd_state: DdWord | UnsetType = UNSET
    drawdown: DdPct | UnsetType = UNSET
    per_symbol: dict[str, KpiSymbol]
    portfolio: KpiPortfolio
    updated_at: Iso
    updated_ts: Iso | UnsetType = UNSET


# S6 diagnostics.json ---------------------------------------------------------------------------------------


class MismatchBreakdown(Shape, kw_only=True):
    ghost_ledger_entries: Count
    missing_ledger_positions: Count
    missing_tp_sl_entries: Count
    stale_tp_sl_entries: Count


class ExitPipeline(Shape, kw_only=True):
    last_exit_scan_ts: Iso | None
    last_exit_trigger_ts: Iso | None
    last_router_event_ts: Iso | None
    ledger_registry_mismatch: bool
    mismatch_breakdown: MismatchBreakdown | UnsetType = UNSET
    open_positions_count: Count
    tp_sl_coverage_pct: Fraction
    tp_sl_missing_count: Count
    tp_sl_registered_count: Count
    underwater_without_tp_sl_count: Count


class IdleSeconds(Shape, kw_only=True):
    """All four keys, or none while the whole block is disabled (B-LIVE-1)."""

    exits_idle_seconds: Seconds | UnsetType = UNSET
    orders_idle_seconds: Seconds | UnsetType = UNSET
    router_idle_seconds: Seconds | UnsetType = UNSET
    signals_idle_seconds: Seconds | UnsetType = UNSET


class IdleMissing(Shape, kw_only=True):
    exits_idle_seconds: bool | UnsetType = UNSET
    orders_idle_seconds: bool | UnsetType = UNSET
    router_idle_seconds: bool | UnsetType = UNSET
    signals_idle_seconds: bool | UnsetType = UNSET


class Liveness(Shape, kw_only=True):
    details: IdleSeconds
    idle_exits: bool
    idle_orders: bool
    idle_router: bool
    idle_signals: bool
    missing: IdleMissing


class VetoCounters(Shape, kw_only=True):
    by_reason: dict[str, Count]
    last_order_ts: Iso | None
    last_signal_ts: Iso | None
    last_veto_ts: Iso | None
    total_orders: Count
    total_signals: Count
    total_vetoes: Count


class RuntimeDiagnostics(Shape, kw_only=True):
    exit_pipeline: ExitPipeline
    liveness: Liveness
    veto_counters: VetoCounters


class Diagnostics(Shape, kw_only=True):
    """S6. `tp_sl_coverage_pct` is a fraction; 0.0 when no position is open (A-18)."""

    engine_version: str | UnsetType = UNSET
    runtime_diagnostics: RuntimeDiagnostics
    updated_at: Iso | UnsetType = UNSET
    updated_ts: Iso


# S7 risk_snapshot.json -------------------------------------------------------------------------------------


class NavJump(Shape, kw_only=True):
    new: Usd
    old: Usd
    pct: Fraction | None


class Breach(Shape, kw_only=True):
    limit: ConfiguredFraction
    symbols: list[str] | UnsetType = UNSET
    value: Fraction


class DdFlap(Shape, kw_only=True):
    transitions: Count
    window_s: Seconds


class Anomalies(Shape, kw_only=True):
    """A key is present exactly while its anomaly fires (A-27)."""

    cvar_limit_breach: Breach | UnsetType = UNSET
    dd_flap: DdFlap | UnsetType = UNSET
    nav_jump: NavJump | UnsetType = UNSET
    var_limit_breach: Breach | UnsetType = UNSET


class CircuitBreaker(Shape, kw_only=True):
    active: bool
    max_portfolio_dd_nav_pct: ConfiguredFraction | None


class CorrelationGroup(Shape, kw_only=True):
    gross_nav_pct: Fraction
    max_group_nav_pct: ConfiguredFraction


class SymbolCvar(Shape, kw_only=True):
    cvar_nav_pct: Fraction | None
    limit: ConfiguredFraction
    within_limit: bool | None


class Cvar(Shape, kw_only=True):
    confidence: Configured | UnsetType = UNSET
    limit: ConfiguredFraction
    max_position_cvar_nav_pct: ConfiguredFraction | UnsetType = UNSET
    per_symbol: dict[str, SymbolCvar] | UnsetType = UNSET
    status: str | UnsetType = UNSET
    within_limit: bool | None


class Var(Shape, kw_only=True):
    confidence: Configured | UnsetType = UNSET
    max_portfolio_var_nav_pct: ConfiguredFraction
    n_assets: Count | UnsetType = UNSET
    portfolio_var_nav_pct: Fraction | UnsetType | None = UNSET
    portfolio_var_usd: Usd | UnsetType | None = UNSET
    portfolio_volatility: Fraction | UnsetType | None = UNSET
    status: str | UnsetType = UNSET
    within_limit: bool | None


class DdState(Shape, kw_only=True):
    drawdown: DdPct
    since_ts: Iso | UnsetType = UNSET
    state: DdWord
    transitions: Count | UnsetType = UNSET


class Drawdown(Shape, kw_only=True):
    dd_abs: Usd | UnsetType = UNSET
    dd_pct: Fraction
    nav: Usd | UnsetType = UNSET
    peak_nav: Usd | UnsetType = UNSET


class NavHealth(Shape, kw_only=True):
    age_s: Seconds | UnsetType = UNSET
    fresh: bool | UnsetType = UNSET
    sources_ok: bool | UnsetType = UNSET
    threshold_s: Configured | UnsetType = UNSET


class TpSlRegistry(Shape, kw_only=True):
    num_positions: Count
    num_registry_entries: Count
    registry_mismatch: bool


class RiskSnapshot(Shape, kw_only=True):
    """S7. Every `*_pct` and `*_frac` is a fraction (0..1)."""

    anomalies: Anomalies
    circuit_breaker: CircuitBreaker
    correlation_groups: dict[str, CorrelationGroup] | UnsetType = UNSET
    cvar: Cvar | UnsetType = UNSET
    daily_loss_frac: Fraction | UnsetType | None = UNSET
    dd_frac: Fraction | UnsetType | None = UNSET
    dd_state: DdState
    drawdown: Drawdown
    nav: Usd
    nav_health: NavHealth | UnsetType = UNSET
    nav_total: Usd | UnsetType = UNSET
    portfolio_dd_pct: Fraction | UnsetType | None = UNSET
    risk_mode: RiskWord
    risk_mode_reason: str | UnsetType = UNSET
    risk_mode_score: Score | UnsetType = UNSET
    tp_sl_registry: TpSlRegistry | UnsetType = UNSET
    updated_at: Iso | UnsetType = UNSET
    updated_ts: Iso
    var: Var | UnsetType = UNSET


# S8 router_health.json -------------------------------------------------------------------------------------


class Buckets(Shape, kw_only=True):
    latency: LatencyBucket
    router: RouterBucket
    slippage: SlippageBucket


class GlobalSlippage(Shape, kw_only=True):
    avg_bps: Bps
    drift_bps: Bps


class GlobalLatency(Shape, kw_only=True):
    avg_ms: Milliseconds


class RouterGlobal(Shape, kw_only=True):
    avg_latency_ms: Milliseconds
    avg_slippage_bps: Bps
    buckets: Buckets | UnsetType = UNSET
    latency: GlobalLatency | UnsetType = UNSET
    latency_bucket: LatencyBucket
    quality_score: Score | None
    router_bucket: RouterBucket | UnsetType = UNSET
    slippage: GlobalSlippage | UnsetType = UNSET
    slippage_drift_bps: Bps
    slippage_drift_bucket: SlippageBucket
    twap_usage_ratio: Fraction


class ChildOrders(Shape, kw_only=True):
    count: Count
    fill_ratio: Fraction


class RouterSymbol(Shape, kw_only=True):
    avg_latency_ms: Milliseconds
    avg_slippage_bps: Bps
    child_orders: ChildOrders
    event_count: Count | UnsetType = UNSET
    last_fill_ts: Iso | UnsetType | None = UNSET
    last_order_ts: Iso | UnsetType | None = UNSET
    latency_bucket: LatencyBucket | UnsetType = UNSET
    quality_score: Score | None
    router_bucket: RouterBucket | UnsetType = UNSET
    slippage_drift_bps: Bps | UnsetType = UNSET
    slippage_drift_bucket: SlippageBucket | UnsetType = UNSET
    symbol: str | UnsetType = UNSET
    total_notional: Usd | UnsetType = UNSET
    twap_notional: Usd | UnsetType = UNSET
    twap_usage_ratio: Fraction


class RouterMeta(Shape, kw_only=True):
    min_events: Count
    window_seconds: Configured


class RouterBlock(Shape, kw_only=True):
    global_: RouterGlobal = field(name="global")
    meta: RouterMeta | UnsetType = UNSET
    per_symbol: dict[str, RouterSymbol]


class QualityCounts(Shape, kw_only=True):
    broken: Count
    degraded: Count
    good: Count
    ok: Count


class RouterSummary(Shape, kw_only=True):
    quality_counts: QualityCounts


class RouterHealth(Shape, kw_only=True):
    """S8. The block is present even with no fills; scores are null then (A-23)."""

    router_health: RouterBlock
    router_health_score: Score | UnsetType | None = UNSET
    summary: RouterSummary | UnsetType = UNSET
    updated_at: Iso | UnsetType = UNSET
    updated_ts: Iso
