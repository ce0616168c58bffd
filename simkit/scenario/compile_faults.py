"""Faults: lies, outages, and what breaks around an executor; and when all must be well again.

Comes in: nodes. Goes out: `Fault`s, `Converge`. May import `core` and `scenario`.

A fault is one of the words of `FAULTS` beside `at`, with the keys that belong to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, cast

from msgspec.structs import replace

from simkit.scenario import kinds_book, kinds_files, kinds_market, kinds_process, units
from simkit.scenario.compile_lives import check_lives
from simkit.scenario.document import ConvergeDoc
from simkit.scenario.fault_document import FaultDoc
from simkit.scenario.fault_forms import Entry, Form, Kind
from simkit.scenario.faults import Fault, Loops
from simkit.scenario.model import ClockSpec, Converge, Where
from simkit.scenario.reading import Fields, Reader
from simkit.scenario.yaml_nodes import Node

KINDS: Final[tuple[Kind, ...]] = (
    *kinds_market.KINDS,
    *kinds_book.KINDS,
    *kinds_files.KINDS,
    *kinds_process.KINDS,
)
#: The kinds by the word that an author writes.
FAULTS: Final[dict[str, Kind]] = {kind.word: kind for kind in KINDS}
#: Which kinds have a key.
OWNERS: Final[dict[str, list[str]]] = {
    name: [kind.word for kind in KINDS if name in kind.keys] for kind in KINDS for name in kind.keys
}


def faults_of(
    reader: Reader, nodes: Iterable[Node], universe: Sequence[str], clock: ClockSpec,
    restarts: Sequence[tuple[int, Node]] = (),
) -> tuple[tuple[Fault, ...], tuple[Where, ...]]:  # fmt: skip
    """Faults in file order, and where each is written. `restarts`: their loops, and the nodes that say them."""
    found = [(_fault(reader, reader.block(node, FaultDoc), universe, clock), node) for node in nodes]
    said = [(fault, node) for fault, node in found if fault is not None]
    check_lives(reader, said, restarts)
    right = [(fault, Where(node.line, node.column)) for fault, node in said]
    return tuple([fault for fault, _ in right]), tuple([where for _, where in right])


def _fault(reader: Reader, block: Fields, universe: Sequence[str], clock: ClockSpec) -> Fault | None:
    at = reader.loops(block.need("at"))
    word = block.one_of(tuple(FAULTS), "a fault", listed="`simkit list --faults` names them")
    kind = FAULTS.get(word or "")
    for name, owners in OWNERS.items():
        if name in block.found and kind is not None and kind.word not in owners:
            said = " and ".join(f"`{owner}`" for owner in owners)
            what = f"only {said} {'has' if len(owners) == 1 else 'have'} this"
            if len(owners) > 4:
                what = f"`{kind.word}` takes no `{name}`"
            reader.wrong(block.found[name], what, f"leave `{name}` out")
    if kind is None or at is None:
        return None
    entry = Entry(reader, block, universe, _repeated(reader, block, at), block.found[kind.word], clock)
    return _made(entry, kind)


def _repeated(reader: Reader, block: Fields, at: Loops) -> Loops:
    """The loops with `every: 3`: the first, and each third after it."""
    node = block.get("every")
    every = reader.read(node, units.whole, "a number of loops such as `3`")
    if node is None or every is None:
        return at
    if not 1 < every <= at.last - at.first:
        reader.wrong(node, f"`{every}` repeats nothing in L{at.first}..L{at.last}",
                     "from 2 up to the length of `at`")  # fmt: skip
        return at
    return replace(at, every=every)


def _made(entry: Entry, kind: Kind) -> Fault | None:
    """The fault, when nothing about it is wrong."""
    fields: dict[str, Any] = {"at": entry.at}
    right = True
    named: list[tuple[Node | None, Form]] = [
        (entry.block.need(name) if form.need else entry.block.get(name), form)
        for name, form in kind.keys.items()
    ]
    for node, form in [(entry.node, kind.value), *named]:
        found = form.read(entry, node) if node is not None else None if form.need else form.absent
        right = right and found is not None
        fields.update(found or {})
    if kind.check is not None:
        kind.check(entry)
    if kind.once and entry.at.first != entry.at.last:
        entry.reader.wrong(entry.block.found["at"], f"{kind.once}: this is no fault of a range",
                           f"write `L{entry.at.first}`")  # fmt: skip
        return None
    return cast(Fault, kind.make(**fields)) if right else None


def converge_of(reader: Reader, node: Node | None, faults: Sequence[Fault]) -> Converge | None:
    """When all must be well again; the storm ends with the last fault unless it says otherwise."""
    if node is None:
        return None
    block = reader.block(node, ConvergeDoc)
    within = reader.read(block.need("within"), units.whole, "a number of loops such as `3`")
    after = reader.loop(block.get("after"))
    if "after" not in block.found:
        after = max((fault.ends for fault in faults), default=None)
        if after is None:
            reader.wrong(node, "there is no fault that could end", "say `after: L12`")
    if within is None or after is None:
        return None
    if after + within > reader.last:
        reader.wrong(node, f"L{after + within} lies beyond the end: the last loop is L{reader.last}",
                     "let the scenario run longer, or give it fewer loops")  # fmt: skip
    return Converge(after, within, Where(node.line, node.column))
