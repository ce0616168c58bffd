"""Loop records made by hand: what the recorder takes, without a market or an executor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simkit.core.files import SurfaceWrite
from simkit.core.settings import Settings
from simkit.exchange.orders import VenueEvent
from simkit.executor.port import LoopOutput, Veto
from simkit.scenario.model import Event, Fault, Signal
from simkit.trace.record import LoopRecord

START_US = 1_736_121_600_000_000
NAV = "logs/state/nav.json"
KPIS = "logs/state/kpis_v7.json"


def moment(loop: int) -> int:
    """The time of a loop, microseconds."""
    return START_US + (loop - 1) * 60_000_000


def written(path: str, data: bytes = b"{}", writer: str = "executor", mode: str = "replace") -> SurfaceWrite:
    """One line of the write journal."""
    return SurfaceWrite(1, 1, path, writer, data, mode)  # type: ignore[arg-type]


def record(
    loop: int,
    tree: Mapping[str, bytes],
    *,
    writes: Sequence[SurfaceWrite] = (),
    venue: Sequence[VenueEvent] = (),
    answers: tuple[VenueEvent, ...] = (),
    vetoes: tuple[Veto, ...] = (),
    emitted: tuple[str, ...] = (),
    exits: tuple[str, ...] = (),
    signals: tuple[Signal, ...] = (),
    events: tuple[Event, ...] = (),
    faults: tuple[Fault, ...] = (),
    new_run: bool = False,
    synced: bool = True,
    label: int | None = None,
) -> LoopRecord:
    """One loop in which only what is named happened."""
    output = LoopOutput(answers, vetoes, emitted, exits)
    return LoopRecord(
        loop,
        moment(loop),
        label,
        tree,
        writes,
        venue,
        output,
        signals,
        events,
        faults,
        (),
        Settings(),
        new_run,
        synced,
    )
