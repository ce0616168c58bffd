"""Every place where a document does not fit its shape (INV-G16, INV-G18), found by walking it once.

Comes in: a decoded document and its Struct. Goes out: path, value and message of each fault. May import
msgspec.

Used only after the fast typed decode has refused a file. Words of a vocabulary count as text here: which
words are allowed is for other rules (INV-R02, INV-R03, INV-P02, INV-H03).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from msgspec import inspect

from simkit.contract.values import show

Fault = tuple[str, str, str]
_NAMES: dict[type, str] = {
    inspect.StructType: "an object",
    inspect.DictType: "an object",
    inspect.ListType: "an array",
    inspect.FloatType: "a number",
    inspect.IntType: "an integer",
    inspect.BoolType: "a boolean",
    inspect.StrType: "text",
    inspect.LiteralType: "text",
    inspect.NoneType: "null",
}


@cache
def _info(shape: type) -> Any:
    return inspect.type_info(shape)


def shape_faults(doc: object, shape: type) -> list[Fault]:
    """All faults of `doc` against `shape`, in document order; empty when only words of a vocabulary
    differ."""
    out: list[Fault] = []
    _walk(doc, _info(shape), "", out)
    return out


def _walk(value: Any, kind: Any, path: str, out: list[Fault]) -> None:
    if isinstance(kind, inspect.Metadata):
        kind = kind.type
    if isinstance(kind, inspect.UnionType):
        _union(value, kind, path, out)
    elif isinstance(kind, inspect.StructType) and type(value) is dict:
        _struct(value, kind, path, out)
    elif isinstance(kind, inspect.DictType) and type(value) is dict:
        for key, item in value.items():
            _walk(item, kind.value_type, f"{path}[{key}]", out)
    elif isinstance(kind, inspect.ListType) and type(value) is list:
        for index, item in enumerate(value):
            _walk(item, kind.item_type, f"{path}[{index}]", out)
    elif not _fits(value, kind):
        out.append((path, show(value), f"must be {_name(kind)}"))


def _struct(value: dict[str, Any], kind: Any, path: str, out: list[Fault]) -> None:
    for part in kind.fields:
        place = f"{path}.{part.encode_name}" if path else part.encode_name
        if part.encode_name in value:
            _walk(value[part.encode_name], part.type, place, out)
        elif part.required:
            out.append((place, "absent", "is missing"))


def _union(value: Any, kind: Any, path: str, out: list[Fault]) -> None:
    members = [m.type if isinstance(m, inspect.Metadata) else m for m in kind.types]
    if value is None and any(isinstance(m, inspect.NoneType) for m in members):
        return
    named = [m for m in members if not isinstance(m, inspect.NoneType)]
    if len(named) == 1 and value is not None:
        _walk(value, named[0], path, out)
    elif not any(_fits(value, m) for m in members):
        out.append((path, show(value), f"must be {' or '.join(_name(m) for m in members)}"))


def _fits(value: Any, kind: Any) -> bool:
    found = type(value)
    if isinstance(kind, inspect.FloatType):
        return found is float or found is int
    if isinstance(kind, inspect.IntType):
        return found is int and (kind.ge is None or value >= kind.ge)
    if isinstance(kind, inspect.BoolType):
        return found is bool
    if isinstance(kind, inspect.StrType | inspect.LiteralType):
        return found is str
    if isinstance(kind, inspect.NoneType):
        return value is None
    return False


def _name(kind: Any) -> str:
    name = _NAMES.get(type(kind), type(kind).__name__)
    return f"{name} >= {kind.ge}" if isinstance(kind, inspect.IntType) and kind.ge is not None else name
