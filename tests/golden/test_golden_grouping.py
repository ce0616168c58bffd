"""The same change across scenarios is one group; different fields never meet."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings, strategies as st

from simkit.golden.difference import Cause, Change, Difference
from simkit.golden.grouping import Group, group
from simkit.golden.what import What


def changed(*changes: Change, status: Any = "changed", new_loops: int = 6) -> Difference:
    causes = tuple(Cause(3, change.surface, (change,), 1, 1, 1, ()) for change in changes)
    return Difference(
        status,
        "changed",
        kind="value",
        first_loop=3,
        causes=causes,
        old_loops=6,
        new_loops=new_loops,
    )


def rounded(low: int, high: int, place: str = "portfolio.dd_pct") -> Change:
    return Change("kpis_v7", place, What("rounded", "", low, high))


def told(groups: tuple[Group, ...]) -> list[tuple[int, str, tuple[str, ...]]]:
    return [(each.number, each.text, each.names) for each in groups]


def test_the_same_rounding_is_one_group_described_as_closely_as_all_allow() -> None:
    found = group(
        [("c", changed(rounded(6, 8))), ("a", changed(rounded(4, 6))), ("b", changed(rounded(2, 3)))]
    )
    assert told(found) == [
        (1, "kpis_v7.portfolio.dd_pct: rounded to 6 places", ("a", "c")),
        (2, "kpis_v7.portfolio.dd_pct: rounded to 2 places", ("b",)),
    ]


def test_words_that_wait_for_other_things_are_groups_of_their_own() -> None:
    format_only = Difference("changed", "x", kind="format", first_surface="nav", first_loop=1)
    found = group(
        [
            ("new", Difference("missing", "no golden yet")),
            ("same", Difference("same", "same")),
            ("other", Difference("other", "accepted for x")),
            ("spelled", format_only),
            ("edited", Difference("stale", "edited, the same")),
            ("one", changed(rounded(6, 6))),
            ("short", changed(rounded(6, 6), new_loops=5)),
        ],
        ["gone"],
    )
    assert [(each.kind, each.names) for each in found] == [
        ("changed", ("one",)), ("changed", ("short",)), ("format", ("spelled",)), ("stale", ("edited",)),
        ("missing", ("new",)), ("orphan", ("gone",)),
    ]  # fmt: skip
    assert [each.number for each in found] == [1, 2, 3, 4, 5, 6]


def test_a_scenario_with_a_second_change_is_not_accepted_along() -> None:
    both = changed(rounded(6, 6), rounded(6, 6, "portfolio.var"))
    assert len(group([("a", changed(rounded(6, 6))), ("b", both)])) == 2


WHATS = st.one_of(
    st.tuples(st.integers(0, 8), st.integers(0, 8)).map(lambda n: What("rounded", "", min(n), max(n))),
    st.sampled_from([What("offset", "+1"), What("offset", "+2"), What("key added"), What("value changed")]),
)
CHANGES = st.builds(Change, st.sampled_from(["nav", "kpis_v7"]), st.sampled_from(["a", "b", "c"]), WHATS)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.lists(CHANGES, min_size=1, max_size=3), max_size=12))
def test_groups_never_join_different_fields_and_hold_every_scenario_once(
    scenarios: list[list[Change]],
) -> None:
    given_ = {f"s{n:02}": changed(*changes) for n, changes in enumerate(scenarios)}
    found = group(given_.items())
    assert sorted(name for each in found for name in each.names) == sorted(given_)
    for each in found:
        fields = [(change.surface, change.place) for change in each.changes]
        for name in each.names:
            own = {(c.surface, c.place): c.what for cause in given_[name].causes for c in cause.changes}
            assert list(own) == fields
            for change in each.changes:
                assert own[change.surface, change.place].joined(change.what) == change.what
