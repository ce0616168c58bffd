"""Money and quantity come from somewhere, whatever is ordered and wherever prices go."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from venue_kit import Play, cash, fills, price, scenario, units

from simkit.core.numeric import PRICE, QTY, USD
from simkit.exchange.audit import ConservationError
from simkit.exchange.orders import Ack, Booking, Fill, Funding, Order
from simkit.market.ticks import Tick
from simkit.scenario.model import AccountReset, Loops, OpeningPosition, Step, Transfer, VenueProfile

SYMBOLS = ("ADAUSDT", "BTCUSDT")
PRICES = st.integers(1, 200_000 * PRICE)
QTYS = st.integers(1, 1_000 * QTY)


@st.composite
def bars(draw: Any, symbol: str) -> Tick:
    low, a, b, high = sorted(draw(st.lists(PRICES, min_size=4, max_size=4)))
    start, end = (a, b) if draw(st.booleans()) else (b, a)
    return Tick(
        symbol, start, high, low, end, draw(st.sampled_from([end, end, end, None])), draw(st.booleans())
    )


@st.composite
def profiles(draw: Any) -> VenueProfile:
    return VenueProfile(
        taker_fee_bps=draw(st.sampled_from([0.0, 4.5])), maker_fee_bps=draw(st.sampled_from([0.0, -0.7])),
        spread_bps=draw(st.sampled_from([0.0, 3.3])), depth_usd=draw(st.sampled_from([0, 5_000 * USD])),
        latency_jitter_us=draw(st.sampled_from([0, 1_000])), max_fill_frac=draw(st.sampled_from([1.0, 0.3])),
        funding_bps=draw(st.sampled_from([0.0, 1.0, -1.0])), funding_every=draw(st.sampled_from([1, 3])),
        min_notional=draw(st.sampled_from([0, 10 * USD])),
    )  # fmt: skip


ORDERS = st.tuples(
    st.sampled_from(SYMBOLS), st.sampled_from(["BUY", "SELL"]), st.sampled_from(["LONG", "SHORT"]), QTYS,
    st.booleans(), st.one_of(st.none(), PRICES),
)  # fmt: skip
LOOPS = st.lists(
    st.tuples(bars("ADAUSDT"), bars("BTCUSDT"), st.lists(ORDERS, max_size=3), st.booleans()),
    min_size=1,
    max_size=8,
)


def run(profile: VenueProfile, loops: list[Any], scripted: bool) -> tuple[list[Any], Play]:
    """All events of a run, and the venue after it."""
    what = scenario(
        symbols=SYMBOLS, venue=profile,
        nav=(Step(1, 10_000 * USD), Step(5, 9_000 * USD)) if scripted else (),
        positions=(OpeningPosition("BTCUSDT", "LONG", 3 * QTY + 1, 100 * PRICE + 7),),
        events=(Transfer(2, 77 * USD),) if scripted else (),
        faults=(AccountReset(Loops(3, 4), 5_000 * USD),) if scripted else (),
    )  # fmt: skip
    play, told, number = Play(what), [], 0
    for ada, btc, orders, cancels in loops:
        told += play.step(ada, btc)
        for symbol, side, position_side, qty, reduce_only, limit in orders:
            number += 1
            order = Order(f"o-{number}", "i", symbol, side, position_side, qty, reduce_only, "entry", limit)
            answer = play.venue.submit(order)
            told += [answer.ack, *answer.fills]
            if cancels and (ack := play.venue.cancel(answer.ack.venue_id)):
                told.append(ack)
    return told, play


@settings(deadline=None, derandomize=True, max_examples=120)
@given(profiles(), LOOPS, st.booleans())
def test_money_and_quantity_are_conserved(profile: VenueProfile, loops: list[Any], scripted: bool) -> None:
    told, play = run(profile, loops, scripted)
    play.venue.assert_conserved()
    wallet, open_qty = 10_000 * USD, {"BTCUSDT:LONG": 3 * QTY + 1}
    for event in told:
        if isinstance(event, Fill):
            wallet += event.realized - event.fee
            assert event.position_before == open_qty.get(event.order.key, 0)
            open_qty[event.order.key] = event.position_after
            assert abs(event.position_after - event.position_before) == event.qty > 0
        elif isinstance(event, Funding | Booking):
            wallet += event.amount
        else:
            assert 0 <= event.filled_qty <= max(0, event.order.qty)
    assert play.wallet == wallet
    assert {row.key: row.qty for row in play.venue.positions()} == {
        key: qty for key, qty in open_qty.items() if qty
    }
    assert [event.seq for event in told] == list(range(1, len(told) + 1))


@settings(deadline=None, derandomize=True, max_examples=40)
@given(profiles(), LOOPS)
def test_the_same_inputs_tell_the_same_events(profile: VenueProfile, loops: list[Any]) -> None:
    first, second = run(profile, loops, True), run(profile, loops, True)
    assert first[0] == second[0]
    assert first[1].venue.positions() == second[1].venue.positions()
    assert first[1].streams.unseed() == second[1].streams.unseed()


@settings(deadline=None, derandomize=True, max_examples=120)
@given(profiles(), LOOPS)
def test_open_pnl_agrees_with_mark_and_entry_within_the_contract(
    profile: VenueProfile, loops: list[Any]
) -> None:
    """INV-P04 with the tolerance of surfaces.md 1.0: half a price quantum x qty, half a money quantum."""
    _, play = run(profile, loops, False)
    for row in play.venue.positions():
        if row.mark is None:
            continue
        direction = 1 if row.side == "LONG" else -1
        exact = Fraction(direction * (row.mark - row.entry) * row.qty, 10**10)
        assert abs(row.unrealized - exact) <= Fraction(row.qty, 2 * 10**10) + Fraction(1, 2)


@settings(deadline=None, derandomize=True, max_examples=120)
@given(
    st.lists(st.tuples(PRICES, QTYS, st.booleans()), min_size=1, max_size=12),
    st.sampled_from(["LONG", "SHORT"]),
)
def test_realized_and_open_pnl_add_up_to_the_cash_flow(
    trades: list[tuple[int, int, bool]], side: Any
) -> None:
    """Without fees, equity - cash = worth of the position - what was paid for it; half a quantum per fill."""
    play, paid, count = Play(), 0, 0
    opening, reducing = ("BUY", "SELL") if side == "LONG" else ("SELL", "BUY")
    for number, (usd, qty, opens) in enumerate(trades):
        play.step(Tick("BTCUSDT", usd, usd, usd, usd, usd))
        order = Order(
            f"o-{number}", "i", "BTCUSDT", opening if opens else reducing, side, qty, False, "entry"
        )
        for fill in play.venue.submit(order).fills:
            paid += fill.price * fill.qty * (1 if opens else -1)
            count += 1
    held = sum(row.qty for row in play.venue.positions())
    exact = Fraction((trades[-1][0] * held - paid) * (1 if side == "LONG" else -1), 10**10)
    assert abs(play.equity - 10_000 * USD - exact) <= Fraction(count + 1, 2)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(LOOPS)
def test_the_ideal_venue_charges_nothing_and_fills_whole_orders(loops: list[Any]) -> None:
    told, _ = run(VenueProfile(), loops, False)
    for event in told:
        if isinstance(event, Fill):
            assert (event.fee, event.ts >= event.sent_ts) == (0, True)
        elif isinstance(event, Ack):
            assert event.status != "PARTIALLY_FILLED"


def test_money_from_nowhere_is_found() -> None:
    play = Play()
    play.step(100)
    play.buy(1)
    play.venue._account.wallet += 1
    with pytest.raises(
        ConservationError, match="wallet 10000000001 micro-USD, its entries add up to 10000000000"
    ):
        play.step(100)


def test_quantity_from_nowhere_is_found() -> None:
    play = Play()
    play.step(100)
    play.buy(1)
    play.venue._account.open("BTCUSDT", "LONG", price(100), units(1))
    with pytest.raises(
        ConservationError, match="BTCUSDT:LONG: 200000000 open, opening and fills add up to 100000000"
    ):
        play.venue.assert_conserved()
    with pytest.raises(ConservationError, match="the fill says 200000000 -> 300000000"):
        play.buy(1)


def test_lots_that_do_not_add_up_are_found() -> None:
    play = Play()
    play.step(100)
    play.buy(1)
    play.venue._account.holdings["BTCUSDT:LONG"].cost += 1
    with pytest.raises(ConservationError, match="the lots hold"):
        play.venue.assert_conserved()


def test_conservation_survives_a_long_run_of_small_trades() -> None:
    """Rounding never adds up beyond half a quantum per fill: 300 odd-lot round trips."""
    play = Play()
    for number in range(300):
        usd = 100 + number % 7 * 0.12345678
        play.step(usd)
        play.buy(0.00000123)
        if number % 3 == 2:
            assert fills(play.sell(0.00000369).fills)
    play.venue.assert_conserved()
    assert abs(play.equity - cash(10_000)) < 300
