"""What a door says of a failed operation, and what it leaves: no half line in a log, no file of the dead."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simkit.core.files import Door
from simkit.sweep.stepped import ROOT, below_root
from simkit.sweep.system import MemorySystem

NAV, LOG = "logs/state/nav.json", "logs/execution/orders_executed.jsonl"


def failing(operation: str, nth: int = 1) -> tuple[Door, MemorySystem]:
    """A door on which the nth such operation fails from now on; a document and a line lie there."""
    system = MemorySystem()
    door = Door(ROOT, system=system, fsync=True)
    door.replace(NAV, b"old", "executor")
    door.append(LOG, b"1\n", "executor")
    seen: list[str] = []

    def before(done: str, path: str) -> None:
        seen.append(done)
        if done == operation and seen.count(operation) == nth:
            raise OSError(errno.EIO, "broken", path)

    system.before = before
    return door, system


@pytest.mark.parametrize(
    ("operation", "nth", "doing", "left"),
    [
        ("open", 1, "open", b"old"),
        ("write", 1, "write", b"old"),
        ("write", 2, "write", b"old"),
        ("flush", 1, "flush", b"old"),
        ("replace", 1, "replace", b"old"),
        ("sync", 1, "make durable", b"new"),
    ],
)
def test_a_failed_replacement_names_operation_and_file_and_leaves_a_whole_document(
    operation: str, nth: int, doing: str, left: bytes
) -> None:
    door, system = failing(operation, nth)
    with pytest.raises(OSError, match=f"cannot {doing}: broken") as raised:
        door.replace(NAV, b"new", "executor")
    assert raised.value.errno == errno.EIO
    assert str(raised.value.filename).replace(os.sep, "/").endswith(NAV)
    assert below_root(system)[NAV] == left == door.tree[NAV]
    assert not [path for path in below_root(system) if ".tmp_" in path]


@pytest.mark.parametrize("nth", [1, 2])
def test_lines_that_cannot_be_written_whole_are_taken_back(nth: int) -> None:
    door, system = failing("write", nth)
    with pytest.raises(OSError, match="cannot append to: broken"):
        door.append(LOG, b"22\n33\n", "executor")
    assert below_root(system)[LOG] == b"1\n"
    door.append(LOG, b"44\n", "executor")
    assert below_root(system)[LOG] == b"1\n44\n"


@pytest.mark.parametrize(("lying", "whole"), [(b"1\n2", b"1\n2\n3\n"), (b"1\n", b"1\n3\n"), (b"", b"3\n")])
def test_a_line_that_its_writer_did_not_finish_is_ended_first(
    tmp_path: Path, lying: bytes, whole: bytes
) -> None:
    (tmp_path / "log").write_bytes(lying)
    door = Door(tmp_path)
    door.append("log", b"3\n", "executor")
    assert (tmp_path / "log").read_bytes() == whole
    assert lying + b"".join(write.data for write in door.journal) == whole


@pytest.mark.parametrize("act", ["read", "remove"])
def test_a_failed_read_or_removal_names_itself(act: str) -> None:
    door, system = failing({"read": "read", "remove": "unlink"}[act])
    with pytest.raises(OSError, match=f"cannot {act}: broken"):
        getattr(door, act)(NAV)
    assert below_root(system)[NAV] == b"old"
    assert door.tree[NAV] == b"old"


def test_what_a_dead_writer_left_goes_with_the_first_use_of_the_file(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", "pass"])
    dead.wait()
    (tmp_path / "logs" / "state").mkdir(parents=True)
    lying = {
        name: tmp_path / "logs" / "state" / name
        for name in (
            f".tmp_nav.json.{dead.pid}",
            f".tmp_nav.json.{os.getppid()}",
            f".tmp_kpis.json.{dead.pid}",
        )
    }
    for file in lying.values():
        file.write_bytes(b"half")
    Door(tmp_path, fsync=True).replace(NAV, b"{}", "executor")
    assert [file.exists() for file in lying.values()] == [False, True, True]
