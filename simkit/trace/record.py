"""What one loop leaves behind, as the recorder and the judges receive it.

Comes in: nothing. Goes out: `LoopRecord`. May import msgspec and the types of `core`, `exchange`, `executor`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from simkit.core.files import SurfaceWrite
from simkit.core.settings import Settings
from simkit.exchange.orders import Ack, VenueEvent, VenuePosition
from simkit.executor.port import LoopOutput
from simkit.market.ticks import Tick
from simkit.scenario.model import Event, Fault, Signal


class LoopRecord(Struct, gc=False):
    """One completed loop, after its sync.

    `tree` maps every path below the run's root to its bytes as found now (logs left out); the mapping belongs to
    the door and changes with the next loop. `writes` is the loop's journal, `venue_events` what happened at the
    venue before the executor looked, `output` what the executor did. `new_run`: an executor started before it.
    `ticks`: the bars of this loop as they were told. `unanswered`: answers to its orders that did not come at once.
    """

    loop: int
    ts: int
    label: int | None
    tree: Mapping[str, bytes]
    writes: Sequence[SurfaceWrite]
    venue_events: Sequence[VenueEvent]
    output: LoopOutput
    signals: Sequence[Signal]
    events: Sequence[Event]
    faults: Sequence[Fault]
    positions: Sequence[VenuePosition]
    settings: Settings
    new_run: bool
    synced: bool
    ticks: Sequence[Tick] = ()
    unanswered: Sequence[Ack] = ()
