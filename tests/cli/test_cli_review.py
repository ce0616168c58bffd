"""`simkit review`: groups, decisions, and that nothing is written before the end."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from simkit.cli import cmd_review, main
from simkit.core.errors import Exit


@pytest.fixture
def moved(bench: Any, other_code: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Three scenarios with one change, one that is new, one golden without a scenario."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # milliseconds a file, and nothing to see
    for name in ("nav/one", "nav/three", "nav/two"):
        bench.scenario(name)
    gone = bench.scenario("old/gone")
    bench.accept("nav", "old")
    gone.unlink()
    bench.scenario("new/first", text=bench_text())
    other_code()
    bench("check")
    return bench


def bench_text() -> str:
    return """\
simkit: 1
id: {id}
title: {title}
seed: 1
clock: {{start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 2}}
account: {{cash: 10000 USD}}
prices: {{BTCUSDT: 100}}
"""


def answer(monkeypatch: pytest.MonkeyPatch, *words: str) -> Result:
    """The command on a terminal whose user types these lines."""
    monkeypatch.setattr(cmd_review, "is_interactive", lambda: True)
    return CliRunner().invoke(main, ["review"], input="\n".join(words) + "\n")


def ledger(bench: Any, name: str) -> list[tuple[str, str]]:
    lines = (bench.root / f"golden/{name}/reasons.jsonl").read_text().splitlines()
    return [(line["kind"], line["reason"]) for line in map(json.loads, lines)]


def test_the_groups_are_listed_with_what_to_type(moved: Any) -> None:
    result = moved("review")
    assert result.exit_code == Exit.SAME
    assert result.output.splitlines() == [
        " 1  nav.aum.futures: value changed, nav.aum.total: value changed and 4 more fields · 3 scenarios",
        "    nav/one, nav/three, nav/two",
        " 2  no golden yet · 1 scenario",
        "    new/first",
        " 3  the scenario is gone · 1 golden",
        "    old/gone",
        "",
        "show:   simkit review --show 1",
        'accept: simkit review --accept 1 --reason "..."',
    ]


def test_a_group_is_accepted_by_its_number_or_a_name_in_it(moved: Any) -> None:
    result = moved("review", "--accept", "nav/three", "--reason", "fees are charged", "--kind", "fixed")
    assert result.exit_code == Exit.SAME, result.output
    for name in ("nav/one", "nav/three", "nav/two"):
        assert ledger(moved, name)[1:] == [("fixed", "fees are charged")]
    result = moved("review", "--accept", "1", "--accept", "2", "-r", "tidied")
    assert result.exit_code == Exit.SAME, result.output
    assert ledger(moved, "new/first") == [("new", "tidied")]
    assert not (moved.root / "golden/old").exists()
    assert moved("review").output == "nothing waits; simkit check looks again\n"
    assert moved("check").exit_code == Exit.SAME


def test_a_rejected_group_no_longer_waits(moved: Any) -> None:
    golden = moved.files("golden")
    assert moved("review", "--reject", "1").exit_code == Exit.SAME
    assert moved.files("golden") == golden
    assert "nav/one" not in moved("review").output


def test_a_group_is_shown_with_its_example_and_all_names(moved: Any) -> None:
    lines = moved("review", "--show", "1").output.splitlines()
    assert lines[1] == "nav/one: changed; golden -> the result of the last check"
    assert lines[-1] == "in nav/one, nav/three, nav/two"


def test_a_number_means_what_was_listed(moved: Any) -> None:
    moved("review")
    moved("review", "--reject", "nav/one")
    result = moved("review", "--accept", "1", "-r", "x")
    assert result.exit_code == Exit.USAGE
    assert "no longer what it was when it was listed" in result.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--accept", "1"), "needs a reason"),
        (("--accept", "9", "-r", "x"), "no such group"),
        (("--accept", "1", "--reject", "nav/one", "-r", "x"), "both accepted and rejected"),
        (("-r", "x"), "belong to --accept"),
    ],
)
def test_what_cannot_be_meant_is_refused(moved: Any, words: tuple[str, ...], told: str) -> None:
    golden = moved.files("golden")
    result = moved("review", *words)
    assert result.exit_code == Exit.USAGE
    assert told in result.output
    assert moved.files("golden") == golden


def test_refused_under_ci(moved: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    for words in ((), ("--accept", "1", "-r", "x"), ("--reject", "1")):
        result = moved("review", *words)
        assert result.exit_code == Exit.USAGE
        assert "nothing is reviewed under CI" in result.output


def test_a_person_accepts_skips_and_rejects(moved: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    result = answer(monkeypatch, "a", "fixed", "fees are charged", "s", "r")
    assert result.exit_code == Exit.SAME, result.output
    assert ledger(moved, "nav/two")[1:] == [("fixed", "fees are charged")]
    assert not (moved.root / "golden/new").exists()
    assert (moved.root / "golden/old/gone").exists()
    assert "skipped: 1; they wait" in result.output


def test_undo_takes_back_the_last_decision_and_capitals_take_all_that_remain(
    moved: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = answer(monkeypatch, "u", "R", "s", "u", "A", "all of it is right")
    assert "nothing to take back" in result.output
    # R ends the questions: nothing remains.
    assert "nav/one: rejected" in result.output
    moved("check")
    result = answer(monkeypatch, "s", "u", "A", "all of it is right")
    assert result.exit_code == Exit.SAME, result.output
    assert ledger(moved, "nav/one")[1:] == [("intended", "all of it is right")]
    assert ledger(moved, "new/first") == [("new", "all of it is right")]
    assert not (moved.root / "golden/old").exists()


def test_each_of_a_group_can_be_decided_by_itself(moved: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    result = answer(monkeypatch, "e", "s", "a", "intended", "this one", "q")
    assert result.exit_code == Exit.SAME, result.output
    assert ledger(moved, "nav/three")[1:] == [("intended", "this one")]
    assert len(ledger(moved, "nav/one")) == len(ledger(moved, "nav/two")) == 1


def test_nothing_is_written_when_the_person_leaves(moved: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    golden, waiting = moved.files("golden"), moved.files(".simkit/pending")
    result = answer(monkeypatch, "a", "fixed")  # the terminal is closed before the reason
    assert result.exit_code == Exit.INTERRUPTED
    assert (moved.files("golden"), moved.files(".simkit/pending")) == (golden, waiting)
