"""The scenario as it is played: what is scripted for each loop.

Comes in: a `Scenario`. Goes out: one `Cue` per loop, in constant time and memory. May import `scenario.model`
and `contract.table`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

from msgspec import Struct

from simkit.contract.table import REGISTRY_PATH
from simkit.core.acted import Acted
from simkit.scenario.host_clock import fault_in, skew_us
from simkit.scenario.model import (
    Crash,
    Event,
    Fault,
    Hang,
    HostClockFault,
    PowerCut,
    ResetPeak,
    Restart,
    Scenario,
    Signal,
    SyncDown,
    TimeZone,
    Transfer,
)

_FILES = {"registry": REGISTRY_PATH}

F = TypeVar("F")
_NOTHING: Acted[Fault] = Acted()


class Cue(Struct, frozen=True, gc=False):
    """What the script says for one loop. `nav` is the scripted equity (B-NAV-9) in micro-USD, None where equity is
    not scripted. `starts`: a new executor starts with this loop; `away`: none is there, the last one died or hangs.
    `skew_us`: how far the clock of the host is ahead. `acted` is told which faults changed something."""

    loop: int
    signals: tuple[Signal, ...] = ()
    events: tuple[Event, ...] = ()
    faults: tuple[Fault, ...] = ()
    nav: int | None = None
    synced: bool = True
    starts: bool = False
    acted: Acted[Fault] = _NOTHING
    away: bool = False
    skew_us: int = 0

    @property
    def restart(self) -> Restart | None:
        """The restart before this loop, if any."""
        return next((event for event in self.events if isinstance(event, Restart)), None)

    @property
    def lost_files(self) -> tuple[str, ...]:
        """Paths of the files that the restart loses."""
        restart = self.restart
        return tuple(_FILES[name] for name in restart.losing) if restart else ()

    @property
    def reset_peak(self) -> bool:
        """The operator declares the peak void in this loop."""
        return any(isinstance(event, ResetPeak) for event in self.events)

    @property
    def transfers(self) -> tuple[Transfer, ...]:
        """Declared deposits and withdrawals of this loop."""
        return tuple(event for event in self.events if isinstance(event, Transfer))

    @property
    def local_us(self) -> int:
        """How far the clock on the wall of the host is ahead of UTC."""
        zone = self.fault(TimeZone) if self.faults else None
        return self.skew_us if zone is None else self.skew_us + zone.offset_us

    def host(self, ts: int) -> int:
        """What the clock of the host shows at `ts`, to one who acts on it."""
        if self.skew_us:
            wrong = fault_in([fault for fault in self.faults if isinstance(fault, HostClockFault)], self.loop)
            if wrong is not None:
                self.acted.note(wrong)
        return ts + self.skew_us

    def fault(self, kind: type[F]) -> F | None:
        """The first active fault of that kind."""
        return next((fault for fault in self.faults if isinstance(fault, kind)), None)

    def faults_of(self, kind: type[F]) -> tuple[F, ...]:
        """All active faults of that kind, in file order."""
        return tuple(fault for fault in self.faults if isinstance(fault, kind))


class Death(Struct, frozen=True):
    """The executor dies in `loop`; the next one starts with loop `back`."""

    loop: int
    back: int


def deaths_of(faults: Iterable[Fault]) -> list[Death]:
    """When executors die in mid-loop and when the next ones start, in file order."""
    return [Death(fault.at.first, fault.ends + 1) for fault in faults if isinstance(fault, Crash | PowerCut)]


def starts(scenario: Scenario) -> frozenset[int]:
    """The loops that begin with a new executor: L1, those of a restart, and those after a crash or a power
    cut."""
    restarts = [event.loop for event in scenario.events if isinstance(event, Restart)]
    return frozenset((1, *restarts, *(death.back for death in deaths_of(scenario.faults))))


class Script:
    """Answers `at(loop)` for loops in rising order. `acted` collects which faults changed something."""

    def __init__(self, scenario: Scenario) -> None:
        signals: defaultdict[int, list[Signal]] = defaultdict(list)
        for signal in scenario.signals:
            signals[signal.loop].append(signal)
        events: defaultdict[int, list[Event]] = defaultdict(list)
        for event in scenario.events:
            events[event.loop].append(event)
        self._signals = {loop: tuple(found) for loop, found in signals.items()}
        self._events = {loop: tuple(found) for loop, found in events.items()}
        self._faults = scenario.faults
        self.acted: Acted[Fault] = Acted(scenario.faults)
        self._starts = starts(scenario)
        self._clock = scenario.clock
        self._host = [fault for fault in scenario.faults if isinstance(fault, HostClockFault)]
        self._absences = [death for death in deaths_of(scenario.faults) if death.back > death.loop + 1]
        self._steps = scenario.account.nav
        self._next_step = 0
        self._nav: int | None = None

    def at(self, loop: int) -> Cue:
        """The cue of `loop`; call it once per loop, in order."""
        steps = self._steps
        while self._next_step < len(steps) and steps[self._next_step].loop <= loop:
            self._nav = steps[self._next_step].value
            self._next_step += 1
        faults = tuple(f for f in self._faults if loop in f.at) if self._faults else ()
        synced = not any(isinstance(fault, SyncDown) for fault in faults)
        return Cue(
            loop, self._signals.get(loop, ()), self._events.get(loop, ()), faults, self._nav, synced,
            loop in self._starts, self.acted, bool(faults or self._absences) and self._away(loop, faults),
            skew_us(self._clock, self._host, loop) if self._host else 0,
        )  # fmt: skip

    def _away(self, loop: int, faults: tuple[Fault, ...]) -> bool:
        """No executor is there, or one that hangs."""
        return any(death.loop < loop < death.back for death in self._absences) or any(
            isinstance(fault, Hang) for fault in faults
        )
