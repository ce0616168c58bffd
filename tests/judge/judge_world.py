"""A run without an executor: loops with handmade files, to judge the judges."""

from __future__ import annotations

from typing import Any

import msgspec

from simkit.core.files import SurfaceWrite
from simkit.core.settings import Settings
from simkit.executor.port import LoopOutput, Veto
from simkit.judge.judges import Judgement, Judges
from simkit.scenario.model import (
    Account,
    ClockSpec,
    Expectation,
    ExpectedFinding,
    Loops,
    Scenario,
    VenueProfile,
    Where,
)
from simkit.trace.record import LoopRecord

START = 1_736_121_600_000_000
PERIOD = 60_000_000
CLOCK = ClockSpec(START, PERIOD, 10)


def loops(first: int, last: int | None = None) -> Loops:
    return Loops(first, first if last is None else last)


def expects(field: str, value: Any, span: Loops, **more: Any) -> Expectation:
    return Expectation(span, field, value, f"{field}: {value}", Where(7, 3), **more)


def lists(rule: str, *spans: Loops) -> ExpectedFinding:
    return ExpectedFinding(rule, spans, Where(5, 2))


def scenario(**changes: Any) -> Scenario:
    plain = Scenario(
        family="f",
        id="s",
        variant="",
        file="scenarios/f/s.yaml",
        title="",
        about="",
        incident="",
        tags=(),
        seed=1,
        clock=CLOCK,
        universe=("BTCUSDT",),
        paths=(),
        past=(),
        venue=VenueProfile(),
        account=Account(10**10),
        positions=(),
        signals=(),
        events=(),
        faults=(),
        settings=Settings(),
        expect=(),
        findings=(),
        checkpoints=(),
    )
    return msgspec.structs.replace(plain, **changes)


def record(loop: int, docs: dict[str, Any] | None = None, **changes: Any) -> LoopRecord:
    tree = {f"logs/state/{stem}.json": msgspec.json.encode(doc) for stem, doc in (docs or {}).items()}
    writes = [
        SurfaceWrite(i, loop, path, "executor", data, "replace")
        for i, (path, data) in enumerate(tree.items())
    ]
    plain = LoopRecord(
        loop=loop,
        ts=START + (loop - 1) * PERIOD,
        label=None,
        tree=tree,
        writes=writes,
        venue_events=(),
        output=LoopOutput((), (), (), ()),
        signals=(),
        events=(),
        faults=(),
        positions=(),
        settings=Settings(),
        new_run=loop == 1,
        synced=True,
    )
    return msgspec.structs.replace(plain, **changes)


def judged(case: Scenario, trees: list[dict[str, Any]]) -> Judgement:
    judges = Judges(case)
    for index, docs in enumerate(trees):
        judges.loop(record(index + 1, docs))
    return judges.finish()


def a_veto(intent: str) -> Veto:
    return Veto(intent, "BTCUSDT", "LONG", 1, "max_concurrent", "max_concurrent", (), {}, {})
