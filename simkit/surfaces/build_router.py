"""Builder of S8 router_health.

Comes in: `ExecutorState`. Goes out: a shape; slippage in basis points, latency in milliseconds, shares as
fractions. May import `core`, `contract` and `executor.state`.
"""

from __future__ import annotations

from simkit.contract.shapes import health
from simkit.core.numeric import USD
from simkit.executor import state as st
from simkit.surfaces.stamp import stamp


def router_health(state: st.ExecutorState) -> health.RouterHealth:
    """S8. The block is present without fills too, its scores null then (A-23, INV-H01)."""
    now, part, settings = stamp(state.ts), state.router, state.settings.router
    return health.RouterHealth(
        router_health=health.RouterBlock(
            global_=_global(part),
            meta=health.RouterMeta(min_events=settings.min_events, window_seconds=settings.window_s),
            per_symbol={row.symbol: _symbol(row) for row in part.rows},
        ),
        router_health_score=part.score,
        summary=health.RouterSummary(
            quality_counts=health.QualityCounts(
                broken=part.broken, degraded=part.degraded, good=part.good, ok=part.ok
            )
        ),
        updated_at=now,
        updated_ts=now,
    )


def _global(part: st.RouterPart) -> health.RouterGlobal:
    """Grouped objects and flat fields both (A-22)."""
    return health.RouterGlobal(
        avg_latency_ms=part.latency_ms,
        avg_slippage_bps=part.slippage_bps,
        buckets=health.Buckets(
            latency=part.latency_bucket, router=part.router_bucket, slippage=part.slippage_bucket
        ),
        latency=health.GlobalLatency(avg_ms=part.latency_ms),
        latency_bucket=part.latency_bucket,
        quality_score=part.score,
        router_bucket=part.router_bucket,
        slippage=health.GlobalSlippage(avg_bps=part.slippage_bps, drift_bps=part.drift_bps),
        slippage_drift_bps=part.drift_bps,
        slippage_drift_bucket=part.slippage_bucket,
        twap_usage_ratio=part.twap_ratio,
    )


def _symbol(row: st.RouterRow) -> health.RouterSymbol:
    return health.RouterSymbol(
        avg_latency_ms=row.latency_ms,
        avg_slippage_bps=row.slippage_bps,
        child_orders=health.ChildOrders(count=row.child_count, fill_ratio=row.child_fill_ratio),
        event_count=row.events,
        last_fill_ts=stamp(row.last_fill_ts),
        last_order_ts=stamp(row.last_order_ts),
        latency_bucket=row.latency_bucket,
        quality_score=row.score,
        router_bucket=row.router_bucket,
        slippage_drift_bps=row.drift_bps,
        slippage_drift_bucket=row.slippage_bucket,
        symbol=row.symbol,
        total_notional=row.total_notional / USD,
        twap_notional=row.twap_notional / USD,
        twap_usage_ratio=row.twap_ratio,
    )
