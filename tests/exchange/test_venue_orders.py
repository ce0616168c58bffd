"""What becomes of an order: the rows of docs/venue.md under "Orders"."""

from __future__ import annotations

import pytest
from venue_kit import Play, acks, at, bar, cash, fills, no_mark, position, price, scenario, units

from simkit.exchange.orders import Submitted
from simkit.scenario.model import VenueProfile


def only_fill(answer: Submitted) -> tuple[int, int]:
    (fill,) = answer.fills
    return fill.price, fill.qty


def test_the_ideal_venue_fills_at_once_in_full_at_the_mark() -> None:
    play = Play()
    play.step(100)
    answer = play.buy(2)
    assert (answer.ack.status, answer.ack.filled_qty, answer.ack.cause) == ("FILLED", units(2), "")
    (fill,) = answer.fills
    assert (fill.price, fill.qty, fill.fee, fill.realized, fill.maker) == (price(100), units(2), 0, 0, False)
    assert (fill.position_before, fill.position_after) == (0, units(2))
    assert fill.ts == fill.sent_ts == 0
    assert play.wallet == cash(10_000)


@pytest.mark.parametrize(("opening", "reducing", "side"), [("BUY", "SELL", "LONG"), ("SELL", "BUY", "SHORT")])
def test_each_side_opens_and_reduces_its_own_position(opening: str, reducing: str, side: str) -> None:
    play = Play(scenario(positions=(position("BTCUSDT", "LONG" if side == "SHORT" else "SHORT", 9, 100),)))
    play.step(100)
    play.order(opening, side, 3)
    play.order(reducing, side, 1)
    key = f"BTCUSDT:{side}"
    assert {row.key: row.qty for row in play.venue.positions() if row.key == key} == {key: units(2)}
    assert [row.qty for row in play.venue.positions() if row.key != key] == [units(9)]


def test_half_the_spread_goes_against_the_taker() -> None:
    play = Play(scenario(venue=VenueProfile(spread_bps=10)))
    play.step(100)
    assert only_fill(play.buy(1))[0] == price("100.05")
    assert only_fill(play.sell(1))[0] == price("99.95")


def test_an_order_of_the_depth_moves_its_price_by_one_percent() -> None:
    play = Play(scenario(venue=VenueProfile(depth_usd=cash(1_000))))
    play.step(100)
    assert only_fill(play.buy(10))[0] == price(101)
    assert only_fill(play.buy(1))[0] == price("100.1")
    assert only_fill(play.sell(5))[0] == price("99.5")


def test_the_rest_of_a_market_order_is_cancelled() -> None:
    play = Play(scenario(venue=VenueProfile(max_fill_frac=0.25)))
    play.step(100)
    answer = play.buy(4)
    assert (answer.ack.status, answer.ack.filled_qty, answer.ack.cause) == (
        "PARTIALLY_FILLED", units(1), "rest_cancelled",
    )  # fmt: skip
    assert play.step(100) == []
    assert play.venue.positions()[0].qty == units(1)


def test_the_rest_of_a_limit_order_rests() -> None:
    play = Play(scenario(venue=VenueProfile(max_fill_frac=0.4)))
    play.step(100)
    answer = play.buy(1, limit=100)
    assert (answer.ack.status, answer.ack.filled_qty) == ("PARTIALLY_FILLED", units("0.4"))
    second, third, fourth = play.step(100), play.step(100), play.step(100)
    assert [(a.status, a.filled_qty) for a in acks([*second, *third])] == [
        ("PARTIALLY_FILLED", units("0.8")), ("FILLED", units(1)),
    ]  # fmt: skip
    assert [f.qty for f in fills([*second, *third])] == [units("0.4"), units("0.2")]
    assert fourth == []


def test_a_limit_that_reaches_the_quote_fills_at_once() -> None:
    profile = VenueProfile(spread_bps=10, taker_fee_bps=5, maker_fee_bps=1)
    play = Play(scenario(venue=profile))
    play.step(100)
    just_short, reaching = play.buy(1, limit=100.04), play.buy(1, limit=100.05)
    assert (just_short.ack.status, just_short.fills) == ("NEW", ())
    (fill,) = reaching.fills
    assert (fill.price, fill.maker, fill.fee) == (price("100.05"), False, cash("0.050025"))


def test_a_crossing_limit_is_never_filled_beyond_its_limit() -> None:
    play = Play(scenario(venue=VenueProfile(depth_usd=cash(100))))
    play.step(100)
    assert only_fill(play.buy(10, limit=101))[0] == price(101)
    assert only_fill(play.order("SELL", "SHORT", 10, limit=99))[0] == price(99)


def test_a_limit_far_beyond_the_market_fills_at_the_mark() -> None:
    play = Play()
    play.step(100)
    assert only_fill(play.buy(1, limit=150))[0] == price(100)


@pytest.mark.parametrize(
    ("low", "filled"), [(98.01, False), (98, True), (97, True)], ids=["just above", "touched", "passed"]
)
def test_a_resting_limit_fills_where_the_path_meets_it(low: float, filled: bool) -> None:
    play = Play()
    play.step(100)
    assert play.buy(1, limit=98).ack.status == "NEW"
    events = play.step(bar("BTCUSDT", 100, 103, low, 101))
    assert [fill.price for fill in fills(events)] == ([price(98)] if filled else [])
    assert [ack.status for ack in acks(events)] == (["FILLED"] if filled else [])
    assert all(fill.maker for fill in fills(events))


@pytest.mark.parametrize(("high", "filled"), [(101.99, False), (102, True)])
def test_a_resting_sale_is_met_from_below(high: float, filled: bool) -> None:
    play = Play(scenario(positions=(position("BTCUSDT", "LONG", 1, 100),)))
    play.step(100)
    play.sell(1, limit=102)
    events = play.step(bar("BTCUSDT", 100, high, 99, 100))
    assert [fill.price for fill in fills(events)] == ([price(102)] if filled else [])


def test_a_gap_fills_at_the_better_open() -> None:
    play = Play(scenario(positions=(position("BTCUSDT", "SHORT", 1, 100),)))
    play.step(100)
    play.buy(1, limit=98)
    play.order("SELL", "SHORT", 1, limit=102)
    assert [f.price for f in fills(play.step(bar("BTCUSDT", 95, 99, 94, 96)))] == [price(95)]
    assert [f.price for f in fills(play.step(bar("BTCUSDT", 104, 105, 103, 104)))] == [price(104)]


@pytest.mark.parametrize(("low_first", "expected"), [(True, ["BUY", "SELL"]), (False, ["SELL", "BUY"])])
def test_orders_fill_in_the_order_of_the_path(low_first: bool, expected: list[str]) -> None:
    play = Play(scenario(positions=(position("BTCUSDT", "LONG", 1, 100),)))
    play.step(100)
    play.sell(1, limit=102)
    play.buy(1, limit=98)
    events = play.step(bar("BTCUSDT", 100, 103, 97, 101, low_first=low_first))
    assert [fill.order.side for fill in fills(events)] == expected


def test_orders_at_one_price_fill_by_arrival_and_lower_bids_later() -> None:
    play = Play()
    play.step(100)
    ids = [play.buy(1, limit=limit).ack.venue_id for limit in (97, 98, 98)]
    events = play.step(bar("BTCUSDT", 100, 103, 96, 101))
    assert [fill.venue_id for fill in fills(events)] == [ids[1], ids[2], ids[0]]


def test_a_closing_order_on_the_path_sees_what_was_opened_before_it() -> None:
    play = Play(scenario(positions=(position("BTCUSDT", "LONG", 1, 100),)))
    play.step(100)
    play.sell(1, limit=102)
    play.buy(1, limit=98)
    (opened, closed) = fills(play.step(bar("BTCUSDT", 100, 103, 97, 101)))
    assert (opened.position_after, closed.position_before) == (units(2), units(2))
    assert closed.realized == cash(2)


def test_a_scripted_change_is_a_gap() -> None:
    play = Play()
    play.step(100)
    play.buy(1, limit=98)
    assert [fill.price for fill in fills(play.step(90))] == [price(90)]


def test_the_bar_has_volume_for_everybody() -> None:
    play = Play(scenario(wallet=1))
    play.step(100)
    play.buy(1_000_000, limit=99)
    assert [fill.qty for fill in fills(play.step(99))] == [units(1_000_000)]


@pytest.mark.parametrize(("asked", "filled"), [(2.99, 2.99), (3, 3), (3.01, 3)])
def test_a_reducing_order_is_capped_at_what_is_open(asked: float, filled: float) -> None:
    play = Play(scenario(positions=(position("BTCUSDT", "LONG", 3, 100),)))
    play.step(100)
    answer = play.sell(asked, reduce_only=True)
    assert (answer.ack.status, answer.ack.filled_qty) == ("FILLED", units(filled))
    assert sum(row.qty for row in play.venue.positions()) == units(3) - units(filled)


def test_a_resting_reduction_expires_without_a_position() -> None:
    play = Play(scenario(positions=(position("BTCUSDT", "LONG", 1, 100),)))
    play.step(100)
    resting = play.sell(1, limit=102, reduce_only=True)
    play.sell(1)
    assert play.step(101) == []
    (ack,) = play.step(103)
    assert acks([ack])[0].status == "EXPIRED"
    assert acks([ack])[0].cause == "nothing_to_reduce"
    assert play.venue.cancel(resting.ack.venue_id) is None


def test_what_the_venue_refuses() -> None:
    profile = VenueProfile(min_notional=cash(100))
    play = Play(
        scenario(
            symbols=("BTCUSDT", "ETHUSDT"), venue=profile, positions=(position("BTCUSDT", "LONG", 2, 100),)
        )
    )
    play.step(at("BTCUSDT", 100), no_mark("ETHUSDT", 50))
    refused = {
        "no_mark": play.buy(10, symbol="ETHUSDT"),
        "qty_not_positive": play.buy(0),
        "limit_not_positive": play.buy(1, limit=0),
        "nothing_to_reduce": play.order("BUY", "SHORT", 1, reduce_only=True),
        "reduce_only_would_open": play.buy(1, reduce_only=True),
        "min_notional": play.buy(0.999),
    }
    for cause, answer in refused.items():
        assert (answer.ack.status, answer.ack.cause, answer.fills) == ("REJECTED", cause, ())
    assert play.buy(1, symbol="NOSUCH").ack.cause == "no_mark"
    assert play.buy(1).ack.status == "FILLED"
    assert play.sell(0.001).ack.status == "FILLED", "the minimum binds no reducing order"
    assert play.wallet == cash(10_000)


def test_an_opening_limit_is_measured_at_its_limit() -> None:
    play = Play(scenario(venue=VenueProfile(min_notional=cash(95))))
    play.step(100)
    assert play.buy(1, limit=94).ack.cause == "min_notional"
    assert play.buy(1, limit=95).ack.status == "NEW"


def test_the_delay_lies_before_the_loop() -> None:
    play = Play(scenario(venue=VenueProfile(latency_us=120_000)))
    play.step(100)
    play.step(100)
    (fill,) = play.buy(1).fills
    assert (fill.ts, fill.sent_ts) == (60_000_000, 60_000_000 - 120_000)
    resting = play.buy(1, limit=90)
    (late,) = fills(play.step(90))
    assert (late.ts, late.sent_ts) == (120_000_000, 60_000_000 - 120_000)
    assert resting.ack.ts == 60_000_000


def delays(seed: int, *, other_symbol_trades: bool) -> list[int]:
    profile = VenueProfile(latency_us=1_000, latency_jitter_us=500)
    play = Play(scenario(symbols=("BTCUSDT", "ETHUSDT"), venue=profile, seed=seed))
    found = []
    for _ in range(20):
        play.step(at("BTCUSDT", 100), at("ETHUSDT", 50))
        if other_symbol_trades:
            play.buy(1, symbol="ETHUSDT")
        (fill,) = play.buy(1).fills
        found.append(fill.ts - fill.sent_ts)
    return found


def test_jitter_is_drawn_per_symbol_and_within_its_bounds() -> None:
    alone = delays(7, other_symbol_trades=False)
    assert alone == delays(7, other_symbol_trades=True), "another symbol's draws shift nothing"
    assert alone != delays(8, other_symbol_trades=False)
    assert all(1_000 <= delay <= 1_500 for delay in alone)
    assert len(set(alone)) > 5


def test_the_intended_price_is_the_mark_or_the_limit() -> None:
    play = Play(scenario(venue=VenueProfile(spread_bps=10)))
    play.step(100)
    assert play.buy(1).fills[0].intended_price == price(100)
    assert play.buy(1, limit=150).fills[0].intended_price == price(100)
    play.buy(1, limit=98)
    assert fills(play.step(97))[0].intended_price == price(98)


def test_equity_may_fall_below_zero() -> None:
    play = Play(scenario(wallet=10))
    play.step(100)
    play.buy(1)
    play.step(50)
    assert play.equity == cash(-40)
    play.sell(1)
    assert play.wallet == cash(-40)
    play.venue.assert_conserved()


def test_a_cancelled_order_is_gone() -> None:
    play = Play()
    play.step(100)
    venue_id = play.buy(1, limit=90).ack.venue_id
    ack = play.venue.cancel(venue_id)
    assert ack is not None
    assert (ack.status, ack.filled_qty) == ("CANCELED", 0)
    assert play.venue.cancel(venue_id) is None
    assert play.venue.cancel("v-404") is None
    assert play.step(80) == []


def test_ids_and_sequence_are_functions_of_the_inputs() -> None:
    def told() -> list[object]:
        play = Play(scenario(venue=VenueProfile(latency_jitter_us=900, taker_fee_bps=3)))
        play.step(100)
        first, second = play.buy(1), play.sell(1, limit=101)
        return [first.ack, *first.fills, second.ack, *play.step(102), *play.step(90)]

    events = told()
    assert events == told()
    assert [event.seq for event in events] == [1, 2, 3, 4, 5]  # type: ignore[attr-defined]
    assert [event.trade_id for event in fills(events)] == ["t-2", "t-5"]  # type: ignore[arg-type]
    assert [event.venue_id for event in acks(events)] == ["v-1", "v-3", "v-3"]  # type: ignore[arg-type]
