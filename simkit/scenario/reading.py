"""Reading nodes as values: every mistake is collected with its place, reading goes on.

Comes in: nodes. Goes out: values, or None where a mistake was noted. May import `core` and `scenario`.

A compiler meets any node: `Reader` answers each question about the wrong kind of node with a mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from simkit.core.errors import Mistake, ScenarioError
from simkit.scenario import units
from simkit.scenario.document_types import Block, keys
from simkit.scenario.model import Loops, Side, Step
from simkit.scenario.units import Unreadable, nearest
from simkit.scenario.yaml_nodes import Node

T = TypeVar("T")
W = TypeVar("W", bound=str)
MOST_MISTAKES: Final = 200
#: A series as written: loop, value, and the node that says so; each value holds until the next loop.
Series = list[tuple[int, T, Node]]


class Reader:
    """Collects the mistakes of one document. `last` is the number of its last loop."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.last = 0
        self._places: set[tuple[int, int]] = set()
        self._mistakes: dict[tuple[int, int, str], Mistake] = {}

    @property
    def mistakes(self) -> list[Mistake]:
        """All mistakes so far."""
        return list(self._mistakes.values())

    def has_mistake(self, node: Node | None) -> bool:
        """True when a mistake was noted at that node (None: anywhere)."""
        if node is None:
            return bool(self._mistakes)
        return (node.line, node.column) in self._places

    def wrong(self, node: Node, message: str, hint: str = "") -> None:
        """Note a mistake at a node; the same message at the same place counts once. Raises ScenarioError when
        there are too many to be of use."""
        mistake = Mistake(self.file, node.line, node.column, message, hint)
        self._places.add((node.line, node.column))
        self._mistakes.setdefault((node.line, node.column, message), mistake)
        if len(self._mistakes) >= MOST_MISTAKES:
            raise ScenarioError(self.mistakes)

    def missing(self, node: Node, name: str) -> None:
        """Note that a block lacks a key."""
        self.wrong(node, f"the key `{name}` is missing")

    # Values ------------------------------------------------------------------------------------------------

    def read(self, node: Node | None, parse: Callable[[str], T], what: str = "a value") -> T | None:
        """A scalar through `parse`; None without a node, None and a mistake when it cannot be read."""
        if node is None:
            return None
        if not node.is_scalar or node.kind in ("null", "bool"):
            self.wrong(node, f"found {node.found()}, expected {what}",
                       "leave the key out, or write `none`" if node.kind == "null" else "")  # fmt: skip
            return None
        try:
            return parse(node.text)
        except Unreadable as problem:
            self.wrong(node, problem.message, problem.hint)
            return None

    def text(self, node: Node | None) -> str:
        """Text as written; numbers are text too. Empty when there is none."""
        return self.read(node, str, "text") or ""

    def flag(self, node: Node | None) -> bool:
        """`true` or `false`; false when there is no node."""
        if node is None:
            return False
        if node.kind != "bool":
            self.wrong(node, f"found {node.found()}, expected true or false")
        return node.value is True

    def true(self, node: Node) -> bool:
        """`true`; a switch that is off is left out."""
        if node.kind == "bool" and node.value is False:
            self.wrong(node, "`false` says nothing here", "write `true` or leave the entry out")
        return self.flag(node)

    def level(self, node: Node | None) -> int | None:
        """A price level, or None for the word `none`."""
        return self.read(node, units.level, "a price, or `none`")

    def word(self, node: Node | None, known: Sequence[W]) -> W | None:
        """One of the known words."""
        written = self.read(node, str, " or ".join(f"`{word}`" for word in known))
        for word in known:
            if word == written:
                return word
        if node is not None and written is not None:
            self.wrong(node, f"`{written}` is unknown here", nearest(written, known))
        return None

    def loop(self, node: Node | None) -> int | None:
        """One loop."""
        return self.read(node, lambda text: units.loop(text, self.last), "a loop such as `L3`")

    def loops(self, node: Node | None) -> Loops | None:
        """A loop or a range."""
        return self.read(node, lambda text: units.loop_range(text, self.last), "loops such as `L3..L5`")

    def priced(self, node: Node | None, universe: Sequence[str]) -> str | None:
        """A symbol of the universe."""
        found = self.read(node, units.symbol, "a symbol")
        return None if node is None or found is None else self._known(node, found, universe)

    def key(self, node: Node | None, universe: Sequence[str]) -> tuple[str, Side] | None:
        """`SYMBOL:SIDE` with a symbol of the universe."""
        found = self.read(node, units.key, "`SYMBOL:SIDE`")
        if node is None or found is None or self._known(node, found[0], universe) is None:
            return None
        return found

    def _known(self, node: Node, symbol: str, universe: Sequence[str]) -> str | None:
        if symbol in universe:
            return symbol
        self.wrong(
            node, f"`{symbol}` has no price: what is priced is the universe", nearest(symbol, universe)
        )
        return None

    # Collections -------------------------------------------------------------------------------------------

    def pairs(self, node: Node | None, what: str = "a map") -> list[tuple[Node, Node]]:
        """Keys and values of a map, in file order."""
        if node is None:
            return []
        if node.kind != "map":
            self.wrong(node, f"found {node.found()}, expected {what}")
            return []
        return list(node.pairs.values())

    def items(self, node: Node | None, what: str = "a list") -> list[Node]:
        """Elements of a list."""
        if node is None:
            return []
        if node.kind != "list":
            self.wrong(node, f"found {node.found()}, expected {what}")
            return []
        return node.items

    def block(self, node: Node | None, shape: type[Block], known: Sequence[str] = ()) -> Fields:
        """A map with the keys of `shape`; unknown ones are mistakes."""
        names = known or keys(shape)
        found: dict[str, Node] = {}
        for key, value in self.pairs(node):
            if key.text in names:
                found[key.text] = value
            else:
                self.unknown_key(key, names)
        return Fields(self, node, found)

    def unknown_key(self, key: Node, names: Sequence[str]) -> None:
        """Note a key that its block does not know."""
        self.wrong(key, f"unknown key `{key.text[:40]}`", nearest(key.text[:40], names))

    def series(
        self, node: Node | None, parse: Callable[[Node], T | None], *, from_start: bool = True
    ) -> Series[T]:
        """A scalar (for all loops), a list (a value per loop) or a map {L1: a, L5: b}, sorted by loop."""
        if node is None:
            return []
        pairs: list[tuple[int | None, Node]] = [(1, node)]
        if node.kind == "list":
            for extra in node.items[self.last :][:1]:
                self.wrong(
                    extra, f"the series holds {len(node.items)} values, the scenario has {self.last} loops"
                )
            pairs = list(enumerate(node.items[: self.last], 1))
        elif node.kind == "map":
            pairs = [(self.loop(key), value) for key, value in node.pairs.values()]
            if from_start and "L1" not in node.pairs:
                self.wrong(node, "the series does not say what holds in L1", "begin with `L1: …`")
        if not pairs:
            self.wrong(node, "the series is empty")
        read = [(loop, parse(value), value) for loop, value in pairs]
        return sorted(
            ((loop, value, at) for loop, value, at in read if loop is not None and value is not None),
            key=lambda step: step[0],
        )

    def steps(self, node: Node | None, parse: Callable[[str], int], what: str) -> tuple[Step, ...]:
        """A series of scaled integers, one step per change."""
        steps: list[Step] = []
        for loop, value, _ in self.series(node, lambda at: self.read(at, parse, what)):
            if not steps or steps[-1].value != value:
                steps.append(Step(loop, value))
        return tuple(steps)


class Fields:
    """The known keys of one block."""

    def __init__(self, reader: Reader, node: Node | None, found: dict[str, Node]) -> None:
        self.reader = reader
        self.node = node
        self.found = found

    def get(self, name: str) -> Node | None:
        """The value of a key, or None."""
        return self.found.get(name)

    def need(self, name: str) -> Node | None:
        """The value of a key that must be there."""
        if name not in self.found and self.node is not None and self.node.kind == "map":
            self.reader.missing(self.node, name)
        return self.found.get(name)

    def one_of(
        self, names: Sequence[str], what: str, *, optional: bool = False, listed: str = ""
    ) -> str | None:
        """The one key of `names` that is there; none or several are a mistake (unknown keys explain none).
        `listed` tells where too many names to print are listed."""
        present = [name for name in self.found if name in names]
        if len(present) == 1:
            return present[0]
        whole = self.node is not None and len(self.node.pairs) == len(self.found)
        if self.node is not None and self.node.kind == "map" and (present or (whole and not optional)):
            known = "one word of its own" if listed else "one of " + ", ".join(f"`{name}`" for name in names)
            found = "found " + " and ".join(f"`{name}`" for name in present) if present else "found none"
            self.reader.wrong(self.node, f"{what} has exactly {known}; {found}", listed)
        return None
