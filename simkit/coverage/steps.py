"""One step away: which silent rules fire when one published value changes by the least it can.

Comes in: a `Look` and the rules that are silent on it. Goes out: `Near`s. May import `contract` and `core`.

A step is one quantum up or down of a number or time (surfaces.md 1.0), the other word of a vocabulary, the
other truth of a flag. A null, a free text and a value published as configured have no step. Only rules on
one tree (kinds W and X) are tried, each on the files that it reads. Of a map or list the first `ENTRIES`
entries are tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from math import log10
from typing import Any, Final

from msgspec import Struct

from simkit.contract.catalogue import in_order
from simkit.contract.fields import Field
from simkit.contract.finding import Found, LackingError, Memory, NotEvaluated, Rule
from simkit.contract.look import Look
from simkit.contract.table import by_stem
from simkit.contract.units import QUANTUM
from simkit.contract.values import num
from simkit.core import canon
from simkit.core.clock import iso, parse_iso
from simkit.coverage.tree import Node, entries, grow

#: Entries of each map or list whose values are changed.
ENTRIES: Final = 3

Way = tuple[str | int, ...]


class Near(Struct, frozen=True):
    """A rule that fires once `path` (`stem.a.b[KEY]`) holds `to` instead of `value`, in that loop's tree."""

    rule: str
    loop: int
    path: str
    value: Any
    to: Any


class _Leaf(Struct, frozen=True):
    """One published value, and the keys and rows on the way to it."""

    field: Field
    way: Way
    path: str
    value: Any


def ask(rule: Rule, look: Look, memory: Memory) -> tuple[Found, ...] | None:
    """What the rule finds; None when it cannot look."""
    if any(stem not in look.docs for stem in rule.reads):
        return None
    try:
        outcome = rule.check(look, memory)
    except LackingError:
        return None
    return None if isinstance(outcome, NotEvaluated) else tuple(outcome)


@cache
def readers(stem: str) -> tuple[Rule, ...]:
    """The rules on one tree that read this file."""
    surface = by_stem[stem].id if stem in by_stem else "AUX-1"
    return tuple(
        rule for rule in in_order() if rule.kind in "WX" and (stem in rule.reads or surface in rule.surfaces)
    )


class Stepper:
    """Tries the steps of chosen loops of one run; a rule that was near once is not tried again."""

    def __init__(self) -> None:
        self.near: dict[str, Near] = {}
        self.edits = 0
        self._tried: dict[str, tuple[object, frozenset[str]]] = {}

    def look(self, look: Look, silent: Sequence[str], memories: Mapping[str, Memory]) -> None:
        """Change one value after the other in the tree of `look`. `memories` are left as they are."""
        quiet = frozenset(silent)
        for stem, node in _trees().items():
            doc = look.docs.get(stem)
            if doc is None:
                continue
            last, tried = self._tried.get(stem, (None, frozenset()))
            if last is not doc:
                tried = frozenset()
            # a rule on this file alone says of the same document what it said of it before
            rules = [r for r in readers(stem) if r.id in quiet and not (r.kind == "W" and r.id in tried)]
            self._tried[stem] = (doc, tried.union(rule.id for rule in rules))
            self._try(look, stem, node, rules, memories)

    def _try(
        self, look: Look, stem: str, node: Node, rules: list[Rule], memories: Mapping[str, Memory]
    ) -> None:
        doc = look.docs[stem]
        for leaf in _leaves(node, doc, (), stem):
            value = leaf.value
            for to in steps_from(leaf.field, value):
                left = [rule for rule in rules if rule.id not in self.near]
                if not left:
                    return
                self.edits += 1
                edited = _with_doc(look, stem, _changed(doc, leaf.way, to))
                for rule in left:
                    if ask(rule, edited, dict(memories[rule.id])):
                        self.near[rule.id] = Near(rule.id, look.loop, leaf.path, value, to)


def steps_from(field: Field, value: Any) -> tuple[Any, ...]:
    """The values one step from `value`; none where the field has no quantum and no vocabulary."""
    kind = type(value)
    if field.kind == "bool":
        return (not value,) if kind is bool else ()
    if kind is str:
        return _other_times(value) if field.unit == "iso" else _other_words(field, value)
    quantum = QUANTUM.get(field.unit)
    if quantum is None or num(value) is None:
        return ()
    if field.kind == "int":
        return (value + 1, value - 1) if value else (value + 1,)
    digits = round(-log10(quantum))
    found = (round(value + quantum, digits), round(value - quantum, digits))
    return tuple(number for number in found if number != value)


def _other_words(field: Field, value: str) -> tuple[str, ...]:
    return tuple(word for word in field.choices if word != value)


def _other_times(text: str) -> tuple[str, ...]:
    try:
        ts = parse_iso(text)
        return iso(ts + 1), iso(ts - 1)
    except (ValueError, OverflowError):
        return ()


@cache
def _trees() -> dict[str, Node]:
    return grow()


def _leaves(node: Node, value: Any, way: Way, path: str) -> Iterator[_Leaf]:
    if node.field is not None:
        yield _Leaf(node.field, way, path, value)
        return
    if type(value) is dict:
        for key, child in node.below.items():
            if key in value:
                yield from _leaves(child, value[key], (*way, key), f"{path}.{key}")
    if node.every is not None:
        for at, _, item in islice(entries(value), ENTRIES):
            yield from _leaves(node.every, item, (*way, at), f"{path}[{at}]")


def _changed(value: Any, way: Way, to: Any) -> Any:
    """A copy with `to` at `way`; all that does not lie on the way is shared."""
    if not way:
        return to
    copy = value.copy()
    copy[way[0]] = _changed(value[way[0]], way[1:], to)
    return copy


def _with_doc(look: Look, stem: str, doc: dict[str, Any]) -> Look:
    edited = Look(
        look.loop, look.ts, look.settings, {**look.docs, stem: doc},
        raw={**look.raw, stem: canon.encode(doc)}, unreadable=look.unreadable, names=look.names,
        before=look.before, writes=look.writes, truth=look.truth, until=look.until,
    )  # fmt: skip
    edited.outside = look.outside
    return edited
