"""The drawdown state machine and the circuit breaker (B-DD-1 to B-DD-8, B-NAV-5).

Comes in: one NAV per loop. Goes out: `DrawdownPart`. May import `core`, `executor.port`,
`executor.state`.

NAV and peak in micro-USD, drawdown as a fraction 0..1 (never a percent, B-DD-8). Memory is flat: the
maximum of the history is kept, not the history, and the state changes of the flap window alone.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

from simkit.core.clock import MICROSECONDS
from simkit.core.numeric import USD, fraction, q9
from simkit.core.settings import DrawdownSettings, NavSettings
from simkit.executor.port import Disk
from simkit.executor.state import DrawdownPart

DrawdownState = Literal["NORMAL", "DRAWDOWN", "RECOVERY"]

_STATES: dict[str, DrawdownState] = {"NORMAL": "NORMAL", "DRAWDOWN": "DRAWDOWN", "RECOVERY": "RECOVERY"}


def anomalous(nav: int, peak: int, guard: NavSettings) -> bool:
    """B-NAV-5: a NAV too far above the peak to be believed; strict, upward only, needs a peak > 0."""
    if peak <= 0:
        return False
    return nav > guard.peak_guard_multiple * peak or nav - peak > guard.peak_guard_gap_usd * USD


def next_state(previous: DrawdownState, dd: float, settings: DrawdownSettings) -> DrawdownState:
    """B-DD-2 and B-DD-3, in the terms of INV-R07."""
    enter = settings.max_portfolio_dd_nav_pct
    if dd == 0.0:
        return "NORMAL"
    if dd >= enter or (previous == "DRAWDOWN" and dd >= q9(enter - settings.reentry_margin)):
        return "DRAWDOWN"
    return "RECOVERY" if previous != "NORMAL" and dd > settings.recovery_exit else "NORMAL"


class Drawdown:
    """The tracker of one process. `part` is what the last loop published; it continues from disk
    (B-RST-3)."""

    def __init__(self, ts: int, disk: Disk, settings: DrawdownSettings) -> None:
        self._peak = disk.peak_nav
        self._changes: deque[int] = deque()
        self._inputs: tuple[int, DrawdownSettings, NavSettings, frozenset[str]] | None = None
        dd, limit = disk.last_dd_pct or 0.0, settings.max_portfolio_dd_nav_pct
        state = _STATES.get(disk.last_dd_state or "", "NORMAL")
        since_ts = ts if disk.last_dd_since is None else disk.last_dd_since
        self.part = DrawdownPart(
            state, dd, 0, self._peak or 0, since_ts, disk.last_transitions, None, dd >= limit, limit
        )

    def update(
        self,
        ts: int,
        nav: int,
        settings: DrawdownSettings,
        guard: NavSettings,
        *,
        reset_peak: bool,
        legacy: frozenset[str],
    ) -> None:
        """Take this loop's NAV. `reset_peak`: the operator voids the peak, it restarts at `nav`."""
        inputs = (nav, settings, guard, legacy)  # while these stay, only the window of B-DD-5 can move
        if inputs == self._inputs and not reset_peak and not self._changes:
            return
        self._inputs = inputs
        peak = self._peak
        if peak is None or reset_peak:
            peak = nav
        elif "D-33" in legacy or not anomalous(nav, peak, guard):
            peak = max(peak, nav)
        self._peak = peak
        drop = max(0, peak - nav)
        dd = min(1.0, fraction(drop, peak)) if peak > 0 else 0.0
        before, limit = self.part, settings.max_portfolio_dd_nav_pct
        since_ts, transitions = before.since_ts, before.transitions
        state = next_state(before.state, dd, settings)
        if state != before.state:
            since_ts, transitions = ts, transitions + 1
            self._changes.append(ts)
        flap = self._flap(ts, settings)
        self.part = DrawdownPart(state, dd, drop, peak, since_ts, transitions, flap, dd >= limit, limit)

    def _flap(self, ts: int, settings: DrawdownSettings) -> int | None:
        """B-DD-5: how many state changes lie in the window, when they are more than allowed."""
        changes, window = self._changes, settings.dd_flap_window_minutes * 60 * MICROSECONDS
        while changes and ts - changes[0] > window:
            changes.popleft()
        return len(changes) if len(changes) > settings.dd_flap_max_transitions else None
