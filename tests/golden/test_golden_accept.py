"""Pending results and their acceptance: whole or nothing, with a reason, never under CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from golden_runs import FINGERPRINT, ME, NAME, Bench, snapshot
from msgspec.structs import replace

from simkit.core.errors import SimkitError
from simkit.golden.pending import accept, drop, keep, pending, remove, tidy
from simkit.golden.store import (
    CONFLICT,
    REASONS,
    Golden,
    edits,
    is_golden,
    read_golden,
    read_reasons,
    recover,
)
from simkit.golden.write import Identity, build

IDENTITY = Identity(FINGERPRINT, 7, ME, (3,))


def _moved(loop: int, docs: dict[str, Any]) -> None:
    if loop >= 5:
        docs["nav"]["nav"] = 1.0


def _small(loop: int, docs: dict[str, Any]) -> None:
    for name in [name for name in docs if name != "nav"]:
        del docs[name]


def _pending(bench: Bench, edit: Any = None) -> Path:
    return keep(bench.project, NAME, IDENTITY, bench.loops(edit=edit))


def _accept(bench: Bench, candidate: Path, **changed: Any) -> None:
    words = {"fingerprint": FINGERPRINT, "kind": "intended", "reason": "r", "date": "2025-01-07"} | changed
    accept(bench.project, NAME, candidate, **words)


def test_a_candidate_is_a_complete_golden(bench: Bench) -> None:
    candidate = _pending(bench)
    assert candidate == bench.project.pending_of(NAME)
    assert pending(bench.project) == (NAME,)
    golden = read_golden(candidate)
    assert isinstance(golden, Golden)
    assert edits(candidate, golden) == ()
    assert not bench.project.golden.exists()


def test_a_candidate_kept_from_a_difference_on_is_the_one_kept_from_the_start(bench: Bench) -> None:
    bench.accept(bench.loops())
    run = bench.loops(edit=_moved)
    assert run.kept_from == 5
    candidate = keep(bench.project, NAME, IDENTITY, run)
    shutil.rmtree(bench.golden)
    build(bench.project.root / "whole", IDENTITY, bench.loops(edit=_moved), None)
    assert snapshot(candidate) == snapshot(bench.project.root / "whole")


def test_a_candidate_of_an_equal_run_is_the_golden(bench: Bench) -> None:
    bench.accept(bench.loops(), checkpoints=(3,))
    before = {path: data for path, data in snapshot(bench.golden).items() if path != REASONS}
    assert snapshot(_pending(bench)) == before


def test_accept_copies_the_candidate_and_forgets_it(bench: Bench) -> None:
    candidate = _pending(bench)
    expected = snapshot(candidate)
    _accept(bench, candidate, kind="new")
    found = snapshot(bench.golden)
    assert found.pop(REASONS)
    assert found == expected
    assert pending(bench.project) == ()
    assert not (bench.project.work / "pending" / "dd").exists()


def test_a_candidate_from_elsewhere_is_accepted_and_left_alone(bench: Bench) -> None:
    elsewhere = bench.project.root / "bundle"
    shutil.copytree(_pending(bench), elsewhere)
    _accept(bench, elsewhere)
    assert is_golden(bench.golden)
    assert is_golden(elsewhere)


def test_reasons_add_up(bench: Bench) -> None:
    _accept(bench, _pending(bench), kind="new", reason="first")
    first = read_golden(bench.golden)
    _accept(bench, _pending(bench, _moved), kind="fixed", reason="stop was late")
    second = read_golden(bench.golden)
    assert isinstance(first, Golden)
    assert isinstance(second, Golden)
    found = [(r.kind, r.reason, r.from_, r.to) for r in read_reasons(bench.golden / REASONS)]
    assert found == [
        ("new", "first", "", first.running),
        ("fixed", "stop was late", first.running, second.running),
    ]


def test_reasons_without_a_last_line_end_are_continued(bench: Bench) -> None:
    _accept(bench, _pending(bench), kind="new")
    file = bench.golden / REASONS
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    _accept(bench, _pending(bench, _moved))
    assert len(read_reasons(file)) == 2


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ci": True}, "under CI"),
        ({"kind": "whim"}, "'whim' is no kind"),
        ({"reason": "  "}, "needs a reason"),
        ({"fingerprint": "0" * 16}, "the scenario was edited"),
    ],
)
def test_what_may_not_be_accepted_leaves_everything_as_it_was(
    bench: Bench, changed: dict[str, Any], message: str
) -> None:
    _accept(bench, _pending(bench), kind="new")
    candidate = _pending(bench, _moved)
    before = snapshot(bench.project.root)
    with pytest.raises(SimkitError, match=message):
        _accept(bench, candidate, **changed)
    assert snapshot(bench.project.root) == before


@pytest.mark.parametrize(("value", "refused"), [("true", True), ("1", True), ("0", False), ("false", False)])
def test_the_variable_ci_decides(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, value: str, refused: bool
) -> None:
    monkeypatch.setenv("CI", value)
    candidate = _pending(bench)
    if refused:
        with pytest.raises(SimkitError, match="under CI"):
            _accept(bench, candidate)
        with pytest.raises(SimkitError, match="under CI"):
            remove(bench.project, NAME, reason="r", date="2025-01-07")
    else:
        _accept(bench, candidate)
    assert is_golden(bench.golden) is not refused


def test_a_damaged_candidate_is_refused(bench: Bench) -> None:
    candidate = _pending(bench)
    (candidate / "timeline.csv").write_bytes(b"x")
    with pytest.raises(SimkitError, match=r"timeline\.csv was edited by hand"):
        _accept(bench, candidate)
    with pytest.raises(SimkitError, match="no result"):
        _accept(bench, bench.project.root / "nothing")


def test_a_golden_never_lies_in_another(bench: Bench) -> None:
    candidate = _pending(bench)
    words: dict[str, Any] = {"fingerprint": FINGERPRINT, "kind": "new", "reason": "r", "date": "2025-01-07"}
    accept(bench.project, "a/b", candidate, **words)
    with pytest.raises(SimkitError, match="would lie inside that of a/b"):
        accept(bench.project, "a/b/c", candidate, **words)
    with pytest.raises(SimkitError, match="a/b lies inside"):
        accept(bench.project, "a", candidate, **words)
    accept(bench.project, "a/b@low", candidate, **words)


def test_drop_forgets_one_result(bench: Bench) -> None:
    _pending(bench)
    keep(bench.project, "dd/other", IDENTITY, bench.loops())
    drop(bench.project, NAME)
    assert pending(bench.project) == ("dd/other",)
    drop(bench.project, NAME)
    drop(bench.project, "dd/other")
    assert not (bench.project.work / "pending" / "dd").exists()


def test_a_removal_leaves_a_reason_at_the_root(bench: Bench) -> None:
    _accept(bench, _pending(bench), kind="new")
    remove(bench.project, NAME, reason="merged into SC-DD-020", date="2025-01-08")
    assert snapshot(bench.project.golden).keys() == {REASONS}
    (line,) = read_reasons(bench.project.golden / REASONS)
    assert (line.kind, line.name, line.to) == ("removed", NAME, "")
    with pytest.raises(SimkitError, match="no golden"):
        remove(bench.project, NAME, reason="again", date="2025-01-08")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the name of a descriptor is read there")
def test_every_file_of_an_acceptance_is_made_durable(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    candidate = _pending(bench)
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.readlink(f"/proc/self/fd/{fd}")))
    _accept(bench, candidate)
    names = {Path(path).name for path in synced}
    assert {Path(path).name for path in snapshot(bench.golden)} <= names
    assert str(bench.golden.parent) in synced


class Killed(BaseException):
    """The process is gone: nothing runs any more, no clean-up either."""


STEPS = ("open", "write", "replace", "rename", "unlink", "rmdir", "mkdir", "fsync")


def _killed_at(step: int, monkeypatch: pytest.MonkeyPatch, action: Callable[[], None]) -> bool:
    """Run `action` in a process that dies before its `step`th change of the disk; False when it got
    through."""
    count = 0

    def dying(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count >= step:
                raise Killed
            return real(*args, **named)

        return call

    with monkeypatch.context() as patched:
        for name in STEPS:
            patched.setattr(os, name, dying(getattr(os, name)))
        patched.setattr(shutil, "copyfile", dying(shutil.copyfile))
        try:
            action()
        except Killed:
            return True
    return False


@pytest.mark.skipif(not hasattr(os, "fork"), reason="rmtree works by other calls there")
def test_a_kill_at_any_step_of_an_acceptance_leaves_the_old_golden_or_the_new_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    _accept(
        bench, keep(bench.project, NAME, Identity(FINGERPRINT, 7, ME), bench.loops(2, _small)), kind="new"
    )
    old = snapshot(bench.golden)
    keep(bench.project, NAME, Identity(FINGERPRINT, 7, ME), bench.loops(3, _small))
    start = bench.project.root.parent / "start"
    shutil.copytree(bench.project.root, start)
    _accept(bench, bench.project.pending_of(NAME))
    new = snapshot(bench.golden)
    seen, step = set[str](), 0
    while True:
        step += 1
        shutil.rmtree(bench.project.root)
        shutil.copytree(start, bench.project.root)
        if not _killed_at(step, monkeypatch, lambda: _accept(bench, bench.project.pending_of(NAME))):
            break
        left = snapshot(bench.golden) if bench.golden.exists() else None
        assert left in (old, new, None)
        recover(bench.project.golden)
        found = snapshot(bench.golden)
        assert found in (old, new)
        assert list(snapshot(bench.project.golden)) == [f"{NAME}/{path}" for path in found]
        seen.add("old" if found == old else "new")
    assert step > 20
    assert seen == {"old", "new"}


def test_a_machine_that_refuses_leaves_the_old_golden(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _accept(bench, _pending(bench), kind="new")
    candidate = _pending(bench, _moved)
    before = snapshot(bench.project.root)
    real = os.replace

    def refuse(source: Any, target: Any) -> None:
        if Path(target) == bench.golden and ".new_" in str(source):
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(SimkitError, match="No space left") as caught:
        _accept(bench, candidate)
    assert caught.value.exit_code == 74
    monkeypatch.undo()
    assert snapshot(bench.project.root) == before


def test_a_recording_without_its_spool_cannot_be_kept(bench: Bench) -> None:
    bench.accept(bench.loops())
    run = bench.loops(edit=_moved)
    shutil.rmtree(bench.golden)
    with pytest.raises(SimkitError, match="does not hold the whole run"):
        keep(bench.project, NAME, IDENTITY, run)
    with pytest.raises(SimkitError, match="does not hold the whole run"):
        keep(bench.project, NAME, IDENTITY, replace(bench.loops(), spool=None, kept_from=None))
    assert pending(bench.project) == ()


def test_what_a_dead_process_left_among_the_results_that_wait_is_cleared_away(bench: Bench) -> None:
    _pending(bench)
    waiting = bench.project.pending_of(NAME)
    theirs, mine = waiting.with_name(".new_a.999999999"), waiting.with_name(f".new_b.{os.getpid()}")
    for folder in (theirs, mine):
        folder.mkdir()
    waiting.rename(waiting.with_name(f".old_{waiting.name}"))
    tidy(bench.project)
    assert is_golden(waiting)
    assert (theirs.exists(), mine.exists()) == (False, True)


def test_both_sides_of_a_conflict_in_the_ledger_stay(bench: Bench) -> None:
    _accept(bench, _pending(bench), kind="new", reason="base")
    ledger = bench.golden / REASONS
    base = ledger.read_text()
    ours, theirs = base.replace("base", "ours"), base.replace("base", "theirs")
    ledger.write_text(f"{base}<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> feature\n")
    assert [edit.problem for edit in edits(bench.golden, _golden(bench))] == [CONFLICT]
    _accept(bench, _pending(bench, _moved), kind="fixed", reason="after")
    assert [r.reason for r in read_reasons(ledger)] == ["base", "ours", "theirs", "after"]


def _golden(bench: Bench) -> Golden:
    golden = read_golden(bench.golden)
    assert isinstance(golden, Golden)
    return golden
