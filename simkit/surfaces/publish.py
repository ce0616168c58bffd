"""The publisher: an executor that returns state becomes one that writes its own files.

Comes in: a `StateExecutor` and a door. Goes out: files, in the order of B-LOOP-3, and the executor's own
`LoopOutput`. May import `core`, `contract`, `scenario.model`, `executor.port` and `executor.state`.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from simkit.contract.shapes.base import Shape
from simkit.contract.table import ENGINE_METADATA, ORDERS_LOG, REGISTRY_PATH, VETO_LOG, by_id
from simkit.core.canon import encode
from simkit.core.files import Door
from simkit.exchange.orders import VenuePort
from simkit.executor.port import LoopInput, LoopOutput, StateExecutor
from simkit.executor.state import ExecutorState, IntelPart
from simkit.scenario.model import Restart, Scenario
from simkit.surfaces import build_book, build_diagnostics, build_intel, build_risk, build_router
from simkit.surfaces.disk import read_disk
from simkit.surfaces.logs import order_lines, veto_lines
from simkit.surfaces.stamp import EXECUTOR

#: Every loop, most upstream first (B-LOOP-3); all of one loop carry one time.
PER_LOOP: tuple[tuple[str, Callable[[ExecutorState], Shape]], ...] = (
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
PER_INTEL: tuple[tuple[str, Callable[[ExecutorState, IntelPart], Shape]], ...] = (
    (by_id["S9"].path, build_intel.symbol_scores),
    (by_id["S10"].path, build_intel.rv_momentum),
    (by_id["S11"].path, build_intel.factor_diagnostics),
)


class FailedWrite(Struct, frozen=True):
    """A file of this loop that could not be written; the one of an earlier loop still stands (B-WR-3)."""

    loop: int
    path: str
    reason: str


class Publisher:
    """Meets `executor.port.Executor`. `failed` lists the failed writes of the last loop."""

    def __init__(self, make: Callable[[], StateExecutor], scenario: Scenario, door: Door) -> None:
        self._inner = make()
        self._scenario = scenario
        self._door = door
        self.name = self._inner.name
        self.capabilities = self._inner.capabilities
        self.failed: list[FailedWrite] = []

    def start(self, ts: int, venue: VenuePort) -> None:
        """Start-up (B-LOOP-1): the inner executor is handed what the last one left on disk."""
        events, loop = self._scenario.events, self._door.loop
        restarts = [event for event in events if isinstance(event, Restart) and 1 < event.loop <= loop]
        self._inner.start(ts, read_disk(self._door, 1 + len(restarts)), venue)

    def step(self, now: LoopInput, venue: VenuePort) -> LoopOutput:
        """One loop: what the inner executor does, then its logs and all its files."""
        state, output = self._inner.step(now, venue)
        self.failed = []
        if now.venue_events or output.events:
            self._append(ORDERS_LOG, order_lines((*now.venue_events, *output.events), now.ts))
        if output.vetoes:
            self._append(VETO_LOG, veto_lines(output.vetoes, now.ts))
        self.publish(state)
        return output

    def publish(self, state: ExecutorState) -> None:
        """Write the files of one loop. Each write is guarded: one that fails stops no other (B-LOOP-2)."""
        replace = self._door.replace
        for path, build in PER_LOOP:
            try:
                replace(path, encode(build(state)), EXECUTOR)
            except (OSError, build_book.BrokenRowError) as problem:
                self._note(path, problem)
        if state.intel is not None:
            self._publish_intel(state, state.intel)

    def _publish_intel(self, state: ExecutorState, part: IntelPart) -> None:
        for path, build in PER_INTEL:
            if build is build_intel.factor_diagnostics and not part.factors.vectors:
                continue  # B-FAC-8: without vectors the old file stays
            try:
                self._door.replace(path, encode(build(state, part)), EXECUTOR)
            except OSError as problem:
                self._note(path, problem)

    def _append(self, path: str, lines: bytes) -> None:
        if not lines:
            return
        try:
            self._door.append(path, lines, EXECUTOR)
        except OSError as problem:
            self._note(path, problem)

    def _note(self, path: str, problem: Exception) -> None:
        self.failed.append(FailedWrite(self._door.loop, path, str(problem)))
