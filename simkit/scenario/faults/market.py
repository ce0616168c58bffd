"""Faults of the market, the account and the venue.

Comes in: nothing. Goes out: one Struct per kind. May import `scenario.faults.base`. An empty
`symbol` means every symbol. Money counts 1e-6 USD, time microseconds.
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
