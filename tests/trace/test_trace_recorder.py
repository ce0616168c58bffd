"""The recorder: one running hash per loop, bytes only from the first loop that differs on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from msgspec.structs import replace
from trace_records import KPIS, NAV, record, written

from simkit.exchange.orders import Ack, Fill, Order
from simkit.trace.chain import WIDTH
from simkit.trace.record import LoopRecord
from simkit.trace.recorder import ExpectedRun, Recorder, Recording
from simkit.trace.spool import Frame, frames

Tree = dict[str, bytes]


def hashes_of(records: Sequence[LoopRecord]) -> ExpectedRun:
    """The running hash after every loop."""
    recorder, found = Recorder(None, None), []
    for each in records:
        recorder.record(each)
        found.append(recorder.finish("").running)
    return ExpectedRun("".join(found))


def run(
    records: Sequence[LoopRecord], expected: ExpectedRun | None = None, spool: Path | None = None
) -> Recording:
    recorder = Recorder(expected, spool)
    for each in records:
        recorder.record(each)
    return recorder.finish("u")


def loops(*trees: Tree) -> list[LoopRecord]:
    return [record(number, tree) for number, tree in enumerate(trees, 1)]


def test_without_a_golden_and_without_a_spool_only_hashes_are_kept() -> None:
    found = run(loops({NAV: b"1"}, {NAV: b"2", KPIS: b"3"}))
    assert found.spool is None
    assert found.kept_from is None
    assert found.first_difference is None
    assert not found.equal
    assert (found.loops, found.unseed, found.paths) == (2, "u", (KPIS, NAV))
    assert len(found.running) == WIDTH


def test_an_equal_run_keeps_nothing(tmp_path: Path) -> None:
    records = loops({NAV: b"1"}, {NAV: b"2"})
    found = run(records, hashes_of(records), tmp_path / "spool")
    assert found.equal
    assert found.first_difference is None
    assert found.spool is None
    assert not (tmp_path / "spool").exists()


def test_the_first_difference_and_all_that_follows_is_kept(tmp_path: Path) -> None:
    same, old = {NAV: b"1", KPIS: b"k"}, [{NAV: b"2", KPIS: b"k"}, {NAV: b"3", KPIS: b"k"}]
    new = [{NAV: b"9", KPIS: b"k"}, {NAV: b"3", KPIS: b"k"}]
    found = run(loops(same, *new), hashes_of(loops(same, *old)), tmp_path / "spool")
    assert (found.first_difference, found.kept_from, found.equal) == (2, 2, False)
    assert found.spool is not None
    kept = list(frames(found.spool))
    assert [(frame.loop, dict(frame.files)) for frame in kept] == [(2, {NAV: b"9"}), (3, {NAV: b"3"})]
    assert kept[-1].running == found.running


def test_without_a_golden_every_loop_is_kept(tmp_path: Path) -> None:
    found = run(loops({NAV: b"1"}, {NAV: b"1"}, {}), None, tmp_path / "spool")
    assert (found.kept_from, found.first_difference) == (1, None)
    assert found.spool is not None
    kept = list(frames(found.spool))
    assert [dict(frame.files) for frame in kept] == [{NAV: b"1"}, {}, {}]
    assert [frame.removed for frame in kept] == [(), (), (NAV,)]


def test_a_shorter_and_a_longer_run_differ(tmp_path: Path) -> None:
    records = loops({NAV: b"1"}, {NAV: b"2"}, {NAV: b"3"})
    shorter = run(records[:2], hashes_of(records), tmp_path / "a")
    assert (shorter.equal, shorter.first_difference, shorter.spool) == (False, 3, None)
    longer = run(records, hashes_of(records[:2]), tmp_path / "b")
    assert (longer.equal, longer.first_difference, longer.kept_from) == (False, 3, 3)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(record(2, {NAV: b"2", KPIS: b"4"}), id="a file's bytes"),
        pytest.param(record(2, {NAV: b"3", KPIS: b"2"}), id="two files swapped"),
        pytest.param(record(2, {NAV: b"2"}), id="a file away"),
        pytest.param(record(2, {NAV: b"2", "logs/state/other.json": b"3"}), id="a file renamed"),
        pytest.param(record(2, {NAV: b"2", KPIS: b"3", "x.json": b""}), id="a file more"),
        pytest.param(record(2, {NAV: b"2", KPIS: b"3"}, emitted=("i",)), id="an event"),
        pytest.param(
            record(2, {NAV: b"2", KPIS: b"3"}, writes=[written(NAV, writer="sync_state")]),
            id="another writer",
        ),
        pytest.param(
            record(2, {NAV: b"2", KPIS: b"3"}, writes=[written(NAV, mode="direct")]), id="a torn write"
        ),
        pytest.param(
            record(2, {NAV: b"2", KPIS: b"3"}, writes=[written("logs/x.jsonl", b"a", mode="append")]),
            id="a log line",
        ),
    ],
)
def test_whatever_differs_changes_the_running_hash(change: LoopRecord) -> None:
    first = record(1, {NAV: b"1", KPIS: b"1"})
    plain = record(2, {NAV: b"2", KPIS: b"3"})
    assert run([first, change]).running != run([first, plain]).running


def test_two_loops_swapped_change_the_running_hash() -> None:
    one, two, three = {NAV: b"1"}, {NAV: b"2"}, {NAV: b"3"}
    assert run(loops(one, two, three)).running != run(loops(two, one, three)).running


def test_the_hash_depends_on_content_and_not_on_objects_or_order() -> None:
    one = b"1"
    shared = loops({NAV: one, KPIS: b"k"}, {NAV: one, KPIS: b"k"})
    fresh = loops({KPIS: b"k", NAV: bytes([49])}, {KPIS: b"k", NAV: bytes([49])})
    assert run(shared).running == run(fresh).running


def test_a_file_that_comes_back_is_kept_again(tmp_path: Path) -> None:
    data = b"1"
    found = run(loops({NAV: data}, {}, {NAV: data}), None, tmp_path / "spool")
    assert found.spool is not None
    assert [dict(frame.files) for frame in frames(found.spool)] == [{NAV: data}, {}, {NAV: data}]


def _replayed(found: Sequence[Frame]) -> list[Tree]:
    tree: Tree = {}
    trees = []
    for frame in found:
        tree = {path: data for path, data in {**tree, **frame.files}.items() if path not in frame.removed}
        trees.append(tree)
    return trees


TREES = st.lists(
    st.dictionaries(st.sampled_from([NAV, KPIS, "a", "b"]), st.binary(max_size=2)), min_size=1, max_size=8
)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(TREES, TREES)
def test_the_first_difference_is_that_of_a_comparison_loop_by_loop(
    tmp_path_factory: pytest.TempPathFactory, old: list[Tree], new: list[Tree]
) -> None:
    found = run(loops(*new), hashes_of(loops(*old)), tmp_path_factory.mktemp("run") / "spool")
    naive = next((i for i, (a, b) in enumerate(zip(old, new, strict=False), 1) if a != b), None)
    if naive is None and len(old) != len(new):
        naive = min(len(old), len(new)) + 1
    assert found.first_difference == naive
    assert found.equal == (naive is None)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(TREES)
def test_the_frames_give_back_every_tree(tmp_path_factory: pytest.TempPathFactory, trees: list[Tree]) -> None:
    found = run(loops(*trees), None, tmp_path_factory.mktemp("run") / "spool")
    assert found.spool is not None
    assert _replayed(list(frames(found.spool))) == trees


def test_counts_cover_the_whole_run() -> None:
    order = Order("o", "i", "BTCUSDT", "BUY", "LONG", 1, False, "entry")
    ack = Ack(1, 0, order, "v", "NEW", 0)
    fill = Fill(2, 0, "t", "v", order, 1, 1, 0, 0, 0, 1, 1, 0)
    first = record(1, {}, answers=(ack, fill), emitted=("i",))
    second = record(2, {}, venue=(fill,), answers=(replace(ack, status="CANCELED"),))
    counted = run([first, second]).summary
    assert (counted.signals, counted.orders, counted.fills, counted.vetoes) == (1, 1, 2, 0)
