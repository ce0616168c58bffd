"""Market, venue and executor alone: symbol-bars a second with ten bracketed symbols, publishing only at the end."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

from bench.scenarios import busy
from simkit.core.clock import day_of
from simkit.core.prng import Streams
from simkit.exchange.venue import Venue
from simkit.executor.port import Disk, LoopInput
from simkit.executor.reference import ReferenceExecutor
from simkit.executor.state import RegistryEntry
from simkit.market.tape import tape
from simkit.scenario.script import Script


def symbol_bars_per_s(loops: int, symbols: int = 10) -> float:
    """One run of `loops` loops; every symbol holds a position with levels."""
    scenario = busy(loops, symbols=symbols, held=symbols, past_closes=0)
    streams, script = Streams(scenario.seed), Script(scenario)
    venue, executor = Venue(scenario, streams), ReferenceExecutor(scenario)
    registry = {
        f"{p.symbol}:{p.side}": RegistryEntry(p.symbol, p.side, p.tp, p.sl, p.entry, p.qty, 0)
        for p in scenario.positions
    }
    begun = False
    started = perf_counter()
    for bars in tape(scenario, streams, Path(), None):
        cue = script.at(bars.loop)
        ts = scenario.clock.start_us + (bars.loop - 1) * scenario.clock.period_us
        booked = venue.market_step(bars, ts, cue)
        if not begun:
            executor.start(ts, Disk(1, registry), venue)
            begun = True
        executor.act(
            LoopInput(bars.loop, ts, day_of(ts), bars, cue.signals, booked, cue.faults, False, scenario.settings), venue
        )
    state = executor.publish_state()
    elapsed = perf_counter() - started
    if len(state.positions) != symbols:
        raise AssertionError(f"{len(state.positions)} positions are open, {symbols} expected")
    return loops * symbols / elapsed
