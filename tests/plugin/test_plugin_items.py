"""Scenarios as pytest items: which are collected, how they are named, what they print."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import simkit

pytest_plugins = ["pytester"]

VARIANTS = "variants:\n  plain: {}\n  bare: {executor: {tp_sl: {seed: false}}}\n"
BROKEN = "expect:\n  L3: {open_positions_count: 2}\n"


def ids(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if "::" in line and " " not in line]


def golden(bench: Any) -> dict[str, bytes]:
    folder = bench.root / "golden"
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_scenarios_and_variants_are_items(bench: Any) -> None:
    bench.scenario("nav/one")
    bench.scenario("nav/two", VARIANTS)
    assert ids(bench("--collect-only", "-q")) == [
        "scenarios/nav/one.yaml::one",
        "scenarios/nav/two.yaml::plain",
        "scenarios/nav/two.yaml::bare",
    ]


@pytest.mark.parametrize(
    ("place", "text", "ours"),
    [
        ("scenarios/a.yaml", "simkit: 1\n", True),
        ("scenarios/a.yml", "simkit: 1\n", True),
        ("scenarios/a.yaml", "\ufeff# note\n\n---\nsimkit: 1\n", True),
        ("scenarios/a.yaml", "simkit: 2\n", True),
        ("scenarios/a.yaml", "name: x\nsimkit: 1\n", False),
        ("scenarios/a.yaml", "", False),
        ("scenarios/a.txt", "simkit: 1\n", False),
        ("other/a.yaml", "simkit: 1\n", False),
        ("a.yaml", "simkit: 1\n", False),
    ],
)
def test_a_file_is_ours_by_its_place_and_its_first_line(
    bench: Any, place: str, text: str, ours: bool
) -> None:
    file = bench.root / place
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    result = bench("--collect-only", "-q")
    assert result.ret == (pytest.ExitCode.INTERRUPTED if ours else pytest.ExitCode.NO_TESTS_COLLECTED)


def test_the_scenario_folder_is_the_one_in_the_settings(bench: Any) -> None:
    bench.scenario("nav/one")
    (bench.root / "pyproject.toml").write_text('[tool.simkit]\nscenarios = "cases"\n')
    (bench.root / "scenarios").rename(bench.root / "cases")
    assert ids(bench("--collect-only", "-q")) == ["cases/nav/one.yaml::one"]


def test_verdicts_are_pass_and_fail(bench: Any) -> None:
    bench.scenario("nav/one")
    bench.scenario("nav/two")
    assert bench.simkit("accept", "nav/one", "-r", "first").exit_code == 0
    before = golden(bench)
    result = bench("-v")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["scenarios/nav/one.yaml::one PASSED*", "scenarios/nav/two.yaml::two FAILED*"]
    )
    result.stdout.fnmatch_lines(
        ["nav/two: missing", "  accept: simkit accept nav/two *", "FAILED *nav/two: missing"]
    )
    assert golden(bench) == before
    assert "Traceback" not in result.stdout.str()
    assert "pytest_plugin.py" not in result.stdout.str()


def test_a_failure_is_what_simkit_check_prints(bench: Any) -> None:
    bench.scenario("nav/one", BROKEN)
    shown = bench().stdout.str()
    printed = bench.simkit("check").output
    text = printed[printed.index("nav/one: broken") : printed.index("\n\n1 scenario")]
    assert len(text.splitlines()) >= 4
    assert text in shown


def test_mistakes_are_errors_of_collection_with_their_place(bench: Any) -> None:
    bench.scenario("nav/one", "nonsense: 1\nsigals: []\n")
    result = bench()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes(errors=1)
    text = result.stdout.str()
    assert "2 mistakes" in text
    assert "scenarios/nav/one.yaml:11:1: " in text
    assert "scenarios/nav/one.yaml:12:1: " in text
    assert "Traceback" not in text
    assert not re.search(r"simkit/\S*\.py:\d+", text)


def test_a_canary_passes_because_it_fails(bench: Any) -> None:
    bench.scenario("meta/canary", f"canary: true\n{BROKEN}")
    result = bench("-rP")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*fails as it must*"])


def test_what_cannot_run_is_skipped_with_the_reason(bench: Any) -> None:
    file = bench.scenario("replay/one")
    text = file.read_text().replace("loops: 6", "loops: 3")
    text = re.sub("(?m)^prices.*$", "replay: {file: bars.csv, outside: true, symbols: BTCUSDT}", text)
    file.write_text(text)
    result = bench("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*--data DIR*"])
    data = bench.root / "data"
    data.mkdir()
    rows = "".join(f"2025-01-06T00:0{n}:00Z,100,101,99,100\n" for n in range(3))
    (data / "bars.csv").write_text(f"timestamp,open,high,low,close\n{rows}")
    bench("--simkit-data", str(data)).assert_outcomes(passed=1)
    assert not (bench.root / "golden").exists()


def test_k_and_x_choose_as_ever(bench: Any) -> None:
    bench.scenario("nav/one")
    bench.scenario("nav/two", VARIANTS)
    bench("-k", "bare").assert_outcomes(failed=1, deselected=2)
    bench("-k", "nav and not two").assert_outcomes(failed=1, deselected=2)
    bench("-x").assert_outcomes(failed=1)
    bench("scenarios/nav/two.yaml::plain").assert_outcomes(failed=1)


def test_with_xdist_and_last_failed(bench: Any) -> None:
    for name in ("one", "two", "three"):
        bench.scenario(f"nav/{name}")
    bench.simkit("accept", "nav/one", "nav/two", "-r", "first")
    bench.process("-p", "xdist", "-n", "2").assert_outcomes(passed=2, failed=1)
    bench.process("--lf").assert_outcomes(failed=1)


@pytest.mark.parametrize("value", ["true", "1"])
def test_nothing_writes_a_golden(bench: Any, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    bench.scenario("nav/one")
    bench.process("-p", "syrupy", "--snapshot-update")
    monkeypatch.setenv("CI", value)
    bench()
    assert not (bench.root / "golden").exists()


def test_the_plugin_costs_next_to_nothing_at_the_start() -> None:
    code = (
        "import sys, pytest\n"
        "before = set(sys.modules)\n"
        "import simkit.pytest_plugin\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    source = str(Path(simkit.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=source
    )
    assert done.stdout.split() == ["simkit", "simkit.pytest_plugin"]
