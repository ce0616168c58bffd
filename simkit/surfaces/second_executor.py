"""A second executor beside the first one: another process on the same account, the same files, without a lock.

Comes in: a way to make an executor, one `LoopInput` per loop. Goes out: what both did. May import `core`,
`exchange.orders`, `executor.port` and `scenario`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from simkit.core.files import Door
from simkit.exchange.orders import VenuePort
from simkit.executor.port import Executor, LoopInput, LoopOutput
from simkit.scenario.model import Restart, Scenario, SecondExecutor

#: What the journal adds to the name of a writer for its second process.
SECOND: Final = "#2"


class SecondExecutors:
    """Runs the second executor of each fault in the loops of that fault. `planned`: whether there is any."""

    def __init__(self, make: Callable[[Scenario, Door], Executor], scenario: Scenario, door: Door) -> None:
        self._make, self._scenario, self._door = make, scenario, door
        self.planned = any(isinstance(fault, SecondExecutor) for fault in scenario.faults)
        self._fault: SecondExecutor | None = None
        self._executor: Executor | None = None

    def loop(self, now: LoopInput, venue: VenuePort, first: LoopOutput) -> LoopOutput:
        """After the first executor's loop: the second one's, where there is one."""
        fault = next((fault for fault in now.faults if isinstance(fault, SecondExecutor)), None)
        if fault is None:
            return first
        if fault is not self._fault or self._executor is None:
            self._fault, self._executor = fault, self._started(now, venue)
        journal = self._door.journal
        written = len(journal)
        second = self._executor.step(now, venue)
        journal[written:] = [replace(write, writer=write.writer + SECOND) for write in journal[written:]]
        now.acted.note(fault)
        return LoopOutput(
            first.events + second.events, first.vetoes + second.vetoes, first.signals + second.signals,
            first.exits + second.exits,
        )  # fmt: skip

    def _started(self, now: LoopInput, venue: VenuePort) -> Executor:
        """It finds what lies on disk, as one that is started anew does, and has a run_id of its own."""
        scenario = self._scenario
        events = (*scenario.events, Restart(now.loop))
        executor = self._make(replace(scenario, id=f"{scenario.id}-second", events=events), self._door)
        executor.start(now.ts, venue)
        return executor
