"""The JSON Schema of a scenario, for editors and for a first look at a document.

Comes in: nothing, or the root node of a document. Goes out: the schema (draft 2020-12), or mistakes with
their places. May import `core` and `scenario`; jsonschema-rs is imported where it is used.

The schema knows keys, types and words; what a text means is left to the compilers. Missing keys are noted
here, all else only where the compilers, who say it better, were silent.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from inspect import cleandoc
from typing import Any, Final

import msgspec

from simkit.core.legacy import LEGACY, PROFILES
from simkit.core.settings import Settings
from simkit.scenario.compile_settings import WORDS, groups, unit_of
from simkit.scenario.document import Document
from simkit.scenario.reading import Reader
from simkit.scenario.yaml_nodes import Node

#: An error that the compilers are expected to note: its node, our words, and whether they note it there.
Left = tuple[Node, str, bool]
_TYPES: Final = {
    "object": "a map",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}


@cache
def document_schema() -> dict[str, Any]:
    """The schema of a scenario document; a plain dict, not to be changed."""
    schema: dict[str, Any] = msgspec.json.schema(Document)
    for name, part in schema["$defs"].items():
        part["title"] = name.removesuffix("Doc")
        _tidy(part)
    document = schema["$defs"]["Document"]
    for block in (document, schema["$defs"]["VariantDoc"]):
        block["properties"]["executor"] |= _executor(with_legacy=True)
    schema["$defs"]["EventDoc"]["properties"]["settings"] |= _executor(with_legacy=False)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "simkit scenario", **schema}


def _tidy(part: Any) -> None:
    """Drop what msgspec says beyond the document: nulls, empty defaults, unions of plain types as `anyOf`."""
    if isinstance(part, list):
        for item in part:
            _tidy(item)
        return
    if not isinstance(part, dict):
        return
    if not part.get("default", True) or part.get("default") == "none":
        del part["default"]
    members = [member for member in part.pop("anyOf", ()) if member != {"type": "null"}]
    if members and all(set(member) == {"type"} for member in members):
        part["type"] = [member["type"] for member in members]
    elif len(members) == 1:
        part |= {**members[0], **part}
    elif members:
        part["anyOf"] = members
    for value in part.values():
        _tidy(value)


def _executor(*, with_legacy: bool) -> dict[str, Any]:
    """The schema of `core.settings.Settings` in the units of the document."""
    defaults = Settings()
    properties: dict[str, Any] = {}
    if with_legacy:
        properties["legacy"] = {
            "anyOf": [
                {"type": "string", "enum": list(PROFILES)},
                {"type": "array", "items": {"type": "string", "enum": [*LEGACY, *PROFILES]}},
            ],
            "description": "Old defects to show again, or `v7.6` for all of them.",
        }
    for name, part in groups().items():
        base = getattr(defaults, name)
        properties[name] = {
            "type": "object",
            "additionalProperties": False,
            "description": cleandoc(part.__doc__ or ""),
            "properties": {key: _setting(key, getattr(base, key)) for key in part.__struct_fields__},
        }
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _setting(name: str, default: Any) -> dict[str, Any]:
    if isinstance(default, bool):
        return {"type": "boolean", "default": default}
    if isinstance(default, tuple):
        return {
            "type": "array",
            "items": {"type": "string", **({"enum": list(WORDS[name])} if name in WORDS else {})},
        }
    if isinstance(default, dict):
        word = {"type": "string", "enum": list(WORDS[name])} if name in WORDS else None
        return {"type": "object", "additionalProperties": word or {"type": ["number", "string"]}}
    if isinstance(default, str):
        return {"type": "string", "enum": list(WORDS[name])}
    if isinstance(default, int):
        return {"type": "integer", "minimum": 0}
    unit = unit_of(name)
    what = {
        "fraction": "A fraction, `20 %`.",
        "duration": "A duration, `90 s`.",
        "money": "Money, `500 USD`.",
    }
    return {"type": ["number", "string"], **({"description": what[unit]} if unit else {})}


# Validation ------------------------------------------------------------------------------------------------


@cache
def _validator() -> Any:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(document_schema())


def errors(document: Any) -> Iterator[tuple[list[str | int], list[str | int], str]]:
    """Every error of a plain document: instance path, schema path, the engine's own words."""
    for error in _validator().iter_errors(document):
        yield list(error.instance_path), list(error.schema_path), str(error.message)


def check(reader: Reader, root: Node) -> list[Left]:
    """Note the mistakes that the schema finds, each at its place; hand back what compilers say better."""
    left: list[Left] = []
    for where, rule, words in errors(root.plain()):
        keyword = str(rule[-1])
        node, part = _node_at(root, where), _schema_at(rule[:-1])
        if keyword == "required":
            for name in part["required"]:
                if name not in node.pairs:
                    reader.missing(node, name)
        elif keyword == "additionalProperties":
            unknown = [key for name, (key, _) in node.pairs.items() if name not in part["properties"]]
            left += [(key, f"unknown key `{key.text[:40]}`", True) for key in unknown]
        elif keyword == "type":
            left.append((node, f"found {node.found()}, expected {_named(part['type'])}", True))
        elif keyword == "enum":
            left.append((node, f"found {node.found()}, expected {_alternatives(part['enum'])}", True))
        else:
            left.append((node, words, False))
    return left


def settle(reader: Reader, left: list[Left]) -> None:
    """Note what was left to the compilers and they had nothing to say about."""
    for node, message, at_place in left:
        if not reader.has_mistake(node if at_place else None):
            quoted = node.kind in ("int", "float", "bool") and message.endswith("expected text")
            reader.wrong(node, message, "put it in quotes" if quoted else "")


def _alternatives(words: list[object]) -> str:
    known = [str(word) for word in words]
    return f"`{known[0]}`" if len(known) == 1 else "one of " + ", ".join(f"`{word}`" for word in known)


def _named(types: str | list[str]) -> str:
    return " or ".join(_TYPES[name] for name in ([types] if isinstance(types, str) else types))


def _node_at(root: Node, path: list[str | int]) -> Node:
    node = root
    for step in path:
        node = node.items[step] if isinstance(step, int) else node.pairs[step][1]
    return node


def _schema_at(path: list[str | int]) -> dict[str, Any]:
    """The part of the schema that an error's path leads to."""
    part: Any = document_schema()
    for step in path:
        if step == "$ref" and isinstance(part, dict) and isinstance(part.get("$ref"), str):
            part = document_schema()["$defs"][part["$ref"].rpartition("/")[2]]
        else:
            part = part[step]
    return dict(part)
