"""`simkit accept`: the only door to goldens, and everything that it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from simkit.core.errors import Exit


def reasons(bench: Any, name: str) -> list[dict[str, str]]:
    return [
        json.loads(line) for line in (bench.root / f"golden/{name}/reasons.jsonl").read_text().splitlines()
    ]


def test_from_init_to_same(bench: Any) -> None:
    assert bench("init").exit_code == Exit.SAME
    assert bench("run", "first").exit_code == Exit.SAME
    assert bench("check").exit_code == Exit.GOLDEN_MISSING
    result = bench("accept", "first", "--reason", "first scenario")
    assert result.exit_code == Exit.SAME
    assert result.output == "first: accepted as new: golden/first/\n"
    assert bench("check").exit_code == Exit.SAME
    assert not (bench.root / ".simkit/pending/first").exists()


def test_reasons_are_kept_with_their_kind(bench: Any, other_code: Callable[[], None]) -> None:
    bench.scenario("nav/one")
    bench.accept("nav/one")
    other_code()
    bench("check")
    assert bench("accept", "one", "-r", "fees are charged now").exit_code == Exit.SAME
    assert bench("check").exit_code == Exit.SAME
    kept = reasons(bench, "nav/one")
    assert [(r["kind"], r["reason"]) for r in kept] == [
        ("new", "first"),
        ("intended", "fees are charged now"),
    ]
    assert kept[1]["from"] == kept[0]["to"] != kept[1]["to"]


def test_the_kind_can_be_named(bench: Any, other_code: Callable[[], None]) -> None:
    bench.scenario("nav/one")
    bench.accept("nav/one")
    other_code()
    bench("accept", "one", "-r", "the fee was missing", "--kind", "fixed")
    assert reasons(bench, "nav/one")[1]["kind"] == "fixed"
    assert bench("accept", "one", "-r", "x", "--kind", "whim").exit_code == Exit.USAGE


def test_nothing_to_accept_says_so_and_writes_nothing(bench: Any) -> None:
    bench.scenario("nav/one")
    bench.accept("nav/one")
    golden = bench.files("golden")
    result = bench("accept", "nav/one", "-r", "again")
    assert result.exit_code == Exit.SAME
    assert result.output == "nav/one: same, nothing to accept\n"
    assert bench.files("golden") == golden


@pytest.mark.parametrize("value", ["true", "1", "yes"])
def test_refused_under_ci(bench: Any, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    bench.scenario("nav/one")
    bench("check")
    monkeypatch.setenv("CI", value)
    result = bench("accept", "nav/one", "-r", "please")
    assert result.exit_code == Exit.USAGE
    assert "nothing is accepted under CI" in result.output
    assert not (bench.root / "golden").exists()


@pytest.mark.parametrize("value", ["false", "0", ""])
def test_a_ci_variable_that_says_no_is_none(bench: Any, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    bench.scenario("nav/one")
    monkeypatch.setenv("CI", value)
    assert bench("accept", "nav/one", "-r", "mine").exit_code == Exit.SAME


@pytest.mark.parametrize("words", [(), ("--reason", ""), ("--reason", "   ")])
def test_an_empty_reason_is_refused(bench: Any, words: tuple[str, ...]) -> None:
    bench.scenario("nav/one")
    result = bench("accept", "nav/one", *words)
    assert result.exit_code == Exit.USAGE
    assert "needs a reason" in result.output
    assert not (bench.root / "golden").exists()


@pytest.mark.parametrize("words", [(), ("nav/one", "--all")])
def test_names_or_all_never_both_or_none(bench: Any, words: tuple[str, ...]) -> None:
    bench.scenario("nav/one")
    result = bench("accept", *words, "-r", "x")
    assert result.exit_code == Exit.USAGE
    assert "--all" in result.output


def test_a_run_that_moved_since_the_check_is_refused_until_the_next_check(
    bench: Any, other_code: Callable[[], None]
) -> None:
    bench.scenario("nav/one")
    bench("check")
    other_code()
    for _ in range(2):
        result = bench("accept", "nav/one", "-r", "as I saw it")
        assert result.exit_code == Exit.CHANGED
        assert "the run has changed since the check you looked at; run simkit check again" in result.output
    assert not (bench.root / "golden").exists()
    bench("check")
    assert bench("accept", "nav/one", "-r", "as I see it").exit_code == Exit.SAME


def test_a_scenario_edited_since_the_check_is_refused(bench: Any) -> None:
    file = bench.scenario("nav/one")
    bench("check")
    file.write_text(file.read_text().replace("L4: 104", "L4: 105"))
    result = bench("accept", "nav/one", "-r", "as I saw it")
    assert result.exit_code != Exit.SAME
    assert "run simkit check again" in result.output
    assert not (bench.root / "golden").exists()


def test_all_takes_what_waits_and_nothing_else(bench: Any) -> None:
    for name in ("one", "two", "three"):
        bench.scenario(f"nav/{name}")
    bench("check", "one", "two")
    assert bench("accept", "--all", "-r", "first").exit_code == Exit.SAME
    assert sorted(p.name for p in (bench.root / "golden/nav").iterdir()) == ["one", "two"]
    result = bench("accept", "--all", "-r", "first")
    assert result.exit_code == Exit.USAGE
    assert "nothing waits" in result.output


def test_a_broken_run_does_not_wait(bench: Any) -> None:
    bench.scenario("nav/one")
    bench.scenario("nav/two", "expect:\n  L3: {open_positions_count: 2}\n")
    bench("check")
    assert bench("accept", "--all", "-r", "first").exit_code == Exit.SAME
    assert sorted(p.name for p in (bench.root / "golden/nav").iterdir()) == ["one"]


def test_one_broken_among_the_named_stops_all(bench: Any) -> None:
    bench.scenario("nav/one")
    bench.scenario("nav/two", "expect:\n  L3: {open_positions_count: 2}\n")
    result = bench("accept", "nav", "-r", "first")
    assert result.exit_code == Exit.BROKEN
    assert "nothing was accepted" in result.output
    assert not (bench.root / "golden").exists()


def test_an_orphan_is_removed_with_a_reason(bench: Any) -> None:
    file = bench.scenario("nav/one")
    bench.accept("nav/one")
    kept = bench("accept", "nav/one", "--kind", "removed", "-r", "gone")
    assert kept.exit_code == Exit.USAGE
    assert "still there" in kept.output
    file.unlink()
    assert bench("accept", "nav/one", "--kind", "removed", "-r", "gone").exit_code == Exit.SAME
    assert sorted(bench.files("golden")) == ["reasons.jsonl"]
    assert bench("accept", "nav/one", "--kind", "removed", "-r", "gone").exit_code == Exit.USAGE


def test_variants_are_accepted_one_by_one_or_together(bench: Any) -> None:
    bench.scenario("nav/one", "variants:\n  plain: {}\n  seeded: {executor: {tp_sl: {seed: false}}}\n")
    assert bench("accept", "nav/one@plain", "-r", "x").exit_code == Exit.SAME
    assert sorted(p.name for p in (bench.root / "golden/nav").iterdir()) == ["one@plain"]
    assert bench("accept", "nav/one", "-r", "x").exit_code == Exit.SAME
    assert sorted(p.name for p in (bench.root / "golden/nav").iterdir()) == ["one@plain", "one@seeded"]
