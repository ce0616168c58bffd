"""What passes between an executor and a venue: frozen events with ids that are pure functions of their
inputs.

Comes in: nothing. Goes out: `Order`, `Ack`, `Fill`, `Funding`, `Booking`, `VenuePosition`, `Balance` and the
protocol `VenuePort`. May import msgspec.

Units: prices count 1e-8 USD, quantities 1e-8 base units, money 1e-6 USD, time microseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from msgspec import Struct

Buy = Literal["BUY", "SELL"]
Side = Literal["LONG", "SHORT"]
AckStatus = Literal["NEW", "PARTIALLY_FILLED", "FILLED", "REJECTED", "EXPIRED", "CANCELED"]
Reason = Literal["entry", "close", "tp", "sl"]


class Event(Struct, frozen=True, gc=False):
    """Base of the venue's events: `seq` counts over the run, `ts` is scenario time in microseconds."""

    seq: int
    ts: int


class Order(Struct, frozen=True, gc=False):
    """A request. `id` is the client order id, unique over the run; `limit` None is a market order."""

    id: str
    intent_id: str
    symbol: str
    side: Buy
    position_side: Side
    qty: int
    reduce_only: bool
    reason: Reason
    limit: int | None = None
    twap_child: bool = False

    @property
    def key(self) -> str:
        """`SYMBOL:SIDE`."""
        return f"{self.symbol}:{self.position_side}"


class Ack(Event, frozen=True):
    """The venue's answer to an order, or a later change of its state."""

    order: Order
    venue_id: str
    status: AckStatus
    filled_qty: int
    cause: str = ""


class Fill(Event, frozen=True):
    """One execution. `fee` > 0 is paid; `realized` is the PnL of the part that closes, by FIFO lots
    (B-POS-5)."""

    trade_id: str
    venue_id: str
    order: Order
    price: int
    qty: int
    fee: int
    realized: int
    position_before: int
    position_after: int
    intended_price: int
    sent_ts: int
    maker: bool = False


class Funding(Event, frozen=True):
    """A funding payment: received +, paid -."""

    key: str
    amount: int


class Booking(Event, frozen=True):
    """Money that enters (+) or leaves (-) the wallet without a trade; `undeclared` bookings are a lie."""

    kind: Literal["declared_income", "deposit", "withdraw", "account_reset"]
    amount: int
    declared: bool = True


VenueEvent = Ack | Fill | Funding | Booking


class VenuePosition(Struct, frozen=True, gc=False):
    """One open position in hedge mode. `qty` is unsigned, `entry` the average price, `realized` since it
    opened."""

    symbol: str
    side: Side
    qty: int
    entry: int
    mark: int | None
    unrealized: int
    realized: int

    @property
    def key(self) -> str:
        """`SYMBOL:SIDE`."""
        return f"{self.symbol}:{self.side}"


class Balance(Struct, frozen=True, gc=False):
    """What a balance request answers: the wallet, in micro-USD."""

    wallet: int


class Submitted(Struct, frozen=True, gc=False):
    """What a submit answers at once: the acknowledgement and the fills that it brought."""

    ack: Ack
    fills: tuple[Fill, ...]


class VenuePort(Protocol):
    """All that an executor may ask of a venue. Positions come sorted by key."""

    def balance(self) -> Balance | None:
        """The wallet, or None while the source is down."""

    def positions(self) -> Sequence[VenuePosition]:
        """The open positions."""

    def mark(self, symbol: str) -> int | None:
        """The mark price, or None."""

    def closes(self, symbol: str) -> Sequence[int]:
        """Closes of the bars before this loop's, oldest first: what a market-data request at start-up answers."""

    def submit(self, order: Order) -> Submitted:
        """Send an order."""

    def cancel(self, venue_id: str) -> Ack | None:
        """Cancel a resting order; None when there is no such order."""
