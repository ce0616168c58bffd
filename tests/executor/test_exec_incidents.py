"""The incidents that the reference executor must tell as incidents.md has them, through the real venue."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from exec_drive import WIDE, Run, at, entry, fills, nav_path, position, price, run, scenario, settings, usd
from msgspec.structs import replace

from simkit.executor.state import ExecutorState, NavJump
from simkit.scenario.model import (
    AccountReset,
    BalanceDown,
    GhostLedgerEntry,
    Loops,
    MissingLedgerPosition,
    OffExchangeAsset,
    ResetPeak,
    Restart,
    SetSetting,
    SyncDown,
    Transfer,
    WrongBalance,
)

RECOVERY_PATH = nav_path(10_000, 9_500, 8_900, 9_300, 9_800, 10_000, 10_100)
TWO_COVERED = (
    position("BTCUSDT:LONG", 1, 100, 130, 70),
    position("ETHUSDT:SHORT", 2, 50, 35, 65),
)


def every(done: Run, first: int, last: int) -> list[ExecutorState]:
    return done.states[first - 1 : last]


def test_inc01_breaker_stops_the_entry_of_the_next_loop_only() -> None:
    done = run(scenario(
        7, {"BTCUSDT": 100}, nav=RECOVERY_PATH, signals=[entry(4, "BTCUSDT:LONG", money=500)]
    ))  # fmt: skip
    assert [s.drawdown.state for s in done.states] == [
        "NORMAL", "NORMAL", "DRAWDOWN", "RECOVERY", "RECOVERY", "NORMAL", "NORMAL",
    ]  # fmt: skip
    assert [s.drawdown.dd for s in done.states] == [0.0, 0.05, 0.11, 0.07, 0.02, 0.0, 0.0]
    assert [s.drawdown.breaker_active for s in done.states] == [
        False,
        False,
        True,
        False,
        False,
        False,
        False,
    ]
    assert all(s.risk.mode == "OK" and s.risk.nav_jump is None for s in done.states)
    assert done.state(4).counters.by_reason == {"portfolio_dd_circuit": 1}
    assert done.output(4).events == ()


def test_inc02_breaker_held_lets_exits_through() -> None:
    symbols = [f"S{n}USDT" for n in range(6)]
    done = run(scenario(
        6,
        {symbol: {1: 100, n + 1: 103} if n else 103 for n, symbol in enumerate(symbols)} | {"BTCUSDT": 10},
        nav={1: 10_000, 3: 8_800},
        positions=[position(f"{symbol}:LONG", 1, 100, 103, 50) for symbol in symbols],
        signals=[entry(n, "BTCUSDT:LONG", qty=5, name=f"{n}{side}") for n in range(4, 7) for side in "ab"],
        use=settings(limits=WIDE),
    ))  # fmt: skip
    assert [s.counters.by_reason.get("portfolio_dd_circuit", 0) for s in done.states] == [0, 0, 0, 2, 4, 6]
    assert [s.counters.total_orders for s in done.states] == [1, 2, 3, 4, 5, 6]
    assert all(s.drawdown.breaker_active and s.drawdown.dd == 0.12 for s in every(done, 3, 6))
    assert not any(s.liveness.orders.idle for s in done.states)


def test_inc03_flapping_counts_changes_of_the_last_hour() -> None:
    done = run(scenario(65, {"BTCUSDT": 100}, nav=nav_path(10_000, 8_950, 9_050, 8_950, 9_050)))
    assert [s.drawdown.state for s in every(done, 1, 6)] == [
        "NORMAL", "DRAWDOWN", "RECOVERY", "DRAWDOWN", "RECOVERY", "RECOVERY",
    ]  # fmt: skip
    flagged = {s.loop: s.drawdown.flap for s in done.states if s.drawdown.flap is not None}
    assert flagged == dict.fromkeys(range(5, 63), 4)
    assert done.state(65).drawdown.transitions == 4


def spike(*legacy: str) -> Run:
    return run(scenario(
        12, {"BTCUSDT": 100}, nav={1: 10_000, 5: 10_100}, use=settings(legacy=legacy),
        faults=[WrongBalance(Loops(4, 4), usd(40_000))],
    ))  # fmt: skip


def test_inc07_spike_is_flagged_and_does_not_become_the_peak() -> None:
    done = spike()
    assert [s.risk.nav_jump for s in every(done, 3, 6)] == [
        None,
        NavJump(usd(10_000), usd(40_000), 3.0),
        NavJump(usd(40_000), usd(10_100), 0.7475),
        None,
    ]
    assert [s.drawdown.peak for s in every(done, 3, 5)] == [usd(10_000), usd(10_000), usd(10_100)]
    assert all(s.drawdown.dd == 0.0 and s.drawdown.state == "NORMAL" for s in done.states)


def test_inc07_legacy_d33_keeps_the_breaker_active() -> None:
    done = spike("D-33")
    assert all(
        s.drawdown.dd == 0.7475 and s.drawdown.breaker_active and s.risk.mode == "DEFENSIVE"
        for s in every(done, 5, 12)
    )


def test_inc08_liquidated_account_is_shown() -> None:
    done = run(scenario(7, {"BTCUSDT": 100}, nav={1: 10_000, 4: 0, 6: 10_000}))
    assert [s.nav.nav for s in every(done, 3, 6)] == [usd(10_000), 0, 0, usd(10_000)]
    assert done.state(4).drawdown.dd == 1.0 and done.state(4).drawdown.state == "DRAWDOWN"
    assert done.state(4).risk.mode == "DEFENSIVE" and done.state(4).nav.source == "live"
    assert all(s.risk.nav_jump is None for s in done.states)
    assert done.state(6).drawdown.state == "NORMAL"


def test_inc08_without_any_source_the_last_published_nav_is_repeated() -> None:
    done = run(scenario(
        6, {"BTCUSDT": 10}, events=[Restart(4)], faults=[BalanceDown(Loops(4, 5))],
        signals=[entry(n, "BTCUSDT:LONG", qty=n) for n in (5, 6)],
    ))  # fmt: skip
    assert [s.nav.source for s in every(done, 3, 6)] == ["live", "unavailable", "unavailable", "live"]
    assert all(s.nav.nav == usd(10_000) for s in done.states)
    assert [s.risk.reason for s in every(done, 3, 6)] == [
        "all_systems_healthy", "nav_sources_unavailable", "nav_sources_unavailable", "all_systems_healthy",
    ]  # fmt: skip
    assert done.state(6).counters.by_reason == {"nav_stale": 2}


def test_inc09_stale_nav_halts_and_vetoes_by_the_last_live_read() -> None:
    done = run(scenario(
        11, {"BTCUSDT": 10}, faults=[BalanceDown(Loops(4, 9))], use=settings(limits={"allow_add": True}),
        signals=[entry(n, "BTCUSDT:LONG", qty=3, tp=20, sl=5) for n in range(1, 12)],
    ))  # fmt: skip
    assert [s.nav.source for s in done.states] == ["live"] * 3 + ["cache"] * 6 + ["live"] * 2
    assert [s.loop for s in done.states if s.risk.mode == "HALTED"] == [5, 6, 7, 8, 9]
    assert done.state(5).risk.reason == "nav_stale_age=120s"
    assert [len(o.vetoes) for o in done.outputs] == [0] * 5 + [1] * 5 + [0]
    assert done.state(11).counters.by_reason == {"nav_stale": 5}


def test_inc10_age_is_taken_at_publish() -> None:
    done = run(scenario(
        5, {"BTCUSDT": 10}, signals=[entry(4, "BTCUSDT:LONG", qty=3)], period_s=110
    ))  # fmt: skip
    assert all(s.risk.mode == "OK" and s.risk.nav_age_s == 0.0 for s in done.states)
    assert done.state(4).counters.total_orders == 1


def test_inc11_a_declared_reset_voids_the_peak() -> None:
    lie = AccountReset(Loops(4, 4), usd(5_000))
    done = run(scenario(8, {"BTCUSDT": 100}, faults=[lie], events=[ResetPeak(6)]))
    assert [s.drawdown.dd for s in every(done, 3, 6)] == [0.0, 0.5, 0.5, 0.0]
    assert done.state(5).risk.mode == "DEFENSIVE"
    assert done.state(6).drawdown.peak == usd(5_000) and done.state(6).drawdown.state == "NORMAL"


@pytest.mark.parametrize(
    ("legacy", "fractions", "defensive"),
    [((), (0.004, 0.01, 0.0114), ()), (("D-01",), (0.4, 1.0, 0.0114), range(2, 8))],
)
def test_inc04_a_percentage_taken_for_a_fraction(
    legacy: tuple[str, ...], fractions: tuple[float, ...], defensive: Sequence[int]
) -> None:
    done = run(scenario(
        10, {"BTCUSDT": 100}, nav={1: 10_000, 2: 9_960, 5: 9_900, 8: 9_886}, use=settings(legacy=legacy)
    ))  # fmt: skip
    assert [s.drawdown.dd for s in done.states] == [0.0, *[0.004] * 3, *[0.01] * 3, *[0.0114] * 3]
    assert [s.risk.dd for s in done.states] == [0.0] + [dd for dd in fractions for _ in range(3)]
    assert [s.loop for s in done.states if s.risk.mode == "DEFENSIVE"] == list(defensive)
    assert all(s.drawdown.state == "NORMAL" for s in done.states)


def test_inc10_legacy_d39_judges_the_nav_of_the_loop_before() -> None:
    done = run(scenario(5, {"BTCUSDT": 10}, period_s=110, use=settings(legacy=["D-39"])))
    assert [s.risk.reason for s in done.states] == ["all_systems_healthy", *["nav_stale_age=110s"] * 4]


def test_inc12_a_declared_deposit_raises_the_peak() -> None:
    done = run(scenario(
        9, {"BTCUSDT": 100}, events=[Transfer(3, usd(15_000)), Transfer(8, usd(-15_000))]
    ))  # fmt: skip
    assert [s.nav.nav for s in done.states] == [usd(v) for v in (10_000,) * 2 + (25_000,) * 5 + (10_000,) * 2]
    assert [s.drawdown.dd for s in done.states] == [0.0] * 7 + [0.6] * 2
    assert [s.drawdown.peak for s in every(done, 2, 8)] == [usd(10_000), *[usd(25_000)] * 6]
    assert [s.risk.mode for s in every(done, 7, 9)] == ["OK", "DEFENSIVE", "DEFENSIVE"]
    assert all(s.risk.nav_jump is None for s in done.states)


def test_off_exchange_assets_count_in_aum_alone() -> None:
    of = scenario(2, {"BTCUSDT": 100})
    assets = (OffExchangeAsset("XAUT", 150_000_000, 0, price(2_100)), OffExchangeAsset("OLD", 1, 0, None))
    done = run(replace(of, account=replace(of.account, off_exchange=assets)))
    part = done.state(2).nav
    assert part.nav == usd(10_000)
    assert [(row.asset, row.usd_value) for row in part.off_exchange] == [("XAUT", usd(3_150)), ("OLD", None)]


def unseeded(*legacy: str) -> Run:
    return run(scenario(
        10, {"BTCUSDT": {1: 100, 5: 98}}, signals=[entry(3, "BTCUSDT:LONG", qty=1)], events=[Restart(8)],
        use=settings(legacy=legacy),
    ))  # fmt: skip


def test_inc16_a_silent_intent_is_seeded_in_the_loop_of_its_fill() -> None:
    done = unseeded()
    (held,) = done.state(3).ledger
    assert (held.tp, held.sl) == (price(102.1), price(98.6))
    assert done.state(3).registry["BTCUSDT:LONG"].source == "ledger_sync"
    assert [s.reconciliation.coverage for s in every(done, 3, 4)] == [1.0, 1.0]
    assert done.output(5).exits == ("x-5-BTCUSDT:LONG",)
    assert done.state(5).positions == () and done.state(5).registry == {}
    assert done.state(5).counters.last_exit_trigger_ts == at(5)


def test_inc16_legacy_d11_leaves_it_naked_until_the_restart() -> None:
    done = unseeded("D-11")
    for state in every(done, 3, 7):
        found = state.reconciliation
        assert (found.open_positions, found.registered, found.missing, found.coverage) == (1, 0, 1, 0.0)
        assert found.mismatch and found.missing_tp_sl == 1
        assert found.underwater == (1 if state.loop >= 5 else 0)
    assert done.output(8).exits == ("x-8-BTCUSDT:LONG",)
    assert done.state(8).positions == () and done.state(8).counters.last_exit_trigger_ts == at(8)
    assert done.state(7).run_id != done.state(8).run_id


def lost_registry(*, seed: bool) -> Run:
    symbols = [f"S{n}USDT" for n in range(6)]
    return run(scenario(
        8, {symbol: {1: 100, 3: 99.729, 6: 99.4167} for symbol in symbols} | {"BTCUSDT": 10},
        positions=[position(f"{symbol}:LONG", 8, 100, 130, 70) for symbol in symbols],
        events=[Restart(5, ("registry",))],
        signals=[entry(n, "BTCUSDT:LONG", qty=3) for n in range(5, 9)],
        use=settings(limits=WIDE, tp_sl={"seed": seed}),
    ))  # fmt: skip


def test_inc17_without_seeding_a_lost_registry_is_a_deadlock() -> None:
    done = lost_registry(seed=False)
    assert done.state(4).reconciliation.coverage == 1.0
    for state in every(done, 5, 8):
        found = state.reconciliation
        assert (found.registered, found.missing, found.coverage, found.mismatch) == (0, 6, 0.0, True)
        assert state.registry == {} and all(e.tp is None and e.sl is None for e in state.ledger)
        assert (state.risk.num_positions, state.risk.num_registry) == (6, 0)
        assert state.counters.by_reason == {"max_concurrent": state.loop - 4}
        assert state.counters.total_orders == 0
        assert (
            state.liveness.orders.missing and state.liveness.exits.missing and state.liveness.router.missing
        )
    assert done.state(5).counters.last_exit_scan_ts == at(5)


def test_inc17_with_seeding_the_start_up_rebuilds_the_registry() -> None:
    done = lost_registry(seed=True)
    assert done.state(5).reconciliation.coverage == 1.0
    assert all(e.source == "ledger_sync" for e in done.state(5).registry.values())
    assert done.state(8).counters.total_orders == 0 and len(done.state(8).positions) == 6


def test_inc20_gap_through_the_stop_fills_at_the_market() -> None:
    done = run(
        scenario(6, {"BTCUSDT": {1: 100, 4: 90}}, positions=[position("BTCUSDT:LONG", 1, 100, 103, 98)])
    )
    (fill,) = fills(done.output(4))
    assert fill.order.reason == "sl" and fill.price == price(90) and fill.realized == usd(-10)
    state = done.state(4)
    assert state.positions == () and state.registry == {} and state.reconciliation.stale_tp_sl == 0
    assert state.counters.last_exit_trigger_ts == at(4)
    assert state.nav.nav == usd(9_990) and state.risk.daily_loss == 0.001


def ghost(*legacy: str, levels: bool) -> Run:
    fault = GhostLedgerEntry(
        Loops(3, 5), "XRPUSDT", "LONG", 100 * 10**8, price(0.5) or 0,
        price(0.6 if levels else None), price(0.4 if levels else None), in_registry=levels,
    )  # fmt: skip
    return run(scenario(
        7, {"BTCUSDT": 100, "ETHUSDT": 50, "XRPUSDT": 0.5}, positions=TWO_COVERED, faults=[fault],
        use=settings(legacy=legacy),
    ))  # fmt: skip


@pytest.mark.parametrize("levels", [False, True])
def test_inc21_a_ghost_never_moves_the_coverage_of_the_real_ones(levels: bool) -> None:
    done = ghost(levels=levels)
    for state in done.states:
        found, haunted = state.reconciliation, 3 <= state.loop <= 5
        assert (found.open_positions, found.registered, found.coverage) == (2, 2, 1.0)
        assert len(state.ledger) == (3 if haunted else 2) and len(state.positions) == 2
        assert found.ghost_ledger == haunted and found.mismatch is haunted
        assert found.missing_tp_sl == found.missing == (haunted and not levels)
        assert found.stale_tp_sl == (haunted and levels)
        assert ("XRPUSDT:LONG" in state.registry) is (haunted and levels)
    assert [s.ledger[-1].created_ts for s in every(done, 3, 5)] == [at(3)] * 3
    assert [e.key for e in done.state(4).ledger] == ["BTCUSDT:LONG", "ETHUSDT:SHORT", "XRPUSDT:LONG"]


def test_inc21_legacy_d14_counts_no_ghost_while_the_ledger_shows_it() -> None:
    bare, with_levels = ghost("D-14", levels=False), ghost("D-14", levels=True)
    for state in every(bare, 3, 5):
        assert len(state.ledger) == 3
        assert state.reconciliation.ghost_ledger == 0 and not state.reconciliation.mismatch
    for state in every(with_levels, 3, 5):
        assert state.reconciliation.ghost_ledger == 0 and state.reconciliation.stale_tp_sl == 1


def test_inc21_legacy_d37_lifts_coverage_above_one() -> None:
    for state in every(ghost("D-37", levels=True), 3, 5):
        assert (state.reconciliation.registered, state.reconciliation.coverage) == (3, 1.5)


def test_inc22_a_lost_ledger_entry_is_not_scanned_until_it_is_whole_again() -> None:
    done = run(scenario(
        6, {"BTCUSDT": 100, "ETHUSDT": {1: 50, 4: 34}}, positions=TWO_COVERED,
        faults=[MissingLedgerPosition(Loops(3, 4), "ETHUSDT", "SHORT")],
    ))  # fmt: skip
    for state in every(done, 3, 4):
        found = state.reconciliation
        assert (found.missing_ledger, found.missing, found.registered, found.coverage) == (1, 1, 1, 0.5)
        assert (found.stale_tp_sl, found.underwater, found.mismatch) == (0, 0, True)
        assert "ETHUSDT:SHORT" in state.registry
    assert [o.exits for o in done.outputs] == [(), (), (), (), ("x-5-ETHUSDT:SHORT",), ()]


def test_inc30_a_veto_storm_counts_one_veto_per_intent_until_the_cap_is_mended() -> None:
    tight = settings(limits={"trade_equity_nav_pct": 0.02, "max_trade_nav_pct": 0.02})
    mended = settings(limits={"trade_equity_nav_pct": 0.04})
    done = run(scenario(
        4, {f"S{n}USDT": 100 for n in range(8)}, cash=4_229.0, use=tight, events=[SetSetting(4, mended)],
        signals=[entry(loop, f"S{n}USDT:LONG", money=100) for loop in range(1, 5) for n in range(8)],
    ))  # fmt: skip
    for state in every(done, 1, 3):
        assert state.counters.by_reason == {"max_trade_nav": 8 * state.loop}
        assert state.counters.total_signals == 8 * state.loop and state.counters.last_order_ts is None
        assert state.stats.top_vetoes == (("max_trade_nav", 8 * state.loop),) and state.stats.fill_rate == 0.0
        assert not state.liveness.signals.idle and state.liveness.router.missing
        assert state.risk.mode == "OK"
    assert done.state(4).counters.total_orders == 6
    assert done.state(4).counters.by_reason == {"max_concurrent": 2, "max_trade_nav": 24}


def test_inc31_a_stale_nav_counts_once_per_intent() -> None:
    done = run(scenario(
        8, {"BTCUSDT": 10}, faults=[BalanceDown(Loops(2, 8))], use=settings(limits={"allow_add": True}),
        signals=[entry(n, "BTCUSDT:LONG", qty=3) for n in range(1, 9)],
    ))  # fmt: skip
    assert [len(o.vetoes) for o in done.outputs] == [0, 0, 0, 1, 1, 1, 1, 1]


def test_inc33_the_kill_switch_vetoes_entries_and_lets_exits_out() -> None:
    done = run(scenario(
        6, {"BTCUSDT": {1: 100, 5: 97.5}, "ETHUSDT": 10},
        positions=[position("BTCUSDT:LONG", 1, 100, 103, 98)],
        signals=[entry(n, "ETHUSDT:LONG", qty=3) for n in range(3, 7)],
        use=settings(limits={"kill_switch": True}),
    ))  # fmt: skip
    assert done.state(6).counters.by_reason == {"kill_switch_on": 4}
    assert done.output(5).exits == ("x-5-BTCUSDT:LONG",) and done.state(5).positions == ()


def test_inc34_idle_flags_are_strict() -> None:
    done = run(scenario(
        33, {"BTCUSDT": 100}, signals=[entry(1, "BTCUSDT:LONG", qty=1, tp=200, sl=1)]
    ))  # fmt: skip
    live = [s.liveness for s in done.states]
    assert [s.loop for s in done.states if s.liveness.signals.idle] == list(range(17, 34))
    assert [s.loop for s in done.states if s.liveness.orders.idle] == [32, 33]
    assert [s.loop for s in done.states if s.liveness.router.idle] == [32, 33]
    assert all(part.exits.idle and part.exits.missing and part.exits.seconds == 3601.0 for part in live)
    assert live[16].signals.seconds == 960.0


def test_inc42_the_executor_does_not_care_for_sync() -> None:
    done = run(scenario(26, {"BTCUSDT": 100}, faults=[SyncDown(Loops(5, 25))]))
    assert all(s.nav.nav == usd(10_000) and s.risk.mode == "OK" for s in done.states)


def test_inc62_exits_run_while_halted() -> None:
    done = run(scenario(
        10, {"BTCUSDT": {1: 100, 7: 97.5}}, positions=[position("BTCUSDT:LONG", 1, 100, 103, 98)],
        faults=[BalanceDown(Loops(4, 9))],
    ))  # fmt: skip
    assert [s.loop for s in done.states if s.risk.mode == "HALTED"] == [5, 6, 7, 8, 9]
    assert done.output(7).exits == ("x-7-BTCUSDT:LONG",)
    assert [s.nav.nav for s in every(done, 6, 10)] == [usd(10_000)] * 4 + [usd(9_997.5)]


def test_inc65_an_exit_carries_the_full_quantity() -> None:
    symbols = [f"S{n}USDT" for n in range(6)]
    done = run(scenario(
        4, {symbol: {1: 100, 3: 103} for symbol in symbols},
        positions=[position(f"{symbol}:LONG", 8, 100, 103, 98) for symbol in symbols],
    ))  # fmt: skip
    assert len(done.output(3).exits) == 6 and done.state(3).positions == ()


def test_inc67_the_gross_cap_fires() -> None:
    wide = WIDE | {"max_gross_nav_pct": 1.5}
    done = run(scenario(
        4, {"AUSDT": 10, "BUSDT": 10, "CUSDT": 10}, use=settings(limits=wide),
        signals=[entry(n + 2, f"{s}USDT:LONG", money=6_000) for n, s in enumerate("ABC")],
    ))  # fmt: skip
    assert (
        done.state(4).counters.by_reason == {"portfolio_cap": 1} and done.state(4).counters.total_orders == 2
    )


def test_inc71_nav_is_equity() -> None:
    done = run(scenario(
        8, {"BTCUSDT": {1: 100, 4: 76}}, positions=[position("BTCUSDT:LONG", 50, 100, 130, 70)]
    ))  # fmt: skip
    assert done.state(4).nav.nav == usd(8_800) and done.state(4).nav.wallet == usd(10_000)
    assert all(s.drawdown.dd == 0.12 and s.drawdown.breaker_active for s in every(done, 4, 8))
