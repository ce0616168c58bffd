"""Account and orders: a lot without a fee, and the sign of what is held."""

from __future__ import annotations

import pytest

from simkit.exchange.account import Holding
from simkit.exchange.orders import VenuePosition


def test_a_lot_that_cost_no_fee_bears_none() -> None:
    holding = Holding("BTCUSDT", "LONG")
    holding.open(100, 5)
    assert holding.close(100, 5)[1] == 0


@pytest.mark.parametrize(
    ("side", "qty", "signed"), [("LONG", 3, 3), ("SHORT", 3, -3), ("BOTH", 3, 3), ("BOTH", -3, -3)]
)
def test_a_short_is_negative(side: str, qty: int, signed: int) -> None:
    assert VenuePosition("BTCUSDT", side, qty, 1, 1, 0, 0).signed_qty == signed  # type: ignore[arg-type]
