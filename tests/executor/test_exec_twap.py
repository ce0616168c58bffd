"""TWAP (B-RTR-9): how many slices, when they go, which are skipped, and what a restart leaves of them."""

from __future__ import annotations

import pytest
from exec_drive import START, WIDE, entry, position, price, run, scenario, settings, usd

from simkit.core.numeric import QTY
from simkit.core.settings import RouterSettings
from simkit.exchange.orders import Ack, Fill
from simkit.executor import intents
from simkit.executor.router import spread_limit_bps
from simkit.scenario.model import Crash, Loops, OrderRefused, Restart, VenueProfile

SECOND = 1_000_000


def parent(loop: int, money: float = 1_000, name: str = "t", **more: object):
    return entry(loop, "BTCUSDT:LONG", money=money, twap=True, name=name, tp=900, sl=1, **more)


def play(loops: int, *signals: object, period_s: int = 60, series: object = 100, **more: object):
    use = more.pop("use", None) or settings(limits=WIDE | {"allow_add": True})
    return run(scenario(
        loops, {"BTCUSDT": series}, signals=signals, period_s=period_s, use=use, **more,
    ))  # fmt: skip


def held(done, loop: int) -> float:
    return sum(row.qty for row in done.state(loop).positions) / QTY


@pytest.mark.parametrize(
    ("money", "slices"),
    [(499.99, 1), (500, 4), (5_000, 4)],
)
def test_a_parent_of_the_minimum_is_cut_in_four(money: float, slices: int) -> None:
    orders = intents.orders(parent(1), usd(money), price(1) or 0, RouterSettings())
    assert len(intents.orders(parent(1), usd(money) * 100, price(1) or 0, RouterSettings())) == slices
    assert orders


@pytest.mark.parametrize(
    ("money", "slices"), [(100, 4), (99.99, 3), (75, 3), (74.99, 2), (50, 2), (49.99, 1), (10, 1)]
)
def test_slices_are_worth_25_usd_at_least(money: float, slices: int) -> None:
    found = intents.orders(parent(1), usd(money) * 100, price(1) or 0, RouterSettings(twap_min_usd=10.0))
    assert len(found) == slices
    assert sum(order.qty for order in found) == usd(money) * 100
    assert [order.twap_child for order in found] == [slices > 1] * slices


def test_slices_go_ten_seconds_apart_between_the_loops() -> None:
    done = play(2, parent(1), series={1: 100, 2: 80})
    assert [held(done, loop) for loop in (1, 2)] == [2.5, 10]
    row = done.state(2).router.rows[0]
    assert (row.child_count, row.events, row.last_fill_ts) == (4, 4, START + 30 * SECOND)
    assert done.state(2).positions[0].entry == price(100)
    assert done.state(1).counters.total_orders == done.state(2).counters.total_orders == 1
    assert done.state(2).counters.last_order_ts == START
    assert done.state(2).counters.last_router_event_ts == START + 30 * SECOND
    assert (done.state(2).stats.attempted, done.state(2).stats.executed) == (1, 1)


@pytest.mark.parametrize(
    ("period_s", "by_loop"),
    [(5, [2.5, 2.5, 5, 5, 7.5, 7.5, 10, 10]), (10, [2.5, 5, 7.5, 10]), (20, [2.5, 7.5, 10]), (31, [2.5, 10])],
)
def test_a_slice_that_is_due_after_the_next_loop_waits_for_a_later_one(
    period_s: int, by_loop: list[float]
) -> None:
    done = play(len(by_loop), parent(1), period_s=period_s)
    assert [held(done, loop) for loop in range(1, len(by_loop) + 1)] == by_loop


def test_nothing_is_published_before_it_has_happened() -> None:
    done = play(5, parent(1), parent(2, name="u"), period_s=20)
    for state in done.states:
        assert all(row.last_order_ts <= row.last_fill_ts <= state.ts for row in state.router.rows)
        assert (state.counters.last_router_event_ts or 0) <= state.ts
        assert (state.counters.last_order_ts or 0) <= (state.counters.last_router_event_ts or 0)


@pytest.mark.parametrize(
    ("symbol", "limit"), [("BTCUSDT", 5.0), ("SOLUSDT", 12.0), ("DOGEUSDT", 25.0), ("XYZUSDT", 15.0)]
)
def test_a_slice_is_skipped_where_the_spread_is_more_than_one_and_a_half_times_the_limit(
    symbol: str, limit: float
) -> None:
    assert spread_limit_bps(symbol) == limit
    signal = entry(1, f"{symbol}:LONG", money=1_000, twap=True, levels="none")
    for spread, sent in ((1.5 * limit, 1_000_000_000), (1.5 * limit + 0.01, 0)):
        done = run(scenario(
            2, {symbol: 1}, signals=[signal], use=settings(limits=WIDE), venue=VenueProfile(spread_bps=spread)
        ))  # fmt: skip
        assert sum(row.notional for row in done.state(2).positions) == sent
        assert done.state(2).counters.total_orders == (1 if sent else 0)
        assert done.state(2).counters.total_vetoes == 0


def test_an_order_that_is_not_sliced_asks_for_no_spread() -> None:
    done = play(1, entry(1, "BTCUSDT:LONG", money=1_000), venue=VenueProfile(spread_bps=100))
    assert done.state(1).counters.total_orders == 1


def test_slices_that_are_refused_count_as_no_order_until_one_is_taken() -> None:
    done = play(3, parent(1), period_s=20, faults=[OrderRefused(Loops(1, 1))])
    assert [s.counters.total_orders for s in done.states] == [0, 1, 1]
    assert [held(done, loop) for loop in (1, 2, 3)] == [0, 2.5, 5]
    assert done.state(2).counters.last_order_ts == START + 20 * SECOND
    assert done.state(2).ledger[0].tp == price(900)


def test_a_refusal_between_the_loops_cools_the_symbol_down() -> None:
    other = entry(2, "BTCUSDT:LONG", qty=1)
    done = play(2, parent(1), other, period_s=40, faults=[OrderRefused(Loops(1, 1))])
    assert done.output(2).signals == ()
    assert done.state(2).counters.last_router_event_ts == START + 30 * SECOND


def test_a_close_is_sliced_too_and_adds_up_to_what_is_open() -> None:
    closing = entry(1, "BTCUSDT:LONG", action="close", twap=True)
    done = play(2, closing, positions=[position("BTCUSDT:LONG", 10, 100, 900, 1)])
    assert [held(done, loop) for loop in (1, 2)] == [7.5, 0]
    assert done.state(1).registry and not done.state(2).registry


def test_an_exit_is_sent_whole_and_ends_what_is_still_being_opened() -> None:
    """Whole is what the ledger knew; the slice that filled since then goes with the next scan (B-EXIT-3)."""
    use = settings(limits=WIDE, router={"twap": True})
    done = play(4, parent(1), period_s=20, series={1: 100, 2: 0.5}, use=use)
    assert [held(done, loop) for loop in (1, 2, 3, 4)] == [2.5, 2.5, 0, 0]
    (closed,) = [event for event in done.output(2).events if isinstance(event, Fill)]
    assert (closed.qty, closed.order.twap_child) == (2.5 * QTY, False)


def test_while_the_breaker_is_active_no_further_slice_goes() -> None:
    done = play(4, parent(2), period_s=20, nav={1: 10_000, 2: 8_000})
    assert [held(done, loop) for loop in (1, 2, 3, 4)] == [0, 5 - 2.5, 5, 5]


def test_slices_that_wait_take_room_under_the_caps() -> None:
    tight = settings(limits=WIDE | {"max_gross_nav_pct": 0.15, "allow_add": True})
    done = play(2, parent(1), entry(2, "BTCUSDT:LONG", money=501, name="u"), period_s=10, use=tight)
    assert done.state(2).counters.by_reason == {"portfolio_cap": 1}
    fits = play(2, parent(1), entry(2, "BTCUSDT:LONG", money=500, name="u"), period_s=10, use=tight)
    assert fits.state(2).counters.by_reason == {}


def test_a_restart_forgets_how_far_a_parent_has_come() -> None:
    done = play(8, parent(4, 2_000), parent(5, 2_000), period_s=20, events=[Restart(5)])
    assert [held(done, loop) for loop in range(4, 9)] == [5, 15, 25, 30, 30]
    assert [done.state(loop).router.rows[0].child_count for loop in range(4, 9)] == [1, 2, 4, 5, 5]


def test_a_crash_in_the_publish_phase_sends_no_slice_after_it() -> None:
    done = play(3, parent(1), faults=[Crash(Loops(1, 1), "nav")])
    assert [held(done, loop) for loop in (1, 2, 3)] == [2.5, 2.5, 2.5]


def test_a_slice_keeps_its_client_order_id_when_it_is_sent_anew() -> None:
    done = play(6, parent(1), parent(2), period_s=60, events=[Restart(2)])
    names = [e.order.id for o in done.outputs for e in o.events if isinstance(e, Ack)]
    assert names == ["t-1", "t-1"]
