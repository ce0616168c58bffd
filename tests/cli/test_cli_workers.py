"""Processes for many runs, and the folders they work in."""

from __future__ import annotations

import os
import signal
from multiprocessing import active_children
from pathlib import Path

import pytest

from simkit.core import environment
from simkit.core.scratch import remove_stale, scratch_folder
from simkit.core.workers import Died, run_each


def square(number: int) -> int:
    return number * number


def square_or_die(number: int) -> int:
    if number == 3:
        os._exit(9)
    if number == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


@pytest.mark.parametrize("processes", [1, 2, 5])
def test_every_job_gives_its_result_once(processes: int) -> None:
    results = dict(run_each(square, range(7), processes))
    assert results == {n: n * n for n in range(7)}
    assert active_children() == []


def test_no_jobs_no_processes() -> None:
    assert list(run_each(square, [], 2)) == []


@pytest.mark.parametrize("processes", [1, 2])
def test_a_lost_worker_is_named_and_the_others_go_on(processes: int) -> None:
    results = dict(run_each(square_or_die, range(7), processes))
    died = {n: r.how for n, r in results.items() if isinstance(r, Died)}
    assert died == {3: "ended with code 9", 4: "killed by SIGKILL"}
    assert {n: r for n, r in results.items() if n not in died} == {n: n * n for n in (0, 1, 2, 5, 6)}


def test_leaving_early_ends_the_workers() -> None:
    results = run_each(square, range(100), 2)
    next(results)
    results.close()
    assert active_children() == []


def test_a_scratch_folder_is_gone_afterwards(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as one, scratch_folder(tmp_path) as two:
        assert one != two
        (one / "deep" / "er").mkdir(parents=True)
    assert not one.exists()
    with pytest.raises(RuntimeError), scratch_folder(tmp_path) as three:
        raise RuntimeError
    assert not three.exists()


def test_without_ram_the_work_folder_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "ram_folder", lambda: None)
    with scratch_folder(tmp_path) as folder:
        assert folder.parent == tmp_path / "scratch"


def test_folders_of_dead_processes_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "ram_folder", lambda: tmp_path)
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    dead, other = tmp_path / f"simkit-{child}-1", tmp_path / "simkit-notes-1"
    with scratch_folder(tmp_path) as ours:
        for folder in (dead, other):
            folder.mkdir()
        remove_stale(tmp_path)
        assert not dead.exists()
        assert other.exists() and ours.exists()


def test_process_one_lives_whoever_owns_it() -> None:
    assert environment.process_alive(1)
    assert environment.process_alive(os.getpid())
