"""One loop through the publisher, around an executor that returns given states.

Comes in: an `ExecutorState`, a `LoopOutput`, a door. Goes out: the files behind the door.
"""

from __future__ import annotations

from make_state import make_scenario

from simkit.contract.table import PEAK_PATH
from simkit.core.acted import Acted
from simkit.core.files import Door
from simkit.exchange.orders import (
    Ack,
    Balance,
    Order,
    Submitted,
    VenueEvent,
    VenuePort,
    VenuePosition as Held,
)
from simkit.executor.port import Disk, LoopInput, LoopOutput
from simkit.executor.state import ExecutorState
from simkit.market.ticks import Bars
from simkit.surfaces.publish import Publisher

NAMES = [
    "nav", "positions_state", "position_tp_sl", "positions_ledger", "risk_snapshot", "router_health",
    "kpis_v7", "diagnostics", "engine_metadata",
]  # fmt: skip
INTEL = ["symbol_scores_v6", "rv_momentum", "factor_diagnostics"]
#: Written last, and only when it has changed.
KEPT = ["peak_state"]
NOTHING = LoopOutput((), (), (), ())


def path(stem: str) -> str:
    return PEAK_PATH if stem in KEPT else f"logs/state/{stem}.json"


class NoVenue:
    """A venue that nobody asks."""

    def balance(self) -> Balance | None:
        return None

    def positions(self) -> tuple[Held, ...]:
        return ()

    def mark(self, symbol: str) -> int | None:
        return None

    def closes(self, symbol: str) -> tuple[int, ...]:
        return ()

    def submit(self, order: Order) -> Submitted:
        raise AssertionError(order)

    def cancel(self, venue_id: str) -> Ack | None:
        return None


VENUE: VenuePort = NoVenue()


class Scripted:
    """An executor that returns given states and keeps the disk that it was started with."""

    name = "scripted"
    capabilities = frozenset({"restart"})

    def __init__(self, state: ExecutorState, output: LoopOutput = NOTHING) -> None:
        self.state, self.output = state, output
        self.disk: Disk | None = None

    def start(self, ts: int, disk: Disk, venue: VenuePort) -> None:
        self.disk = disk

    def step(self, now: LoopInput, venue: VenuePort) -> tuple[ExecutorState, LoopOutput]:
        return self.state, self.output


def loop_input(state: ExecutorState, events: tuple[VenueEvent, ...] = ()) -> LoopInput:
    return LoopInput(
        state.loop, state.ts, 0, Bars(state.loop, ()), (), events, (), False, state.settings, Acted()
    )


def published(
    door: Door,
    state: ExecutorState,
    output: LoopOutput = NOTHING,
    events: tuple[VenueEvent, ...] = (),
) -> Publisher:
    """One loop through a new publisher; the journal holds that loop's writes."""
    publisher = Publisher(lambda: Scripted(state, output), make_scenario(), door)
    door.loop = state.loop
    door.take_journal()
    publisher.start(state.ts, VENUE)
    assert publisher.step(loop_input(state, events), VENUE) is output
    return publisher
