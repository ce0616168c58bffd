"""`simkit check`: every verdict, its exit code and what it prints."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simkit import check
from simkit.core.errors import Exit

NAKED = "findings: {}\n"


def row(output: str, name: str) -> list[str]:
    """The cells of a run's line in the table."""
    line = next(line for line in output.splitlines() if line.startswith(f"{name} "))
    return re.split(r"\s{2,}", line)


def test_a_first_run_is_missing_then_same(bench: Any) -> None:
    bench.scenario("nav/one")
    first = bench("check")
    assert first.exit_code == Exit.GOLDEN_MISSING
    assert row(first.output, "nav/one")[-1] == "missing"
    assert 'accept: simkit accept nav/one --reason "..."' in first.output
    assert not (bench.root / "golden").exists()
    bench.accept("nav/one")
    second = bench("check")
    assert second.exit_code == Exit.SAME
    assert row(second.output, "nav/one") == ["nav/one", "6", "none", "same"]
    assert second.output.endswith("1 scenario: 1 same\n")


def test_other_code_is_changed_root_cause_first(bench: Any, other_code: Callable[[], None]) -> None:
    bench.scenario("nav/one")
    bench.accept("nav/one")
    golden = bench.files("golden")
    other_code()
    result = bench("check")
    assert result.exit_code == Exit.CHANGED
    lines = result.output.splitlines()
    start = lines.index("nav/one: changed")
    assert lines[start + 1].startswith("  first difference: L2 of 6, ")
    assert any(" -> " in line for line in lines[start + 2 : start + 6])
    assert "  again:  simkit check scenarios/nav/one.yaml" in lines
    assert "  more:   simkit diff nav/one" in lines
    assert len(lines) - start <= 42
    assert bench.files("golden") == golden
    assert (bench.root / ".simkit/pending/nav/one/golden.json").is_file()


def test_a_run_that_is_same_again_no_longer_waits(
    bench: Any, other_code: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.scenario("nav/one")
    bench.accept("nav/one")
    with monkeypatch.context() as undo:
        undo.setattr(check, "simulate", check.simulate)
        other_code()
        bench("check")
        assert (bench.root / ".simkit/pending/nav/one").exists()
    monkeypatch.undo()
    os.chdir(bench.root)
    assert bench("check").exit_code == Exit.SAME
    assert not (bench.root / ".simkit/pending/nav/one").exists()


def test_an_edited_scenario_is_stale(bench: Any) -> None:
    file = bench.scenario("nav/one")
    bench.accept("nav/one")
    file.write_text(file.read_text().replace("L4: 104", "L4: 105"))
    result = bench("check")
    assert result.exit_code == Exit.GOLDEN_MISSING
    assert row(result.output, "nav/one")[-1] == "stale"
    assert "edited since it was accepted, and the run differs" in result.output


def test_a_new_title_is_no_edit(bench: Any) -> None:
    bench.scenario("nav/one", title="Before")
    bench.accept("nav/one")
    bench.scenario("nav/one", title="After")
    assert bench("check").exit_code == Exit.SAME


def test_a_golden_edited_by_hand_is_found(bench: Any) -> None:
    bench.scenario("nav/one")
    bench.accept("nav/one")
    file = bench.root / "golden/nav/one/logs/state/nav.json"
    file.write_text(file.read_text().replace("10004", "10005"))
    result = bench("check")
    assert result.exit_code == Exit.CHANGED
    assert row(result.output, "nav/one")[-1] == "edited"
    assert "logs/state/nav.json was edited by hand" in result.output


def test_a_broken_expectation_names_its_line(bench: Any) -> None:
    bench.scenario("nav/one", "expect:\n  L3: {open_positions_count: 2}\n")
    result = bench("check")
    assert result.exit_code == Exit.BROKEN
    assert "nav/one: broken" in result.output
    assert "scenarios/nav/one.yaml:11:" in result.output
    assert "open_positions_count" in result.output
    assert "simkit show nav/one --loop 3" in result.output
    assert bench("accept", "nav/one", "--reason", "no").exit_code == Exit.BROKEN
    assert not (bench.root / "golden").exists()


def test_a_rule_that_fires_unlisted_is_broken(bench: Any) -> None:
    bench.scenario("nav/one", "faults: [{at: L3, wrong_balance: 40000}]\n")
    result = bench("check")
    assert result.exit_code == Exit.BROKEN
    assert "INV-N07" in result.output
    assert row(result.output, "nav/one")[2] != "none"


def test_a_listed_rule_that_stays_silent_is_broken(bench: Any) -> None:
    bench.scenario("nav/one", "findings: {INV-N07: L3}\n")
    result = bench("check")
    assert result.exit_code == Exit.BROKEN
    assert "INV-N07" in result.output
    assert "scenarios/nav/one.yaml:10:" in result.output


def test_an_invalid_scenario_does_not_stop_the_others(bench: Any) -> None:
    bench.scenario("nav/one")
    bench.scenario("nav/two", "nonsense: 1\n")
    bench.accept("nav/one")
    result = bench("check")
    assert result.exit_code == Exit.SCENARIO_INVALID
    assert row(result.output, "nav/one")[-1] == "same"
    assert row(result.output, "nav/two")[-1] == "invalid"
    assert "scenarios/nav/two.yaml:10:1: " in result.output
    assert "Traceback" not in result.output


def test_a_canary_must_fail(bench: Any) -> None:
    bench.scenario("meta/canary", "canary: true\nexpect:\n  L3: {open_positions_count: 2}\n")
    result = bench("check")
    assert result.exit_code == Exit.SAME
    assert row(result.output, "meta/canary")[-1] == "fails as it must"
    bench.scenario("meta/canary", "canary: true\nexpect:\n  L3: {open_positions_count: 1}\n")
    result = bench("check")
    assert result.exit_code == Exit.BROKEN
    assert row(result.output, "meta/canary")[-1] == "canary passed"
    assert "this scenario must fail" in result.output


def test_an_orphan_is_told_in_a_whole_run_only(bench: Any) -> None:
    file = bench.scenario("nav/one")
    bench.scenario("nav/two")
    bench.accept("nav")
    file.unlink()
    whole = bench("check")
    assert whole.exit_code == Exit.GOLDEN_MISSING
    assert row(whole.output, "nav/one")[-1] == "orphan"
    assert (
        "\nnav/one: orphan\n  golden/nav/one/ has no scenario\n  remove: simkit prune nav/one\n"
        in whole.output
    )
    assert whole.output.endswith("1 scenario: 1 same; 1 orphan\n")
    assert bench("check", "nav/two").exit_code == Exit.SAME
    assert bench("check", "-k", "two").exit_code == Exit.SAME


def test_a_scenario_that_cannot_be_read_orphans_no_golden(bench: Any) -> None:
    bench.scenario("nav/one")
    bench.accept("nav/one")
    bench.scenario("nav/one", "nonsense: 1\n")
    result = bench("check")
    assert result.exit_code == Exit.SCENARIO_INVALID
    assert "orphan" not in result.output


def test_two_processes_print_what_one_prints(bench: Any, other_code: Callable[[], None]) -> None:
    for number in range(4):
        bench.scenario(f"nav/s{number}")
    bench.accept("nav/s1", "nav/s2")
    other_code()
    one, two = bench("check", "-j", "1"), bench("check", "-j", "2")
    assert one.output == two.output
    assert one.exit_code == two.exit_code == Exit.CHANGED
    assert "\n4 scenarios: 2 changed, 2 missing\ngo through what waits, the same change once: " in one.output


def test_the_same_change_everywhere_is_shown_once(bench: Any, other_code: Callable[[], None]) -> None:
    for number in range(8):
        bench.scenario(f"nav/s{number}")
    bench.accept("nav")
    other_code()
    output = bench("check").output
    assert output.count("first difference:") == 1
    assert "  the same in 7 other scenarios: nav/s1, nav/s2" in output
    assert "go through what waits, the same change once: simkit review" in output


@pytest.mark.parametrize("value", ["true", "1"])
def test_under_ci_nothing_is_written_but_what_waits(
    bench: Any, other_code: Callable[[], None], monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    bench.scenario("nav/one")
    bench.accept("nav/one")
    bench.scenario("nav/two")
    golden = bench.files("golden")
    monkeypatch.setenv("CI", value)
    other_code()
    assert bench("check", "--ci").exit_code == Exit.CHANGED
    assert bench.files("golden") == golden
    assert sorted(p.name for p in (bench.root / ".simkit/pending/nav").iterdir()) == ["one", "two"]


def raising(kind: type[Exception], *args: Any) -> Callable[..., Any]:
    def simulate(*_: Any, **__: Any) -> Any:
        raise kind(*args)

    return simulate


def test_a_bug_leaves_with_70_and_its_traceback_in_a_file(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.scenario("nav/one")
    monkeypatch.setattr(check, "simulate", raising(ZeroDivisionError, "ouch"))
    result = bench("check")
    assert result.exit_code == Exit.BUG
    assert "bug in simkit" in result.output
    (report,) = bench.root.glob(".simkit/bug-*.txt")
    assert "ZeroDivisionError: ouch" in report.read_text()
    assert report.read_text().startswith("simkit check nav/one\n")
    assert str(report) in result.output
    bench("check")
    assert list(bench.root.glob(".simkit/bug-*.txt")) == [report]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_a_machine_that_refuses_leaves_with_74(
    bench: Any, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    bench.scenario("nav/one")
    monkeypatch.setattr(check, "simulate", raising(OSError, code, os.strerror(code), "/there/nav.json"))
    result = bench("check")
    assert result.exit_code == Exit.IO
    assert f"/there/nav.json: {os.strerror(code)}" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("processes", ["2", "3"])
def test_a_process_that_dies_is_named_and_the_others_finish(
    bench: Any, monkeypatch: pytest.MonkeyPatch, processes: str
) -> None:
    for number in range(4):
        bench.scenario(f"nav/s{number}")
    bench.accept("nav")
    real = check.simulate

    def simulate(scenario: Any, *args: Any, **more: Any) -> Any:
        if scenario.id == "s1":
            os._exit(3)
        return real(scenario, *args, **more)

    monkeypatch.setattr(check, "simulate", simulate)
    result = bench("check", "-j", processes)
    assert result.exit_code == Exit.BUG
    assert "nav/s1: failed\n  the process that ran it ended with code 3" in result.output
    assert result.output.endswith("4 scenarios: 3 same, 1 failed\n")


def test_recorded_files_from_outside_need_their_folder(bench: Any, tmp_path: Path) -> None:
    text = """\
simkit: 1
id: {id}
title: {title}
seed: 1
clock: {{start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 3}}
account: {{cash: 10000 USD}}
replay: {{file: bars.csv, outside: true, symbols: BTCUSDT}}
"""
    bench.scenario("replay/one", text=text)
    without = bench("check")
    assert without.exit_code == Exit.SAME
    assert row(without.output, "replay/one")[-1] == "not applicable"
    data = tmp_path / "data"
    data.mkdir()
    (data / "bars.csv").write_text(
        "timestamp,open,high,low,close\n"
        + "".join(f"2025-01-06T00:0{n}:00Z,100,101,99,100\n" for n in range(3))
    )
    with_data = bench("check", "--data", str(data))
    assert with_data.exit_code == Exit.SAME
    assert row(with_data.output, "replay/one")[-1] == "judged"
    assert not (bench.root / "golden").exists()


def test_a_project_without_scenarios_says_how_to_start(bench: Any) -> None:
    result = bench("check")
    assert result.exit_code == Exit.USAGE
    assert "simkit init" in result.output
