"""Market, venue and executor alone: symbol-bars a second, publishing only at the end."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from simkit.core.clock import day_of
from simkit.core.prng import Streams
from simkit.exchange.orders import Fill
from simkit.exchange.venue import Venue
from simkit.executor.port import Disk, LoopInput
from simkit.executor.reference import ReferenceExecutor
from simkit.market.tape import tape
from simkit.scenario.model import Scenario
from simkit.scenario.script import Script


class Rate(NamedTuple):
    """Symbol-bars a second, and how many positions were opened on the way."""

    per_s: float
    entries: int


def run_alone(scenario: Scenario) -> Rate:
    """One run without surfaces, files, recording and judges; the market is made on the way."""
    streams, script = Streams(scenario.seed), Script(scenario)
    venue, executor = Venue(scenario, streams), ReferenceExecutor(scenario)
    start_us, period_us = scenario.clock.start_us, scenario.clock.period_us
    executor.start(start_us, Disk(1), venue)
    entries = 0
    started = perf_counter()
    for bars in tape(scenario, streams, Path(), None):
        cue = script.at(bars.loop)
        ts = start_us + (bars.loop - 1) * period_us
        booked = venue.market_step(bars, ts, cue)
        output = executor.act(
            LoopInput(
                bars.loop,
                ts,
                day_of(ts),
                bars,
                cue.signals,
                booked,
                cue.faults,
                False,
                scenario.settings,
                cue.acted,
            ),
            venue,
        )
        if output.events:
            entries += sum(1 for e in output.events if isinstance(e, Fill) and not e.order.reduce_only)
    state = executor.publish_state()
    elapsed = perf_counter() - started
    venue.assert_conserved()
    if len(state.positions) != len(scenario.universe) or entries != len(scenario.signals):
        raise AssertionError(
            f"{len(state.positions)} positions, {entries} of {len(scenario.signals)} entries"
        )
    return Rate(scenario.clock.loops * len(scenario.universe) / elapsed, entries)
