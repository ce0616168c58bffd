"""What the executor makes of answers and fills that are lost, late, repeated or out of order, and of marks that are no
prices: the account is believed, and nothing is sent or counted twice."""

from __future__ import annotations

from typing import Any

import pytest
from exec_drive import WIDE, Run, entry, position, price, run, scenario, settings, usd

from simkit.core.numeric import QTY
from simkit.exchange.orders import Ack, Fill
from simkit.scenario.model import (
    AckFault,
    BadBalance,
    BadMark,
    DepthGone,
    Fault,
    FeedStall,
    FillFault,
    Loops,
    OrderRefused,
    PartFill,
    RateLimit,
    VenueProfile,
)

KEY = "BTCUSDT:LONG"


def play(*faults: Fault, loops: int = 5, series: Any = 100, **more: Any) -> Run:
    signals = more.pop("signals", [entry(2, KEY, qty=2, tp=130, sl=70, name="i")])
    use = settings(limits=WIDE | {"allow_add": True, "circuit_errors": more.pop("errors", 0)})
    return run(scenario(loops, {"BTCUSDT": series}, signals=signals, faults=faults, use=use, **more))


def orders(done: Run) -> list[int]:
    return [state.counters.total_orders for state in done.states]


def levels(done: Run, loop: int) -> object:
    held = done.state(loop).registry.get(KEY)
    return None if held is None else (held.tp, held.sl)


GIVEN, SEEDED = (price(130), price(70)), (price(102.1), price(98.6))


# Answers ---------------------------------------------------------------------------------------------------


def test_an_order_without_an_answer_counts_when_its_fill_is_heard() -> None:
    done = play(AckFault(Loops(2, 2), "lost"))
    assert (orders(done), levels(done, 2)) == ([0, 1, 1, 1, 1], GIVEN)
    assert [type(event) for event in done.output(2).events] == [Fill]


def test_a_send_without_an_answer_is_an_error_and_not_repeated() -> None:
    again = [entry(loop, KEY, qty=1, tp=130, sl=70, name=f"i{loop}") for loop in (2, 3, 4)]
    done = play(AckFault(Loops(2, 2), "lost"), FillFault(Loops(2, 2), "lost"), signals=again, period_s=30)
    assert [output.signals for output in done.outputs] == [(), ("i2",), (), ("i4",), ()]
    assert (orders(done), done.state(2).positions[0].qty) == ([0, 0, 0, 1, 1], QTY)


def test_a_late_answer_counts_in_the_loop_in_which_it_is_heard() -> None:
    done = play(AckFault(Loops(2, 2), "late"), FillFault(Loops(2, 2), "late"))
    assert (orders(done), levels(done, 2), levels(done, 3)) == ([0, 0, 1, 1, 1], SEEDED, GIVEN)
    assert done.state(3).counters.last_order_ts == done.state(3).ts


def test_a_late_refusal_cools_the_symbol_down_from_then_on() -> None:
    later = [entry(loop, KEY, qty=1, tp=130, sl=70, name=f"i{loop}") for loop in (2, 4, 5)]
    faults = (AckFault(Loops(2, 2), "late"), OrderRefused(Loops(2, 2)))
    done = play(*faults, signals=later, loops=6, period_s=30)
    assert [output.signals for output in done.outputs] == [(), ("i2",), (), (), ("i5",), ()]
    assert orders(done) == [0, 0, 0, 0, 1, 1]


def test_a_market_order_without_an_answer_is_pending_for_two_loops() -> None:
    """Its symbol is open for the gates until then."""
    more = [entry(loop, KEY, qty=1, tp=130, sl=70, name=f"i{loop}") for loop in (2, 3, 4)]
    use = settings(limits=WIDE)
    faults = (AckFault(Loops(2, 2), "lost"), OrderRefused(Loops(2, 2)))
    done = run(scenario(5, {"BTCUSDT": 100}, signals=more, faults=faults, use=use))
    assert [[veto.reason for veto in output.vetoes] for output in done.outputs] == [
        [], [], ["already_in_trade"], [], [],
    ]  # fmt: skip
    assert orders(done) == [0, 0, 0, 1, 1]


def test_an_answer_that_comes_twice_counts_once() -> None:
    done = play(AckFault(Loops(2, 2), "duplicated"))
    assert orders(done) == [0, 1, 1, 1, 1]
    assert done.state(3).counters.last_router_event_ts == done.state(2).ts
    assert done.output(3).news == []


def test_a_maker_order_without_an_answer_is_waited_for() -> None:
    """Nobody has said what to cancel, and a second order would be a second one."""
    done = play(
        AckFault(Loops(2, 2), "lost"), loops=5, series={1: 100, 4: 99}, venue=VenueProfile(spread_bps=10),
        signals=[entry(2, KEY, qty=2, tp=130, sl=70, name="i", maker=True)],
    )  # fmt: skip
    sent = [event for output in done.outputs for event in output.events if isinstance(event, Ack)]
    assert (sent, orders(done), levels(done, 4)) == ([], [0, 0, 0, 1, 1], GIVEN)


# Fills -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "events", "last"),
    [("lost", [0, 0, 0], SEEDED), ("late", [0, 1, 1], GIVEN), ("duplicated", [1, 1, 1], GIVEN)],
)
def test_the_account_is_believed_and_a_fill_counts_once(how: Any, events: list[int], last: object) -> None:
    done = play(FillFault(Loops(2, 2), how))
    assert [done.state(loop).positions[0].qty for loop in (2, 3, 5)] == [2 * QTY] * 3
    assert [sum(row.events for row in done.state(loop).router.rows) for loop in (2, 3, 4)] == events
    assert (levels(done, 5), orders(done), done.state(5).stats.executed) == (
        last,
        [0, 1, 1, 1, 1],
        events[-1],
    )


def test_a_close_whose_fill_is_lost_leaves_nothing_behind() -> None:
    done = play(
        FillFault(Loops(2, 2), "lost"), positions=[position(KEY, 2, 90, 130, 70)],
        signals=[entry(2, KEY, action="close", name="c")],
    )  # fmt: skip
    state = done.state(2)
    assert (state.positions, state.ledger, dict(state.registry)) == ((), (), {})
    assert (done.state(5).kept.realized, done.state(5).nav.nav) == (0, usd(10_020))


def test_levels_follow_the_newest_fill_and_not_the_one_heard_last() -> None:
    adds = [entry(2, KEY, qty=1, tp=130, sl=70, name="a"), entry(2, KEY, qty=1, tp=140, sl=60, name="b")]
    done = play(FillFault(Loops(2, 2), "out_of_order"), signals=adds)
    assert levels(done, 3) == (price(140), price(60))


def test_a_close_heard_after_the_position_was_opened_anew_forgets_no_level() -> None:
    both = [entry(2, KEY, action="close", name="c"), entry(2, KEY, qty=1, tp=140, sl=60, name="o")]
    done = play(
        FillFault(Loops(2, 2), "out_of_order"), positions=[position(KEY, 2, 100, 130, 70)], signals=both
    )
    assert (levels(done, 3), done.state(3).positions[0].qty) == ((price(140), price(60)), QTY)


# Orders that do not fill -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "left"),
    [(DepthGone(Loops(2, 3)), [2, 2, 0]), (RateLimit(Loops(2, 3), 0), [2, 2, 0]),
     (PartFill(Loops(2, 3), 0.5), [1, 0.5, 0])],
)  # fmt: skip
def test_a_stop_is_tried_again_until_nothing_is_left(fault: Fault, left: list[float]) -> None:
    done = play(fault, series={1: 100, 2: 69}, positions=[position(KEY, 2, 100, 130, 70)], signals=[])
    held = [sum(row.qty for row in done.state(loop).positions) for loop in (2, 3, 4)]
    assert held == [round(qty * QTY) for qty in left]
    assert [levels(done, loop) for loop in (2, 3, 4)] == [GIVEN, GIVEN, None]


# Prices that are none --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [
    BadMark(Loops(2, 2), "nan"), BadMark(Loops(2, 2), "zero"), BadMark(Loops(2, 2), "negative"),
    FeedStall(Loops(2, 2)),
])  # fmt: skip
@pytest.mark.parametrize("side", ["LONG", "SHORT"])
def test_no_exit_rests_on_a_price_that_is_none_or_old(fault: Fault, side: str) -> None:
    tp, sl, there = (130, 70, 60) if side == "LONG" else (70, 130, 140)
    done = play(
        fault, series={1: 100, 2: there}, positions=[position(f"BTCUSDT:{side}", 2, 100, tp, sl)], signals=[]
    )
    assert [output.exits != () for output in done.outputs] == [False, False, True, False, False]
    assert done.state(2).nav.nav == usd(10_000)


@pytest.mark.parametrize(("what", "mark"), [("nan", 0), ("zero", 100), ("negative", 100)])
def test_a_row_whose_mark_is_no_number_cannot_be_written(what: Any, mark: float) -> None:
    """Zero and less are filtered like a missing mark; what is no number passes the filter (B-POS-1, B-POS-4)."""
    done = play(BadMark(Loops(2, 2), what), positions=[position(KEY, 2, 100, 130, 70)], signals=[])
    assert [done.state(loop).positions[0].mark for loop in (1, 2, 3)] == [price(100), price(mark), price(100)]
    assert done.state(2).positions[0].notional == usd(200)


def test_a_balance_that_is_no_number_is_no_reading() -> None:
    done = play(BadBalance(Loops(2, 3)), nav={1: 10_000, 4: 9_900}, signals=[])
    parts = [done.state(loop).nav for loop in (1, 2, 3, 4)]
    assert [(part.source, part.fresh, part.nav) for part in parts] == [
        ("live", True, usd(10_000)), ("cache", False, usd(10_000)), ("cache", False, usd(10_000)),
        ("live", True, usd(9_900)),
    ]  # fmt: skip
