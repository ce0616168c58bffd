"""Faults of processes and clocks as they are written: just right, and just wrong with place and words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from process_kit import scenario_of, wrong

from simkit.scenario import model as m
from simkit.scenario.kinds_process import STEPS

REFERENCE = Path(__file__).parents[2] / "docs" / "scenario-reference.md"

RIGHT = {
    "{at: L5, crash: nav_compute}": m.Crash(m.Loops(5, 5), "", "before", "nav_compute"),
    "{at: L5, crash: logs, when: after, down: 1}": m.Crash(m.Loops(5, 5), "", "after", "logs", 1),
    "{at: L8, crash: nav, when: during, down: 9}": m.Crash(m.Loops(8, 8), "nav", "during", "", 9),
    "{at: L2, hang: true}": m.Hang(m.Loops(2, 2)),
    "{at: L1.., second_executor: true}": m.SecondExecutor(m.Loops(1, 8)),
    "{at: L1, sync_late: 39.999999 s}": m.SyncLate(m.Loops(1, 1), 39_999_999),
    "{at: L1.., every: 2, sync_doubled: true}": m.SyncDoubled(m.Loops(1, 8, 2)),
    "{at: L1, sync_clock: own}": m.SyncClock(m.Loops(1, 1)),
    "{at: L1, host_clock: -1 us}": m.HostClock(m.Loops(1, 1), -1),
    "{at: L1, host_clock: +3650 d}": m.HostClock(m.Loops(1, 1), 3650 * 86_400_000_000),
    "{at: L1.., clock_drift: 20 ms}": m.ClockDrift(m.Loops(1, 8), 20_000),
    "{at: L2.., clock_frozen: true}": m.ClockFrozen(m.Loops(2, 8)),
    "{at: L1, time_zone: -1 d}": m.TimeZone(m.Loops(1, 1), -86_400_000_000),
    "{at: L1, venue_clock: +3 s}": m.VenueClock(m.Loops(1, 1), 3_000_000),
}

WRONG = {
    "{at: L5, crash: nav_computed}": "1:26: `nav_computed` is unknown here | did you mean `nav_compute`?",
    "{at: L5, crash: logs, when: during}": (
        "1:38: `logs` is a step: an executor dies before or after it | `during` belongs to the write of a file"
    ),
    "{at: L5, crash: logs, down: 0}": (
        "1:38: a new executor starts with the next loop at the earliest | write `1` or more"
    ),
    "{at: L5..L6, crash: logs}": "1:15: an executor dies once: this is no fault of a range | write `L5`",
    "{at: L5, hang: true, down: 2}": "1:37: only `crash` has this | leave `down` out",
    "{at: L5, second_executor: false}": "1:36: `false` says nothing here | write `true` or leave the entry out",
    "{at: L1, sync_late: 40 s}": (
        "1:30: `40 s` later sync_state would meet the next loop | with `sync`, the delay is less than the "
        "shortest `loop`"
    ),
    "{at: L1, sync_late: 0 s}": "1:30: a pass that is `0 s` late is not late | leave the entry out",
    "{at: L1, sync_clock: its}": "1:31: `its` is unknown here | known here: own",
    "{at: L1, host_clock: 0 s}": "1:31: `0 s`: a wrong clock is off by more than 0 and at most 3650 d",
    "{at: L1, host_clock: +3651 d}": "1:31: `+3651 d`: a wrong clock is off by more than 0 and at most 3650 d",
    "{at: L1.., clock_drift: 500 d}": "1:34: `500 d`: a wrong clock is off by more than 0 and at most 3650 d",
    "{at: L1, host_clock: 90}": "1:31: `90` has no unit of time | write `90 s` or `90 min`",
    "{at: L1.., clock_frozen: true}": (
        "1:15: no loop lies before L1 that the clock could show | begin with L2"
    ),
    "{at: L1, time_zone: +25 h}": "1:30: `+25 h`: a wrong clock is off by more than 0 and at most 1 d",
    "{at: L1, venue_clock: soon}": "1:32: found `soon`, expected a number",
}


@pytest.mark.parametrize(("written", "fault"), RIGHT.items(), ids=list(RIGHT))
def test_a_fault_of_a_process_or_a_clock(written: str, fault: m.Fault) -> None:
    assert scenario_of(f"faults: [{written}]\n").faults == (fault,)


@pytest.mark.parametrize(("written", "mistake"), WRONG.items(), ids=list(WRONG))
def test_a_mistake_in_one(written: str, mistake: str) -> None:
    assert wrong(f"faults: [{written}]\n") == [mistake]


def test_no_clock_shows_a_time_before_1970() -> None:
    head = "simkit: 1\nid: s\nseed: 1\naccount: {cash: 1}\nprices: {BTCUSDT: 1}\n"
    clock = "clock: {start: 1970-01-01T01:00:00Z, loop: 60 s, loops: 3}\n"
    assert scenario_of(clock + "faults: [{at: L1, host_clock: -1 h}]\n", head).faults
    with pytest.raises(Exception, match="before 1970"):
        scenario_of(clock + "faults: [{at: L1, host_clock: -3600.000001 s}]\n", head)


# What cannot be together -----------------------------------------------------------------------------------

APART = {
    "- {at: L5, crash: logs}\n  - {at: L5, crash: nav}": "3:10: the executor dies in L5 already",
    "- {at: L5, crash: logs}\n  - {at: L5, power_cut: nav}": "3:10: the executor dies in L5 already",
    "- {at: L4, hang: true}\n  - {at: L4, crash: logs}": "3:10: the executor dies in L4: it cannot hang there",
    "- {at: L3..L5, second_executor: true}\n  - {at: L5, crash: logs}": (
        "3:10: two executors run in L5: nothing says which of them dies"
    ),
    "- {at: L3..L5, second_executor: true}\n  - {at: L5.., second_executor: true}": (
        "3:10: a second executor runs in L5 already"
    ),
    "- {at: L3..L5, sync_down: true}\n  - {at: L5, sync_late: 1 s}": "3:10: sync_state does not run in L5",
    "- {at: L3..L5, host_clock: 1 s}\n  - {at: L5, clock_frozen: true}": (
        "3:10: the clock of the host is wrong in L5 already"
    ),
    "- {at: L3.., every: 2, time_zone: 1 h}\n  - {at: L4.., every: 3, time_zone: 2 h}": (
        "3:10: the host is in another time zone in L7 already"
    ),
}


@pytest.mark.parametrize(("written", "mistake"), APART.items(), ids=list(APART))
def test_what_cannot_be_in_one_loop(written: str, mistake: str) -> None:
    assert wrong(f"faults:\n  {written}\n") == [f"{mistake} | choose other loops"]


@pytest.mark.parametrize(
    "written",
    [
        "- {at: L5, crash: logs}\n  - {at: L6, crash: nav}",
        "- {at: L5, crash: logs}\n  - {at: L7, hang: true}",
        "- {at: L3..L5, second_executor: true}\n  - {at: L6, crash: logs}",
        "- {at: L3..L5, sync_down: true}\n  - {at: L6, sync_late: 1 s}",
        "- {at: L3.., every: 2, host_clock: 1 s}\n  - {at: L4.., every: 2, clock_frozen: true}",
        "- {at: L3, time_zone: 1 h}\n  - {at: L3, host_clock: 1 s}\n  - {at: L3, venue_clock: 1 s}",
    ],
)
def test_what_can_be_in_the_next_loop_or_beside_it(written: str) -> None:
    assert wrong(f"faults:\n  {written}\n") == []


def test_nothing_happens_to_the_dead() -> None:
    dead = "  - {at: L3, crash: logs, down: 3}\n"
    text = "no executor runs in L5: it dies in L3, the next one starts with L6"
    for fault in "crash: nav", "power_cut: nav", "hang: true":
        assert wrong(f"faults:\n{dead}  - {{at: L5, {fault}}}\n") == [f"3:10: {text} | choose other loops"]
    assert wrong(f"faults:\n{dead}  - {{at: L6, crash: nav}}\n") == []
    for loop, hint in (5, [f"4:10: {text} | a restart in L6 is the next start"]), (6, []):
        assert wrong(f"faults:\n{dead}events:\n  - {{at: L{loop}, restart: executor}}\n") == hint


def test_one_that_starts_does_not_hang() -> None:
    hint = "it cannot hang there | let it hang later"
    assert wrong("faults: [{at: L1..L2, hang: true}]\n") == [f"1:15: an executor starts with L1: {hint}"]
    restart = "events: [{at: L4, restart: executor}]\nfaults: [{at: L%s, hang: true}]\n"
    assert wrong(restart % "3..L5") == [f"2:15: an executor starts with L4: {hint}"]
    assert wrong(restart % "5") == []
    crash = "faults:\n  - {at: L4, crash: logs, down: 2}\n  - {at: L6, hang: true}\n"
    assert wrong(crash) == [f"3:10: an executor starts with L6: {hint}"]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(*[st.tuples(st.integers(1, 30), st.integers(0, 30), st.integers(1, 7)) for _ in range(2)])
def test_two_ranges_meet_in_the_first_loop_of_both(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    a, b = [m.Loops(first, first + length, every) for first, length, every in (one, other)]
    both = [loop for loop in range(1, 70) if loop in a and loop in b]
    assert a.common(b) == b.common(a) == (both[0] if both else None)


@pytest.mark.parametrize(("down", "after"), [(1, 4), (2, 4), (3, 5)])
def test_a_storm_lasts_until_the_next_executor_starts(down: int, after: int) -> None:
    faults = f"faults: [{{at: L3, crash: logs, down: {down}}}, {{at: L4, sync_down: true}}]\n"
    found = scenario_of(faults + "converge: {within: 1}\n").converge
    assert found is not None
    assert found.after == after


def test_the_reference_lists_the_steps_in_their_order() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    table = text[text.index("| step | what is done in it |") :].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(STEPS)
