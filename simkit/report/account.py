"""What happened in a run, on less than a screen: events by loop, changes of state, findings.

Comes in: the loops of a run, its result. Goes out: lines. May import `core`, `run` and `trace` for their
types.
"""

from __future__ import annotations

from typing import Any

from simkit.core.canon import decode
from simkit.judge.judges import Judgement
from simkit.report.events import event_lines
from simkit.report.findings import finding_lines, findings_sentence
from simkit.report.words import bounded, plural
from simkit.scenario.model import Scenario
from simkit.trace.events import told
from simkit.trace.record import LoopRecord
from simkit.trace.recorder import Recording

_EVENTS = 20
_FINDINGS = 10
#: Published words whose change is worth a line: file, path, name.
_STATES = (
    ("logs/state/risk_snapshot.json", ("dd_state", "state"), "dd_state"),
    ("logs/state/risk_snapshot.json", ("risk_mode",), "risk_mode"),
    ("logs/state/risk_snapshot.json", ("circuit_breaker", "active"), "circuit_breaker"),
)


class Account:
    """Listens to a run; memory is bounded by what is shown."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._happened: list[str] = []
        self._left_out = 0
        self._states: dict[str, str] = {}
        self._seen: bytes | None = None

    def loop(self, record: LoopRecord) -> None:
        """Take one loop."""
        lines = [*event_lines(told(record)), *self._changes(record)]
        room = max(_EVENTS - len(self._happened), 0)
        self._happened += (f"L{record.loop:<5} {line}" for line in lines[:room])
        self._left_out += len(lines[room:])

    def _changes(self, record: LoopRecord) -> list[str]:
        data = record.tree.get(_STATES[0][0])
        if data is None or data is self._seen:
            return []
        self._seen = data
        try:
            document = decode(data)
        except ValueError:
            return []
        changes = []
        for _, path, name in _STATES:
            value = _at(document, path)
            text = str(value).lower() if isinstance(value, bool) else str(value)
            before = self._states.get(name)
            if before is not None and before != text:
                changes.append(f"state    {name} {before} -> {text}")
            self._states[name] = text
        return changes

    def lines(self, recording: Recording, judgement: Judgement) -> list[str]:
        """The account of the finished run."""
        scenario = self._scenario
        counts = recording.summary
        sums = ", ".join(
            plural(count, noun)
            for count, noun in (
                (recording.loops, "loop"), (counts.signals, "signal"), (counts.orders, "order"),
                (counts.fills, "fill"), (counts.vetoes, "veto"),
            )
        )  # fmt: skip
        title = f": {scenario.title}" if scenario.title else ""
        lines = [f"{scenario.name}{title}", f"  {sums}"]
        lines += (f"  {line}" for line in self._happened)
        if self._left_out:
            lines.append(f"  ... and {self._left_out} more; simkit show {scenario.name} --loop N")
        lines.append(f"  findings  {findings_sentence(judgement)}")
        if not judgement.ok:
            found = finding_lines(judgement)
            lines += (f"    {line}" for line in bounded(found, _FINDINGS, f"simkit check {scenario.name}"))
        return lines


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
