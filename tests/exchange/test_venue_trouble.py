"""The rows of docs/venue.md on account modes, orders between loops, post-only orders and trouble."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from venue_kit import PERIOD, Play, acks, at, bar, cash, fills, position, price, scenario, units

from simkit.exchange.orders import Order, OutsideClose
from simkit.scenario.model import (
    Account,
    ClosedOutside,
    Crash,
    Latency,
    Loops,
    MarkMissing,
    OrderRefused,
    PowerCut,
    Slippage,
    VenueProfile,
)

SECOND = 1_000_000


def one_way(*positions: object) -> Play:
    return Play(replace(scenario(positions=positions), account=Account(cash(10_000), mode="one_way")))


def order(name: str, qty: float = 1, **more: object) -> Order:
    return replace(Order(name, name, "BTCUSDT", "BUY", "LONG", units(qty), False, "entry"), **more)


# Modes -----------------------------------------------------------------------------------------------------


def test_a_one_way_account_tells_both_and_a_signed_quantity() -> None:
    play = one_way(position("BTCUSDT", "SHORT", 0.5, 100), position("ETHUSDT", "LONG", 2, 50))
    play.step(100)
    short, long = play.venue.positions()
    assert (short.side, short.qty, short.signed_qty) == ("BOTH", -units(0.5), -units(0.5))
    assert (short.direction, short.key) == ("SHORT", "BTCUSDT:SHORT")
    assert (long.side, long.qty, long.direction, long.key) == ("BOTH", units(2), "LONG", "ETHUSDT:LONG")


def test_a_hedge_account_tells_its_sides() -> None:
    play = Play(scenario(positions=(position("BTCUSDT", "SHORT", 0.5, 100),)))
    play.step(100)
    (short,) = play.venue.positions()
    assert (short.side, short.qty, short.signed_qty, short.direction) == (
        "SHORT", units(0.5), -units(0.5), "SHORT",
    )  # fmt: skip


def test_a_one_way_account_opens_no_other_side() -> None:
    play = one_way(position("BTCUSDT", "SHORT", 1, 100))
    play.step(100)
    refused = play.buy(1)
    assert (refused.ack.status, refused.ack.cause) == ("REJECTED", "other_side_is_open")
    assert play.order("SELL", "SHORT", 1).ack.status == "FILLED"
    assert play.order("BUY", "SHORT", 2).ack.status == "FILLED"
    assert play.venue.positions() == ()
    assert play.buy(1).ack.status == "FILLED"


def test_a_hedge_account_opens_both_sides() -> None:
    play = Play(scenario(positions=(position("BTCUSDT", "SHORT", 1, 100),)))
    play.step(100)
    assert play.buy(1).ack.status == "FILLED"


# Orders between loops --------------------------------------------------------------------------------------


def test_an_order_between_two_loops_fills_at_its_time() -> None:
    play = Play(scenario(venue=VenueProfile(latency_us=2 * SECOND)))
    play.step(100)
    play.venue.submit_at(order("late"), 20 * SECOND)
    play.venue.submit_at(order("early"), 10 * SECOND)
    assert play.venue.positions() == ()
    events = play.step(90)
    assert [(a.order.id, a.ts, a.status) for a in acks(events)] == [
        ("early", 10 * SECOND, "FILLED"), ("late", 20 * SECOND, "FILLED"),
    ]  # fmt: skip
    assert [(f.price, f.ts - f.sent_ts) for f in fills(events)] == [(price(100), 2 * SECOND)] * 2
    assert play.venue.positions()[0].qty == units(2)
    assert play.step(90) == []


@pytest.mark.parametrize("fault", [Crash(Loops(1, 1), "nav"), PowerCut(Loops(1, 1), "nav")])
def test_a_dead_executor_sends_nothing_more(fault: Crash | PowerCut) -> None:
    play = Play(scenario(faults=(fault,)))
    play.step(100)
    play.venue.submit_at(order("never"), 10 * SECOND)
    assert play.step(100) == []
    play.venue.submit_at(order("alive"), PERIOD + 10 * SECOND)
    assert len(fills(play.step(100))) == 1


def test_the_trouble_of_a_loop_also_meets_what_is_sent_after_it() -> None:
    play = Play(scenario(faults=(OrderRefused(Loops(1, 1)),)))
    play.step(100)
    play.venue.submit_at(order("refused"), 10 * SECOND)
    assert [a.status for a in acks(play.step(100))] == ["REJECTED"]


# Post-only -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "limit", "status"),
    [
        ("BUY", 100.04, "NEW"),
        ("BUY", 100.05, "REJECTED"),
        ("SELL", 99.96, "NEW"),
        ("SELL", 99.95, "REJECTED"),
    ],
)
def test_a_post_only_order_never_takes(side: str, limit: float, status: str) -> None:
    play = Play(scenario(venue=VenueProfile(spread_bps=10), positions=(position("BTCUSDT", "LONG", 5, 100),)))
    play.step(100)
    answer = play.venue.submit(order("p", side=side, limit=price(limit), post_only=True))
    assert (answer.ack.status, answer.fills) == (status, ())
    assert answer.ack.cause == ("" if status == "NEW" else "post_only_would_cross")


def test_a_post_only_order_that_rests_fills_as_maker() -> None:
    play = Play(scenario(venue=VenueProfile(spread_bps=10, taker_fee_bps=5, maker_fee_bps=1)))
    play.step(100)
    play.venue.submit(order("p", limit=price(99.95), post_only=True))
    (fill,) = fills(play.step(bar("BTCUSDT", 100, 100, 99.95, 100)))
    assert (fill.price, fill.maker, fill.fee) == (price(99.95), True, cash(0.009995))


def test_the_spread_is_told() -> None:
    play = Play(scenario(venue=VenueProfile(spread_bps=10, min_notional=cash(25))))
    assert (play.venue.spread_bps("BTCUSDT"), play.venue.min_notional()) == (10, cash(25))


# Trouble ---------------------------------------------------------------------------------------------------


def test_a_latency_fault_stands_in_place_of_the_delay() -> None:
    profile = VenueProfile(latency_us=100_000, latency_jitter_us=50_000)
    play = Play(scenario(venue=profile, faults=(Latency(Loops(1, 2), 900_000),)))
    play.step(100)
    (fill,) = play.buy(1).fills
    assert fill.ts - fill.sent_ts == 900_000
    assert play.streams.unseed() == Play(scenario(venue=profile)).streams.unseed()
    play.step(100), play.step(100)
    (later,) = play.buy(1).fills
    assert 100_000 <= later.ts - later.sent_ts <= 150_000


def test_a_slippage_fault_makes_takers_pay() -> None:
    play = Play(scenario(venue=VenueProfile(spread_bps=10), faults=(Slippage(Loops(1, 1), 20.0),)))
    play.step(100)
    assert [play.buy(1).fills[0].price, play.sell(1).fills[0].price] == [price(100.25), price(99.75)]
    play.step(100)
    assert play.buy(1).fills[0].price == price(100.05)


def test_a_limit_holds_under_slippage() -> None:
    play = Play(scenario(faults=(Slippage(Loops(1, 2), 20.0),)))
    play.step(100)
    assert play.buy(1, limit=100.1).fills[0].price == price(100.1)
    play.buy(1, limit=99)
    assert [fill.price for fill in fills(play.step(bar("BTCUSDT", 100, 100, 99, 100)))] == [price(99)]


@pytest.mark.parametrize("status", ["REJECTED", "EXPIRED"])
def test_refused_orders_get_the_status_of_the_fault(status: str) -> None:
    refused = OrderRefused(Loops(2, 2), "BTCUSDT", status)
    play = Play(scenario(symbols=("BTCUSDT", "ETHUSDT"), faults=(refused,)))
    play.step(at("BTCUSDT", 100), at("ETHUSDT", 50))
    play.buy(1)
    play.buy(1, limit=99)
    events = play.step(at("BTCUSDT", 99), at("ETHUSDT", 50))
    assert len(fills(events)) == 1
    for answer in (play.buy(1), play.sell(1)):
        assert (answer.ack.status, answer.ack.cause, answer.ack.filled_qty) == (status, "refused", 0)
    assert play.buy(1, symbol="ETHUSDT").ack.status == "FILLED"


def test_a_missing_mark_stops_trading_in_its_symbol() -> None:
    faults = (MarkMissing(Loops(2, 2), "BTCUSDT"),)
    play = Play(scenario(positions=(position("BTCUSDT", "LONG", 1, 100),), faults=faults))
    play.step(110)
    play.sell(1, limit=120)
    assert play.step(120) == []
    assert play.venue.mark("BTCUSDT") is None
    (row,) = play.venue.positions()
    assert (row.mark, row.unrealized) == (None, cash(10))
    assert play.buy(1).ack.cause == "no_mark"
    events = play.step(120)
    assert [fill.price for fill in fills(events)] == [price(120)]


def test_a_position_closed_outside_leaves_at_its_mark() -> None:
    faults = (ClosedOutside(Loops(2, 4), "BTCUSDT", "SHORT"),)
    play = Play(scenario(positions=(position("BTCUSDT", "SHORT", 2, 100),), faults=faults))
    play.step(100)
    (closed,) = play.step(97)
    assert isinstance(closed, OutsideClose)
    assert (closed.key, closed.qty, closed.price, closed.realized) == (
        "BTCUSDT:SHORT", units(2), price(97), cash(6),
    )  # fmt: skip
    assert (play.venue.positions(), play.wallet) == ((), cash(10_006))
    play.order("SELL", "SHORT", 1)
    assert play.step(97) == []
    play.venue.assert_conserved()


def test_nothing_is_closed_outside_where_nothing_is_open() -> None:
    play = Play(scenario(faults=(ClosedOutside(Loops(1, 1), "BTCUSDT", "LONG"),)))
    assert play.step(100) == []


def test_the_first_fault_of_a_symbol_counts() -> None:
    faults = (Slippage(Loops(1, 1), 5.0, "ETHUSDT"), Slippage(Loops(1, 1), 10.0), Slippage(Loops(1, 1), 20.0))
    play = Play(scenario(symbols=("BTCUSDT", "ETHUSDT"), faults=faults))
    play.step(at("BTCUSDT", 100), at("ETHUSDT", 100))
    assert play.buy(1).fills[0].price == price(100.1)
    assert play.buy(1, symbol="ETHUSDT").fills[0].price == price(100.05)
