"""What a failure says: root cause first, never more than a screen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from msgspec.structs import replace

from simkit.contract.finding import Finding
from simkit.core.errors import Exit
from simkit.golden.difference import Cause, Change, Difference, SurfaceCount
from simkit.golden.store import Edit
from simkit.golden.values import FieldChange
from simkit.golden.what import What
from simkit.judge.broken import Broken
from simkit.judge.judges import Judgement, Tally
from simkit.report.difference import difference_lines
from simkit.report.events import event_lines
from simkit.report.findings import finding_lines, findings_sentence, findings_word
from simkit.report.outcome import failure_text, first_loop, grouped
from simkit.report.result import Outcome
from simkit.report.table import sum_line, table_lines
from simkit.report.words import SCREEN, bounded, columns, loops_text, number, plural, short, value_text
from simkit.scenario.model import Loops


def changed(fields: int = 1, surfaces: int = 2, events: tuple[str, str] | None = None) -> Difference:
    old, new = events or (None, None)
    return Difference(
        "changed",
        "changed",
        kind="value",
        first_loop=3,
        first_surface="nav",
        fields=tuple(FieldChange("nav", f"a.b{n}", "1.0", "2.0") for n in range(fields))
        + (FieldChange("risk_snapshot", "risk_mode", '"OK"', '"WARN"'),),
        old_events=old,
        new_events=new,
        field_count=fields + 1,
        loop_count=4,
        surfaces=tuple(SurfaceCount(f"surface{n}", 3, 4, 2) for n in range(surfaces)),
        old_loops=6,
        new_loops=6,
    )


def judged(broken: tuple[Broken, ...] = (), tallies: tuple[Tally, ...] = ()) -> Judgement:
    warnings = tuple(tally for tally in tallies if tally.severity == "W")
    return Judgement(6, (), tallies, broken, warnings, 100, ())


def tally(rule: str, severity: Any = "E") -> Tally:
    finding = Finding(rule, 3, "contract", severity, "nav", "nav", "1", "wrong")
    return Tally(rule, severity, 2, (Loops(3, 4),), finding)


def broken(loop: int, line: int = 7) -> Broken:
    message = f"nav.nav is 1 in L{loop}, expected 2"
    return Broken("expectation", "nav: 2", (Loops(loop, loop),), "s/a.yaml", line, 3, message)


def outcome(word: Any, code: Exit, **more: Any) -> Outcome:
    return Outcome("nav/one", "scenarios/nav/one.yaml", word, code, 6, **more)


# Words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (0.5, "0.5"),
        (-2.0, "-2"),
        (0.0, "0"),
        (1e-9, "1e-09"),
        (12345678.25, "12345678.25"),
        (3, "3"),
    ],
)
def test_numbers_have_no_idle_zero(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"), (True, "true"), (False, "false"), (1.0, "1"), ("L3", "L3"), ([], "[]"), ({}, "{}"),
        ({"a": [1.5, None]}, "{a: [1.5, null]}"), (list(range(50)), "[50 entries]"),
        ({str(n): n for n in range(50)}, "{50 keys}"),
    ],
)  # fmt: skip
def test_values_are_spelled_as_in_a_surface(value: Any, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [(0, "loop", "0 loops"), (1, "loop", "1 loop"), (2, "entry", "2 entries"), (2, "veto", "2 vetoes"),
     (2, "scenario", "2 scenarios"), (2, "key", "2 keys")],
)  # fmt: skip
def test_nouns_agree_with_their_number(count: int, noun: str, text: str) -> None:
    assert plural(count, noun) == text


@pytest.mark.parametrize(
    ("loops", "text"),
    [([], ""), ([3], "L3"), ([3, 4, 5], "L3..L5"), ([5, 3, 4, 8, 3], "L3..L5, L8"), ([1, 3], "L1, L3")],
)
def test_loops_are_told_as_ranges(loops: list[int], text: str) -> None:
    assert loops_text(loops) == text


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.text("ab\n", max_size=3), max_size=80), st.integers(2, 60))
def test_bounded_lines_never_exceed_their_limit(lines: list[str], limit: int) -> None:
    shown = bounded(lines, limit, "see there")
    assert len(shown) <= limit
    if len(lines) <= limit:
        assert shown == lines
    else:
        assert shown[-1].endswith(f"{len(lines) - limit + 1} more lines: see there")


def test_short_text_says_that_it_was_cut() -> None:
    assert short("abcdef", 6) == "abcdef"
    assert short("abcdefg", 6) == "abc..."


def test_columns_line_up_without_trailing_spaces() -> None:
    assert columns([]) == []
    assert columns([("a", "10", "x"), ("bbb", "9", "")], right=(1,)) == ["a    10  x", "bbb   9"]


# Events ----------------------------------------------------------------------------------------------------

ORDER = {"id": "o1", "key": "BTCUSDT:LONG", "reason": "entry", "side": "BUY"}
FILL = {"event": "fill", "order": ORDER, "qty": 1.0, "price": 100.0}
VETO = {
    "reason": "max_lev", "symbol": "A", "side": "LONG", "observations": {"x": 5.0}, "thresholds": {"x": 4.0},
}  # fmt: skip
ACK = {
    "event": "ack",
    "status": "FILLED",
    "order": {**ORDER, "symbol": "BTCUSDT", "position_side": "LONG", "qty": 1.0},
}


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        ({}, []),
        ({"executor": [ACK, FILL]}, ["order    fill BTCUSDT:LONG buy 1 @ 100 (entry)"]),
        ({"executor": [ACK]}, ["order    filled BTCUSDT:LONG buy 1 (entry)"]),
        (
            {"executor": [{**ACK, "status": "REJECTED", "cause": "margin"}, FILL]},
            [
                "order    rejected BTCUSDT:LONG buy 1 (entry): margin",
                "order    fill BTCUSDT:LONG buy 1 @ 100 (entry)",
            ],
        ),
        (
            {"venue": [{**FILL, "fee": 0.5, "realized": -2.0, "after_s": 1.5}]},
            ["venue    fill BTCUSDT:LONG buy 1 @ 100 (entry, pnl -2 USD, fee 0.5 USD, after 1.5 s)"],
        ),
        (
            {"venue": [{"event": "booking", "kind": "deposit", "amount": 50.0, "declared": True}]},
            ["venue    booked 50 USD (deposit)"],
        ),
        (
            {"venue": [{"event": "booking", "kind": "account_reset", "amount": -50.0}]},
            ["venue    booked -50 USD (account reset, undeclared)"],
        ),
        (
            {"venue": [{"event": "funding", "key": "A:LONG", "amount": 1.5}]},
            ["venue    funding A:LONG 1.5 USD"],
        ),
        (
            {"vetoes": [VETO]},
            ["veto     max_lev A:LONG: x 5 (limit 4)"],
        ),
        (
            {"signals": [{"action": "open", "symbol": "A", "side": "LONG", "usd": 500.0, "tp": 3.5}]},
            ["signal   open A:LONG 500 USD, tp 3.5"],
        ),
        (
            {"restarted": True, "script": [{"event": "restart"}]}, ["script   the executor is restarted"]
        ),
        (
            {"faults": [{"event": "wrong_balance", "equity": 40000.0}], "unsynced": True},
            ["fault    wrong_balance equity 40000", "sync     sync_state did not run"],
        ),
        (
            {"writes": [["nav.json", "sync_state", "direct"]]},
            ["odd      nav.json written by sync_state (direct)"],
        ),
    ],
)  # fmt: skip
def test_events_read_as_sentences(told: dict[str, Any], lines: list[str]) -> None:
    assert event_lines(told) == lines


# Differences -----------------------------------------------------------------------------------------------


def test_a_difference_shows_the_first_surface_then_the_spread() -> None:
    assert difference_lines(changed(), "") == [
        "first difference: L3 of 6, nav, 1 field",
        "  a.b0  1.0  ->  2.0",
        "in all: 2 fields in 4 loops",
        "  surface0  from L3  4 loops  2 fields",
        "  surface1  from L3  4 loops  2 fields",
    ]


def test_the_events_that_fed_it_are_shown() -> None:
    same = difference_lines(changed(), json.dumps({"executor": [FILL]}))
    assert same[2:4] == ["what happened in L3", "    order    fill BTCUSDT:LONG buy 1 @ 100 (entry)"]
    before = json.dumps({"executor": [FILL], "unsynced": True})
    after = json.dumps({"executor": [{**FILL, "price": 101.0}], "unsynced": True})
    assert difference_lines(changed(events=(before, after)), after)[2:6] == [
        "what happened in L3, golden (-) and now (+)",
        "  - order    fill BTCUSDT:LONG buy 1 @ 100 (entry)",
        "  + order    fill BTCUSDT:LONG buy 1 @ 101 (entry)",
        "    sync     sync_state did not run",
    ]


def test_a_field_that_is_not_there_is_absent() -> None:
    difference = Difference(
        "changed", "changed", kind="value", first_loop=1, first_surface="nav", new_loops=2, loop_count=1,
        fields=(FieldChange("nav", "", None, "{}"), FieldChange("nav", "x", "1", None)),
    )  # fmt: skip
    assert difference_lines(difference, "")[1:] == [
        "  (the whole file)  (absent)  ->  {}",
        "  x                 1         ->  (absent)",
    ]


def test_later_differences_are_folded_by_cause() -> None:
    dd = Change("kpis_v7", "dd_pct", What("rounded", "", 6, 6))
    more = (Change("nav", "a.b0", What("offset", "+1")), Change("nav", "a.b1", What("value changed")))
    causes = (
        Cause(3, "nav", more, 1, 4, 20, ("risk_snapshot", "router_health", "kpis_v7", "diagnostics")),
        Cause(9, "kpis_v7", (dd,), 3, 3, 3, ()),
    )
    lines = difference_lines(replace(changed(), causes=causes), "")
    assert lines[1:] == [
        "  a.b0  1.0  ->  2.0  (offset +1)",
        "in all: 2 fields in 4 loops, 2 causes",
        "  from L3  nav.a.b0: offset +1 and 1 more field",
        "      4 loops, 20 fields, then in risk_snapshot, router_health, kpis_v7 and 1 more",
        "  from L9  kpis_v7.dd_pct: rounded to 6 places, 3 times",
        "      3 loops, 3 fields",
    ]
    many = difference_lines(replace(changed(), causes=causes * 6), "")
    assert many[-1] == "  ... and 4 more causes"


def test_an_edited_golden_names_its_files() -> None:
    edits = tuple(Edit(f"f{n}.json", "was edited by hand") for n in range(3))
    lines = difference_lines(Difference("edited", "f0.json was edited by hand and 2 more", edits=edits), "")
    assert lines[0] == "f0.json was edited by hand and 2 more"
    assert lines[1:] == [f"  f{n}.json was edited by hand" for n in range(3)]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.integers(1, 300), st.integers(0, 40), st.integers(0, 60), st.integers(0, 30), st.booleans()
)  # fmt: skip
def test_a_failure_never_takes_more_than_a_screen(
    fields: int, surfaces: int, events: int, expectations: int, changes: bool
) -> None:
    told = json.dumps({"executor": [{**FILL, "price": float(n)} for n in range(events)]})
    other = json.dumps({"executor": [{**FILL, "price": n + 0.5} for n in range(events)]})
    word, code = ("changed", Exit.CHANGED) if changes else ("broken", Exit.BROKEN)
    text = failure_text(
        outcome(
            word,
            code,
            difference=changed(fields, surfaces, (told, other)),
            judgement=judged(tuple(broken(n + 1) for n in range(expectations))),
        )
    )
    lines = text.splitlines()
    assert len(lines) <= SCREEN
    assert lines[0] == f"nav/one: {word}"
    assert sum(line.startswith("  again:  simkit check scenarios/nav/one.yaml") for line in lines) == 1


# Findings --------------------------------------------------------------------------------------------------


def test_what_is_broken_comes_in_the_order_of_its_loops() -> None:
    lines = finding_lines(judged((broken(5), broken(2, line=0), broken(3))))
    assert lines == [
        "nav.nav is 1 in L2, expected 2",
        "nav.nav is 1 in L3, expected 2",
        "    s/a.yaml:7:3: nav: 2",
        "nav.nav is 1 in L5, expected 2",
        "    s/a.yaml:7:3: nav: 2",
    ]
    many = finding_lines(judged(tuple(broken(n + 1) for n in range(12))))
    assert many[-1] == "... and 4 more"


@pytest.mark.parametrize(
    ("judgement", "word", "sentence"),
    [
        (judged(), "none", "none"),
        (judged(tallies=(tally("INV-N07"),)), "1 listed", "INV-N07 in L3..L4; as listed"),
        (judged(tallies=(tally("INV-N07", "W"),)), "none", "none; warnings: INV-N07"),
        (judged((broken(3),)), "1 broken", "1 thing broken"),
        (judged((broken(3),), (tally("INV-N07"),)), "1 broken", "INV-N07 in L3..L4; 1 thing broken"),
    ],
)
def test_findings_in_a_word_and_in_a_sentence(judgement: Judgement, word: str, sentence: str) -> None:
    assert findings_word(outcome("same", Exit.SAME, judgement=judgement)) == word
    assert findings_sentence(judgement) == sentence


# Outcomes --------------------------------------------------------------------------------------------------


def test_a_broken_run_points_at_its_first_broken_loop() -> None:
    result = outcome("broken", Exit.BROKEN, judgement=judged((broken(5), broken(4))), difference=changed())
    assert first_loop(result) == 4
    text = failure_text(result)
    assert "  more:   simkit show nav/one --loop 4" in text.splitlines()
    assert "  golden: first difference: L3 of 6, nav, 1 field" in text.splitlines()
    assert "accept:" not in text


def test_a_variant_is_pasted_as_pytest_names_it() -> None:
    result = Outcome("nav/one@bare", "scenarios/nav/one.yaml", "changed", Exit.CHANGED, difference=changed())
    assert "  again:  simkit check scenarios/nav/one.yaml::bare" in failure_text(result).splitlines()
    assert "  more:   simkit diff nav/one@bare" in failure_text(result).splitlines()


def test_the_same_change_is_one_group_shown_once() -> None:
    def named(name: str, word: Any = "changed", difference: Difference | None = None) -> Outcome:
        codes = {"changed": Exit.CHANGED, "missing": Exit.GOLDEN_MISSING, "broken": Exit.BROKEN}
        return Outcome(name, f"scenarios/{name}.yaml", word, codes[word], difference=difference or changed())

    flipped = Change("nav", "a.b0", What("sign flipped"))
    other = replace(changed(), causes=(Cause(3, "nav", (flipped,), 1, 4, 2, ()),))
    failed = [
        named("a"), named("m1", "missing"), named("b", difference=other), named("c"),
        named("x", "broken"), named("m2", "missing"), named("y", "broken"),
    ]  # fmt: skip
    groups = [[one.name for one in group] for group in grouped(failed)]
    assert groups == [["x"], ["y"], ["a", "c"], ["b"], ["m1", "m2"]]
    rule = Broken("unexpected finding", "INV-N07", (Loops(3, 3),), "s/a.yaml", 0, 0, "INV-N07 fired in L3")
    other_rule = replace(rule, text="INV-N08")
    fired = [
        outcome("broken", Exit.BROKEN, judgement=judged((case,)), difference=changed())
        for case in (rule, other_rule, rule)
    ]
    assert [len(group) for group in grouped(fired)] == [2, 1]
    text = failure_text(failed[0], [named(f"o{n}") for n in range(10)])
    names = "o0, o1, o2, o3, o4, o5, o6, o7"
    assert f"  the same in 10 other scenarios: {names} and 2 more" in text.splitlines()


def test_the_table_and_its_sum() -> None:
    outcomes = [
        outcome("same", Exit.SAME, judgement=judged(), difference=Difference("same", "same")),
        outcome("invalid", Exit.SCENARIO_INVALID, message="x"),
        outcome("broken", Exit.BROKEN, judgement=judged((broken(1),)), difference=changed()),
    ]
    assert table_lines(outcomes, ["nav/gone"]) == [
        "scenario  loops  findings  golden",
        "nav/one       6  none      same",
        "nav/one       6  -         invalid",
        "nav/one       6  1 broken  changed",
        "nav/gone      -  -         orphan",
    ]
    assert sum_line(outcomes, ["nav/gone"]) == "3 scenarios: 1 same, 1 broken, 1 invalid; 1 orphan"
    assert sum_line(outcomes[:1], []) == "1 scenario: 1 same"
