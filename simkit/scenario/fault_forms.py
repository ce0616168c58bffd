"""How a fault is written: the value of its word, and the keys beside it.

Comes in: nodes. Goes out: fields of a fault. May import `core`, `contract.table` and `scenario`.

A `Kind` is a row of the tables in `kinds_*.py`; adding a fault is a Struct in `faults/`, a row there, a key in
`fault_document.py` and a line in docs/scenario-reference.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from msgspec import Struct

from simkit.scenario import units
from simkit.scenario.faults import Acting, Loops
from simkit.scenario.model import ClockSpec
from simkit.scenario.reading import Fields, Reader
from simkit.scenario.yaml_nodes import Node

T = TypeVar("T")


class Entry(Struct, frozen=True):
    """One entry of `faults:` while it is read. `node` is the value of the word that names its kind."""

    reader: Reader
    block: Fields
    universe: Sequence[str]
    at: Loops
    node: Node
    clock: ClockSpec


#: Fields of the fault, by name; None where a mistake was noted.
Found = Mapping[str, object] | None


class Form(Struct, frozen=True):
    """How one value is read. `need`: a key that must be there. `absent`: the fields without it."""

    read: Callable[[Entry, Node], Found]
    need: bool = False
    absent: Mapping[str, object] = {}


class Kind(Struct, frozen=True, kw_only=True):
    """One kind of fault. `attacks`: the rules that it puts to the test. `survives`: what must hold all the same.
    `once`: why it cannot strike in several loops, if so. `check`: what no single key shows; notes its mistakes."""

    make: type[Acting]
    value: Form
    keys: Mapping[str, Form] = {}
    attacks: tuple[str, ...]
    survives: str
    once: str = ""
    check: Callable[[Entry], None] | None = None

    @property
    def word(self) -> str:
        """What an author writes."""
        return str(self.make.__struct_config__.tag)


# Forms -----------------------------------------------------------------------------------------------------


def one(field: str, parse: Callable[[str], Any], what: str, *, need: bool = False) -> Form:
    """A scalar, through `parse`, for one field."""

    def read(entry: Entry, node: Node) -> Found:
        value = entry.reader.read(node, parse, what)
        return None if value is None else {field: value}

    return Form(read, need)


def money(field: str) -> Form:
    """Money in micro-USD."""
    return one(field, units.money, "money such as `500 USD`")


def duration(field: str, *, need: bool = False) -> Form:
    """A duration in microseconds."""
    return one(field, units.duration, "a duration such as `900 ms`", need=need)


def bps(field: str) -> Form:
    """How much worse a price gets, in basis points, above 0."""

    def read(entry: Entry, node: Node) -> Found:
        value = entry.reader.read(node, units.bps, "a rate such as `7 bps`")
        if value is not None and value <= 0:
            entry.reader.wrong(node, f"{node.found()}: a fill gets worse by more than 0")
            return None
        return None if value is None else {field: value}

    return Form(read)


def whole(field: str) -> Form:
    """A whole number, 0 or more."""
    return one(field, units.whole, "a whole number such as `3`")


def other_than_0(field: str, parse: Callable[[str], Any], what: str) -> Form:
    """A figure of either sign; 0 would change nothing."""

    def read(entry: Entry, node: Node) -> Found:
        value = entry.reader.read(node, parse, what)
        if value == 0:
            entry.reader.wrong(node, f"{node.found()}: 0 changes nothing", "leave the entry out")
            return None
        return None if value is None else {field: float(value) if isinstance(value, Decimal) else value}

    return Form(read)


def price_change(field: str) -> Form:
    """A fraction above -1 other than 0, for a price that stays above 0."""

    def read(entry: Entry, node: Node) -> Found:
        value = entry.reader.read(node, units.fraction, "a share such as `-8 %`")
        if value is not None and (value == 0 or value <= -1):
            entry.reader.wrong(node, f"{node.found()}: a price moves, and stays above 0", "such as `-8 %`")
            return None
        return None if value is None else {field: float(value)}

    return Form(read)


def part(field: str) -> Form:
    """A share above 0 and below 1."""

    def read(entry: Entry, node: Node) -> Found:
        value = entry.reader.read(node, units.share, "a share such as `40 %`")
        if value is not None and not 0 < value < 1:
            entry.reader.wrong(node, f"{node.found()}: a part is more than nothing and less than all",
                               "`depth_gone: true` fills nothing")  # fmt: skip
            return None
        return None if value is None else {field: value}

    return Form(read)


def word(field: str, known: Sequence[str] | Mapping[str, str], *, need: bool = False) -> Form:
    """One of the known words; a map says what each becomes."""
    table = known if isinstance(known, Mapping) else {name: name for name in known}

    def read(entry: Entry, node: Node) -> Found:
        found = entry.reader.word(node, tuple(table))
        return None if found is None else {field: table[found]}

    return Form(read, need)


def level(field: str) -> Form:
    """A price, or `none`."""

    def read(entry: Entry, node: Node) -> Found:
        before = entry.reader.has_mistake(node)
        value = entry.reader.level(node)
        return None if entry.reader.has_mistake(node) and not before else {field: value}

    return Form(read, absent={field: None})


def _true(entry: Entry, node: Node) -> Found:
    return {} if entry.reader.true(node) else None


def _key(entry: Entry, node: Node) -> Found:
    key = entry.reader.key(node, entry.universe)
    return None if key is None else {"symbol": key[0], "side": key[1]}


def _symbol(entry: Entry, node: Node) -> Found:
    symbol = entry.reader.priced(node, entry.universe)
    return None if symbol is None else {"symbol": symbol}


#: `true`: the word says it all.
TRUE = Form(_true)
#: `SYMBOL:SIDE` as `symbol` and `side`.
KEY = Form(_key)
#: A symbol of the universe.
SYMBOL = Form(_symbol)
