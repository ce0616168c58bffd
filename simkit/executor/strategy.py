"""The built-in strategy `trend`: two moving averages cross, the gap between them in ATR is the strength.

Comes in: closes before the start, one bar per loop. Goes out: `Crossing`s and entry levels. May import `core`,
`market.ticks`, `executor.state` (types).

[simkit] The contract leaves strategies open. This one makes a replay trade without scripted signals; its
candidates go through the screener like all others. Prices are integers throughout.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import tanh

from msgspec import Struct

from simkit.core.numeric import fraction, q9
from simkit.core.settings import StrategySettings
from simkit.executor.state import Side
from simkit.market.ticks import Bars

#: Of a symbol without an ATR: no volatility target says anything.
FULL_SCALE = 1.0


class Crossing(Struct, frozen=True, gc=False):
    """A crossing that has not been traded. `strength`, in 0..1, is tanh of the gap in ATR; `crossed_ts` when the
    averages crossed; `atr` in price units."""

    symbol: str
    side: Side
    strength: float
    crossed_ts: int
    atr: int


class _Track(Struct):
    """One symbol: the last closes and true ranges with their sums; the side of the fast average."""

    closes: deque[int]
    ranges: deque[int]
    fast: int = 0
    slow: int = 0
    range: int = 0
    side: Side | None = None
    crossed_ts: int = 0
    is_open: bool = False


class Trend:
    """Follows every symbol bar by bar; memory is bounded by the windows.

    A process knows the side of the averages from the closes before its start, but trades only crossings that it
    has seen itself: what an earlier process traded is not traded again.
    """

    def __init__(
        self, symbols: Sequence[str], settings: StrategySettings, past: Callable[[str, int], Sequence[int]]
    ) -> None:
        self.settings = settings
        longest = max(settings.slow, settings.fast)
        self._tracks: dict[str, _Track] = {}
        for symbol in symbols:
            track = self._tracks[symbol] = _Track(deque(maxlen=longest), deque(maxlen=settings.atr_bars))
            for close in past(symbol, longest + settings.atr_bars):
                self._step(track, close, close, close, 0)
            track.is_open = False

    def add(self, ts: int, bars: Bars) -> None:
        """Take in the bar of the loop at `ts`."""
        for tick in bars.ticks:
            self._step(self._tracks[tick.symbol], tick.high, tick.low, tick.close, ts)

    def _step(self, track: _Track, high: int, low: int, close: int, ts: int) -> None:
        closes, ranges, settings = track.closes, track.ranges, self.settings
        if closes:
            last = closes[-1]
            if len(ranges) == settings.atr_bars:
                track.range -= ranges[0]
            ranges.append(max(high, last) - min(low, last))
            track.range += ranges[-1]
        track.fast += close - (closes[-settings.fast] if len(closes) >= settings.fast else 0)
        track.slow += close - (closes[-settings.slow] if len(closes) >= settings.slow else 0)
        closes.append(close)
        if len(closes) < (closes.maxlen or 0):
            return
        gap = track.fast * settings.slow - track.slow * settings.fast
        if gap:
            side: Side = "LONG" if gap > 0 else "SHORT"
            if side != track.side:
                track.is_open = track.side is not None
                track.side, track.crossed_ts = side, ts

    def crossings(self) -> Iterator[Crossing]:
        """Those not traded yet, in the order of the universe."""
        for symbol, track in self._tracks.items():
            if track.is_open and track.side is not None:
                atr = self.atr(symbol)
                gap = abs(track.fast / self.settings.fast - track.slow / self.settings.slow)
                strength = q9(tanh(gap / atr)) if atr > 0 else 0.0
                yield Crossing(symbol, track.side, strength, track.crossed_ts, atr)

    def traded(self, symbol: str) -> None:
        """An intent was emitted for the crossing: it is over."""
        self._tracks[symbol].is_open = False

    def atr(self, symbol: str) -> int:
        """The mean true range of the last `atr_bars` bars, in price units; 0 before they are there."""
        track, bars = self._tracks[symbol], self.settings.atr_bars
        return track.range // bars if len(track.ranges) == bars else 0

    def scale(self, symbol: str) -> float:
        """How much of `trade_nav_pct` the volatility target leaves, 0..1 (P_vol of B-HYB-1)."""
        atr, closes = self.atr(symbol), self._tracks[symbol].closes
        if atr <= 0 or not closes:
            return FULL_SCALE
        return q9(min(FULL_SCALE, self.settings.target_atr_frac / fraction(atr, closes[-1])))

    def scales(self) -> Mapping[str, float]:
        """`scale` of every symbol."""
        return {symbol: self.scale(symbol) for symbol in self._tracks}


def entry_levels(side: Side, price: int, atr: int, settings: StrategySettings) -> tuple[int, int] | None:
    """(tp, sl) of a volatility-target intent, or None: it is skipped when ATR <= 0, when a level would be <= 0, or
    when tp and sl lie closer to `min_reward` : 1 than it takes (section 4, entry levels)."""
    stop, target = round(atr * settings.stop_atr), round(atr * settings.profit_atr)
    if atr <= 0 or stop <= 0 or fraction(target, stop) < settings.min_reward:
        return None
    tp, sl = (price + target, price - stop) if side == "LONG" else (price - target, price + stop)
    return (tp, sl) if tp > 0 and sl > 0 else None
