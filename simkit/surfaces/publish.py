"""The publisher: an executor that returns state becomes one that writes its own files.

Comes in: a `StateExecutor` and a door. Goes out: files, in the order of B-LOOP-3, and the executor's own
`LoopOutput`. May import `core`, `contract`, `scenario`, `executor.port` and `executor.state`.
"""

from __future__ import annotations

from collections.abc import Callable

from simkit.contract.table import (
    ENGINE_METADATA,
    ORDERS_LOG,
    PEAK_PATH,
    REGISTRY_PATH,
    VETO_LOG,
    by_id,
    paths,
)
from simkit.core.acted import Acted
from simkit.core.canon import encode
from simkit.core.files import Door
from simkit.exchange.orders import VenuePort
from simkit.executor.port import NOTHING, ExecutorDied, LoopInput, LoopOutput, StateExecutor
from simkit.executor.state import ExecutorState, IntelPart, KeptPart
from simkit.scenario.model import BuilderError, Crash, Fault, LoopStep, Scenario, When
from simkit.scenario.script import starts
from simkit.surfaces import build_book, build_diagnostics, build_intel, build_risk, build_router, legacy_files
from simkit.surfaces.disk import read_disk
from simkit.surfaces.failure import FileFailure, Operation, Reads
from simkit.surfaces.legacy_files import Build, Table
from simkit.surfaces.logs import order_lines, veto_lines
from simkit.surfaces.stamp import EXECUTOR
from simkit.surfaces.time_zone import in_zone, zone_of
from simkit.surfaces.wrong_values import WrongValues

#: Every loop, most upstream first (B-LOOP-3); all of one loop carry one time.
PER_LOOP: Table = (
    (by_id["S1"].path, build_book.nav),
    (by_id["S3"].path, build_book.positions_state),
    (REGISTRY_PATH, build_book.registry_file),
    (by_id["S4"].path, build_book.positions_ledger),
    (by_id["S7"].path, build_risk.risk_snapshot),
    (by_id["S8"].path, build_router.router_health),
    (by_id["S5"].path, build_risk.kpis),
    (by_id["S6"].path, build_diagnostics.diagnostics),
    (ENGINE_METADATA.path, build_diagnostics.engine_metadata),
)

#: Only in loops that run intel.
PER_INTEL: Table = (
    (by_id["S9"].path, build_intel.symbol_scores),
    (by_id["S10"].path, build_intel.rv_momentum),
    (by_id["S11"].path, build_intel.factor_diagnostics),
)
_FACTORS = by_id["S11"].path


class BuilderFailed(Exception):
    """A builder failed before it had a document (`BuilderError`)."""


#: What may go wrong with one file and must not touch the others.
_GUARDED = (OSError, build_book.BrokenRowError, BuilderFailed)


class Publisher:
    """Meets `executor.port.Executor`. `failed` lists the failed writes of the last loop."""

    def __init__(self, make: Callable[[], StateExecutor], scenario: Scenario, door: Door) -> None:
        self._inner = make()
        self._door = door
        self._legacy = frozenset(scenario.settings.legacy)
        self._starts = starts(scenario)
        self._acted: Acted[Fault] = Acted()
        self._wrong = WrongValues(scenario)
        self._per_loop = self._wrong.over(legacy_files.with_defects(PER_LOOP, self._legacy))
        self._per_intel = self._wrong.over(PER_INTEL)
        for fault in scenario.faults:
            if isinstance(fault, BuilderError):
                self._per_loop = self._failing(self._per_loop, fault)
                self._per_intel = self._failing(self._per_intel, fault)
        self._kept: KeptPart | None = None
        self._peak_deaths = frozenset(
            [f.at.first for f in scenario.faults if isinstance(f, Crash) and paths.get(f.stem) == PEAK_PATH]
        )
        self._waiting = False
        self._zone_us = 0
        self.name = self._inner.name
        self.capabilities = self._inner.capabilities
        self.failed: list[FileFailure] = []
        self._at_start: list[FileFailure] = []

    def start(self, ts: int, venue: VenuePort) -> None:
        """Start-up (B-LOOP-1): the inner executor is handed what the last one left on disk (B-RST-2). Nothing waits
        for a flat book; under D-17 a restart does."""
        loop = self._door.loop
        run = len([first for first in sorted(self._starts) if first <= loop])
        self._waiting = "D-17" in self._legacy and run > 1 and bool(venue.positions())
        if not self._waiting:
            reads = Reads(self._door)
            self._inner.start(ts, read_disk(reads, max(run, 1)), venue)
            self._at_start = reads.failed

    def step(self, now: LoopInput, venue: VenuePort) -> LoopOutput:
        """One loop: what the inner executor does, then its logs and all its files. What an executor that dies
        (`Crash`) had done by then is told; what it had still to write stays as it was."""
        self._acted = now.acted
        if self._waiting:
            self.start(now.ts, venue)
        self.failed, self._at_start = self._at_start, []
        if self._waiting:
            return NOTHING
        if now.faults:
            self._wrong.hear(now)
        self._zone_us = zone_of(now.faults, now.acted)
        output = NOTHING
        try:
            state, output = self._inner.step(now, venue)
            _pass(now, "logs", "before")
            if now.venue_events or output.events:
                news = now.venue_events if output.news is None else output.news
                self._append(ORDERS_LOG, order_lines((*news, *output.events), now.ts))
            if output.vetoes:
                self._append(VETO_LOG, veto_lines(output.vetoes, now.ts))
            _pass(now, "logs", "after")
            _pass(now, "publish", "before")
            self.publish(state)
            _pass(now, "publish", "after")
        except ExecutorDied as death:
            self.failed.append(FileFailure(self._door.loop, "", "write", "the executor died"))
            return output if death.output is None else death.output
        return output

    def publish(self, state: ExecutorState) -> None:
        """Write the files of one loop. Each write is guarded: one that fails stops no other (B-LOOP-2)."""
        replace = self._door.replace
        for path, build in self._per_loop:
            try:
                replace(path, self._print(build(state)), EXECUTOR)
            except _GUARDED as problem:
                self._note(path, problem)
        if state.intel is not None:
            self._publish_intel(state, state.intel)
        if state.kept != self._kept or state.loop in self._peak_deaths:
            self._keep(state)

    def _keep(self, state: ExecutorState) -> None:
        """AUX-7, when it has changed, and when the executor is to die over it; in place under D-20."""
        write = self._door.overwrite if "D-20" in self._legacy else self._door.replace
        try:
            write(PEAK_PATH, self._print(build_risk.peak_state(state)), EXECUTOR)
            self._kept = state.kept
        except OSError as problem:
            self._note(PEAK_PATH, problem)

    def _publish_intel(self, state: ExecutorState, part: IntelPart) -> None:
        for path, build in self._per_intel:
            if path == _FACTORS and not part.factors.vectors:
                continue  # B-FAC-8: without vectors the old file stays
            try:
                self._door.replace(path, self._print(build(state, part)), EXECUTOR)
            except _GUARDED as problem:
                self._note(path, problem)

    def _append(self, path: str, lines: bytes) -> None:
        if not lines:
            return
        try:
            self._door.append(path, in_zone(lines, self._zone_us), EXECUTOR)
        except OSError as problem:
            self._note(path, problem, "append to")

    def _print(self, document: object) -> bytes:
        """The bytes of a document, in the time zone of the host."""
        return in_zone(encode(document), self._zone_us)

    def _note(self, path: str, problem: Exception, operation: Operation = "write") -> None:
        if not isinstance(problem, OSError):
            operation = "build"
        self.failed.append(FileFailure(self._door.loop, path, operation, str(problem)))

    def _failing(self, table: Table, fault: BuilderError) -> Table:
        """The table with a builder that fails in the loops of the fault, so that nothing is written there; under D-07
        the KPI file is written all the same."""
        target, emptied = paths[fault.stem], "D-07" in self._legacy and fault.stem == by_id["S5"].stem

        def guarded(build: Build) -> Build:
            def failing(state: ExecutorState, *parts: IntelPart) -> object:
                if state.loop not in fault.at:
                    return build(state, *parts)
                self._acted.note(fault)
                if emptied:
                    return legacy_files.emptied_kpis(state)
                raise BuilderFailed(f"the builder of {fault.stem} failed")

            return failing

        return tuple([(path, guarded(build) if path == target else build) for path, build in table])


def _pass(now: LoopInput, step: LoopStep, when: When) -> None:
    """Raise ExecutorDied where the executor is to die."""
    if now.faults and now.dies(step, when):
        raise ExecutorDied
