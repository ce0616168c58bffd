"""A crash sweep in words: a table of files and steps, what failed, and how to see it again; the same as plain data.

Comes in: `CrashSweep`. Goes out: lines, plain values. May import `core`, `contract`, `report.words` and `sweep`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simkit.report.words import columns, loops_text, plural, span_text
from simkit.surfaces.stamp import SYNC_STATE
from simkit.sweep.crash import FOLLOWS, WITHIN, CrashSweep, Outcome
from simkit.sweep.stepped import STATES, Step

_STATES = ("begun", *STATES["replace"])
_MOST = 8


def crash_lines(sweep: CrashSweep, word: str) -> list[str]:
    """One screen: the table, what failed, the sum. `word` is how the user named the scenario."""
    steps = [outcome.step for outcome in sweep.outcomes]
    head = ("the process dies with", *_STATES, "loops")
    rows = [
        (_shown(path, writer), *(_cell(sweep.outcomes, path, writer, state) for state in _STATES), loops_text(
            step.loop for step in steps if (step.path, step.writer) == (path, writer)
        ))
        for path, writer in dict.fromkeys((step.path, step.writer) for step in steps)
    ]  # fmt: skip
    lines = [
        f"{sweep.scenario}: {span_text(sweep.first, sweep.last)}, {plural(len(steps), 'step')}",
        "",
        *columns([head, *rows], right=range(1, 1 + len(_STATES))),
        "",
    ]
    lines += _failures(sweep, word)
    follows = sorted(frozenset(rule for outcome in sweep.outcomes for rule in outcome.follows))
    if follows:
        lines.append("rules that must fire once more after some of these deaths:")
        lines += [f"  {rule}: {FOLLOWS[rule].why}" for rule in follows]
    return [*lines, _sum(sweep)]


def crash_plain(sweep: CrashSweep) -> dict[str, Any]:
    """The sweep as JSON values."""
    return {
        "failed": len(sweep.failed),
        "loops": [sweep.first, sweep.last],
        "scenario": sweep.scenario,
        "steps": [_plain(outcome) for outcome in sweep.outcomes],
        "torn_without_a_kill": list(sweep.torn),
        "within_loops": WITHIN,
    }


def _plain(outcome: Outcome) -> dict[str, Any]:
    step = outcome.step
    return {
        "agreed_after": outcome.agreed_after,
        "follows": list(outcome.follows),
        "loop": step.loop,
        "mode": step.mode,
        "number": step.number,
        "path": step.path,
        "problems": list(outcome.problems),
        "state": step.state,
        "writer": step.writer,
    }


def _shown(path: str, writer: str) -> str:
    return f"{path.removeprefix('logs/')}{' (sync_state)' if writer == SYNC_STATE else ''}"


def _cell(outcomes: Sequence[Outcome], path: str, writer: str, state: str) -> str:
    """How many steps, and how many of them failed."""
    found = [o for o in outcomes if (o.step.path, o.step.writer, o.step.state) == (path, writer, state)]
    failed = len([outcome for outcome in found if outcome.problems])
    return "-" if not found else f"{failed} of {len(found)} FAIL" if failed else str(len(found))


def _failures(sweep: CrashSweep, word: str) -> list[str]:
    """The failed steps; the first of them in full."""
    lines: list[str] = []
    for outcome in sweep.failed[:_MOST]:
        step, first = outcome.step, not lines
        lines.append(f"step {step.number}: {told(step)}")
        shown = outcome.problems if first else outcome.problems[:1]
        lines += [f"    {problem}" for problem in shown]
        more = len(outcome.problems) - len(shown)
        if more:
            lines[-1] += f" (and {more} more)"
        if first:
            lines.append(f"    again: simkit crash-sweep {word} --step {step.number}")
    if len(sweep.failed) > _MOST:
        lines.append(f"... and {plural(len(sweep.failed) - _MOST, 'more failed step')}; --json lists all")
    if sweep.torn:
        lines.append(f"without a kill, a reader meets a file that is not whole: {sweep.torn[0]}")
    return [*lines, ""] if lines else []


def told(step: Step) -> str:
    """The step in words."""
    state = f"before {step.path}" if step.state == "begun" else f"{step.path} {step.state}"
    return f"{step.writer} dies in L{step.loop}, {state}"


def _sum(sweep: CrashSweep) -> str:
    count, failed = len(sweep.outcomes), len(sweep.failed)
    took = max((o.agreed_after for o in sweep.outcomes if o.agreed_after is not None), default=0)
    verdict = "all passed" if not failed else f"{failed} failed"
    longest = f"all surfaces agree again after {plural(took, 'loop')} at the latest"
    return f"{plural(count, 'step')} judged, {verdict}; {longest} ({plural(WITHIN, 'loop')} allowed)"
