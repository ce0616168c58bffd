"""`simkit diff`: one screen first, then as much as one asks for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from simkit.core.errors import Exit
from simkit.report.words import SCREEN


@pytest.fixture
def moved(bench: Any, other_code: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A scenario whose fills cost a fee now, as the last check saw it."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # milliseconds a file, and nothing to see
    bench.scenario("nav/one")
    bench.accept("nav/one")
    other_code()
    assert bench("check").exit_code == Exit.CHANGED
    return bench


def test_the_overview_names_cause_and_every_field_on_one_screen(moved: Any) -> None:
    result = moved("diff", "one")
    lines = result.output.splitlines()
    assert result.exit_code == Exit.CHANGED
    assert lines[0] == "nav/one: changed; golden -> the result of the last check"
    assert lines[1] == "first difference: L2 of 6, nav, 6 fields"
    assert "  - order    fill BTCUSDT:LONG buy 1 @ 100 (entry)" in lines
    assert "every field that differs" in lines
    assert len(lines) == SCREEN
    assert lines[-1].endswith("more lines: simkit diff nav/one --all")


def test_all_shows_every_field(moved: Any) -> None:
    lines = moved("diff", "one", "--all").output.splitlines()
    assert len(lines) > SCREEN
    assert any("nav_state.nav " in line for line in lines)


def test_one_surface(moved: Any) -> None:
    lines = moved("diff", "one", "--surface", "kpis_v7").output.splitlines()
    assert lines[1] == "every field that differs"
    assert all(" kpis_v7." in line for line in lines[2:])
    assert moved("diff", "one", "--surface", "router_health").output.splitlines()[1:] == [
        "router_health: same in all loops"
    ]


def test_one_loop(moved: Any) -> None:
    lines = moved("diff", "one", "--loop", "L2").output.splitlines()
    assert lines[1] == "nav, 6 fields"
    assert "  nav                          10000.0  ->  9999.9" in lines
    assert "  + order    fill BTCUSDT:LONG buy 1 @ 100 (entry, fee 0.1 USD)" in lines
    assert moved("diff", "one", "--loop", "1").output.splitlines()[1:] == ["L1: same"]
    assert moved("diff", "one", "--loop", "7").exit_code == Exit.USAGE


def test_one_field_through_all_loops(moved: Any) -> None:
    result = moved("diff", "one", "--field", "kpis_v7.drawdown.dd_pct")
    assert result.exit_code == Exit.CHANGED
    assert result.output.splitlines()[1:] == [
        "loops   golden  result",
        "L1      0.0     0.0",
        "L2..L3  0.0     0.00001  <",
        "L4..L6  0.0     0.0",
    ] or result.output.splitlines()[3].split() == ["L2..L3", "0.0", "0.00001", "<"]
    assert moved("diff", "one", "--field", "nav.nope").exit_code == Exit.USAGE
    assert moved("diff", "one", "--field", "nav.nav", "--loop", "2").exit_code == Exit.USAGE


def test_json_holds_every_loop_and_both_values(moved: Any) -> None:
    found = [json.loads(line) for line in moved("diff", "one", "--json").output.splitlines()]
    assert [each["loop"] for each in found] == [2, 3, 4, 5, 6]
    assert {"surface": "nav", "path": "nav", "old": 10000.0, "new": 9999.9} in found[0]["changes"]
    one = moved("diff", "one", "--json", "--loop", "3", "--surface", "nav").output.splitlines()
    assert [json.loads(line)["loop"] for line in one] == [3]
    rows = [
        json.loads(line) for line in moved("diff", "one", "--json", "--field", "nav.nav").output.splitlines()
    ]
    assert rows[0] == {"first": 1, "last": 1, "old": 10000.0, "new": 10000.0}


def test_without_a_result_that_waits_the_scenario_is_run(bench: Any) -> None:
    bench.scenario("nav/one")
    assert bench("diff", "one").output == "nav/one: no golden yet\n"
    bench.accept("nav/one")
    golden = bench.files("golden")
    result = bench("diff", "one")
    assert (result.exit_code, result.output) == (Exit.SAME, "nav/one: same; golden -> a run made now\n")
    bench.scenario("nav/one", "expect:\n  L3: {open_positions_count: 2}\nexecutor: {tp_sl: {seed: false}}\n")
    assert "first difference" in bench("diff", "one").output or bench("diff", "one").exit_code == Exit.SAME
    assert bench.files("golden") == golden


def test_a_canary_has_nothing_to_compare(bench: Any) -> None:
    bench.scenario("canary/one", "canary: true\nexpect:\n  L3: {open_positions_count: 2}\n")
    result = bench("diff", "canary/one")
    assert result.exit_code == Exit.USAGE
    assert "it is judged, not compared" in result.output
