"""A fault that changes nothing makes the run red: a scenario may not claim to test what never happened."""

from __future__ import annotations

from judge_world import loops, record, scenario

from simkit.core.acted import Acted
from simkit.judge.judges import Judgement, Judges
from simkit.scenario.model import Fault, Latency, SyncDown, Where

LATE, DOWN = Latency(loops(2), 900_000), SyncDown(loops(3, 4))
CASE = scenario(faults=(LATE, DOWN), fault_places=(Where(9, 5), Where(10, 5)))


def judged(acted: Acted[Fault], last: int = 4) -> Judgement:
    judges = Judges(CASE)
    for loop in range(1, last + 1):
        judges.loop(record(loop))
    return judges.finish(acted)


def told(judgement: Judgement) -> list[tuple[int, str]]:
    return [(b.line, b.text) for b in judgement.broken if b.kind == "fault without effect"]


def test_each_fault_that_changed_nothing_is_told_where_it_is_written() -> None:
    acted: Acted[Fault] = Acted(CASE.faults)
    assert told(judged(acted)) == [(9, "latency"), (10, "sync_down")]
    acted.note(LATE)
    (broken,) = [b for b in judged(acted).broken if b.kind == "fault without effect"]
    assert (broken.line, broken.column) == (10, 5)
    assert broken.message.startswith("the fault `sync_down` of L3..L4 changed nothing")
    acted.note(DOWN)
    assert told(judged(acted)) == []


def test_a_fault_whose_loops_have_not_all_come_is_not_judged_yet() -> None:
    acted: Acted[Fault] = Acted(CASE.faults)
    assert told(judged(acted, last=3)) == [(9, "latency")]


def test_two_faults_that_are_written_alike_are_told_apart() -> None:
    twins = (Latency(loops(2), 900_000), Latency(loops(2), 900_000))
    acted: Acted[Fault] = Acted(twins)
    acted.note(twins[1])
    assert acted.without_effect == (twins[0],)
    assert acted.without_effect[0] is twins[0]
