"""A run whose executor writes a dialect: the judges speak it once the project states it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from click.testing import CliRunner

from simkit.cli import main
from simkit.contract.dialect import Dialect, spoken
from simkit.core.errors import Exit
from simkit.core.files import Door
from simkit.core.project import Project, find_project
from simkit.core.settings import DrawdownSettings, LivenessSettings, Settings
from simkit.coverage.observe import observe
from simkit.dialect import load as load_dialect, of
from simkit.executor.port import Executor
from simkit.executor.reference import ReferenceExecutor
from simkit.judge.judges import Judgement
from simkit.pytest_plugin import run_scenario
from simkit.run import simulate
from simkit.scenario.load import load
from simkit.scenario.model import Scenario
from simkit.surfaces.publish import Publisher

TEXT = """
simkit: 1
id: their-words
title: Two positions, one of them without levels
seed: 1
clock: {start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 6}
account: {cash: 10000 USD}
prices: {BTCUSDT: 100, ETHUSDT: 10}
signals:
  - {at: L2, open: BTCUSDT:LONG, qty: 1}
  - {at: L2, open: ETHUSDT:SHORT, qty: 10, tp: none, sl: none}
expect:
  L2..L6: {tp_sl_coverage_pct: 50 %}
"""

DIALECT = """
dialect: 1
units: {tp_sl_coverage_pct: percent}
words: {risk_mode: [CRISIS]}
aliases: {kpis_v7: {portfolio.equity: portfolio.nav}}
"""

Edit = Callable[[int, str, dict[str, Any]], None]
CRISIS = range(4, 6)


def theirs(loop: int, stem: str, doc: dict[str, Any]) -> None:
    """Coverage in percent, a further risk mode, and another name in the KPIs."""
    if stem == "diagnostics":
        doc["runtime_diagnostics"]["exit_pipeline"]["tp_sl_coverage_pct"] *= 100
    elif stem == "risk_snapshot" and loop in CRISIS:
        doc["risk_mode"] = "CRISIS"
    elif stem == "kpis_v7":
        doc["portfolio"]["equity"] = doc["portfolio"].pop("nav")


class TheirDoor:
    """What the publisher writes, in the words of another executor."""

    def __init__(self, door: Door, edit: Edit) -> None:
        self._door, self._edit = door, edit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._door, name)

    def replace(self, path: str, data: bytes, writer: str) -> None:
        doc = json.loads(data)
        self._edit(self._door.loop, Path(path).stem, doc)
        self._door.replace(path, json.dumps(doc).encode(), writer)


def executor(edit: Edit) -> Callable[[Scenario, Door], Executor]:
    def make(scenario: Scenario, door: Door) -> Executor:
        own: Any = TheirDoor(door, edit)
        return Publisher(lambda: ReferenceExecutor(scenario), scenario, own)

    return make


def scenario_in(folder: Path) -> Scenario:
    file = folder / "their-words.yaml"
    file.write_text(TEXT)
    (found,) = load(file, Project(folder, folder, folder / "golden", folder / ".simkit"))
    return found


def dialect_in(folder: Path, text: str = DIALECT) -> Dialect:
    file = folder / "dialect.yaml"
    file.write_text(dedent(text))
    return load_dialect(file)


def judged(folder: Path, edit: Edit, dialect: Dialect | None) -> Judgement:
    scenario = scenario_in(folder)
    return simulate(scenario, folder / "run", base=folder, make=executor(edit), dialect=dialect).judgement


def fired(judgement: Judgement) -> dict[str, list[tuple[int, int]]]:
    return {tally.rule: [(span.first, span.last) for span in tally.loops] for tally in judgement.tallies}


def test_without_its_dialect_the_executor_breaks_the_rules(tmp_path: Path) -> None:
    judgement = judged(tmp_path, theirs, None)
    rules = fired(judgement)
    assert rules["INV-D12"] == [(2, 6)]
    assert rules["INV-R02"] == rules["INV-R18"] == [(4, 5)]
    assert rules["INV-K01"] == [(1, 6)]
    assert not judgement.ok


def test_in_its_dialect_it_breaks_none(tmp_path: Path) -> None:
    judgement = judged(tmp_path, theirs, dialect_in(tmp_path))
    assert judgement.tallies == ()
    assert judgement.broken == ()
    (unseen,) = [each for each in judgement.not_evaluated if each.rule == "INV-R18"]
    assert unseen.reason == "CRISIS is a word of the dialect; B-MODE-1 does not say when it holds"
    assert [(span.first, span.last) for span in unseen.loops] == [(4, 5)]


@pytest.mark.parametrize(("coverage", "rules"), [(50.0000001, []), (50.001, ["INV-D12"])])
def test_just_inside_and_just_outside_in_percent(coverage: float, rules: list[str], tmp_path: Path) -> None:
    def edit(loop: int, stem: str, doc: dict[str, Any]) -> None:
        theirs(loop, stem, doc)
        if stem == "diagnostics" and loop == 3:
            doc["runtime_diagnostics"]["exit_pipeline"]["tp_sl_coverage_pct"] = coverage

    judgement = judged(tmp_path, edit, dialect_in(tmp_path))
    assert sorted(fired(judgement)) == rules
    for finding in judgement.findings:
        assert (finding.loop, finding.value) == (3, str(coverage))
        assert finding.path == "runtime_diagnostics.exit_pipeline.tp_sl_coverage_pct"


@pytest.mark.parametrize(("mode", "rules"), [("CRISIS", []), ("PANIC", ["INV-R02", "INV-R18"])])
def test_only_a_stated_word_is_one(mode: str, rules: list[str], tmp_path: Path) -> None:
    def edit(loop: int, stem: str, doc: dict[str, Any]) -> None:
        theirs(loop, stem, doc)
        if stem == "risk_snapshot" and loop == 3:
            doc["risk_mode"] = mode

    assert sorted(fired(judged(tmp_path, edit, dialect_in(tmp_path)))) == rules


def test_a_finding_names_the_field_as_the_file_does(tmp_path: Path) -> None:
    def edit(loop: int, stem: str, doc: dict[str, Any]) -> None:
        theirs(loop, stem, doc)
        if stem == "kpis_v7" and loop == 3:
            doc["portfolio"]["equity"] = "much"

    found = [f for f in judged(tmp_path, edit, dialect_in(tmp_path)).findings if f.rule == "INV-K01"]
    assert [(f.stem, f.path, f.value) for f in found] == [("kpis_v7", "portfolio.equity", "much")]


def test_what_the_dialect_does_not_state_is_judged_as_ever(tmp_path: Path) -> None:
    """An unsigned short passes `simkit verify`, as one of the contract's forms; a run keeps to ours."""

    def edit(loop: int, stem: str, doc: dict[str, Any]) -> None:
        theirs(loop, stem, doc)
        for row in doc["positions"] if stem == "positions_state" else ():
            row["qty"] = abs(row["qty"])

    assert "INV-P02" in fired(judged(tmp_path, edit, dialect_in(tmp_path)))


# Thresholds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "is_missing"), [(119.999999, True), (120, False)])
def test_a_threshold_of_the_dialect_is_what_rules_expect(
    seconds: float, is_missing: bool, tmp_path: Path
) -> None:
    """The signals of L2 are two minutes old in L4: idle by any threshold below."""
    text = f"dialect: 1\nthresholds: {{liveness: {{signals_s: {seconds}}}}}\n"

    def keep(loop: int, stem: str, doc: dict[str, Any]) -> None:
        return None

    loops = fired(judged(tmp_path, keep, dialect_in(tmp_path, text))).get("INV-D20", [])
    assert any(first <= 4 <= last for first, last in loops) is is_missing


def test_a_scenario_has_the_last_word_on_a_threshold() -> None:
    dialect = Dialect(settings=Settings(
        drawdown=DrawdownSettings(max_portfolio_dd_nav_pct=0.08, recovery_exit=0.01),
        liveness=LivenessSettings(signals_s=600.0),
    ))  # fmt: skip
    said = Settings(legacy=("D-11",), drawdown=DrawdownSettings(max_portfolio_dd_nav_pct=0.05))
    expected = spoken(said, dialect)
    assert expected.drawdown == DrawdownSettings(max_portfolio_dd_nav_pct=0.05, recovery_exit=0.01)
    assert expected.liveness.signals_s == 600.0
    assert expected.legacy == ("D-11",)
    assert spoken(said, Dialect()) is said


# Where it comes from ---------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one scenario and a dialect that the reference executor does not write."""
    (tmp_path / "pyproject.toml").write_text('[tool.simkit]\ndialect = "dialect.yaml"\n')
    (tmp_path / "scenarios").mkdir()
    scenario_in(tmp_path / "scenarios")
    dialect_in(tmp_path)
    return tmp_path


def test_the_setting_of_verify_is_that_of_every_run(project: Path) -> None:
    found = find_project(project)
    assert of(found) == dialect_in(project)
    run = run_scenario("scenarios/their-words.yaml", project, project / "tmp")
    assert {finding.rule for finding in run.findings} == {"INV-D12"}
    (project / "pyproject.toml").write_text("[tool.simkit]\n")
    assert of(find_project(project)) is None


@pytest.mark.parametrize("command", ["check", "run"])
def test_commands_judge_in_the_dialect_of_the_project(
    command: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    result = CliRunner().invoke(main, [command, "their-words"])
    assert result.exit_code == Exit.BROKEN
    assert "INV-D12" in result.output
    (project / "pyproject.toml").write_text("[tool.simkit]\n")
    assert "INV-D12" not in CliRunner().invoke(main, [command, "their-words"]).output


def test_a_mistake_in_the_dialect_is_told_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    (project / "scenarios" / "another.yaml").write_text(TEXT.replace("their-words", "another"))
    dialect = project / "dialect.yaml"
    dialect.write_text("dialect: 2\n")
    result = CliRunner().invoke(main, ["check"])
    assert result.exit_code == Exit.USAGE
    assert result.output.count("dialect.yaml:1:10: found `2`, expected 1") == 1


def test_coverage_watches_the_looks_that_the_judges_see(project: Path) -> None:
    (scenario,) = load(project / "scenarios" / "their-words.yaml", find_project(project))
    seen = observe(scenario, find_project(project))
    assert [fired.rule for fired in seen.fired] == ["INV-D12"]
