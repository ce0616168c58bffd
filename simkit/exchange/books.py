"""The venue's books: what happens to positions and money, each entry an event that is audited.

Comes in: what is done (a fill, a close, a payment, a booking). Goes out: events with rising numbers. May import
`core`, `exchange.account`, `exchange.audit`, `exchange.model`, `exchange.matching`, `exchange.orders`,
`scenario.model` and `scenario.script`.
"""

from __future__ import annotations

from typing import Literal, TypeVar

from simkit.core.numeric import money
from simkit.exchange.account import Account
from simkit.exchange.audit import Audit
from simkit.exchange.matching import Resting
from simkit.exchange.model import Costs
from simkit.exchange.orders import (
    Ack,
    AckStatus,
    Booking,
    Fill,
    Funding,
    Liquidation,
    Order,
    OutsideClose,
    VenueEvent,
)
from simkit.scenario.model import VenueClock
from simkit.scenario.script import Cue

BookingKind = Literal["declared_income", "deposit", "withdraw", "account_reset"]
E = TypeVar("E", bound=VenueEvent)


def opens(order: Order) -> bool:
    """True when the order opens a position or adds to it."""
    return (order.side == "BUY") == (order.position_side == "LONG")


class Books:
    """`account` is what the books say now, `ts` the time of the next entry in microseconds, of which `ahead_us` is how
    far the venue's clock is off."""

    def __init__(self, account: Account, costs: Costs, ts: int) -> None:
        opening = [(key, holding.qty) for key, holding in account.holdings.items()]
        self.account = account
        self.ts = ts
        self.ahead_us = 0
        self._wrong_clock: VenueClock | None = None
        self._acted = Cue(0).acted
        self._costs = costs
        self._audit = Audit(account.wallet, opening)
        self._seq = 0

    def begin(self, ts: int, cue: Cue) -> None:
        """A new loop at `ts`, and the venue's clock of it."""
        self._wrong_clock, self._acted = cue.fault(VenueClock) if cue.faults else None, cue.acted
        self.ahead_us = 0 if self._wrong_clock is None else self._wrong_clock.offset_us
        self.ts = ts + self.ahead_us

    def number(self) -> int:
        """The number of the next event."""
        if self._wrong_clock is not None:
            self._acted.note(self._wrong_clock)
        self._seq += 1
        return self._seq

    def ack(self, order: Order, venue_id: str, status: AckStatus, filled: int, cause: str = "") -> Ack:
        """A change of an order's state; it moves nothing."""
        return Ack(self.number(), self.ts, order, venue_id, status, filled, cause)

    def fill(self, resting: Resting, price: int, qty: int, *, maker: bool) -> Fill:
        """One execution: the position, the fee, the event."""
        order, account = resting.order, self.account
        fee = self._costs.fee(money(price, qty), maker)
        before = account.open_qty(order.key)
        if opens(order):
            account.open(order.symbol, order.position_side, price, qty, fee)
            after, realized, lot_fees = before + qty, 0, 0
        else:
            realized, lot_fees = account.close(order.key, price, qty)
            after = before - qty
        account.wallet -= fee
        seq = self.number()
        fill = Fill(
            seq, self.ts, f"t-{seq}", resting.venue_id, order, price, qty, fee, realized, before, after,
            resting.intended, resting.sent_ts, maker, lot_fees,
        )  # fmt: skip
        self._audit.add(fill)
        self.check()
        return fill

    def close(self, key: str, *, by_venue: bool) -> OutsideClose | None:
        """Somebody else closes a position at its last mark, without a fee; the venue takes its taker fee. None when
        nothing is open."""
        account = self.account
        holding = account.holdings.get(key)
        if holding is None:
            return None
        price, qty = account.last_mark(holding.symbol) or holding.entry, holding.qty
        seq, realized = self.number(), account.close(key, price, qty)[0]
        if by_venue:
            fee = self._costs.fee(money(price, qty), maker=False)
            account.wallet -= fee
            return self._entered(Liquidation(seq, self.ts, key, qty, price, realized, fee))
        return self._entered(OutsideClose(seq, self.ts, key, qty, price, realized))

    def money(self, kind: BookingKind, amount: int, *, declared: bool = True) -> list[Booking]:
        """Money that enters or leaves the wallet without a trade; nothing where there is none."""
        if not amount:
            return []
        self.account.wallet += amount
        return [self._entered(Booking(self.number(), self.ts, kind, amount, declared))]

    def transfer(self, amount: int, *, declared: bool = True) -> list[Booking]:
        """Money from or to elsewhere."""
        return self.money("deposit" if amount > 0 else "withdraw", amount, declared=declared)

    def funding(self, key: str, amount: int) -> Funding:
        """A payment, received + and paid -."""
        self.account.wallet += amount
        return self._entered(Funding(self.number(), self.ts, key, amount))

    def _entered(self, event: E) -> E:
        self._audit.add(event)
        return event

    def check(self) -> None:
        """Raise ConservationError when the wallet is not what the events add up to."""
        self._audit.check_wallet(self.account.wallet)

    def check_all(self) -> None:
        """The same for the wallet, every position, and every position's lots."""
        self._audit.check(self.account)
