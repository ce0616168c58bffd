"""A surface that tells one wrong value (`publish_wrong`): its document is altered between builder and encoder.

Comes in: documents of the builders and of sync_state, the faults of the scenario. Goes out: the same documents, with
wrong values where a fault says so. May import `core`, `contract`, `executor.port`, `executor.state` and
`scenario.model`.

What the writer knows and does stays right. Who reads the file meets the wrong value: sync_state in nav.json, a new
process in what the old one left.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from simkit.contract.fields import MISSING, look_up, steps
from simkit.contract.table import paths
from simkit.core.acted import Acted
from simkit.core.canon import encode
from simkit.executor.port import LoopInput
from simkit.executor.state import ExecutorState, IntelPart
from simkit.scenario.model import Fault, PublishWrong, Scenario
from simkit.surfaces.legacy_files import Build, Table

_NOTHING: Acted[Fault] = Acted()


class WrongValues:
    """The wrong values of one writer. `hear` is called before the files of a loop with faults are built."""

    def __init__(self, scenario: Scenario) -> None:
        self._by_path: dict[str, list[PublishWrong]] = {}
        for fault in scenario.faults:
            if isinstance(fault, PublishWrong):
                self._by_path.setdefault(paths[_stem(fault)], []).append(fault)
        self._acted = _NOTHING

    def hear(self, now: LoopInput) -> None:
        """`now.acted` is told what the files of this loop get wrong."""
        self._acted = now.acted

    def over(self, table: Table) -> Table:
        """The table with builders whose documents are altered; the same where nothing is."""
        if not self._by_path:
            return table
        return tuple([
            (path, self._altering(path, build) if path in self._by_path else build) for path, build in table
        ])  # fmt: skip

    def _altering(self, path: str, build: Build) -> Build:
        def altered(state: ExecutorState, *parts: IntelPart) -> object:
            return self.told(path, state.loop, build(state, *parts), self._acted)

        return altered

    def told(self, path: str, loop: int, document: object, acted: Acted[Fault]) -> object:
        """What is published of `document` at `path`; `acted` is told which faults changed it."""
        faults = [fault for fault in self._by_path.get(path, ()) if loop in fault.at]
        if not faults:
            return document
        plain = msgspec.to_builtins(document)
        for fault in faults:
            if _put(plain, fault):
                acted.note(fault)
        return plain


def _stem(fault: PublishWrong) -> str:
    return steps(fault.field)[0]


def _put(plain: Any, fault: PublishWrong) -> bool:
    """Alter a document in place; false where the field is not there or has the value already."""
    docs, last = {_stem(fault): plain}, steps(fault.field)[-1]
    found = look_up(docs, fault.field)
    if found is MISSING or (fault.value and encode(found) == fault.value.encode()):
        return False
    parent = look_up(docs, fault.field.removesuffix(last).removesuffix("."))
    at = last.strip("[]") if isinstance(parent, dict) else _row(parent, found, last)
    if fault.value:
        parent[at] = _decoded(fault.value)
    else:
        del parent[at]
    return True


def _row(rows: list[Any], found: object, step: str) -> int:
    """The number of the row that a step of a path has found."""
    if isinstance(found, dict):
        return next(number for number, row in enumerate(rows) if row is found)
    return int(step[1:-1])


def _decoded(text: str) -> Any:
    """The value of a text; what JSON has no word for stays as it is written."""
    return json.loads(text, parse_constant=lambda word: msgspec.Raw(word.encode()))
