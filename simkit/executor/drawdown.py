"""The drawdown state machine and the circuit breaker (B-DD-1 to B-DD-8, B-NAV-5).

Comes in: one NAV per loop. Goes out: `DrawdownPart`, the peak that is kept on disk. May import `core`,
`executor.port`, `executor.state`.

NAV and peak in micro-USD, drawdown as a fraction 0..1 (never a percent, B-DD-8). Memory is flat: the
maximum of the history is kept, not the history, and the state changes of the flap window alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Literal

from simkit.core.clock import MICROSECONDS
from simkit.core.numeric import USD, fraction, q7, q9
from simkit.core.settings import DrawdownSettings, NavSettings
from simkit.executor.port import Disk
from simkit.executor.state import DrawdownPart

DrawdownState = Literal["NORMAL", "DRAWDOWN", "RECOVERY"]

#: E where no limit is set (B-DD-2).
UNSET_ENTER = 0.01

_STATES: dict[str, DrawdownState] = {"NORMAL": "NORMAL", "DRAWDOWN": "DRAWDOWN", "RECOVERY": "RECOVERY"}
#: D-08 (B-NAV-7): a peak older than this gives way to the highest of the newest points of the NAV log.
_STALE_PEAK, _POINTS = 600 * MICROSECONDS, 200


def anomalous(nav: int, peak: int, guard: NavSettings) -> bool:
    """B-NAV-5: a NAV too far above the peak to be believed; strict, upward only, needs a peak > 0."""
    if peak <= 0:
        return False
    return nav > guard.peak_guard_multiple * peak or nav - peak > guard.peak_guard_gap_usd * USD


def breaker(dd: float, limit: float | None) -> bool:
    """B-DD-6: active from the limit on, never without one."""
    return limit is not None and dd >= limit


def next_state(previous: DrawdownState, dd: float, settings: DrawdownSettings) -> DrawdownState:
    """B-DD-2 and B-DD-3, in the terms of INV-R07."""
    limit = settings.max_portfolio_dd_nav_pct
    enter = UNSET_ENTER if limit is None else limit
    if dd == 0.0:
        return "NORMAL"
    if dd >= enter or (previous == "DRAWDOWN" and dd >= q9(enter - settings.reentry_margin)):
        return "DRAWDOWN"
    return "RECOVERY" if previous != "NORMAL" and dd > settings.recovery_exit else "NORMAL"


def older_word(dd: float) -> str:
    """D-02, in the vocabulary that B-DD-7 forbids: a percentage held against alert and kill, which are
    fractions."""
    percent = q7(100.0 * dd)
    return "defensive" if percent >= 0.30 else "cautious" if percent >= 0.03 else "normal"


class Drawdown:
    """The tracker of one process. `part` is what the last loop published.

    Over a restart (B-RST-2, B-RST-3) peak, state, time and number of the state changes continue; the times
    of the earlier changes are on no surface, so the window of B-DD-5 begins empty. `peak` and `peak_ts` are
    what is kept on disk (AUX-7). The NAV that was published last counts too: the peak file is written after it.
    """

    def __init__(self, ts: int, disk: Disk, settings: DrawdownSettings) -> None:
        kept = disk.kept
        self.peak: int | None = None if kept is None else kept.peak
        self.peak_ts = ts if kept is None else kept.peak_ts
        self._highest = self.peak
        self._published = disk.last_nav  # by one who may have died before it kept the peak
        self._changes: deque[int] = deque()
        self._inputs: tuple[int, DrawdownSettings, NavSettings, frozenset[str]] | None = None
        dd, limit = disk.last_dd_pct or 0.0, settings.max_portfolio_dd_nav_pct
        state = _STATES.get(disk.last_dd_state or "", "NORMAL")
        since_ts = ts if disk.last_dd_since is None else disk.last_dd_since
        self.part = DrawdownPart(
            state, dd, 0, self.peak or 0, since_ts, disk.last_transitions, None, breaker(dd, limit), limit
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
        log: Sequence[int] = (),
    ) -> None:
        """Take this loop's NAV. `reset_peak`: the operator voids the peak, it restarts at `nav`. `log`: the
        NAV log (B-NAV-3), this loop's NAV included."""
        inputs = (nav, settings, guard, legacy)  # while these stay, only the window of B-DD-5 can move
        if inputs == self._inputs and not (reset_peak or self._changes or "D-08" in legacy):
            return
        self._inputs = inputs
        if self._published is not None and not reset_peak:
            self._see(ts, self._published, guard, reset_peak=False, legacy=legacy, log=log)
        self._published = None
        peak = self._see(ts, nav, guard, reset_peak=reset_peak, legacy=legacy, log=log)
        drop = max(0, peak - nav)
        dd = min(1.0, fraction(drop, peak)) if peak > 0 else 0.0
        before, limit = self.part, settings.max_portfolio_dd_nav_pct
        since_ts, transitions = before.since_ts, before.transitions
        state = next_state("NORMAL" if "D-04" in legacy else before.state, dd, settings)  # B-DD-4
        word = older_word(dd) if "D-02" in legacy else ""
        if word:
            state = "DRAWDOWN" if word == "defensive" else "NORMAL"
        if state != before.state:
            since_ts, transitions = ts, transitions + 1
            self._changes.append(ts)
        flap, active = self._flap(ts, settings), breaker(dd, limit)
        self.part = DrawdownPart(
            state,
            dd,
            drop,
            peak,
            since_ts,
            transitions,
            flap,
            active,
            limit,
            word if "D-04" in legacy else "",
        )

    def _see(
        self,
        ts: int,
        nav: int,
        guard: NavSettings,
        *,
        reset_peak: bool,
        legacy: frozenset[str],
        log: Sequence[int],
    ) -> int:
        """The peak from which the drawdown counts (B-DD-1): since the start or the last reset the highest
        NAV that could be believed. With D-33 an anomalous one counts too; the kept peak stays clear of it."""
        peak, highest = self.peak, self._highest
        if peak is None or highest is None or reset_peak:
            self.peak, self.peak_ts, self._highest = nav, ts, nav
            return nav
        if "D-08" in legacy and ts - self.peak_ts > _STALE_PEAK:
            peak = highest = max(list(log)[-_POINTS:])
        if nav > peak and not anomalous(nav, peak, guard):
            peak, self.peak_ts = nav, ts
        self.peak = peak
        self._highest = max(highest, nav) if "D-33" in legacy else peak
        return self._highest

    def _flap(self, ts: int, settings: DrawdownSettings) -> int | None:
        """B-DD-5: how many state changes lie in the window, when they are more than allowed."""
        changes, window = self._changes, settings.dd_flap_window_minutes * 60 * MICROSECONDS
        while changes and ts - changes[0] > window:
            changes.popleft()
        return len(changes) if len(changes) > settings.dd_flap_max_transitions else None
