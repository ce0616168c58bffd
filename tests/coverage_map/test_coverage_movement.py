"""When a field moves, and what else of one loop is touched."""

from __future__ import annotations

from typing import Any

import pytest
from coverage_kit import Series

import simkit.contract.rules  # noqa: F401
from simkit.contract.finding import RULES
from simkit.contract.rules import counters
from simkit.coverage.items import TRANSITIONS, VETO_REASONS, Item, items, not_counted
from simkit.coverage.movement import Movement
from simkit.coverage.watch import touched_in


def moved(*loops: dict[str, Any]) -> Movement:
    series, movement = Series(), Movement()
    for docs in loops:
        movement.look(series.next(**docs))
    return movement


def nav(value: Any) -> dict[str, Any]:
    return {"nav": {"nav": value}}


def rows(*rows: tuple[str, float]) -> dict[str, Any]:
    listed = [{"symbol": symbol, "side": "LONG", "qty": qty} for symbol, qty in rows]
    return {"positions_state": {"positions": listed}}


def test_a_number_moves_when_it_takes_a_second_value() -> None:
    assert list(moved(nav(1.0), nav(1.0)).moved) == []
    assert list(moved(nav(1.0), nav(1.0), nav(2.0)).moved) == ["nav.nav"]


def test_null_is_a_value_and_absence_is_none() -> None:
    assert list(moved(nav(1.0), nav(None)).moved) == ["nav.nav"]
    assert list(moved(nav(1.0), {"nav": {}}, {}, nav(1.0)).moved) == []


def test_rows_with_different_numbers_move_nothing_and_change_places_freely() -> None:
    still = moved(rows(("BTCUSDT", 1.0), ("ETHUSDT", 2.0)), rows(("ETHUSDT", 2.0), ("BTCUSDT", 1.0)))
    assert "positions_state.positions[].qty" not in still.moved
    assert still.constant["positions_state.positions[].qty"] == {
        "[BTCUSDT:LONG]": 1.0,
        "[ETHUSDT:LONG]": 2.0,
    }


def test_one_row_with_two_numbers_moves_the_field() -> None:
    assert "positions_state.positions[].qty" in moved(rows(("BTCUSDT", 1.0)), rows(("BTCUSDT", 2.0))).moved


def test_texts_move_when_they_are_not_those_of_another_loop() -> None:
    both, one = (("BTCUSDT", 1.0), ("ETHUSDT", 1.0)), (("BTCUSDT", 1.0),)
    assert list(moved(rows(*both), rows(*reversed(both)), rows()).moved) == []
    assert list(moved(rows(*both), rows(*one)).moved) == ["positions_state.positions[].symbol"]
    assert moved(rows(*both)).constant["positions_state.positions[].symbol"] == {"": "BTCUSDT, ETHUSDT"}


def test_words_are_taken_one_by_one_also_after_the_field_has_moved() -> None:
    found = moved(
        *({"risk_snapshot": {"risk_mode": word}} for word in ("OK", "WARN", "OK", "CRISIS", "HALTED"))
    )
    assert list(found.words) == [f"risk_snapshot.risk_mode = {word}" for word in ("OK", "WARN", "HALTED")]
    assert list(found.moved) == ["risk_snapshot.risk_mode"]


@pytest.mark.parametrize("value", [[], {}, [{}], {"nav": {"nav": []}}, 10**400, "x"])
def test_a_document_of_another_form_moves_nothing_and_breaks_nothing(value: Any) -> None:
    assert (
        list(moved({"nav": {"nav": value, "aum": value}, "positions_state": {"positions": value}}).moved)
        == []
    )


# Other items -----------------------------------------------------------------------------------------------


def state(word: str, **more: Any) -> dict[str, Any]:
    return {"risk_snapshot": {"dd_state": {"state": word}, "drawdown": {"dd_pct": 0.0}, **more}}


def test_a_transition_is_a_change_from_the_loop_before() -> None:
    series = Series()
    loops = [series.next(**state(word)) for word in ("NORMAL",)]
    assert list(touched_in(loops[0])) == []
    assert list(touched_in(series.next(**state("DRAWDOWN")))) == [Item("transition", "NORMAL -> DRAWDOWN")]
    assert list(touched_in(series.next(**state("DRAWDOWN")))) == []


def test_counts_above_zero_and_firing_anomalies_are_touched() -> None:
    counts = {
        "exit_pipeline": {"mismatch_breakdown": {"ghost_ledger_entries": 1, "stale_tp_sl_entries": 0}},
        "veto_counters": {"by_reason": {"tier_cap": 2, "whitelist": 0}},
    }
    look = Series().next(
        **state("NORMAL", anomalies={"nav_jump": {"old": 1.0}, "dd_flap": False}),
        diagnostics={"runtime_diagnostics": counts},
        router_health={"summary": {"quality_counts": {"ok": 3, "good": 0}}},
    )
    assert list(touched_in(look)) == [
        Item("mismatch", "ghost_ledger_entries"),
        Item("anomaly", "nav_jump"),
        Item("veto", "tier_cap"),
        Item("quality", "ok"),
    ]


def test_the_transitions_are_those_that_the_rule_allows() -> None:
    words, allowed = ("NORMAL", "DRAWDOWN", "RECOVERY"), []
    for was in words:
        for now in words:
            series = Series()
            series.next(**state(was))
            if was != now and not RULES["INV-R06"].check(series.next(**state(now)), {}):
                allowed.append((was, now))
    assert sorted(allowed) == sorted(TRANSITIONS)


def test_the_veto_reasons_are_the_vocabulary_of_the_rule() -> None:
    assert frozenset(VETO_REASONS) == counters._REASONS
    assert len(VETO_REASONS) == len(counters._REASONS)


def test_items_are_named_once_and_cover_every_area() -> None:
    assert len(frozenset(items())) == len(items())
    assert {item.area for item in items()} == {
        "field", "word", "transition", "mismatch", "anomaly", "veto", "quality", "rule",
    }  # fmt: skip
    assert all(each.reason and each.where for each in not_counted())
