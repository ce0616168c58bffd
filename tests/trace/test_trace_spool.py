"""The spool: frames on disk, one block in memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from simkit.core.errors import IoError
from simkit.trace.spool import Frame, SpoolWriter, frames


def frame(loop: int, size: int = 10) -> Frame:
    data = f"{loop:08d}".encode() * (size // 8)
    return Frame(loop, loop, None, {"a": data}, {"a": "0" * 16}, (), b"", "0" * 16)


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 200])
def test_frames_come_back_in_order(tmp_path: Path, count: int) -> None:
    spool = SpoolWriter(tmp_path / "deep" / "spool")
    for loop in range(1, count + 1):
        spool.add(frame(loop))
    spool.flush()
    if count:
        assert list(frames(spool.path)) == [frame(loop) for loop in range(1, count + 1)]
    else:
        assert not spool.path.exists()


def test_an_old_spool_is_not_continued(tmp_path: Path) -> None:
    for loop in (1, 2):
        spool = SpoolWriter(tmp_path / "spool")
        spool.add(frame(loop))
        spool.flush()
    assert [found.loop for found in frames(tmp_path / "spool")] == [2]


@pytest.mark.parametrize("left", [2, 10])
def test_a_torn_spool_is_an_error_of_the_machine(tmp_path: Path, left: int) -> None:
    spool = SpoolWriter(tmp_path / "spool")
    spool.add(frame(1))
    spool.flush()
    spool.path.write_bytes(spool.path.read_bytes()[:left])
    with pytest.raises(IoError, match="ends in the middle"):
        list(frames(spool.path))


def test_memory_is_flat_in_the_number_of_frames(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        spool = SpoolWriter(tmp_path / f"spool{count}")
        tracemalloc.start()
        for loop in range(count):
            spool.add(frame(loop, 4096))
        spool.flush()
        read = sum(1 for _ in frames(spool.path))
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert read == count
        return top

    assert peak(1280) < 1.5 * peak(128)
