"""The shipped schemas: current, valid, complete, and each number with its unit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

import jsonschema
import pytest

from simkit.contract import fields, schemas
from simkit.contract.schemas import DOCUMENTS
from simkit.contract.table import MANIFEST_PATH, REGISTRY_PATH, by_stem, manifest
from simkit.contract.units import QUANTUM

AGAIN = "write the files anew: python -m simkit.contract.schemas"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_shipped_file_is_the_generated_one(name: str) -> None:
    assert schemas.shipped(name) == schemas.text(name), AGAIN


def test_there_is_a_file_for_each_document_and_no_other() -> None:
    folder = resources.files("simkit.contract").joinpath(schemas.FOLDER)
    assert {entry.name for entry in folder.iterdir()} == {schemas.file_name(name) for name in DOCUMENTS}, (
        AGAIN
    )


def test_every_surface_of_the_table_and_what_stands_beside_them_has_a_schema() -> None:
    paths = {document.path for document in DOCUMENTS.values()}
    assert paths == {surface.path for surface in by_stem.values()} | {REGISTRY_PATH, MANIFEST_PATH}
    assert len([d for d in DOCUMENTS.values() if d.id.startswith("S")]) == 11


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_is_a_valid_schema_that_says_what_it_describes(name: str) -> None:
    schema = json.loads(schemas.shipped(name))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:simkit:contract:v7.6:{name}"
    assert schema["title"] == DOCUMENTS[name].path
    assert schema["description"].startswith(DOCUMENTS[name].description)


def test_the_ids_differ() -> None:
    assert len({schemas.schema(name)["$id"] for name in DOCUMENTS}) == len(DOCUMENTS)


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object in a schema."""
    if isinstance(schema, dict):
        yield schema
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from parts(inner)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_number_says_its_unit_and_its_grain(name: str) -> None:
    for part in parts(schemas.schema(name)):
        kinds = part.get("type")
        if {"number", "integer"} & set(kinds if isinstance(kinds, list) else [kinds]):
            assert part["description"]
            assert part.get("x-quantum") == QUANTUM[part["x-unit"]]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_object_is_closed(name: str) -> None:
    assert all(part.get("additionalProperties") is not False for part in parts(schemas.schema(name)))


def at(schema: dict[str, Any], pattern: str) -> dict[str, Any]:
    """The part of a schema that describes the field of a pattern."""
    part = schema
    for step in fields.steps(pattern)[1:]:
        if step == fields.ANY_KEY:
            part = part["additionalProperties"]
        elif step == fields.ANY_ROW:
            part = part["items"]
        else:
            part = part["properties"][step]
        part = next((member for member in part.get("anyOf", ()) if "$ref" in member), part)
        if "$ref" in part:
            part = schema["$defs"][part["$ref"].rpartition("/")[2]]
    return part


@pytest.mark.parametrize("pattern", [pattern for pattern, field in fields.table().items() if field.unit])
def test_the_unit_is_that_of_the_field_table(pattern: str) -> None:
    field = fields.table()[pattern]
    part = at(schemas.schema(fields.steps(pattern)[0]), pattern)
    assert part["x-unit"] == field.unit
    assert ("null" in part["type"]) == field.nullable


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("risk_snapshot", "risk_snapshot"),
        ("S7", "risk_snapshot"),
        ("s7", "risk_snapshot"),
        ("symbol_scores", "symbol_scores_v6"),
        ("runtime_diagnostics", "diagnostics"),
        ("logs/state/nav.json", "nav"),
        ("AUX-2", "v7_manifest"),
    ],
)
def test_a_document_answers_to_each_of_its_names(word: str, name: str) -> None:
    found = schemas.named(word)
    assert found is not None
    assert found.name == name


def test_an_unknown_name_is_none() -> None:
    assert schemas.named("S12") is None
    assert schemas.named("") is None


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({}, True),
        ({"path": "logs/state/signals.json", "owner": "watcher", "description": "Mine"}, True),
        ({"path": "logs/state/signals.json", "owner": "watcher", "description": ""}, False),
        ({"path": "logs/state/signals.json", "owner": "watcher"}, False),
        ({"path": "a.json", "owner": "a", "description": "b", "update_frequency": "per_day"}, False),
    ],
)
def test_the_manifest_takes_a_surface_of_the_users_own(change: dict[str, str], accepted: bool) -> None:
    found = manifest()
    if change:
        found["state_files"]["signals"] = change
    assert jsonschema.Draft202012Validator(schemas.schema("v7_manifest")).is_valid(found) == accepted
