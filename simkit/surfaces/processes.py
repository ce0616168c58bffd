"""The executors of a run: one after the other, and while a fault says so two at once.

Comes in: a way to make an executor, one `LoopInput` per loop. Goes out: what was done in the loop. May import `core`,
`exchange.orders`, `executor.port` and `scenario`.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from simkit.core.files import Door
from simkit.exchange.orders import VenueEvent, VenuePort
from simkit.executor.port import NOTHING, Executor, LoopInput, LoopOutput
from simkit.scenario.model import Hang, Scenario
from simkit.scenario.script import Cue
from simkit.surfaces.second_executor import SecondExecutors


class Processes:
    """Starts executors, lets them live their loops, and lets go of them. `name` is that of the last one."""

    def __init__(self, make: Callable[[Scenario, Door], Executor], scenario: Scenario, door: Door) -> None:
        self._make, self._scenario, self._door = make, scenario, door
        self._executor: Executor | None = None
        self._missed: list[VenueEvent] = []
        self._second = SecondExecutors(make, scenario, door)
        self.name = ""

    def loop(self, now: LoopInput, venue: VenuePort, cue: Cue) -> LoopOutput:
        """One loop, with the files of the loop written. One that hangs is told afterwards what it missed; what
        happens while none is there is told to nobody."""
        executor = self._executor
        if executor is None or cue.starts:
            for lost in cue.lost_files:
                self._door.remove(lost)
            executor = self._executor = self._make(self._scenario, self._door)
            self._missed = []
            self.name = executor.name
            executor.start(now.ts, venue)
        if cue.away:
            output = NOTHING
            self._miss(now, cue)
        else:
            cue.host(now.ts)
            output = executor.step(self._told(now), venue)
        return self._second.loop(now, venue, output) if self._second.planned else output

    def _miss(self, now: LoopInput, cue: Cue) -> None:
        for fault in cue.faults_of(Hang):
            cue.acted.note(fault)
            self._missed.extend(now.venue_events)

    def _told(self, now: LoopInput) -> LoopInput:
        if not self._missed:
            return now
        missed, self._missed = self._missed, []
        return replace(now, venue_events=(*missed, *now.venue_events))
