"""The protocol that every executor meets, seen from the pipeline.

Comes in: nothing. Goes out: `Executor`, `StateExecutor`, `LoopInput`, `Disk`, `LoopOutput`, `ExecutorDied`. May import
msgspec, `exchange.orders`, `market.ticks`, `scenario.model` and `executor.state`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from simkit.core.acted import Acted
from simkit.core.settings import Settings
from simkit.exchange.orders import VenueEvent, VenuePort
from simkit.executor.state import ExecutorState, KeptPart, LedgerEntry, PositionRow, RegistryEntry, Side
from simkit.market.ticks import Bars
from simkit.scenario.model import Crash, Fault, LoopStep, Signal, When


class LoopInput(Struct, frozen=True, gc=False):
    """One loop as an executor meets it.

    `venue_events`: what happened at the venue since the last loop (fills of resting orders, funding, bookings).
    `faults`: the faults of this loop that the executor itself must act out (state faults, a lying balance).
    `day`: number of the day by which daily figures roll. `reset_peak`: the operator voids the peak in this loop.
    `settings`: those in force in this loop. `acted` is told which of the `faults` changed something.
    """

    loop: int
    ts: int
    day: int
    bars: Bars
    signals: tuple[Signal, ...]
    venue_events: Sequence[VenueEvent]
    faults: tuple[Fault, ...]
    reset_peak: bool
    settings: Settings
    acted: Acted[Fault]

    @property
    def death(self) -> Crash | None:
        """The crash that is to happen at a step of this loop; one at the write of a file is the door's matter."""
        return next((fault for fault in self.faults if isinstance(fault, Crash) and fault.step), None)

    def dies(self, step: LoopStep, when: When) -> bool:
        """Whether the executor is to die here; asking is dying."""
        death = self.death
        if death is None or death.step != step or death.when != when:
            return False
        self.acted.note(death)
        return True


class PastClose(Struct, frozen=True, gc=False):
    """One closing fill of an earlier process, as logged: `pnl` realised and `fees` in micro-USD."""

    ts: int
    symbol: str
    side: Side
    pnl: int
    fees: int


class Confirmed(Struct, frozen=True, gc=False):
    """The last live NAV of an earlier process and when it was read (B-NAV-1, B-RST-2); money in micro-USD."""

    nav: int
    wallet: int
    unrealized: int
    ts: int


class PastLoop(Struct, frozen=True, gc=False):
    """What the logs tell of one loop of an earlier process: intents sent or vetoed, intents that filled for the
    first time, the counted name of every veto."""

    ts: int
    attempted: int
    executed: int
    reasons: tuple[str, ...]


class Disk(Struct, frozen=True, gc=False):
    """What an executor finds on disk when it starts, in scaled integers: the executor's own published files.

    `slices`: client order ids of the slices of orders that the log holds fills of.

    None means the file or the part is missing or unreadable. `positions` and `ledger` are the rows of S3 and the
    entries of S4, sorted by key; `last_*` and `confirmed` come from the last risk snapshot and nav, `kept` from
    AUX-7, `closes` from the log of executed orders, `activity` from both logs, oldest first; `failing` the
    symbols whose published score does not pass emission.
    """

    run: int
    registry: Mapping[str, RegistryEntry] | None = None
    positions: tuple[PositionRow, ...] | None = None
    ledger: Mapping[str, LedgerEntry] | None = None
    last_nav: int | None = None
    last_dd_state: str | None = None
    last_dd_since: int | None = None
    last_transitions: int = 0
    last_dd_pct: float | None = None
    confirmed: Confirmed | None = None
    kept: KeptPart | None = None
    factor_weights: Mapping[str, float] | None = None
    closes: tuple[PastClose, ...] = ()
    activity: tuple[PastLoop, ...] = ()
    failing: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()


class Veto(Struct, frozen=True, gc=False):
    """One recorded veto. `reason` is the counted name (B-VETO-3), `gate` the gate's own name, `strategy` what
    the intent said of itself."""

    intent_id: str
    symbol: str
    side: str
    qty: int
    reason: str
    gate: str
    reasons: tuple[str, ...]
    thresholds: Mapping[str, float]
    observations: Mapping[str, float]
    strategy: str = ""


class LoopOutput(Struct, frozen=True, gc=False):
    """What an executor did in one loop, in order: for the trace and the journal rules.

    `events` are the venue's answers to this loop's orders; `vetoes` the recorded vetoes; `signals` how many
    intents the screener emitted. `exits` are the intent ids of tp and sl exits of this loop. `news`: what of the
    venue's events of the `LoopInput` was not heard before; None is all of it.
    """

    events: tuple[VenueEvent, ...]
    vetoes: tuple[Veto, ...]
    signals: tuple[str, ...]
    exits: tuple[str, ...]
    news: Sequence[VenueEvent] | None = None


#: What an executor did that did nothing.
NOTHING = LoopOutput((), (), (), ())


class ExecutorDied(Exception):
    """The executor is dead from here on: nothing more of this loop is done or written by it. `output`: what it had
    done by then, where it knows; what it has sent has reached the venue."""

    def __init__(self, output: LoopOutput | None = None) -> None:
        super().__init__()
        self.output = output


class StateExecutor(Protocol):
    """An executor that returns its state and leaves writing to `surfaces.publish`."""

    name: str
    capabilities: frozenset[str]

    def start(self, ts: int, disk: Disk, venue: VenuePort) -> None:
        """Start-up before the first loop (B-LOOP-1): position check, ledger and registry sync."""

    def step(self, now: LoopInput, venue: VenuePort) -> tuple[ExecutorState, LoopOutput]:
        """One loop (B-LOOP-3), up to and including the decision what to publish."""


class Executor(Protocol):
    """An executor that writes its own files: all that the pipeline knows."""

    name: str
    capabilities: frozenset[str]

    def start(self, ts: int, venue: VenuePort) -> None:
        """Start-up before the first loop; also after a restart, with the files of the last one on disk."""

    def step(self, now: LoopInput, venue: VenuePort) -> LoopOutput:
        """One loop, all files of the loop written."""
