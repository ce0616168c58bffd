"""The rows of docs/venue.md on prices, books and money that go wrong: each kind inside its loops and symbol, and just
outside; and which faults are said to have changed something."""

from __future__ import annotations

from typing import Any

import pytest
from venue_kit import Play, at, bar, cash, fills, position, price, scenario, units

from simkit.exchange.orders import NAN_MARK, Booking, Funding, Liquidation, Order, OutsideClose
from simkit.scenario.model import (
    AccountReset,
    BadBalance,
    BadMark,
    BalanceDown,
    ClosedOutside,
    DepthGone,
    Fault,
    FeedStall,
    FundingShock,
    Latency,
    Liquidation as LiquidationFault,
    Loops,
    MarkMissing,
    OrderRefused,
    PartFill,
    PriceGap,
    RateLimit,
    Slippage,
    StaleBook,
    UndeclaredTransfer,
    VenueProfile,
    WideSpread,
    WrongBalance,
)

BOTH = ("BTCUSDT", "ETHUSDT")
HELD = (position("BTCUSDT", "LONG", 4, 100), position("ETHUSDT", "SHORT", 2, 50))


def play(*faults: Fault, venue: VenueProfile | None = None, held: tuple[Any, ...] = HELD) -> Play:
    return Play(scenario(symbols=BOTH, faults=faults, venue=venue, positions=held))


def step(of: Play, btc: float = 100, eth: float = 50) -> Any:
    return of.step(at("BTCUSDT", btc), at("ETHUSDT", eth))


def idle(of: Play) -> tuple[Fault, ...]:
    """The faults that have changed nothing."""
    return of._script.acted.without_effect


def row(of: Play, symbol: str = "BTCUSDT") -> Any:
    return next(found for found in of.venue.positions() if found.symbol == symbol)


# Prices ----------------------------------------------------------------------------------------------------


def test_a_price_gap_moves_the_whole_bar_of_its_symbol() -> None:
    of = play(PriceGap(Loops(2, 3), -0.08, "BTCUSDT"), PriceGap(Loops(2, 2), 0.5))
    step(of)
    of.step(bar("BTCUSDT", 100, 110, 90, 105), at("ETHUSDT", 50))
    assert [of.venue.mark(symbol) for symbol in BOTH] == [price(144.9), price(75)]
    tick = of.venue.told.ticks[0]
    assert (tick.open, tick.high, tick.low, tick.close) == tuple(map(price, (138, 151.8, 124.2, 144.9)))
    assert idle(of) == ()
    step(of)
    assert [of.venue.mark(symbol) for symbol in BOTH] == [price(92), price(50)]
    step(of)
    assert of.venue.mark("BTCUSDT") == price(100)


def test_a_gap_keeps_a_price_above_zero() -> None:
    of = play(PriceGap(Loops(1, 1), -0.999999999))
    step(of, btc=0.00000001)
    assert of.venue.mark("BTCUSDT") == 1


def test_a_stalled_feed_tells_the_last_mark_and_bar() -> None:
    of = play(FeedStall(Loops(2, 3), "BTCUSDT"))
    step(of)
    for btc in (90, 80):
        step(of, btc, 40)
        assert [of.venue.mark(symbol) for symbol in BOTH] == [price(100), price(40)]
        assert [tick.close for tick in of.venue.told.ticks] == [price(100), price(40)]
        assert (row(of).mark, row(of).unrealized, row(of, "ETHUSDT").unrealized) == (price(100), 0, cash(20))
    (fill,) = of.sell(1).fills
    assert (fill.price, fill.intended_price) == (price(80), price(100))
    step(of, 80, 40)
    assert (of.venue.mark("BTCUSDT"), row(of).unrealized) == (price(80), cash(-60))
    of.venue.assert_conserved()


@pytest.mark.parametrize(("first", "btc", "acts"), [(2, 99, True), (2, 100, False), (1, 99, False)])
def test_a_stalled_feed_changes_nothing_where_nothing_moved(first: int, btc: float, acts: bool) -> None:
    of = play(FeedStall(Loops(first, first), "BTCUSDT"))
    for usd in (100, btc)[:first]:
        step(of, usd)
    assert (idle(of) == ()) is acts


@pytest.mark.parametrize(("what", "told"), [("nan", NAN_MARK), ("zero", 0), ("negative", -price(90))])
def test_a_bad_mark_is_told_and_not_traded(what: Any, told: int) -> None:
    of = play(BadMark(Loops(2, 2), what, "BTCUSDT"))
    step(of)
    step(of, 90)
    assert [of.venue.mark(symbol) for symbol in BOTH] == [told, price(50)]
    assert (row(of).mark, [tick.mark for tick in of.venue.told.ticks]) == (told, [None, price(50)])
    (fill,) = of.sell(1).fills
    assert (fill.price, fill.intended_price, idle(of)) == (price(90), price(90), ())
    step(of, 90)
    assert of.venue.mark("BTCUSDT") == price(90)


# Books -----------------------------------------------------------------------------------------------------


def test_a_stale_book_fills_takers_at_the_prices_before_it() -> None:
    of = play(StaleBook(Loops(2, 3), "BTCUSDT"))
    step(of)
    for btc in (90, 80):
        step(of, btc, 40)
        assert [of.buy(1).fills[0].price, of.buy(1, symbol="ETHUSDT").fills[0].price] == [
            price(100),
            price(40),
        ]
        assert of.buy(1, limit=95).ack.status == "NEW"
    step(of, 80)
    assert of.buy(1).fills[0].price == price(80)
    of.venue.assert_conserved()


@pytest.mark.parametrize(("btc", "acts"), [(90, True), (100, False)])
def test_a_stale_book_of_the_same_price_changes_nothing(btc: float, acts: bool) -> None:
    of = play(StaleBook(Loops(2, 2)))
    step(of)
    step(of, btc)
    of.buy(1)
    assert (idle(of) == ()) is acts


def test_a_wide_spread_is_paid_and_told() -> None:
    of = play(WideSpread(Loops(2, 2), 80.0, "BTCUSDT"), venue=VenueProfile(spread_bps=10))
    step(of)
    assert of.buy(1).fills[0].price == price(100.05)
    step(of)
    assert [of.venue.spread_bps(symbol) for symbol in BOTH] == [80, 10]
    assert [of.buy(1).fills[0].price, of.sell(1).fills[0].price] == [price(100.4), price(99.6)]
    assert of.buy(1, limit=100.3).ack.status == "NEW"
    assert of.buy(1, symbol="ETHUSDT").fills[0].price == price(50.025)


def test_without_depth_nothing_fills_at_once() -> None:
    of = play(DepthGone(Loops(2, 2), "BTCUSDT"))
    step(of)
    step(of)
    market, limit = of.buy(1), of.buy(1, limit=101)
    assert [(a.ack.status, a.ack.cause, a.fills) for a in (market, limit)] == [
        ("EXPIRED", "no_depth", ()), ("NEW", "", ()),
    ]  # fmt: skip
    assert of.buy(1, symbol="ETHUSDT").ack.status == "FILLED"
    assert [fill.qty for fill in fills(step(of))] == [units(1)]
    assert of.buy(1).ack.status == "FILLED"


def test_a_part_is_filled_per_loop() -> None:
    of = play(PartFill(Loops(2, 3), 0.4, "BTCUSDT"))
    step(of)
    of.buy(10, limit=95)
    step(of)
    assert [(a.ack.status, a.ack.filled_qty) for a in (of.buy(5), of.buy(5, symbol="ETHUSDT"))] == [
        ("PARTIALLY_FILLED", units(2)), ("FILLED", units(5)),
    ]  # fmt: skip
    assert [fill.qty for fill in fills(step(of, 95))] == [units(4)]
    assert [fill.qty for fill in fills(step(of, 95))] == [units(6)]


def test_beyond_the_rate_limit_orders_are_rejected() -> None:
    of = play(RateLimit(Loops(2, 2), 2))
    for _ in range(2):
        step(of)
        answers = [of.buy(1).ack, of.buy(1, symbol="ETHUSDT").ack, of.buy(1).ack]
    assert [(a.status, a.cause) for a in answers] == [
        ("FILLED", ""),
        ("FILLED", ""),
        ("REJECTED", "rate_limited"),
    ]
    step(of)
    assert of.buy(1).ack.status == "FILLED"


def test_an_order_between_two_loops_counts_in_the_one_it_was_sent_in() -> None:
    of = play(RateLimit(Loops(1, 1), 1))
    step(of)
    of.buy(1)
    for number in (1, 2):
        of.venue.submit_at(
            Order(f"l-{number}", "l", "BTCUSDT", "BUY", "LONG", units(1), False, "entry"), 1_000_000
        )
    assert fills(step(of)) == []


# Money -----------------------------------------------------------------------------------------------------


def test_a_funding_shock_is_paid_in_each_loop_in_place_of_the_rate() -> None:
    of = play(
        FundingShock(Loops(2, 3), 300.0, "BTCUSDT"), venue=VenueProfile(funding_bps=10, funding_every=2)
    )
    paid = [[event.amount for event in step(of) if isinstance(event, Funding)] for _ in range(4)]
    assert paid == [[], [cash(-12), cash(0.1)], [cash(-12)], [cash(-0.4), cash(0.1)]]
    assert idle(of) == ()


def test_the_rate_of_a_shock_is_told() -> None:
    of = play(FundingShock(Loops(1, 1), -300.0, "BTCUSDT"))
    step(of)
    assert [of.venue.funding_rate(symbol) for symbol in BOTH] == [-0.03, 0]
    step(of)
    assert of.venue.funding_rate("BTCUSDT") == 0


def test_a_liquidation_closes_at_the_mark_and_takes_the_fee() -> None:
    of = play(LiquidationFault(Loops(2, 2), "BTCUSDT", "LONG"), venue=VenueProfile(taker_fee_bps=10))
    step(of)
    (event,) = step(of, 90)
    assert isinstance(event, Liquidation) and isinstance(event, OutsideClose)
    assert (event.key, event.qty, event.price, event.realized, event.fee) == (
        "BTCUSDT:LONG", units(4), price(90), cash(-40), cash(0.36),
    )  # fmt: skip
    assert ([found.symbol for found in of.venue.positions()], of.wallet) == (["ETHUSDT"], cash(9959.64))
    of.venue.assert_conserved()


def test_an_undeclared_transfer_is_booked_as_such() -> None:
    of = play(UndeclaredTransfer(Loops(2, 2), cash(-500)))
    step(of)
    (booking,) = step(of)
    assert isinstance(booking, Booking)
    assert (booking.kind, booking.amount, booking.declared) == ("withdraw", cash(-500), False)
    assert (list(step(of)), of.wallet, idle(of)) == ([], cash(9_500), ())
    of.venue.assert_conserved()


def test_a_bad_balance_is_no_number() -> None:
    of = play(
        BadBalance(Loops(2, 2)), WrongBalance(Loops(2, 3), cash(5_000)), WrongBalance(Loops(3, 3), cash(7))
    )
    told = []
    for _ in range(4):
        step(of)
        balance = of.venue.balance()
        told.append(None if balance is None else balance.wallet)
    assert told == [cash(10_000), None, cash(5_000), cash(10_000)]
    assert idle(of) == (WrongBalance(Loops(3, 3), cash(7)),)


# What changed something ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [
    AccountReset(Loops(2, 2), cash(10_000)), ClosedOutside(Loops(2, 2), "BTCUSDT", "SHORT"),
    LiquidationFault(Loops(2, 2), "BTCUSDT", "SHORT"), WrongBalance(Loops(2, 2), cash(10_000)),
    FundingShock(Loops(2, 2), 0.00001), Latency(Loops(2, 2), 0), Slippage(Loops(2, 2), 5.0, "ETHUSDT"),
    OrderRefused(Loops(2, 2), "ETHUSDT"), StaleBook(Loops(2, 2)), WideSpread(Loops(2, 2), 9.0, "ETHUSDT"),
    DepthGone(Loops(2, 2), "ETHUSDT"), PartFill(Loops(2, 2), 0.5, "ETHUSDT"), RateLimit(Loops(2, 2), 1),
    PriceGap(Loops(2, 2), 0.0000000001), BalanceDown(Loops(1, 1)),
])  # fmt: skip
def test_a_fault_that_changes_nothing_is_without_effect(fault: Fault) -> None:
    of = play(fault)
    step(of)
    step(of)
    of.venue.balance()
    of.buy(1)
    assert idle(of) == (fault,)


@pytest.mark.parametrize("fault", [
    AccountReset(Loops(2, 2), cash(9_999)), ClosedOutside(Loops(2, 2), "BTCUSDT", "LONG"),
    MarkMissing(Loops(2, 2), "ETHUSDT"), WrongBalance(Loops(2, 2), cash(9_999)), BalanceDown(Loops(2, 2)),
    Latency(Loops(2, 2), 1, "BTCUSDT"), Slippage(Loops(2, 2), 5.0), OrderRefused(Loops(2, 2)),
    WideSpread(Loops(2, 2), 9.0), DepthGone(Loops(2, 2)), PartFill(Loops(2, 2), 0.5), RateLimit(Loops(2, 2), 0),
])  # fmt: skip
def test_a_fault_that_changes_something_is_noted(fault: Fault) -> None:
    of = play(fault)
    step(of)
    of.buy(1)
    assert idle(of) == (fault,)
    step(of)
    of.venue.balance()
    of.buy(1)
    assert idle(of) == ()
    of.venue.assert_conserved()


def test_a_fault_that_repeats_acts_in_its_own_loops() -> None:
    of = play(DepthGone(Loops(2, 6, 2)))
    statuses = []
    for _ in range(7):
        step(of)
        statuses.append(of.buy(1).ack.status)
    assert statuses == ["FILLED", "EXPIRED"] * 3 + ["FILLED"]
