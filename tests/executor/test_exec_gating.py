"""From intents to orders in the whole executor: what is counted, what is let through, what old defects do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from exec_drive import WIDE, Run, entry, fills, position, run, scenario, settings
from msgspec.structs import replace

from simkit.executor.port import PastLoop
from simkit.executor.state import ExecStats
from simkit.executor.stats import Rolling
from simkit.scenario.model import (
    Loops,
    MarkMissing,
    OrderRefused,
    Scenario,
    SetSetting,
    Signal,
)

FLAT = {"BTCUSDT": 100.0, "ETHUSDT": 50.0, "DOGEUSDT": 0.2}
HELD = [position("BTCUSDT:LONG", 1, 100, 103, 98)]


def reasons(done: Run, loop: int) -> dict[str, int]:
    return dict(done.state(loop).counters.by_reason)


def traded(signals: Sequence[Signal], loops: int = 3, *, legacy: Sequence[str] = (), **limits: Any) -> Run:
    return run(scenario(loops, FLAT, signals=signals, use=settings(limits=WIDE | limits, legacy=legacy)))


def test_a_refused_intent_is_one_veto_and_no_order() -> None:
    done = traded([entry(1, "DOGEUSDT:LONG", money=100)], restricted=("DOGEUSDT",))
    assert reasons(done, 1) == {"restricted_symbol": 1}
    assert done.output(1).signals == ("i-1-DOGEUSDT:LONG",)
    assert done.output(1).events == ()
    stats = done.state(1).stats
    assert (stats.attempted, stats.vetoes, stats.executed) == (1, 1, 0)


@pytest.mark.parametrize("limits", [{"restricted": ("DOGEUSDT",)}, {"non_prod_env_guard": True}])
def test_d28_counts_the_veto_and_sends_the_order(limits: dict[str, Any]) -> None:
    done = traded([entry(1, "DOGEUSDT:LONG", money=100)], legacy=["D-28"], **limits)
    assert done.state(1).counters.total_vetoes == 1
    assert [row.key for row in done.state(1).positions] == ["DOGEUSDT:LONG"]


def test_d28_lets_nothing_else_through() -> None:
    done = traded([entry(1, "DOGEUSDT:LONG", money=10)], legacy=["D-28"])
    assert reasons(done, 1) == {"min_notional": 1}
    assert done.state(1).positions == ()


def test_d03_records_five_families_twice_and_no_other() -> None:
    signals = [entry(1, "BTCUSDT:LONG", money=100), entry(1, "DOGEUSDT:LONG", money=10)]
    use: dict[str, Any] = {"correlation_groups": {"L1": 0.001}}
    for legacy, expected in (([], 1), (["D-03"], 2)):
        done = traded(signals, legacy=legacy, **use)
        assert reasons(done, 1) == {"correlation_cap": expected, "min_notional": 1}
        assert len(done.output(1).vetoes) == done.state(1).stats.vetoes == expected + 1


def test_d34_submits_again_every_300_s_and_in_no_other_loop() -> None:
    signals = [entry(loop, "ETHUSDT:LONG", qty=1) for loop in (1, 2, 6, 7)]
    done = traded(signals, 7, legacy=["D-34"], allow_add=True)
    assert [len(fills(done.output(loop))) for loop in (1, 2, 6, 7)] == [2, 1, 2, 1]
    sent = [fill.order for fill in fills(done.output(6))]
    assert [order.intent_id for order in sent] == ["i-6-ETHUSDT:LONG"] * 2
    assert sent[0].id != sent[1].id
    assert done.state(7).counters.total_signals == 6


def test_without_d34_there_is_one_path() -> None:
    done = traded([entry(1, "ETHUSDT:LONG", qty=1)], allow_add=True)
    assert len(fills(done.output(1))) == 1


def switched(loop: int, *, on: bool, legacy: Sequence[str] = ()) -> SetSetting:
    return SetSetting(loop, settings(limits=WIDE | {"kill_switch": on}, legacy=legacy))


def under_the_switch(legacy: Sequence[str] = ()) -> Run:
    """The switch is on in L2..L3; the stop is met in L2, and a close is asked for in L3."""
    positions = [*HELD, position("ETHUSDT:LONG", 1, 50, 90, 10)]
    return run(scenario(
        4, {"BTCUSDT": {1: 100, 2: 97}, "ETHUSDT": 50.0}, positions=positions,
        signals=[entry(2, "ETHUSDT:SHORT", money=100), entry(3, "ETHUSDT:LONG", action="close")],
        events=[switched(2, on=True, legacy=legacy), switched(4, on=False, legacy=legacy)],
        use=settings(limits=WIDE, legacy=legacy),
    ))  # fmt: skip


def test_the_kill_switch_stops_entries_and_no_exit() -> None:
    done = under_the_switch()
    assert reasons(done, 2) == {"kill_switch_on": 1}
    assert [fill.order.reason for fill in fills(done.output(2))] == ["sl"]
    assert [fill.order.reason for fill in fills(done.output(3))] == ["close"]
    assert done.state(3).counters.total_vetoes == 1


def test_d16_vetoes_exits_and_closes_while_the_trigger_moves_on() -> None:
    done = under_the_switch(["D-16"])
    assert [veto.intent_id for veto in done.output(2).vetoes] == ["x-2-BTCUSDT:LONG", "i-2-ETHUSDT:SHORT"]
    assert done.output(2).events == done.output(3).events == ()
    assert reasons(done, 3) == {"kill_switch_on": 4}
    assert done.output(2).exits == ("x-2-BTCUSDT:LONG",)
    assert done.state(3).counters.last_exit_trigger_ts == done.state(3).ts
    assert [fill.order.reason for fill in fills(done.output(4))] == ["sl"]


def test_a_symbol_whose_send_failed_is_skipped_for_60_s_without_a_veto() -> None:
    refused = OrderRefused(Loops(1, 1), "ETHUSDT")
    signals = [
        entry(1, "ETHUSDT:LONG", money=100), entry(1, "ETHUSDT:SHORT", money=100, name="other"),
        entry(1, "BTCUSDT:LONG", money=100), entry(2, "ETHUSDT:LONG", money=100),
    ]  # fmt: skip
    done = run(scenario(2, FLAT, signals=signals, faults=[refused], use=settings(limits=WIDE)))
    assert done.output(1).signals == ("i-1-ETHUSDT:LONG", "i-1-BTCUSDT:LONG")
    assert done.state(1).counters.total_vetoes == 0
    assert done.output(2).signals == ("i-2-ETHUSDT:LONG",)  # exactly 60 s later
    assert [row.symbol for row in done.state(2).positions] == ["BTCUSDT", "ETHUSDT"]


def test_the_circuit_counts_refused_orders_and_the_burst_accepted_entries() -> None:
    refused = OrderRefused(Loops(1, 1), "ETHUSDT")
    signals = [
        entry(1, "ETHUSDT:LONG", money=100), entry(1, "BTCUSDT:LONG", money=100),
        entry(2, "DOGEUSDT:LONG", money=100),
    ]  # fmt: skip
    for limits, expected in (
        ({"circuit_errors": 1}, {"circuit_breaker": 2}),
        ({"circuit_errors": 2}, {}),
        ({"burst_entries": 1}, {"burst_limit": 1}),
        ({"burst_entries": 2}, {}),
    ):
        use = settings(limits=WIDE | limits)
        done = run(scenario(2, FLAT, signals=signals, faults=[refused], use=use))
        assert reasons(done, 2) == expected


def test_a_cooldown_follows_an_entry_only() -> None:
    signals = [
        entry(1, "BTCUSDT:LONG", money=10, name="vetoed"), entry(2, "BTCUSDT:LONG", money=100),
        entry(3, "BTCUSDT:SHORT", money=100), entry(3, "ETHUSDT:LONG", money=100),
        entry(4, "BTCUSDT:SHORT", money=100),
    ]  # fmt: skip
    done = traded(signals, 4, cooldown_s=120.0)
    assert reasons(done, 4) == {"cooldown": 1, "min_notional": 1}
    assert [row.key for row in done.state(4).positions] == ["BTCUSDT:LONG", "BTCUSDT:SHORT", "ETHUSDT:LONG"]


def test_resting_entries_count_towards_the_quantity_of_their_symbol() -> None:
    resting = entry(1, "BTCUSDT:LONG", qty=1, limit=90)
    for qty, expected in ((1.0, {}), (1.00000001, {"symbol_cap": 1})):
        more = entry(2, "BTCUSDT:SHORT", qty=qty)
        done = traded([resting, more], 2, per_symbol_qty={"BTCUSDT": 2.0})
        assert reasons(done, 2) == expected


def test_what_is_held_counts_on_both_sides() -> None:
    more = entry(1, "BTCUSDT:SHORT", qty=0.5)
    for cap, expected in ((1.5, {}), (1.49999999, {"symbol_cap": 1})):
        use = settings(limits=WIDE | {"per_symbol_qty": {"BTCUSDT": cap}})
        done = run(scenario(1, FLAT, positions=HELD, signals=[more], use=use))
        assert reasons(done, 1) == expected


def unmarked(*signals: Signal) -> Run:
    faults = [MarkMissing(Loops(2, 2), "BTCUSDT")]
    return run(scenario(2, FLAT, positions=HELD, signals=signals, faults=faults, use=settings(limits=WIDE)))


@pytest.mark.parametrize("size", [{"money": 100.0}, {"qty": 1.0}])
def test_an_entry_without_a_mark_is_refused(size: dict[str, float]) -> None:
    done = unmarked(entry(2, "BTCUSDT:SHORT", qty=size.get("qty"), money=size.get("money")))
    assert reasons(done, 2) == {"unknown_early_veto": 1}


def test_a_close_in_money_without_a_mark_is_not_sent() -> None:
    done = unmarked(entry(2, "BTCUSDT:LONG", money=50, action="close"))
    assert (done.output(2).events, done.state(2).counters.total_vetoes) == ((), 0)


def test_a_close_passes_every_gate() -> None:
    signals = [entry(1, "BTCUSDT:LONG", action="close")]
    use = settings(limits={"restricted": ("BTCUSDT",), "non_prod_env_guard": True, "max_concurrent": 0})
    done = run(scenario(1, FLAT, positions=HELD, signals=signals, use=use))
    assert (done.state(1).positions, reasons(done, 1)) == ((), {})


def one_way(of: Scenario) -> Scenario:
    return replace(of, account=replace(of.account, mode="one_way"))


def test_a_one_way_account_holds_what_its_sign_says() -> None:
    short = position("BTCUSDT:SHORT", 1, 100, 70, 130)
    asked = [entry(1, "BTCUSDT:SHORT", money=100), entry(1, "BTCUSDT:SHORT", action="close", name="c")]
    done = run(one_way(scenario(1, FLAT, positions=[short], signals=asked, use=settings(limits=WIDE))))
    assert reasons(done, 1) == {"already_in_trade": 1}
    assert done.state(1).positions == ()


def test_a_veto_tells_the_strategy_that_asked() -> None:
    asked = replace(entry(1, "DOGEUSDT:LONG", money=100), strategy="carry")
    done = traded([asked], restricted=("DOGEUSDT",))
    assert [veto.strategy for veto in done.output(1).vetoes] == ["carry"]


def test_the_counts_of_24_hours_go_on_from_the_logs() -> None:
    day = 86_400_000_000
    past = [PastLoop(0, 2, 1, ("symbol_cap",)), PastLoop(60, 3, 2, ("cooldown", "cooldown"))]
    rolling = Rolling(past)
    assert rolling.snapshot(day) == ExecStats(5, 3, 3, 0.6, (("cooldown", 2), ("symbol_cap", 1)))
    rolling.attempted(day + 1)
    assert rolling.snapshot(day + 1) == ExecStats(4, 2, 2, 0.5, (("cooldown", 2),))
    assert rolling.snapshot(day + 61) == ExecStats(1, 0, 0, 0.0, ())
