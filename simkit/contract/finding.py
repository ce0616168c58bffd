"""What a rule is and what it finds: the vocabulary of the contract engine.

Comes in: nothing. Goes out: `Rule`, `Found`, `Finding`, `NotEvaluated`, `LackingError` and the registry
that `@rule` fills. May import msgspec and `contract.look`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

from msgspec import Struct

from simkit.contract.look import Look

Kind = Literal["W", "X", "T", "J"]
Tier = Literal["contract", "reading", "reference"]
Severity = Literal["E", "W"]

#: What a history rule remembers from loop to loop; private to the rule, flat in the number of loops.
Memory = dict[str, Any]


class Found(Struct, frozen=True):
    """One violation as a rule states it. `path` is a JSON path inside the file (`positions[0].qty`),
    `value` the offending value as text, `message` what is wrong with it. `tier` is that of a part of the rule
    that is judged at a weaker one than the rule (the brackets of invariants.md)."""

    stem: str
    path: str
    value: str
    message: str
    tier: Tier | None = None


class NotEvaluated(Struct, frozen=True):
    """A rule that could not look: why. Never the same as passed."""

    reason: str


class LackingError(Exception):
    """Raised inside a rule when a value it needs is missing or of a wrong type: the rule is then not
    evaluated."""


Outcome = Iterable[Found] | NotEvaluated
Check = Callable[[Look, Memory], Outcome]


class Rule(Struct, frozen=True):
    """One rule INV-* with its data. `reads` are the stems it needs; an unreadable one makes it not evaluated.

    `part` is a file among `reads`, or an attribute of `contract.view.View`, on which alone (with the
    settings) the rule depends: while that is the same object as in the loop before, so is its outcome.
    `judged_by`: what judges the rule where a run or a tree cannot; empty for a rule that they can.
    """

    id: str
    statement: str
    source: str
    surfaces: tuple[str, ...]
    reads: tuple[str, ...]
    kind: Kind
    tier: Tier
    severity: Severity
    example: str
    check: Check
    part: str = ""
    judged_by: str = ""


class Finding(Struct, frozen=True):
    """One violation in one loop, with the tier and severity at which it was judged."""

    rule: str
    loop: int
    tier: Tier
    severity: Severity
    stem: str
    path: str
    value: str
    message: str


#: Every rule by id, in the order of registration.
RULES: dict[str, Rule] = {}


def rule(
    id: str,
    statement: str,
    *,
    source: str,
    surfaces: tuple[str, ...],
    reads: tuple[str, ...],
    kind: Kind,
    tier: Tier,
    severity: Severity = "E",
    example: str,
    part: str = "",
    judged_by: str = "",
) -> Callable[[Check], Check]:
    """Register the decorated function as rule `id` (invariants.md)."""

    def register(check: Check) -> Check:
        if id in RULES:
            raise AssertionError(f"{id} is registered twice")
        RULES[id] = Rule(
            id, statement, source, surfaces, reads, kind, tier, severity, example, check, part, judged_by
        )  # fmt: skip
        return check

    return register
