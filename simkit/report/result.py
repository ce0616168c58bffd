"""The outcome of one checked run: what `check` hands to the words.

Comes in: nothing. Goes out: `Outcome`, `Word`. May import `core`, `golden`, `judge` for their types.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from simkit.core.errors import Exit, Mistake
from simkit.golden.difference import Difference
from simkit.judge.judges import Judgement

Word = Literal[
    "same", "changed", "missing", "stale", "edited", "conflict", "other", "broken", "not converged", "invalid",
    "not applicable", "judged", "fails as it must", "canary passed", "failed",
]  # fmt: skip


class Outcome(Struct, frozen=True):
    """What came of one run.

    `word` is the verdict, `code` its exit code. `events` are those of the first loop that differs (JSON, or
    empty), `running` is the last running hash; `message` tells what judgement and difference do not;
    `seconds` are wall clock, for progress only; `mistakes` are those of a scenario that cannot be read.
    """

    name: str
    file: str
    word: Word
    code: Exit
    loops: int = 0
    judgement: Judgement | None = None
    difference: Difference | None = None
    events: str = ""
    running: str = ""
    message: str = ""
    seconds: float = 0.0
    mistakes: tuple[Mistake, ...] = ()

    @property
    def is_broken(self) -> bool:
        """True when the judges found something, whatever the golden says."""
        return self.word in ("broken", "not converged")
