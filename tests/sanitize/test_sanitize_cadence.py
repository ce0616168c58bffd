"""Late and missing per-loop surfaces, told from the order of writes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from simkit.sanitize.cadence import Cadence


def late(names: str, writes: str) -> list[str]:
    """`ABC`, and the writes as letters: who was told late, in order."""
    cadence = Cadence(names)
    return [name for write in writes for name in cadence.wrote(write)]


@pytest.mark.parametrize(
    ("writes", "expected"),
    [
        ("ABC ABC ABC", ""),
        ("ABC AB ABC", "C"),
        ("ABC AC ABC", "B"),
        ("ABC BC ABC", "A"),
        ("ABC AB AB AB ABC", "C"),
        ("ABC AB ABC AB ABC", "CC"),
        ("ABC A ABC", ""),
        ("ABC A A A", "BC"),
        ("ABC ABBC ABC", ""),
        ("ABC ABCC ABC", ""),
        ("AB AB", ""),
    ],
)
def test_who_is_late(writes: str, expected: str) -> None:
    assert "".join(late("ABC", writes.replace(" ", ""))) == expected


def test_of_two_surfaces_one_witness_will_do() -> None:
    assert late("AB", "ABAAB") == ["B"]


def test_who_never_came_and_who_is_owed() -> None:
    cadence = Cadence("ABC")
    assert cadence.missing() == [] and cadence.unfinished() == []
    for name in "ABAB":
        cadence.wrote(name)
    assert cadence.missing() == ["C"] and cadence.unfinished() == []
    for name in "CAB":
        cadence.wrote(name)
    assert cadence.missing() == [] and cadence.unfinished() == ["C"]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.permutations("ABCDE"), st.integers(2, 6), st.sampled_from("ABCDE"), st.integers(0, 30))
def test_whole_loops_in_any_order_and_one_surplus_write_make_nobody_late(
    order: list[str], loops: int, surplus: str, at: int
) -> None:
    writes = "".join(order) * loops
    assert late("ABCDE", writes) == []
    at %= len(writes)
    assert late("ABCDE", writes[:at] + surplus + writes[at:]) == []


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.permutations("ABCDE"), st.sampled_from("ABCDE"), st.integers(1, 3))
def test_a_surface_left_out_of_whole_loops_is_told_once(order: list[str], away: str, loops: int) -> None:
    whole = "".join(order)
    assert late("ABCDE", whole + whole.replace(away, "") * loops + whole * 2) == [away]
