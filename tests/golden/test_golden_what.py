"""What kind of change it was: the word is true of every pair, and missing where it is not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from simkit.golden.difference import place_of
from simkit.golden.values import ABSENT, at, join, parts
from simkit.golden.what import Pairs, What

FINE = st.integers(-(10**9), 10**9).map(lambda n: n / 1e6)


def what_of(*pairs: tuple[Any, Any]) -> What:
    found = Pairs()
    found.later = found.earlier = False
    for loop, (old, new) in enumerate(pairs, 1):
        found.add(loop, old, new)
    return found.what()


@pytest.mark.parametrize(
    ("pairs", "text"),
    [
        ([(0.1234567, 0.123457)], "rounded to 6 places"),
        ([(0.98, 1.0)], "value changed"),
        ([(0.98, 1.0), (1.02, 1.0), (2.04, 2.0)], "rounded to 0 places"),
        ([(0.26, 0.2), (1.24, 1.2), (3.11, 3.1)], "value changed"),
        ([(0.05, 5.0)], "scaled by 100"),
        ([(2.0, 3.0)], "value changed"),
        ([(2.0, 3.0), (4.0, 6.0)], "scaled by 1.5"),
        ([(2.0, 3.0), (4.0, 6.1)], "value changed"),
        ([(2.0, 3.0), (2.5, 3.5)], "offset +1"),
        ([(2.0, 1.75), (2.5, 2.25)], "offset -0.25"),
        ([(3, 5), (4, 7)], "value changed"),
        ([(1.5, -1.5)], "sign flipped"),
        ([(1.5, -1.5), (2.0, 2.5)], "value changed"),
        ([(ABSENT, 1)], "key added"),
        ([(1, ABSENT), ("x", ABSENT)], "key removed"),
        ([(1, ABSENT), (1, 2)], "value changed"),
        ([(1.0, "1.0")], "type changed: number -> text"),
        ([(None, 1.0)], "type changed: null -> number"),
        ([("OK", "WARN"), ("WARN", "OK")], "text changed"),
        ([(True, False)], "value changed"),
    ],
)  # fmt: skip
def test_the_word_says_what_happened(pairs: list[tuple[Any, Any]], text: str) -> None:
    assert what_of(*pairs).text == text


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(FINE, min_size=3, max_size=12, unique=True), st.integers(0, 5))
def test_a_rounding_is_told_with_its_places(olds: list[float], places: int) -> None:
    pairs = [(old, round(old, places)) for old in olds if round(old, places) != old]
    found = what_of(*pairs) if len(pairs) > 2 else None
    if found is not None and any(new != -old for old, new in pairs):
        assert found.word == "rounded"
        assert found.low <= places
        for old, new in pairs:
            assert abs(old - new) <= 0.5 * 10**-found.low * (1 + 1e-9)


@settings(deadline=None, derandomize=True, max_examples=50)
@given(
    st.lists(FINE.filter(lambda n: abs(n) > 1), min_size=3, max_size=12, unique=True), st.integers(-400, 400)
)
def test_an_offset_is_told_and_holds_for_every_pair(olds: list[float], hundredths: int) -> None:
    by = hundredths / 100
    pairs = [(old, round(old + by, 6)) for old in olds]
    found = what_of(*pairs)
    if by and found.word == "offset":
        assert abs(float(found.detail) - by) <= 2e-6
    else:
        assert not by or found.word in ("rounded", "scaled")


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(st.tuples(FINE, FINE), min_size=1, max_size=8))
def test_no_word_is_given_that_is_not_true_of_all_pairs(pairs: list[tuple[float, float]]) -> None:
    pairs = [(old, new) for old, new in pairs if old != new] or [(0.0, 1.0)]
    found = what_of(*pairs)
    for old, new in pairs:
        if found.word == "scaled":
            assert abs(new - float(found.detail) * old) <= 2e-6 * (1 + abs(float(found.detail)))
        elif found.word == "offset":
            assert abs(new - old - float(found.detail)) <= 2e-6
        elif found.word == "rounded":
            assert abs(new - old) <= 0.5 * 10**-found.low * (1 + 1e-9)


def test_roundings_join_where_both_may_be_the_same_one() -> None:
    six, two = What("rounded", "", 6, 8), What("rounded", "", 2, 6)
    assert six.joined(two) == What("rounded", "", 6, 6)
    assert six.joined(What("rounded", "", 2, 5)) is None
    assert What("offset", "+1").joined(What("offset", "+2")) is None


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("positions[12].qty", "positions[].qty"),
        ("entries.BTCUSDT:LONG.tp", "entries.*.tp"),
        ("per_symbol.BTCUSDT.x", "per_symbol.*.x"),
        ("counts.NORMAL", "counts.NORMAL"),
        ("per_symbol.btc", "per_symbol.btc"),
    ],
)
def test_places_lose_indices_and_symbols_but_no_names(path: str, place: str) -> None:
    assert place_of(path) == place


KEYS = st.text('ab.[]"\\ é', max_size=4)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.one_of(KEYS, st.integers(0, 3)), max_size=4))
def test_every_path_is_read_back(steps: list[str | int]) -> None:
    path, value = "", 7
    for step in steps:
        path = f"{path}[{step}]" if isinstance(step, int) else join(path, step)
    document: Any = value
    for step in reversed(steps):
        document = [None] * step + [document] if isinstance(step, int) else {step: document}
    assert parts(path) == tuple(steps)
    assert at(document, path) == value


@pytest.mark.parametrize("path", ["a..b", "a[", "a[x]", ".a", 'a["b"', "a.[0]"])
def test_a_text_that_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="no path of a field"):
        parts(path)
