"""The three sides that judge a document (two validators and the typed decoder), and documents to judge."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import jsonschema_rs
import msgspec
from msgspec import inspect

from simkit.contract.schemas import DOCUMENTS, schema

#: A document's name and its bytes.
Published = tuple[str, bytes]
Path = tuple[str | int, ...]

NAMES = {document.path: name for name, document in DOCUMENTS.items()}
INDEPENDENT = {name: jsonschema.Draft202012Validator(schema(name)) for name in DOCUMENTS}
FAST = {name: jsonschema_rs.Draft202012Validator(schema(name)) for name in DOCUMENTS}
DECODERS = {name: msgspec.json.Decoder(document.shape) for name, document in DOCUMENTS.items()}


def decodes(name: str, data: bytes) -> bool:
    """Whether the typed decoder takes the document."""
    try:
        DECODERS[name].decode(data)
    except msgspec.ValidationError:
        return False
    return True


def verdicts(name: str, doc: Any) -> set[bool]:
    """What the three say of a document; one member when they agree."""
    return {
        bool(INDEPENDENT[name].is_valid(doc)),
        bool(FAST[name].is_valid(doc)),
        decodes(name, msgspec.json.encode(doc)),
    }


# Documents -------------------------------------------------------------------------------------------------


def bare(kind: Any) -> tuple[Any, bool]:
    """A type without its unit and without null, and whether it may be null."""
    members = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    nullable = any(isinstance(member, inspect.NoneType) for member in members)
    found = next(member for member in members if not isinstance(member, inspect.NoneType))
    return (found.type if isinstance(found, inspect.Metadata) else found), nullable


def full(kind: Any) -> Any:
    """A value of a type with every field that it may have, one row in each list, one entry in each map."""
    kind, _ = bare(kind)
    if isinstance(kind, inspect.StructType):
        return {field.encode_name: full(field.type) for field in kind.fields}
    if isinstance(kind, inspect.DictType):
        return {"KEY": full(kind.value_type)}
    if isinstance(kind, inspect.ListType):
        return [full(kind.item_type)]
    if isinstance(kind, inspect.LiteralType):
        return kind.values[0]
    return {inspect.FloatType: 0.5, inspect.IntType: 3, inspect.BoolType: True, inspect.StrType: "x"}[
        type(kind)
    ]


@cache
def full_document(name: str) -> Any:
    """A document that holds everything it may hold; not to be changed."""
    return full(inspect.type_info(DOCUMENTS[name].shape))


def nodes(kind: Any, path: Path = ()) -> Iterator[tuple[Path, Any, bool]]:
    """Path, type and requiredness of every value in a full document, outer before inner."""
    kind, _ = bare(kind)
    if isinstance(kind, inspect.StructType):
        for field in kind.fields:
            here = (*path, field.encode_name)
            yield here, field.type, field.required
            yield from nodes(field.type, here)
    elif isinstance(kind, inspect.DictType | inspect.ListType):
        inner = kind.value_type if isinstance(kind, inspect.DictType) else kind.item_type
        here = (*path, "KEY" if isinstance(kind, inspect.DictType) else 0)
        yield here, inner, False
        yield from nodes(inner, here)


@cache
def nodes_of(name: str) -> list[tuple[Path, Any, bool]]:
    """The nodes of a document."""
    return list(nodes(inspect.type_info(DOCUMENTS[name].shape)))


def _holder(doc: Any, path: Path) -> Any:
    for step in path[:-1]:
        doc = doc[step]
    return doc


def without(doc: Any, path: Path) -> Any:
    """A copy that lacks one value."""
    changed = copy.deepcopy(doc)
    del _holder(changed, path)[path[-1]]
    return changed


def with_value(doc: Any, path: Path, value: Any) -> Any:
    """A copy with another value at one place."""
    changed = copy.deepcopy(doc)
    _holder(changed, path)[path[-1]] = value
    return changed


def json_types(kind: Any) -> set[str]:
    """The JSON types that a type takes."""
    kind, nullable = bare(kind)
    names = {
        inspect.StructType: {"object"},
        inspect.DictType: {"object"},
        inspect.ListType: {"array"},
        inspect.FloatType: {"integer", "number"},
        inspect.IntType: {"integer"},
        inspect.BoolType: {"boolean"},
        inspect.StrType: {"string"},
        inspect.LiteralType: {"string"},
    }
    return names[type(kind)] | ({"null"} if nullable else set())
