"""What goes wrong at the venue in one loop: prices that move or stand still, late orders, bad fills, refusals.

Comes in: the cue of a loop, the ticks of the loop before. Goes out: `Trouble`, asked once per order; it tells
`Cue.acted` what truly changed something. May import `core`, `market`, `scenario.model` and `scenario.script`.

Where several faults of a kind name a symbol, the first in the scenario counts. An empty symbol is every symbol.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeVar

from msgspec.structs import replace

from simkit.core.numeric import scaled
from simkit.exchange.model import PPB
from simkit.market.gap import gapped
from simkit.market.ticks import Tick
from simkit.scenario.model import (
    ClosedOutside,
    DepthGone,
    Fault,
    FundingShock,
    Latency,
    Liquidation,
    MarkMissing,
    OrderRefused,
    PartFill,
    PriceGap,
    RateLimit,
    Slippage,
    StaleBook,
    WideSpread,
)
from simkit.scenario.script import Cue

_PPB_PER_BPS = PPB // 10**4


class OfSymbol(Protocol):
    """A fault that names a symbol, or none."""

    @property
    def symbol(self) -> str:
        """Empty: every symbol."""


F = TypeVar("F", bound=OfSymbol)


class Trouble:
    """The venue's faults of one loop. `ticks` and `before`: prices and trouble of the loop before."""

    def __init__(self, cue: Cue, ticks: Sequence[Tick] = (), before: Trouble | None = None) -> None:
        self._faults = cue.faults
        self._acted = cue.acted
        self._orders = 0
        self._book: dict[str, int] = {}
        if before is None or not self._has(StaleBook):
            return
        for tick in ticks:
            mark = before._book.get(tick.symbol, tick.mark)
            if mark is not None and self.of(StaleBook, tick.symbol) is not None:
                self._book[tick.symbol] = mark

    def _has(self, kind: type[object]) -> bool:
        return any(isinstance(fault, kind) for fault in self._faults)

    def of(self, kind: type[F], symbol: str) -> F | None:
        """The fault of that kind that strikes `symbol`."""
        for fault in self._faults:
            if isinstance(fault, kind) and fault.symbol in ("", symbol):
                return fault
        return None

    def note(self, fault: Fault | None) -> None:
        """`fault`, if it is one, has changed something."""
        if fault is not None:
            self._acted.note(fault)

    # The market --------------------------------------------------------------------------------------------

    def moved(self, ticks: Sequence[Tick]) -> Sequence[Tick]:
        """The ticks as the market has them."""
        return gapped(ticks, self._faults, self._acted) if self._has(PriceGap) else ticks

    def marked(self, ticks: Sequence[Tick]) -> Sequence[Tick]:
        """The ticks as the venue has them: without the marks that are missing."""
        if not self._has(MarkMissing):
            return ticks
        return [replace(tick, mark=None) if self._is_blind(tick) else tick for tick in ticks]

    def _is_blind(self, tick: Tick) -> bool:
        fault = self.of(MarkMissing, tick.symbol)
        if fault is not None and tick.mark is not None:
            self.note(fault)
        return fault is not None

    # Positions and money -----------------------------------------------------------------------------------

    def closed(self, loop: int) -> list[ClosedOutside | Liquidation]:
        """The faults that close a position in this loop, in file order."""
        return [
            fault
            for fault in self._faults
            if isinstance(fault, ClosedOutside | Liquidation) and fault.at.first == loop
        ]

    @property
    def pays_funding(self) -> bool:
        """A rate of this loop's own is paid in this loop."""
        return self._has(FundingShock)

    def funding_ppb(self, symbol: str) -> int | None:
        """The funding rate of the loop, if it has one of its own."""
        fault = self.of(FundingShock, symbol)
        return None if fault is None else scaled(fault.bps, _PPB_PER_BPS)

    def funding_paid(self, symbol: str) -> None:
        """That rate has moved money."""
        self.note(self.of(FundingShock, symbol))

    # Orders ------------------------------------------------------------------------------------------------

    def refusal(self, symbol: str) -> tuple[Literal["REJECTED", "EXPIRED"], str] | None:
        """Status and cause that answer the next order for `symbol`, if it is not wanted whatever it says."""
        if not self._faults:
            return None
        self._orders += 1
        refused = self.of(OrderRefused, symbol)
        if refused is not None:
            self.note(refused)
            return refused.status, "refused"
        for fault in self._faults:
            if isinstance(fault, RateLimit) and self._orders > fault.orders:
                self.note(fault)
                return "REJECTED", "rate_limited"
        return None

    def latency_us(self, symbol: str, usual_us: int) -> int | None:
        """How long an order for `symbol` takes instead of the venue's own delay."""
        fault = self.of(Latency, symbol)
        if fault is not None and fault.latency_us != usual_us:
            self.note(fault)
        return None if fault is None else fault.latency_us

    def book_mark(self, symbol: str, mark: int) -> int:
        """The mark around which the book stands that a taker meets."""
        return self._book.get(symbol, mark)

    def slippage_ppb(self, symbol: str) -> int:
        """How much worse a taker fills, in parts per billion of the mark."""
        fault = self.of(Slippage, symbol)
        return 0 if fault is None else scaled(fault.bps, _PPB_PER_BPS)

    def priced(self, symbol: str, price: int, usual: int) -> None:
        """A taker has filled at `price`; at the venue's own book and mark it would have been `usual`."""
        if price != usual:
            self.note(self.of(StaleBook, symbol))
            self.note(self.of(Slippage, symbol))
            self.note(self.of(WideSpread, symbol))

    def spread_bps(self, symbol: str) -> float | None:
        """The spread instead of the venue's own."""
        fault = self.of(WideSpread, symbol)
        return None if fault is None else fault.bps

    def spread_seen(self, symbol: str) -> None:
        """Somebody has asked for the spread and been told this one."""
        self.note(self.of(WideSpread, symbol))

    def portion(self, symbol: str, qty: int, usual: int) -> int:
        """What a loop fills at once of `qty`; `usual` without this trouble."""
        gone = self.of(DepthGone, symbol)
        if gone is not None:
            self.note(gone)
            return 0
        return self.share(symbol, qty, usual)

    def share(self, symbol: str, qty: int, usual: int) -> int:
        """What a loop fills of `qty`, at least one quantum."""
        fault = self.of(PartFill, symbol)
        if fault is None:
            return usual
        part = max(1, qty * scaled(fault.share, PPB) // PPB)
        if part < usual:
            self.note(fault)
        return min(part, usual)


#: A loop without faults.
CALM = Trouble(Cue(0))
