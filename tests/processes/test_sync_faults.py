"""sync_state that comes late, twice, not at all, or with its own clock."""

from __future__ import annotations

from pathlib import Path

from process_kit import play

MIRROR = ("logs/state/nav_state.json", "sync_state")


def test_a_late_pass_shows_the_same_nav_and_its_true_age(tmp_path: Path) -> None:
    played = play(tmp_path, "faults: [{at: L3..L4, sync_late: 39 s}]\n")
    assert played.acted
    assert played.fired == {}
    ages = [played.loops[loop].doc("nav_state")["age_s"] for loop in range(2, 6)]
    assert ages == [20.0, 59.0, 59.0, 20.0]
    assert played.loops[3].time("nav_state") == played.loops[3].time("nav")


def test_a_late_pass_that_stamps_its_own_clock_is_not_in_the_future(tmp_path: Path) -> None:
    late = "faults: [{at: L3, sync_late: 39 s}, {at: L3, sync_clock: own}]\n"
    assert play(tmp_path, late).fired == {"INV-NS02": [3]}


def test_two_passes_write_the_same_twice(tmp_path: Path) -> None:
    played = play(tmp_path, "faults: [{at: L3, sync_doubled: true}]\n")
    assert played.acted
    assert played.fired == {}
    assert [played.loops[loop].writes.count(MIRROR) for loop in (2, 3, 4)] == [1, 2, 1]
    plain = play(tmp_path / "plain", "")
    assert played.loops[3].tree == plain.loops[3].tree


def test_no_pass_leaves_the_mirror_as_it_was(tmp_path: Path) -> None:
    played = play(tmp_path, "faults: [{at: L3..L4, sync_down: true}]\n")
    assert played.acted
    assert [played.loops[loop].time("nav_state") for loop in (2, 3, 4, 5)] == [
        "01:00.000000", "01:00.000000", "01:00.000000", "04:00.000000",
    ]  # fmt: skip
    assert [played.loops[loop].record.synced for loop in (2, 3, 4, 5)] == [True, False, False, True]


def test_its_own_clock_makes_the_mirror_newer_than_what_it_mirrors(tmp_path: Path) -> None:
    played = play(tmp_path, "faults: [{at: L3, sync_clock: own}]\n")
    assert played.acted
    assert played.fired == {"INV-NS02": [3]}
    assert [played.loops[loop].time("nav_state") for loop in (2, 3, 4)] == [
        "01:00.000000", "02:20.000000", "03:00.000000",
    ]  # fmt: skip
    assert [played.loops[loop].doc("nav_state")["age_s"] for loop in (2, 3, 4)] == [20.0, 0.0, 20.0]
    assert played.loops[3].writes.count(MIRROR) == 1
