"""`accept` and the keeping of a result, killed or failing at every file operation: the old golden or the new one
stands, whole, a comparison says so, and the next acceptance needs no help.

The slow run takes every operation, the default one every 24th and those of the end, where folders are swapped."""

from __future__ import annotations

import builtins
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from golden_runs import FINGERPRINT, ME, NAME, Bench, record, tree_of

from simkit.core.errors import IoError
from simkit.golden import pending, store
from simkit.golden.write import Identity
from simkit.trace.recorder import Recording

WATCHED = (
    "open", "write", "close", "fsync", "replace", "rename", "unlink", "rmdir", "mkdir", "sendfile", "copy_file_range",
)  # fmt: skip
STRIDES = pytest.mark.parametrize("stride", [24, pytest.param(1, marks=pytest.mark.slow)])
ERRNOS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS, errno.EMFILE)
LOOPS = 2


class Dead(BaseException):
    """The process is killed: nothing of it runs any more."""


@contextmanager
def operations(
    monkeypatch: pytest.MonkeyPatch, at: int, fail: Callable[[], BaseException]
) -> Iterator[list[int]]:
    """Count the file operations; the `at`-th raises what `fail` gives, and after a death all do. What the dead had
    open is closed, as the machine does it."""
    count = [0]
    held: dict[int, None] = {}
    really_close = os.close

    def watched(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            count[0] += 1
            problem = fail()
            if count[0] == at or (at and count[0] > at and isinstance(problem, Dead)):
                raise problem
            answer = real(*arguments, **options)
            if name == "open":
                held[answer] = None
            elif name == "close":
                held.pop(arguments[0], None)
            return answer

        return counted

    with monkeypatch.context() as patch:
        for name in WATCHED:
            if hasattr(os, name):
                patch.setattr(os, name, watched(name, getattr(os, name)))
        patch.setattr(builtins, "open", watched("built-in open", open))
        try:
            yield count
        finally:
            for fd in held:
                with suppress(OSError):
                    really_close(fd)


def edited(loop: int, documents: dict[str, Any]) -> None:
    documents["nav"]["nav"] = 2000.0 + loop


class Desk:
    """A project with an accepted golden and a result that waits, made once and copied for every step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bench = Bench(folder / "0")
        self.old = self.run(self.bench, None)
        self.bench.accept(self.old)
        self.new = self.run(self.bench, edited)
        self._copies = 0

    @staticmethod
    def run(bench: Bench, edit: Any) -> Recording:
        return bench.run([record(loop, tree_of(loop, edit)) for loop in range(1, LOOPS + 1)])

    def copy(self) -> Bench:
        self._copies += 1
        shutil.copytree(self.folder / "0", self.folder / str(self._copies), symlinks=True)
        return Bench(self.folder / str(self._copies))

    def keep(self, bench: Bench) -> None:
        pending.keep(bench.project, NAME, Identity(FINGERPRINT, 7, ME), self.new)

    def accept(self, bench: Bench) -> None:
        pending.accept(
            bench.project, NAME, bench.project.pending_of(NAME), fingerprint=FINGERPRINT, kind="intended",
            reason="because", date="2025-01-07",
        )  # fmt: skip

    def stands(self, bench: Bench) -> str:
        """`old` or `new`: which run the golden is, by the words of a comparison."""
        found = {
            word: bench.compare(self.run(bench, edit)).status
            for word, edit in (("old", None), ("new", edited))
        }
        assert sorted(found.values()) == ["changed", "same"], found
        return "old" if found["old"] == "same" else "new"

    def mended(self, bench: Bench) -> None:
        """Keep and accept once more: the new golden stands, and nothing lies beside it."""
        self.keep(bench)
        self.accept(bench)
        assert self.stands(bench) == "new"
        lying = [path for path in bench.project.root.rglob(".*") if path.name != ".simkit"]
        assert lying == []


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    made = Desk(tmp_path)
    made.keep(made.bench)
    return made


def count(desk: Desk, monkeypatch: pytest.MonkeyPatch, act: Callable[[Bench], None]) -> int:
    bench = desk.copy()
    with operations(monkeypatch, 0, Dead) as counted:
        act(bench)
    assert desk.stands(bench) == ("new" if act == desk.accept else "old")
    return counted[0]


def chosen(total: int, stride: int) -> list[int]:
    return sorted({*range(1, total + 1, stride), *range(max(1, total - 7), total + 1)})


@STRIDES
def test_an_acceptance_killed_at_any_operation_leaves_the_old_golden_or_the_new_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, stride: int
) -> None:
    total = count(desk, monkeypatch, desk.accept)
    seen = []
    for at in chosen(total, stride):
        bench = desk.copy()
        with operations(monkeypatch, at, Dead), pytest.raises(Dead):
            desk.accept(bench)
        seen.append(desk.stands(bench))
        desk.mended(bench)
        shutil.rmtree(bench.project.root)
    assert seen == sorted(seen, reverse=True)  # once the new golden stands, it stays
    assert {"old", "new"} == set(seen)


@STRIDES
def test_an_acceptance_that_fails_at_any_operation_says_so_and_leaves_a_whole_golden(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, stride: int
) -> None:
    total = count(desk, monkeypatch, desk.accept)
    refused = 0
    for at in chosen(total, stride):
        bench, number = desk.copy(), ERRNOS[at % len(ERRNOS)]
        try:
            with operations(monkeypatch, at, lambda number=number: OSError(number, os.strerror(number))):  # type: ignore[misc]
                desk.accept(bench)
        except (IoError, OSError):
            refused += 1
        desk.stands(bench)
        desk.mended(bench)
        shutil.rmtree(bench.project.root)
    assert refused > 3


@STRIDES
def test_a_result_whose_keeping_is_killed_at_any_operation_is_whole_or_not_there(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, stride: int
) -> None:
    total = count(desk, monkeypatch, desk.keep)
    for at in chosen(total, stride):
        bench = desk.copy()
        with operations(monkeypatch, at, Dead), pytest.raises(Dead):
            desk.keep(bench)
        assert desk.stands(bench) == "old"
        folder = store.standing(bench.project.pending_of(NAME))
        found = store.read_golden(folder)
        assert isinstance(found, store.Golden) and store.edits(folder, found) == ()
        desk.mended(bench)
        shutil.rmtree(bench.project.root)
    assert total > 20
