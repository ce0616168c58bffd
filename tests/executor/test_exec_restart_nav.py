"""What of NAV, day and drawdown goes on after a restart, through the real files; and a risk config that cannot
be read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from exec_drive import entry as intent, nav_path, position, scenario, settings, usd
from msgspec.structs import replace

from simkit.core.clock import DAY_US, parse_iso
from simkit.run import simulate
from simkit.scenario.model import (
    BalanceDown,
    ConfigUnreadable,
    Loops,
    Restart,
    Scenario,
    SetSetting,
    WrongBalance,
)
from simkit.trace.record import LoopRecord

Docs = dict[str, Any]


def play(of: Scenario, folder: Path) -> list[dict[str, Docs]]:
    """Every loop's files by stem; the run breaks no rule."""
    loops: list[dict[str, Docs]] = []

    def keep(record: LoopRecord) -> None:
        loops.append({path.rpartition("/")[2][:-5]: json.loads(data) for path, data in record.tree.items()})

    judgement = simulate(of, folder, base=folder, on_loop=keep).judgement
    assert judgement.ok, judgement
    return loops


def column(loops: Sequence[dict[str, Docs]], path: str) -> list[Any]:
    """One field, loop by loop: `risk_snapshot.dd_state.state`."""
    values: list[Any] = list(loops)
    for name in path.split("."):
        values = [value[name] for value in values]
    return values


def test_a_confirmed_nav_and_its_age_survive_a_restart(tmp_path: Path) -> None:
    loops = play(
        scenario(8, {"BTCUSDT": 100}, faults=[BalanceDown(Loops(3, 7))], events=[Restart(4), Restart(6)]),
        tmp_path,
    )
    assert column(loops, "nav.nav_detail.source") == ["live", "live", *["cache"] * 5, "live"]
    assert column(loops, "risk_snapshot.nav_health.age_s") == [
        0.0,
        0.0,
        60.0,
        120.0,
        180.0,
        240.0,
        300.0,
        0.0,
    ]
    assert column(loops, "risk_snapshot.risk_mode") == ["OK", "OK", "OK", *["HALTED"] * 4, "OK"]


def losing_day(*events: Restart) -> Scenario:
    """A loss of 1000 in L2, one of 500 in L5, midnight with L7."""
    of = scenario(
        9, {"BTCUSDT": {1: 100, 2: 80, 5: 70}}, events=events,
        positions=[position("BTCUSDT:LONG", 100, 100, 900, 1)],
        signals=[intent(2, "BTCUSDT:LONG", qty=50, action="close"), intent(5, "BTCUSDT:LONG", action="close")],
        use=settings(limits={"daily_loss_pct": 0.2}),
    )  # fmt: skip
    return replace(of, clock=replace(of.clock, start_us=parse_iso("2025-01-06T23:54:00Z")))


def test_what_the_day_realised_survives_a_restart_and_ends_with_the_day(tmp_path: Path) -> None:
    assert losing_day().clock.at(7) % DAY_US == 0
    whole = play(losing_day(), tmp_path / "whole")
    losses = [0.0, -1000.0, -1000.0, -1000.0, -2500.0, -2500.0, 0.0, 0.0, 0.0]
    assert column(whole, "nav_state.realized_pnl_today") == losses
    assert column(whole, "risk_snapshot.daily_loss_frac") == [-loss / 10_000 for loss in losses]
    for loop in (2, 3, 6, 7, 9):
        again = play(losing_day(Restart(loop)), tmp_path / f"restart-{loop}")
        for path in (
            "nav_state.realized_pnl_today",
            "risk_snapshot.daily_loss_frac",
            "nav_state.peak_equity",
        ):
            assert column(again, path) == column(whole, path), (loop, path)


def test_drawdown_state_survives_a_restart_but_the_flap_window_begins_empty(tmp_path: Path) -> None:
    path = nav_path(10_000, 8_950, 9_050, 8_950, 9_050, 9_050, 9_050, 8_950)
    whole = play(scenario(9, {"BTCUSDT": 100}, nav=path), tmp_path / "whole")
    again = play(scenario(9, {"BTCUSDT": 100}, nav=path, events=[Restart(6)]), tmp_path / "again")
    for name in ("dd_state", "drawdown", "circuit_breaker", "risk_mode"):
        assert column(again, f"risk_snapshot.{name}") == column(whole, f"risk_snapshot.{name}")
    assert column(whole, "risk_snapshot.dd_state.transitions")[-1] == 5
    flags = [sorted(value) for value in column(again, "risk_snapshot.anomalies")]
    assert flags == [[], [], [], [], ["dd_flap"], [], [], [], []]
    assert column(whole, "risk_snapshot.anomalies")[5:8] == [
        {"dd_flap": {"transitions": 4, "window_s": 3600.0}}, {"dd_flap": {"transitions": 4, "window_s": 3600.0}},
        {"dd_flap": {"transitions": 5, "window_s": 3600.0}},
    ]  # fmt: skip


def test_the_kept_peak_stays_clear_of_a_spike_that_legacy_d33_believes(tmp_path: Path) -> None:
    of = scenario(
        6, {"BTCUSDT": 100}, faults=[WrongBalance(Loops(3, 3), usd(40_000))], events=[Restart(5)],
        use=settings(legacy=["D-33"]),
    )  # fmt: skip
    loops: list[float] = []

    def keep(record: LoopRecord) -> None:
        loops.append(json.loads(record.tree["logs/state/risk_snapshot.json"])["drawdown"]["dd_pct"])

    simulate(of, tmp_path, base=tmp_path, on_loop=keep)
    assert loops == [0.0, 0.0, 0.0, 0.75, 0.0, 0.0]


# A config that cannot be read ------------------------------------------------------------------------------


def unreadable(first: int, last: int, *events: SetSetting | Restart) -> Scenario:
    return scenario(
        8, {"BTCUSDT": 100}, nav={1: 10_000, 2: 8_900}, events=events,
        faults=[ConfigUnreadable(Loops(first, last))],
    )  # fmt: skip


def test_inc50_a_config_that_cannot_be_read_leaves_the_previous_one_in_force(tmp_path: Path) -> None:
    loops = play(unreadable(4, 6), tmp_path)
    assert column(loops, "risk_snapshot.risk_mode") == ["OK"] * 8
    assert column(loops, "risk_snapshot.circuit_breaker.active") == [False, *[True] * 7]


def test_a_new_config_takes_effect_when_it_can_be_read(tmp_path: Path) -> None:
    wide = settings(drawdown={"max_portfolio_dd_nav_pct": 0.2})
    limits: list[float] = []

    def keep(record: LoopRecord) -> None:
        snapshot = json.loads(record.tree["logs/state/risk_snapshot.json"])
        limits.append(snapshot["circuit_breaker"]["max_portfolio_dd_nav_pct"])

    simulate(unreadable(4, 6, SetSetting(5, wide)), tmp_path, base=tmp_path, on_loop=keep)
    assert limits == [0.1] * 6 + [0.2] * 2


def test_inc50_without_any_config_the_first_loops_are_halted(tmp_path: Path) -> None:
    loops = play(unreadable(1, 3), tmp_path)
    reasons = column(loops, "risk_snapshot.risk_mode_reason")
    assert reasons == ["risk_config_load_failed"] * 3 + ["all_systems_healthy"] * 5
    assert column(loops, "risk_snapshot.risk_mode")[:4] == ["HALTED", "HALTED", "HALTED", "OK"]
    assert column(loops, "risk_snapshot.risk_mode_score")[:4] == [1.0, 1.0, 1.0, 0.0]


def test_a_restart_forgets_the_config_that_was_loaded(tmp_path: Path) -> None:
    loops = play(unreadable(4, 6, Restart(5)), tmp_path)
    assert column(loops, "risk_snapshot.risk_mode") == ["OK"] * 4 + ["HALTED"] * 2 + ["OK"] * 2


def test_a_setting_of_no_limit_means_no_breaker_and_drawdown_from_one_percent(tmp_path: Path) -> None:
    use = settings(drawdown={"max_portfolio_dd_nav_pct": None})
    loops = play(scenario(4, {"BTCUSDT": 100}, nav=nav_path(10_000, 9_901, 9_900, 9_950), use=use), tmp_path)
    assert column(loops, "risk_snapshot.dd_state.state") == ["NORMAL", "NORMAL", "DRAWDOWN", "RECOVERY"]
    assert (
        column(loops, "risk_snapshot.circuit_breaker")
        == [{"active": False, "max_portfolio_dd_nav_pct": None}] * 4
    )
