"""What the harness tells the rules, and ranges of loops."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st
from judge_world import a_veto, loops, record, scenario

from simkit.contract.table import ORDERS_LOG, VETO_LOG
from simkit.core.clock import DAY_US
from simkit.core.files import SurfaceWrite
from simkit.core.numeric import PRICE, QTY, USD
from simkit.exchange.orders import Ack, Booking, Fill, Funding, Order, VenuePosition
from simkit.executor.port import LoopOutput
from simkit.judge.spans import Spans, merged, spelled, without
from simkit.judge.truth import Witness
from simkit.market.ticks import Tick
from simkit.scenario.model import BalanceDown, Fault, Loops, PastCloses, ResetPeak, Signal, WriteFails


def an_order(name: str = "o1", **changes: Any) -> Order:
    given = {
        "id": name,
        "intent_id": "i1",
        "symbol": "BTCUSDT",
        "side": "BUY",
        "position_side": "LONG",
        "qty": 2 * QTY,
        "reduce_only": False,
        "reason": "entry",
        **changes,
    }
    return Order(**given)


def an_ack(order: Order, status: Any = "FILLED") -> Ack:
    return Ack(1, 0, order, f"v-{order.id}", status, order.qty)


def a_fill(order: Order, qty: int, **money: int) -> Fill:
    given = {"fee": 0, "realized": 0, **money}
    return Fill(
        2,
        0,
        "t1",
        f"v-{order.id}",
        order,
        101 * PRICE,
        qty,
        given["fee"],
        given["realized"],
        0,
        qty,
        100 * PRICE,
        0,
    )


def told(**changes: Any) -> Any:
    return Witness(scenario()).truth(record(1, **changes))


def output(*events: Any, **changes: Any) -> LoopOutput:
    given = {"events": events, "vetoes": (), "signals": (), "exits": (), **changes}
    return LoopOutput(**given)


def test_the_day_is_that_of_the_clock_or_of_the_label() -> None:
    midnight = 20_094 * DAY_US
    assert told(ts=midnight - 1).day == 20_093
    assert told(ts=midnight).day == 20_094
    assert told(ts=midnight, label=14_000 * DAY_US + 5).day == 14_000


def test_positions_are_signed() -> None:
    rows = [
        VenuePosition("BTCUSDT", "LONG", 3 * QTY, PRICE, PRICE, 0, 0),
        VenuePosition("ETHUSDT", "SHORT", QTY // 2, PRICE, PRICE, 0, 0),
        VenuePosition("SOLUSDT", "LONG", 0, PRICE, PRICE, 0, 0),
    ]
    assert told(positions=rows).positions == {"BTCUSDT:LONG": 3.0, "ETHUSDT:SHORT": -0.5}


def test_an_order_counts_once_by_its_first_answer() -> None:
    order, refused = an_order(), an_order("o2", intent_id="i2")
    events = (
        an_ack(order, "NEW"),
        an_ack(order),
        an_ack(refused, "REJECTED"),
        an_ack(an_order("o3"), "CANCELED"),
    )
    orders = told(output=output(*events)).orders
    assert [(o.intent_id, o.accepted, o.qty, o.child) for o in orders] == [
        ("i1", True, 2.0, False),
        ("i2", False, 2.0, False),
    ]


def test_a_fill_changes_the_position_by_its_side_and_carries_its_money() -> None:
    sell = an_order(side="SELL", reduce_only=True, reason="tp")
    truth = told(output=output(an_ack(sell), a_fill(sell, QTY, fee=USD // 4, realized=3 * USD)))
    (fill,) = truth.fills
    assert (fill.key, fill.change, fill.price, fill.intended_price) == ("BTCUSDT:LONG", -1.0, 101.0, 100.0)
    assert (fill.fee, fill.realized, fill.reason, fill.reduce_only) == (0.25, 3.0, "tp", True)
    assert truth.orders[0].price == 100.0


def test_fills_of_resting_orders_count_and_their_orders_do_not_again() -> None:
    order = an_order(limit=99 * PRICE)
    truth = told(venue_events=(an_ack(order), a_fill(order, QTY)))
    assert truth.orders == ()
    assert len(truth.fills) == 1


def test_only_declared_money_flows() -> None:
    events = (
        Funding(1, 0, "BTCUSDT:LONG", -2 * USD),
        Booking(2, 0, "deposit", 10 * USD),
        Booking(3, 0, "declared_income", USD),
        Booking(4, 0, "account_reset", -5000 * USD, declared=False),
    )
    assert told(venue_events=events).flows == 9.0


@pytest.mark.parametrize(
    ("faults", "written", "orders", "vetoes"),
    [
        ((), (), 1, 1),
        ((WriteFails(Loops(1, 1), "all"),), (), 0, 0),
        ((WriteFails(Loops(1, 1), "logs"),), (VETO_LOG,), 0, 1),
        ((WriteFails(Loops(1, 1), "nav"),), (ORDERS_LOG, VETO_LOG), 1, 1),
    ],
)
def test_what_a_log_refused_is_not_logged(
    faults: tuple[Fault, ...], written: tuple[str, ...], orders: int, vetoes: int
) -> None:
    order = an_order()
    truth = told(
        output=output(
            an_ack(order), a_fill(order, QTY), Funding(1, 0, "BTCUSDT:LONG", USD), vetoes=(a_veto("x"),)
        ),
        faults=faults,
        writes=[SurfaceWrite(1, 1, path, "executor", b"{}", "append") for path in written],
    )
    assert (len(truth.orders), len(truth.fills), len(truth.vetoes)) == (orders, orders, vetoes)
    assert truth.flows == 1.0  # the account knows


def test_a_fill_carries_its_time() -> None:
    order = an_order()
    (fill,) = told(venue_events=(msgspec.structs.replace(a_fill(order, QTY), ts=7),)).fills
    assert fill.ts == 7


def test_closes_are_told_and_with_the_first_those_before_it() -> None:
    case = scenario(past=(PastCloses("BTCUSDT", (98 * PRICE, 99 * PRICE)),))
    witness, tick = Witness(case), Tick("BTCUSDT", 0, 0, 0, 101 * PRICE // 2, None)
    assert witness.truth(record(1, ticks=(tick,))).closes == {"BTCUSDT": (98.0, 99.0, 50.5)}
    assert witness.truth(record(2, ticks=(tick,))).closes == {"BTCUSDT": (50.5,)}


def test_events_and_faults_are_told() -> None:
    plain = told()
    assert (plain.reset_peak, plain.nav_read_live, plain.new_run, plain.synced) == (False, True, True, True)
    special = told(events=(ResetPeak(1),), faults=(BalanceDown(Loops(1, 2)),), synced=False)
    assert (special.reset_peak, special.nav_read_live, special.synced) == (True, False, False)


def test_vetoes_signals_and_exits_are_told() -> None:
    truth = told(output=output(vetoes=(a_veto("i9"),), signals=("i9",), exits=("x1",)))
    assert [(v.intent_id, v.reason) for v in truth.vetoes] == [("i9", "max_concurrent")]
    assert (truth.signals, truth.exits) == (("i9",), ("x1",))


def test_an_intent_that_asked_for_no_level_exempts_its_key_until_it_is_gone() -> None:
    witness, key = Witness(scenario()), "BTCUSDT:LONG"
    held = [VenuePosition("BTCUSDT", "LONG", QTY, PRICE, PRICE, 0, 0)]
    ask = Signal(1, "i1", "open", "BTCUSDT", "LONG", qty=QTY, levels="none")
    silent = Signal(1, "i2", "open", "ETHUSDT", "LONG", qty=QTY)
    loops_: list[tuple[dict[str, Any], bool]] = [
        ({"signals": (ask, silent)}, True),
        ({"positions": held}, True),
        ({"positions": held}, True),
        ({}, False),
        ({"positions": held}, False),
    ]
    for number, (changes, exempt) in enumerate(loops_, 1):
        assert (key in witness.truth(record(number, **changes)).seeding_off) is exempt, number


# Spans -----------------------------------------------------------------------------------------------------

SETS = st.sets(st.integers(1, 30))


def spans_of(numbers: set[int]) -> tuple[Loops, ...]:
    spans = Spans()
    for number in sorted(numbers):
        spans.add(number)
        spans.add(number)
    assert spans.count == len(numbers)
    return spans.ranges()


def numbers_of(ranges: tuple[Loops, ...]) -> set[int]:
    return {n for span in ranges for n in range(span.first, span.last + 1)}


@settings(deadline=None, derandomize=True, max_examples=100)
@given(SETS, SETS)
def test_ranges_are_sets(a: set[int], b: set[int]) -> None:
    assert numbers_of(spans_of(a)) == a
    assert numbers_of(without(spans_of(a), spans_of(b))) == a - b
    assert merged((*spans_of(a), *spans_of(b)), 20) == spans_of({n for n in a | b if n <= 20})


@pytest.mark.parametrize(
    ("ranges", "text"),
    [((), ""), ((loops(3),), "L3"), ((loops(3, 5), loops(8)), "L3..L5, L8")],
)
def test_ranges_are_spelled_like_in_a_scenario(ranges: tuple[Loops, ...], text: str) -> None:
    assert spelled(ranges) == text


def test_many_ranges_are_cut_short() -> None:
    assert spelled([loops(n) for n in range(1, 40, 2)]).endswith("L19 and 10 more")
