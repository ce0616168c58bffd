"""sync_state: the only writer of S2, which mirrors nav.json and adds the drawdown from its peak.

Comes in: the executor's files as bytes on disk. Goes out: `nav_state.json`. May import `core`, `contract` and
`scenario`.

The peak is kept in micro-USD; the executor's peak file (AUX-7) overrules it whenever that has changed (B-SYNC-6). The
published drawdown is a percent (0..100), as fine as S7's fraction.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Struct

from simkit.contract.readers import parse_time, read_object
from simkit.contract.shapes import book
from simkit.contract.table import PEAK_PATH, by_stem
from simkit.core.canon import encode
from simkit.core.clock import MICROSECONDS
from simkit.core.files import Door
from simkit.core.numeric import USD, fraction, q7, scaled
from simkit.core.settings import NavSettings
from simkit.scenario.model import (
    ResetPeak,
    Scenario,
    SetSetting,
    SyncClock,
    SyncDoubled,
    SyncDown,
    SyncLate,
)
from simkit.scenario.script import Cue
from simkit.surfaces import peak_file
from simkit.surfaces.disk import published
from simkit.surfaces.failure import FileFailure, Operation
from simkit.surfaces.stamp import SYNC_STATE, stamp
from simkit.surfaces.time_zone import zone_of
from simkit.surfaces.wrong_values import WrongValues

_NAV, _NAV_STATE = by_stem["nav"].path, by_stem["nav_state"].path


#: From here on a number times 10**6 may leave the range of a double: no money.
_BEYOND = 1e300


class Source(Struct, frozen=True, gc=False):
    """A usable nav.json: `nav` in micro-USD, its time as printed and in microseconds; `aum` may miss."""

    nav: int
    printed: str
    ts: int
    aum: book.Aum | None


def read_source(data: bytes | None) -> Source | None:
    """A nav.json, or None when it is unusable (B-SYNC-4).

    Unusable is: missing or unparseable, nav missing, non-numeric or non-finite, time missing or unparseable.
    A finite nav <= 0 is usable: a liquidated account must show it.
    """
    document = None if data is None else read_object(data)[0]
    if document is None:
        return None
    nav = document.get("nav")
    if not isinstance(nav, float | int) or isinstance(nav, bool) or not abs(nav) < _BEYOND:
        return None
    for alias in ("updated_ts", "updated_at"):
        printed = document.get(alias)
        ts = parse_time(printed)
        if ts is not None:
            return Source(
                round(nav * USD), printed if type(printed) is str else stamp(ts), ts, _aum(document)
            )
    return None


def _aum(document: dict[str, object]) -> book.Aum | None:
    try:
        return msgspec.convert(document.get("aum"), book.Aum)
    except msgspec.ValidationError:
        return None


class Tracker:
    """The drawdown tracker (B-NAV-4, B-NAV-5). `peak` in micro-USD, None until a nav > 0 was seen."""

    def __init__(self, peak: int | None = None) -> None:
        self.peak = peak

    def see(self, nav: int, guard: NavSettings, *, reset: bool) -> None:
        """Raise the peak unless the guard holds it: nav > multiple * peak or nav - peak > gap, strictly."""
        peak = self.peak
        if reset or peak is None:
            self.peak = nav if nav > 0 else None
        elif nav > peak:
            anomalous = nav > guard.peak_guard_multiple * peak or nav - peak > guard.peak_guard_gap_usd * USD
            if not anomalous:
                self.peak = nav

    def drawdown(self, nav: int) -> tuple[int, float | None]:
        """Depth in micro-USD and in percent, at most 100; no percentage without a peak."""
        if self.peak is None:
            return 0, None
        depth = max(0, self.peak - nav)
        return depth, min(100.0, q7(100.0 * fraction(depth, self.peak)))


class Mirror:
    """sync_state as a stage of its own. `failed` is what the last pass could not read or write."""

    def __init__(self, door: Door, scenario: Scenario) -> None:
        self._door = door
        self._guard = scenario.settings.nav
        self._phase_us = scenario.clock.sync_phase_us
        self._wrong = WrongValues(scenario)
        self._legacy = frozenset(scenario.settings.legacy)
        self._ahead = [e for e in scenario.events if isinstance(e, ResetPeak | SetSetting)]
        self._ahead.sort(key=lambda event: event.loop, reverse=True)
        last = published(door, "nav_state", book.NavState)
        self._aum = None if last is None else last.aum
        self._tracker = Tracker(None if last is None else _peak(last))
        self._peak_file: bytes | None = None
        self._realized: int | None = None
        self.failed: FileFailure | None = None

    def follow(self, published_ts: int, cue: Cue) -> None:
        """What sync_state does after a loop whose publish was due at `published_ts`: one pass, unless a fault says
        otherwise (B-LOOP-3)."""
        ts = published_ts + self._phase_us
        if not cue.faults:
            self.sync(ts, cue)
            return
        down, late, doubled = cue.fault(SyncDown), cue.fault(SyncLate), cue.fault(SyncDoubled)
        if down is not None:
            cue.acted.note(down)
            return
        if late is not None:
            cue.acted.note(late)
            ts += late.delay_us
        self.sync(cue.host(ts), cue)
        if doubled is not None:
            cue.acted.note(doubled)
            self.sync(cue.host(ts), cue)

    def sync(self, ts: int, cue: Cue) -> None:
        """One pass at `ts` (microseconds) after a loop (B-SYNC-1): S2, and no other surface. One that fails changes
        nothing, and the next one tries again (B-SYNC-7); so does one that finds no usable source (B-SYNC-4)."""
        self.failed = None
        path = _NAV
        doing: Operation = "read"
        try:
            source = read_source(self._door.read(_NAV))
            if source is None:
                return
            document = self._mirrored(source, ts, cue)
            _add_exposure(document, published(self._door, "positions_state", book.PositionsState))
            told = self._wrong.told(_NAV_STATE, cue.loop, document, cue.acted) if cue.faults else document
            path, doing = _NAV_STATE, "write"
            self._door.replace(_NAV_STATE, encode(told), SYNC_STATE)
        except OSError as problem:
            self.failed = FileFailure(cue.loop, path, doing, str(problem))

    def _mirrored(self, source: Source, ts: int, cue: Cue) -> book.NavState:
        """The mirror of a usable source with the source's own time, be it older than the last (B-SYNC-3, B-SYNC-5)."""
        nav, tracker = source.nav, self._tracker
        known = self._take_peak_file()
        voided = self._follow(cue.loop)
        tracker.see(nav, self._guard, reset=voided and not known)
        depth, percent = tracker.drawdown(nav)
        equity = nav / USD
        lkg = source.aum is None and self._aum is not None
        aum = source.aum or self._aum or book.Aum(futures=equity, offexchange={}, total=equity)
        self._aum = aum
        own = stamp(ts + zone_of(cue.faults, cue.acted))
        age_us, printed = max(0, ts - source.ts), source.printed
        if "D-06" in self._legacy or _stamps_its_own(cue):
            age_us, printed = 0, own
        if "D-18" in self._legacy:
            age_us = 0
        return book.NavState(
            age_s=age_us / MICROSECONDS,
            aum=aum,
            drawdown=percent,
            drawdown_abs=depth / USD,
            drawdown_pct=percent,
            lkg=lkg,
            nav=equity,
            nav_usd=equity,
            peak_equity=UNSET if tracker.peak is None else tracker.peak / USD,
            realized_pnl_today=UNSET if self._realized is None else self._realized / USD,
            synced_ts=own,
            total_equity=equity,
            updated_at=printed,
            updated_ts=printed,
        )

    def _take_peak_file(self) -> bool:
        """Peak and realised PnL of the day as the executor keeps them, where they changed; from a file that is
        torn or missing nothing is taken. True when something was: a peak that was voided is voided there."""
        data = self._door.tree.get(PEAK_PATH)
        if data is self._peak_file:
            return False
        self._peak_file = data
        kept = peak_file.decode(data)
        if kept is None:
            return False
        self._tracker.peak = kept.peak if kept.peak > 0 else None
        self._realized = kept.realized
        return True

    def _follow(self, loop: int) -> bool:
        """Take the settings in force up to `loop`.

        True when the peak was voided since the last mirrored loop, be it in one whose sync was down.
        """
        reset = False
        while self._ahead and self._ahead[-1].loop <= loop:
            event = self._ahead.pop()
            if isinstance(event, SetSetting):
                self._guard = event.settings.nav
            else:
                reset = True
        return reset


def _stamps_its_own(cue: Cue) -> bool:
    """Whether this pass stamps its own clock, to one that stamps."""
    fault = cue.fault(SyncClock)
    if fault is not None:
        cue.acted.note(fault)
    return fault is not None


def _peak(last: book.NavState) -> int | None:
    peak = last.peak_equity
    return scaled(peak, USD) if peak is not UNSET and peak > 0.0 else None


def _add_exposure(document: book.NavState, state: book.PositionsState | None) -> None:
    """Gross, net and largest position in USD from S3's rows; left out when that file cannot be used."""
    if state is None:
        return
    gross = net = largest = 0
    for row in state.positions:
        if not abs(row.notional) < _BEYOND:
            return
        value = round(abs(row.notional) * USD)
        gross += value
        net += value if row.qty > 0.0 else -value
        largest = max(largest, value)
    document.gross_exposure, document.net_exposure = gross / USD, net / USD
    document.largest_position_value = largest / USD
