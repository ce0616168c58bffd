"""What the account makes of fills and bookings: the rows of docs/venue.md under "Money"."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from venue_kit import Play, at, bar, cash, fills, no_mark, position, price, scenario, units

from simkit.exchange.account import Account
from simkit.exchange.orders import Balance, Booking, Funding
from simkit.scenario.model import (
    AccountReset,
    BalanceDown,
    Loops,
    Step,
    Transfer,
    VenueProfile,
    WrongBalance,
)


def test_fees_are_charged_on_the_notional() -> None:
    play = Play(scenario(venue=VenueProfile(taker_fee_bps=5, maker_fee_bps=-1)))
    play.step(100)
    (taken,) = play.buy(2).fills
    assert (taken.fee, taken.realized) == (cash("0.1"), 0)
    play.sell(2, limit=110)
    (made,) = fills(play.step(110))
    assert (made.fee, made.realized) == (cash("-0.022"), cash(20))
    assert play.wallet == cash(10_000) - cash("0.1") + cash(20) + cash("0.022")


def test_a_close_takes_the_oldest_lots_first() -> None:
    play = Play()
    for usd, qty in ((100, 1), (110, 2), (130, 1)):
        play.step(usd)
        play.buy(qty)
    play.step(120)
    assert play.sell(2).fills[0].realized == cash(20 + 10)
    assert play.sell(2).fills[0].realized == cash(10 - 10)
    assert play.wallet == cash(10_030)
    assert play.venue.positions() == ()


def test_a_close_bears_its_share_of_the_opening_fees() -> None:
    """B-POS-5: lots of 1 and 2 units cost 0.05 and 0.11 to open; the first close takes all of one and a quarter
    of the other."""
    play = Play(scenario(venue=VenueProfile(taker_fee_bps=5)))
    for usd, qty in ((100, 1), (110, 2)):
        play.step(usd)
        assert play.buy(qty).fills[0].lot_fees == 0
    play.step(120)
    first, rest = play.sell(1.5).fills[0], play.sell(1.5).fills[0]
    assert (first.fee, first.lot_fees) == (cash("0.09"), cash("0.0775"))
    assert (rest.fee, rest.lot_fees) == (cash("0.09"), cash("0.0825"))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    opened=st.lists(
        st.tuples(st.integers(1, 10**10), st.integers(1, 10**10), st.integers(-999, 10**7)), min_size=1
    ),
    cuts=st.lists(st.integers(1, 10**10)),
)
def test_all_closes_of_a_position_bear_all_its_fees(
    opened: list[tuple[int, int, int]], cuts: list[int]
) -> None:
    account, borne = Account(0), 0
    for entry, qty, fee in opened:
        account.open("BTCUSDT", "LONG", entry, qty, fee)
    for cut in (*cuts, account.open_qty("BTCUSDT:LONG")):
        size = min(cut, account.open_qty("BTCUSDT:LONG"))
        if size:
            borne += account.close("BTCUSDT:LONG", 10**8, size)[1]
    while account.open_qty("BTCUSDT:LONG"):
        borne += account.close("BTCUSDT:LONG", 10**8, account.open_qty("BTCUSDT:LONG"))[1]
    assert borne == sum(fee for _, _, fee in opened)


def test_a_short_earns_while_the_price_falls() -> None:
    play = Play()
    for usd, qty in ((100, 1), (110, 1)):
        play.step(usd)
        play.order("SELL", "SHORT", qty)
    play.step(90)
    (row,) = play.venue.positions()
    assert (row.entry, row.unrealized) == (price(105), cash(30))
    assert play.order("BUY", "SHORT", 1).fills[0].realized == cash(10)
    assert play.venue.positions()[0].entry == price(110)
    assert play.order("BUY", "SHORT", 1).fills[0].realized == cash(20)


def test_a_close_moves_the_average_to_the_lots_that_remain() -> None:
    play = Play()
    for usd in (100, 110):
        play.step(usd)
        play.buy(1)
    assert play.venue.positions()[0].entry == price(105)
    play.sell(0.5)
    (row,) = play.venue.positions()
    assert (row.entry, row.qty) == (price("106.66666667"), units("1.5"))
    assert (row.realized, row.unrealized) == (cash(5), cash(5))


def test_realized_begins_anew_with_a_new_position() -> None:
    play = Play()
    play.step(100)
    play.buy(1)
    play.step(103)
    play.sell(1)
    play.buy(1)
    assert play.venue.positions()[0].realized == 0
    play.venue.assert_conserved()


def test_open_pnl_agrees_with_mark_and_entry() -> None:
    play = Play(scenario(positions=(position("BTCUSDT", "LONG", 2, 90), position("BTCUSDT", "SHORT", 1, 90))))
    play.step(100)
    assert [(row.key, row.unrealized) for row in play.venue.positions()] == [
        ("BTCUSDT:LONG", cash(20)), ("BTCUSDT:SHORT", cash(-10)),
    ]  # fmt: skip


def test_without_a_mark_the_last_one_counts() -> None:
    play = Play(scenario(positions=(position("BTCUSDT", "LONG", 1, 90),)))
    play.step(no_mark("BTCUSDT", 100))
    assert [(row.mark, row.unrealized) for row in play.venue.positions()] == [(None, 0)]
    play.step(100)
    play.step(no_mark("BTCUSDT", 300))
    assert [(row.mark, row.unrealized) for row in play.venue.positions()] == [(None, cash(10))]
    assert play.venue.mark("BTCUSDT") is None
    play.buy(1, limit=400)
    assert play.step(no_mark("BTCUSDT", 300)) == []


@pytest.mark.parametrize(
    ("rate", "side", "amount"), [(2, "LONG", -4), (2, "SHORT", 4), (-2, "LONG", 4), (-2, "SHORT", -4)]
)
def test_funding_signs(rate: float, side: Any, amount: float) -> None:
    profile = VenueProfile(funding_bps=rate, funding_every=2)
    play = Play(scenario(venue=profile, positions=(position("BTCUSDT", side, 200, 90),)))
    assert play.step(100) == []
    (payment,) = play.step(100)
    assert isinstance(payment, Funding)
    assert (payment.key, payment.amount) == (f"BTCUSDT:{side}", cash(amount))
    assert play.wallet == cash(10_000 + amount)
    assert play.step(100) == []
    assert len(play.step(100)) == 1


def test_a_flat_book_pays_no_funding() -> None:
    play = Play(scenario(venue=VenueProfile(funding_bps=2, funding_every=1)))
    assert play.step(100) == []


def test_opening_positions_cost_nothing() -> None:
    play = Play(
        scenario(
            symbols=("BTCUSDT", "ADAUSDT"),
            venue=VenueProfile(taker_fee_bps=50),
            positions=(position("BTCUSDT", "LONG", 1, 90), position("ADAUSDT", "SHORT", 5, 2)),
        )
    )
    assert play.step(at("BTCUSDT", 100), at("ADAUSDT", 2)) == []
    assert [(row.key, row.entry, row.realized) for row in play.venue.positions()] == [
        ("ADAUSDT:SHORT", price(2), 0), ("BTCUSDT:LONG", price(90), 0),
    ]  # fmt: skip
    assert (play.wallet, play.equity) == (cash(10_000), cash(10_010))
    play.venue.assert_conserved()


def test_declared_transfers_are_booked() -> None:
    play = Play(scenario(events=(Transfer(2, cash(500)), Transfer(3, cash(-200)))))
    assert play.step(100) == []
    (paid_in,), (paid_out,) = play.step(100), play.step(100)
    assert isinstance(paid_in, Booking)
    assert isinstance(paid_out, Booking)
    assert (paid_in.kind, paid_in.amount, paid_in.declared) == ("deposit", cash(500), True)
    assert (paid_out.kind, paid_out.amount, paid_out.declared) == ("withdraw", cash(-200), True)
    assert play.wallet == cash(10_300)


def test_scripted_nav_is_booked_as_declared_income() -> None:
    nav = (Step(1, cash(10_000)), Step(3, cash(9_500)))
    play = Play(scenario(nav=nav, positions=(position("BTCUSDT", "LONG", 1, 100),)))
    assert play.step(100) == []
    events = [*play.step(130), *play.step(130), *play.step(130)]
    assert [(event.kind, event.amount) for event in events if isinstance(event, Booking)] == [
        ("declared_income", cash(-30)), ("declared_income", cash(-500)),
    ]  # fmt: skip
    assert len(events) == 2
    assert play.equity == cash(9_500)
    play.venue.assert_conserved()


def test_an_account_reset_books_what_nobody_declared() -> None:
    fault = AccountReset(Loops(2, 3), cash(5_000))
    play = Play(scenario(faults=(fault,), positions=(position("BTCUSDT", "LONG", 1, 100),)))
    play.step(100)
    (booking,) = play.step(120)
    assert isinstance(booking, Booking)
    assert (booking.kind, booking.amount, booking.declared) == ("account_reset", cash(-5_020), False)
    assert play.equity == cash(5_000)
    assert play.step(110) == [], "only its first loop resets"
    play.venue.assert_conserved()


def test_a_wrong_balance_is_only_told() -> None:
    fault = WrongBalance(Loops(2, 2), cash(40_000))
    play = Play(scenario(faults=(fault,), positions=(position("BTCUSDT", "LONG", 1, 100),)))
    play.step(100)
    assert play.step(120) == []
    assert play.venue.balance() == Balance(cash(40_000 - 20))
    play.sell(1)
    assert play.venue.balance() == Balance(cash(40_000)), "the lie is about equity"
    play.step(120)
    assert play.venue.balance() == Balance(cash(10_020))


def test_a_balance_that_is_down_is_none() -> None:
    faults = (BalanceDown(Loops(2, 2)), WrongBalance(Loops(2, 3), cash(1)))
    play = Play(scenario(faults=faults))
    play.step(100)
    play.step(100)
    assert play.venue.balance() is None
    play.step(100)
    assert play.venue.balance() == Balance(cash(1))


def test_a_market_step_keeps_its_order() -> None:
    """Resting fills, funding, transfers, reset, scripted NAV: each sees what came before it."""
    play = Play(
        scenario(
            nav=(Step(1, cash(10_000)), Step(2, cash(7_000))),
            venue=VenueProfile(funding_bps=100, funding_every=2),
            events=(Transfer(2, cash(50)),),
            faults=(AccountReset(Loops(2, 2), cash(6_000)),),
        )
    )
    play.step(100)
    play.buy(1, limit=90)
    events = play.step(bar("BTCUSDT", 100, 100, 80, 80))
    assert [type(event).__name__ for event in events] == [
        "Ack",
        "Fill",
        "Funding",
        "Booking",
        "Booking",
        "Booking",
    ]
    assert [event.amount for event in events if not hasattr(event, "order")] == [  # type: ignore[union-attr]
        cash("-0.8"), cash(50), cash(6_000) - cash(10_000 - 10) + cash("0.8") - cash(50), cash(1_000),
    ]  # fmt: skip


def test_positions_are_the_same_tuple_while_nothing_changes() -> None:
    play = Play(scenario(symbols=("BTCUSDT", "ETHUSDT"), positions=(position("BTCUSDT", "LONG", 1, 100),)))
    play.step(at("BTCUSDT", 100), at("ETHUSDT", 1))
    before = play.venue.positions()
    play.step(at("BTCUSDT", 100), at("ETHUSDT", 2))
    assert play.venue.positions() is before, "ETHUSDT is not held"
    play.step(at("BTCUSDT", 101), at("ETHUSDT", 2))
    assert play.venue.positions()[0].unrealized == cash(1)
