"""NAV and the figures of the day (B-NAV-1 to B-NAV-3, B-NAV-6, B-NAV-8); S2 has a tracker of its own.

Comes in: the venue's balance and the open PnL; what an earlier process left on disk. Goes out: `NavPart`,
`NavJump`, the daily loss, `KeptPart`. May import `core`, `exchange.orders`, `executor.port`,
`executor.state`.

A lying balance (`wrong_balance`) is believed: the venue itself tells it.

Money in micro-USD, ages in seconds. NAV is equity: wallet + open PnL (A-09). A finite NAV <= 0 is a
value.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from msgspec.structs import replace

from simkit.core.clock import DAY_US, MICROSECONDS, day_of
from simkit.core.numeric import USD, fraction
from simkit.core.settings import NavSettings
from simkit.exchange.orders import Balance
from simkit.executor.port import Confirmed, PastClose
from simkit.executor.state import KeptPart, NavJump, NavPart, OffExchangeRow

#: B-NAV-3.
LOG_POINTS = 720


class Nav:
    """What the executor knows of its own worth.

    `part` is the latest reading, `jump` the jump guard's finding between the last two published ones, `log`
    the newest published NAVs (B-NAV-3). `confirmed`: the last live reading of an earlier process.
    """

    def __init__(
        self,
        ts: int,
        off_exchange: tuple[OffExchangeRow, ...],
        last_nav: int | None,
        confirmed: Confirmed | None = None,
    ) -> None:
        self._start_ts = ts
        self._off_exchange = off_exchange
        self._published = last_nav
        self._confirmed: NavPart | None = None
        if confirmed is not None:
            nav, wallet, unrealized = confirmed.nav, confirmed.wallet, confirmed.unrealized
            self._confirmed = NavPart(nav, wallet, unrealized, "live", True, True, confirmed.ts, off_exchange)
        self.log: deque[int] = deque(maxlen=LOG_POINTS)
        self.part = self._unavailable()
        self.jump: NavJump | None = None

    def read(
        self, ts: int, balance: Balance | None, unrealized: int, legacy: frozenset[str] = frozenset()
    ) -> None:
        """B-NAV-1: live, else the last live reading as it was (`cache`), else the last published NAV. A balance that
        is no number is no reading."""
        wallet = None if balance is None else balance.wallet
        if wallet is not None:
            nav = wallet if "D-15" in legacy else wallet + unrealized
            self.part = self._confirmed = NavPart(
                nav, wallet, unrealized, "live", True, True, ts, self._off_exchange
            )
        elif self._confirmed is None:
            self.part = self._unavailable()
        elif "D-32" in legacy:
            self.part = self._confirmed = replace(self._confirmed, live_ts=ts)
        else:
            self.part = replace(self._confirmed, source="cache", fresh=False)

    def _unavailable(self) -> NavPart:
        nav = self._published or 0
        return NavPart(nav, nav, 0, "unavailable", False, False, None, self._off_exchange)

    def publish(self, guard: NavSettings) -> None:
        """Take `part` as this loop's published NAV; sets `jump` against the one before (B-NAV-6)."""
        old, new = self._published, self.part.nav
        self.jump = None if old is None or old == new else jump(old, new, guard)
        self._published = new
        self.log.append(new)

    def age_s(self, ts: int) -> float:
        """Seconds since the last live read; while there was none, since the process started (B-NAV-2)."""
        live_ts = self.part.live_ts
        return (ts - (self._start_ts if live_ts is None else live_ts)) / MICROSECONDS


def jump(old: int, new: int, guard: NavSettings) -> NavJump | None:
    """B-NAV-6: both guards are strict and look both ways; with `old` <= 0 only the gap is tested."""
    gap = abs(new - old)
    pct = fraction(gap, old) if old > 0 else None
    if gap > guard.max_nav_jump_gap_usd * USD or (pct is not None and pct > guard.max_nav_jump_pct):
        return NavJump(old, new, pct)
    return None


class Day:
    """Realised PnL and the highest NAV since the day began (B-NAV-8), at 00:00 UTC or by the labels of a
    replay. Fees, funding and declared income are no part of it.

    `kept` and `closes` are what an earlier process left: the day goes on with its opening NAV, and with what
    the log of executed orders says was realised since it began.
    """

    def __init__(self, kept: KeptPart | None = None, closes: Sequence[PastClose] = ()) -> None:
        self._found = (kept, closes)
        self._day: int | None = None
        self._since_ts = 0
        self._opening_nav = 0
        self._peak = 0
        self._known: KeptPart | None = None
        self.realized = 0

    def roll(self, day: int, nav: int, ts: int, legacy: frozenset[str] = frozenset()) -> None:
        """A new day starts from 0, with the last NAV known before it."""
        if day == self._day:
            return
        if self._day is None:
            self._resume(day, nav, ts, legacy)
        elif "D-09" not in legacy:
            self._since_ts, self._opening_nav, self._peak, self.realized = ts, nav, nav, 0
        self._day = day

    def _resume(self, day: int, nav: int, ts: int, legacy: frozenset[str]) -> None:
        kept, closes = self._found
        self._found = (None, ())
        if kept is not None and (kept.day == day or "D-09" in legacy):
            self._since_ts, self._opening_nav, self._peak = kept.since_ts, kept.opening_nav, kept.day_peak
        else:
            midnight = day * DAY_US if day == day_of(ts) else ts  # the day of a label has no time of ours
            self._since_ts, self._opening_nav, self._peak = midnight, nav, nav
        self.realized = sum([close.pnl for close in closes if close.ts >= self._since_ts])  # ints

    def see(self, nav: int, peak: int, legacy: frozenset[str] = frozenset()) -> None:
        """Take this loop's NAV; one above `peak` is held back by the peak guard (B-NAV-5). A day that began
        without a NAV opens with the first one."""
        self._opening_nav = self._opening_nav or nav
        if "D-09" in legacy:
            self._peak = peak
        elif nav <= peak:
            self._peak = min(peak, max(self._peak, nav))

    def kept(self, peak: int, peak_ts: int) -> KeptPart:
        """What goes to disk (AUX-7); the same object while nothing of it changes."""
        kept = KeptPart(
            peak, peak_ts, self._day or 0, self._since_ts, self._opening_nav, self._peak, self.realized
        )
        if self._known != kept:
            self._known = kept
        return self._known

    @property
    def loss(self) -> float:
        """The day's realised loss as a fraction of its opening NAV, 0..1."""
        if self.realized >= 0:
            return 0.0
        return min(1.0, fraction(-self.realized, self._opening_nav)) if self._opening_nav > 0 else 1.0
