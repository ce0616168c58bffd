"""What passes between an executor and a venue: frozen events with ids that are pure functions of their
inputs.

Comes in: nothing. Goes out: `Order`, `Ack`, `Fill`, `Funding`, `Booking`, `OutsideClose`, `VenuePosition`,
`Balance` and the protocol `VenuePort`. May import msgspec.

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
#: The cause of a REJECTED post-only order that would have filled at once.
POST_ONLY_WOULD_CROSS = "post_only_would_cross"
#: A mark that is not a number, said in whole numbers: below every price, as zero and negative marks are.
NAN_MARK = -(2**63)


class Event(Struct, frozen=True, gc=False):
    """Base of the venue's events: `seq` counts over the run, `ts` is scenario time in microseconds."""

    seq: int
    ts: int


class Order(Struct, frozen=True, gc=False):
    """A request. `id` is the client order id, unique over the run; `limit` None is a market order. A
    `post_only` limit order is refused where it would fill at once."""

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
    post_only: bool = False

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
    (B-POS-5), `lot_fees` what opening that part had cost in fees."""

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
    lot_fees: int = 0


class Funding(Event, frozen=True):
    """A funding payment: received +, paid -."""

    key: str
    amount: int


class Booking(Event, frozen=True):
    """Money that enters (+) or leaves (-) the wallet without a trade; `undeclared` bookings are a lie."""

    kind: Literal["declared_income", "deposit", "withdraw", "account_reset"]
    amount: int
    declared: bool = True


class OutsideClose(Event, frozen=True):
    """Somebody else has closed a position at `price`; `realized` went to the wallet. No executor is told of the
    trade, only that the position is gone."""

    key: str
    qty: int
    price: int
    realized: int


class Liquidation(OutsideClose, frozen=True):
    """The venue itself has closed a position, and taken `fee` for it."""

    fee: int


VenueEvent = Ack | Fill | Funding | Booking | OutsideClose


class VenuePosition(Struct, frozen=True, gc=False):
    """One open position, as the account's mode tells it: in hedge mode `side` is LONG or SHORT and `qty`
    unsigned, in one-way mode `side` is BOTH and `qty` signed (B-POS-2). `entry` is the average price, `realized`
    since it opened."""

    symbol: str
    side: Side | Literal["BOTH"]
    qty: int
    entry: int
    mark: int | None
    unrealized: int
    realized: int

    @property
    def direction(self) -> Side:
        """The side, that of a BOTH by the sign of its quantity (B-POS-2)."""
        if self.side == "BOTH":
            return "SHORT" if self.qty < 0 else "LONG"
        return self.side

    @property
    def signed_qty(self) -> int:
        """The quantity with its sign: a short is negative."""
        return -self.qty if self.side == "SHORT" else self.qty

    @property
    def key(self) -> str:
        """`SYMBOL:SIDE`, the side resolved."""
        side = self.side
        return f"{self.symbol}:{self.direction if side == 'BOTH' else side}"


class Balance(Struct, frozen=True, gc=False):
    """What a balance request answers: the wallet, in micro-USD; None where the answer is no number."""

    wallet: int | None


class Submitted(Struct, frozen=True, gc=False):
    """What a submit answers at once: the acknowledgement and the fills that it brought. Without an acknowledgement
    nobody knows whether the venue has taken the order."""

    ack: Ack | None
    fills: tuple[Fill, ...]


class VenuePort(Protocol):
    """All that an executor may ask of a venue. Positions come sorted by key."""

    def balance(self) -> Balance | None:
        """The wallet, or None while the source is down."""

    def positions(self) -> Sequence[VenuePosition]:
        """The open positions."""

    def mark(self, symbol: str) -> int | None:
        """The mark price as it is told, or None. What is not above 0 is no price (`NAN_MARK` is not even a number)."""

    def closes(self, symbol: str) -> Sequence[int]:
        """Closes of the bars before this loop's, oldest first: what a market-data request at start-up answers."""

    def funding_rate(self, symbol: str) -> float:
        """The last funding rate per payment as a fraction, 0 without funding; longs pay while it is positive."""

    def spread_bps(self, symbol: str) -> float:
        """Distance of the best ask from the best bid in basis points of the mark."""

    def min_notional(self) -> int:
        """The smallest opening order that the venue takes, micro-USD; 0 where any will do."""

    def submit(self, order: Order) -> Submitted:
        """Send an order."""

    def submit_at(self, order: Order, ts: int) -> None:
        """Send an order at `ts`, between this loop and the next. What the venue answers is among the events of
        the next loop; an executor that dies in this loop has not sent it."""

    def cancel(self, venue_id: str) -> Ack | None:
        """Cancel a resting order; None when there is no such order."""
