"""All outcomes of a check as a table, with one line that sums them up.

Comes in: outcomes, orphaned goldens. Goes out: lines. May import `core`, `golden`, `judge` for their types.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from simkit.report.findings import findings_word
from simkit.report.result import Outcome
from simkit.report.words import columns, plural

#: Verdicts in the order of the sum; good ones first.
_ORDER = (
    "same", "judged", "fails as it must", "not applicable", "other", "changed", "missing", "stale", "edited",
    "conflict", "broken", "not converged", "canary passed", "invalid", "failed",
)  # fmt: skip

HEAD = ("scenario", "loops", "findings", "golden")


def table_rows(outcomes: Sequence[Outcome], orphans: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """One row per run, one per orphan."""
    return [
        *((o.name, str(o.loops or "-"), findings_word(o), golden_word(o)) for o in outcomes),
        *((name, "-", "-", "orphan") for name in orphans),
    ]


def golden_word(outcome: Outcome) -> str:
    """What the golden says: same, changed, missing, stale, edited; or why none was looked at."""
    if outcome.difference is None:
        return "-" if outcome.is_broken else outcome.word
    if outcome.difference.status == "changed" and outcome.difference.kind == "format":
        return "changed (format)"
    return outcome.difference.status


def table_lines(outcomes: Sequence[Outcome], orphans: Sequence[str]) -> list[str]:
    """The table for a pipe."""
    return columns([HEAD, *table_rows(outcomes, orphans)], right=(1,))


def sum_line(outcomes: Sequence[Outcome], orphans: Sequence[str]) -> str:
    """`12 scenarios: 10 same, 1 changed, 1 missing; 1 orphan`."""
    counts = Counter(str(outcome.word) for outcome in outcomes)
    parts = ", ".join(f"{counts[word]} {word}" for word in _ORDER if counts[word])
    lost = f"; {plural(len(orphans), 'orphan')}" if orphans else ""
    return f"{plural(len(outcomes), 'scenario')}: {parts}{lost}"
