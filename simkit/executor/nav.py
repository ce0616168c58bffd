"""NAV and the figures of the day (B-NAV-1, B-NAV-2, B-NAV-6, B-NAV-8); S2 has a tracker of its own.

Comes in: the venue's balance and the open PnL. Goes out: `NavPart`, `NavJump`, the daily loss. May import
`core`, `exchange.orders`, `executor.state`.

A lying balance (`wrong_balance`) is believed: the venue itself tells it.

Money in micro-USD, ages in seconds. NAV is equity: wallet + open PnL (A-09). A finite NAV <= 0 is a
value.
"""

from __future__ import annotations

from msgspec.structs import replace

from simkit.core.clock import MICROSECONDS
from simkit.core.numeric import USD, fraction
from simkit.core.settings import NavSettings
from simkit.exchange.orders import Balance
from simkit.executor.state import NavJump, NavPart, OffExchangeRow


class Nav:
    """What the executor knows of its own worth.

    `part` is the latest reading, `jump` the jump guard's finding between the last two published ones.
    Begun: B-NAV-1 knows the sources live, cache and unavailable; a confirmed NAV does not survive a
    restart.
    """

    def __init__(self, ts: int, off_exchange: tuple[OffExchangeRow, ...], last_nav: int | None) -> None:
        self._start_ts = ts
        self._off_exchange = off_exchange
        self._published = last_nav
        self._confirmed: NavPart | None = None
        self.part = self._unavailable()
        self.jump: NavJump | None = None

    def read(self, ts: int, balance: Balance | None, unrealized: int) -> None:
        """B-NAV-1: live, else the last live reading as it was (`cache`), else the last published NAV."""
        if balance is not None:
            wallet = balance.wallet
            self.part = self._confirmed = NavPart(
                wallet + unrealized, wallet, unrealized, "live", True, True, ts, self._off_exchange
            )
        elif self._confirmed is not None:
            self.part = replace(self._confirmed, source="cache", fresh=False)
        else:
            self.part = self._unavailable()

    def _unavailable(self) -> NavPart:
        nav = self._published or 0
        return NavPart(nav, nav, 0, "unavailable", False, False, None, self._off_exchange)

    def publish(self, guard: NavSettings) -> None:
        """Take `part` as this loop's published NAV; sets `jump` against the one before (B-NAV-6)."""
        old, new = self._published, self.part.nav
        self.jump = None if old is None or old == new else jump(old, new, guard)
        self._published = new

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
    """Realised PnL since the day began (B-NAV-8): fees, funding and declared income are no part of it.

    Begun: what was realised earlier in the day is forgotten at a restart.
    """

    def __init__(self) -> None:
        self._day: int | None = None
        self._opening_nav = 0
        self.realized = 0

    def roll(self, day: int, nav: int) -> None:
        """A new day starts from 0, with the last NAV known before it."""
        if day != self._day:
            self._day, self._opening_nav, self.realized = day, nav, 0

    @property
    def loss(self) -> float:
        """The day's realised loss as a fraction of its opening NAV, 0..1."""
        if self.realized >= 0:
            return 0.0
        return min(1.0, fraction(-self.realized, self._opening_nav)) if self._opening_nav > 0 else 1.0
