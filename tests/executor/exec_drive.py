"""Drives the reference executor with the real tape and the real venue, loop by loop, without files.

Comes in: what a scenario says, in whole units. Goes out: `Run`, every loop's state and output. May
import `simkit`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from simkit.core.clock import MICROSECONDS, day_of, parse_iso
from simkit.core.numeric import PRICE, QTY, USD, scaled
from simkit.core.prng import Streams
from simkit.core.settings import Settings
from simkit.exchange.orders import Fill
from simkit.exchange.venue import Venue
from simkit.executor.port import Disk, LoopInput, LoopOutput
from simkit.executor.reference import ReferenceExecutor
from simkit.executor.state import ExecutorState, RegistryEntry, Side
from simkit.market.tape import tape
from simkit.scenario.model import (
    Account,
    ClockSpec,
    Event,
    Fault,
    OpeningPosition,
    Scenario,
    Scripted,
    SetSetting,
    Signal,
    Step,
    VenueProfile,
)
from simkit.scenario.script import Script

START = parse_iso("2025-01-06T00:00:00Z")
Series = float | Mapping[int, float]


def usd(value: float) -> int:
    return scaled(value, USD)


def price(value: float | None) -> int | None:
    return None if value is None else scaled(value, PRICE)


def at(loop: int, period_s: int = 60) -> int:
    """The time of a loop."""
    return START + (loop - 1) * period_s * MICROSECONDS


def steps(series: Series, per_unit: int) -> tuple[Step, ...]:
    by_loop = series if isinstance(series, Mapping) else {1: series}
    return tuple(Step(loop, scaled(value, per_unit)) for loop, value in sorted(by_loop.items()))


def nav_path(*values: float) -> dict[int, float]:
    return dict(enumerate(values, 1))


def position(
    key: str, qty: float, entry: float, tp: float | None = None, sl: float | None = None
) -> OpeningPosition:
    symbol, _, side = key.partition(":")
    return OpeningPosition(symbol, _side(side), scaled(qty, QTY), scaled(entry, PRICE), price(tp), price(sl))


def entry(
    loop: int, key: str, *, qty: float | None = None, money: float | None = None, tp: float | None = None,
    sl: float | None = None, levels: str = "", action: str = "open", limit: float | None = None,
    twap: bool = False, name: str = "", maker: bool = False,
) -> Signal:  # fmt: skip
    symbol, _, side = key.partition(":")
    said = levels or ("silent" if tp is None and sl is None else "given")
    return Signal(
        loop, name or f"i-{loop}-{key}", "open" if action == "open" else "close", symbol, _side(side),
        None if qty is None else scaled(qty, QTY), None if money is None else usd(money), price(tp),
        price(sl),
        "given" if said == "given" else "none" if said == "none" else "silent", price(limit), twap, maker,
    )  # fmt: skip


def _side(text: str) -> Side:
    return "LONG" if text == "LONG" else "SHORT"


def settings(**groups: Mapping[str, object] | Sequence[str]) -> Settings:
    """`settings(limits={...}, legacy=[...])`."""
    base = Settings()
    changed: dict[str, object] = {}
    for name, fields in groups.items():
        if isinstance(fields, Mapping):
            changed[name] = replace(getattr(base, name), **fields)
        else:
            changed[name] = tuple(fields)
    return replace(base, **changed)


#: Limits that never bind.
WIDE: dict[str, object] = {
    "trade_equity_nav_pct": 100.0, "max_trade_nav_pct": 100.0, "symbol_nav_pct": 100.0,
    "max_gross_nav_pct": 100.0,
    "correlation_groups": {}, "symbol_order_usd": 1e9,
}  # fmt: skip


def scenario(
    loops: int, prices: Mapping[str, Series], *, cash: float = 10_000.0, nav: Series | None = None,
    positions: Sequence[OpeningPosition] = (), signals: Sequence[Signal] = (), events: Sequence[Event] = (),
    faults: Sequence[Fault] = (), use: Settings | None = None, venue: VenueProfile | None = None,
    period_s: int = 60,
) -> Scenario:  # fmt: skip
    return Scenario(
        family="t", id="t", variant="", file="t.yaml", title="", about="", incident="", tags=(), seed=1,
        clock=ClockSpec(START, period_s * MICROSECONDS, loops), universe=tuple(prices),
        paths=tuple(Scripted(symbol, steps(series, PRICE)) for symbol, series in prices.items()), past=(),
        venue=venue or VenueProfile(), account=Account(usd(cash), () if nav is None else steps(nav, USD)),
        positions=tuple(positions), signals=tuple(sorted(signals, key=lambda s: s.loop)),
        events=tuple(events),
        faults=tuple(faults), settings=use or Settings(), expect=(), findings=(), checkpoints=(),
    )  # fmt: skip


class Run(Struct):
    """Loop n stands at [n - 1]; use `state(n)` and `output(n)`. `idle`: the faults that changed nothing."""

    states: list[ExecutorState]
    outputs: list[LoopOutput]
    idle: tuple[Fault, ...] = ()

    def state(self, loop: int) -> ExecutorState:
        return self.states[loop - 1]

    def output(self, loop: int) -> LoopOutput:
        return self.outputs[loop - 1]


def fills(output: LoopOutput) -> list[Fill]:
    """The executions of this loop's orders."""
    return [event for event in output.events if isinstance(event, Fill)]


def opening_disk(of: Scenario) -> Disk:
    """The registry file that precedes L1: positions with a level."""
    found = {
        f"{p.symbol}:{p.side}": RegistryEntry(p.symbol, p.side, p.tp, p.sl, p.entry, p.qty, START)
        for p in of.positions
        if p.tp is not None or p.sl is not None
    }
    return Disk(1, registry=found or None)


def disk_after(states: Sequence[ExecutorState], run: int, *, registry_lost: bool) -> Disk:
    state = states[-1]
    scores = next((s.intel.scores for s in reversed(states) if s.intel is not None), ())
    return Disk(
        run,
        failing=tuple(row.symbol for row in scores if not row.passes),
        registry=None if registry_lost else state.registry,
        positions=state.positions,
        ledger={entry.key: entry for entry in state.ledger},
        last_nav=state.nav.nav,
        last_dd_state=state.drawdown.state,
        last_dd_since=state.drawdown.since_ts,
        last_transitions=state.drawdown.transitions,
        last_dd_pct=state.drawdown.dd,
        kept=state.kept,
    )


def run(of: Scenario) -> Run:
    """The pipeline of `simkit.run` as far as the executor is concerned."""
    streams, script = Streams(of.seed), Script(of)
    venue, executor = Venue(of, streams), ReferenceExecutor(of)
    done, use, runs = Run([], []), of.settings, 1
    for bars in tape(of, streams, Path(), None):
        cue, ts = script.at(bars.loop), at(bars.loop, of.clock.period_us // MICROSECONDS)
        booked = venue.market_step(bars, ts, cue)
        if cue.restart is not None:
            runs += 1
            executor = ReferenceExecutor(of)
            lost = "registry" in cue.restart.losing
            executor.start(ts, disk_after(done.states, runs, registry_lost=lost), venue)
        elif bars.loop == 1:
            executor.start(ts, opening_disk(of), venue)
        use = next((event.settings for event in cue.events if isinstance(event, SetSetting)), use)
        now = LoopInput(
            bars.loop, ts, day_of(ts), venue.told, cue.signals, (*booked, *venue.again), cue.faults,
            cue.reset_peak, use, cue.acted,
        )  # fmt: skip
        state, output = executor.step(now, venue)
        done.states.append(state)
        done.outputs.append(output)
    venue.assert_conserved()
    done.idle = script.acted.without_effect
    return done
