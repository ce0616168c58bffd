"""THE pipeline, on one screen: what happens in a run, from a scenario to a judged recording.

Comes in: a frozen `Scenario` and a folder. Goes out: `RunResult`. May import every room; only `check.py`, `cli` and
`pytest_plugin` import it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from simkit.contract.dialect import Dialect
from simkit.core.clock import day_of
from simkit.core.files import Door
from simkit.core.prng import Streams
from simkit.exchange.venue import Venue
from simkit.executor.port import Executor, LoopInput
from simkit.executor.reference import ReferenceExecutor
from simkit.judge.judges import Judgement, Judges
from simkit.market.tape import tape
from simkit.scenario.model import Scenario, SetSetting
from simkit.scenario.script import Script
from simkit.surfaces.broken_door import door_of
from simkit.surfaces.dashboard import loader_of
from simkit.surfaces.mirror import Mirror
from simkit.surfaces.opening import lay_opening_state
from simkit.surfaces.processes import Processes
from simkit.surfaces.publish import Publisher
from simkit.trace.record import LoopRecord
from simkit.trace.recorder import ExpectedRun, Recorder, Recording

ExecutorFactory = Callable[[Scenario, Door], Executor]


class RunResult(Struct, frozen=True):
    """What one run left behind: the recording, the judgement, the folder that holds the final tree, and the name of
    the executor."""

    scenario: Scenario
    recording: Recording
    judgement: Judgement
    folder: Path
    executor: str


def reference(scenario: Scenario, door: Door) -> Executor:
    """The reference executor, wrapped so that it writes its own files."""
    return Publisher(lambda: ReferenceExecutor(scenario), scenario, door)


def simulate(
    scenario: Scenario,
    folder: Path,
    *,
    base: Path,
    data: Path | None = None,
    expected: ExpectedRun | None = None,
    spool: Path | None = None,
    until: int | None = None,
    make: ExecutorFactory = reference,
    dialect: Dialect | None = None,
    on_loop: Callable[[LoopRecord], None] | None = None,
    door: Door | None = None,
    sync_state: Callable[[Door, Scenario], Mirror] = Mirror,
    judges: Judges | None = None,
) -> RunResult:
    """Run `scenario` in `folder`; recorded files are looked for beside the scenario (`base`) or in `data`.

    `dialect`: how the executor writes the contract, where it is not the contract's own form. `door`: another one than
    the scenario's, which may lie elsewhere than in `folder`.
    """
    streams, script = Streams(scenario.seed), Script(scenario)
    door = door_of(scenario, folder, script.acted) if door is None else door
    venue, mirror = Venue(scenario, streams), sync_state(door, scenario)
    judges = Judges(scenario, dialect, loader_of(scenario.settings)) if judges is None else judges
    recorder = Recorder(expected, spool)
    lay_opening_state(door, scenario)
    processes, settings = Processes(make, scenario, door), scenario.settings
    for bars in tape(scenario, streams, base, data):
        cue = script.at(bars.loop)
        ts = scenario.clock.at(bars.loop)
        door.loop = bars.loop
        booked = venue.market_step(bars, ts, cue)
        settings = next((e.settings for e in cue.events if isinstance(e, SetSetting)), settings)
        day = day_of((bars.label if bars.label is not None else ts) + cue.local_us)
        now = LoopInput(
            bars.loop, ts + cue.skew_us, day, venue.told, cue.signals, (*booked, *venue.again), cue.faults,
            cue.reset_peak, settings, cue.acted,
        )  # fmt: skip
        output = processes.loop(now, venue, cue)
        door.passed("publish")
        mirror.follow(ts, cue)
        door.passed("sync")
        record = LoopRecord(
            bars.loop, ts, bars.label, door.tree, door.take_journal(), booked, output, cue.signals, cue.events,
            cue.faults, venue.positions(), settings, cue.starts, cue.synced, venue.told.ticks,
            venue.unanswered,
        )  # fmt: skip
        judges.loop(record)
        recorder.record(record)
        if on_loop is not None:
            on_loop(record)
        if bars.loop == until:
            break
    venue.assert_conserved()
    recording = recorder.finish(streams.unseed())
    return RunResult(scenario, recording, judges.finish(script.acted), folder, processes.name)
