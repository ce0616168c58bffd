"""The spool: the frames of a run that the golden does not already hold, on disk.

Comes in: one `Frame` per kept loop. Goes out: a file, and its frames read lazily. May import `core`.

Frames are packed in blocks; a block is its length (4 bytes, big-endian) and its zlib data. The file is
private to one run and never compared: zlib's bytes differ between builds.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from simkit.core.errors import IoError
from simkit.core.files import append_bytes, open_bytes

_BLOCK_LOOPS = 64


class Frame(Struct, frozen=True, array_like=True, gc=False):
    """One kept loop. `files` are those whose bytes differ from the loop before, `hashes` their digests,
    `removed` the files that went away; `events` is canonical JSON or empty, `label` the date of a recorded
    bar."""

    loop: int
    ts: int
    label: int | None
    files: dict[str, bytes]
    hashes: dict[str, str]
    removed: tuple[str, ...]
    events: bytes
    running: str


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[Frame])


class SpoolWriter:
    """Appends frames to `path`, which is created by the first block; at most one block lies in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._frames: list[Frame] = []
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)

    def add(self, frame: Frame) -> None:
        """Keep one frame; writes when the block is full."""
        self._frames.append(frame)
        if len(self._frames) == _BLOCK_LOOPS:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if self._frames:
            block = zlib.compress(_ENCODER.encode(self._frames), 1)
            append_bytes(self.path, len(block).to_bytes(4, "big") + block)
            self._frames = []


def frames(path: Path) -> Iterator[Frame]:
    """The frames of a spool in order, one block in memory at a time. Raises IoError on a torn file."""
    with open_bytes(path) as stream:
        while head := stream.read(4):
            size = int.from_bytes(head, "big")
            block = stream.read(size)
            if len(head) < 4 or len(block) < size:
                raise IoError(f"{path}: ends in the middle of a block; run the scenario again")
            yield from _DECODER.decode(zlib.decompress(block))
