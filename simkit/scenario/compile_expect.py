"""What a scenario expects: values of published fields, findings, checkpoints.

Comes in: nodes. Goes out: `Expectation`s in the published unit of their field, `ExpectedFinding`s, loops. May
import `core`, `contract` and `scenario`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from importlib import import_module
from typing import Any, Final

from msgspec import Struct

from simkit.contract import fields
from simkit.contract.fields import ANY_KEY, ANY_ROW, Candidates, Field
from simkit.contract.finding import RULES
from simkit.contract.units import QUANTUM
from simkit.core.clock import epoch_s, iso
from simkit.scenario import units
from simkit.scenario.model import ClockSpec, Expectation, ExpectedFinding, Loops, Where
from simkit.scenario.reading import Reader
from simkit.scenario.units import Unreadable, nearest
from simkit.scenario.yaml_nodes import Node

_WHOLE_RUN: Final = ("always", "never")


class Value(Struct, frozen=True):
    """A compiled value; wraps so that null is a value too."""

    value: Any
    is_loop: bool = False


def expectations_of(reader: Reader, node: Node | None, clock: ClockSpec) -> list[Expectation]:
    """All expectations of one `expect:` block, in file order."""
    found: list[Expectation] = []
    for key, block in reader.pairs(node, "a map of loops"):
        if key.text == "columns":
            for name, series in reader.pairs(block, "a map of fields"):
                found += _column(reader, clock, name, series)
            continue
        loops: Loops | None
        if key.text in _WHOLE_RUN:
            loops = Loops(1, clock.loops)
        elif units.is_loops(key.text):
            loops = reader.loops(key)
        else:
            reader.unknown_key(key, ["always", "never", "columns", "L1", "L3..L5"])
            continue
        for name, at in reader.pairs(block, "a map of fields"):
            field = _field(reader, name)
            value = None if field is None else _value(reader, clock, field, at)
            if field is not None and loops is not None and value is not None:
                found.append(_expectation(loops, field, value, at, never=key.text == "never"))
    return found


def _column(reader: Reader, clock: ClockSpec, name: Node, series: Node) -> list[Expectation]:
    """One field with a value per loop: a list, or a map in which each value holds until the next."""
    field = _field(reader, name)
    if series.is_scalar:
        reader.wrong(series, f"found {series.found()}, expected a list (a value per loop) or a map {{L1: …}}",
                     "a value for all loops stands under `always`")  # fmt: skip
    if field is None or series.is_scalar:
        return []
    steps = reader.series(series, lambda at: _value(reader, clock, field, at), from_start=False)
    if not steps:
        return []
    ends = [loop - 1 for loop, _, _ in steps[1:]] + [clock.loops if series.kind == "map" else len(steps)]
    return [
        _expectation(Loops(loop, loop if series.kind == "list" else end), field, value, at)
        for (loop, value, at), end in zip(steps, ends, strict=True)
    ]


def _expectation(loops: Loops, field: Field, value: Value, at: Node, *, never: bool = False) -> Expectation:
    return Expectation(
        loops, field.path, value.value, _text(at), Where(at.line, at.column), never, value.is_loop
    )


def _text(node: Node) -> str:
    """The value as the author wrote it, in one line."""
    if node.kind == "map":
        return "{" + ", ".join(f"{key}: {_text(value)}" for key, (_, value) in node.pairs.items()) + "}"
    if node.kind == "list":
        return "[" + ", ".join(_text(item) for item in node.items) + "]"
    return node.text or "null"


# Fields ----------------------------------------------------------------------------------------------------


def _field(reader: Reader, key: Node) -> Field | None:
    """The field that a key names, when it can be expected."""
    found = field_of(reader, key)
    if found is None or not fields.is_identity(found):
        return found
    reader.wrong(key, f"`{found.name}` differs between hosts and runs: it cannot be expected")
    return None


def field_of(reader: Reader, key: Node) -> Field | None:
    """The field that a name or a full path means."""
    found = fields.resolve(key.text[:400])
    if isinstance(found, Field):
        return found
    listed = _listed(found)
    if found.ambiguous:
        reader.wrong(key, f"`{key.text}` is not unique", f"write one of {listed}")
    else:
        reader.wrong(key, f"no field ends in `{key.text[:80]}`", f"did you mean {listed}?" if listed else "")
    return None


def _listed(found: Candidates) -> str:
    more = len(found.paths) - 8
    return ", ".join(f"`{path}`" for path in found.paths[:8]) + (f" and {more} more" if more > 0 else "")


# Values ----------------------------------------------------------------------------------------------------


def _value(
    reader: Reader, clock: ClockSpec, field: Field, node: Node, *, inner: bool = False
) -> Value | None:
    """A node as the JSON value that the contract publishes for `field`; None where a mistake was noted."""
    if node.kind == "null":
        if field.nullable:
            return Value(None)
        reader.wrong(node, f"`{field.name}` is never null")
        return None
    if field.kind in ("object", "map"):
        return _object(reader, clock, field, node)
    if field.kind == "list":
        return _rows(reader, clock, field, node)
    if field.kind == "bool":
        return _bool(reader, node)
    if field.kind == "text" and not field.unit and field.choices:
        word = reader.word(node, field.choices)
        return None if word is None else Value(word)
    if field.unit in ("iso", "epoch"):
        return _time(reader, clock, field, node, inner)
    if field.kind == "text":
        text = reader.read(node, str, "text")
        return None if text is None else Value(text)
    number = reader.read(node, lambda text: published(field, text), _WANTED.get(field.unit, "a number"))
    return None if number is None else Value(number)


def _bool(reader: Reader, node: Node) -> Value | None:
    value = reader.flag(node)
    return Value(value) if node.kind == "bool" else None


def _time(reader: Reader, clock: ClockSpec, field: Field, node: Node, inner: bool) -> Value | None:
    """A loop name. On its own it means any time in that loop, inside an object the loop's own time."""
    loop = reader.read(node, lambda text: units.loop(text, clock.loops), "a loop such as `L3`")
    if loop is None:
        return None
    if field.unit == "iso" and not inner:
        return Value(loop, is_loop=True)
    ts = clock.at(loop)
    return Value(iso(ts) if field.unit == "iso" else epoch_s(ts))


def _object(reader: Reader, clock: ClockSpec, field: Field, node: Node) -> Value | None:
    """A whole object, every value in the unit of its own field."""
    table = fields.table()
    read: dict[str, Any] = {}
    whole = node.kind == "map"
    for key, at in reader.pairs(node, "a map {…}, or {} when it is empty"):
        if field.kind == "map":
            child = table[field.pattern + ANY_KEY]
        elif f"{field.pattern}.{key.text}" in table:
            child = table[f"{field.pattern}.{key.text}"]
        else:
            reader.unknown_key(key, _children(table, field.pattern))
            whole = False
            continue
        value = _value(reader, clock, child, at, inner=True)
        whole = whole and value is not None
        read[key.text] = value.value if value is not None else None
    return Value(read) if whole else None


def _children(table: Mapping[str, Field], pattern: str) -> list[str]:
    head = pattern + "."
    return [
        name[len(head) :]
        for name in table
        if name.startswith(head) and not re.search(r"[.\[]", name[len(head) :])
    ]


def _rows(reader: Reader, clock: ClockSpec, field: Field, node: Node) -> Value | None:
    child = fields.table()[field.pattern + ANY_ROW]
    read = [_value(reader, clock, child, item, inner=True) for item in reader.items(node, "a list […]")]
    rows = [value.value for value in read if value is not None]
    return Value(rows) if node.kind == "list" and len(rows) == len(read) else None


_WANTED: Final = {
    "fraction": "a fraction such as `11 %`",
    "configured_fraction": "a fraction such as `11 %`",
    "percent": "a percentage such as `11 %`",
    "usd": "money such as `500 USD`",
    "count": "a whole number",
}
_SUFFIX: Final = {"usd": "USD", "price": "USD", "s": "s", "ms": "ms", "bps": "bps"}


def published(field: Field, text: str) -> float | int:
    """A number as the contract publishes it, to the grain of its unit. Raises Unreadable."""
    unit = field.unit
    if unit in ("fraction", "configured_fraction"):
        return float(_grain(units.fraction(text), unit))
    if unit == "percent":
        return float(_grain(units.fraction(text) * 100, unit))
    value, suffix = units.amount(text)
    if unit in ("s", "ms") and suffix in units.DURATIONS:
        return float(_grain(Decimal(units.duration(text)) / units.DURATIONS[unit], unit))
    if unit == "bps" and suffix == "%":
        value, suffix = value * 100, ""
    if suffix not in ("", _SUFFIX.get(unit, "")):
        wanted = f"in {_SUFFIX[unit]}" if unit in _SUFFIX else "a plain number"
        raise Unreadable(f"{units.shown(text)}: `{field.name}` is {wanted}")
    if field.kind == "int":
        if value != int(value):
            raise Unreadable(f"{units.shown(text)}: `{field.name}` is a whole number")
        return int(value)
    return float(_grain(value, unit))


def _grain(value: Decimal, unit: str) -> Decimal:
    """Rounded as the surface itself is rounded."""
    quantum = QUANTUM.get(unit)
    if quantum is None:
        return value
    step = Decimal(repr(quantum))
    return (value / step).to_integral_value(rounding=ROUND_HALF_EVEN) * step


# Findings --------------------------------------------------------------------------------------------------


def known_rules() -> tuple[str, ...]:
    """Ids of all registered rules."""
    import_module("simkit.contract.rules")
    return tuple(RULES)


def findings_of(reader: Reader, nodes: Iterable[Node | None]) -> tuple[ExpectedFinding, ...]:
    """Rules that must fire, from the scenario and its variant, sorted by id."""
    merged: dict[str, tuple[list[Loops], Where]] = {}
    for node in nodes:
        for key, value in reader.pairs(node, "a map of rules"):
            known = _known_rule(reader, key)
            spans = [reader.loops(item) for item in (value.items if value.kind == "list" else (value,))]
            if value.kind == "list" and not value.items:
                reader.wrong(value, "no loop is named", "leave the rule out if it must not fire")
            found = [loops for loops in spans if loops is not None]
            before = merged.get(key.text, ([], None))[0]
            if known and found:
                merged[key.text] = ([*before, *found], Where(key.line, key.column))
    return tuple(
        ExpectedFinding(rule, tuple(loops), where) for rule, (loops, where) in sorted(merged.items())
    )


def _known_rule(reader: Reader, key: Node) -> bool:
    rules = known_rules()
    if key.text in rules:
        return True
    reader.wrong(
        key,
        f"`{key.text[:40]}` is no known rule",
        nearest(key.text[:40], rules) or "rules are called `INV-L04`",
    )
    return False


def checkpoints_of(reader: Reader, node: Node | None) -> tuple[int, ...]:
    """Loops whose tree is kept, ascending."""
    loops: Sequence[int | None] = [reader.loop(item) for item in reader.items(node, "a list such as [L40]")]
    return tuple(sorted(dict.fromkeys(loop for loop in loops if loop is not None)))
