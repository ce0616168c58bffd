"""A closer look at golden and result: what it tells turns the one into the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from golden_runs import FINGERPRINT, ME, NAME, Bench, Edit, record, state
from hypothesis import HealthCheck, given, settings, strategies as st

from simkit.contract.table import IDENTITY_FIELDS
from simkit.core.canon import decode, encode_sorted
from simkit.core.errors import SimkitError
from simkit.core.files import remove_tree
from simkit.golden import look
from simkit.golden.compare import compare_folders
from simkit.golden.history import HISTORY, Tree, decode_line, raw_lines
from simkit.golden.pending import keep
from simkit.golden.values import FieldChange, parts
from simkit.golden.write import Identity
from simkit.trace.recorder import Recording


def kept(bench: Bench, recording: Recording) -> Path:
    return keep(bench.project, NAME, Identity(FINGERPRINT, 7, ME), recording)


def trees(folder: Path) -> list[dict[str, Any]]:
    """Every document of every loop, read back from the history."""
    tree, found = Tree(), []
    for line in raw_lines(folder / HISTORY):
        tree.apply(decode_line(line))
        found.append({name: tree.value(name) for name in tree.contents})
    return found


def patched(documents: dict[str, Any], changes: list[FieldChange]) -> dict[str, Any]:
    """The plainest way to apply what a difference tells."""
    found: dict[str, Any] = decode(encode_sorted(documents))
    shorter: list[tuple[list[Any], int]] = []
    for change in changes:
        place: Any = found
        key: Any = change.surface
        for part in parts(change.path):
            place, key = place[key], part
        if change.new is None:
            if isinstance(place, list):
                shorter.append((place, key))
            else:
                del place[key]
        elif isinstance(place, list) and key == len(place):
            place.append(decode(change.new.encode()))
        else:
            place[key] = decode(change.new.encode())
    for place, key in sorted(shorter, key=lambda pair: -pair[1]):
        del place[key]
    return found


def without_identity(value: Any) -> Any:
    """Identity fields are compared for presence and type only."""
    if isinstance(value, dict):
        return {
            key: type(part).__name__ if key in IDENTITY_FIELDS else without_identity(part)
            for key, part in value.items()
        }
    return [without_identity(part) for part in value] if isinstance(value, list) else value


LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from([0.5, -1.25, "", "x", "@"]))
KEYS = st.sampled_from(["a", "b", "a.b", "[0]", "pid", "per_symbol"])
DOCUMENTS = st.dictionaries(
    KEYS,
    st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_size=3,
)
HISTORIES = st.lists(
    st.dictionaries(st.sampled_from(["nav", "risk_snapshot", "kpis_v7"]), DOCUMENTS), min_size=1, max_size=5
)


@settings(
    deadline=None, derandomize=True, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # fmt: skip
@given(HISTORIES, HISTORIES)
def test_the_difference_applied_to_the_old_history_gives_the_new_one(
    bench: Bench, old: list[dict[str, Any]], new: list[dict[str, Any]]
) -> None:
    def run(history: list[dict[str, Any]]) -> Recording:
        return bench.run(
            [
                record(loop, {state(name): encode_sorted(doc) for name, doc in sorted(docs.items())})
                for loop, docs in enumerate(history, 1)
            ]
        )

    remove_tree(bench.project.golden)
    bench.accept(run(old))
    recording = run(new)
    result = kept(bench, recording)
    difference = compare_folders(bench.golden, result)
    assert difference == bench.compare(recording)

    before, after = trees(bench.golden), trees(result)
    told = {step.loop: look.changes_of(step) for step in look.steps(bench.golden, result)}
    differing = []
    for loop, (one, two) in enumerate(zip(before, after, strict=False), 1):
        found = patched(one, told.get(loop, []))
        assert without_identity(found) == without_identity(two)
        if without_identity(one) != without_identity(two):
            differing.append(loop)
    ends = min(len(old), len(new)) + 1
    naive = differing[0] if differing else ends if len(old) != len(new) else None
    if difference.kind == "value":
        assert difference.first_loop == naive
    else:
        assert naive is None


def test_the_history_of_a_field_folds_loops_in_which_nothing_moves(bench: Bench) -> None:
    def worse(loop: int, docs: dict[str, Any]) -> None:
        if 5 <= loop <= 7:
            docs["risk_snapshot"]["risk_mode"] = "WARN"

    bench.accept(bench.loops())
    result = kept(bench, bench.loops(edit=worse))
    rows = look.field_rows(bench.golden, result, "risk_snapshot.risk_mode")
    assert [(row.first, row.last, row.old, row.new, row.same) for row in rows] == [
        (1, 4, '"OK"', '"OK"', True), (5, 7, '"OK"', '"WARN"', False), (8, 12, '"OK"', '"OK"', True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("risk.mode", "it begins with one of positions_state, "),
        ("risk_snapshot.mode", "risk_snapshot has anomalies, dd_state, drawdown, risk_mode"),
        ("risk_snapshot.a[", "is no path of a field"),
    ],
)
def test_a_field_that_nobody_has_is_answered_with_those_there_are(
    bench: Bench, field: str, told: str
) -> None:
    bench.accept(bench.loops(3))
    result = kept(bench, bench.loops(3))
    with pytest.raises(SimkitError) as problem:
        look.field_rows(bench.golden, result, field)
    assert told in str(problem.value)


def shifted(by: int) -> Edit:
    """A field that follows the loop, `by` loops late (or early)."""

    def edit(loop: int, docs: dict[str, Any]) -> None:
        docs["risk_snapshot"]["risk_mode"] = "WARN" if loop - by >= 6 else "OK"

    return edit


@pytest.mark.parametrize(
    ("edit", "word"),
    [(shifted(1), "one loop later"), (shifted(-1), "one loop earlier"), (shifted(2), "text changed")],
    ids=["later", "earlier", "two"],
)
def test_a_state_that_comes_a_loop_late_is_told_so(bench: Bench, edit: Edit, word: str) -> None:
    bench.accept(bench.loops(edit=shifted(0)))
    found = bench.compare(bench.loops(edit=edit))
    assert [change.text for change in found.causes[0].changes] == [f"risk_snapshot.risk_mode: {word}"]


def test_a_pulse_that_is_gone_is_no_shift(bench: Bench) -> None:
    def pulse(loop: int, docs: dict[str, Any]) -> None:
        docs["risk_snapshot"]["risk_mode"] = "WARN" if loop == 6 else "OK"

    bench.accept(bench.loops(edit=pulse))
    (cause,) = bench.compare(bench.loops()).causes
    assert cause.changes[0].what.text == "text changed"


def test_a_difference_after_equal_loops_or_further_upstream_is_a_cause_of_its_own(bench: Bench) -> None:
    def edit(loop: int, docs: dict[str, Any]) -> None:
        if loop in (3, 4, 9, 10):
            docs["risk_snapshot"]["risk_mode"] = "WARN"
        if loop == 10:
            docs["positions_state"]["positions"][0]["qty"] = 3.0
            docs["rv_momentum"]["spreads"]["btc_vs_eth"] = 7.5

    bench.accept(bench.loops())
    mode, qty = bench.compare(bench.loops(edit=edit)).causes
    assert (mode.first_loop, mode.surface, mode.times, mode.loops, mode.fields, mode.then) == (
        3, "risk_snapshot", 2, 3, 3, (),
    )  # fmt: skip
    assert (qty.first_loop, qty.surface, qty.times, qty.loops, qty.then) == (
        10, "positions_state", 1, 1, ("risk_snapshot", "rv_momentum"),
    )  # fmt: skip
