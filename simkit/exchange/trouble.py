"""What goes wrong at the venue in one loop: late orders, bad fills, refusals, marks that are missing.

Comes in: the faults of a loop. Goes out: `Trouble`, asked once per order. May import `core`, `market.ticks`
and `scenario.model`.

Where several faults of a kind name a symbol, the first in the scenario counts. An empty symbol is every symbol.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeVar

from msgspec.structs import replace

from simkit.core.numeric import scaled
from simkit.market.ticks import Tick
from simkit.scenario.model import ClosedOutside, Fault, Latency, MarkMissing, OrderRefused, Slippage

_PPB_PER_BPS = 10**5

F = TypeVar("F", Latency, Slippage, OrderRefused)


class Trouble:
    """The venue's faults of one loop."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._latency = [fault for fault in faults if isinstance(fault, Latency)]
        self._slippage = [fault for fault in faults if isinstance(fault, Slippage)]
        self._refused = [fault for fault in faults if isinstance(fault, OrderRefused)]
        self._blind = frozenset(fault.symbol for fault in faults if isinstance(fault, MarkMissing))
        self._closed = [fault for fault in faults if isinstance(fault, ClosedOutside)]

    def latency_us(self, symbol: str) -> int | None:
        """How long an order for `symbol` takes instead of the venue's own delay."""
        fault = _first(self._latency, symbol)
        return None if fault is None else fault.latency_us

    def slippage_ppb(self, symbol: str) -> int:
        """How much worse a taker fills, in parts per billion of the mark."""
        fault = _first(self._slippage, symbol)
        return 0 if fault is None else scaled(fault.bps, _PPB_PER_BPS)

    def refusal(self, symbol: str) -> Literal["REJECTED", "EXPIRED"] | None:
        """The status that answers every order for `symbol`, if any."""
        fault = _first(self._refused, symbol)
        return None if fault is None else fault.status

    def seen(self, ticks: Sequence[Tick]) -> Sequence[Tick]:
        """The ticks as the venue tells them: without the marks that are missing."""
        blind = self._blind
        if not blind:
            return ticks
        return [replace(tick, mark=None) if tick.symbol in blind else tick for tick in ticks]

    def closed_outside(self, loop: int) -> list[str]:
        """The keys that somebody else closes in this loop, `SYMBOL:SIDE`."""
        return [f"{fault.symbol}:{fault.side}" for fault in self._closed if fault.at.first == loop]


def _first(faults: Sequence[F], symbol: str) -> F | None:
    return next((fault for fault in faults if fault.symbol in ("", symbol)), None)


#: A loop without faults.
CALM = Trouble()
