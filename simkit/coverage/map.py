"""The map: what all runs together touch, and what none does. A pure function of `Seen`s.

Comes in: one `Seen` per run. Goes out: `Coverage`. May import `contract`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from msgspec import Struct

from simkit.contract.catalogue import in_order
from simkit.contract.fields import steps
from simkit.contract.finding import Kind
from simkit.coverage.items import Area, Item, Unreachable, items, not_counted
from simkit.coverage.watch import Seen

State = Literal["touched", "between runs", "constant", "absent", "unreachable"]

#: The areas in words; fields are counted by surface.
AREAS: Final[dict[Area, str]] = {
    "word": "words of a vocabulary",
    "transition": "drawdown transitions",
    "mismatch": "mismatch kinds",
    "anomaly": "anomalies",
    "veto": "veto reasons",
    "quality": "quality counts",
}
_ROWS: Final = (
    ("evaluated", "rules evaluated"),
    ("fired", "rules that fire"),
    ("near", "rules on one tree that fire or are one step away"),
)


class Run(Struct, frozen=True):
    """One run that was looked at. In the loops `sampled` one value after the other was changed, `edits` times."""

    scenario: str
    loops: int
    sampled: tuple[int, ...]
    edits: int


class Touch(Struct, frozen=True):
    """One item. `scenarios` touch it: they move the field, take the word, go the transition, count the reason.

    A field `between runs` has one value in each run, and not the same in all; `constant`, one in all of them.
    """

    area: Area
    id: str
    state: State
    scenarios: tuple[str, ...]


class FiredIn(Struct, frozen=True):
    """Where a rule fired: the first and last loops of the spans."""

    scenario: str
    loops: tuple[tuple[int, int], ...]


class NearIn(Struct, frozen=True):
    """A step in a run's tree that makes a silent rule fire."""

    scenario: str
    loop: int
    path: str
    value: Any
    to: Any


class RuleTouch(Struct, frozen=True):
    """One rule. A rule of kind T or J is never tried for steps."""

    id: str
    kind: Kind
    evaluated: tuple[str, ...]
    fired: tuple[FiredIn, ...]
    near: tuple[NearIn, ...]

    @property
    def of_one_tree(self) -> bool:
        """True when steps are tried on it."""
        return self.kind in "WX"


class Count(Struct, frozen=True):
    """One row of the table; `untouched` are ids, `unreachable` the number left out of `items`."""

    name: str
    items: int
    touched: int
    untouched: tuple[str, ...]
    unreachable: int = 0


class Coverage(Struct, frozen=True):
    """Everything. `beyond` was touched and is no item: a word that no vocabulary holds, a move that no rule
    allows."""

    runs: tuple[Run, ...]
    counts: tuple[Count, ...]
    items: tuple[Touch, ...]
    rules: tuple[RuleTouch, ...]
    unreachable: tuple[Unreachable, ...]
    beyond: tuple[Touch, ...]


def coverage(seen: Sequence[Seen]) -> Coverage:
    """The map of these runs."""
    by_item = _by_item(seen)
    left_out = frozenset(Item(each.area, each.id) for each in not_counted())
    touches = []
    for item in items():
        if item.area == "rule":
            continue
        by = tuple(by_item.pop(item, ()))
        state: State = "touched" if by else _unmoved(item, seen) if item.area == "field" else "absent"
        touches.append(Touch(item.area, item.id, "unreachable" if item in left_out else state, by))
    rules = tuple(_rule_touches(seen))
    return Coverage(
        runs=tuple(Run(run.scenario, run.loops, run.sampled, run.edits) for run in seen),
        counts=(*_counts(touches), *_rule_counts(rules)),
        items=tuple(touches),
        rules=rules,
        unreachable=not_counted(),
        beyond=tuple(Touch(item.area, item.id, "touched", tuple(by)) for item, by in sorted(by_item.items())),
    )


def _by_item(seen: Iterable[Seen]) -> dict[Item, list[str]]:
    found: dict[Item, list[str]] = {}
    for run in seen:
        for item in (*(Item("field", pattern) for pattern in run.moved), *run.touched):
            found.setdefault(item, []).append(run.scenario)
    return found


def _unmoved(item: Item, seen: Iterable[Seen]) -> State:
    """What a field is that moves in no run."""
    known: dict[str, Any] = {}
    for run in seen:
        for place, value in run.constant.get(item.id, {}).items():
            if known.setdefault(place, value) != value:
                return "between runs"
    return "constant" if known else "absent"


def _rule_touches(seen: Sequence[Seen]) -> Iterable[RuleTouch]:
    evaluated: dict[str, list[str]] = {}
    fired: dict[str, list[FiredIn]] = {}
    near: dict[str, list[NearIn]] = {}
    for run in seen:
        for rule in run.evaluated:
            evaluated.setdefault(rule, []).append(run.scenario)
        for case in run.fired:
            fired.setdefault(case.rule, []).append(FiredIn(run.scenario, case.loops))
        for step in run.near:
            found = NearIn(run.scenario, step.loop, step.path, step.value, step.to)
            near.setdefault(step.rule, []).append(found)
    for rule_ in in_order():
        name = rule_.id
        yield RuleTouch(
            name,
            rule_.kind,
            tuple(evaluated.get(name, ())),
            tuple(fired.get(name, ())),
            tuple(near.get(name, ())),
        )


# Counts ----------------------------------------------------------------------------------------------------


def _counts(touches: Iterable[Touch]) -> Iterable[Count]:
    rows: dict[str, list[Touch]] = {}
    for touch in touches:
        name = f"fields of {steps(touch.id)[0]}" if touch.area == "field" else AREAS[touch.area]
        rows.setdefault(name, []).append(touch)
    for name, members in rows.items():
        counted = [touch for touch in members if touch.state != "unreachable"]
        untouched = tuple(touch.id for touch in counted if touch.state in ("constant", "absent"))
        yield Count(name, len(counted), len(counted) - len(untouched), untouched, len(members) - len(counted))


def _rule_counts(rules: Iterable[RuleTouch]) -> Iterable[Count]:
    for what, name in _ROWS:
        members = [rule for rule in rules if rule.of_one_tree or what != "near"]
        untouched = tuple(rule.id for rule in members if not _is_touched(rule, what))
        yield Count(name, len(members), len(members) - len(untouched), untouched)


def _is_touched(rule: RuleTouch, what: str) -> bool:
    if what == "evaluated":
        return bool(rule.evaluated)
    return bool(rule.fired) or (what == "near" and bool(rule.near))
