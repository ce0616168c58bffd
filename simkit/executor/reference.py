"""The reference executor: its loop is the list of steps of B-LOOP-3.

Comes in: a `LoopInput` and a venue. Goes out: `ExecutorState` and `LoopOutput`. May import `core`,
`exchange.orders`, `scenario.model` (types) and every rule family of this folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from simkit.exchange.orders import VenuePort
from simkit.executor import exits
from simkit.executor.ledger import ledger_faults
from simkit.executor.port import NOTHING, Disk, ExecutorDied, LoopInput, LoopOutput
from simkit.executor.publishing import Publishing
from simkit.executor.rooms import Found, Rooms
from simkit.executor.screener import screen
from simkit.executor.state import ExecutorState, LedgerEntry
from simkit.executor.trading import exit_is_held, trade
from simkit.scenario.model import CountersReset, LoopStep, Scenario


class ReferenceExecutor:
    """Meets `StateExecutor`. One object is one process: a restart is a new object and what lies on disk."""

    name = "reference"
    capabilities = frozenset(
        {"scripted_signals", "state_faults", "restart", "legacy", "settings", "reset_peak"}
    )

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._found: Found | None = None
        self._faulty = False
        self._published_ledger: Mapping[str, LedgerEntry] = {}
        self._signals: tuple[str, ...] = ()
        self._exits: tuple[str, ...] = ()
        self._publishing = Publishing()

    def start(self, ts: int, disk: Disk, venue: VenuePort) -> None:
        """B-LOOP-1, B-RST: look at the disk and the account. The rest of the start-up opens the first
        loop, before its scan, because only then the settings in force are known. Nothing waits for a flat
        book (D-17)."""
        self._found = (ts, disk, venue.balance())

    def step(self, now: LoopInput, venue: VenuePort) -> tuple[ExecutorState, LoopOutput]:
        """One loop: act, then the snapshot that is published."""
        output = self.act(now, venue)
        return self.publish_state(), output

    def act(self, now: LoopInput, venue: VenuePort) -> LoopOutput:
        """Everything that trades or changes what the executor knows (B-LOOP-3, up to the publish phase). Raises
        ExecutorDied where a crash names a step."""
        mortal = bool(now.faults) and now.death is not None
        for name, step in _STEPS:
            if mortal and now.dies(name, "before"):
                raise ExecutorDied(NOTHING if name == "config" else self._output())
            step(self, now, venue)
            if mortal and now.dies(name, "after"):
                raise ExecutorDied(self._output())
        return self._output()

    def _output(self) -> LoopOutput:
        rooms = self._rooms
        return LoopOutput(
            tuple(rooms.desk.events), tuple(rooms.vetoes), self._signals, self._exits, rooms.desk.news
        )

    def publish_state(self) -> ExecutorState:
        """The snapshot of the loop just acted."""
        return self._publishing.snapshot(self._rooms)

    def _config(self, now: LoopInput, venue: VenuePort) -> None:
        """A new loop, with the settings in force; a new process opens its rooms first."""
        if self._found is not None:
            self._rooms = Rooms(self._scenario, self._found, now, venue)
            self._found = None
        rooms = self._rooms
        rooms.begin(now, venue)
        self._published_ledger = rooms.ledger.entries
        self._signals, self._exits = (), ()
        if now.faults:
            _reset_counters(rooms)

    def _exit_scan(self, now: LoopInput, venue: VenuePort) -> None:
        """B-EXIT on the ledger as the last loop left it; it is whole again in the first loop without a
        ledger fault (B-LED-11)."""
        rooms = self._rooms
        rooms.desk.later(now.ts, now.venue_events)
        if self._faulty and not ledger_faults(now.faults):
            self._faulty = False
            rooms.ledger.build(now.ts, rooms.positions.rows, rooms.registry)
        rooms.tally.exit_scan_ts = now.ts
        found = exits.scan(now.loop, rooms.ledger.snapshot, venue)
        for order in found:
            rooms.tally.exit_trigger_ts = now.ts
            rooms.rolling.attempted(now.ts)
            if not exit_is_held(rooms, order):
                rooms.desk.send(now.ts, (order,), None, venue)
        self._exits = tuple([order.intent_id for order in found])

    def _entries(self, now: LoopInput, venue: VenuePort) -> None:
        """What earlier loops began goes on, then the intents of this one."""
        rooms = self._rooms
        rooms.desk.advance(now.ts, venue, halted=rooms.halted)
        wanted = screen(rooms) if now.signals or rooms.strategy is not None else ()
        self._signals = trade(rooms, wanted) if wanted else ()

    def _positions_fetch(self, now: LoopInput, venue: VenuePort) -> None:
        self._rooms.positions.read(venue, now.loop, self._rooms.settings.positions)

    def _ledger_sync(self, now: LoopInput, venue: VenuePort) -> None:
        """B-LED-1 and B-LED-3, then the state faults."""
        rooms = self._rooms
        rooms.build_ledger(now.ts, rooms.positions.rows, sync="D-11" not in rooms.legacy)
        if now.faults:
            self._act_out_faults(rooms, self._published_ledger)

    def _nav_compute(self, now: LoopInput, venue: VenuePort) -> None:
        _measure(self._rooms)

    def _act_out_faults(self, rooms: Rooms, published: Mapping[str, LedgerEntry]) -> None:
        """B-LED-11: after the sync, so that it cannot repair them, and before anything is published. The
        ledger shows what a fault wrote into the registry; then it is altered itself."""
        now = rooms.now
        if rooms.registry.act_out(now.ts, now.faults, now.acted):
            rooms.ledger.build(now.ts, rooms.positions.rows, rooms.registry)
        faults = ledger_faults(now.faults)
        if faults:
            self._faulty = True
            rooms.ledger.act_out(now.ts, faults, published, now.acted)


def _reset_counters(rooms: Rooms) -> None:
    """At the start of the loop, so that what happens in it is counted from zero."""
    for fault in rooms.now.faults:
        if isinstance(fault, CountersReset) and not rooms.tally.is_blank:
            rooms.tally.start_anew()
            rooms.now.acted.note(fault)


def _measure(rooms: Rooms) -> None:
    """NAV, drawdown and returns of this loop; the gates meet them in the next one (B-LOOP-4)."""
    now, settings, nav = rooms.now, rooms.settings, rooms.nav
    nav.read(now.ts, rooms.venue.balance(), rooms.positions.unrealized, rooms.legacy)
    nav.publish(settings.nav)
    drawdown = rooms.drawdown
    drawdown.update(
        now.ts, nav.part.nav, settings.drawdown, settings.nav, reset_peak=now.reset_peak, legacy=rooms.legacy,
        log=nav.log,
    )  # fmt: skip
    rooms.day.see(nav.part.nav, drawdown.peak or 0, rooms.legacy)
    rooms.returns.add(now.bars)
    rooms.book_changed()


#: B-LOOP-3 up to the publish phase, by the names of `scenario.faults.LoopStep`.
_STEPS: Final[tuple[tuple[LoopStep, Callable[[ReferenceExecutor, LoopInput, VenuePort], None]], ...]] = (
    ("config", ReferenceExecutor._config),
    ("exit_scan", ReferenceExecutor._exit_scan),
    ("entries", ReferenceExecutor._entries),
    ("positions_fetch", ReferenceExecutor._positions_fetch),
    ("ledger_sync", ReferenceExecutor._ledger_sync),
    ("nav_compute", ReferenceExecutor._nav_compute),
)
