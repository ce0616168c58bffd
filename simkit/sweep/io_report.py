"""An I/O-error sweep in words: a table of operations and errors, what failed, and how to see it again; and as data.

Comes in: `IoSweep`. Goes out: lines, plain values. May import `report.words` and `sweep`.
"""

from __future__ import annotations

from typing import Any

from simkit.report.words import columns, plural, span_text
from simkit.sweep.io_errors import Failure, IoOutcome, IoSweep

_MOST = 8


def io_lines(sweep: IoSweep, word: str) -> list[str]:
    """One screen: the table, what failed, the sum. `word` is how the user named the scenario."""
    errors = list(dict.fromkeys(outcome.failure.error for outcome in sweep.outcomes))
    operations = sorted(frozenset(outcome.failure.operation for outcome in sweep.outcomes))
    rows = [
        (operation, *(_cell(sweep, operation, error) for error in errors), _told(sweep, operation))
        for operation in operations
    ]
    how = "and all after it in the loop fail" if sweep.is_lasting else "fails once"
    head = ("operation", *errors, "told")
    lines = [
        f"{sweep.scenario}: {span_text(sweep.first, sweep.last)}, each operation {how}",
        "",
        *columns([head, *rows], right=range(1, 2 + len(errors))),
        "",
    ]
    lines += _failures(sweep, word)
    lost = len([outcome for outcome in sweep.outcomes if outcome.lines_lost])
    if lost:
        lines.append(
            f"{plural(lost, 'failure')} cost a log the lines of that loop: they are told, not written later"
        )
    count, failed = len(sweep.outcomes), len(sweep.failed)
    verdict = "all passed" if not failed else f"{failed} failed"
    return [*lines, f"{plural(count, 'failure')} judged, {verdict}; a run without one made the same files"]


def io_plain(sweep: IoSweep) -> dict[str, Any]:
    """The sweep as JSON values."""
    return {
        "failed": len(sweep.failed),
        "failures": [_plain(outcome) for outcome in sweep.outcomes],
        "lasting": sweep.is_lasting,
        "loops": [sweep.first, sweep.last],
        "scenario": sweep.scenario,
    }


def _plain(outcome: IoOutcome) -> dict[str, Any]:
    failure = outcome.failure
    return {
        "error": failure.error,
        "lines_lost": list(outcome.lines_lost),
        "loop": failure.loop,
        "number": failure.number,
        "operation": failure.operation,
        "path": failure.path,
        "problems": list(outcome.problems),
        "told": list(outcome.told),
    }


def _cell(sweep: IoSweep, operation: str, error: str) -> str:
    """How many failures, and after how many of them something was wrong."""
    found = [o for o in sweep.outcomes if (o.failure.operation, o.failure.error) == (operation, error)]
    failed = len([outcome for outcome in found if outcome.problems])
    return f"{failed} of {len(found)} FAIL" if failed else str(len(found))


def _told(sweep: IoSweep, operation: str) -> str:
    """How many of the failures the executor or sync_state told of."""
    return str(len([o for o in sweep.outcomes if o.failure.operation == operation and o.told]))


def _failures(sweep: IoSweep, word: str) -> list[str]:
    lines: list[str] = []
    lasting = " --lasting" if sweep.is_lasting else ""
    for outcome in sweep.failed[:_MOST]:
        failure, first = outcome.failure, not lines
        lines.append(f"operation {failure.number}: {_shown(failure)}")
        shown = outcome.problems if first else outcome.problems[:1]
        lines += [f"    {problem}" for problem in shown]
        if first:
            again = f"{word} --operation {failure.number} --errors {failure.error}{lasting}"
            lines.append(f"    again: simkit io-sweep {again}")
    if len(sweep.failed) > _MOST:
        lines.append(f"... and {plural(len(sweep.failed) - _MOST, 'more')}; --json lists all")
    return [*lines, ""] if lines else []


def _shown(failure: Failure) -> str:
    return f"{failure.error} at {failure.operation} of {failure.path} in L{failure.loop}"
