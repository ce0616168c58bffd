"""One outcome as text: what `simkit check` and a failing pytest item print, never more than a screen.

Comes in: an `Outcome`. Goes out: text. May import `core`, `report`, `golden`, `judge` for their types.
"""

from __future__ import annotations

from collections.abc import Sequence

from simkit.core.errors import PRECEDENCE, Exit
from simkit.golden.difference import Difference
from simkit.golden.grouping import group
from simkit.report.difference import difference_lines
from simkit.report.findings import finding_lines
from simkit.report.result import Outcome
from simkit.report.words import SCREEN, bounded, plural

#: Names told of those that failed for the same cause.
_NAMES = 8


def grouped(failed: Sequence[Outcome]) -> list[list[Outcome]]:
    """Outcomes with the same cause together, to be shown once and accepted once; the gravest first."""
    moved = {o.name: (o, difference) for o in failed if (difference := _moved(o)) is not None}
    found: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in failed:
        if outcome.name not in moved:
            found.setdefault((outcome.word, _cause(outcome)), []).append(outcome)
    for each in group((name, difference) for name, (_, difference) in moved.items()):
        for name in each.names:
            outcome, _ = moved[name]
            found.setdefault((outcome.word, str(each.number)), []).append(outcome)
    return sorted(found.values(), key=lambda each: PRECEDENCE.index(each[0].code))


def _moved(outcome: Outcome) -> Difference | None:
    """The difference that the outcome is about; None where it is about something else."""
    difference = outcome.difference
    if difference is None or difference.same or difference.status == "other" or outcome.is_broken:
        return None
    return difference


def _cause(outcome: Outcome) -> str:
    """Runs that break the same rules of the contract, and nothing else, have one cause."""
    broken = outcome.judgement.broken if outcome.judgement is not None else ()
    if broken and all(case.kind == "unexpected finding" for case in broken):
        return ", ".join(sorted(frozenset(case.text for case in broken)))
    return outcome.message or outcome.name


def failure_text(outcome: Outcome, others: Sequence[Outcome] = ()) -> str:
    """Head, findings, difference, and what to type next; `others` failed for the same cause."""
    lines = [*_message(outcome)]
    if outcome.judgement is not None and outcome.is_broken:
        lines += finding_lines(outcome.judgement)
    if outcome.difference is not None and not outcome.difference.same:
        shown = difference_lines(outcome.difference, outcome.events)
        lines += shown if not outcome.is_broken else (f"golden: {line}" for line in shown[:1])
    advice = [*_same_in(others), *_advice(outcome)]
    more = f"simkit {'diff' if _moved(outcome) is not None else 'show'} {outcome.name} --loop N"
    body = bounded(lines, SCREEN - 1 - len(advice), more)
    return "\n".join([f"{outcome.name}: {outcome.word}", *(f"  {line}" for line in [*body, *advice])])


def _same_in(others: Sequence[Outcome]) -> list[str]:
    if not others:
        return []
    names = ", ".join(other.name for other in others[:_NAMES])
    more = f" and {len(others) - _NAMES} more" if len(others) > _NAMES else ""
    return [f"the same in {plural(len(others), 'other scenario')}: {names}{more}"]


def _message(outcome: Outcome) -> list[str]:
    if outcome.word == "canary passed":
        return [
            "this scenario must fail, to prove that failures are seen, and nothing failed",
            "either a judge went blind or the scenario no longer breaks what it broke",
        ]
    return outcome.message.rstrip().splitlines()


def _advice(outcome: Outcome) -> list[str]:
    """One line that reproduces it, the command that shows more, and the one that accepts."""
    if outcome.word in ("invalid", "failed") and outcome.code != Exit.BUG:
        return [f"again:  simkit check {_pasted(outcome)}"]
    lines = [f"again:  simkit check {_pasted(outcome)}"]
    loop = first_loop(outcome)
    if loop is not None:
        moved = _moved(outcome)
        command = f"show {outcome.name} --loop {loop}" if moved is None else f"diff {outcome.name}"
        lines.append(f"more:   simkit {command}")
    if outcome.word in ("changed", "missing", "stale", "edited", "conflict"):
        lines.append(f'accept: simkit accept {outcome.name} --reason "..."')
    return lines


def first_loop(outcome: Outcome) -> int | None:
    """The loop to look at first."""
    broken = outcome.judgement.first_loop if outcome.judgement is not None and outcome.is_broken else None
    if broken is not None:
        return broken
    return outcome.difference.first_loop if outcome.difference is not None else None


def _pasted(outcome: Outcome) -> str:
    """The scenario as a word for the shell: its file, and the variant where there is one."""
    variant = outcome.name.partition("@")[2]
    return f"{outcome.file}::{variant}" if variant else outcome.file
