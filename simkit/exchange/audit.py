"""The auditor: what wallet and positions must be, reckoned from the venue's own events alone.

Comes in: the opening state and every event that the venue tells. Goes out: nothing, or `ConservationError`.
May import `exchange.orders` and `exchange.account`.

position = opening + fills - what others closed; wallet = opening cash + deposits + declared income + resets +
undeclared transfers + realised - fees + funding.
"""

from __future__ import annotations

from collections.abc import Iterable

from simkit.exchange.account import Account
from simkit.exchange.orders import Booking, Fill, Funding, Liquidation, OutsideClose, VenueEvent


class ConservationError(AssertionError):
    """Money or quantity came from nowhere: a bug in simkit, never a user's mistake."""


class Audit:
    """Keeps the books a second time, from events."""

    def __init__(self, cash: int, opening: Iterable[tuple[str, int]]) -> None:
        self.wallet = cash
        self._sums = {"opening cash": cash}
        self._qty: dict[str, int] = {}
        for key, qty in opening:
            self._qty[key] = self._qty.get(key, 0) + qty

    def add(self, event: VenueEvent) -> None:
        """Enter one event; an acknowledgement moves nothing."""
        if isinstance(event, Fill):
            self._enter("realised", event.realized)
            self._enter("fees", -event.fee)
            order = event.order
            opens = (order.side == "BUY") == (order.position_side == "LONG")
            before = self._qty.get(order.key, 0)
            after = self._qty[order.key] = before + event.qty if opens else before - event.qty
            if (before, after) != (event.position_before, event.position_after):
                raise ConservationError(
                    f"{event.trade_id} {order.key}: the fill says {event.position_before} -> "
                    f"{event.position_after}, all fills together say {before} -> {after}"
                )
        elif isinstance(event, OutsideClose):
            self._enter("closed outside", event.realized)
            if isinstance(event, Liquidation):
                self._enter("liquidation fees", -event.fee)
            self._qty[event.key] -= event.qty
        elif isinstance(event, Funding):
            self._enter("funding", event.amount)
        elif isinstance(event, Booking):
            self._enter(event.kind, event.amount)

    def _enter(self, what: str, amount: int) -> None:
        self.wallet += amount
        self._sums[what] = self._sums.get(what, 0) + amount

    def check_wallet(self, wallet: int) -> None:
        """Raise ConservationError when the wallet is not what the events add up to."""
        if wallet != self.wallet:
            sums = ", ".join(f"{what} {amount}" for what, amount in self._sums.items())
            raise ConservationError(f"wallet {wallet} micro-USD, its entries add up to {self.wallet}: {sums}")

    def check(self, account: Account) -> None:
        """All of it: the wallet, every position, and every position's lots."""
        self.check_wallet(account.wallet)
        for key in sorted(self._qty.keys() | account.holdings.keys()):
            expected, found = self._qty.get(key), account.open_qty(key)
            if expected != found:
                raise ConservationError(f"{key}: {found} open, opening and fills add up to {expected}")
        for key, holding in account.holdings.items():
            lots = (holding.lots_qty(), holding.lots_cost())
            if lots != (holding.qty, holding.cost):
                raise ConservationError(
                    f"{key}: the lots hold {lots}, the position says {(holding.qty, holding.cost)}"
                )
