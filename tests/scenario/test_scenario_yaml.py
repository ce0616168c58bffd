"""Bytes to nodes: places, YAML 1.2 scalars, and everything that a scenario may not hold."""

from __future__ import annotations

import pytest

from simkit.core.errors import ScenarioError
from simkit.scenario.yaml_nodes import MAX_BYTES, MAX_DEPTH, MAX_NODES, compose, scalar


def refused(data: str | bytes) -> str:
    """The one mistake of a text that is no document, as `file:line:column: message` and hint."""
    with pytest.raises(ScenarioError) as caught:
        compose(data.encode() if isinstance(data, str) else data, "a.yaml")
    (mistake,) = caught.value.mistakes
    return mistake.text()


def test_every_key_and_value_knows_its_line_and_column() -> None:
    root = compose(b"a: 1\nbc:\n  - x\n  - {k: 2}\n", "a.yaml")
    key, value = root.pairs["bc"]
    assert (key.line, key.column) == (2, 1)
    assert (value.line, value.column) == (3, 3)
    assert (value.items[0].line, value.items[0].column) == (3, 5)
    inner_key, inner = value.items[1].pairs["k"]
    assert (inner_key.line, inner_key.column, inner.line, inner.column) == (4, 6, 4, 9)


def test_an_empty_value_stands_at_its_key() -> None:
    _, value = compose(b"a: 1\nb:\nc: 2\n", "a.yaml").pairs["b"]
    assert (value.kind, value.line, value.column) == ("null", 2, 1)


@pytest.mark.parametrize("word", ["no", "No", "NO", "on", "off", "yes", "y", "n", "None", "nil"])
def test_there_is_no_norway_problem(word: str) -> None:
    assert scalar(word) == ("text", word)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("true", "bool", True),
        ("False", "bool", False),
        ("null", "null", None),
        ("~", "null", None),
        ("", "null", None),
        ("12", "int", 12),
        ("-007", "int", -7),
        ("0x1f", "int", 31),
        ("0o17", "int", 15),
        ("1.5", "float", 1.5),
        (".5", "float", 0.5),
        ("1e3", "float", 1000.0),
        ("1e999", "text", "1e999"),
        (".inf", "text", ".inf"),
        (".nan", "text", ".nan"),
        ("1_000", "text", "1_000"),
        ("12:30", "text", "12:30"),
        ("2025-01-06", "text", "2025-01-06"),
        ("2025-01-06T00:00:00Z", "text", "2025-01-06T00:00:00Z"),
        ("9" * 41, "text", "9" * 41),
    ],
)
def test_scalars_follow_the_core_schema(text: str, kind: str, value: object) -> None:
    assert scalar(text) == (kind, value)


def test_quoted_scalars_are_text() -> None:
    root = compose(b"a: 'true'\nb: \"12\"\n", "a.yaml")
    assert root.plain() == {"a": "true", "b": "12"}


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    root = compose(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "a.yaml")
    assert root.plain() == {"a": 1, "b": 2}
    assert (root.pairs["b"][0].line, root.pairs["b"][0].column) == (2, 1)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ("", "a.yaml:1:1: the file is empty\n    a scenario begins with `simkit: 1`"),
        ("# only a comment\n", "a.yaml:1:1: the file is empty\n    a scenario begins with `simkit: 1`"),
        ("- a\n", "a.yaml:1:1: found a list […], expected a map of keys such as `id: …`"),
        ("a:\n\t- b\n", "a.yaml:2:1: a tab is used where YAML wants spaces\n    indent with spaces"),
        ("a: {\n \tb: @}\n", "a.yaml:2:2: a tab is used where YAML wants spaces\n    indent with spaces"),
        (
            "a: 1\nb: 2\na: 3\n",
            "a.yaml:3:1: the key `a` stands here twice\n    first in line 1; keep one of them",
        ),
        (
            "x: {a: 1, a: 2}\n",
            "a.yaml:1:11: the key `a` stands here twice\n    first in line 1; keep one of them",
        ),
        (
            "a: !!str 1\n",
            (
                "a.yaml:1:4: the tag `tag:yaml.org,2002:str` is unknown here\n"
                "    a scenario has no tags; put text in quotes instead"
            ),
        ),
        (
            "a: !python/object x\n",
            (
                "a.yaml:1:4: the tag `!python/object` is unknown here\n"
                "    a scenario has no tags; put text in quotes instead"
            ),
        ),
        (
            "# note\n%YAML 1.1\n---\na: 1\n",
            "a.yaml:2:1: a directive such as `%YAML` has no place in a scenario\n    delete this line",
        ),
        (
            "a: 1\n---\nb: 2\n",
            (
                "a.yaml:2:1: a second document begins here\n"
                "    one file holds one scenario; use `variants:` for more runs"
            ),
        ),
        (
            "a: *b\n",
            "a.yaml:1:4: `*b` is defined nowhere above\n    mark the value with `&b` before it is used",
        ),
        (
            "a: &b [*b]\n",
            "a.yaml:1:8: `*b` is defined nowhere above\n    mark the value with `&b` before it is used",
        ),
        ("[x]: 1\n", "a.yaml:1:1: a key must be a word, found a list […]"),
        (
            "a: b: c\n",
            (
                "a.yaml:1:5: a second `: ` in one value\n"
                "    put the value in quotes, or the inner pair in braces {a: b}"
            ),
        ),
        ("a: 'x\n", "a.yaml:2:1: a quote that is never closed\n    close it with the same quote"),
        ("a: b\nc\n", "a.yaml:3:1: a key without `:`\n    write `key: value`"),
        (
            "e: {p[K].q: 1}\n",
            'a.yaml:1:6: a name with `[` must be quoted inside braces\n    write {"positions[KEY].qty": 1}',
        ),
        (b"a: 1\nb: \xff\n", "a.yaml:2:4: byte 0xff is not UTF-8 text\n    save the file as UTF-8"),
        (b"a: \x00\n", "a.yaml:1:4: control character U+0000\n    is this another kind of file?"),
        (b"\x89PNG\r\n\x1a\n", "a.yaml:1:1: byte 0x89 is not UTF-8 text\n    save the file as UTF-8"),
    ],
)
def test_what_is_refused_is_shown_with_its_place(data: str | bytes, shown: str) -> None:
    assert refused(data) == shown


def test_a_billion_laughs_are_counted_not_built() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert refused("\n".join(lines)) == "a.yaml:5:25: more than 50000 values, aliases counted in full"


def test_a_few_aliases_are_fine() -> None:
    root = compose(b"a: &x {k: 1}\nb: *x\nc: [*x, *x]\n", "a.yaml")
    assert root.plain() == {"a": {"k": 1}, "b": {"k": 1}, "c": [{"k": 1}, {"k": 1}]}


def test_depth_is_bounded_just_outside_and_not_just_inside() -> None:
    inside, outside = MAX_DEPTH - 2, MAX_DEPTH - 1
    assert compose(f"a: {'[' * inside}x{']' * inside}".encode(), "a.yaml").height == MAX_DEPTH
    assert "nested deeper than 50 levels" in refused(f"a: {'[' * outside}x{']' * outside}")
    assert "nested deeper than 50 levels" in refused("a: " + "[" * 2_000)


def test_depth_counts_what_an_alias_brings() -> None:
    half = "[" * 26 + "x" + "]" * 26
    assert "nested deeper than 50 levels" in refused(f"a: &h {half}\nb: {'[' * 25}*h{']' * 25}")


def test_length_and_number_of_values_are_bounded() -> None:
    assert refused(b"#" * (MAX_BYTES + 1)).startswith("a.yaml: the file holds 1048577 bytes, more than 1 MiB")
    hundred = "[" + ", ".join("x" * 99) + "]"
    inside = compose(f"a: &x {hundred}\nb: [{', '.join(['*x'] * 498)}]\n".encode(), "a.yaml")
    assert MAX_NODES - 100 < inside.size <= MAX_NODES
    assert "more than 50000 values" in refused(f"a: &x {hundred}\nb: [{', '.join(['*x'] * 500)}]\n")
