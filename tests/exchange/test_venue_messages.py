"""The rows of docs/venue.md on messages: what the executor hears of what the venue does."""

from __future__ import annotations

from typing import Any

import pytest
from venue_kit import Play, acks, at, fills, scenario, units

from simkit.exchange.orders import Order
from simkit.scenario.model import AckFault, Crash, Fault, FillFault, Loops

BOTH = ("BTCUSDT", "ETHUSDT")


def play(*faults: Fault) -> Play:
    return Play(scenario(symbols=BOTH, faults=faults))


def step(of: Play, btc: float = 100) -> Any:
    return of.step(at("BTCUSDT", btc), at("ETHUSDT", 50))


def idle(of: Play) -> tuple[Fault, ...]:
    return of._script.acted.without_effect


@pytest.mark.parametrize("how", ["lost", "late"])
def test_an_answer_that_does_not_come_at_once_is_none(how: Any) -> None:
    of = play(AckFault(Loops(2, 2), how, "BTCUSDT"))
    step(of)
    assert of.buy(1).ack is not None
    step(of)
    lost, other = of.buy(1), of.buy(1, symbol="ETHUSDT")
    assert lost.ack is None and len(lost.fills) == 1 and other.ack is not None
    assert [ack.order.symbol for ack in of.venue.unanswered] == ["BTCUSDT"]
    assert [ack.status for ack in acks(step(of))] == (["FILLED"] if how == "late" else [])
    assert (list(of.venue.unanswered), idle(of)) == ([], ())
    assert of.buy(1).ack is not None
    of.venue.assert_conserved()


@pytest.mark.parametrize(("how", "heard"), [("lost", 0), ("late", 1)])
def test_a_fill_that_does_not_come_at_once_has_happened(how: Any, heard: int) -> None:
    of = play(FillFault(Loops(2, 2), how, "BTCUSDT"))
    step(of)
    step(of)
    answer = of.buy(1)
    assert answer.ack is not None
    assert (answer.ack.status, answer.ack.filled_qty, answer.fills) == ("FILLED", units(1), ())
    assert of.venue.positions()[0].qty == units(1)
    assert len(of.buy(1, symbol="ETHUSDT").fills) == 1
    late = fills(step(of))
    assert [fill.ts for fill in late] == [60_000_000] * heard
    assert (idle(of), fills(step(of))) == ((), [])
    of.venue.assert_conserved()


@pytest.mark.parametrize("fault", [AckFault, FillFault])
def test_a_message_that_comes_twice_comes_again_in_the_next_loop(fault: Any) -> None:
    of = play(fault(Loops(1, 1), "duplicated"))
    step(of)
    answer = of.buy(1)
    first = answer.ack if fault is AckFault else answer.fills[0]
    assert (list(of.venue.again), len(idle(of))) == ([], 1)
    assert list(step(of)) == []
    assert (list(of.venue.again), idle(of)) == ([first], ())
    step(of)
    assert list(of.venue.again) == []


def test_fills_out_of_order_come_a_loop_later_the_last_one_first() -> None:
    of = play(FillFault(Loops(1, 1), "out_of_order"))
    step(of)
    for name in ("a", "b"):
        assert (
            of.venue.submit(Order(name, name, "BTCUSDT", "BUY", "LONG", units(1), False, "entry")).fills == ()
        )
    assert [fill.order.id for fill in fills(step(of))] == ["b", "a"]
    assert idle(of) == ()


def test_one_fill_cannot_be_out_of_order() -> None:
    of = play(FillFault(Loops(1, 1), "out_of_order"))
    step(of)
    of.buy(1)
    assert (len(fills(step(of))), len(idle(of))) == (1, 1)


def test_messages_of_resting_orders_and_of_orders_between_loops_are_struck_as_well() -> None:
    of = play(FillFault(Loops(1, 2), "late"))
    step(of)
    of.buy(1, limit=90)
    of.venue.submit_at(Order("t", "t", "BTCUSDT", "BUY", "LONG", units(1), False, "entry"), 20_000_000)
    events = step(of, 90)
    assert ([ack.status for ack in acks(events)], fills(events)) == (["FILLED", "FILLED"], [])
    assert [fill.order.id for fill in fills(step(of))] == ["t", "o-1"]
    of.venue.assert_conserved()


def test_a_new_executor_hears_nothing_of_what_was_under_way_to_the_old_one() -> None:
    of = play(FillFault(Loops(1, 1), "late"), AckFault(Loops(1, 1), "duplicated"), Crash(Loops(1, 1), "nav"))
    step(of)
    of.buy(1)
    assert (list(step(of)), list(of.venue.again)) == ([], [])
    assert [type(fault) for fault in idle(of)] == [AckFault, Crash]


def test_a_cancel_is_always_answered() -> None:
    of = play(AckFault(Loops(1, 2), "lost"))
    step(of)
    of.buy(1, limit=90)
    (venue_id,) = [ack.venue_id for ack in of.venue.unanswered]
    cancelled = of.venue.cancel(venue_id)
    assert cancelled is not None and cancelled.status == "CANCELED"
