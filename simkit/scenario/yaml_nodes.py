"""YAML text to a graph of nodes that know their place.

Comes in: the bytes of one file. Goes out: the root `Node`, or the first broken place as a mistake. May import
`core`; ruamel.yaml is imported where it is used. ruamel only scans and parses; the graph is built here from
its events with a stack of our own, so that depth, size and aliases are bounded and nothing recurses. Scalars
follow the YAML 1.2 core schema: `no`, `on` and `2025-01-06` are text.
"""

from __future__ import annotations

import re
from typing import Any, Final, Literal, NoReturn

from simkit.core.errors import Mistake, ScenarioError

MAX_BYTES: Final = 1 << 20
MAX_DEPTH: Final = 50
MAX_NODES: Final = 50_000

Kind = Literal["map", "list", "text", "int", "float", "bool", "null"]

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Final[dict[str, tuple[Kind, object]]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), ("null", None)),
    **dict.fromkeys(("true", "True", "TRUE"), ("bool", True)),
    **dict.fromkeys(("false", "False", "FALSE"), ("bool", False)),
}


class Node:
    """One value of the document with its place, counted from 1.

    `text` is what the author wrote (scalars), `value` its plain value; `pairs` maps a key's text to the key
    and its value, in file order; `items` holds a list's elements. `size` and `height` count aliases in full.
    """

    __slots__ = ("column", "height", "items", "kind", "line", "pairs", "size", "text", "value")

    def __init__(self, kind: Kind, line: int, column: int, text: str = "", value: object = None) -> None:
        self.kind = kind
        self.line = line
        self.column = column
        self.text = text
        self.value = value
        self.pairs: dict[str, tuple[Node, Node]] = {}
        self.items: list[Node] = []
        self.size = 1
        self.height = 1

    @property
    def is_scalar(self) -> bool:
        """True for text, numbers, booleans and null."""
        return self.kind not in ("map", "list")

    def plain(self) -> Any:
        """The node as plain JSON values."""
        if self.kind == "map":
            return {key: value.plain() for key, (_, value) in self.pairs.items()}
        if self.kind == "list":
            return [item.plain() for item in self.items]
        return self.value

    def found(self) -> str:
        """What stands here, in plain words."""
        if self.kind == "map":
            return "a map {…}"
        if self.kind == "list":
            return "a list […]"
        if self.kind == "null":
            return "nothing"
        return f"`{self.text if len(self.text) <= 40 else self.text[:39] + '…'}`"


def scalar(text: str) -> tuple[Kind, object]:
    """Kind and value of an unquoted scalar (YAML 1.2 core schema); a number that no float holds is text."""
    known = _WORDS.get(text)
    if known is not None:
        return known
    if len(text) <= 40:
        if _INT.fullmatch(text):
            return "int", int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if _FLOAT.fullmatch(text):
            number = float(text)
            if number - number == 0.0:
                return "float", number
    return "text", text


def compose(data: bytes, file: str) -> Node:
    """The root node of a document. Raises ScenarioError with the first place that cannot be read."""
    text = _decoded(data, file)
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("%"):
            _refuse(
                file, number, 1, "a directive such as `%YAML` has no place in a scenario", "delete this line"
            )
        if line.strip() and not line.startswith("#"):
            break
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        root = _Builder(file).build(YAML(typ="safe", pure=True).parse(text))
    except YAMLError as problem:
        _refuse(file, *_place_and_words(problem, text))
    if root is None:
        _refuse(file, 1, 1, "the file is empty", "a scenario begins with `simkit: 1`")
    if root.kind != "map":
        _refuse(file, root.line, root.column, f"found {root.found()}, expected a map of keys such as `id: …`")
    return root


def _refuse(file: str, line: int, column: int, message: str, hint: str = "") -> NoReturn:
    raise ScenarioError([Mistake(file, line, column, message, hint)])


def _decoded(data: bytes, file: str) -> str:
    """The text of a file that is UTF-8, not too long and free of control characters."""
    if len(data) > MAX_BYTES:
        _refuse(file, 0, 0, f"the file holds {len(data)} bytes, more than 1 MiB",
                "keep recorded prices in a data file and name it under `replay:`")  # fmt: skip
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as problem:
        before = data[: problem.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        _refuse(file, before.count(b"\n") + 1, column, f"byte 0x{data[problem.start]:02x} is not UTF-8 text",
                "save the file as UTF-8")  # fmt: skip
    stray = _CONTROL.search(text)
    if stray is not None:
        at = stray.start()
        place = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        _refuse(file, *place, f"control character U+{ord(stray[0]):04X}", "is this another kind of file?")
    return text


_TAB = ("a tab is used where YAML wants spaces", "indent with spaces")
_PLAIN_WORDS = {
    "mapping values are not allowed here": (
        "a second `: ` in one value", "put the value in quotes, or the inner pair in braces {a: b}"),
    "could not find expected ':'": ("a key without `:`", "write `key: value`"),
    "found unexpected end of stream": ("a quote that is never closed", "close it with the same quote"),
}  # fmt: skip


def _place_and_words(problem: Any, text: str) -> tuple[int, int, str, str]:
    """Place, message and hint of a ruamel error."""
    mark = getattr(problem, "problem_mark", None) or getattr(problem, "context_mark", None)
    lines = text.split("\n")
    if mark is None:
        return 1, 1, "this is not YAML", str(problem).split("\n", 1)[0]
    line, column = mark.line + 1, mark.column + 1
    here = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in here[: len(here) - len(here.lstrip())] or here[mark.column : mark.column + 1] == "\t":
        return line, here.index("\t") + 1, *_TAB
    if re.match(r"\w\[", here[max(mark.column - 1, 0) :]):
        return line, column, "a name with `[` must be quoted inside braces", 'write {"positions[KEY].qty": 1}'
    said = str(getattr(problem, "problem", None) or problem)
    if said in _PLAIN_WORDS:
        return line, column, *_PLAIN_WORDS[said]
    context = str(getattr(problem, "context", None) or "")
    return line, column, f"this is not YAML: {said}", context


class _Builder:
    """Builds nodes from parser events; refuses what a scenario may not hold."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.anchors: dict[str, Node] = {}
        self.open_anchors: list[str | None] = []
        self.stack: list[
            tuple[Node, Node | None]
        ] = []  # the open collection and, in a map, the key that waits
        self.root: Node | None = None
        self.total = 0

    def build(self, events: Any) -> Node | None:
        """The root, or None for an empty stream."""
        documents = 0
        for event in events:
            kind = type(event).__name__
            line, column = event.start_mark.line + 1, event.start_mark.column + 1
            if kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    _refuse(self.file, line, column, "a second document begins here",
                            "one file holds one scenario; use `variants:` for more runs")  # fmt: skip
            elif kind == "AliasEvent":
                known = self.anchors.get(event.anchor)
                if known is None:
                    _refuse(self.file, line, column, f"`*{event.anchor}` is defined nowhere above",
                            f"mark the value with `&{event.anchor}` before it is used")  # fmt: skip
                self.place(known, line, column, count=known.size)
            elif kind == "ScalarEvent":
                self.refuse_tag(event, line, column)
                self.place(self.scalar_node(event, line, column), line, column, event.anchor)
            elif kind in ("MappingStartEvent", "SequenceStartEvent"):
                self.refuse_tag(event, line, column)
                self.stack.append((Node("map" if kind[0] == "M" else "list", line, column), None))
                self.open_anchors.append(event.anchor)
                if len(self.stack) > MAX_DEPTH:
                    _refuse(self.file, line, column, f"nested deeper than {MAX_DEPTH} levels")
            elif kind in ("MappingEndEvent", "SequenceEndEvent"):
                node, _ = self.stack.pop()
                self.place(node, node.line, node.column, self.open_anchors.pop())
        return self.root

    def refuse_tag(self, event: Any, line: int, column: int) -> None:
        if event.tag is not None:
            _refuse(self.file, line, column, f"the tag `{event.tag}` is unknown here",
                    "a scenario has no tags; put text in quotes instead")  # fmt: skip

    def scalar_node(self, event: Any, line: int, column: int) -> Node:
        """A scalar; an empty one stands where its key stands, not at the next word of the file."""
        if event.style is not None:
            return Node("text", line, column, event.value, event.value)
        if event.value == "" and self.stack:
            key = self.stack[-1][1]
            if key is not None:
                line, column = key.line, key.column
        kind, value = scalar(event.value)
        return Node(kind, line, column, event.value, value)

    def place(self, node: Node, line: int, column: int, anchor: str | None = None, count: int = 1) -> None:
        """Hang a complete node where it belongs; an alias counts all that it stands for."""
        if anchor is not None:
            self.anchors[anchor] = node
        self.total += count
        if self.total > MAX_NODES:
            _refuse(self.file, line, column, f"more than {MAX_NODES} values, aliases counted in full")
        if not self.stack:
            self.root = node
            return
        parent, key = self.stack[-1]
        if len(self.stack) + node.height > MAX_DEPTH:
            _refuse(self.file, line, column, f"nested deeper than {MAX_DEPTH} levels")
        parent.size += node.size
        parent.height = max(parent.height, node.height + 1)
        if parent.kind == "list":
            parent.items.append(node)
        elif key is None:
            self.stack[-1] = (parent, self.fresh_key(parent, node))
        else:
            parent.pairs[key.text] = (key, node)
            self.stack[-1] = (parent, None)

    def fresh_key(self, parent: Node, key: Node) -> Node:
        """The key, if it is a scalar that the map does not hold yet."""
        if not key.is_scalar:
            _refuse(self.file, key.line, key.column, f"a key must be a word, found {key.found()}")
        first = parent.pairs.get(key.text)
        if first is not None:
            _refuse(self.file, key.line, key.column, f"the key `{key.text}` stands here twice",
                    f"first in line {first[0].line}; keep one of them")  # fmt: skip
        return key
