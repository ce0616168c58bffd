"""The same market in neighbouring tools: ten symbols, a bracket on each, the next one opened when it is met.

`python -m bench.neighbours NAME BARS` measures one of them and prints JSON; the benchmark runs each in a
process of its own, so that nothing of them reaches the other rows and a failure is a row that says why.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from time import perf_counter
from typing import Any, NamedTuple

from bench.engine import Rate
from bench.processes import environment
from bench.scenarios import BRACKET_PCT, bracketed, market, side_of
from simkit.core.numeric import PRICE
from simkit.market.ticks import Bars

SYMBOLS = 10
PATIENCE_S = 300


class Neighbour(NamedTuple):
    """`differs` says what it does more or less than simkit's market, venue and executor alone."""

    name: str
    module: str
    differs: str


class Outcome(NamedTuple):
    """The rates of some runs, or why there are none."""

    rates: tuple[Rate, ...]
    why_not: str = ""


NEIGHBOURS = (
    Neighbour(
        "nautilus_trader",
        "nautilus_trader",
        "compiled core; more: message bus, cache, portfolio, margin, order life cycle, four ticks a bar, TP "
        "and SL rest at the venue and fill at their level; less: bars are ready made, no VaR or CVaR, "
        "no drawdown, no ledger, no registry, no state to publish",
    ),
    Neighbour(
        "backtesting.py",
        "backtesting",
        "one symbol at a time, each with an account of its own, over NumPy arrays; more: TP and SL rest and "
        "fill at their level, equity curve, statistics of trades at the end; less: bars are ready made, "
        "no gates, no VaR or CVaR, no drawdown, no ledger, no registry, no state to publish",
    ),
)


def measured(neighbour: Neighbour, bars: int, runs: int) -> Outcome:
    """`runs` runs in processes of their own; never raises for what goes wrong in there."""
    if find_spec(neighbour.module) is None:
        return Outcome((), "not installed")
    rates: list[Rate] = []
    for _ in range(runs):
        command = [sys.executable, "-m", "bench.neighbours", neighbour.name, str(bars)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=PATIENCE_S, env=environment()
            )
        except subprocess.TimeoutExpired:
            return Outcome((), f"gave no answer in {PATIENCE_S} s")
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["no message"]
            return Outcome((), f"failed with {done.returncode}: {said[-1][:200]}")
        rates.append(Rate(*json.loads(done.stdout.splitlines()[-1])))
    return Outcome(tuple(rates))


# backtesting.py --------------------------------------------------------------------------------------------


def backtesting_rate(bars: list[Bars]) -> Rate:
    """One `Backtest` per symbol; building the frames is not measured."""
    os.environ["TQDM_DISABLE"] = "1"
    from backtesting import Backtest  # type: ignore[import-not-found, unused-ignore]

    tests = [
        Backtest(_frame(bars, index), _bracketed_strategy(side_of(index)), cash=100_000, finalize_trades=True)
        for index in range(SYMBOLS)
    ]
    started = perf_counter()
    entries = sum(int(test.run()["# Trades"]) for test in tests)
    return Rate(len(bars) * SYMBOLS / (perf_counter() - started), entries)


def _frame(bars: list[Bars], index: int) -> Any:
    import pandas  # type: ignore[import-not-found, import-untyped, unused-ignore]

    ticks = [step.ticks[index] for step in bars]
    return pandas.DataFrame(
        {
            "Open": [t.open / PRICE for t in ticks],
            "High": [t.high / PRICE for t in ticks],
            "Low": [t.low / PRICE for t in ticks],
            "Close": [t.close / PRICE for t in ticks],
            "Volume": 1.0,
        },
        index=pandas.date_range("2025-01-06", periods=len(ticks), freq="min"),
    )


def _bracketed_strategy(side: str) -> Any:
    from backtesting import Strategy

    class Bracketed(Strategy):  # type: ignore[misc, unused-ignore]
        def init(self) -> None:
            """Nothing to prepare."""

        def next(self) -> None:
            if not self.position:
                price = self.data.Close[-1]
                low, high = price * (1 - BRACKET_PCT / 100), price * (1 + BRACKET_PCT / 100)
                if side == "LONG":
                    self.buy(size=2, tp=high, sl=low)
                else:
                    self.sell(size=2, tp=low, sl=high)

    return Bracketed


# nautilus_trader -------------------------------------------------------------------------------------------


def nautilus_rate(bars: list[Bars]) -> Rate:
    """One `BacktestEngine` with ten instruments; building instruments and bars is not measured."""
    from nautilus_trader.backtest.engine import (  # type: ignore[import-not-found, unused-ignore]
        BacktestEngine,
        BacktestEngineConfig,
    )
    from nautilus_trader.config import LoggingConfig  # type: ignore[import-not-found, unused-ignore]
    from nautilus_trader.model import Money, Venue  # type: ignore[import-not-found, unused-ignore]
    from nautilus_trader.model.currencies import USDT  # type: ignore[import-not-found, unused-ignore]
    from nautilus_trader.model.enums import AccountType, OmsType  # type: ignore[import-not-found, unused-ignore]

    engine = BacktestEngine(
        BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False)
    )
    engine.add_venue(
        Venue("SIM"),
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money(100_000, USDT)],
    )
    sides = {}
    for index, tick in enumerate(bars[0].ticks):
        instrument = _instrument(tick.symbol)
        engine.add_instrument(instrument)
        engine.add_data(_nautilus_bars(instrument, bars, index), sort=False)
        sides[instrument.id] = side_of(index)
    engine.sort_data()
    engine.add_strategy(_nautilus_strategy(sides))
    started = perf_counter()
    engine.run()
    elapsed = perf_counter() - started
    entries = sum(1 for order in engine.cache.orders() if order.is_closed and not order.is_reduce_only)
    return Rate(len(bars) * SYMBOLS / elapsed, entries)


def _instrument(symbol: str) -> Any:
    from decimal import Decimal

    from nautilus_trader.model import InstrumentId, Price, Quantity, Symbol
    from nautilus_trader.model.currencies import BTC, USDT
    from nautilus_trader.model.instruments import (  # type: ignore[import-not-found, unused-ignore]
        CryptoPerpetual,
    )

    return CryptoPerpetual(
        InstrumentId.from_str(f"{symbol}.SIM"), Symbol(symbol), BTC, USDT, USDT, False, 8, 3,
        Price.from_str("0.00000001"), Quantity.from_str("0.001"), 0, 0,
        margin_init=Decimal("0.05"), margin_maint=Decimal("0.025"),
        maker_fee=Decimal(0), taker_fee=Decimal(0),
    )  # fmt: skip


def _bar_type(instrument_id: Any) -> Any:
    from nautilus_trader.model import BarType

    return BarType.from_str(f"{instrument_id}-1-MINUTE-LAST-EXTERNAL")


def _nautilus_bars(instrument: Any, bars: list[Bars], index: int) -> list[Any]:
    from nautilus_trader.model import Bar, Price, Quantity

    kind, minute_ns = _bar_type(instrument.id), 60 * 10**9
    made = []
    for step in bars:
        tick, ts = step.ticks[index], (29_000_000 + step.loop) * minute_ns
        prices = [Price(value / PRICE, 8) for value in (tick.open, tick.high, tick.low, tick.close)]
        made.append(Bar(kind, *prices, Quantity(1_000_000, 3), ts, ts))
    return made


def _nautilus_strategy(sides: Mapping[Any, str]) -> Any:
    from nautilus_trader.model import Price, Quantity
    from nautilus_trader.model.enums import OrderSide
    from nautilus_trader.trading.strategy import Strategy  # type: ignore[import-not-found, unused-ignore]

    qty = Quantity(2, 3)

    class Bracketed(Strategy):  # type: ignore[misc, unused-ignore]
        def on_start(self) -> None:
            for instrument_id in sides:
                self.subscribe_bars(_bar_type(instrument_id))

        def on_bar(self, bar: Any) -> None:
            instrument_id = bar.bar_type.instrument_id
            if not self.portfolio.is_flat(instrument_id):
                return
            price = float(bar.close)
            low = Price(price * (1 - BRACKET_PCT / 100), 8)
            high = Price(price * (1 + BRACKET_PCT / 100), 8)
            long = sides[instrument_id] == "LONG"
            bracket = self.order_factory.bracket(
                instrument_id, OrderSide.BUY if long else OrderSide.SELL, qty,
                tp_price=high if long else low, sl_trigger_price=low if long else high, tp_post_only=False,
            )  # fmt: skip
            self.submit_order_list(bracket)

    return Bracketed()


MEASURES: dict[str, Callable[[list[Bars]], Rate]] = {
    "backtesting.py": backtesting_rate,
    "nautilus_trader": nautilus_rate,
}

if __name__ == "__main__":
    print(json.dumps(MEASURES[sys.argv[1]](market(bracketed(int(sys.argv[2]), SYMBOLS)))))
