"""The ledgers of acceptances, all together: who reads a pull request reads them.

Comes in: the folder of goldens. Goes out: `Entry`s. Writes nothing. May import `core` and `golden.store`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from simkit.golden.store import REASONS, Reason, goldens, read_reasons


class Entry(Struct, frozen=True):
    """The same reason, given on the same day for the same kind of acceptance: one entry, however many scenarios."""

    date: str
    kind: str
    reason: str
    names: tuple[str, ...]


def entries(root: Path, known: Iterable[tuple[str, Reason]] = ()) -> tuple[Entry, ...]:
    """Every acceptance below the folder of goldens, newest first. `known` are left out: scenario and reason, as they
    stood before. Raises SimkitError for a ledger that cannot be read, OSError."""
    before = frozenset(known)
    found: dict[tuple[str, str, str], list[str]] = {}
    for name, reason in acceptances(root):
        if (name, reason) not in before:
            found.setdefault((reason.date, reason.kind, reason.reason), []).append(name)
    told = [Entry(*key, tuple(sorted(frozenset(names)))) for key, names in found.items()]
    told.sort(key=lambda entry: (entry.kind, entry.reason))
    return tuple(sorted(told, key=lambda entry: entry.date, reverse=True))


def acceptances(root: Path) -> list[tuple[str, Reason]]:
    """Scenario and reason of every acceptance, removals included."""
    removed = [(reason.name, reason) for reason in read_reasons(root / REASONS)]
    return [
        (name, reason) for name in goldens(root) for reason in read_reasons(root / name / REASONS)
    ] + removed
