"""A scenario's expectations, compared with the decoded tree of each loop.

Comes in: `Expectation`s, documents by stem. Goes out: what failed where, with the values. May import `core`,
`contract` and `scenario.model`.

Numbers are equal when both sides, rounded to the quantum of the field, are. A loop name stands for the time
of that loop. Null also means that the field is not there; `never` is broken only where the field has the
value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simkit.contract.fields import MISSING, Field, look_up, resolve
from simkit.contract.readers import parse_time
from simkit.contract.units import QUANTUM
from simkit.contract.values import num, show
from simkit.core.clock import iso
from simkit.judge.spans import Spans
from simkit.scenario.model import ClockSpec, Expectation

_FALLBACK = 1e-9


class Case:
    """One expectation while it is judged. `found` and `before`: the value in the first loop that broke it and
    in the loop before that one."""

    __slots__ = ("_grain", "_instant", "before", "expectation", "found", "last", "spans")

    def __init__(self, expectation: Expectation, clock: ClockSpec) -> None:
        self.expectation = expectation
        self.spans = Spans()
        self.found = self.before = ""
        self.last: Any = MISSING
        self._grain = _grain_of(expectation.field)
        self._instant = 0
        if expectation.is_loop and type(expectation.value) is int:
            self._instant = clock.at(expectation.value)

    def judge(self, loop: int, docs: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        """Look at one loop; `before` are the documents of the previous one."""
        value = look_up(docs, self.expectation.field)
        if self._holds(value) is not self.expectation.never:
            return
        if not self.spans.count:
            self.found = show_value(value)
            self.before = show_value(look_up(before, self.expectation.field))
        self.spans.add(loop)

    def _holds(self, value: Any) -> bool:
        wanted = self.expectation.value
        if self.expectation.is_loop:
            return parse_time(value) == self._instant
        if value is MISSING:
            return wanted is None
        return _equal(value, wanted, self._grain)

    @property
    def wanted(self) -> str:
        """What was expected, as it would be published."""
        return iso(self._instant) if self.expectation.is_loop else show_value(self.expectation.value)


def show_value(value: object) -> str:
    """A value in a message; `absent` when there is none."""
    return "absent" if value is MISSING else show(value)


def _grain_of(path: str) -> float:
    """The quantum by which numbers of this field are told apart."""
    field = resolve(path)
    quantum = QUANTUM.get(field.unit) if isinstance(field, Field) and field.unit != "count" else None
    return _FALLBACK if quantum is None else quantum


def _equal(a: Any, b: Any, grain: float) -> bool:
    """Equal as JSON, numbers to the quantum."""
    x, y = num(a), num(b)
    if x is not None and y is not None:
        return x == y or round(x / grain) == round(y / grain)
    if type(a) is dict and type(b) is dict:
        return a.keys() == b.keys() and all(_equal(a[key], b[key], grain) for key in a)
    if type(a) is list and isinstance(b, list | tuple):
        return len(a) == len(b) and all(_equal(i, j, grain) for i, j in zip(a, b, strict=True))
    return type(a) is type(b) and bool(a == b)


class Expectations:
    """All expectations of a scenario; each is looked at in its own loops only."""

    def __init__(self, expectations: tuple[Expectation, ...], clock: ClockSpec) -> None:
        self.cases = [Case(expectation, clock) for expectation in expectations]
        self._ahead = sorted(self.cases, key=lambda case: case.expectation.loops.first, reverse=True)
        self._active: list[Case] = []

    def judge(self, loop: int, docs: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        """Look at one loop; call it for every loop in order."""
        ahead = self._ahead
        while ahead and ahead[-1].expectation.loops.first <= loop:
            self._active.append(ahead.pop())
        if not self._active:
            return
        done = False
        for case in self._active:
            if case.expectation.loops.last < loop:
                done = True
                continue
            case.judge(loop, docs, before)
        if done:
            self._active = [case for case in self._active if case.expectation.loops.last > loop]

    def broken(self) -> list[Case]:
        """The cases that failed, in the order of the file."""
        failed = [case for case in self.cases if case.spans.count]
        return sorted(failed, key=lambda case: (case.expectation.where.line, case.expectation.where.column))
