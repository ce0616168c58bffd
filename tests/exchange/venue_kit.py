"""Builds small scenarios and plays them against the venue: whole USD and units in, scaled integers inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simkit.core.numeric import PRICE, QTY, USD, scaled
from simkit.core.prng import Streams
from simkit.core.settings import Settings
from simkit.exchange.orders import Ack, Fill, Order, Submitted, VenueEvent
from simkit.exchange.venue import Venue
from simkit.market.ticks import Bars, Tick
from simkit.scenario.model import Account, ClockSpec, OpeningPosition, Scenario, Scripted, Step, VenueProfile
from simkit.scenario.script import Script

PERIOD = 60_000_000


def price(usd: float | str) -> int:
    return scaled(usd, PRICE)


def units(base: float | str) -> int:
    return scaled(base, QTY)


def cash(usd: float | str) -> int:
    return scaled(usd, USD)


def scenario(
    *,
    symbols: Sequence[str] = ("BTCUSDT",),
    wallet: float = 10_000,
    nav: tuple[Step, ...] = (),
    venue: VenueProfile | None = None,
    positions: tuple[OpeningPosition, ...] = (),
    seed: int = 7,
    **script: Any,
) -> Scenario:
    """`script`: signals, events, faults."""
    return Scenario(
        family="", id="venue", variant="", file="venue.yaml", title="", about="", incident="", tags=(),
        seed=seed, clock=ClockSpec(0, PERIOD, 100), universe=tuple(symbols),
        paths=tuple(Scripted(symbol, (Step(1, PRICE),)) for symbol in symbols), past=(),
        venue=venue or VenueProfile(), account=Account(cash(wallet), nav), positions=positions,
        signals=script.get("signals", ()), events=script.get("events", ()), faults=script.get("faults", ()),
        settings=Settings(), expect=(), findings=(), checkpoints=(),
    )  # fmt: skip


def position(symbol: str, side: Any, qty: float, entry: float) -> OpeningPosition:
    return OpeningPosition(symbol, side, units(qty), price(entry))


def bar(symbol: str, open_: float, high: float, low: float, close: float, *, low_first: bool = True) -> Tick:
    return Tick(symbol, price(open_), price(high), price(low), price(close), price(close), low_first)


def at(symbol: str, usd: float) -> Tick:
    return bar(symbol, usd, usd, usd, usd)


def no_mark(symbol: str, usd: float) -> Tick:
    return Tick(symbol, price(usd), price(usd), price(usd), price(usd), None)


class Play:
    """A venue that is taken from loop to loop."""

    def __init__(self, what: Scenario | None = None) -> None:
        self.scenario = what or scenario()
        self.streams = Streams(self.scenario.seed)
        self.venue = Venue(self.scenario, self.streams)
        self._script = Script(self.scenario)
        self.loop = 0
        self._sent = 0

    def step(self, *ticks: Tick | float) -> Sequence[VenueEvent]:
        """The next loop; a plain number prices BTCUSDT flat."""
        self.loop += 1
        bars = tuple(tick if isinstance(tick, Tick) else at("BTCUSDT", tick) for tick in ticks)
        return self.venue.market_step(
            Bars(self.loop, bars),
            self.scenario.clock.start_us + (self.loop - 1) * PERIOD,
            self._script.at(self.loop),
        )

    def order(
        self, side: Any, position_side: Any, qty: float, *, symbol: str = "BTCUSDT",
        limit: float | None = None, reduce_only: bool = False,
    ) -> Submitted:  # fmt: skip
        self._sent += 1
        return self.venue.submit(
            Order(
                f"o-{self._sent}", f"i-{self._sent}", symbol, side, position_side, units(qty), reduce_only,
                "entry", None if limit is None else price(limit),
            )
        )  # fmt: skip

    def buy(self, qty: float, **more: Any) -> Submitted:
        """Open a long, or add to it."""
        return self.order("BUY", "LONG", qty, **more)

    def sell(self, qty: float, **more: Any) -> Submitted:
        """Reduce a long."""
        return self.order("SELL", "LONG", qty, **more)

    @property
    def wallet(self) -> int:
        balance = self.venue.balance()
        assert balance is not None
        return balance.wallet

    @property
    def equity(self) -> int:
        return self.wallet + sum(row.unrealized for row in self.venue.positions())


def fills(events: Sequence[VenueEvent]) -> list[Fill]:
    return [event for event in events if isinstance(event, Fill)]


def acks(events: Sequence[VenueEvent]) -> list[Ack]:
    return [event for event in events if isinstance(event, Ack)]
