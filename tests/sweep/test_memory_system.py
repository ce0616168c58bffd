"""The simulated file system does to files what the machine does, step by step, and obeys nobody who is dead."""

from __future__ import annotations

import errno
import os

import pytest
from hypothesis import given, settings, strategies as st

from simkit.core.files import Door, read_bytes
from simkit.core.system import System
from simkit.sweep.stepped import ROOT, below_root
from simkit.sweep.system import Killed, MemorySystem

PATHS = ("logs/state/nav.json", "logs/state/kpis_v7.json", "logs/execution/orders.jsonl")
LINES = st.lists(st.sampled_from([b"{}\n", b'{"a":1}\n', b"torn"]), max_size=3).map(b"".join)
ACTS = st.lists(
    st.tuples(st.sampled_from(["replace", "overwrite", "append", "read", "remove"]), st.sampled_from(PATHS), LINES),
    max_size=25,
)  # fmt: skip


@settings(deadline=None, derandomize=True, max_examples=40)
@given(acts=ACTS)
def test_a_door_leaves_the_same_files_in_memory_and_on_disk(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, str, bytes]]
) -> None:
    root = tmp_path_factory.mktemp("disk")
    memory = MemorySystem()
    doors = (Door(root), Door(ROOT, system=memory, fsync=True))
    for act, path, data in acts:
        told: list[object] = []
        for door in doors:
            if act in ("read", "remove"):
                told.append(getattr(door, act)(path))
            else:
                told.append(getattr(door, act)(path, data, "executor"))
        assert told[0] == told[1]
    on_disk = {path: read_bytes(root / path) for path in PATHS if (root / path).exists()}
    assert below_root(memory) == on_disk
    assert doors[0].tree == doors[1].tree
    assert doors[0].take_journal() == doors[1].take_journal()


def opened(system: System) -> int:
    system.makedirs("a", exist_ok=True)
    return system.open("a/b", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)


def test_a_file_that_is_not_there_cannot_be_read_or_removed() -> None:
    system = MemorySystem()
    for act in (lambda: system.open("a/b", os.O_RDONLY), lambda: system.unlink("a/b")):
        with pytest.raises(FileNotFoundError) as raised:
            act()
        assert (raised.value.errno, raised.value.filename) == (errno.ENOENT, "a/b")


def test_a_write_that_fails_leaves_the_half_that_came_before() -> None:
    system = MemorySystem()
    fd = opened(system)
    done: list[str] = []

    def before(operation: str, path: str) -> None:
        done.append(operation)
        if done.count("write") == 2:
            raise OSError(errno.ENOSPC, "full", path)

    system.before = before
    with pytest.raises(OSError, match="full"):
        system.write(fd, b"abcdef")
    assert system.content() == {"a/b": b"abc"}


def test_the_dead_do_nothing_not_even_clean_up() -> None:
    system = MemorySystem()
    fd = opened(system)
    with pytest.raises(Killed):
        system.kill()
    for act in (lambda: system.write(fd, b"x"), lambda: system.unlink("a/b"), lambda: system.close(fd)):
        with pytest.raises(Killed):
            act()
    assert system.content() == {"a/b": b""}
    system.revive()
    system.unlink("a/b")
    assert system.content() == {}


def test_a_file_keeps_its_bytes_under_its_new_name() -> None:
    system = MemorySystem()
    fd = opened(system)
    system.write(fd, b"new")
    system.replace("a/b", "a/c")
    system.write(fd, b"er")
    system.close(fd)
    assert system.content() == {"a/c": b"newer"}
    assert system.listdir("a") == ["c"]
