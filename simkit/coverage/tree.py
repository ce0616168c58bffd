"""The table of fields as a tree, to walk a document by.

Comes in: `contract.fields.table`. Goes out: `Node`s. May import `contract`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simkit.contract.fields import ANY_KEY, ANY_ROW, Field, steps, table
from simkit.coverage.items import is_leaf


class Node:
    """One step of a path: the keys below it, what stands at every key or row, or the field that ends here."""

    __slots__ = ("below", "every", "field")

    def __init__(self) -> None:
        self.below: dict[str, Node] = {}
        self.every: Node | None = None
        self.field: Field | None = None


def grow() -> dict[str, Node]:
    """A new tree per surface, by stem."""
    root = Node()
    for pattern, field in table().items():
        if not is_leaf(field):
            continue
        node = root
        for step in steps(pattern):
            if step in (ANY_KEY, ANY_ROW):
                node.every = node.every or Node()
                node = node.every
            else:
                node = node.below.setdefault(step, Node())
        node.field = field
    return root.below


def entries(value: Any) -> Iterator[tuple[str | int, str, Any]]:
    """Key, name and value of each entry of a map or list; a row is named by symbol and side where it has
    them."""
    if type(value) is dict:
        for key, item in value.items():
            yield key, key, item
    elif type(value) is list:
        for index, item in enumerate(value):
            yield index, _row_name(index, item), item


def _row_name(index: int, item: Any) -> str:
    symbol = item.get("symbol") if type(item) is dict else None
    if type(symbol) is not str:
        return str(index)
    side = item.get("side")
    return f"{symbol}:{side}" if type(side) is str else symbol
