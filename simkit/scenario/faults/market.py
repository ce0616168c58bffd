"""Faults of the market, the account and the venue.

Comes in: nothing. Goes out: one Struct per kind. May import `scenario.faults.base`. An empty
`symbol` means every symbol. Money counts 1e-6 USD, time microseconds; shares are fractions.
The word of a kind (its tag), how it is written and what it attacks stand in `scenario/kinds_market.py`.
"""

from __future__ import annotations

from typing import Literal

from simkit.scenario.faults.base import Acting, Side


class WrongBalance(Acting, frozen=True, tag="wrong_balance"):
    """The executor reads `equity` instead of what the account holds."""

    equity: int


class AccountReset(Acting, frozen=True, tag="account_reset"):
    """The wallet becomes `equity` less open PnL and nothing is booked."""

    equity: int


class BalanceDown(Acting, frozen=True, tag="balance_down"):
    """The venue does not answer balance requests."""


class MarkMissing(Acting, frozen=True, tag="mark_missing"):
    """The venue has no mark price of `symbol`."""

    symbol: str


class ClosedOutside(Acting, frozen=True, tag="closed_outside"):
    """A position is closed at its mark by somebody else: no fill reaches the executor."""

    symbol: str
    side: Side


class Latency(Acting, frozen=True, tag="latency"):
    """Orders take `latency_us` instead of the venue's own latency."""

    latency_us: int
    symbol: str = ""


class Slippage(Acting, frozen=True, tag="slippage"):
    """Taker fills are `bps` worse than the mark, on top of the venue's spread."""

    bps: float
    symbol: str = ""


class OrderRefused(Acting, frozen=True, tag="order_refused"):
    """The venue answers orders with `status` and fills nothing."""

    symbol: str = ""
    status: Literal["REJECTED", "EXPIRED"] = "REJECTED"


# The market -----------------------------------------------------------------------------------------------


class PriceGap(Acting, frozen=True, tag="price_gap"):
    """While it lasts every price is `size` (a fraction, above -1) away from what the market says."""

    size: float
    symbol: str = ""


class FeedStall(Acting, frozen=True, tag="feed_stall"):
    """The executor is told the mark and the bar of the loop before; the venue trades on at the true prices."""

    symbol: str = ""


class BadMark(Acting, frozen=True, tag="bad_mark"):
    """The executor is told a mark that is no price; the venue trades on at the true one."""

    what: Literal["nan", "negative", "zero"]
    symbol: str = ""


# The account ----------------------------------------------------------------------------------------------


class BadBalance(Acting, frozen=True, tag="bad_balance"):
    """The venue answers a balance that is no number."""

    what: Literal["nan"] = "nan"


class FundingShock(Acting, frozen=True, tag="funding_shock"):
    """In each loop `bps` are paid as funding, in place of the venue's own rate."""

    bps: float
    symbol: str = ""


class Liquidation(Acting, frozen=True, tag="liquidation"):
    """The venue closes a position at its mark and takes its taker fee: no fill reaches the executor."""

    symbol: str
    side: Side


class UndeclaredTransfer(Acting, frozen=True, tag="undeclared_transfer"):
    """`amount` enters (+) or leaves (-) the wallet, and nobody says so."""

    amount: int


# Orders ---------------------------------------------------------------------------------------------------


class StaleBook(Acting, frozen=True, tag="stale_book"):
    """Taker orders meet the book of the loop before the fault."""

    symbol: str = ""


class WideSpread(Acting, frozen=True, tag="spread"):
    """The spread is `bps` instead of the venue's own."""

    bps: float
    symbol: str = ""


class DepthGone(Acting, frozen=True, tag="depth_gone"):
    """Nothing fills at once: a market order expires, a limit order rests."""

    symbol: str = ""


class PartFill(Acting, frozen=True, tag="part_fill"):
    """A loop fills at most `share` of an order."""

    share: float
    symbol: str = ""


class RateLimit(Acting, frozen=True, tag="rate_limit"):
    """The venue looks at `orders` orders per loop and rejects the others."""

    orders: int


# Messages -------------------------------------------------------------------------------------------------


class AckFault(Acting, frozen=True, tag="ack"):
    """What becomes of the answers to orders on their way to the executor."""

    how: Literal["lost", "late", "duplicated"]
    symbol: str = ""


class FillFault(Acting, frozen=True, tag="fill"):
    """What becomes of the fills on their way to the executor."""

    how: Literal["lost", "late", "duplicated", "out_of_order"]
    symbol: str = ""
