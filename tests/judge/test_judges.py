"""Listed findings: exactly these rules in exactly these loops, one more or one fewer is broken."""

from __future__ import annotations

import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from judge_world import expects, judged, lists, loops, record, scenario

from simkit.judge.judges import MOST_FINDINGS, Judges
from simkit.scenario.model import ExpectedFinding

#: What fires in every loop of a run without any file: the health report and the missing per-loop files.
ALWAYS = ("INV-X02", "INV-X06")


def empty(findings: tuple[ExpectedFinding, ...], count: int = 3, **changes: Any) -> Any:
    return judged(scenario(findings=findings, **changes), [{}] * count)


def test_exactly_the_listed_findings_are_fine() -> None:
    judgement = empty(tuple(lists(rule, loops(1, 3)) for rule in ALWAYS))
    assert judgement.ok
    assert judgement.broken == ()
    assert judgement.first_loop is None
    assert judgement.loops == 3
    assert [(t.rule, t.loops) for t in judgement.tallies] == [
        (rule, (loops(1, 3),)) for rule in reversed(ALWAYS)
    ]


def test_one_finding_more_than_listed_is_broken() -> None:
    judgement = empty((lists("INV-X02", loops(1, 3)), lists("INV-X06", loops(1), loops(3))))
    (broken,) = judgement.broken
    assert not judgement.ok
    assert judgement.first_loop == 2
    assert (broken.kind, broken.text, broken.loops) == ("unexpected finding", "INV-X06", (loops(2),))
    assert (broken.file, broken.line, broken.column) == ("scenarios/f/s.yaml", 5, 2)
    assert "INV-X06 fired in L2, not listed there; L2: nav = absent" in broken.message


def test_a_rule_that_is_not_listed_at_all_is_broken_without_a_place() -> None:
    judgement = empty((lists("INV-X02", loops(1, 3)),))
    assert [(b.text, b.loops, b.line) for b in judgement.broken] == [("INV-X06", (loops(1, 3),), 0)]


def test_one_finding_fewer_than_listed_is_broken() -> None:
    judgement = empty(
        (
            *(lists(rule, loops(1, 3)) for rule in ALWAYS),
            lists("INV-L04", loops(2)),
            lists("INV-N03", loops(1)),
        ),
        4 - 1,
    )
    assert [(b.kind, b.text, b.loops) for b in judgement.broken] == [
        ("finding that did not fire", "INV-L04", (loops(2),)),
        ("finding that did not fire", "INV-N03", (loops(1),)),
    ]
    assert "not evaluated in L1..L3: positions_state is absent" in judgement.broken[0].message
    assert "severity W" in judgement.broken[1].message


def test_a_listed_rule_that_the_tree_satisfies_says_what_it_states() -> None:
    judgement = judged(scenario(findings=(lists("INV-N02", loops(1)),)), [{"nav": {"nav": 1, "nav_usd": 1}}])
    (broken,) = [b for b in judgement.broken if b.text == "INV-N02"]
    assert "the tree satisfies it: nav = nav_usd" in broken.message


def test_loops_beyond_the_end_of_a_shortened_run_are_not_asked_for() -> None:
    assert empty(tuple(lists(rule, loops(1, 9)) for rule in ALWAYS)).ok
    assert not empty(tuple(lists(rule, loops(1, 9)) for rule in ALWAYS), 10).ok


def test_overlapping_and_unordered_lists_are_one() -> None:
    assert empty((lists("INV-X02", loops(2, 3), loops(1, 2)), lists("INV-X06", loops(3), loops(1, 2)))).ok


def test_warnings_are_told_and_never_break() -> None:
    judgement = judged(scenario(), [{"nav": {"nav": 0, "nav_usd": 0}}] * 2)
    assert [(w.rule, w.loops, w.severity) for w in judgement.warnings] == [("INV-N03", (loops(1, 2),), "W")]
    assert "INV-N03" not in [b.text for b in judgement.broken]


def test_what_could_not_be_looked_at_is_told_with_its_loops() -> None:
    judgement = judged(scenario(), [{}, {"nav": {"nav": 1}}])
    unseen = {(u.rule, u.reason): u.loops for u in judgement.not_evaluated}
    assert unseen["INV-N01", "nav is absent"] == (loops(1),)
    assert judgement.evaluated > 0


def test_only_the_first_findings_are_kept_and_all_are_counted() -> None:
    judgement = empty((), 40)
    assert len(judgement.findings) == MOST_FINDINGS
    assert {t.rule: t.count for t in judgement.tallies} == {"INV-X02": 8 * 40, "INV-X06": 7 * 40}


def test_broken_expectations_stand_beside_broken_findings() -> None:
    expect = (expects("nav.nav", 1.0, loops(2)),)
    kinds = [b.kind for b in empty((), 3, expect=expect).broken]
    assert kinds == ["unexpected finding", "unexpected finding", "expectation"]


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"nav":NaN}', b"\xff"])
def test_a_damaged_file_never_raises(data: bytes) -> None:
    judges = Judges(scenario(expect=(expects("nav.nav", 1.0, loops(1, 2)),)))
    for loop in (1, 2):
        judges.loop(record(loop, tree={"logs/state/nav.json": data}))
    assert {"INV-G01", "INV-G02"} & {t.rule for t in judges.finish().tallies}


def test_judging_changes_nothing_in_the_record() -> None:
    judges, one = Judges(scenario()), record(1, {"nav": {"nav": 1}})
    before = (dict(one.tree), list(one.writes))
    judges.loop(one)
    assert (dict(one.tree), list(one.writes)) == before


def test_memory_is_flat_in_the_number_of_loops() -> None:
    judges = Judges(scenario(expect=(expects("nav.nav", 1.0, loops(1, 10_000)),)))
    records = [record(loop, {"nav": {"nav": loop % 2, "nav_usd": loop % 2}}) for loop in range(1, 1201)]
    for one in records[:600]:
        judges.loop(one)
    tracemalloc.start()
    for one in records[600:]:
        judges.loop(one)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 200_000, sys.version


def test_a_key_that_is_closed_by_its_stop_and_opened_again_in_the_same_loop_breaks_nothing(
    tmp_path: Path,
) -> None:
    """INV-L15 speaks of what an exit leaves open, not of a new position under the same key."""
    from bench.scenarios import bracketed
    from simkit.run import simulate

    result = simulate(bracketed(160, 8), tmp_path, base=tmp_path)
    assert result.judgement.ok, result.judgement.broken
    assert result.recording.summary.fills > 2
