"""What an acknowledgement of each kind does (B-RTR-10, B-VETO-7), and the defects D-23 and D-36."""

from __future__ import annotations

import pytest
from exec_drive import WIDE, Run, entry, fills, position, price, run, scenario, settings, usd

from simkit.core.numeric import QTY
from simkit.exchange.orders import Ack
from simkit.executor import intents
from simkit.scenario.model import Loops, OrderRefused, VenueProfile


def play(loops: int = 2, *, series: object = 100, legacy: tuple[str, ...] = (), **more: object) -> Run:
    signals = more.pop("signals", [entry(1, "BTCUSDT:LONG", qty=2, name="i", limit=more.pop("limit", None))])
    return run(scenario(
        loops, {"BTCUSDT": series}, signals=signals, use=settings(limits=WIDE, legacy=legacy), **more,
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("status", "more", "orders", "cooled"),
    [
        ("FILLED", {}, 1, False),
        ("PARTIALLY_FILLED", {"venue": VenueProfile(max_fill_frac=0.5)}, 1, False),
        ("NEW", {"limit": 99}, 1, False),
        ("REJECTED", {"faults": [OrderRefused(Loops(1, 1))]}, 0, True),
        ("EXPIRED", {"faults": [OrderRefused(Loops(1, 1), "", "EXPIRED")]}, 0, True),
    ],
)
def test_the_answers_to_an_order(status: str, more: dict[str, object], orders: int, cooled: bool) -> None:
    signals = [
        entry(1, "BTCUSDT:LONG", qty=2, name="i", limit=more.pop("limit", None)),
        entry(2, "BTCUSDT:SHORT", qty=1, name="j"),
    ]
    done = play(3, signals=signals, period_s=59, **more)
    (ack,) = [event for event in done.output(1).events if isinstance(event, Ack)]
    assert ack.status == status
    state = done.state(1)
    assert (state.counters.total_orders, state.counters.last_order_ts is not None) == (orders, bool(orders))
    assert state.counters.last_router_event_ts == state.ts
    assert (done.output(2).signals == ()) is cooled


def test_an_order_that_is_cancelled_fills_no_more_and_is_a_router_event() -> None:
    done = play(3, signals=[entry(1, "BTCUSDT:LONG", action="close", qty=1, limit=120, name="c"),
                            entry(2, "BTCUSDT:LONG", action="close", name="d")],
                series={1: 100, 3: 121}, positions=[position("BTCUSDT:LONG", 1, 100, 900, 1)])  # fmt: skip
    assert done.state(3).counters.last_router_event_ts == done.state(3).ts
    assert done.state(3).counters.total_orders == 2


def test_a_refused_symbol_is_left_alone_for_sixty_seconds() -> None:
    again = [entry(loop, "BTCUSDT:LONG", qty=1, name=f"i{loop}") for loop in (1, 2, 3)]
    done = play(3, signals=again, period_s=30, faults=[OrderRefused(Loops(1, 1))])
    assert [o.signals for o in done.outputs] == [("i1",), (), ("i3",)]


def test_legacy_a_filled_order_is_taken_for_a_reject_and_sent_again() -> None:
    done = play(legacy=("D-23",))
    assert [fill.order.id for fill in fills(done.output(1))] == ["i", "i-again"]
    state = done.state(1)
    assert state.positions[0].qty == 4 * QTY
    assert (state.counters.total_orders, state.counters.last_order_ts) == (0, None)
    assert (state.router.rows, state.stats.executed) == ((), 0)


def test_legacy_partly_filled_orders_are_accepted() -> None:
    done = play(legacy=("D-23",), venue=VenueProfile(max_fill_frac=0.5))
    assert done.state(1).positions[0].qty == QTY and done.state(1).counters.total_orders == 1


@pytest.mark.parametrize(
    ("minimum", "mark", "qty"),
    [(100, 103, 97087379), (100, 100, QTY), (100, 3, 3333333333), (0, 100, 1), (100, None, 1)],
)
def test_the_least_quantity_is_worth_the_minimum(minimum: float, mark: float | None, qty: int) -> None:
    assert intents.least(usd(minimum), price(mark)) == qty


def test_legacy_an_exit_is_a_sliver_and_drops_the_levels() -> None:
    done = play(
        3, signals=[], series={1: 100, 2: 103}, positions=[position("BTCUSDT:LONG", 8, 100, 103, 98)],
        legacy=("D-11", "D-36"), venue=VenueProfile(min_notional=usd(100)),
    )  # fmt: skip
    assert [fill.qty for fill in fills(done.output(2))] == [97087379]
    assert done.state(2).positions[0].qty == 8 * QTY - 97087379
    assert not done.state(2).registry and not done.output(3).exits


def test_an_exit_sells_the_whole_ledger_quantity_below_the_minimum_too() -> None:
    done = play(
        2, signals=[], series={1: 100, 2: 103}, positions=[position("BTCUSDT:LONG", 0.5, 100, 103, 98)],
        venue=VenueProfile(min_notional=usd(100)),
    )  # fmt: skip
    assert [fill.qty for fill in fills(done.output(2))] == [QTY // 2]
