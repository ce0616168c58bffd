"""The JSON Schema: valid, in agreement with the compilers, and never the only one to see a mistake."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hypothesis import example, given, settings, strategies as st
from scenario_texts import DRAWDOWN, EVERYTHING, GHOST, HEAD, NAKED, mistakes

from simkit.core.errors import ScenarioError
from simkit.core.settings import Settings
from simkit.scenario.compile import Origin, compile_scenarios
from simkit.scenario.compile_settings import WORDS, groups
from simkit.scenario.document import Document
from simkit.scenario.document_types import keys
from simkit.scenario.schema import document_schema, errors
from simkit.scenario.yaml_nodes import compose

VALID = {"drawdown": DRAWDOWN, "ghost": GHOST, "naked": NAKED, "everything": EVERYTHING, "s": HEAD}


@pytest.mark.parametrize("name", VALID)
def test_schema_and_loader_agree_on_valid_documents(name: str) -> None:
    plain = compose(VALID[name].encode(), "a.yaml").plain()
    assert list(errors(plain)) == []
    assert jsonschema.Draft202012Validator(document_schema()).is_valid(plain)
    assert mistakes(VALID[name], stem=name) == []


def test_the_schema_is_a_draft_2020_12_schema_in_plain_json() -> None:
    schema = document_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_schema_says_nothing_about_null_or_tags() -> None:
    text = json.dumps(document_schema())
    assert '"null"' not in text
    assert '"default": null' not in text


def test_every_key_of_every_block_is_described() -> None:
    schema = document_schema()
    for name, part in schema["$defs"].items():
        assert part["description"], name
        for key, value in part["properties"].items():
            if name != "ColumnsDoc" and "$ref" not in value:
                assert value.get("description"), f"{name}.{key}"


def test_every_setting_is_in_the_schema_with_the_words_it_may_hold() -> None:
    executor = document_schema()["$defs"]["Document"]["properties"]["executor"]["properties"]
    assert set(executor) == {"legacy", *groups()}
    for name, part in groups().items():
        assert set(executor[name]["properties"]) == set(part.__struct_fields__)
    for group in groups():
        for key in msgspec.structs.asdict(getattr(Settings(), group)):
            value = executor[group]["properties"][key]
            if key in WORDS:
                inner = value.get("items") or value.get("additionalProperties") or value
                assert inner["enum"] == list(WORDS[key])


@pytest.mark.parametrize(
    ("block", "word"),
    [
        ("title: [x]", "found a list […], expected text"),
        ("tags: [{a: 1}]", "found a map {…}, expected text"),
        ("canary: 1", "found `1`, expected true or false"),
        ("executor: {limits: {max_concurrent: many}}", "found `many`, expected a number"),
        ("executor: {legacy: [[D-11]]}", "found a list […], expected a defect such as `D-11`"),
        ("venue: [ideal]", "found a list […], expected a map"),
        ("replay: {file: [x], symbols: SOLUSDT, outside: true}", "found a list […], expected text"),
        ("account: 5", "found `5`, expected a map"),
    ],
)
def test_a_wrong_type_is_named_in_plain_words(block: str, word: str) -> None:
    name = block.split(":")[0]
    head = "".join(line + "\n" for line in HEAD.splitlines() if not line.startswith(f"{name}:"))
    assert any(word in shown for shown in mistakes(head + block + "\n"))


# Whatever is written ---------------------------------------------------------------------------------------

WORDS_INSIDE = [
    "L3",
    "L3..L5",
    "always",
    "columns",
    "BTCUSDT",
    "BTCUSDT:LONG",
    "at",
    "qty",
    "random",
    "candles",
    "open",
    "limits",
    "legacy",
    "risk_mode",
    "anomalies",
    "INV-L04",
    "a",
    "deposit",
    "sync_down",
]
KEYS = sorted({*keys(Document), *WORDS_INSIDE})
SCALARS = st.sampled_from(
    [
        "1",
        "0",
        "-1",
        "1.5",
        "true",
        "no",
        "null",
        "~",
        "L3",
        "L3..",
        "5 %",
        "60 s",
        "none",
        "BTCUSDT:LONG",
        "'q'",
        "OK",
        "D-11",
        "1e400",
        "[",
        "{",
        "&a x",
        "*a",
        "!t x",
        "2025-01-06",
        "9e12345",
    ]
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs.items()) + "}"
        ),
    ),
    max_leaves=10,
)


def survives(data: bytes) -> None:
    """Compiling gives scenarios or a ScenarioError with places, and nothing else."""
    try:
        found = compile_scenarios(data, Origin("s.yaml", "", "s", Path("nowhere")))
    except ScenarioError as problem:
        assert problem.mistakes
        assert all(mistake.message for mistake in problem.mistakes)
    else:
        plain = compose(data, "s.yaml").plain()
        assert found
        assert list(errors(plain)) == []


@settings(deadline=None, derandomize=True, max_examples=120)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(keys(Document))), TREES), max_size=5, unique_by=lambda pair: pair[0]
    )
)
@example([("prices", "{BTCUSDT: {candles: {}}}"), ("account", "{nav: {}}")])
@example([("clock", "{start: 2025-01-06, loop: 1 s, loops: 3}"), ("seed", "9e12345")])
@example([("replay", "{file: '\\0', symbols: [x]}")])
def test_no_document_raises_anything_but_a_scenario_error(blocks: list[tuple[str, str]]) -> None:
    given_keys = {key for key, _ in blocks}
    head = [line for line in HEAD.splitlines() if line.split(":")[0] not in given_keys]
    survives("\n".join([*head, *(f"{key}: {value}" for key, value in blocks), ""]).encode())


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.one_of(st.binary(max_size=80), st.text(max_size=80).map(lambda t: t.encode("utf-8", "replace"))))
def test_no_bytes_raise_anything_but_a_scenario_error(data: bytes) -> None:
    survives(data)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.integers(0, len(EVERYTHING)),
    st.integers(0, 12),
    st.sampled_from(["", "x", ": ", "\t", "{", "]", "\n", "0", "-"]),
)
def test_a_damaged_document_raises_nothing_else_either(at: int, cut: int, put: str) -> None:
    survives((EVERYTHING[:at] + put + EVERYTHING[at + cut :]).encode())
