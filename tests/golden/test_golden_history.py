"""The history: every document of every loop comes back byte for byte; nothing in it can be changed unseen."""

from __future__ import annotations

from typing import Any

import pytest
from golden_runs import FINGERPRINT, LOG, ME, START_US, Bench, documents, moment, record, state, tree_of
from hypothesis import given, settings, strategies as st

from simkit.core.canon import decode, encode_sorted
from simkit.core.hashing import digest
from simkit.golden.history import (
    HISTORY,
    HistoryWriter,
    Tree,
    decode_line,
    encode_line,
    name_of,
    path_of,
    raw_lines,
    running_of,
    verify_history,
)
from simkit.golden.write import Identity, build
from simkit.trace.chain import START, link, names_of
from simkit.trace.record import LoopRecord
from simkit.trace.spool import Frame


def lines_of(records: list[LoopRecord], bench: Bench) -> list[bytes]:
    target = bench.project.root / "g"
    build(target, Identity(FINGERPRINT, 1, ME), bench.run(records), None)
    return list(raw_lines(target / HISTORY))


def history(trees: list[dict[str, bytes]]) -> list[bytes]:
    """The lines of a run of bare trees, one minute apart."""
    writer, running, before, found = HistoryWriter(Tree()), START, dict[str, bytes](), []
    for loop, tree in enumerate(trees, 1):
        changed = {path: tree[path] for path in sorted(tree) if before.get(path) != tree[path]}
        removed = tuple(sorted(before.keys() - tree.keys()))
        running = link(running, names_of(sorted(tree)), "".join(digest(tree[p]) for p in sorted(tree)), b"")
        hashes = {path: digest(data) for path, data in changed.items()}
        frame = Frame(loop, START_US + loop * 60_000_000, None, changed, hashes, removed, b"", running)
        found.append(encode_line(writer.line(frame)))
        before = tree
    return found


def given_back(lines: list[bytes]) -> list[dict[str, bytes]]:
    tree, found = Tree(), []
    for line in lines:
        tree.apply(decode_line(line))
        found.append({path_of(name): tree.data(name) for name in tree.contents})
    return found


VALUES = st.sampled_from([0, 1, 1.5, None, "@", "a", [], [1], {"x": 1}, {"=": {"-": 1}}])
FILES = st.dictionaries(
    st.sampled_from([state("nav"), state("kpis_v7"), state("a.b"), "v7_manifest.json", "nav", "x/nav"]),
    st.dictionaries(st.sampled_from(["a", "b", "="]), VALUES, max_size=3).map(encode_sorted)
    | st.sampled_from([b"", b"{", b"NaN", b'{"a": 1}', b'{"b":1,"a":2}', b"\xff", b'{"a":1,"a":1}']),
    max_size=4,
)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(FILES, min_size=1, max_size=6))
def test_every_document_of_every_loop_comes_back(trees: list[dict[str, bytes]]) -> None:
    lines = history(trees)
    for found, tree in zip(given_back(lines), trees, strict=True):
        assert found.keys() == tree.keys()
        for path, data in tree.items():
            try:
                assert found[path] == encode_sorted(decode(data))
            except ValueError:
                assert found[path] == data.decode(errors="backslashreplace").encode()
    assert verify_history(lines)[1] == []


@pytest.mark.parametrize(
    "path",
    [
        state("nav"),
        state("a.b"),
        state("deep/nav"),
        "logs/state/nav.txt",
        "v7_manifest.json",
        "nav",
        LOG,
        state(""),
    ],
)
def test_a_short_name_stands_for_one_path(path: str) -> None:
    assert path_of(name_of(path)) == path


def test_names_do_not_collide() -> None:
    paths = [state("nav"), "nav", "nav.json", state("nav.json"), "logs/state/nav"]
    assert len({name_of(path) for path in paths}) == len(paths)


def test_a_loop_tells_only_what_moved(bench: Bench) -> None:
    lines = lines_of([record(loop, tree_of(loop)) for loop in (1, 2, 3, 4)], bench)
    second = decode(lines[1])
    assert second["changes"] == {
        "nav": {"nav": 1100.25, "nav_usd": 1100.25},
        "positions_ledger": {"entries": {"0": {"created_ts": moment(1) / 1e6}}},
        "positions_state": {"positions": {"0": {"mark_price": 100.25}}},
    }
    assert "rv_momentum" not in second["files"]
    assert decode(lines[3])["changes"]["rv_momentum"] == {"spreads": {"btc_vs_eth": 0.5}}


def test_running_hashes_are_read_without_decoding(bench: Bench) -> None:
    lines = lines_of([record(loop, tree_of(loop)) for loop in range(1, 8)], bench)
    assert running_of(lines) == "".join(decode(line)["running"] for line in lines)
    with pytest.raises(ValueError, match="running hash"):
        running_of([b'{"loop":1,"running":"0000000000000000"}\n'])


def test_windows_line_ends_are_read_as_they_were_written(bench: Bench) -> None:
    lines = lines_of([record(loop, tree_of(loop)) for loop in (1, 2)], bench)
    file = bench.project.root / "crlf"
    file.write_bytes(b"".join(lines).replace(b"\n", b"\r\n"))
    assert list(raw_lines(file)) == lines


def test_a_good_history_holds(bench: Bench) -> None:
    records = [
        record(loop, tree_of(loop), emitted=("i",) * (loop % 2), log=b'{"a":1}\n') for loop in range(1, 8)
    ]
    tree, problems = verify_history(lines_of(records, bench))
    assert problems == []
    assert {name: tree.value(name) for name in tree.contents} == documents(7)


def _value(line: dict[str, Any]) -> None:
    line["changes"]["nav"]["nav"] = 1.0


def _event(line: dict[str, Any]) -> None:
    line["events"]["emitted"] = ["j"]


def _log(line: dict[str, Any]) -> None:
    line["events"]["logs"][LOG] = "{}\n"


def _hash(line: dict[str, Any]) -> None:
    line["files"]["nav"] = "00000000"


def _running(line: dict[str, Any]) -> None:
    line["running"] = "0" * 16


def _loop(line: dict[str, Any]) -> None:
    line["loop"] = 9


def _time(line: dict[str, Any]) -> None:
    line["time"] = "2025-01-07T00:00:00.000000Z"


def _gone(line: dict[str, Any]) -> None:
    line["gone"] = ["rv_momentum"]


@pytest.mark.parametrize("edit", [_value, _event, _log, _hash, _running, _loop, _time, _gone])
def test_every_edit_of_a_line_is_found(bench: Bench, edit: Any) -> None:
    lines = lines_of([record(loop, tree_of(loop), emitted=("i",), log=b"x\n") for loop in range(1, 5)], bench)
    line = decode(lines[1])
    edit(line)
    lines[1] = encode_line(decode_line(encode_sorted(line)))
    problems = verify_history(lines)[1]
    assert len(problems) == 1
    assert problems[0].startswith("L2: ")


def test_lines_swapped_or_lost_are_found(bench: Bench) -> None:
    lines = lines_of([record(loop, tree_of(loop)) for loop in range(1, 6)], bench)
    assert verify_history([lines[0], lines[2], lines[1], *lines[3:]])[1]
    assert verify_history([*lines[:2], *lines[3:]])[1]
    assert verify_history([lines[0], b"{}\n"])[1]
    assert verify_history([lines[1]])[1]
