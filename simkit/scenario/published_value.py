"""A value as it is published, written by hand: any JSON value, and what JSON has no word for.

Comes in: a node, the field that it stands for. Goes out: JSON text with sorted keys. May import `core`,
`contract.fields` and `scenario`.

A number of a field that publishes floats becomes one, so that the text has the one form that the encoder gives.
"""

from __future__ import annotations

from typing import Final

from simkit.contract import fields
from simkit.contract.fields import ANY_KEY, ANY_ROW, Field
from simkit.core.canon import encode
from simkit.scenario.reading import Reader
from simkit.scenario.yaml_nodes import Node

#: What JSON has no word for, as an author writes it and as the text holds it.
WORDS: Final = {"nan": "NaN", "infinity": "Infinity", "-infinity": "-Infinity"}
#: The whole value is left out.
MISSING: Final = "missing"
_NUMBERS: Final = ("float", "int")
_LARGEST: Final = 2**63
_DEEPEST: Final = 20


def published_value(reader: Reader, node: Node, field: Field) -> str | None:
    """The text of a value, empty for `missing`; None where a mistake was noted."""
    if node.kind == "text" and node.text == MISSING:
        return ""
    if node.height > _DEEPEST:
        reader.wrong(node, f"the value has more than {_DEEPEST} levels")
        return None
    return _text(reader, node, field)


def _text(reader: Reader, node: Node, field: Field | None) -> str | None:
    if node.kind == "map":
        parts = {key: _text(reader, at, _below(field, key)) for key, (_, at) in node.pairs.items()}
        if None in parts.values():
            return None
        return "{" + ",".join(f"{_scalar(key)}:{parts[key]}" for key in sorted(parts)) + "}"
    if node.kind == "list":
        rows = [_text(reader, item, _below(field, "")) for item in node.items]
        return None if None in rows else "[" + ",".join(row for row in rows if row is not None) + "]"
    if node.kind == "text":
        if field is not None and field.kind in _NUMBERS and node.text.rstrip().endswith(("%", "bps")):
            reader.wrong(node, f"{node.found()}: a wrong value is written as it is published",
                         "a number without a unit, `0.11`")  # fmt: skip
            return None
        return WORDS.get(node.text) or _scalar(node.text)
    value = node.value
    if isinstance(value, int) and not isinstance(value, bool):
        if field is not None and field.kind == "float":
            value = float(value)
        elif not -_LARGEST <= value < 2 * _LARGEST:
            reader.wrong(node, f"{node.found()}: a whole number has at most 64 bits")
            return None
    return _scalar(value)


def _scalar(value: object) -> str:
    return encode(value).decode()


def _below(field: Field | None, key: str) -> Field | None:
    """The field of an entry, a row or a key of `field`; None where the contract knows none."""
    if field is None:
        return None
    step = ANY_KEY if field.kind == "map" else ANY_ROW if field.kind == "list" else f".{key}"
    return fields.table().get(field.pattern + step)
