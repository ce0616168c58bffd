"""Every rule passes on a tree just inside it and finds the one just outside."""

from __future__ import annotations

import pytest
import rule_cases_book
import rule_cases_health
import rule_cases_intel
import rule_cases_more
from good_tree import Edit, World

import simkit.contract.rules  # noqa: F401
from simkit.contract.finding import RULES
from simkit.contract.table import SURFACES

BOOKS = (rule_cases_book, rule_cases_health, rule_cases_intel, rule_cases_more)
CASES = {rule: cases for book in BOOKS for rule, cases in book.CASES.items()}
MORE = [case for book in BOOKS for case in book.MORE]
#: A folder that is read and a second run are more than one run has.
MORE_THAN_ONE_RUN = [rule.id for rule in RULES.values() if rule.judged_by]


def edited(edit: Edit) -> World:
    world = World()
    edit(world)
    return world


def test_the_good_tree_breaks_no_rule_and_every_rule_looks_at_it() -> None:
    (_, first), (_, second) = World().judged(list(RULES.values()))
    assert first.findings == ()
    assert second.findings == ()
    assert [rule for rule, _ in second.not_evaluated] == MORE_THAN_ONE_RUN
    assert second.evaluated == len(RULES) - len(MORE_THAN_ONE_RUN)


def test_only_two_rules_are_judged_by_something_else() -> None:
    assert MORE_THAN_ONE_RUN == ["INV-G15", "INV-G17"]


def test_every_rule_has_a_tree_that_passes_and_one_that_fails() -> None:
    assert set(CASES) == set(RULES)


@pytest.mark.parametrize("rule", CASES)
def test_a_tree_just_inside_passes(rule: str) -> None:
    verdict = edited(CASES[rule][0]).verdict(rule)
    assert verdict.findings == ()
    assert verdict.not_evaluated == ()


@pytest.mark.parametrize("rule", CASES)
def test_a_tree_just_outside_is_found(rule: str) -> None:
    findings = edited(CASES[rule][1]).verdict(rule).findings
    assert findings
    assert {f.rule for f in findings} == {rule}
    assert all(f.loop == 2 and f.message for f in findings)


@pytest.mark.parametrize(("rule", "passes", "edit"), MORE, ids=[f"{i}-{m[0]}" for i, m in enumerate(MORE)])
def test_further_edges(rule: str, passes: bool, edit: Edit) -> None:
    verdict = edited(edit).verdict(rule)
    assert verdict.not_evaluated == ()
    assert bool(verdict.findings) is not passes


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_carries_its_data(rule: str) -> None:
    found = RULES[rule]
    ids = {surface.id for surface in SURFACES}
    assert found.id == rule
    assert found.statement and found.source and found.example
    assert found.kind in "WXTJ"
    assert found.severity in "EW"
    assert all(name in ids or name.startswith("AUX-") for name in found.surfaces)
