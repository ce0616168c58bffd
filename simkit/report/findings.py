"""Findings and broken expectations as words and lines.

Comes in: a `Judgement`. Goes out: text. May import `core`, `judge`.
"""

from __future__ import annotations

from simkit.judge.broken import Broken
from simkit.judge.judges import Judgement
from simkit.judge.spans import spelled
from simkit.report.result import Outcome
from simkit.report.words import plural, short

_BROKEN = 8
_RULES = 6
_WIDTH = 400


def findings_word(outcome: Outcome) -> str:
    """The cell of the table: `none`, `2 listed` (rules that fired as the scenario says), `3 broken`."""
    judgement = outcome.judgement
    if judgement is None:
        return "-"
    if judgement.broken:
        return f"{len(judgement.broken)} broken"
    fired = len(judgement.tallies) - len(judgement.warnings)
    return f"{fired} listed" if fired else "none"


def findings_sentence(judgement: Judgement) -> str:
    """What fired, in one line."""
    errors = [tally for tally in judgement.tallies if tally.severity == "E"]
    told = [f"{tally.rule} in {spelled(tally.loops)}" for tally in errors[:_RULES]]
    more = [f"{len(errors) - _RULES} more rules"] if len(errors) > _RULES else []
    state = plural(len(judgement.broken), "thing") + " broken" if judgement.broken else "as listed"
    text = f"{', '.join([*told, *more])}; {state}" if told else state if judgement.broken else "none"
    warned = ", ".join(tally.rule for tally in judgement.warnings[:_RULES])
    return f"{text}; warnings: {warned}" if warned else text


def finding_lines(judgement: Judgement) -> list[str]:
    """Everything that is broken, by the first loop in which it is."""
    broken = sorted(judgement.broken, key=_first_loop)
    lines = []
    for case in broken[:_BROKEN]:
        lines.append(short(case.message, _WIDTH))
        if case.line:
            lines.append(f"    {case.file}:{case.line}:{case.column}: {short(case.text, 80)}")
    if len(broken) > _BROKEN:
        lines.append(f"... and {len(broken) - _BROKEN} more")
    return lines


def _first_loop(case: Broken) -> int:
    return case.loops[0].first if case.loops else 0
