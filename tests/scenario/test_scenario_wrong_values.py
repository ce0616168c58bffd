"""`publish_wrong` as it is written: any contract path, any JSON value, and every mistake with its place."""

from __future__ import annotations

import pytest
from scenario_texts import one, wrong

from simkit.scenario.model import Loops, PublishWrong


def read(field: str, value: str) -> tuple[str, str]:
    """The field and the value of the fault."""
    (fault,) = one(f'faults: [{{at: L3, publish_wrong: "{field}", value: {value}}}]\n').faults
    assert isinstance(fault, PublishWrong) and fault.at == Loops(3, 3)
    return fault.field, fault.value


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("kpis_v7.portfolio.dd_pct", "kpis_v7.portfolio.dd_pct"),
        ("portfolio.dd_pct", "kpis_v7.portfolio.dd_pct"),
        ("positions_state.positions[BTCUSDT:LONG].qty", "positions_state.positions[BTCUSDT:LONG].qty"),
        (
            "by_reason.max_concurrent",
            "diagnostics.runtime_diagnostics.veto_counters.by_reason[max_concurrent]",
        ),
        ("position_tp_sl.entries[BTCUSDT:LONG]", "position_tp_sl.entries[BTCUSDT:LONG]"),
        ("engine_metadata.run_id", "engine_metadata.run_id"),  # of no use under `expect`
    ],
)
def test_a_field_has_the_names_that_expect_knows(field: str, path: str) -> None:
    assert read(field, "1")[0] == path


@pytest.mark.parametrize(
    ("field", "written", "published"),
    [
        ("portfolio.dd_pct", "12", "12.0"),
        ("portfolio.dd_pct", "1e-9", "1e-9"),
        ("portfolio.dd_pct", "'12'", '"12"'),
        ("portfolio.dd_pct", "null", "null"),
        ("portfolio.dd_pct", "true", "true"),
        ("portfolio.dd_pct", "nan", "NaN"),
        ("portfolio.dd_pct", "infinity", "Infinity"),
        ("portfolio.dd_pct", "-infinity", "-Infinity"),
        ("portfolio.dd_pct", "missing", ""),
        ("total_orders", "12", "12"),
        ("total_orders", "18446744073709551615", "18446744073709551615"),
        ("total_orders", "-9223372036854775808", "-9223372036854775808"),
        ("total_orders", "1.5", "1.5"),
        ("risk_mode", "dd_guard", '"dd_guard"'),
        ("positions_ledger.entries", "{}", "{}"),
        ("positions_ledger.entries", "[1, {b: 2, a: [nan]}]", '[1,{"a":[NaN],"b":2}]'),
        ("kpis_v7.portfolio", "{nav: 1, dd_pct: 0}", '{"dd_pct":0.0,"nav":1.0}'),
        ("veto_counters.by_reason", "{z: 1, a: 2}", '{"a":2,"z":1}'),
        ("anomalies", "{'q\"': missing}", '{"q\\"":"missing"}'),
        ("nav.updated_ts", "2025-01-06T00:00:00Z", '"2025-01-06T00:00:00Z"'),
    ],
)
def test_a_value_is_json_in_the_one_form_of_the_encoder(field: str, written: str, published: str) -> None:
    assert read(field, written)[1] == published


CASES = {
    "unknown": (
        "faults: [{at: L3, publish_wrong: kpis_v7.portfolio.ddpct, value: 1}]",
        "1:34: no field ends in `kpis_v7.portfolio.ddpct` | did you mean",
    ),
    "not unique": (
        "faults: [{at: L3, publish_wrong: dd_pct, value: 1}]",
        "1:34: `dd_pct` is not unique | write one of",
    ),
    "a row without its key": (
        "faults: [{at: L3, publish_wrong: positions_state.positions.qty, value: 1}]",
        "1:34: no field ends in `positions_state.positions.qty` | did you mean `positions_state.positions[KEY].qty`",
    ),
    "no value": (
        "faults: [{at: L3, publish_wrong: portfolio.dd_pct}]",
        "1:10: the key `value` is missing",
    ),
    "a unit": (
        "faults: [{at: L3, publish_wrong: portfolio.dd_pct, value: 11 %}]",
        "1:59: `11 %`: a wrong value is written as it is published | a number without a unit, `0.11`",
    ),
    "too large": (
        "faults: [{at: L3, publish_wrong: total_orders, value: 18446744073709551616}]",
        "1:55: `18446744073709551616`: a whole number has at most 64 bits",
    ),
    "value of another": (
        "faults: [{at: L3, crash: nav, value: 1}]",
        "1:38: only `publish_wrong` has this | leave `value` out",
    ),
    "a list": (
        "faults: [{at: L3, publish_wrong: [a], value: 1}]",
        "1:34: found a list […], expected a field such as `portfolio.dd_pct`",
    ),
    "qty of a ledger entry": (
        "faults: [{at: L3, ledger_qty: BTCUSDT:LONG, qty: 0}]",
        "1:50: ",
    ),
    "no qty": ("faults: [{at: L3, ledger_qty: BTCUSDT:LONG}]", "1:10: the key `qty` is missing"),
    "unpriced": (
        "faults: [{at: L3, levels_dropped: BTCUSD:LONG}]",
        "1:35: `BTCUSD` has no price: what is priced is the universe | did you mean `BTCUSDT`?",
    ),
    "off": (
        "faults: [{at: L3, counters_reset: false}]",
        "1:35: `false` says nothing here | write `true` or leave the entry out",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_says_where_and_what(case: str) -> None:
    text, expected = CASES[case]
    found = wrong(text)
    assert any(message.startswith(expected) for message in found), found


def test_a_value_may_be_twenty_levels_deep_and_no_deeper() -> None:
    fault = "faults: [{{at: L3, publish_wrong: anomalies, value: {}}}]"
    deep = "[" * 19 + "1" + "]" * 19
    assert read("anomalies", deep)[1] == deep
    assert wrong(fault.format(f"[{deep}]")) == ["1:52: the value has more than 20 levels"]
