"""sync_state: what it mirrors, when it leaves S2 alone, and how its peak moves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as some
from make_state import PERIOD_US, START_US, flat_state, make_scenario, make_state
from memory_door import MemoryDoor, longest_file
from msgspec.structs import replace

from simkit.contract.table import PEAK_PATH
from simkit.core import canon
from simkit.core.files import Door
from simkit.core.numeric import USD, fraction
from simkit.core.settings import NavSettings, Settings
from simkit.scenario.model import Event, ResetPeak, SetSetting
from simkit.scenario.script import Cue
from simkit.surfaces import build_book, build_risk
from simkit.surfaces.mirror import Mirror

NAV = "logs/state/nav.json"
NAV_STATE = "logs/state/nav_state.json"
POSITIONS = "logs/state/positions_state.json"
TEN_THOUSAND = 10_000 * USD


class Desk:
    """A mirror, its door, and a nav.json that a test writes in the executor's place."""

    def __init__(self, door: Door | None = None, **scenario: Any) -> None:
        self.door = MemoryDoor() if door is None else door
        self.mirror = Mirror(self.door, make_scenario(**scenario))
        self.loop = 0

    def put(self, path: str, data: bytes) -> None:
        self.door.replace(path, data, "executor")

    def nav(self, nav: int, loop: int | None = None) -> None:
        """Publish a whole nav.json of `nav` micro-USD, stamped with the time of `loop`."""
        at = self.loop if loop is None else loop
        state = flat_state(ts=START_US + (at - 1) * PERIOD_US)
        self.put(NAV, canon.encode(build_book.nav(replace(state, nav=replace(state.nav, nav=nav)))))

    def edit(self, **changes: Any) -> None:
        """Change keys of the nav.json that lies there; None as `...` removes one."""
        document = canon.decode(self.door.tree[NAV])
        for key, value in changes.items():
            document.pop(key, None)
            if value is not ...:
                document[key] = value
        self.put(NAV, canon.encode_sorted(document))

    def sync(self, *events: Event, phase_us: int = 0) -> None:
        self.mirror.sync(START_US + (self.loop - 1) * PERIOD_US + phase_us, Cue(self.loop, events=events))

    def step(self, nav: int, *events: Event) -> dict[str, Any]:
        """One loop with a sound nav.json; what S2 shows after it."""
        self.loop += 1
        self.nav(nav)
        self.sync(*events)
        return self.shown()

    def shown(self) -> dict[str, Any]:
        shown: dict[str, Any] = canon.decode(self.door.tree[NAV_STATE])
        return shown


# What it mirrors -------------------------------------------------------------------------------------------


def test_a_mirror_of_a_sound_source() -> None:
    desk = Desk()
    state = make_state()
    desk.put(NAV, canon.encode(build_book.nav(state)))
    desk.put(POSITIONS, canon.encode(build_book.positions_state(state)))
    desk.mirror.sync(state.ts + 1_500_000, Cue(2))
    shown = desk.shown()
    source = canon.decode(desk.door.tree[NAV])
    gross = sum(row.notional for row in state.positions)
    net = sum(row.notional if row.qty > 0 else -row.notional for row in state.positions)
    assert shown == {
        "age_s": 1.5,
        "aum": source["aum"],
        "drawdown": 0.0,
        "drawdown_abs": 0.0,
        "drawdown_pct": 0.0,
        "gross_exposure": gross / USD,
        "largest_position_value": max(row.notional for row in state.positions) / USD,
        "lkg": False,
        "nav": source["nav"],
        "nav_usd": source["nav"],
        "net_exposure": net / USD,
        "peak_equity": source["nav"],
        "synced_ts": "2025-01-06T00:01:01.500000Z",
        "total_equity": source["nav"],
        "updated_at": source["updated_ts"],
        "updated_ts": source["updated_ts"],
    }
    data = desk.door.tree[NAV_STATE]
    assert data == canon.canonical(data)


def test_only_sync_state_writes_and_only_s2() -> None:
    desk = Desk()
    desk.step(TEN_THOUSAND)
    last = desk.door.journal[-1]
    assert (last.path, last.writer, last.mode, last.data) == (
        NAV_STATE, "sync_state", "replace", desk.door.tree[NAV_STATE],
    )  # fmt: skip
    assert [write.path for write in desk.door.journal] == [NAV, NAV_STATE]


def test_an_older_time_is_mirrored_too() -> None:
    desk = Desk()
    desk.step(TEN_THOUSAND)
    desk.step(11_000 * USD)
    desk.nav(10_500 * USD, loop=1)
    desk.sync()
    shown = desk.shown()
    assert shown["updated_ts"] == "2025-01-06T00:00:00.000000Z"
    assert shown["total_equity"] == 10_500.0
    assert shown["lkg"] is False
    assert shown["age_s"] == 60.0


def test_age_is_never_negative() -> None:
    desk = Desk()
    desk.loop = 1
    desk.nav(TEN_THOUSAND, loop=3)
    desk.sync()
    assert desk.shown()["age_s"] == 0.0


@pytest.mark.parametrize("alias", ["updated_ts", "updated_at"])
def test_either_time_alias_is_enough(alias: str) -> None:
    desk = Desk()
    desk.loop = 1
    desk.nav(TEN_THOUSAND)
    desk.edit(**{alias: ...})
    desk.sync()
    assert desk.shown()["updated_ts"] == desk.shown()["updated_at"] == "2025-01-06T00:00:00.000000Z"


@pytest.mark.parametrize("time", [1736121600, 1736121600.0, 1736121600000, "1736121600"])
def test_an_epoch_time_is_usable_and_text_is_copied_as_it_stands(time: Any) -> None:
    desk = Desk()
    desk.loop = 1
    desk.nav(TEN_THOUSAND)
    desk.edit(updated_ts=time)
    desk.sync()
    printed = time if isinstance(time, str) else "2025-01-06T00:00:00.000000Z"
    assert desk.shown()["updated_ts"] == printed
    assert desk.shown()["age_s"] == 0.0


# Last known good -------------------------------------------------------------------------------------------

UNUSABLE = {
    "empty": b"",
    "truncated": b'{"nav":10500.0,"updated_ts":"2025-01-06T00:0',
    "not an object": b"[10500.0]",
    "bare null": b"null",
    "NaN": b'{"nav":NaN,"updated_ts":"2025-01-06T00:00:00Z"}',
    "Infinity": b'{"nav":Infinity,"updated_ts":"2025-01-06T00:00:00Z"}',
    "overflow": b'{"nav":1e999,"updated_ts":"2025-01-06T00:00:00Z"}',
    "long integer": b'{"nav":1' + b"0" * 400 + b',"updated_ts":"2025-01-06T00:00:00Z"}',
    "nav missing": b'{"nav_usd":10500.0,"updated_ts":"2025-01-06T00:00:00Z"}',
    "nav null": b'{"nav":null,"updated_ts":"2025-01-06T00:00:00Z"}',
    "nav text": b'{"nav":"10500.0","updated_ts":"2025-01-06T00:00:00Z"}',
    "nav true": b'{"nav":true,"updated_ts":"2025-01-06T00:00:00Z"}',
    "time missing": b'{"nav":10500.0}',
    "time null": b'{"nav":10500.0,"updated_ts":null}',
    "time unparseable": b'{"nav":10500.0,"updated_ts":"yesterday"}',
    "time true": b'{"nav":10500.0,"updated_ts":true}',
    "bad text": b'{"nav":10500.0,"updated_ts":"\xff"}',
    "too deep": b"[" * 50_000,
}


@pytest.mark.parametrize("data", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_unusable_source_leaves_the_mirror_byte_for_byte(data: bytes) -> None:
    desk = Desk()
    desk.step(TEN_THOUSAND)
    before = desk.door.tree[NAV_STATE]
    desk.door.take_journal()
    desk.loop = 2
    desk.put(NAV, data)
    desk.sync()
    assert desk.door.tree[NAV_STATE] is before
    assert [write.path for write in desk.door.take_journal()] == [NAV]


@pytest.mark.parametrize("data", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_unusable_source_at_the_first_sync_writes_nothing(data: bytes) -> None:
    desk = Desk()
    desk.loop = 1
    desk.put(NAV, data)
    desk.sync()
    assert NAV_STATE not in desk.door.tree


def test_a_missing_source_leaves_the_mirror() -> None:
    desk = Desk()
    desk.loop = 1
    desk.sync()
    assert NAV_STATE not in desk.door.tree
    desk.step(TEN_THOUSAND)
    before = desk.door.tree[NAV_STATE]
    del desk.door.tree[NAV]
    desk.sync()
    assert desk.door.tree[NAV_STATE] is before


def test_a_usable_source_is_mirrored_again_at_once() -> None:
    desk = Desk()
    desk.step(TEN_THOUSAND)
    desk.loop = 2
    desk.put(NAV, b"{")
    desk.sync()
    assert desk.step(9_000 * USD)["total_equity"] == 9_000.0


@pytest.mark.parametrize(("nav", "percent"), [(0, 100.0), (-250 * USD, 100.0), (USD, 99.99)])
def test_a_finite_nav_at_or_below_zero_is_mirrored(nav: int, percent: float) -> None:
    desk = Desk()
    desk.step(TEN_THOUSAND)
    shown = desk.step(nav)
    assert shown["total_equity"] == shown["nav"] == shown["nav_usd"] == nav / USD
    assert shown["drawdown"] == percent
    assert shown["drawdown_abs"] == (TEN_THOUSAND - nav) / USD
    assert shown["peak_equity"] == 10_000.0
    assert shown["lkg"] is False


@pytest.mark.parametrize("nav", [0, -1])
def test_without_a_peak_there_is_no_percentage(nav: int) -> None:
    shown = Desk().step(nav)
    assert shown["drawdown"] is None
    assert shown["drawdown_pct"] is None
    assert shown["drawdown_abs"] == 0.0
    assert "peak_equity" not in shown


@pytest.mark.parametrize(
    "aum", [..., None, 10_000.0, {"futures": 1.0}, {"futures": 1.0, "offexchange": {}, "total": "x"}]
)
def test_a_missing_aum_is_carried_over_and_said_so(aum: Any) -> None:
    desk = Desk()
    first = desk.step(TEN_THOUSAND)
    desk.loop = 2
    desk.nav(11_000 * USD)
    desk.edit(aum=aum)
    desk.sync()
    shown = desk.shown()
    assert shown["aum"] == first["aum"]
    assert shown["lkg"] is True
    assert shown["total_equity"] == 11_000.0
    assert desk.step(12_000 * USD)["lkg"] is False
    assert desk.shown()["aum"]["futures"] == 12_000.0


def test_a_missing_aum_without_a_predecessor_is_made_of_the_nav() -> None:
    desk = Desk()
    desk.loop = 1
    desk.nav(TEN_THOUSAND)
    desk.edit(aum=...)
    desk.sync()
    assert desk.shown()["aum"] == {"futures": 10_000.0, "offexchange": {}, "total": 10_000.0}
    assert desk.shown()["lkg"] is False


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"positions":{}}', b'{"positions":[{"qty":1}]}'])
def test_without_usable_positions_the_exposures_are_left_out(data: bytes) -> None:
    desk = Desk()
    desk.put(POSITIONS, data)
    shown = desk.step(TEN_THOUSAND)
    assert not {"gross_exposure", "net_exposure", "largest_position_value"} & set(shown)
    assert shown["lkg"] is False


def test_positions_that_the_machine_refuses_do_not_stop_the_mirror() -> None:
    door = MemoryDoor()
    desk = Desk(door)
    door.refused = {POSITIONS}
    assert "gross_exposure" not in desk.step(TEN_THOUSAND)
    assert desk.mirror.failed is None


def test_a_flat_book_has_no_exposure() -> None:
    desk = Desk()
    desk.put(POSITIONS, canon.encode(build_book.positions_state(flat_state())))
    shown = desk.step(TEN_THOUSAND)
    assert (shown["gross_exposure"], shown["net_exposure"], shown["largest_position_value"]) == (
        0.0,
        0.0,
        0.0,
    )


# Peak and drawdown -----------------------------------------------------------------------------------------


def test_the_drawdown_is_a_percent_from_the_highest_nav() -> None:
    desk = Desk()
    shown = [desk.step(nav * USD) for nav in (10_000, 9_500, 8_900, 9_300, 9_800, 10_000, 10_100)]
    assert [s["drawdown"] for s in shown] == [0.0, 5.0, 11.0, 7.0, 2.0, 0.0, 0.0]
    assert [s["drawdown_pct"] for s in shown] == [s["drawdown"] for s in shown]
    assert shown[-1]["peak_equity"] == 10_100.0


@pytest.mark.parametrize(("nav", "peak"), [(3_000, 3_000), (3_001, 1_000)])
def test_the_guard_holds_the_peak_above_three_times_it(nav: int, peak: int) -> None:
    """Strict: exactly 3.0 times the peak is believed."""
    desk = Desk()
    desk.step(1_000 * USD)
    shown = desk.step(nav * USD)
    assert shown["peak_equity"] == peak
    assert shown["total_equity"] == nav
    assert shown["drawdown"] == 0.0
    assert shown["drawdown_abs"] == 0.0


@pytest.mark.parametrize(("over", "held"), [(0, False), (1, True)])
def test_the_guard_holds_the_peak_beyond_the_gap(over: int, held: bool) -> None:
    """Strict: exactly 20 000 USD more is believed, one micro-dollar more is not."""
    desk = Desk()
    desk.step(50_000 * USD)
    shown = desk.step(70_000 * USD + over)
    assert shown["peak_equity"] == (50_000.0 if held else 70_000.0)


def test_the_guard_is_set_by_the_scenario() -> None:
    guard = Settings(nav=NavSettings(peak_guard_multiple=1.5, peak_guard_gap_usd=1_000_000.0))
    desk = Desk(settings=guard)
    desk.step(1_000 * USD)
    assert desk.step(1_501 * USD)["peak_equity"] == 1_000.0
    assert desk.step(1_500 * USD)["peak_equity"] == 1_500.0


def test_the_guard_follows_a_change_of_settings() -> None:
    loose = Settings(nav=NavSettings(peak_guard_multiple=10.0))
    desk = Desk(events=(SetSetting(3, loose),))
    desk.step(1_000 * USD)
    assert desk.step(4_000 * USD)["peak_equity"] == 1_000.0
    assert desk.step(4_000 * USD)["peak_equity"] == 4_000.0


def test_the_operator_voids_the_peak() -> None:
    reset = ResetPeak(3)
    desk = Desk(events=(reset,))
    desk.step(TEN_THOUSAND)
    assert desk.step(6_000 * USD)["drawdown"] == 40.0
    shown = desk.step(6_000 * USD, reset)
    assert (shown["peak_equity"], shown["drawdown"]) == (6_000.0, 0.0)
    assert desk.step(5_400 * USD)["drawdown"] == 10.0


def test_a_reset_is_not_lost_while_sync_is_down() -> None:
    desk = Desk(events=(ResetPeak(2),))
    desk.step(TEN_THOUSAND)
    desk.loop = 2  # no sync in L2
    assert desk.step(6_000 * USD)["peak_equity"] == 6_000.0


def test_a_new_mirror_recovers_peak_and_aum_from_its_last_file() -> None:
    desk = Desk()
    desk.step(TEN_THOUSAND)
    aum = desk.step(9_000 * USD)["aum"]
    desk.mirror = Mirror(desk.door, make_scenario())
    desk.nav(8_000 * USD)
    desk.edit(aum=...)
    desk.sync()
    shown = desk.shown()
    assert (shown["peak_equity"], shown["drawdown"]) == (10_000.0, 20.0)
    assert (shown["aum"], shown["lkg"]) == (aum, True)


def test_a_new_mirror_beside_a_torn_file_starts_afresh() -> None:
    desk = Desk()
    desk.step(TEN_THOUSAND)
    desk.put(NAV_STATE, b'{"total_equity":')
    desk.mirror = Mirror(desk.door, make_scenario())
    assert desk.step(8_000 * USD)["peak_equity"] == 8_000.0


@settings(deadline=None, derandomize=True, max_examples=100)
@given(navs=some.lists(some.integers(-(10**12), 10**13), min_size=1, max_size=8))
def test_peak_and_drawdown_agree_with_the_published_numbers(navs: list[int]) -> None:
    """INV-NS05, INV-NS11: the peak never falls, and both drawdowns follow from peak and equity alone."""
    desk = Desk()
    last = 0.0
    for nav in navs:
        shown = desk.step(nav)
        assert shown["total_equity"] == nav / USD
        if "peak_equity" not in shown:
            assert shown["drawdown"] is None
            continue
        peak = round(shown["peak_equity"] * USD)
        assert peak / USD >= last
        last = peak / USD
        depth = max(0, peak - nav)
        assert shown["drawdown_abs"] == depth / USD
        assert shown["drawdown"] == min(100.0, round(100 * fraction(depth, peak), 7))
        assert nav <= peak or nav > 3 * peak or nav - peak > 20_000 * USD


# Failing passes --------------------------------------------------------------------------------------------


def test_a_failing_pass_leaves_s2_and_the_next_one_mirrors() -> None:
    door = MemoryDoor()
    desk = Desk(door)
    desk.step(TEN_THOUSAND)
    before = door.tree[NAV_STATE]
    for refused in (NAV_STATE, NAV):
        desk.loop += 1
        desk.nav(12_000 * USD)
        door.refused = {refused}
        desk.sync()
        failed = desk.mirror.failed
        assert failed is not None
        assert "No space left" in failed.reason
        assert (failed.loop, failed.path, failed.operation) == (
            desk.loop, refused, "write" if refused == NAV_STATE else "read",
        )  # fmt: skip
        assert door.tree[NAV_STATE] is before
        door.refused = set()
    assert desk.step(11_000 * USD)["total_equity"] == 11_000.0
    assert desk.mirror.failed is None


def test_a_full_disk_leaves_the_old_mirror_and_no_temporary_file(tmp_path: Path) -> None:
    desk = Desk(Door(tmp_path))
    desk.step(TEN_THOUSAND)
    before = (tmp_path / NAV_STATE).read_bytes()
    desk.nav(9_000 * USD)
    with longest_file(100):
        desk.sync()
    assert desk.mirror.failed
    assert (tmp_path / NAV_STATE).read_bytes() == before
    assert sorted(os.listdir(tmp_path / "logs/state")) == ["nav.json", "nav_state.json"]


# Defects ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("legacy", "updated", "age"),
    [
        ((), "00:00:00", 20.0),
        (("D-06",), "00:00:20", 0.0),
        (("D-18",), "00:00:00", 0.0),
        (("D-06", "D-18"), "00:00:20", 0.0),
    ],
)
def test_time_and_age_of_the_mirror(legacy: tuple[str, ...], updated: str, age: float) -> None:
    desk = Desk(settings=Settings(legacy=legacy))
    desk.loop = 1
    desk.nav(TEN_THOUSAND)
    desk.sync(phase_us=20_000_000)
    shown = desk.shown()
    assert shown["updated_ts"] == shown["updated_at"] == f"2025-01-06T{updated}.000000Z"
    assert (shown["age_s"], shown["synced_ts"]) == (age, "2025-01-06T00:00:20.000000Z")


# The peak file ---------------------------------------------------------------------------------------------


def keep_peak(desk: Desk, peak: int, realized: int = 0) -> None:
    """The executor's peak file, as it stands before the next sync."""
    state = flat_state()
    kept = replace(state.kept, peak=peak, realized=realized)
    desk.put(PEAK_PATH, canon.encode(build_risk.peak_state(replace(state, kept=kept))))


def test_the_executors_peak_and_realised_pnl_are_mirrored() -> None:
    desk = Desk()
    assert "realized_pnl_today" not in desk.step(TEN_THOUSAND)
    keep_peak(desk, 12_500 * USD, -400 * USD)
    shown = desk.step(TEN_THOUSAND)
    assert (shown["peak_equity"], shown["drawdown"], shown["realized_pnl_today"]) == (12_500.0, 20.0, -400.0)
    keep_peak(desk, 8_000 * USD)
    shown = desk.step(6_000 * USD)
    assert (shown["peak_equity"], shown["drawdown"], shown["realized_pnl_today"]) == (8_000.0, 25.0, 0.0)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"peak_nav":1}', b"\xff"])
def test_a_torn_or_missing_peak_file_changes_nothing(data: bytes) -> None:
    desk = Desk()
    keep_peak(desk, 12_500 * USD, 5)
    before = desk.step(TEN_THOUSAND)
    desk.put(PEAK_PATH, data)
    after = desk.step(TEN_THOUSAND)
    del desk.door.tree[PEAK_PATH]
    for shown in (after, desk.step(TEN_THOUSAND)):
        assert shown["peak_equity"] == before["peak_equity"] == 12_500.0
        assert shown["realized_pnl_today"] == before["realized_pnl_today"] == 0.000005


def test_a_peak_of_nothing_is_none() -> None:
    desk = Desk()
    keep_peak(desk, 0)
    shown = desk.step(0)
    assert shown["drawdown"] is None and "peak_equity" not in shown


def test_the_mirror_itself_raises_a_peak_that_the_file_does_not_hold_yet() -> None:
    desk = Desk()
    keep_peak(desk, TEN_THOUSAND)
    assert desk.step(11_000 * USD)["peak_equity"] == 11_000.0
