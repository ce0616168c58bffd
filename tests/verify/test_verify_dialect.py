"""The dialect file: what it may say, how its mistakes are told, and that verify speaks it."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from click.testing import CliRunner
from verify_kit import change, good, minimal, on_disk, rules_of

from simkit.cli import main
from simkit.contract.dialect import PLAIN, Dialect
from simkit.contract.verifier import verify
from simkit.core.errors import IoError, SimkitError
from simkit.core.project import find_project
from simkit.core.settings import Settings
from simkit.dialect import load

PIPE = "diagnostics.runtime_diagnostics.exit_pipeline"
COVERAGE = f"{PIPE}.tp_sl_coverage_pct"


def read(tmp_path: Path, text: str) -> Dialect:
    file = tmp_path / "dialect.yaml"
    file.write_text("dialect: 1\n" + dedent(text))
    return load(file)


def test_an_empty_dialect_says_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "about: ours") == PLAIN


def test_a_stated_unit_is_the_only_one(tmp_path: Path) -> None:
    dialect = read(tmp_path, "units: {tp_sl_coverage_pct: percent}")
    percent, fraction = change(minimal(), COVERAGE, 75), minimal()
    assert rules_of(percent, dialect)[0] == []
    assert rules_of(fraction, dialect)[0] == []
    assert rules_of(fraction, dialect)[1] == ["INV-D12", "INV-G16"]
    assert rules_of(change(minimal(), COVERAGE, 0.5), dialect)[0] == ["INV-D12"]


def test_a_stated_unit_holds_for_the_strict_profile_too(tmp_path: Path) -> None:
    docs = change(good(), COVERAGE, 100.0)
    assert rules_of(docs, profile="reference")[0] == ["INV-D12"]
    dialect = read(tmp_path, "units: {tp_sl_coverage_pct: percent}")
    assert verify(docs, profile="reference", dialect=dialect).violations == ()


def test_drawdowns_in_percent_by_statement(tmp_path: Path) -> None:
    """Half a percent without a peak beside it: only the dialect can tell it from half of everything."""
    docs = good()
    for holder in (docs["risk_snapshot"], docs["nav_state"]):
        for name in ("peak_equity", "drawdown_abs"):
            holder.pop(name, None)
    docs["nav_state"]["drawdown"] = docs["nav_state"]["drawdown_pct"] = 0.5
    docs["kpis_v7"]["portfolio"]["dd_pct"] = docs["kpis_v7"]["drawdown"]["dd_pct"] = 0.5
    risk = docs["risk_snapshot"]
    risk["drawdown"] = {"dd_pct": 0.5}
    risk["dd_state"]["drawdown"]["dd_pct"] = risk["dd_frac"] = risk["portfolio_dd_pct"] = 0.5
    assert "INV-R07" in rules_of(docs)[1]
    dialect = read(tmp_path, """
        units:
          risk_snapshot.drawdown.dd_pct: percent
          risk_snapshot.dd_state.drawdown.dd_pct: percent
          dd_frac: percent
          portfolio_dd_pct: percent
          kpis_v7.portfolio.dd_pct: percent
          kpis_v7.drawdown.dd_pct: percent
    """)  # fmt: skip
    assert rules_of(docs, dialect) == ([], [])


def test_further_words(tmp_path: Path) -> None:
    docs = change(good(), "risk_snapshot.risk_mode", "CRISIS")
    docs["diagnostics"]["runtime_diagnostics"]["veto_counters"]["by_reason"] = {"moon": 1}
    assert rules_of(docs)[1] == ["INV-D08", "INV-R02", "INV-R18"]
    dialect = read(tmp_path, "words: {risk_mode: [CRISIS], veto_reason: [moon]}")
    assert rules_of(docs, dialect)[1] == []
    assert "word of the dialect" in dict(verify(docs, dialect=dialect).not_evaluated)["INV-R18"]


def test_translated_words(tmp_path: Path) -> None:
    docs = change(good(), "risk_snapshot.dd_state.state", "calm")
    docs["kpis_v7"]["dd_state"] = "calm"
    for row in (*docs["positions_state"]["positions"], *docs["positions_ledger"]["entries"]):
        row["side"] = {"LONG": "buy", "SHORT": "sell"}[row["side"]]
    assert "INV-R03" in rules_of(docs)[0]
    dialect = read(tmp_path, """
        words:
          dd_state: {calm: NORMAL, falling: DRAWDOWN}
          side: {buy: LONG, sell: SHORT}
    """)  # fmt: skip
    assert rules_of(docs, dialect) == ([], [])
    shown = verify(change(docs, "positions_state.positions.1.mark_price", 0.0), dialect=dialect).errors
    assert {violation.path for violation in shown} >= {"positions[1].mark_price"}


def test_aliases_are_read_and_shown_by_their_own_name(tmp_path: Path) -> None:
    docs = deepcopy(good())
    docs["nav"]["equity"] = docs["nav"].pop("nav")
    for row in docs["positions_state"]["positions"]:
        row["size"], row["prices"] = row.pop("qty"), {"entry": row.pop("entry_price")}
    assert {"INV-N01", "INV-G18"} <= set(rules_of(docs)[0])
    dialect = read(tmp_path, """
        aliases:
          nav: {equity: nav}
          positions_state:
            "positions[].size": positions[].qty
            "positions[].prices.entry": positions[].entry_price
    """)  # fmt: skip
    assert rules_of(docs, dialect) == ([], [])
    docs["nav"]["equity"] = "10000"
    docs["positions_state"]["positions"][1]["prices"]["entry"] = 0.0
    found = {v.rule: (v.path, v.value) for v in verify(docs, dialect=dialect).errors}
    assert found["INV-N01"] == ("equity", "10000")
    assert found["INV-P01"] == ("positions[1].prices.entry", "0.0")


def test_thresholds_are_those_that_rules_expect(tmp_path: Path) -> None:
    dialect = read(tmp_path, """
        thresholds:
          drawdown: {max_portfolio_dd_nav_pct: 0.0001}
          liveness: {signals_s: 60, exits_s: 900.5}
          same_loop_s: 90
          throttle_s: 600
    """)  # fmt: skip
    assert dialect.settings.drawdown.max_portfolio_dd_nav_pct == 0.0001
    assert dialect.settings.liveness.signals_s == 60
    assert dialect.settings.liveness.router_s == Settings().liveness.router_s
    assert (dialect.same_loop_s, dialect.throttle_s) == (90.0, 600.0)
    assert "INV-R07" in rules_of(good(), dialect)[1]


def test_the_width_of_a_loop_decides_what_is_compared(tmp_path: Path) -> None:
    docs = minimal()
    docs["positions_ledger"]["entries"].pop()
    docs["positions_ledger"]["updated_at"] = "2025-01-06T12:00:30Z"
    assert "INV-L04" not in rules_of(docs)[0]
    assert "INV-L04" in rules_of(docs, read(tmp_path, "thresholds: {same_loop_s: 60}"))[0]


def test_an_auxiliary_file_needs_no_entry(tmp_path: Path) -> None:
    docs = {**good(), "signals": {}}
    assert rules_of(docs)[0] == ["INV-G11"]
    assert rules_of(docs, read(tmp_path, "auxiliary: [signals.json]"))[0] == []


MISTAKES: dict[str, tuple[str, str]] = {
    "no version": ("about: x", "dialect.yaml:1:1: the key `dialect` is missing"),
    "another version": ("dialect: 2", "dialect.yaml:1:10: found `2`, expected 1"),
    "an unknown key": ("dialect: 1\nunit: {}", "2:1: a dialect has no key `unit`\n    did you mean `units`?"),
    "an unknown field": ("dialect: 1\nunits: {coverage: percent}", "2:9: no field is called `coverage`"),
    "an ambiguous field": ("dialect: 1\nunits: {dd_pct: percent}", "`dd_pct` may be several fields"),
    "a fixed unit": ("dialect: 1\nunits: {nav.nav: percent}", "the unit of `nav.nav` is fixed by the contract"),
    "an unknown unit": ("dialect: 1\nunits: {dd_frac: permille}", "found `permille`, expected `percent` or `fraction`"),
    "an unknown vocabulary": ("dialect: 1\nwords: {risk: [A]}", "no vocabulary is called `risk`"),
    "a word of nobody": ("dialect: 1\nwords: {dd_state: {a: CALM}}", "`CALM` is none of our words"),
    "a scalar for words": ("dialect: 1\nwords: {risk_mode: CRISIS}", "expected [FURTHER, WORDS] or {theirs: OURS}"),
    "an unknown surface": (
        "dialect: 1\naliases: {nva: {a: nav}}", "no surface is called `nva`\n    did you mean `nav`?"),
    "an unknown field of ours": ("dialect: 1\naliases: {nav: {a: nan}}", "nav has no field `nan`"),
    "another row": (
        'dialect: 1\naliases: {positions_state: {"size": "positions[].qty"}}', "do not lie in the same rows"),
    "no path": ('dialect: 1\naliases: {nav: {"a..b": nav}}', "'a..b' is not a path"),
    "an unknown threshold": ("dialect: 1\nthresholds: {same_loop: 5}", "did you mean `same_loop_s`?"),
    "an unknown setting": ("dialect: 1\nthresholds: {liveness: {signal_s: 5}}", "did you mean `signals_s`?"),
    "an ill-typed setting": ("dialect: 1\nthresholds: {liveness: {signals_s: long}}", "Expected `float`, got `str`"),
    "negative seconds": ("dialect: 1\nthresholds: {throttle_s: -1}", "expected seconds >= 0"),
    "no file name": ("dialect: 1\nauxiliary: [a/b.json]", "`a/b.json` is no name of a JSON file"),
    "a list for a map": ("dialect: 1\nunits: [a]", "expected a map below `units`"),
    "an empty file": ("", "the file is empty"),
    "no YAML": ("dialect: 1\n\tx: 1", "dialect.yaml:2"),
}  # fmt: skip


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_told_with_its_place(case: str, tmp_path: Path) -> None:
    text, expected = MISTAKES[case]
    file = tmp_path / "dialect.yaml"
    file.write_text(text)
    with pytest.raises(SimkitError) as told:
        load(file)
    assert expected in str(told.value)
    assert told.value.exit_code == 64


def test_several_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SimkitError, match="3 mistakes"):
        read(tmp_path, "unit: {}\nwords: {x: [A]}\nunits: {y: percent}")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(IoError):
        load(tmp_path / "gone.yaml")


# Where it comes from ---------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose executor says coverage in percent, with one tree of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[tool.simkit]\ndialect = "dialect.yaml"\n')
    (tmp_path / "dialect.yaml").write_text("dialect: 1\nunits: {tp_sl_coverage_pct: percent}\n")
    on_disk(tmp_path / "run", change(good(), COVERAGE, 100.0))
    return tmp_path


def call(*words: Any) -> Any:
    return CliRunner().invoke(main, ["verify", "run", "--profile", "reference", *words])


def test_the_project_names_its_dialect(project: Path) -> None:
    assert find_project(project).dialect == project / "dialect.yaml"
    assert call().exit_code == 0
    (project / "pyproject.toml").write_text("[tool.simkit]\n")
    assert find_project(project).dialect is None
    assert call().exit_code == 2
    assert call("--dialect", "dialect.yaml").exit_code == 0


def test_a_broken_dialect_is_wrong_usage(project: Path) -> None:
    (project / "dialect.yaml").write_text("dialect: 1\nunits: {tp_sl_coverage: percent}\n")
    result = call()
    assert result.exit_code == 64
    assert "dialect.yaml:2:9" in result.output


def test_a_setting_that_is_no_name_is_refused(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.simkit]\ndialect = 3\n")
    result = call()
    assert result.exit_code == 64
    assert "a file's name is expected" in result.output
