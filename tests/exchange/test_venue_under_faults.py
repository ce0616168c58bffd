"""Money and quantity come from somewhere under every fault of market and venue; what comes twice came once before."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings, strategies as st
from venue_kit import Play, cash, scenario

from simkit.core.numeric import PRICE, QTY, USD
from simkit.exchange.orders import Ack, Booking, Fill, Funding, Liquidation, Order, OutsideClose
from simkit.market.ticks import Tick
from simkit.scenario import model as m

SYMBOLS = ("ADAUSDT", "BTCUSDT")
PRICES = st.integers(1, 1_000 * PRICE)
QTYS = st.integers(1, 100 * QTY)
LAST = 6


@st.composite
def faults(draw: Any) -> m.Fault:
    """Any kind of the family, in any loops, for one symbol or all."""
    first = draw(st.integers(1, LAST))
    at = m.Loops(first, draw(st.integers(first, LAST)), draw(st.sampled_from([1, 1, 2])))
    one = draw(st.sampled_from(["", *SYMBOLS]))
    symbol, side = draw(st.sampled_from(SYMBOLS)), draw(st.sampled_from(["LONG", "SHORT"]))
    return draw(st.sampled_from([
        m.PriceGap(at, draw(st.sampled_from([-0.9, -0.08, 0.5])), one), m.FeedStall(at, one),
        m.BadMark(at, draw(st.sampled_from(["nan", "negative", "zero"])), one), m.MarkMissing(at, symbol),
        m.WrongBalance(at, 5_000 * USD), m.BalanceDown(at), m.BadBalance(at), m.AccountReset(at, 5_000 * USD),
        m.FundingShock(at, draw(st.sampled_from([-300.0, 300.0])), one), m.ClosedOutside(at, symbol, side),
        m.Liquidation(m.Loops(first, first), symbol, side), m.UndeclaredTransfer(m.Loops(first, first), -7 * USD),
        m.Latency(at, 900, one), m.Slippage(at, 20.0, one), m.StaleBook(at, one), m.WideSpread(at, 80.0, one),
        m.OrderRefused(at, one, "EXPIRED"), m.DepthGone(at, one), m.PartFill(at, 0.4, one), m.RateLimit(at, 1),
        m.AckFault(at, draw(st.sampled_from(["lost", "late", "duplicated"])), one),
        m.FillFault(at, draw(st.sampled_from(["lost", "late", "duplicated", "out_of_order"])), one),
    ]))  # fmt: skip


@st.composite
def bars(draw: Any, symbol: str) -> Tick:
    low, a, b, high = sorted(draw(st.lists(PRICES, min_size=4, max_size=4)))
    return Tick(symbol, a, high, low, b, b, draw(st.booleans()))


ORDERS = st.tuples(
    st.sampled_from(SYMBOLS), st.sampled_from(["BUY", "SELL"]), st.sampled_from(["LONG", "SHORT"]), QTYS,
    st.one_of(st.none(), PRICES), st.booleans(),
)  # fmt: skip
LOOPS = st.lists(
    st.tuples(bars("ADAUSDT"), bars("BTCUSDT"), st.lists(ORDERS, max_size=3)), min_size=LAST, max_size=LAST
)
VENUE = m.VenueProfile(
    taker_fee_bps=5.0, maker_fee_bps=-1.0, spread_bps=3.0, funding_bps=1.0, funding_every=2
)


def run(planned: list[m.Fault], loops: list[Any]) -> tuple[list[Any], Play]:
    """Everything that an executor hears, and the venue after it."""
    held = (m.OpeningPosition("BTCUSDT", "LONG", 3 * QTY + 1, 100 * PRICE + 7),)
    play = Play(scenario(symbols=SYMBOLS, venue=VENUE, positions=held, faults=tuple(planned)))
    heard: list[Any] = []
    for number, (ada, btc, orders) in enumerate(loops):
        heard += play.step(ada, btc)
        heard += [("again", event) for event in play.venue.again]
        for place, (symbol, side, position_side, qty, limit, later) in enumerate(orders):
            order = Order(f"o-{number}-{place}", "i", symbol, side, position_side, qty, False, "entry", limit)
            if later:
                play.venue.submit_at(order, number * 60_000_000 + 1_000_000)
                continue
            answer = play.venue.submit(order)
            heard += [*([] if answer.ack is None else [answer.ack]), *answer.fills]
        heard += [play.venue.balance(), *play.venue.positions(), play.venue.told]
    return heard, play


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(faults(), min_size=1, max_size=5), LOOPS)
def test_money_and_quantity_are_conserved_under_every_fault(planned: list[m.Fault], loops: list[Any]) -> None:
    heard, play = run(planned, loops)
    play.venue.assert_conserved()
    once = [event for event in heard if isinstance(event, Ack | Fill | Funding | Booking | OutsideClose)]
    assert len({event.seq for event in once}) == len(once)
    twice = [event[1] for event in heard if isinstance(event, tuple)]
    assert all(event in once for event in twice)
    if not any(isinstance(fault, m.FillFault) and fault.how in ("lost", "late", "out_of_order")
               for fault in planned):  # fmt: skip
        wallet = cash(10_000)
        for event in once:
            if isinstance(event, Fill | OutsideClose):
                fee = event.fee if isinstance(event, Fill | Liquidation) else 0
                wallet += event.realized - fee
            elif isinstance(event, Funding | Booking):
                wallet += event.amount
        assert play.venue._account.wallet == wallet


@settings(deadline=None, derandomize=True, max_examples=15)
@given(st.lists(faults(), min_size=1, max_size=5), LOOPS)
def test_the_same_faults_tell_the_same(planned: list[m.Fault], loops: list[Any]) -> None:
    first, second = run(planned, loops), run(planned, loops)
    assert first[0] == second[0]
    assert first[1]._script.acted.without_effect == second[1]._script.acted.without_effect
