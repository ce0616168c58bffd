"""The golden folder of a run, complete, in one place.

Comes in: a `Recording` with its spool, the golden that it was recorded against, what the scenario says of
itself. Goes out: a folder laid out as DESIGN.md section 4 has it. May import `core`, `contract.table`,
`trace`, `golden.*`.

The loops before the first difference are those of the old golden; the others come out of the spool.
Everything in the folder follows from these lines, so a golden is a pure function of what was run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import UNSET, Struct

from simkit.contract.table import CONTRACT_VERSION
from simkit.core import environment, files
from simkit.core.canon import decode, pretty
from simkit.core.errors import IoError, SimkitError
from simkit.core.hashing import Running, digest
from simkit.golden import timeline
from simkit.golden.history import (
    HISTORY,
    HistoryWriter,
    Line,
    Tree,
    decode_line,
    encode_line,
    path_of,
    raw_lines,
)
from simkit.golden.store import FORMAT, GOLDEN, Golden, encode_golden
from simkit.trace.recorder import Recording
from simkit.trace.spool import frames

TIMELINE = "timeline.csv"
_PART = 1 << 20


class Identity(Struct, frozen=True):
    """What a golden says of its run. `scenario` is the hash of the expanded scenario, `checkpoints` its
    loops."""

    scenario: str
    seed: int
    executor: str
    checkpoints: tuple[int, ...] = ()


def build(folder: Path, identity: Identity, recording: Recording, old: Path | None) -> Golden:
    """Write the golden of a run into `folder`, which holds nothing yet. `old` is the golden folder that the
    run was recorded against. Raises SimkitError when the recording does not hold the whole run, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    out = _Folder(folder)
    tree, texts = Tree(), dict[str, list[str]]()
    history, rows = out.grow(HISTORY), out.grow(TIMELINE)
    rows.add(timeline.HEADER)
    count, last = 0, ""
    for encoded, line in _lines(recording, old, tree):
        count, last = count + 1, line.running
        history.add(encoded)
        rows.add(timeline.row(line, tree))
        if line.loop in identity.checkpoints:
            _write_tree(out, f"checkpoints/L{line.loop:04d}/", tree)
        if line.events is not UNSET:
            for path, text in decode(bytes(line.events)).get("logs", {}).items():
                texts.setdefault(path, []).append(text)
    if (count, last) != (recording.loops, recording.running):
        raise SimkitError("the recording does not hold the whole run; run the scenario again")
    history.close()
    rows.close()
    _write_tree(out, "", tree)
    for path, parts in sorted(texts.items()):
        out.add(path, "".join(parts).encode())
    golden = Golden(
        CONTRACT_VERSION,
        identity.executor,
        dict(sorted(out.digests.items())),
        FORMAT,
        recording.loops,
        recording.running,
        identity.scenario,
        identity.seed,
        recording.unseed,
    ).sealed()
    files.replace_file(folder / GOLDEN, encode_golden(golden), fsync=False)
    return golden


def _lines(recording: Recording, old: Path | None, tree: Tree) -> Iterator[tuple[bytes, Line]]:
    """Every line of the run, as bytes and decoded; `tree` goes along."""
    kept = recording.kept_from if recording.kept_from is not None else recording.loops + 1
    if kept > 1 and old is not None and (old / HISTORY).is_file():
        for encoded in raw_lines(old / HISTORY):
            line = decode_line(encoded)
            if line.loop >= kept:
                break
            tree.apply(line)
            yield encoded, line
    if recording.spool is not None:
        writer = HistoryWriter(tree)
        for frame in frames(recording.spool):
            line = writer.line(frame)
            yield encode_line(line), line


def _write_tree(out: _Folder, prefix: str, tree: Tree) -> None:
    for name in sorted(tree.contents):
        data = tree.data(name)
        out.add(prefix + path_of(name), pretty(data) if tree.is_json(name) else data)


class _Growing:
    """A file that is written in parts, with its digest."""

    def __init__(self, out: _Folder, path: str) -> None:
        self._out, self._path, self._hash = out, path, Running()
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, data: bytes) -> None:
        self._hash.update(data)
        self._parts.append(data)
        self._size += len(data)
        if self._size > _PART:
            self._flush()

    def _flush(self) -> None:
        files.append_bytes(self._out.folder / self._path, b"".join(self._parts))
        self._parts, self._size = [], 0

    def close(self) -> None:
        self._flush()
        self._out.digests[self._path] = self._hash.hexdigest()


class _Folder:
    """The folder under construction and the digests of what lies in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.digests: dict[str, str] = {}

    def grow(self, path: str) -> _Growing:
        return _Growing(self, path)

    def add(self, path: str, data: bytes) -> None:
        if path.startswith("/") or ".." in path.split("/"):
            raise ValueError(f"{path} leaves the folder")
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        files.replace_file(target, data, fsync=False)
        self.digests[path] = digest(data)


def temporary(target: Path) -> Path:
    """An empty place beside `target` for what shall replace it; `store.recover` knows its name."""
    new = target.parent / f".new_{target.name}.{environment.process_id()}"
    files.remove_tree(new)
    return new


def put(new: Path, target: Path) -> None:
    """Make the complete folder `new` durable and put it where `target` stands. Raises IoError."""
    try:
        files.sync_tree(new)
    except OSError as problem:
        raise IoError(f"{new}: cannot be made durable: {problem.strerror}") from problem
    files.swap_folder(new, target)
