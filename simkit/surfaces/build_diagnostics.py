"""Builders of S6 diagnostics and AUX-3 engine_metadata.

Comes in: `ExecutorState`. Goes out: shapes; idle times in seconds, coverage as a fraction. May import `core`,
`contract` and `executor.state`.
"""

from __future__ import annotations

from simkit.contract.shapes import auxiliary, health
from simkit.executor import state as st
from simkit.surfaces.stamp import ENGINE_VERSION, ENV, GIT_COMMIT, HOSTNAME, STATUS, stamp, stamp_or_null


def diagnostics(state: st.ExecutorState) -> health.Diagnostics:
    """S6: veto counters, exit pipeline (INV-D01: nine fields), liveness."""
    now = stamp(state.ts)
    return health.Diagnostics(
        engine_version=ENGINE_VERSION,
        runtime_diagnostics=health.RuntimeDiagnostics(
            exit_pipeline=_exit_pipeline(state.reconciliation, state.counters),
            liveness=_liveness(state.liveness),
            veto_counters=_veto_counters(state.counters),
        ),
        updated_at=now,
        updated_ts=now,
    )


def _exit_pipeline(found: st.Reconciliation, counters: st.Counters) -> health.ExitPipeline:
    return health.ExitPipeline(
        last_exit_scan_ts=stamp_or_null(counters.last_exit_scan_ts),
        last_exit_trigger_ts=stamp_or_null(counters.last_exit_trigger_ts),
        last_router_event_ts=stamp_or_null(counters.last_router_event_ts),
        ledger_registry_mismatch=found.mismatch,
        mismatch_breakdown=health.MismatchBreakdown(
            ghost_ledger_entries=found.ghost_ledger,
            missing_ledger_positions=found.missing_ledger,
            missing_tp_sl_entries=found.missing_tp_sl,
            stale_tp_sl_entries=found.stale_tp_sl,
        ),
        open_positions_count=found.open_positions,
        tp_sl_coverage_pct=found.coverage,
        tp_sl_missing_count=found.missing,
        tp_sl_registered_count=found.registered,
        underwater_without_tp_sl_count=found.underwater,
    )


def _liveness(part: st.LivenessPart) -> health.Liveness:
    """B-LIVE-5: both maps full, or both empty while the block is disabled (B-LIVE-1)."""
    if not part.enabled:
        return health.Liveness(
            details=health.IdleSeconds(),
            idle_exits=False,
            idle_orders=False,
            idle_router=False,
            idle_signals=False,
            missing=health.IdleMissing(),
        )
    exits, orders, router, signals = part.exits, part.orders, part.router, part.signals
    return health.Liveness(
        details=health.IdleSeconds(
            exits_idle_seconds=exits.seconds,
            orders_idle_seconds=orders.seconds,
            router_idle_seconds=router.seconds,
            signals_idle_seconds=signals.seconds,
        ),
        idle_exits=exits.idle,
        idle_orders=orders.idle,
        idle_router=router.idle,
        idle_signals=signals.idle,
        missing=health.IdleMissing(
            exits_idle_seconds=exits.missing,
            orders_idle_seconds=orders.missing,
            router_idle_seconds=router.missing,
            signals_idle_seconds=signals.missing,
        ),
    )


def _veto_counters(counters: st.Counters) -> health.VetoCounters:
    return health.VetoCounters(
        by_reason=dict(counters.by_reason),
        last_order_ts=stamp_or_null(counters.last_order_ts),
        last_signal_ts=stamp_or_null(counters.last_signal_ts),
        last_veto_ts=stamp_or_null(counters.last_veto_ts),
        total_orders=counters.total_orders,
        total_signals=counters.total_signals,
        total_vetoes=counters.total_vetoes,
    )


def engine_metadata(state: st.ExecutorState) -> auxiliary.EngineMetadata:
    """AUX-3: who runs. A new `run_id` is how a restart is seen."""
    return auxiliary.EngineMetadata(
        engine_version=ENGINE_VERSION,
        env=ENV,
        git_commit=GIT_COMMIT,
        hostname=HOSTNAME,
        run_id=state.run_id,
        status=STATUS,
        updated_ts=stamp(state.ts),
    )
