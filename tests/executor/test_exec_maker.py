"""Maker attempts (B-RTR-11): each condition just inside and just outside, re-pricing, fallback, its figures."""

from __future__ import annotations

import pytest
from exec_drive import START, WIDE, Run, entry, position, price, run, scenario, settings, usd
from msgspec.structs import replace

from simkit.core.numeric import QTY
from simkit.core.settings import RouterSettings
from simkit.exchange.orders import Ack, Fill, Order
from simkit.executor import maker
from simkit.executor.maker import MakerStats
from simkit.executor.router import RouterStats
from simkit.scenario.model import (
    Event,
    Fault,
    Loops,
    MarkMissing,
    OrderRefused,
    ResetPeak,
    SetSetting,
    VenueProfile,
)

SECOND = 1_000_000
SPREAD = VenueProfile(spread_bps=10, taker_fee_bps=5, maker_fee_bps=1)
ASK = entry(1, "BTCUSDT:LONG", qty=1, name="i", maker=True, tp=900, sl=1)
ORDER = Order("i", "i", "BTCUSDT", "BUY", "LONG", QTY, False, "entry")


def play(
    loops: int, series: object, *, signals: object = (ASK,), venue: VenueProfile = SPREAD,
    faults: tuple[Fault, ...] = (), events: tuple[Event, ...] = (), **more: object,
) -> Run:  # fmt: skip
    use = settings(limits=WIDE | {"allow_add": True}, router=more.pop("router", {}))
    return run(scenario(
        loops, {"BTCUSDT": series}, signals=signals, venue=venue, use=use, faults=faults, events=events, **more,
    ))  # fmt: skip


def told(done: Run, loop: int) -> list[tuple[str, str]]:
    return [(e.order.id, e.status) for e in done.output(loop).events if isinstance(e, Ack)]


def limits(done: Run) -> list[int | None]:
    return [e.order.limit for o in done.outputs for e in o.events if isinstance(e, Ack) and e.status == "NEW"]


# When ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({}, True),
        ({"signal": replace(ASK, maker=False)}, False),
        ({"signal": None}, False),
        ({"settings": RouterSettings(maker_first=False)}, False),
        ({"settings": RouterSettings(taker_bias=True)}, False),
        ({"spread_bps": 12.0}, True),
        ({"spread_bps": 12.000001}, False),
        ({"order": replace(ORDER, qty=0)}, False),
        ({"order": replace(ORDER, limit=price(99))}, False),
    ],
)
def test_what_intent_policy_and_market_must_say(change: dict[str, object], allowed: bool) -> None:
    asked: dict[str, object] = {
        "signal": ASK, "order": ORDER, "spread_bps": 10.0, "settings": RouterSettings()
    } | change  # fmt: skip
    assert maker.may_make(**asked) is allowed


@pytest.mark.parametrize("score", [0.2, 0.199999999, None])
def test_quality_must_not_be_broken(score: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """No score below 0.35 can be reached: the row is forged."""
    router = RouterStats(RouterSettings())
    if score is not None:
        router.fill("BTCUSDT", START, START, 100, 100, QTY, QTY, False)
        row = router.snapshot(START).rows[0]
        monkeypatch.setitem(router._rows, "BTCUSDT", replace(row, score=score))
    assert router.may_make("BTCUSDT", START) is (score is None or score >= 0.2)


def test_without_a_price_the_order_is_sent_as_it_is() -> None:
    done = play(1, 100, signals=(entry(1, "BTCUSDT:LONG", action="close", qty=1, name="i", maker=True),),
                positions=[position("BTCUSDT:LONG", 1, 100, 900, 1)],
                faults=(MarkMissing(Loops(1, 1), "BTCUSDT"),))  # fmt: skip
    assert told(done, 1) == [("i", "REJECTED")]


@pytest.mark.parametrize(("side", "quote"), [("BUY", 99.95), ("SELL", 100.05)])
def test_the_near_quote_is_half_the_spread_away(side: str, quote: float) -> None:
    order = replace(ORDER, side=side)
    assert maker.near_quote(price(100) or 0, 10.0, order) == price(quote)


@pytest.mark.parametrize(
    ("side", "mark", "away"),
    [
        ("BUY", 100.05, False), ("BUY", 100.05000001, True), ("BUY", 50, False),
        ("SELL", 99.95, False), ("SELL", 99.94999999, True), ("SELL", 150, False),
    ],
)  # fmt: skip
def test_the_market_runs_away_above_five_bps(side: str, mark: float, away: bool) -> None:
    order = replace(ORDER, side=side)
    assert maker.has_run_away(order, price(100) or 0, price(mark) or 0, RouterSettings()) is away


# What comes of it ------------------------------------------------------------------------------------------


def test_an_attempt_that_is_met_fills_as_maker() -> None:
    done = play(3, {1: 100, 2: 99.9})
    assert told(done, 1) == [("i-m1", "NEW")] and limits(done) == [price(99.95)]
    assert [s.counters.total_orders for s in done.states] == [1, 1, 1]
    assert [len(s.positions) for s in done.states] == [0, 1, 1]
    assert done.state(2).ledger[0].tp == price(900)
    assert done.state(2).nav.wallet == usd(10_000) - usd(0.00999)
    assert (done.state(3).router.maker_off, done.state(3).router.fallback_ratio) == (0, 0.0)


def test_an_attempt_that_is_not_met_is_priced_anew_three_times_and_then_taken() -> None:
    done = play(6, {1: 100, 2: 100.01, 3: 100.02, 4: 100.03, 5: 100.04})
    assert told(done, 2) == [("i-m1", "CANCELED"), ("i-m2", "NEW")]
    assert told(done, 4) == [("i-m3", "CANCELED"), ("i-m4", "NEW")]
    assert told(done, 5) == [("i-m4", "CANCELED"), ("i-t", "FILLED")]
    assert told(done, 6) == []
    assert limits(done) == [price(99.95), price(99.959995), price(99.96999), price(99.979985)]
    assert [s.counters.total_orders for s in done.states] == [1] * 6
    assert [s.counters.last_router_event_ts for s in done.states] == [
        START + 60 * SECOND * n for n in (0, 1, 2, 3, 4, 4)
    ]
    assert sum(row.qty for row in done.state(6).positions) == QTY
    assert (done.state(5).router.maker_off, done.state(5).router.fallback_ratio) == (1, 1.0)


@pytest.mark.parametrize(("mark", "taken"), [(100.05, False), (100.051, True)])
def test_an_attempt_that_the_market_leaves_behind_is_taken(mark: float, taken: bool) -> None:
    done = play(2, {1: 100, 2: mark})
    assert told(done, 2)[1][0] == ("i-t" if taken else "i-m2")


def test_without_a_spread_every_attempt_would_cross_and_the_order_is_taken_at_once() -> None:
    done = play(2, 100, venue=VenueProfile())
    assert told(done, 1) == [(f"i-m{n}", "REJECTED") for n in (1, 2, 3, 4)] + [("i-t", "FILLED")]
    assert done.state(1).counters.total_orders == 1
    assert done.state(1).router.fallback_ratio == 1.0
    assert not done.output(2).events


def test_a_refusal_for_another_reason_ends_the_attempt_and_cools_down() -> None:
    done = play(2, 100, faults=(OrderRefused(Loops(1, 1)),), signals=(ASK, replace(ASK, loop=2)), period_s=30)
    assert told(done, 1) == [("i-m1", "REJECTED")]
    assert done.output(2).signals == () and done.state(2).counters.total_orders == 0


def test_after_a_fallback_the_symbol_is_taken_until_the_window_has_passed() -> None:
    again = [replace(ASK, loop=loop, intent_id=f"i{loop}") for loop in (2, 16, 17)]
    wide = replace(ASK, loop=1)
    done = play(17, {1: 100, 2: 100}, signals=(wide, *again), venue=VenueProfile())
    assert told(done, 2) == [("i2", "FILLED")]
    assert told(done, 16) == [("i16", "FILLED")]
    assert told(done, 17)[-1] == ("i17-t", "FILLED") and len(told(done, 17)) == 5
    assert [done.state(loop).router.maker_off for loop in (1, 2, 16, 17)] == [1, 1, 1, 1]


def test_the_figures_leave_with_the_window() -> None:
    done = play(17, 100, venue=VenueProfile())
    assert (done.state(16).router.maker_off, done.state(16).router.fallback_ratio) == (1, 1.0)
    assert (done.state(17).router.maker_off, done.state(17).router.fallback_ratio) == (0, 0.0)


def test_the_fallback_ratio_is_a_mean_over_symbols() -> None:
    stats = MakerStats()
    for at, symbol, fell_back in ((1, "A", True), (2, "A", False), (3, "B", True), (4, "B", True)):
        stats.ended(at, symbol, fell_back=fell_back)
    assert stats.figures() == (1, 0.75)
    assert [stats.is_off(symbol, 4, 900.0) for symbol in "ABC"] == [False, True, False]
    stats.trim(3)
    assert stats.figures() == (1, 1.0)
    stats.trim(5)
    assert stats.figures() == (0, 0.0)


def test_a_close_may_be_made_too() -> None:
    closing = entry(1, "BTCUSDT:LONG", action="close", name="c", maker=True)
    done = play(2, {1: 100, 2: 100.06}, signals=(closing,),
                positions=[position("BTCUSDT:LONG", 2, 100, 900, 1)])  # fmt: skip
    assert told(done, 1) == [("c-m1", "NEW")] and limits(done) == [price(100.05)]
    assert not done.state(2).positions and not done.state(2).registry
    assert [e.reason for e in (done.outputs[0].events[0].order,)] == ["close"]


def test_an_exit_waits_for_no_maker_and_ends_an_attempt_under_its_key() -> None:
    done = play(3, {1: 100, 2: 100.01, 3: 100.01}, signals=(ASK,),
                positions=[position("BTCUSDT:LONG", 1, 90, 100.01, 1)])  # fmt: skip
    assert told(done, 2) == [("x-2-BTCUSDT:LONG", "FILLED"), ("i-m1", "CANCELED")]
    assert not done.state(3).positions and not done.output(3).events


def test_while_the_kill_switch_is_on_an_attempt_to_open_is_cancelled() -> None:
    stop = settings(limits=WIDE | {"kill_switch": True})
    done = play(3, {1: 100, 2: 100.01}, events=(SetSetting(2, stop), ResetPeak(3)))
    assert told(done, 2) == [("i-m1", "CANCELED")]
    assert not done.output(3).events


def test_without_a_mark_an_attempt_goes_on_resting() -> None:
    done = play(3, {1: 100, 2: 100.01}, faults=(MarkMissing(Loops(2, 2), "BTCUSDT"),))
    assert told(done, 2) == [] and told(done, 3) == [("i-m1", "CANCELED"), ("i-m2", "NEW")]


def test_what_an_attempt_has_filled_is_not_taken_again() -> None:
    thin = replace(SPREAD, max_fill_frac=0.25)
    done = play(3, {1: 100, 2: 99.95, 3: 100.1}, venue=thin)
    assert told(done, 2) == [("i-m1", "CANCELED"), ("i-m2", "NEW")]
    asked = [e.order for e in done.output(3).events if isinstance(e, Fill)]
    assert [(order.id, order.qty) for order in asked] == [("i-t", QTY * 3 // 4)]


def test_a_limit_of_its_own_is_kept() -> None:
    done = play(3, 100, signals=(replace(ASK, limit=price(98)),))
    assert [told(done, loop) for loop in (1, 2, 3)] == [[("i", "NEW")], [], []]


def test_slices_are_no_makers() -> None:
    signal = entry(1, "BTCUSDT:LONG", money=1_000, name="t", maker=True, twap=True)
    done = play(2, 100, signals=(signal,), venue=replace(SPREAD, spread_bps=5))
    assert told(done, 1) == [("t-1", "FILLED")]
