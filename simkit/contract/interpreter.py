"""Makes the looks of a run speak our language where the executor under test writes a dialect.

Comes in: the dialect, and the look of one loop after the other. Goes out: the same look in our form, and
findings with path and value as they stand in the executor's file. May import `contract`.

Only what the dialect states is translated: the other forms that the contract allows (invariants.md 9) stay
findings, as with the reference executor. Without a dialect nobody makes an `Interpreter`, and nothing is paid.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from simkit.contract.dialect import Dialect, spoken
from simkit.contract.fields import MISSING, look_up, steps
from simkit.contract.finding import Finding
from simkit.contract.foreign import Outside
from simkit.contract.foreign_choice import Steps
from simkit.contract.foreign_forms import Forms, Moves, original
from simkit.contract.look import Doc, Look
from simkit.contract.values import show
from simkit.core.settings import Settings


class Interpreter:
    """Interprets one run, in order and in flat memory."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._forms = Forms(Outside(dialect, forms=False, loops=True, clock=True))
        self._docs: Mapping[str, Doc] = {}
        self._raw: Mapping[str, Doc] = {}
        self._moves: Moves = {}
        self._said: Settings | None = None
        self._settings = dialect.settings

    def hear(self, look: Look) -> None:
        """Put documents and thresholds of the look into our words."""
        if look.settings is not self._said:
            self._said, self._settings = look.settings, spoken(look.settings, self._dialect)
        look.settings = self._settings
        self._raw = look.docs
        self._moves = self._forms.translate(look)
        self._docs = look.docs

    def as_written(self, finding: Finding) -> Finding:
        """A finding of the last look, with path and value as they stand in the executor's file."""
        path, value = as_written(finding, self._docs, self._raw, self._moves.get(finding.stem, {}))
        return replace(finding, path=path, value=value)


def as_written(
    finding: Finding, docs: Mapping[str, Doc], raw: Mapping[str, Doc], moves: Mapping[Steps, Steps]
) -> tuple[str, str]:
    """Path and value of a finding on `docs` as they stand in the user's file, `raw`."""
    doc, source = docs.get(finding.stem), raw.get(finding.stem)
    if not finding.path or doc is None or source is None:
        return finding.path, finding.value
    try:
        way, value = _numbered(doc, steps(finding.path))
    except ValueError:
        return finding.path, finding.value
    theirs = original(way, moves)
    path = "".join(step if step.startswith("[") else f".{step}" for step in theirs).removeprefix(".")
    if show(value) != finding.value or not path:
        return path, finding.value
    try:
        written = look_up({finding.stem: source}, f"{finding.stem}{'' if path[0] == '[' else '.'}{path}")
    except ValueError:
        return path, finding.value
    return path, finding.value if written is MISSING else show(written)


def _numbered(doc: Any, way: Steps) -> tuple[Steps, Any]:
    """The path with the number of each row instead of its key, and the value there (MISSING where none is)."""
    out: list[str] = []
    value: Any = doc
    for step in way:
        key = step[1:-1] if step[0] == "[" else step
        if isinstance(value, dict):
            value = value.get(key, MISSING)
        elif isinstance(value, list):
            number = _row_number(value, key)
            step, value = (f"[{number}]", value[number]) if number is not None else (step, MISSING)
        else:
            value = MISSING
        out.append(step)
    return tuple(out), value


def _row_number(rows: list[Any], key: str) -> int | None:
    """The number of the row that answers to `key`: itself, or the first row of that symbol and side."""
    if key.isascii() and key.isdigit() and len(key) < 9:
        return int(key) if int(key) < len(rows) else None
    names = ((n, row.get("symbol"), row.get("side")) for n, row in enumerate(rows) if isinstance(row, dict))
    return next((n for n, symbol, side in names if key in (symbol, f"{symbol}:{side}")), None)
