"""The map of hand-made runs."""

from __future__ import annotations

from typing import Any

import pytest

from simkit.coverage.items import Item, items
from simkit.coverage.map import Coverage, FiredIn, NearIn, Touch, coverage
from simkit.coverage.movement import Places
from simkit.coverage.steps import Near
from simkit.coverage.watch import Fired, Seen


def seen(name: str, constant: dict[str, Places] | None = None, **more: Any) -> Seen:
    given: dict[str, Any] = {
        "loops": 3, "moved": (), "touched": (), "evaluated": (), "fired": (), "near": (), "sampled": (1, 3),
        "edits": 5, **more,
    }  # fmt: skip
    return Seen(scenario=name, constant=constant or {}, **given)


def touch(found: Coverage, name: str) -> Touch:
    return next(touch for touch in found.items if touch.id == name)


def count(found: Coverage, name: str) -> tuple[int, int, int]:
    row = next(count for count in found.counts if count.name == name)
    return row.items, row.touched, row.unreachable


def test_no_run_touches_nothing_and_every_item_is_counted_once() -> None:
    found = coverage([])
    assert {touch.state for touch in found.items} == {"absent", "unreachable"}
    assert [count.touched for count in found.counts] == [0] * len(found.counts)
    rows = [count for count in found.counts if not count.name.startswith("rules")]
    assert sum(row.items + row.unreachable for row in rows) + len(found.rules) == len(items())


def test_scenarios_that_move_a_field_are_named_in_the_order_of_the_runs() -> None:
    found = coverage([seen("b", moved=("nav.nav",)), seen("c"), seen("a", moved=("nav.nav",))])
    assert touch(found, "nav.nav") == Touch("field", "nav.nav", "touched", ("b", "a"))


@pytest.mark.parametrize(
    ("one", "other", "state"),
    [
        ({"": 1.0}, {"": 2.0}, "between runs"),
        ({"": 1.0}, {"": 1.0}, "constant"),
        ({"[BTCUSDT]": 1.0}, {"[ETHUSDT]": 2.0}, "constant"),
    ],
)
def test_a_field_that_no_run_moves_may_differ_between_runs(one: Places, other: Places, state: str) -> None:
    found = coverage([seen("a", {"nav.nav": one}), seen("b", {"nav.nav": other})])
    assert touch(found, "nav.nav") == Touch("field", "nav.nav", state, ())  # type: ignore[arg-type]
    assert count(found, "fields of nav")[1] == (state == "between runs")


def test_what_cannot_be_reached_is_not_counted_even_when_it_is() -> None:
    found = coverage([seen("a", touched=(Item("quality", "good"), Item("quality", "ok")))])
    assert count(found, "quality counts") == (2, 1, 2)
    assert touch(found, "good") == Touch("quality", "good", "unreachable", ("a",))
    assert {"good", "broken"} <= {each.id for each in found.unreachable if each.area == "quality"}


def test_what_no_vocabulary_holds_is_told_apart() -> None:
    found = coverage([seen("a", touched=(Item("transition", "NORMAL -> RECOVERY"),))])
    assert found.beyond == (Touch("transition", "NORMAL -> RECOVERY", "touched", ("a",)),)
    assert count(found, "drawdown transitions") == (5, 0, 0)


def test_rules_tell_where_they_looked_fired_and_came_near() -> None:
    step = Near("INV-R11", 2, "risk_snapshot.var.within_limit", True, False)
    found = coverage([
        seen("a", evaluated=("INV-R11", "INV-R06"), fired=(Fired("INV-R06", ((2, 3),)),)),
        seen("b", evaluated=("INV-R11",), near=(step,)),
    ])  # fmt: skip
    rules = {rule.id: rule for rule in found.rules}
    assert rules["INV-R11"].evaluated == ("a", "b")
    assert rules["INV-R11"].near == (NearIn("b", 2, step.path, True, False),)
    assert rules["INV-R06"].fired == (FiredIn("a", ((2, 3),)),)
    assert count(found, "rules evaluated")[1] == 2
    assert count(found, "rules that fire")[1] == 1
    assert count(found, "rules on one tree that fire or are one step away")[1] == 1
