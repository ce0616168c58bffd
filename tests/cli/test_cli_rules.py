"""`simkit rules` and `simkit schema`: the catalogue, its page, and the schemas by name."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from simkit.contract import catalogue, schemas
from simkit.contract.finding import RULES
from simkit.core.errors import Exit, SimkitError

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"

FIRES = "findings: {INV-L04: [L3..L4, L6]}\ncanary: true\nincident: INC-21\n"
VARIANTS = "variants:\n  plain: {}\n  odd: {findings: {INV-N02: L2}}\n"


# The catalogue ---------------------------------------------------------------------------------------------


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == catalogue.page(), (
        "write it anew: python -m simkit.contract.catalogue > docs/rules.md"
    )


def test_every_rule_stands_in_one_area_by_number() -> None:
    order = [rule.id for rule in catalogue.in_order()]
    assert sorted(order) == sorted(RULES)
    assert [rule.id for members in catalogue.by_area(RULES.values()).values() for rule in members] == order
    assert order.index("INV-D03") < order.index("INV-D10")


def test_every_word_of_a_rule_is_explained() -> None:
    for rule in RULES.values():
        assert rule.kind in catalogue.KINDS
        assert rule.severity in catalogue.SEVERITIES
        assert rule.tier in catalogue.TIERS
        for source in re.findall(r"(?:^|, )([a-z]+)", rule.source):
            assert source in catalogue.SOURCES, rule.id
        assert rule.statement
        assert rule.example


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["INV-L04"], ["INV-L04"]),
        (["inv-l04", "INV-L04"], ["INV-L04"]),
        (["INV-L05", "INV-L04"], ["INV-L04", "INV-L05"]),
        (["INV-N0[12]"], ["INV-N01", "INV-N02"]),
        (["INV-M*"], ["INV-M01", "INV-M02", "INV-M03"]),
    ],
)
def test_ids_and_patterns_name_rules(words: list[str], ids: list[str]) -> None:
    assert [rule.id for rule in catalogue.matching(words)] == ids


def test_every_unknown_word_is_told_with_what_is_near() -> None:
    with pytest.raises(SimkitError) as problem:
        catalogue.matching(["INV-L99", "INV-L04", "INV-Z*"])
    first, second = str(problem.value).splitlines()
    assert re.fullmatch(r"INV-L99: no such rule\. Did you mean INV-L\d\d or .*\?", first)
    assert second == "INV-Z*: no such rule. Rules are called INV-L04; simkit rules shows them."


@pytest.mark.parametrize(
    ("surfaces", "text"),
    [
        ((), "the tree"),
        (("S1",), "S1"),
        (("S3", "S4", "AUX-1"), "S3, S4, AUX-1"),
        (("S1", "S3", "S4", "S5", "S9"), "S1, S3-S5, S9"),
        (tuple(f"S{n}" for n in range(1, 12)), "S1-S11"),
    ],
)
def test_surfaces_are_told_as_ranges(surfaces: tuple[str, ...], text: str) -> None:
    from msgspec.structs import replace

    assert catalogue.surfaces_text(replace(RULES["INV-L04"], surfaces=surfaces)) == text


def test_a_source_is_told_in_words() -> None:
    assert (
        catalogue.sources_in_words("tbl, sys (A-19)")
        == "the surface table; implied by the v7.6 system (A-19)"
    )


# simkit rules ----------------------------------------------------------------------------------------------


def test_the_table_shows_every_rule_on_a_line_of_its_own(bench: Any) -> None:
    result = bench("rules")
    assert result.exit_code == Exit.SAME
    lines = result.output.splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  INV-")] == [
        r.id for r in catalogue.in_order()
    ]
    row = next(line for line in lines if line.startswith("  INV-L04 "))
    assert row.split()[1:4] == ["contract", "E", "X"]
    assert row.endswith(RULES["INV-L04"].statement)
    assert lines[-1].startswith(f"{len(RULES)} rules. Severity: E error, W warning. Looks at: W one file, ")


def test_on_a_terminal_every_line_fits(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simkit.report.terminal.is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "72")
    assert max(map(len, bench("rules").output.splitlines())) == 72
    details = bench("rules", "INV-R18").output
    assert max(map(len, details.splitlines())) <= 72
    assert RULES["INV-R18"].statement in " ".join(details.split())


def test_a_rule_is_told_in_full_with_the_scenarios_that_make_it_fire(bench: Any) -> None:
    bench.scenario("ledger/ghost", FIRES)
    bench.scenario("nav/two", VARIANTS + "findings: {INV-L04: L5}\n")
    bench.scenario("nav/told", "incident: INV-L04 broke in production\n")
    bench.scenario("nav/other")
    result = bench("rules", "inv-l04")
    assert result.exit_code == Exit.SAME
    rule = RULES["INV-L04"]
    assert result.output.splitlines() == [
        "INV-L04  Ledger and its levels",
        f"  rule        {rule.statement}",
        f"  violation   {rule.example}",
        "  severity    error",
        f"  tier        contract: {catalogue.TIERS['contract']}",
        f"  looks at    {catalogue.KINDS['X']}",
        "  surfaces    S3, S4",
        "  needs       positions_state, positions_ledger",
        f"  source      {catalogue.sources_in_words(rule.source)}",
        "  scenarios   ledger/ghost: fires in L3..L4, L6, INC-21",
        "              nav/told: tells of it, INV-L04 broke in production",
        "              nav/two@plain: fires in L5",
        "              nav/two@odd: fires in L5",
    ]


def test_a_rule_that_no_scenario_makes_fire_says_so(bench: Any) -> None:
    bench.scenario("nav/two", VARIANTS)
    assert "  scenarios   none of this project\n" in bench("rules", "INV-P01").output
    assert "  scenarios   nav/two@odd: fires in L2\n" in bench("rules", "INV-N02").output


def test_it_works_outside_of_any_project(bench: Any) -> None:
    (bench.root / "scenarios").rmdir()
    (bench.root / "pyproject.toml").unlink()
    assert "none of this project" in bench("rules", "INV-P01").output


@pytest.mark.parametrize("rule", ["INV-G15", "INV-G17"])
def test_a_rule_that_no_run_evaluates_says_what_judges_it(bench: Any, rule: str) -> None:
    judged_by = RULES[rule].judged_by
    assert judged_by
    assert f"  judged by   {judged_by}; no run and no tree alone\n" in bench("rules", rule).output
    assert f"*judged by* {judged_by} |" in PAGE.read_text(encoding="utf-8")


def test_several_rules_stand_apart(bench: Any) -> None:
    blocks = bench("rules", "INV-N0[12]").output.split("\n\n")
    assert [block.split()[0] for block in blocks] == ["INV-N01", "INV-N02"]


def test_everything_as_json(bench: Any) -> None:
    bench.scenario("ledger/ghost", FIRES)
    found = json.loads(bench("rules", "--json").output)
    assert [entry["id"] for entry in found] == [rule.id for rule in catalogue.in_order()]
    [entry] = json.loads(bench("rules", "INV-L04", "--json").output)
    rule = RULES["INV-L04"]
    assert entry == {
        "id": "INV-L04",
        "statement": rule.statement,
        "tier": "contract",
        "kind": "X",
        "severity": "E",
        "source": rule.source,
        "surfaces": ["S3", "S4"],
        "reads": ["positions_state", "positions_ledger"],
        "example": rule.example,
        "judged_by": "",
        "scenarios": [{"name": "ledger/ghost", "incident": "INC-21", "loops": [[3, 4], [6, 6]]}],
    }


def test_with_exercise_every_scenario_is_run(bench: Any) -> None:
    bench.scenario("nav/two", VARIANTS)
    text = bench("rules", "INV-D10", "--exercise").output
    plain = bench("rules", "INV-D10").output
    assert text.startswith(plain)
    added = text[len(plain) :].splitlines()
    assert added[:3] == [
        "  evaluated   nav/two@plain",
        "              nav/two@odd",
        "  fires       in no run of this project",
    ]
    assert added[3].startswith(
        "  one step    nav/two@plain L1: diagnostics.runtime_diagnostics.exit_pipeline.open_positions_count = 0, not 1"
    )
    history = bench("rules", "INV-G06", "--exercise").output
    assert "  one step    not tried: a rule on successive loops or on the journal\n" in history


def test_the_exercise_as_json_is_that_of_the_coverage(bench: Any) -> None:
    bench.scenario("nav/one")
    [entry] = json.loads(bench("rules", "INV-N02", "--exercise", "--json").output)
    rules = json.loads(bench("coverage", "--json").output)["rules"]
    assert entry["exercise"] == next(rule for rule in rules if rule["id"] == "INV-N02")


def test_exercise_needs_a_rule(bench: Any) -> None:
    result = bench("rules", "--exercise")
    assert result.exit_code == Exit.USAGE
    assert "--exercise needs a rule" in result.output


def test_an_unknown_rule_is_wrong_usage(bench: Any) -> None:
    result = bench("rules", "INV-L44")
    assert result.exit_code == Exit.USAGE
    assert "INV-L44: no such rule. Did you mean " in result.output


def test_a_broken_scenario_does_not_hide_the_others(bench: Any) -> None:
    bench.scenario("ledger/ghost", FIRES)
    bench.scenario("nav/broken", "findings: {INV-L4: L1}\n")
    result = bench("rules", "INV-L04")
    assert result.exit_code == Exit.SCENARIO_INVALID
    assert "ledger/ghost: fires in L3..L4, L6" in result.output
    assert "scenarios/nav/broken.yaml:10:12: `INV-L4`" in result.output


@pytest.mark.parametrize("encoding", ["cp1252", "ascii:strict"])
def test_a_character_that_the_output_lacks_is_no_error(
    bench: Any, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    monkeypatch.setenv("PYTHONUTF8", "0")
    process = bench.process("rules", "INV-R06")
    out, err = process.communicate()
    assert process.returncode == Exit.SAME, err
    assert "INV-R06  Risk" in out


# simkit schema ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", schemas.DOCUMENTS)
def test_a_schema_is_printed_as_it_is_shipped(bench: Any, name: str) -> None:
    result = bench("schema", name)
    assert result.exit_code == Exit.SAME
    assert result.output.encode() == schemas.shipped(name)


def test_a_surface_answers_to_its_id_and_its_key(bench: Any) -> None:
    shown = bench("schema", "symbol_scores_v6").output
    assert bench("schema", "S9").output == bench("schema", "symbol_scores").output == shown


def test_the_schema_of_a_scenario_is_printed(bench: Any) -> None:
    from simkit.scenario.schema import document_schema

    assert json.loads(bench("schema", "scenario").output) == document_schema()


def test_without_a_name_the_names_are_shown(bench: Any) -> None:
    lines = bench("schema").output.splitlines()
    assert [line.split()[0] for line in lines] == [*schemas.DOCUMENTS, "scenario"]


@pytest.mark.parametrize(
    ("word", "hint"), [("navstate", "Did you mean nav_state"), ("zzz", "There is scenario, nav, ")]
)
def test_an_unknown_schema_is_wrong_usage(bench: Any, word: str, hint: str) -> None:
    result = bench("schema", word)
    assert result.exit_code == Exit.USAGE
    assert f"{word}: no document of this name has a schema. {hint}" in result.output
