"""The screener: which candidates of a loop become intents (B-HYB-2 to B-HYB-4).

Comes in: scripted signals, the crossings of the built-in strategy, what the last loop published. Goes out: the
intents to trade, in order. May import `core`, `scenario.model` and the rooms of this folder.

What the screener refuses is neither a signal nor a veto (B-VETO-5). Scores, momentum and router quality are those
published in the loop before (B-LOOP-4); before the first intel run nothing is known, and nothing is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import tanh

from simkit.executor.hybrid import REGIME_VALUES, WEIGHTS, dropped, hybrid
from simkit.executor.intel import SymbolView
from simkit.executor.quotes import price_of
from simkit.executor.rooms import Rooms
from simkit.executor.strategy import Crossing, Trend, entry_levels
from simkit.scenario.model import Signal

#: The funding rate per payment at which the carry component is tanh(1) [simkit].
CARRY_UNIT = 0.001


def screen(rooms: Rooms) -> tuple[Signal, ...]:
    """The loop's intents: what is scripted, then the strategy's. An entry in a symbol whose published score fails
    is not emitted (B-HYB-2); a close always is."""
    signals, failing = rooms.now.signals, rooms.intel.failing
    if failing and signals:
        signals = tuple([s for s in signals if s.action != "open" or s.symbol not in failing])
    strategy = rooms.strategy
    if strategy is None:
        return signals
    strategy.add(rooms.now.ts, rooms.now.bars)
    return (*signals, *_candidates(rooms, strategy))


def _candidates(rooms: Rooms, strategy: Trend) -> Iterator[Signal]:
    """An intent for each crossing that passes; one crossing makes one intent."""
    least = rooms.settings.intel.min_for_emission
    for crossing in strategy.crossings():
        symbol = crossing.symbol
        if symbol in rooms.intel.failing:
            continue
        quality = rooms.router.quality(symbol)
        seen = rooms.intel.view(symbol)
        if dropped(crossing.side, quality, seen.rv) or _score(rooms, crossing, quality, seen) < least:
            continue
        signal = _intent(rooms, strategy, crossing)
        if signal is not None:
            strategy.traded(symbol)
            yield signal


def _score(rooms: Rooms, crossing: Crossing, quality: float | None, seen: SymbolView) -> float:
    """B-HYB-3 of one crossing. The components of expectancy and router are those of S9, in 0..1."""
    sign = 1.0 if crossing.side == "LONG" else -1.0
    components = {
        "trend": crossing.strength,
        "carry": tanh(-sign * rooms.venue.funding_rate(crossing.symbol) / CARRY_UNIT),
        "expectancy": seen.expectancy,
        "router_quality": seen.router,
        "rv_momentum": sign * seen.rv,
        "vol_regime": REGIME_VALUES[seen.regime],
    }
    weights = rooms.intel.weights if rooms.settings.strategy.use_factor_weights else None
    return hybrid(
        components,
        sign * seen.rv,
        regime=seen.regime,
        quality=quality,
        age_us=rooms.now.ts - crossing.crossed_ts,
        weights=weights or WEIGHTS,
    )


def _intent(rooms: Rooms, strategy: Trend, crossing: Crossing) -> Signal | None:
    """The entry with its levels and its size, unless the symbol is held or under way, or the levels make none."""
    symbol, venue, settings = crossing.symbol, rooms.venue, strategy.settings
    mark = price_of(venue, symbol)
    held = any(p.symbol == symbol for p in venue.positions())
    if mark is None or held or any(entry[1] == symbol for entry in rooms.desk.pending(venue)):
        return None
    levels = entry_levels(crossing.side, mark, crossing.atr, settings)
    if levels is None:
        return None
    usd = int(max(rooms.nav.part.nav, 0) * settings.trade_nav_pct * strategy.scale(symbol))
    return Signal(
        rooms.now.loop, f"s-{rooms.now.loop}-{symbol}", "open", symbol, crossing.side, usd=usd, tp=levels[0],
        sl=levels[1], levels="given", strategy=settings.name,
    )  # fmt: skip
