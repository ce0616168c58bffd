"""Exit codes and the errors that are meant for a user.

Comes in: what went wrong, where, and how to mend it. Goes out: exceptions that `cli.py` turns into one message
and one exit code. May import the standard library only.

A `SimkitError` is a user's or a machine's mistake and is printed without a traceback. Any other exception that
reaches the command line is a bug in simkit and leaves with `Exit.BUG`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command line. pytest keeps its own."""

    SAME = 0
    CHANGED = 1
    BROKEN = 2
    NOT_CONVERGED = 3
    NOT_DETERMINISTIC = 4
    SCENARIO_INVALID = 5
    GOLDEN_MISSING = 6
    USAGE = 64
    BUG = 70
    IO = 74
    INTERRUPTED = 130


#: Which code wins when several apply.
PRECEDENCE = (
    Exit.INTERRUPTED,
    Exit.BUG,
    Exit.IO,
    Exit.USAGE,
    Exit.SCENARIO_INVALID,
    Exit.NOT_DETERMINISTIC,
    Exit.BROKEN,
    Exit.NOT_CONVERGED,
    Exit.CHANGED,
    Exit.GOLDEN_MISSING,
    Exit.SAME,
)


def worst(codes: Sequence[int]) -> Exit:
    """The one exit code of a command whose parts ended with `codes` (empty: SAME)."""
    present = frozenset(codes)
    return next((code for code in PRECEDENCE if code in present), Exit.SAME)


class SimkitError(Exception):
    """A mistake that the user can mend: one message, one exit code, never a traceback."""

    def __init__(self, message: str, exit_code: Exit = Exit.USAGE) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class IoError(SimkitError):
    """The machine refused: disk full, permission, missing folder."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Exit.IO)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in a document: where it stands, what was found, what was expected, how to mend it.

    `line` and `column` count from 1; 0 means the file as a whole.
    """

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def text(self) -> str:
        """`file:line:column: message` and, on a line of its own, the hint."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.message}" + (f"\n    {self.hint}" if self.hint else "")


class ScenarioError(SimkitError):
    """A scenario (or its data) that cannot be used: all mistakes at once, in file order. Exit code 5."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda m: (m.file, m.line, m.column, m.message)))
        count = len(self.mistakes)
        head = f"{count} mistake{'s' if count != 1 else ''}"
        super().__init__("\n".join([head, *(m.text() for m in self.mistakes)]), Exit.SCENARIO_INVALID)

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[tuple[Mistake, ...]]]:
        return (ScenarioError, (self.mistakes,))
