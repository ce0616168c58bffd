"""The counters of one process (B-VETO-1) and the rolling counts of 24 hours (S1 exec_stats).

Comes in: what the executor did, what the logs of its predecessor hold. Goes out: `Counters`, `ExecStats`, how
often it entered and failed of late. May import `core`, `executor.port`, `executor.state`.

Memory: a time for each thing that happened, for 24 hours. Counters start empty at a restart
(B-RST-3); the counts of 24 hours come from the logs, which outlive a process (INV-N05).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from simkit.core.clock import DAY_US
from simkit.core.numeric import fraction
from simkit.executor.port import PastLoop
from simkit.executor.state import Counters, ExecStats

TOP_VETOES = 5


class Recent:
    """When something happened lately: a time for each, for a day."""

    def __init__(self) -> None:
        self._times: deque[int] = deque()

    def add(self, ts: int) -> None:
        """It happened once more; times never fall."""
        times = self._times
        times.append(ts)
        while ts - times[0] > DAY_US:
            times.popleft()

    def within(self, ts: int, window_us: float) -> int:
        """How often in the window that ends at `ts`; what is exactly as old as the window lies in it."""
        count = 0
        for at in reversed(self._times):
            if ts - at > window_us:
                break
            count += 1
        return count


class Pace:
    """What cooldown, circuit_breaker and burst_limit look at; all of it is lost at a restart (B-RST-1)."""

    def __init__(self) -> None:
        self.last_entry_ts: dict[str, int] = {}
        self.entries, self.errors = Recent(), Recent()

    def entered(self, ts: int, symbol: str) -> None:
        """The venue took an opening intent."""
        self.last_entry_ts[symbol] = ts
        self.entries.add(ts)


class Tally:
    """Counts and the times of the last of each; times in microseconds, None while there was none."""

    def __init__(self) -> None:
        self.pace = Pace()
        self.start_anew()

    def start_anew(self) -> None:
        """As if nothing had been counted; the pace stays, for no restart lost it."""
        self.by_reason: dict[str, int] = {}
        self.signals = self.orders = self.vetoes = 0
        self.signal_ts: int | None = None
        self.order_ts: int | None = None
        self.veto_ts: int | None = None
        self.exit_scan_ts: int | None = None
        self.exit_trigger_ts: int | None = None

    @property
    def is_blank(self) -> bool:
        """Nothing was counted yet."""
        times = (self.signal_ts, self.order_ts, self.veto_ts, self.exit_scan_ts, self.exit_trigger_ts)
        return not (self.signals or self.orders or self.vetoes) and times == (None,) * 5

    def signal(self, ts: int) -> None:
        """The screener emitted an intent."""
        self.signals += 1
        self.signal_ts = ts

    def order(self, ts: int) -> None:
        """The router accepted an order."""
        self.orders += 1
        self.order_ts = ts

    def veto(self, ts: int, reason: str) -> None:
        """A veto was recorded, once per intent (B-VETO-4)."""
        counts = {**self.by_reason, reason: self.by_reason.get(reason, 0) + 1}
        self.by_reason = {name: counts[name] for name in sorted(counts)}
        self.vetoes += 1
        self.veto_ts = ts

    def snapshot(self, last_router_event_ts: int | None) -> Counters:
        """All of it as one frozen part."""
        return Counters(
            self.by_reason, self.signals, self.orders, self.vetoes, self.signal_ts, self.order_ts,
            self.veto_ts, self.exit_scan_ts, self.exit_trigger_ts, last_router_event_ts,
        )  # fmt: skip


class Rolling:
    """Intents that reached the send step, those with a fill, and vetoes of the last 24 hours (inclusive).

    A sliced order counts as one. Exits count as attempts; an intent that is vetoed was attempted as well.
    """

    def __init__(self, past: Iterable[PastLoop] = ()) -> None:
        """`past`: what the logs tell of earlier processes, oldest first."""
        self._attempted: deque[int] = deque()
        self._executed: deque[int] = deque()
        self._vetoes: deque[tuple[int, str]] = deque()
        self._reasons: dict[str, int] = {}
        self._part: ExecStats | None = None
        for loop in past:
            self._attempted.extend([loop.ts] * loop.attempted)
            self._executed.extend([loop.ts] * loop.executed)
            for reason in loop.reasons:
                self.veto(loop.ts, reason)

    def attempted(self, ts: int) -> None:
        """An intent reached the send step."""
        self._attempted.append(ts)
        self._part = None

    def executed(self, ts: int) -> None:
        """An intent got its first fill."""
        self._executed.append(ts)
        self._part = None

    def veto(self, ts: int, reason: str) -> None:
        """A veto was recorded."""
        self._vetoes.append((ts, reason))
        self._reasons[reason] = self._reasons.get(reason, 0) + 1
        self._part = None

    def snapshot(self, ts: int) -> ExecStats:
        """The counts at `ts`; `fill_rate` is a fraction, 0.0 without attempts. The same object while nothing
        changes."""
        oldest, vetoes = ts - DAY_US, self._vetoes
        for times in (self._attempted, self._executed):
            while times and times[0] < oldest:
                times.popleft()
                self._part = None
        while vetoes and vetoes[0][0] < oldest:
            self._forget(vetoes.popleft()[1])
            self._part = None
        part = self._part
        if part is None:
            attempted, executed = len(self._attempted), len(self._executed)
            ranked = sorted(self._reasons.items(), key=lambda item: (-item[1], item[0]))
            rate = min(1.0, fraction(executed, attempted))
            part = self._part = ExecStats(attempted, executed, len(vetoes), rate, tuple(ranked[:TOP_VETOES]))
        return part

    def _forget(self, reason: str) -> None:
        self._reasons[reason] -= 1
        if not self._reasons[reason]:
            del self._reasons[reason]
