"""The publish phase: one frozen snapshot of what the loop has left (B-LOOP-3).

Comes in: the rooms of a process after its loop. Goes out: `ExecutorState`. May import `core` and the rooms of
this folder.
"""

from __future__ import annotations

from simkit.executor.correlation import group_shares
from simkit.executor.intel import Conditions
from simkit.executor.liveness import liveness
from simkit.executor.reconcile import reconcile
from simkit.executor.risk_mode import risk_mode
from simkit.executor.rooms import Rooms
from simkit.executor.state import ExecutorState, IntelPart, Reconciliation, RiskPart, RouterPart


class Publishing:
    """Makes the snapshots of one process; remembers the last reconciliation."""

    def __init__(self) -> None:
        self._reconciliation: Reconciliation | None = None
        self._reconciled: tuple[object, ...] = ()

    def snapshot(self, rooms: Rooms) -> ExecutorState:
        """The snapshot of the loop just acted; intel last and only when due."""
        now, settings = rooms.now, rooms.settings
        counters = rooms.tally.snapshot(rooms.router.last_event_ts)
        router = rooms.router.snapshot(now.ts)
        return ExecutorState(
            loop=now.loop,
            ts=now.ts,
            run_id=rooms.run_id,
            settings=settings,
            nav=rooms.nav.part,
            stats=rooms.rolling.snapshot(now.ts),
            positions=rooms.positions.rows,
            ledger=rooms.ledger.snapshot,
            registry=rooms.registry.entries,
            reconciliation=self._reconcile(rooms),
            counters=counters,
            liveness=liveness(now.ts, counters, settings.liveness),
            drawdown=rooms.drawdown.part,
            risk=_risk(rooms, router),
            var=rooms.portfolio_var(),
            router=router,
            intel=_run_intel(rooms, router),
            kept=rooms.day.kept(rooms.drawdown.peak or 0, rooms.drawdown.peak_ts),
        )

    def _reconcile(self, rooms: Rooms) -> Reconciliation:
        """B-LED-5 on what this loop publishes; taken over from the last loop while none of it changed
        and no price can matter (B-LED-7)."""
        compared = (rooms.positions.keys, rooms.ledger.snapshot, rooms.registry.entries, rooms.legacy)
        known = self._reconciliation
        if (
            known is None
            or known.missing_tp_sl
            or any(old is not new for old, new in zip(self._reconciled, compared, strict=True))
        ):
            known = self._reconciliation = reconcile(
                rooms.positions.rows, rooms.ledger.entries, rooms.registry.entries, rooms.venue, rooms.legacy
            )
            self._reconciled = compared
        return known


def _risk(rooms: Rooms, router: RouterPart) -> RiskPart:
    """S7 beyond drawdown and VaR, on the figures of this publish phase; with D-39 on those of the loop's
    start."""
    settings, nav = rooms.settings, rooms.nav
    inputs = rooms.sampled or rooms.sample()
    health = None if "D-19" in rooms.legacy else router
    mode, reason, score = risk_mode(inputs, health, settings, config_loaded=rooms.config_loaded)
    groups = group_shares(rooms.positions.rows, nav.part.nav, settings.limits.correlation_groups)
    return RiskPart(
        mode, reason, score, nav.jump, inputs.daily_loss, inputs.nav_age_s, groups, len(rooms.positions.keys),
        len(rooms.registry.entries), inputs.dd,
    )  # fmt: skip


def _run_intel(rooms: Rooms, router: RouterPart) -> IntelPart | None:
    now = rooms.now
    if (now.loop - 1) % rooms.settings.intel.every:
        return None
    known = Conditions(
        slip_p50_bps=rooms.router.slippage_p50(),
        maker_less_fallback=rooms.router.maker.maker_less_fallback(),
        scale=rooms.strategy.scales() if rooms.strategy is not None else {},
        funding={symbol: rooms.venue.funding_rate(symbol) for symbol in rooms.symbols},
    )
    return rooms.intel.run(now.ts, router, rooms.returns, rooms.positions.keys, known)
