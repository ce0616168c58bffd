"""Deltas: small, and exactly invertible for every JSON document."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st

from simkit.core.canon import decode, encode_sorted
from simkit.core.clock import epoch_s, iso
from simkit.golden.delta import DEPTH, apply, diff, elide, restore

NOW = 1_736_121_600_000_000
EPOCH = epoch_s(NOW)

WORDS = st.sampled_from(["", "a", "b", "@", "@@", "@s", "@x", "=", "-", "#", "~", "~=", "0", "1", iso(NOW)])
TEXT = WORDS | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
NUMBERS = st.sampled_from([0, 1, -1, 0.0, -0.0, 1.0, EPOCH, int(EPOCH), 10**25]) | st.floats(
    allow_nan=False, allow_infinity=False
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = settings(deadline=None, derandomize=True, max_examples=120)


def same(old: Any, new: Any) -> bool:
    return encode_sorted(old) == encode_sorted(new)


@DOCUMENTS
@given(JSON, JSON)
@example({"a": 1}, {"a": 1.0})
@example({"a": True}, {"a": 1})
@example({"a": 0.0}, {"a": -0.0})
@example({"=": 1, "-": [1], "#": 0}, {"=": 2, "-": [], "~": 0})
@example([1, 2, 3], [1])
@example([{}], {"0": {}})
def test_the_delta_applied_to_the_old_gives_the_new(old: Any, new: Any) -> None:
    before = encode_sorted(old)
    differs, delta = diff(old, new)
    assert differs == (not same(old, new))
    if differs:
        through_a_file = decode(encode_sorted(delta))
        assert same(apply(old, through_a_file), new)
        assert encode_sorted(old) == before


@DOCUMENTS
@given(JSON)
@example({"@": "@", "t": iso(NOW), "e": EPOCH, "i": int(EPOCH)})
def test_the_elided_document_gives_back_the_document(value: Any) -> None:
    assert same(restore(decode(encode_sorted(elide(value, NOW))), NOW), value)


@pytest.mark.parametrize("ts", [0, 1, NOW])
def test_zero_keeps_its_sign_at_any_time(ts: int) -> None:
    value = [0.0, -0.0, 0, epoch_s(ts), iso(ts)]
    assert same(restore(elide(value, ts), ts), value)


def test_a_time_that_is_always_the_loops_own_is_no_change() -> None:
    later = NOW + 60_000_000
    first = elide({"updated_ts": iso(NOW), "at": epoch_s(NOW), "nav": 1.0}, NOW)
    second = elide({"updated_ts": iso(later), "at": epoch_s(later), "nav": 1.0}, later)
    assert diff(first, second) == (False, None)


def test_only_what_changed_is_told() -> None:
    old = {"a": [{"x": 1, "y": 2}, {"x": 3}], "b": 1, "c": {"d": 1}}
    new = {"a": [{"x": 1, "y": 5}, {"x": 3}], "c": {"d": [1]}, "e": {}}
    assert diff(old, new) == (
        True,
        {"a": {"0": {"y": 5}}, "c": {"d": {"=": [1]}}, "e": {"=": {}}, "-": ["b"]},
    )


def test_a_list_tells_its_new_length() -> None:
    assert diff([1, 2], [1]) == (True, {"#": 1})
    assert diff([1], [1, [2]]) == (True, {"#": 2, "1": {"=": [2]}})


@pytest.mark.parametrize(
    ("old", "delta"),
    [
        ({"a": 1}, {"-": ["b"]}),
        ({"a": 1}, {"a": {"b": 1}}),
        ([1], {"5": 1}),
        ([1], {"x": 1}),
        (1, {"a": 1}),
        (None, {"0": 1}),
    ],
)
def test_a_delta_that_does_not_fit_is_refused(old: Any, delta: Any) -> None:
    with pytest.raises(ValueError, match=r"change|literal"):
        apply(old, delta)


def test_a_document_may_be_as_deep_as_the_limit() -> None:
    value: Any = 1
    for _ in range(DEPTH):
        value = [value]
    assert restore(elide(value, NOW), NOW) == value
    with pytest.raises(ValueError, match="levels"):
        elide([value], NOW)
