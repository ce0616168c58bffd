"""Which fields move in one run, and which words they take.

Comes in: the looks of a run, in order. Goes out: `Movement`. May import `contract`.

A number or flag moves when it takes two values at one place (one key, one row): two symbols with different
limits move nothing. A text moves when the texts of the field, all rows and keys together, are not those of
another loop: a name is its own place. Null is a value, absence is none. Memory is bounded by the size of one
tree.
"""

from __future__ import annotations

from typing import Any

from simkit.contract.look import Look
from simkit.contract.values import show
from simkit.coverage.items import word_of
from simkit.coverage.tree import Node, entries, grow

Value = float | int | bool | str | None
#: The one value that an unmoved field has at each place. A text has the one place `""` and there its texts.
Places = dict[str, Value]


class Movement:
    """Follows every field through a run. What has moved is not looked at again."""

    def __init__(self) -> None:
        self._trees = grow()
        self.moved: dict[str, None] = {}
        self.constant: dict[str, Places] = {}
        self.words: dict[str, None] = {}
        self._texts: dict[str, list[Value]] = {}

    def look(self, look: Look) -> None:
        """Take one loop; a document that is the object of the loop before tells nothing new."""
        before = look.before.docs if look.before is not None else {}
        for stem, node in self._trees.items():
            doc = look.docs.get(stem)
            if doc is not None and doc is not before.get(stem):
                self._walk(node, doc, "")
        for pattern, texts in self._texts.items():
            self._compare(pattern, "", ", ".join(sorted(frozenset(map(show, texts)))))
        self._texts.clear()

    def _walk(self, node: Node, value: Any, place: str) -> bool:
        """True when nothing below `node` can tell more."""
        if node.field is not None:
            return self._note(node, value, place)
        if type(value) is dict:
            for key in [key for key in node.below if key in value]:
                if self._walk(node.below[key], value[key], place):
                    del node.below[key]
        if node.every is not None:
            for _, name, item in entries(value):
                if self._walk(node.every, item, f"{place}[{name}]"):
                    node.every = None
                    break
        return not node.below and node.every is None

    def _note(self, node: Node, value: Any, place: str) -> bool:
        field = node.field
        if field is None or type(value) in (dict, list):
            return False
        pattern = field.pattern
        if value in field.choices:
            self.words[word_of(pattern, value)] = None
        if pattern not in self.moved:
            if field.kind == "text":
                self._texts.setdefault(pattern, []).append(value)
            else:
                self._compare(pattern, place, value)
        return pattern in self.moved and all(word_of(pattern, word) in self.words for word in field.choices)

    def _compare(self, pattern: str, place: str, value: Value) -> None:
        places = self.constant.setdefault(pattern, {})
        if places.setdefault(place, value) != value:
            self.moved[pattern] = None
            del self.constant[pattern]
