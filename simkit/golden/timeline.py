"""The timeline of a run: one line per loop, for people and plots.

Comes in: the tree and the events of each loop. Goes out: the lines of `timeline.csv`. May import `core` and
`golden.history`.

Columns come from the published documents; what a tree does not say stays empty. `coverage` and `dd_pct` are
fractions, `nav` USD; `vetoes`, `orders`, `signals` and `fills` count this loop's events.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from simkit.core.canon import decode, encode
from simkit.golden.history import Line, Tree

COLUMNS = (
    "loop", "time", "label", "nav", "dd_pct", "dd_state", "risk_mode", "anomalies", "positions", "coverage",
    "mismatch", "vetoes", "orders", "signals", "fills",
)  # fmt: skip
HEADER = ",".join(COLUMNS).encode() + b"\n"

_PLACES = (
    ("nav", "nav", ("nav",)),
    ("dd_pct", "risk_snapshot", ("drawdown", "dd_pct")),
    ("risk_mode", "risk_snapshot", ("risk_mode",)),
    ("coverage", "diagnostics", ("runtime_diagnostics", "exit_pipeline", "tp_sl_coverage_pct")),
    ("mismatch", "diagnostics", ("runtime_diagnostics", "exit_pipeline", "ledger_registry_mismatch")),
)


def row(line: Line, tree: Tree) -> bytes:
    """One line of the file; `tree` stands as after `line`."""
    cells: dict[str, Any] = {"loop": line.loop, "time": line.time, "label": line.label}
    for column, name, path in _PLACES:
        cells[column] = _at(_elided(tree, name), path)
    risk = _elided(tree, "risk_snapshot")
    state = _at(risk, ("dd_state",))
    cells["dd_state"] = _at(state, ("state",)) if isinstance(state, dict) else state
    anomalies = _at(risk, ("anomalies",))
    cells["anomalies"] = "+".join(sorted(anomalies)) if isinstance(anomalies, dict) else None
    positions = _at(_elided(tree, "positions_state"), ("positions",))
    cells["positions"] = len(positions) if isinstance(positions, list) else None
    cells.update(_counts(line))
    return ",".join([_cell(cells[column]) for column in COLUMNS]).encode() + b"\n"


def _elided(tree: Tree, name: str) -> Any:
    """A document with its own time elided: none of the columns holds a time."""
    content = tree.contents.get(name)
    return getattr(content, "elided", None)


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _counts(line: Line) -> dict[str, int]:
    told = {} if line.events is UNSET else decode(bytes(line.events))
    answers = told.get("executor", [])
    names = [event["event"] for event in (*told.get("venue", []), *answers)]
    orders = [event for event in answers if event["event"] == "ack" and event["status"] != "CANCELED"]
    return {
        "fills": names.count("fill"),
        "orders": len(orders),
        "signals": len(told.get("emitted", [])),
        "vetoes": len(told.get("vetoes", [])),
    }


def _cell(value: Any) -> str:
    """A number as in the documents; a text that would need quotes is quoted."""
    if value is None:
        return ""
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"' if any(mark in value for mark in ',"\r\n') else value
    return encode(value).decode()
