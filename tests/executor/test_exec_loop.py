"""The loop as a whole: what the gates see, sizing and routing, resting orders, restarts, determinism."""

from __future__ import annotations

import pytest
from exec_drive import WIDE, at, entry, position, price, run, scenario, settings, usd
from hypothesis import given, settings as hypothesis_settings, strategies as st
from msgspec.structs import replace

from simkit.core.legacy import LEGACY
from simkit.core.numeric import QTY
from simkit.exchange.orders import Ack, Fill
from simkit.executor.port import LoopOutput
from simkit.scenario.model import (
    GhostLedgerEntry,
    Loops,
    OffExchangeAsset,
    Restart,
    Scenario,
    SetSetting,
    VenueProfile,
)


def sent(output: LoopOutput) -> list[tuple[str, str, str, int, bool]]:
    return [
        (a.order.id, a.order.side, a.order.position_side, a.order.qty, a.order.reduce_only)
        for a in output.events
        if isinstance(a, Ack)
    ]


@pytest.mark.parametrize(
    ("key", "opens", "closes"), [("BTCUSDT:LONG", "BUY", "SELL"), ("BTCUSDT:SHORT", "SELL", "BUY")]
)
def test_an_entry_by_money_and_a_full_close(key: str, opens: str, closes: str) -> None:
    done = run(scenario(
        4, {"BTCUSDT": {1: 30, 3: 30.1}},
        signals=[entry(2, key, money=100, name="in"), entry(3, key, action="close", name="out")]
    ))  # fmt: skip
    qty, side = 333_333_333, key.split(":")[1]
    assert sent(done.output(2)) == [("in", opens, side, qty, False)]
    assert sent(done.output(3)) == [("out", closes, side, qty, True)]
    assert done.state(2).counters.total_signals == 1 and done.state(4).counters.total_orders == 2
    assert (done.state(4).stats.attempted, done.state(4).stats.executed, done.state(4).stats.fill_rate) == (
        2,
        2,
        1.0,
    )
    assert done.state(3).positions == () and done.state(3).registry == {}
    signed = done.state(2).positions[0].qty
    assert abs(signed) == qty and (signed > 0) == (side == "LONG")


def test_a_partial_close_keeps_the_levels() -> None:
    done = run(scenario(
        6, {"BTCUSDT": 100}, positions=[position("BTCUSDT:LONG", 1, 100, 103, 98)],
        signals=[entry(3, "BTCUSDT:LONG", qty=0.4, action="close")],
    ))  # fmt: skip
    (held,) = done.state(6).ledger
    assert (held.qty, held.tp, held.sl) == (6 * QTY // 10, price(103), price(98))
    assert done.state(3).reconciliation.coverage == 1.0 and (held.created_ts, held.updated_ts) == (
        at(1),
        at(3),
    )


def test_a_close_of_nothing_is_a_signal_without_order_or_veto() -> None:
    done = run(scenario(2, {"BTCUSDT": 100}, signals=[entry(2, "BTCUSDT:LONG", action="close")]))
    assert done.output(2).signals == ("i-2-BTCUSDT:LONG",) and done.output(2).events == ()
    assert (done.state(2).counters.total_orders, done.state(2).counters.total_vetoes) == (0, 0)


def test_a_close_passes_every_gate() -> None:
    done = run(scenario(
        3, {"BTCUSDT": 100}, positions=[position("BTCUSDT:LONG", 0.1, 100)], nav={1: 10_000, 2: 5_000},
        signals=[entry(3, "BTCUSDT:LONG", action="close")], use=settings(limits={"kill_switch": True}),
    ))  # fmt: skip
    assert done.state(2).drawdown.breaker_active and done.state(3).positions == ()


def test_intents_of_one_loop_see_what_was_accepted_before_them() -> None:
    done = run(scenario(
        1, {f"{name}USDT": 10 for name in "ABC"}, use=settings(limits=WIDE | {"max_concurrent": 2}),
        signals=[entry(1, f"{name}USDT:LONG", qty=3) for name in "ABC"],
    ))  # fmt: skip
    assert [v.symbol for v in done.output(1).vetoes] == ["CUSDT"]


def test_a_loss_booked_in_this_loop_binds_the_gates_of_the_next() -> None:
    done = run(scenario(
        3, {"BTCUSDT": {1: 100, 2: 80}, "ETHUSDT": 10},
        positions=[position("BTCUSDT:LONG", 60, 100, 130, 85)],
        signals=[entry(n, "ETHUSDT:LONG", qty=3, name=f"i{n}") for n in (2, 3)],
        use=settings(limits=WIDE, drawdown={"max_portfolio_dd_nav_pct": 0.5}, var={"enabled": False}),
    ))  # fmt: skip
    assert done.state(2).risk.daily_loss == 0.12 and done.state(2).counters.total_vetoes == 0
    assert done.state(2).risk.mode == "DEFENSIVE" and done.state(2).var is None
    assert done.output(3).vetoes[0].reasons == ("already_in_trade", "day_loss_limit")


def test_the_daily_loss_ends_with_the_day() -> None:
    done = run(scenario(
        26, {"BTCUSDT": {1: 100, 2: 60}}, positions=[position("BTCUSDT:LONG", 10, 100, 130, 85)],
        period_s=3600,
        use=settings(nav={"fresh_s": 9e9}),
    ))  # fmt: skip
    losses = [s.risk.daily_loss for s in done.states]
    assert losses == [0.0] + [0.04] * 23 + [0.0] * 2


@pytest.mark.parametrize(
    ("money", "parts"), [(499.0, 1), (500.0, 4), (1_000.0, 4)]
)  # fmt: skip
def test_a_large_twap_is_sliced_and_adds_up(money: float, parts: int) -> None:
    done = run(scenario(
        2, {"BTCUSDT": 3}, use=settings(limits=WIDE),
        signals=[entry(1, "BTCUSDT:LONG", money=money, twap=True, name="t", tp=9, sl=1)],
    ))  # fmt: skip
    assert [order[0] for order in sent(done.output(1))] == ["t" if parts == 1 else "t-1"]
    state = done.state(2)
    assert state.positions[0].qty == usd(money) * 100 // 3
    assert state.counters.total_orders == 1 and state.stats.fill_rate == 1.0
    assert state.router.rows[0].child_count == (0 if parts == 1 else parts)
    assert state.ledger[0].tp == price(9)


def test_slices_are_fewer_when_they_would_be_too_small() -> None:
    done = run(scenario(
        2, {"BTCUSDT": 3}, use=settings(limits=WIDE, router={"twap_min_usd": 10.0, "twap": True}),
        signals=[entry(1, "BTCUSDT:LONG", money=75)],
    ))  # fmt: skip
    assert done.state(2).router.rows[0].child_count == 3


def test_a_resting_entry_registers_its_levels_when_it_fills() -> None:
    done = run(scenario(
        5, {"BTCUSDT": {1: 100, 4: 95}},
        signals=[entry(2, "BTCUSDT:LONG", qty=1, limit=96, tp=120, sl=90)],
    ))  # fmt: skip
    assert [s.positions == () for s in done.states] == [True, True, True, False, False]
    assert done.state(2).counters.total_orders == 1 and done.state(2).stats.executed == 0
    assert done.state(4).stats.executed == 1 and done.state(4).counters.total_orders == 1
    held = done.state(4).ledger[0]
    assert (held.tp, held.sl, held.created_ts) == (price(120), price(90), at(4))
    assert done.output(4).events == () and done.state(4).router.rows[0].events == 1
    assert done.state(4).counters.last_router_event_ts == at(4)


def test_a_resting_entry_takes_room_under_the_caps() -> None:
    done = run(scenario(
        3, {"AUSDT": 100, "BUSDT": 10}, use=settings(limits=WIDE | {"max_concurrent": 1}),
        signals=[entry(1, "AUSDT:LONG", qty=1, limit=50), entry(2, "BUSDT:LONG", qty=3)],
    ))  # fmt: skip
    assert done.state(2).counters.by_reason == {"max_concurrent": 1}


def test_the_levels_of_a_resting_order_are_lost_with_the_process() -> None:
    done = run(scenario(
        5, {"BTCUSDT": {1: 100, 4: 95}}, events=[Restart(3)],
        signals=[entry(2, "BTCUSDT:LONG", qty=1, limit=96, tp=120, sl=90)],
    ))  # fmt: skip
    assert done.state(4).registry["BTCUSDT:LONG"].source == "ledger_sync"
    assert done.state(4).stats.executed == 0 and done.state(4).router.rows[0].events == 1


def test_a_resting_order_fills_in_parts_and_counts_once() -> None:
    thin = VenueProfile(name="thin", max_fill_frac=0.5)
    done = run(scenario(
        6, {"BTCUSDT": {1: 100, 3: 95}}, venue=thin,
        signals=[entry(1, "BTCUSDT:LONG", qty=1, limit=96, tp=120, sl=90)],
    ))  # fmt: skip
    assert [sum(row.qty for row in s.positions) for s in done.states] == [0, 0, QTY // 2, QTY, QTY, QTY]
    assert [s.stats.executed for s in done.states] == [0, 0, 1, 1, 1, 1]
    assert done.state(6).router.rows[0].events == 2 and done.state(6).counters.total_orders == 1
    assert done.state(4).registry["BTCUSDT:LONG"].qty == QTY


def test_a_resting_close_that_finds_nothing_is_forgotten() -> None:
    done = run(scenario(
        5, {"BTCUSDT": {1: 100, 4: 106}}, positions=[position("BTCUSDT:LONG", 1, 100, 130, 70)],
        signals=[
            entry(1, "BTCUSDT:LONG", qty=1, action="close", limit=105, name="rests"),
            entry(2, "BTCUSDT:LONG", action="close", name="now"),
        ],
    ))  # fmt: skip
    assert done.state(2).positions == () and done.state(5).counters.total_orders == 2
    assert done.state(4).counters.last_router_event_ts == at(4) and done.state(5).stats.executed == 1


def test_funding_moves_the_wallet_and_no_counter() -> None:
    paying = VenueProfile(name="paying", funding_bps=10.0, funding_every=2)
    done = run(scenario(
        3, {"BTCUSDT": 100}, venue=paying, positions=[position("BTCUSDT:LONG", 10, 100, 130, 70)]
    ))  # fmt: skip
    assert done.state(3).nav.nav == usd(9_999) and done.state(3).risk.daily_loss == 0.0
    assert done.state(3).counters.last_router_event_ts is None


def test_a_refused_order_puts_the_symbol_on_cooldown_without_a_veto() -> None:
    picky = VenueProfile(name="picky", min_notional=usd(50))
    done = run(scenario(
        7, {"BTCUSDT": 10, "ETHUSDT": 10}, venue=picky, period_s=20,
        signals=[*[entry(n, "BTCUSDT:LONG", qty=3) for n in (1, 2, 3, 4)], entry(2, "ETHUSDT:LONG", qty=6)],
    ))  # fmt: skip
    assert [o.signals for o in done.outputs][:4] == [
        ("i-1-BTCUSDT:LONG",), ("i-2-ETHUSDT:LONG",), (), ("i-4-BTCUSDT:LONG",),
    ]  # fmt: skip
    counters = done.state(7).counters
    assert (counters.total_signals, counters.total_orders, counters.total_vetoes) == (3, 1, 0)


def test_a_partly_filled_exit_keeps_its_levels_and_tries_again() -> None:
    thin = VenueProfile(name="thin", max_fill_frac=0.5)
    done = run(scenario(
        5, {"BTCUSDT": {1: 100, 2: 97}}, venue=thin, positions=[position("BTCUSDT:LONG", 1, 100, 103, 98)]
    ))  # fmt: skip
    asked = [[order[3] for order in sent(o)] for o in done.outputs]
    assert asked[:4] == [[], [QTY], [QTY // 2], [QTY // 4]]
    assert done.state(3).ledger[0].sl == price(98) and done.state(3).reconciliation.coverage == 1.0


def test_a_request_for_no_level_is_never_seeded() -> None:
    done = run(scenario(
        6, {"BTCUSDT": {1: 100, 3: 50}}, events=[Restart(5)],
        signals=[entry(2, "BTCUSDT:LONG", qty=1, levels="none")],
    ))  # fmt: skip
    for state in done.states[1:]:
        assert (state.ledger[0].tp, state.ledger[0].sl) == (None, None)
        assert state.registry["BTCUSDT:LONG"].source == "" and state.reconciliation.missing_tp_sl == 1


def test_an_opening_position_without_levels_is_seeded_before_the_first_scan() -> None:
    done = run(scenario(1, {"BTCUSDT": 98}, positions=[position("BTCUSDT:LONG", 1, 100)]))
    assert done.output(1).exits == ("x-1-BTCUSDT:LONG",)


def test_a_restart_starts_the_counters_and_keeps_the_book() -> None:
    done = run(scenario(
        6, {"BTCUSDT": 100}, nav={1: 10_000, 2: 8_900}, events=[Restart(4)],
        positions=[position("BTCUSDT:LONG", 1, 100, 130, 70)],
        signals=[entry(2, "BTCUSDT:SHORT", qty=1, tp=70, sl=130), entry(4, "BTCUSDT:SHORT", qty=1)],
    ))  # fmt: skip
    before, after = done.state(3), done.state(4)
    assert before.counters.total_orders == 1 and before.router.score is not None
    assert (after.counters.total_signals, after.counters.by_reason) == (1, {"portfolio_dd_circuit": 1})
    assert after.counters.last_exit_scan_ts == at(4) and after.router.score is None
    assert after.liveness.orders.missing and after.liveness.exits.missing and after.liveness.router.missing
    assert (after.drawdown.state, after.drawdown.since_ts) == ("DRAWDOWN", at(2))
    assert after.drawdown.transitions == 1 and after.drawdown.peak == before.drawdown.peak
    assert after.run_id == "t-run-2" != before.run_id
    assert after.registry == before.registry and [e.created_ts for e in after.ledger] == [at(1), at(2)]


def test_settings_take_effect_in_their_loop_also_at_a_start() -> None:
    bare = settings(tp_sl={"seed": False})
    done = run(scenario(
        4, {"BTCUSDT": 98}, positions=[position("BTCUSDT:LONG", 1, 100)], use=bare,
        events=[SetSetting(3, settings()), Restart(3)],
    ))  # fmt: skip
    assert done.state(2).registry == {} and done.output(3).exits == ("x-3-BTCUSDT:LONG",)


def test_a_seeding_switched_on_reaches_open_positions_at_once() -> None:
    done = run(scenario(
        4, {"BTCUSDT": 100}, positions=[position("BTCUSDT:LONG", 1, 100)],
        use=settings(tp_sl={"seed": False}),
        events=[SetSetting(3, settings())],
    ))  # fmt: skip
    assert [s.reconciliation.coverage for s in done.states] == [0.0, 0.0, 1.0, 1.0]


def test_off_exchange_holdings_never_inflate_nav() -> None:
    base = scenario(1, {"BTCUSDT": 100})
    assets = (OffExchangeAsset("BTC", QTY, price(90) or 0, price(100)), OffExchangeAsset("XYZ", QTY, 0, None))
    nav = run(replace(base, account=replace(base.account, off_exchange=assets))).state(1).nav
    assert nav.nav == usd(10_000)
    assert [row.usd_value for row in nav.off_exchange] == [usd(100), None]


def test_intel_runs_when_it_is_due() -> None:
    done = run(scenario(7, {"BTCUSDT": 100}, use=settings(intel={"every": 3})))
    assert [s.loop for s in done.states if s.intel is not None] == [1, 4, 7]


def test_correlation_groups_show_gross_shares() -> None:
    done = run(scenario(
        1, {"BTCUSDT": 100, "ETHUSDT": 50, "SUIUSDT": 1},
        positions=[position("BTCUSDT:LONG", 1, 100, 130, 70), position("ETHUSDT:SHORT", 2, 50, 35, 65)],
    ))  # fmt: skip
    assert done.state(1).risk.groups == (("L1", 0.02, 0.35), ("alts", 0.0, 0.25))


def test_every_defect_is_built_and_listed_in_its_order() -> None:
    assert list(LEGACY) == [f"D-{n:02}" for n in range(1, 40) if n != 38]  # D-38: not used


PRICES = st.lists(st.integers(80, 120), min_size=12, max_size=12)
INTENTS = st.lists(
    st.tuples(
        st.integers(1, 12), st.sampled_from(["AUSDT:LONG", "AUSDT:SHORT", "BUSDT:LONG"]), st.booleans(),
        st.sampled_from(["silent", "none", "given"]), st.integers(1, 4),
    ),
    max_size=12,
)  # fmt: skip


def story(prices: list[int], intents: list[tuple[int, str, bool, str, int]], restart: int) -> Scenario:
    signals = [
        entry(
            loop, key, qty=qty, action="open" if opens else "close", levels=levels, name=f"i{n}",
            tp=(110 if "LONG" in key else 90) if levels == "given" else None,
        )
        for n, (loop, key, opens, levels, qty) in enumerate(intents)
    ]  # fmt: skip
    ghost = GhostLedgerEntry(Loops(5, 6), "CUSDT", "LONG", QTY, price(1) or 0, None, None)
    return scenario(
        12, {"AUSDT": dict(enumerate(prices, 1)), "BUSDT": dict(enumerate(reversed(prices), 1)), "CUSDT": 1},
        signals=signals, events=[Restart(restart)], faults=[ghost],
        use=settings(limits=WIDE | {"allow_add": True}, var={"min_returns": 3}),
    )  # fmt: skip


@hypothesis_settings(deadline=None, derandomize=True, max_examples=40)
@given(prices=PRICES, intents=INTENTS, restart=st.integers(2, 12))
def test_every_story_keeps_the_books(
    prices: list[int], intents: list[tuple[int, str, bool, str, int]], restart: int
) -> None:
    done = run(story(prices, intents, restart))
    for state, output in zip(done.states, done.outputs, strict=True):
        held = {row.key: row for row in state.positions}
        ledger = {entry.key: entry for entry in state.ledger}
        ghosts = ["CUSDT:LONG"] if state.loop in (5, 6) else []
        assert list(ledger) == sorted([*held, *ghosts]) and list(state.registry) == sorted(held)
        assert state.nav.nav == state.nav.wallet + sum(row.unrealized for row in state.positions)
        for key, row in held.items():
            assert ledger[key].qty == abs(row.qty) and ledger[key].entry == row.entry
            assert (ledger[key].tp, ledger[key].sl) == (state.registry[key].tp, state.registry[key].sl)
        counters = state.counters
        assert sum(counters.by_reason.values()) == counters.total_vetoes
        acked = {event.order.intent_id for event in output.events if isinstance(event, Ack)}
        assert not acked & {veto.intent_id for veto in output.vetoes}
        assert {intent for intent in acked if intent.startswith("x-")} == set(output.exits)
        fills = sum(1 for event in output.events if isinstance(event, Fill))
        assert fills == sum(1 for event in output.events if isinstance(event, Ack) and event.filled_qty)


@hypothesis_settings(deadline=None, derandomize=True, max_examples=15)
@given(prices=PRICES, intents=INTENTS, restart=st.integers(2, 12))
def test_the_same_story_gives_the_same_states_and_no_loop_knows_the_future(
    prices: list[int], intents: list[tuple[int, str, bool, str, int]], restart: int
) -> None:
    of = story(prices, intents, restart)
    whole = run(of)
    assert run(of) == whole
    short = run(
        replace(of, clock=replace(of.clock, loops=7), signals=tuple(s for s in of.signals if s.loop < 8))
    )
    assert short.states == whole.states[:7] and short.outputs == whole.outputs[:7]
