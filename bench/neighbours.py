"""The same market in neighbouring tools, when they are installed. Each row says what it does more or less."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

from bench.scenarios import busy

BARS = 3000


def neighbours() -> Iterator[tuple[str, float]]:
    """(name and what differs, symbol-bars a second) of each neighbour that can be imported."""
    found = backtesting_rate()
    if found is not None:
        yield "backtesting.py (one symbol at a time, NumPy arrays, no state files)", found


def backtesting_rate() -> float | None:
    """backtesting.py over one random walk with a bracketed order; None when it is not installed."""
    try:
        import pandas
        from backtesting import Backtest, Strategy
    except ImportError:
        return None
    from pathlib import Path

    from simkit.core.numeric import PRICE
    from simkit.core.prng import Streams
    from simkit.market.tape import tape

    scenario = busy(BARS, symbols=1, held=0, past_closes=0)
    ticks = [bars.ticks[0] for bars in tape(scenario, Streams(1), Path(), None)]
    frame = pandas.DataFrame(
        {
            "Open": [t.open / PRICE for t in ticks],
            "High": [max(t.high, t.open, t.close) / PRICE for t in ticks],
            "Low": [min(t.low, t.open, t.close) / PRICE for t in ticks],
            "Close": [t.close / PRICE for t in ticks],
            "Volume": 1.0,
        },
        index=pandas.date_range("2025-01-06", periods=len(ticks), freq="min"),
    )

    class Bracketed(Strategy):  # type: ignore[misc]
        def init(self) -> None:
            """Nothing to prepare."""

        def next(self) -> None:
            if not self.position:
                price = self.data.Close[-1]
                self.buy(size=1, tp=price * 9, sl=price * 0.01)

    started = perf_counter()
    Backtest(frame, Bracketed, cash=100_000).run()
    return BARS / (perf_counter() - started)
