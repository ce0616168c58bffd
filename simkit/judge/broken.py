"""What is not as a scenario says, in words, with the place in its file.

Comes in: what judges counted. Goes out: `Broken`s. May import `core`, `contract`, `scenario.model` and the modules of
this folder that count.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from simkit.contract.finding import Finding
from simkit.core.acted import Acted
from simkit.judge.converge import Lagging
from simkit.judge.expect import Case
from simkit.judge.spans import spelled
from simkit.scenario.model import Converge, Fault, Loops, Scenario, Where

BrokenKind = Literal[
    "unexpected finding", "finding that did not fire", "expectation", "fault without effect", "not converged"
]


class Broken(Struct, frozen=True):
    """One thing that is not as the scenario says. `line` and `column` are 0 where nothing in the file says
    it.

    `value` is what was found in the first of `loops`, `before` in the loop before it, `wanted` what was
    expected.
    """

    kind: BrokenKind
    text: str
    loops: tuple[Loops, ...]
    file: str
    line: int
    column: int
    message: str
    value: str = ""
    before: str = ""
    wanted: str = ""


def expectations(cases: Iterable[Case], file: str) -> list[Broken]:
    """The expectations that did not hold."""
    out: list[Broken] = []
    for case in cases:
        said, loops = case.expectation, case.spans.ranges()
        wanted = f"never {case.wanted}" if said.never else case.wanted
        message = (
            f"{said.field} is {case.found} in L{loops[0].first} ({case.before} in the loop before), "
            f"expected {wanted}; broken in {spelled(loops)}"
        )
        place = (file, said.where.line, said.where.column)
        out.append(Broken("expectation", said.text, loops, *place, message, case.found, case.before, wanted))
    return out


def not_converged(lagging: Iterable[Lagging], calm: Converge, file: str) -> list[Broken]:
    """The surfaces that were not well when the storm had been over for long enough."""
    out: list[Broken] = []
    for surface in lagging:
        loops = surface.spans.ranges()
        message = (
            f"{surface.stem} had not converged by L{calm.after + calm.within} ({_loops(calm.within)} after "
            f"L{calm.after}): in L{loops[0].first} {surface.reason}; not well in {spelled(loops)}"
        )
        out.append(
            Broken("not converged", "converge", loops, file, calm.where.line, calm.where.column, message)
        )
    return out


def _loops(loops: int) -> str:
    """`1 loop`, `3 loops`."""
    return f"{loops} loop{'' if loops == 1 else 's'}"


def without_effect(scenario: Scenario, acted: Acted[Fault], last: int) -> list[Broken]:
    """The faults whose loops have come and that changed nothing: the scenario claims to test what never happened."""
    out: list[Broken] = []
    for fault in acted.without_effect:
        if fault.at.last > last:
            continue
        place = next(
            (w for f, w in zip(scenario.faults, scenario.fault_places, strict=False) if f is fault),
            Where(0, 0),
        )
        word, loops = str(fault.__struct_config__.tag), (Loops(fault.at.first, fault.at.last),)
        message = (
            f"the fault `{word}` of {spelled(loops)} changed nothing: what it breaks did not happen there, so the "
            "scenario does not test it; move it, or leave it out"
        )
        out.append(
            Broken("fault without effect", word, loops, scenario.file, place.line, place.column, message)
        )
    return out


def unexpected(rule: str, first: Finding, loops: tuple[Loops, ...], file: str, place: Where | None) -> Broken:
    """An error-level finding in loops for which the scenario does not list it."""
    where = f"{first.stem}.{first.path}" if first.path else first.stem
    message = f"{rule} fired in {spelled(loops)}, not listed there; L{first.loop}: {where} = {first.value}"
    line, column = (place.line, place.column) if place is not None else (0, 0)
    return Broken(
        "unexpected finding",
        rule,
        loops,
        file,
        line,
        column,
        f"{message}: {first.message}",
        first.value,
    )


def silent(rule: str, loops: tuple[Loops, ...], file: str, place: Where, why: str) -> Broken:
    """A listed finding that did not fire in these loops."""
    message = f"{rule} is listed for {spelled(loops)} and did not fire there; {why}"
    return Broken("finding that did not fire", rule, loops, file, place.line, place.column, message)
