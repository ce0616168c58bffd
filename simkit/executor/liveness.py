"""Liveness (B-LIVE-1 to B-LIVE-5).

Comes in: the counters as published, thresholds in seconds. Goes out: `LivenessPart`. May import `core`,
`executor.state`.
"""

from __future__ import annotations

from simkit.core.clock import MICROSECONDS
from simkit.core.settings import LivenessSettings
from simkit.executor.state import Counters, Idle, LivenessPart

_OFF = Idle(False, 0.0, False)
DISABLED = LivenessPart(False, _OFF, _OFF, _OFF, _OFF)


def liveness(ts: int, counters: Counters, settings: LivenessSettings) -> LivenessPart:
    """The four checks at `ts`; exits are measured from the last trigger, not from the last scan (A-21)."""
    if not settings.enabled:
        return DISABLED
    return LivenessPart(
        True,
        exits=_idle(ts, counters.last_exit_trigger_ts, settings.exits_s),
        orders=_idle(ts, counters.last_order_ts, settings.orders_s),
        router=_idle(ts, counters.last_router_event_ts, settings.router_s),
        signals=_idle(ts, counters.last_signal_ts, settings.signals_s),
    )


def _idle(ts: int, last_ts: int | None, threshold_s: float) -> Idle:
    """B-LIVE-3; a threshold of 0 disables the check, its seconds are still told (B-LIVE-4)."""
    checked = threshold_s > 0
    if last_ts is None:
        return Idle(checked, threshold_s + 1.0 if checked else 0.0, checked)
    seconds = max(0, ts - last_ts) / MICROSECONDS
    return Idle(checked and seconds > threshold_s, seconds, False)
