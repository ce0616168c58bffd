"""The store: what stands in a golden folder, and whether it is as it was accepted."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from golden_runs import LOG, NAME, Bench, documents, record, snapshot, state, tree_of

from simkit.core.canon import decode, encode_sorted, pretty
from simkit.core.errors import SimkitError
from simkit.golden.history import HISTORY, decode_line, raw_lines, verify_history
from simkit.golden.store import (
    GOLDEN,
    REASONS,
    Edit,
    Golden,
    Reason,
    edits,
    encode_golden,
    expected_run,
    goldens,
    missing,
    orphans,
    read_golden,
    read_reasons,
    recover,
)

FILES = (
    "checkpoints/L0003/logs/state/nav.json",
    "logs/state/nav.json",
    LOG,
    "timeline.csv",
    HISTORY,
)


def _accepted(bench: Bench) -> Golden:
    records = [record(loop, tree_of(loop), log=b'{"n":%d}\n' % loop) for loop in range(1, 7)]
    bench.accept(bench.run(records), checkpoints=(3,))
    golden = read_golden(bench.golden)
    assert isinstance(golden, Golden)
    return golden


def test_the_folder_is_complete_and_canonical(bench: Bench) -> None:
    golden = _accepted(bench)
    found = snapshot(bench.golden)
    names = documents(1)
    assert found.keys() == {
        *(state(name) for name in names),
        *(f"checkpoints/L0003/{state(name)}" for name in names),
        LOG, "timeline.csv", HISTORY, GOLDEN, REASONS,
    }  # fmt: skip
    assert found[state("nav")] == pretty(encode_sorted(documents(6)["nav"]))
    assert found["checkpoints/L0003/logs/state/nav.json"] == pretty(encode_sorted(documents(3)["nav"]))
    assert found[LOG] == b"".join(b'{"n":%d}\n' % loop for loop in range(1, 7))
    assert (golden.loops, golden.executor, golden.scenario, golden.seed) == (6, "reference", "f" * 16, 7)
    assert golden.files.keys() == found.keys() - {GOLDEN, REASONS}
    assert verify_history(raw_lines(bench.golden / HISTORY))[1] == []


def test_a_golden_as_accepted_has_no_edits(bench: Bench) -> None:
    assert edits(bench.golden, _accepted(bench)) == ()


@pytest.mark.parametrize("path", FILES)
def test_an_edit_by_hand_is_found_in_every_file(bench: Bench, path: str) -> None:
    golden = _accepted(bench)
    file = bench.golden / path
    file.write_bytes(file.read_bytes().replace(b"1", b"2"))
    assert edits(bench.golden, golden) == (Edit(path, "was edited by hand"),)
    found = bench.compare(bench.loops(6))
    assert (found.status, found.edits) == ("edited", (Edit(path, "was edited by hand"),))


@pytest.mark.parametrize("path", FILES)
def test_a_lost_file_is_found(bench: Bench, path: str) -> None:
    golden = _accepted(bench)
    (bench.golden / path).unlink()
    assert edits(bench.golden, golden) == (Edit(path, "is missing"),)


@pytest.mark.parametrize("path", FILES)
def test_a_merge_conflict_is_called_so(bench: Bench, path: str) -> None:
    golden = _accepted(bench)
    file = bench.golden / path
    file.write_bytes(b"<<<<<<< ours\n" + file.read_bytes() + b"=======\n>>>>>>> theirs\n")
    assert edits(bench.golden, golden) == (Edit(path, "holds the marks of a merge conflict"),)


def test_a_temporary_file_that_a_run_left_behind_is_part_of_its_golden(bench: Bench) -> None:
    """A death in mid-write leaves one, and a run that leaves it no longer has changed."""
    left = "logs/state/.tmp_nav.json.1"
    bench.accept(bench.run([record(loop, tree_of(loop) | {left: b'{"nav":1'}) for loop in (1, 2)]))
    golden = read_golden(bench.golden)
    assert isinstance(golden, Golden)
    assert left in golden.files
    assert edits(bench.golden, golden) == ()
    (bench.golden / left).unlink()
    assert edits(bench.golden, golden) == (Edit(left, "is missing"),)


def test_a_file_too_many_is_found_and_a_dot_file_is_not(bench: Bench) -> None:
    golden = _accepted(bench)
    (bench.golden / ".DS_Store").write_bytes(b"x")
    (bench.golden / "logs/state/nav.json.orig").write_bytes(b"x")
    assert edits(bench.golden, golden) == (Edit("logs/state/nav.json.orig", "is no part of the golden"),)


def test_line_ends_of_another_platform_are_no_edit(bench: Bench) -> None:
    golden = _accepted(bench)
    for path in golden.files:
        file = bench.golden / path
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert edits(bench.golden, golden) == ()
    expected = expected_run(bench.golden)
    assert expected is not None
    assert expected.at(6) == golden.running


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"{", "cannot be read"),
        (b'{"format":1}', "cannot be read"),
        (b'{"format":2}', "is of format 2"),
        (b"<<<<<<< ours\n{}\n", "merge conflict"),
    ],
)
def test_a_golden_json_that_is_none_is_an_edit(bench: Bench, data: bytes, problem: str) -> None:
    _accepted(bench)
    (bench.golden / GOLDEN).write_bytes(data)
    found = bench.compare(bench.loops(6))
    assert found.status == ("conflict" if "merge" in problem else "edited")
    (edit,) = found.edits
    assert problem in edit.problem
    assert expected_run(bench.golden) is None


@pytest.mark.parametrize("field", ["running", "scenario", "unseed", "executor", "loops", "seed"])
def test_an_edit_of_golden_json_itself_is_found(bench: Bench, field: str) -> None:
    golden = _accepted(bench)
    value = getattr(golden, field)
    edited = msgspec.structs.replace(
        golden, **{field: value + 1 if isinstance(value, int) else value[::-1] + "x"}
    )
    (bench.golden / GOLDEN).write_bytes(encode_golden(edited))
    found = read_golden(bench.golden)
    assert isinstance(found, Edit)
    assert "edited by hand" in found.problem


def test_a_damaged_golden_can_be_accepted_anew(bench: Bench) -> None:
    golden = _accepted(bench)
    history = bench.golden / HISTORY
    history.write_bytes(history.read_bytes().replace(b'"time"', b'"tame"'))
    assert expected_run(bench.golden) is None
    run = bench.loops(6)
    assert (run.kept_from, run.first_difference) == (1, None)
    bench.accept(run, kind="fixed")
    again = read_golden(bench.golden)
    assert isinstance(again, Golden)
    assert edits(bench.golden, again) == ()
    assert again.running != golden.running


def test_the_expected_hashes_are_those_of_the_history(bench: Bench) -> None:
    golden = _accepted(bench)
    expected = expected_run(bench.golden)
    assert expected is not None
    lines = [decode_line(line) for line in raw_lines(bench.golden / HISTORY)]
    assert [expected.at(loop) for loop in range(1, 7)] == [line.running for line in lines]
    assert (expected.loops, expected.at(7), expected.at(6)) == (6, "", golden.running)


def test_no_golden_has_no_expected_run(tmp_path: Path) -> None:
    assert read_golden(tmp_path) is None
    assert expected_run(tmp_path / "nothing") is None


def test_reasons_are_read_in_order_and_a_bad_line_is_an_edit(bench: Bench) -> None:
    golden = _accepted(bench)
    file = bench.golden / REASONS
    (reason,) = read_reasons(file)
    assert reason == Reason(date="2025-01-06", from_="", kind="new", reason="because", to=golden.running)
    assert decode(file.read_bytes())["from"] == ""
    file.write_bytes(file.read_bytes() + b"=======\n")
    with pytest.raises(SimkitError, match="line 2"):
        read_reasons(file)
    assert [edit.file for edit in edits(bench.golden, golden)] == [REASONS]


def test_goldens_orphans_and_missing_are_set_differences(tmp_path: Path) -> None:
    for name in ("a/one", "a/one@low", "b/deep/two"):
        (tmp_path / name / "checkpoints" / "x").mkdir(parents=True)
        (tmp_path / name / GOLDEN).write_bytes(b"{}")
    (tmp_path / "a" / ".new_three.1").mkdir()
    (tmp_path / "a" / ".new_three.1" / GOLDEN).write_bytes(b"{}")
    (tmp_path / "empty").mkdir()
    assert goldens(tmp_path) == ("a/one", "a/one@low", "b/deep/two")
    assert orphans(tmp_path, ["a/one", "c/new"]) == ("a/one@low", "b/deep/two")
    assert missing(tmp_path, ["a/one", "c/new"]) == ("c/new",)
    assert goldens(tmp_path / "nowhere") == ()


def test_recover_brings_back_the_old_and_drops_the_half_built(tmp_path: Path) -> None:
    for name in (".old_lost", ".old_done", "done", ".new_half.9"):
        (tmp_path / "a" / name).mkdir(parents=True)
        (tmp_path / "a" / name / GOLDEN).write_text(name)
    recover(tmp_path)
    assert snapshot(tmp_path) == {"a/lost/golden.json": b".old_lost", "a/done/golden.json": b"done"}


def test_names_and_folders_agree(bench: Bench) -> None:
    _accepted(bench)
    assert goldens(bench.project.golden) == (NAME,)
