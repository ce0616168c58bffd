"""The comparison: what moved first, old and new, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from golden_runs import LOG, Bench, Edit, record, snapshot, tree_of
from hypothesis import HealthCheck, given, settings, strategies as st

from simkit.core.canon import encode_sorted
from simkit.core.files import remove_tree
from simkit.golden import counts
from simkit.golden.store import expected_run
from simkit.golden.values import FieldChange, Walk, join
from simkit.trace.recorder import Recorder


def from_loop(first: int, change: Edit) -> Edit:
    """`change` in every loop from `first` on."""
    return lambda loop, docs: change(loop, docs) if loop >= first else None


def _mark(loop: int, docs: dict[str, Any]) -> None:
    docs["positions_state"]["positions"][0]["mark_price"] += 1.0
    docs["nav"]["nav"] += 1.0


def _engine(loop: int, docs: dict[str, Any]) -> None:
    docs["diagnostics"]["engine_version"] = "reference-2"


def _engine_type(loop: int, docs: dict[str, Any]) -> None:
    docs["diagnostics"]["engine_version"] = 2


def _no_engine(loop: int, docs: dict[str, Any]) -> None:
    del docs["diagnostics"]["engine_version"]


def _spaced(loop: int, docs: dict[str, Any]) -> None:
    docs["nav"] = encode_sorted(docs["nav"]).replace(b'"nav":', b'"nav": ')


def _whole_number(loop: int, docs: dict[str, Any]) -> None:
    docs["positions_state"]["positions"][0]["qty"] = 2


def _gone(loop: int, docs: dict[str, Any]) -> None:
    del docs["rv_momentum"]


def _broken(loop: int, docs: dict[str, Any]) -> None:
    docs["nav"] = b'{"nav":NaN}'


def test_no_golden_is_missing(bench: Bench) -> None:
    found = bench.compare(bench.loops())
    assert (found.status, found.new_loops, found.same) == ("missing", 12, False)


def test_the_same_run_is_same(bench: Bench) -> None:
    bench.accept(bench.loops())
    found = bench.compare(bench.loops())
    assert (found.status, found.kind, found.loop_count, found.same) == ("same", "", 0, True)


def test_what_moved_first_is_told_most_upstream_first(bench: Bench) -> None:
    bench.accept(bench.loops())
    found = bench.compare(bench.loops(edit=from_loop(5, _mark)))
    assert (found.status, found.kind, found.first_loop, found.first_surface) == (
        "changed", "value", 5, "positions_state",
    )  # fmt: skip
    assert found.fields == (
        FieldChange("positions_state", "positions[0].mark_price", "100.625", "101.625"),
        FieldChange("nav", "nav", "1100.625", "1101.625"),
    )
    assert (found.loop_count, found.field_count, found.bounded) == (8, 16, False)
    assert [(s.surface, s.first_loop, s.loops, s.fields) for s in found.surfaces] == [
        ("positions_state", 5, 8, 8),
        ("nav", 5, 8, 8),
    ]
    assert found.old_events is None
    assert [change.text for change in found.causes[0].changes] == [
        "positions_state.positions[].mark_price: offset +1"
    ]


def test_a_document_that_is_not_written_anew_still_differs(bench: Bench) -> None:
    def spread(loop: int, docs: dict[str, Any]) -> None:
        docs["rv_momentum"]["spreads"]["btc_vs_eth"] = 9.5

    bench.accept(bench.loops())
    found = bench.compare(bench.loops(edit=lambda loop, docs: spread(loop, docs) if 4 <= loop <= 6 else None))
    assert (found.first_loop, found.loop_count, found.field_count) == (4, 3, 3)


def test_a_difference_that_heals_counts_its_own_loops_only(bench: Bench) -> None:
    bench.accept(bench.loops())
    found = bench.compare(bench.loops(edit=lambda loop, docs: _mark(loop, docs) if loop == 7 else None))
    assert (found.first_loop, found.loop_count) == (7, 1)


@pytest.mark.parametrize("first", [1, 5])
def test_an_identity_field_may_have_another_value(bench: Bench, first: int) -> None:
    bench.accept(bench.loops())
    run = bench.loops(edit=from_loop(first, _engine))
    assert not run.equal
    assert bench.compare(run).status == "same"


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [(_engine_type, '"reference-1"', "2"), (_no_engine, '"reference-1"', None)],
    ids=["type", "presence"],
)
def test_an_identity_field_keeps_presence_and_type(
    bench: Bench, change: Edit, old: str, new: str | None
) -> None:
    bench.accept(bench.loops())
    found = bench.compare(bench.loops(edit=from_loop(3, change)))
    assert found.fields == (FieldChange("diagnostics", "engine_version", old, new),)


def test_an_identity_field_hides_nothing_else(bench: Bench) -> None:
    def both(loop: int, docs: dict[str, Any]) -> None:
        _engine(loop, docs)
        if loop >= 9:
            _mark(loop, docs)

    bench.accept(bench.loops())
    found = bench.compare(bench.loops(edit=both))
    assert (found.first_loop, found.first_surface, found.loop_count) == (9, "positions_state", 4)


@pytest.mark.parametrize("change", [_spaced, _whole_number], ids=["spaces", "spelling of a number"])
def test_raw_bytes_alone_are_a_difference_of_format(bench: Bench, change: Edit) -> None:
    bench.accept(bench.loops())
    found = bench.compare(bench.loops(edit=from_loop(3, change)))
    assert (found.status, found.kind, found.first_loop, found.loop_count) == ("changed", "format", 3, 10)
    assert found.field_count == 0
    bench.accept(bench.loops(edit=from_loop(3, change)), kind="format")
    assert bench.compare(bench.loops(edit=from_loop(3, change))).status == "same"
    assert bench.compare(bench.loops()).kind == "format"


def test_a_file_that_is_lost_or_new_is_told(bench: Bench) -> None:
    bench.accept(bench.loops())
    (lost,) = bench.compare(bench.loops(edit=from_loop(4, _gone))).fields
    assert (lost.surface, lost.path, lost.new) == ("rv_momentum", "", None)
    bench.accept(bench.loops(edit=from_loop(4, _gone)), kind="intended")
    (fresh,) = bench.compare(bench.loops()).fields
    assert (fresh.surface, fresh.path, fresh.old) == ("rv_momentum", "", None)


def test_a_document_that_is_no_json_is_told_as_text(bench: Bench) -> None:
    bench.accept(bench.loops())
    broken = bench.loops(edit=lambda loop, docs: _broken(loop, docs) if loop == 4 else None)
    found = bench.compare(broken)
    assert [(f.surface, f.path, f.new) for f in found.fields] == [("nav", "", '"{\\"nav\\":NaN}"')]
    assert found.loop_count == 1
    bench.accept(broken, kind="intended")
    assert bench.compare(bench.loops()).first_loop == 4


def _with_events(bench: Bench, loop: int, *, emitted: tuple[str, ...] = (), log: bytes = b"") -> Any:
    return bench.run(
        [
            record(n, tree_of(n), emitted=emitted if n == loop else (), log=log if n == loop else b"")
            for n in range(1, 9)
        ]
    )


def test_differing_events_are_told_when_no_surface_moved(bench: Bench) -> None:
    bench.accept(_with_events(bench, 3, emitted=("i-1",)))
    found = bench.compare(_with_events(bench, 3, emitted=("i-2",)))
    assert (found.first_loop, found.first_surface, found.loop_count) == (3, "events", 1)
    assert found.fields == (FieldChange("events", "emitted[0]", '"i-1"', '"i-2"'),)
    assert (found.old_events, found.new_events) == ('{"emitted":["i-1"]}', '{"emitted":["i-2"]}')


def test_log_lines_are_compared_field_by_field_without_identity(bench: Bench) -> None:
    bench.accept(_with_events(bench, 3, log=b'{"pid":1,"qty":2.0}\n'))
    assert bench.compare(_with_events(bench, 3, log=b'{"pid":77,"qty":2.0}\n')).status == "same"
    assert bench.compare(_with_events(bench, 3, log=b'{"pid":1, "qty":2.0}\n')).kind == "format"
    (found,) = bench.compare(_with_events(bench, 3, log=b'{"pid":77,"qty":3.0}\n')).fields
    assert (found.path, found.old, found.new) == (f'logs["{LOG}"][0].qty', "2.0", "3.0")


@pytest.mark.parametrize(("loops", "lacking"), [(9, 3), (15, 3)], ids=["shorter", "longer"])
def test_another_number_of_loops_is_a_difference(bench: Bench, loops: int, lacking: int) -> None:
    bench.accept(bench.loops())
    found = bench.compare(bench.loops(loops))
    assert (found.status, found.kind, found.first_loop) == ("changed", "value", min(loops, 12) + 1)
    assert found.loop_count == lacking
    assert f"after loop {loops}" in found.text


def test_a_shorter_run_that_differs_tells_the_field(bench: Bench) -> None:
    bench.accept(bench.loops())
    found = bench.compare(bench.loops(9, from_loop(5, _mark)))
    assert (found.first_loop, found.first_surface, found.loop_count) == (5, "positions_state", 8)


def test_an_edited_scenario_is_stale_whether_or_not_the_run_differs(bench: Bench) -> None:
    bench.accept(bench.loops())
    same = bench.compare(bench.loops(), fingerprint="0" * 16)
    assert (same.status, same.kind, same.first_loop) == ("stale", "", None)
    moved = bench.compare(bench.loops(edit=from_loop(5, _mark)), fingerprint="0" * 16)
    assert (moved.status, moved.kind, moved.first_loop) == ("stale", "value", 5)


def test_a_golden_of_another_executor_is_not_compared(bench: Bench) -> None:
    bench.accept(bench.loops())
    found = bench.compare(bench.loops(edit=_mark), executor="acme")
    assert (found.status, found.text, found.fields) == ("other", "accepted for reference, run with acme", ())


def test_other_random_numbers_that_show_nowhere_are_same_and_noted(bench: Bench) -> None:
    bench.accept(bench.loops())
    found = bench.compare(bench.run([record(n, tree_of(n)) for n in range(1, 13)], unseed="v"))
    assert (found.status, found.new_unseed) == ("same", True)


def test_a_run_without_a_spool_is_judged_by_its_hash(bench: Bench) -> None:
    bench.accept(bench.loops())
    recorder = Recorder(expected_run(bench.golden), None)
    for loop in range(1, 13):
        recorder.record(record(loop, tree_of(loop, from_loop(5, _mark))))
    found = bench.compare(recorder.finish("u"))
    assert (found.status, found.first_loop, found.fields) == ("changed", 5, ())


def test_counting_stops_at_a_bound_and_loops_go_on(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "MAX_FIELDS", 6)
    bench.accept(bench.loops())

    def moved(loop: int, docs: dict[str, Any]) -> None:
        _engine(loop, docs)
        if loop != 10:
            _mark(loop, docs)

    found = bench.compare(bench.loops(edit=from_loop(3, moved)))
    assert (found.field_count, found.bounded, found.loop_count) == (6, True, 9)


def test_a_comparison_writes_nothing(bench: Bench) -> None:
    bench.accept(bench.loops())
    run = bench.loops(edit=from_loop(5, _mark))
    before = snapshot(bench.project.root)
    bench.compare(run)
    assert snapshot(bench.project.root) == before


VALUES = st.sampled_from([0, 0.0, 1, 1.5, True, None, "a", [], [1], [1, 2], {"x": 1}, {}])
DOCS = st.dictionaries(
    st.sampled_from(["nav", "kpis_v7", "extra"]), st.dictionaries(st.sampled_from("ab"), VALUES)
)
FEW = settings(
    deadline=None,
    derandomize=True,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def _recorded(bench: Bench, trees: list[dict[str, Any]]) -> Any:
    return bench.run(
        [
            record(loop, {f"logs/state/{name}.json": encode_sorted(doc) for name, doc in tree.items()})
            for loop, tree in enumerate(trees, 1)
        ]
    )


def _fields(old: dict[str, Any], new: dict[str, Any]) -> int:
    """How many fields differ in one loop, computed on the whole trees."""
    total = 0
    for name in old.keys() | new.keys():
        walk = Walk(name)
        if name in old and name in new:
            walk.compare(old[name], new[name])
            total += walk.count
        else:
            total += 1
    return total


@FEW
@given(st.lists(DOCS, min_size=1, max_size=5), st.lists(DOCS, min_size=1, max_size=5))
def test_the_result_is_that_of_a_comparison_loop_by_loop(
    bench: Bench, old: list[dict[str, Any]], new: list[dict[str, Any]]
) -> None:
    new = (new * 5)[: len(old)]
    remove_tree(bench.project.golden)
    bench.accept(_recorded(bench, old))
    found = bench.compare(_recorded(bench, new))
    naive = [_fields(a, b) for a, b in zip(old, new, strict=True)]
    moved = [loop for loop, count in enumerate(naive, 1) if count]
    assert found.field_count == sum(naive)
    if moved:
        assert (found.kind, found.first_loop, found.loop_count) == ("value", moved[0], len(moved))
        assert len(found.fields) == naive[moved[0] - 1]
    else:
        same_bytes = encode_sorted(old) == encode_sorted(new)
        assert (found.kind, found.status) == (("", "same") if same_bytes else ("format", "changed"))


@pytest.mark.parametrize(
    ("path", "key", "text"),
    [
        ("", "a", "a"),
        ("a", "b", "a.b"),
        ("a", "b.c", 'a["b.c"]'),
        ("a", "", 'a[""]'),
        ("a", "BTCUSDT:LONG", "a.BTCUSDT:LONG"),
    ],
)
def test_json_paths(path: str, key: str, text: str) -> None:
    assert join(path, key) == text


def test_the_cause_leaves_out_symbols_and_indices(bench: Bench) -> None:
    def with_symbol(name: str) -> Edit:
        def change(loop: int, docs: dict[str, Any]) -> None:
            docs["nav"]["per_symbol"] = {f"{name}:LONG": [{"x": loop}]}

        return change

    bench.accept(bench.loops(edit=with_symbol("BTCUSDT")))

    def moved(name: str) -> str:
        def change(loop: int, docs: dict[str, Any]) -> None:
            docs["nav"]["per_symbol"] = {f"{name}:LONG": [{"x": -1}]}

        return ", ".join(change.text for change in bench.compare(bench.loops(edit=change)).causes[0].changes)

    assert moved("BTCUSDT") == "nav.per_symbol.*[].x: value changed"
