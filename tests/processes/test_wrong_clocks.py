"""Clocks that are wrong: what the host shows, prints and takes for today, and what stays true."""

from __future__ import annotations

from pathlib import Path

import pytest
from process_kit import MINUTE, play, scenario_of

from simkit.core.acted import Acted
from simkit.core.clock import iso
from simkit.scenario.host_clock import skew_us
from simkit.scenario.model import ClockDrift, ClockFrozen, Fault, HostClock, HostClockFault, Loops, TimeZone
from simkit.scenario.script import Script
from simkit.surfaces.time_zone import in_zone, zone_of

CLOCK = scenario_of("").clock
SECOND = 1_000_000


@pytest.mark.parametrize(
    ("fault", "shown"),
    [
        (HostClock(Loops(3, 4), 7), [0, 7, 7, 0]),
        (HostClock(Loops(3, 5, 2), -7), [0, -7, 0, -7]),
        (ClockDrift(Loops(3, 4), 5), [0, 5, 10, 0]),
        (ClockDrift(Loops(3, 5, 2), 5), [0, 5, 0, 10]),
        (ClockFrozen(Loops(3, 4)), [0, -MINUTE, -2 * MINUTE, 0]),
        (ClockFrozen(Loops(3, 5, 2)), [0, -MINUTE, 0, -MINUTE]),
    ],
    ids=repr,
)
def test_how_far_the_clock_is_ahead(fault: HostClockFault, shown: list[int]) -> None:
    assert [skew_us(CLOCK, [fault], loop) for loop in range(2, 6)] == shown


def test_a_clock_that_stands_still_shows_what_it_showed_before() -> None:
    faults: list[HostClockFault] = [HostClock(Loops(2, 3), 5 * SECOND), ClockFrozen(Loops(4, 5))]
    assert [skew_us(CLOCK, faults, loop) for loop in (3, 4, 5, 6)] == [
        5 * SECOND, 5 * SECOND - MINUTE, 5 * SECOND - 2 * MINUTE, 0,
    ]  # fmt: skip


def test_executor_and_sync_are_off_and_the_record_is_not(tmp_path: Path) -> None:
    played = play(tmp_path, "faults: [{at: L3..L4, host_clock: +90 s}]\n")
    assert played.acted
    times = [
        (p.time(), p.time("nav_state"), p.doc("nav_state")["synced_ts"][14:-1]) for p in played.loops.values()
    ]
    assert times[1] == ("01:00.000000", "01:00.000000", "01:20.000000")
    assert times[2] == ("03:30.000000", "03:30.000000", "03:50.000000")
    assert times[4] == ("04:00.000000", "04:00.000000", "04:20.000000")
    assert [p.record.ts for p in played.loops.values()] == [CLOCK.at(loop) for loop in range(1, 9)]
    assert {p.doc("nav_state")["age_s"] for p in played.loops.values()} == {20.0}


@pytest.mark.parametrize(("jump", "stale"), [("+90 s", True), ("+89.999999 s", False)])
def test_the_order_gate_finds_the_last_nav_as_old_as_the_clock_says(
    tmp_path: Path, jump: str, stale: bool
) -> None:
    text = f"signals: [{{at: L4, open: BTCUSDT:LONG, qty: 1}}]\nfaults: [{{at: L4, host_clock: {jump}}}]\n"
    played = play(tmp_path, text)
    assert [veto.reason for veto in played.loops[4].record.output.vetoes] == (["nav_stale"] if stale else [])
    assert "INV-R18" not in played.fired


def test_a_clock_that_is_set_back_makes_no_pause_between_entries(tmp_path: Path) -> None:
    text = """\
executor: {limits: {allow_add: true, cooldown_s: 0 s}}
signals: [{at: L3, open: BTCUSDT:LONG, qty: 1}, {at: L4, open: BTCUSDT:LONG, qty: 1}]
faults: [{at: L3, host_clock: +80 s}]
"""
    assert [len(p.record.output.events) for p in play(tmp_path, text).loops.values()][2:4] == [2, 2]


def test_an_executor_that_starts_looks_at_the_wrong_clock_too(tmp_path: Path) -> None:
    text = "events: [{at: L3, restart: executor}]\nfaults: [{at: L3..L4, host_clock: +1 h}]\n"
    played = play(tmp_path, text)
    idle = played.loops[4].doc("diagnostics")["runtime_diagnostics"]["liveness"]
    assert idle == played.loops[3].doc("diagnostics")["runtime_diagnostics"]["liveness"]
    assert played.loops[4].doc("diagnostics")["updated_ts"].startswith("2025-01-06T01:03:00")


def test_duplicate_timestamps_are_seen(tmp_path: Path) -> None:
    played = play(tmp_path, "faults: [{at: L3..L4, clock_frozen: true}]\n")
    assert [played.loops[loop].time() for loop in (1, 2, 3, 4, 5)] == [
        "00:00.000000", "01:00.000000", "01:00.000000", "01:00.000000", "04:00.000000",
    ]  # fmt: skip
    assert played.fired["INV-G06"] == [3, 4]


@pytest.mark.parametrize(("jump", "forgotten"), [("+4 min", False), ("+5 min", True)])
def test_the_day_is_the_hosts(tmp_path: Path, jump: str, forgotten: bool) -> None:
    head = """\
simkit: 1
id: s
seed: 1
clock: {start: 2025-01-06T23:51:00Z, loop: 60 s, loops: 6}
account: {cash: 10000 USD}
prices: {BTCUSDT: {L1: 100, L2: 96}}
positions: {BTCUSDT:LONG: {qty: 10, entry: 100, tp: 130, sl: 97}}
"""
    for kind in "host_clock", "time_zone":
        text = f"faults: [{{at: L5, {kind}: {jump}}}]\n"
        played = play(tmp_path / kind, text, head)
        assert played.acted
        assert played.loops[4].doc("nav_state")["realized_pnl_today"] == -40.0
        assert played.loops[5].doc("nav_state")["realized_pnl_today"] == (0.0 if forgotten else -40.0)


def test_a_clock_that_nobody_looks_at_is_without_effect(tmp_path: Path) -> None:
    clocks = "{at: L3, host_clock: 1 s}, {at: L3, time_zone: 1 h}"
    dark = f"faults: [{{at: L3, hang: true}}, {{at: L3, sync_down: true}}, {clocks}]\n"
    silent = play(tmp_path, dark).result.judgement.without_effect
    assert [type(fault) for fault in silent] == [HostClock, TimeZone]
    lit = dark.replace("{at: L3, hang: true}, ", "")
    assert play(tmp_path / "lit", lit).acted


# Time zones ------------------------------------------------------------------------------------------------


def test_stamps_are_local_and_seconds_since_1970_are_not(tmp_path: Path) -> None:
    text = "positions: {BTCUSDT:LONG: {qty: 1, entry: 100, tp: 130, sl: 70}}\nfaults: [{at: L3, time_zone: +90 min}]\n"
    plain, local = play(tmp_path / "a", text.split("faults")[0]), play(tmp_path / "b", text)
    written = [path for path, writer in local.loops[3].writes if writer == "executor"]
    assert len(written) == 9
    for path in written:
        assert local.loops[3].tree[path] == in_zone(plain.loops[3].tree[path], 90 * MINUTE)
    assert local.loops[3].tree["logs/state/nav.json"] != plain.loops[3].tree["logs/state/nav.json"]
    assert (
        local.loops[3].tree["logs/state/position_tp_sl.json"]
        == plain.loops[3].tree["logs/state/position_tp_sl.json"]
    )
    assert local.loops[4].tree["logs/state/nav.json"] == plain.loops[4].tree["logs/state/nav.json"]
    mirror = local.loops[3].doc("nav_state")
    assert mirror["updated_ts"] == local.loops[3].doc("nav")["updated_ts"] == "2025-01-06T01:32:00.000000Z"
    assert mirror["synced_ts"] == "2025-01-06T01:32:20.000000Z"
    assert mirror["age_s"] == 0.0  # a stamp of local time against the clock


def test_only_whole_stamps_are_rewritten() -> None:
    stamp = iso(MINUTE)
    assert in_zone(f'"{stamp}"'.encode(), MINUTE) == f'"{iso(2 * MINUTE)}"'.encode()
    assert in_zone(f'"{stamp}"'.encode(), -2 * MINUTE) == f'"{iso(0)}"'.encode()
    for text in f'"at {stamp}"', stamp, '"2025-01-06"', f'"{stamp[:-1]}"':
        assert in_zone(text.encode(), MINUTE) == text.encode()
    assert in_zone(b"\xff", 0) == b"\xff"


def test_the_zone_is_asked_by_those_who_print() -> None:
    fault = TimeZone(Loops(1, 1), -5)
    faults: tuple[Fault, ...] = (HostClock(Loops(1, 1), 5), fault)
    acted = Acted(faults)
    assert zone_of((), acted) == zone_of(faults[:1], acted) == 0
    assert acted.without_effect == faults
    assert zone_of(faults, acted) == -5
    assert acted.without_effect == faults[:1]


def test_the_day_of_the_host_follows_both_its_clock_and_its_zone() -> None:
    script = Script(scenario_of("faults: [{at: L2, host_clock: 5 us}, {at: L2..L3, time_zone: -1 h}]\n"))
    assert [script.at(loop).local_us for loop in (1, 2, 3, 4)] == [0, 5 - 60 * MINUTE, -60 * MINUTE, 0]


# The venue -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("off", "loops"), [("-1 us", [3, 4, 5, 6, 7, 8]), ("+1 us", [3])])
def test_the_venue_stamps_its_events_by_its_own_clock(tmp_path: Path, off: str, loops: list[int]) -> None:
    signals = "signals: [{at: L2, open: ETHUSDT:LONG, qty: 2}, {at: L3, open: BTCUSDT:LONG, qty: 1}]\n"
    played = play(tmp_path, signals + f"faults: [{{at: L3..L4, venue_clock: {off}}}]\n")
    assert played.acted
    offsets = [event.ts - p.record.ts for p in played.loops.values() for event in p.record.output.events]
    assert offsets == [0, 0, *[int(off[:2])] * 2]
    assert played.fired["INV-H08"] == loops


def test_the_venues_clock_is_without_effect_where_nothing_happens(tmp_path: Path) -> None:
    signals = "signals: [{at: L2, open: ETHUSDT:LONG, qty: 2}]\nfaults: [{at: %s, venue_clock: 1 s}]\n"
    assert not play(tmp_path / "a", signals % "L3..").acted
    assert play(tmp_path / "b", signals % "L2").acted
