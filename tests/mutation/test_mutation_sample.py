"""The sample of mutants: what counts as a mutant, how the sample is spread, and the interval of its shares."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy.stats import binomtest

pytest.importorskip("cosmic_ray", reason="needs the `mutation` extra")

from mutation.run import Kept, interval, report
from mutation.sample import LEAST, Mutant, mutants, runs_differently, sample

CODE = '''"""A module."""
from __future__ import annotations


def larger(left: int | None, right: int) -> int:
    """The larger one."""
    found: int | str = right
    return left if left is not None and left > right else found
'''


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for room in ("executor", "exchange", "surfaces"):
        folder = tmp_path / "simkit" / room
        folder.mkdir(parents=True)
        (folder / "code.py").write_text(CODE * 2, encoding="utf-8")
    return tmp_path


def test_another_operator_runs_differently() -> None:
    assert runs_differently(CODE, CODE.replace("left > right", "left >= right"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("left: int | None", "left: int & None"),
        ("found: int | str", "found: int ^ str"),
        ("-> int:", "-> str:"),
    ],
)
def test_an_annotation_that_nobody_evaluates_is_no_mutant(old: str, new: str) -> None:
    assert not runs_differently(CODE, CODE.replace(old, new))


def test_what_is_no_python_counts_as_a_mutant() -> None:
    assert runs_differently(CODE, CODE + "def\n")


def test_every_mutant_changes_its_module(root: Path) -> None:
    found = list(mutants(root, "simkit/exchange"))
    assert found and {mutant.module for mutant in found} == {"simkit/exchange/code.py"}
    original = (root / found[0].module).read_text(encoding="utf-8")
    assert all(mutant.source(original) not in (None, original) for mutant in found)


def test_the_same_seed_draws_the_same_sample(root: Path) -> None:
    assert sample(root, 12, 1) == sample(root, 12, 1)
    assert sample(root, 12, 1) != sample(root, 12, 2)


def test_every_module_is_in_the_sample_and_no_place_twice(root: Path) -> None:
    drawn = sample(root, 1, 3)
    assert len(drawn) == 3 * LEAST
    places = [(mutant.module, mutant.line, mutant.column, mutant.family) for mutant in drawn]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize(("hits", "of"), [(340, 400), (0, 12), (12, 12), (1, 2)])
def test_the_interval_is_wilsons(hits: int, of: int) -> None:
    known = binomtest(hits, of).proportion_ci(method="wilson")
    assert interval(hits, of) == pytest.approx((known.low, known.high), abs=1e-6)


def test_nothing_tried_tells_nothing() -> None:
    assert interval(0, 0) == (0.0, 1.0)


def test_the_report_names_who_lived_and_by_which_share() -> None:
    def tried(line: int, scenarios: str, tests: str) -> dict[str, object]:
        mutant = Mutant("simkit/exchange/code.py", "core/AddNot", 0, line, 4)
        return {
            **mutant._asdict(),
            "name": mutant.name,
            "code": f"line {line}",
            "scenarios": scenarios,
            "tests": tests,
        }

    text = report(
        [
            tried(1, "killed", ""),
            tried(2, "lived", "killed"),
            tried(3, "lived", "lived"),
            tried(4, "hung", ""),
        ]
    )
    assert "50.0 %" in text and "75.0 %" in text
    assert "    simkit/exchange/code.py:2:4 AddNot: line 2" in text
    assert "  - simkit/exchange/code.py:3:4 AddNot: line 3" in text
    assert "line 1" not in text and "line 4" not in text


def _result(mutant: Mutant, scenarios: str) -> dict[str, object]:
    return {
        **mutant._asdict(),
        "name": mutant.name,
        "code": "",
        "scenarios": scenarios,
        "tests": "",
        "why": "",
    }


def test_what_was_found_is_there_for_the_next_run(tmp_path: Path) -> None:
    seen, lived, new = (Mutant("simkit/exchange/code.py", "core/AddNot", 0, line, 4) for line in (1, 2, 3))
    Kept(tmp_path / "result.json", "source", {}).keep(_result(seen, "killed"))
    Kept(tmp_path / "result.json", "source", {}).keep(_result(lived, "lived"))
    kept = Kept(tmp_path / "result.json", "source", {})
    assert [*kept.results] == [seen.name, lived.name]
    assert [kept.lived(mutant) for mutant in (seen, lived, new)] == [False, True, False]


def test_what_was_found_for_other_code_is_not(tmp_path: Path) -> None:
    Kept(tmp_path / "result.json", "source", {}).keep(
        _result(Mutant("a.py", "core/AddNot", 0, 1, 4), "killed")
    )
    assert not Kept(tmp_path / "result.json", "other source", {}).results


def test_survivors_meet_only_what_is_new_or_changed(tmp_path: Path) -> None:
    file, old, now = tmp_path / "result.json", {"a": "1", "b": "1"}, {"a": "1", "b": "2", "c": "1"}
    Kept(file, "source", old).keep(_result(Mutant("a.py", "core/AddNot", 0, 1, 4), "lived"))
    assert Kept(file, "source", old).new == []
    assert Kept(file, "source", now).new == ["b", "c"]
    Kept(file, "source", now).all_judged()
    assert Kept(file, "source", now).new == []
    assert Kept(file, "other source", now).new == []
