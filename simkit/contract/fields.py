"""The table of published fields, and the names by which an author may call them.

Comes in: the shapes of the contract; a field's name as written. Goes out: `Field` with unit, type and full
path, or the candidates; and the value of a field in a tree. May import msgspec and `contract`.

A full path is `stem.a.b`. A key of a map or a row of a list is selected in brackets:
`kpis_v7.per_symbol[BTCUSDT].pnl`, `positions_state.positions[BTCUSDT:LONG].qty` (a row answers to
SYMBOL:SIDE, its position_key, its symbol, or its number from 0). A pattern holds `[*]` for any key and `[]`
for any row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from simkit.contract.shapes.auxiliary import TpSlRegistryFile
from simkit.contract.table import IDENTITY_FIELDS, by_stem

Kind = Literal["object", "map", "list", "float", "int", "bool", "text"]
ANY_KEY: Final = "[*]"
ANY_ROW: Final = "[]"
_ANY: Final = (ANY_KEY, ANY_ROW)

_TOKEN = re.compile(r"(?:^|\.)([A-Za-z0-9_]+)|\[([^\[\]]*)\]")


class Field(Struct, frozen=True):
    """One node of a surface; `path` is `pattern` with the keys that the author chose.

    `unit` is that of `contract.units` (empty: none), `choices` are the words it may hold; `core` is false
    when the field, or something around it, may be left out.
    """

    path: str
    pattern: str
    kind: Kind
    unit: str = ""
    core: bool = True
    nullable: bool = False
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The last word of the path."""
        return self.pattern.replace(ANY_KEY, "").replace(ANY_ROW, "").rpartition(".")[2]


class Candidates(Struct, frozen=True):
    """A name that is no field's: either `ambiguous` (all that end so) or unknown (what comes close)."""

    written: str
    paths: tuple[str, ...]
    ambiguous: bool


class Missing:
    """The type of `MISSING`: the tree has no such value."""

    def __repr__(self) -> str:
        return "absent"


MISSING: Final = Missing()


@cache
def table() -> Mapping[str, Field]:
    """Every node of every surface, the registry and the engine metadata, by its pattern."""
    shapes: dict[str, type] = {stem: surface.shape for stem, surface in by_stem.items()}
    shapes["position_tp_sl"] = TpSlRegistryFile
    return {field.pattern: field for stem in sorted(shapes) for field in _below(stem, shapes[stem])}


def _below(stem: str, shape: type) -> Iterator[Field]:
    """The fields of one surface, outer before inner."""
    from msgspec import inspect

    root = inspect.type_info(shape)
    yield Field(stem, stem, "object")
    yield from _children(stem, root, True)


def _children(path: str, kind: Any, core: bool) -> Iterator[Field]:
    from msgspec import inspect

    if isinstance(kind, inspect.StructType):
        for part in kind.fields:
            yield from _node(f"{path}.{part.encode_name}", part.type, core and part.required)
    elif isinstance(kind, inspect.DictType):
        yield from _node(path + ANY_KEY, kind.value_type, False)
    elif isinstance(kind, inspect.ListType):
        yield from _node(path + ANY_ROW, kind.item_type, False)


def _node(path: str, kind: Any, core: bool) -> Iterator[Field]:
    """One field and what lies below it."""
    from msgspec import inspect

    nullable, unit = False, ""
    members = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    bare: Any = None
    for member in members:
        if isinstance(member, inspect.NoneType):
            nullable = True
        else:
            bare = member
    if isinstance(bare, inspect.Metadata):
        unit, bare = (bare.extra or {}).get("unit", ""), bare.type
    names: dict[type, Kind] = {
        inspect.StructType: "object",
        inspect.DictType: "map",
        inspect.ListType: "list",
        inspect.FloatType: "float",
        inspect.IntType: "int",
        inspect.BoolType: "bool",
    }
    choices = tuple(str(word) for word in bare.values) if isinstance(bare, inspect.LiteralType) else ()
    yield Field(path, path, names.get(type(bare), "text"), unit, core, nullable, choices)
    yield from _children(path, bare, core)


# Names -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def steps(path: str) -> tuple[str, ...]:
    """The steps of a path: `a.b[K].c` is a, b, [K], c. Raises ValueError when it is not well formed."""
    found, end = [], 0
    for match in _TOKEN.finditer(path):
        if match.start() != end:
            break
        found.append(match[1] if match[1] is not None else f"[{match[2]}]")
        end = match.end()
    if end != len(path) or not found:
        raise ValueError(f"{path!r} is not a path")
    return tuple(found)


def _join(parts: tuple[str, ...]) -> str:
    return "".join(part if part[0] == "[" else f".{part}" for part in parts).lstrip(".")


@cache
def _by_last_step() -> Mapping[str, tuple[tuple[tuple[str, ...], Field], ...]]:
    """Fields by the last step of their pattern, each with its steps."""
    grouped: dict[str, list[tuple[tuple[str, ...], Field]]] = {}
    for pattern, field in table().items():
        parts = steps(pattern)
        if len(parts) > 1:
            grouped.setdefault(parts[-1], []).append((parts, field))
    return {last: tuple(found) for last, found in grouped.items()}


def _fits(written: tuple[str, ...], pattern: tuple[str, ...], kind: Kind) -> bool:
    """True when the written steps name this pattern. Brackets select; in a map of plain values a word does
    so, too: `by_reason.max_concurrent`."""
    plain = kind not in ("object", "map", "list")
    return all(
        own == word
        or (own in _ANY and word[0] == "[")
        or (own == ANY_KEY and plain and 0 < at == len(written) - 1)
        for at, (word, own) in enumerate(zip(written, pattern, strict=True))
    )


@lru_cache(maxsize=4096)
def resolve(written: str) -> Field | Candidates:
    """The field that `written` names: a full path, or an ending that only one path has."""
    try:
        words = steps(written)
    except ValueError:
        return Candidates(written, (), False)
    if words[0][0] == "[":
        return Candidates(written, (), False)
    hits = []
    for last in dict.fromkeys((words[-1], *_ANY)):
        for pattern, field in _by_last_step().get(last, ()):
            if len(words) <= len(pattern) and _fits(words, pattern[-len(words) :], field.kind):
                if len(words) == len(pattern):
                    return _selected(field, words, pattern)
                hits.append((pattern, field))
    if len(hits) == 1:
        return _selected(hits[0][1], words, hits[0][0])
    if hits:
        return Candidates(written, tuple(sorted(_shown(pattern) for pattern, _ in hits)), True)
    return Candidates(written, _close(words), False)


def _selected(field: Field, words: tuple[str, ...], pattern: tuple[str, ...]) -> Field | Candidates:
    """The field with the written keys in its path; without a choice of each key it is no field yet."""
    head, tail = pattern[: -len(words)], pattern[-len(words) :]
    filled = tuple(
        (word if word[0] == "[" else f"[{word}]") if own in _ANY else own
        for word, own in zip(words, tail, strict=True)
    )
    path = (*head, *filled)
    if any(step in _ANY for step in path):
        return Candidates(_join(words), (_shown(path),), False)
    return msgspec.structs.replace(field, path=_join(path))


def _shown(pattern: tuple[str, ...]) -> str:
    return _join(pattern).replace(ANY_KEY, "[KEY]").replace(ANY_ROW, "[KEY]")


def _close(words: tuple[str, ...]) -> tuple[str, ...]:
    """Paths whose last word, or whole name, is close to what was written."""
    named = [word for word in words if word[0] != "["]
    known = {_shown(pattern): pattern for group in _by_last_step().values() for pattern, _ in group}
    exact = sorted(path for path, pattern in known.items() if pattern[-1] == named[-1])
    if exact:
        return tuple(
            sorted(exact, key=lambda path: (-len([word for word in named if word in path]), path))[:6]
        )
    last = get_close_matches(named[-1], sorted({pattern[-1] for pattern in known.values()}), n=2, cutoff=0.7)
    return tuple(sorted(path for path, pattern in known.items() if pattern[-1] in last))[:6]


def is_identity(field: Field) -> bool:
    """True for a value that differs between builds, hosts and runs."""
    return field.name in IDENTITY_FIELDS


# Values ----------------------------------------------------------------------------------------------------


def look_up(docs: Mapping[str, Any], path: str) -> Any:
    """The value of a full path in decoded documents (by stem), or `MISSING`. Never raises on any tree."""
    parts = steps(path)
    value: Any = docs.get(parts[0], MISSING)
    for step in parts[1:]:
        if step[0] == "[":
            value = _keyed(value, step[1:-1])
        else:
            value = value.get(step, MISSING) if isinstance(value, dict) else MISSING
        if value is MISSING:
            return MISSING
    return value


def _keyed(value: Any, key: str) -> Any:
    """The entry of a map, or the row of a list, that answers to `key`."""
    if isinstance(value, dict):
        return value.get(key, MISSING)
    if not isinstance(value, list):
        return MISSING
    for row in value:
        if isinstance(row, dict):
            symbol = row.get("symbol")
            if key in (row.get("position_key"), symbol) or f"{symbol}:{row.get('side')}" == key:
                return row
    if key.isascii() and key.isdigit() and len(key) < 9 and int(key) < len(value):
        return value[int(key)]
    return MISSING
