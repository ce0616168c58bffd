"""Price gaps: the market is somewhere else than its path says (`price_gap`).

Comes in: the ticks of a loop, its faults. Goes out: the ticks that are traded. May import `core`, `market.ticks` and
`scenario.model`.
"""

from __future__ import annotations

from collections.abc import Sequence

from simkit.core.acted import Acted
from simkit.core.numeric import div_half_even, scaled
from simkit.market.ticks import Tick
from simkit.scenario.model import Fault, PriceGap

PPB = 10**9


def gapped(ticks: Sequence[Tick], faults: Sequence[Fault], acted: Acted[Fault]) -> tuple[Tick, ...]:
    """Every price of a bar moved by the gaps of its symbol, one after the other, half-even and at least one
    quantum. The whole bar moves: nothing is traded on the way."""
    gaps = [fault for fault in faults if isinstance(fault, PriceGap)]
    moved = tuple(ticks)
    for gap in gaps:
        ppb = PPB + scaled(gap.size, PPB)
        before = moved
        moved = tuple([_moved(tick, ppb) if gap.symbol in ("", tick.symbol) else tick for tick in before])
        if moved != before:
            acted.note(gap)
    return moved


def _moved(tick: Tick, ppb: int) -> Tick:
    def move(price: int) -> int:
        return max(1, div_half_even(price * ppb, PPB))

    mark = None if tick.mark is None else move(tick.mark)
    return Tick(
        tick.symbol, move(tick.open), move(tick.high), move(tick.low), move(tick.close), mark, tick.low_first
    )
