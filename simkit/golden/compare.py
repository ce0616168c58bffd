"""The comparison of a run with its golden. Writes nothing.

Comes in: a golden folder, the scenario's hash, the executor's name, a `Recording`. Goes out: a `Difference`.
May import `core`, `trace` and `golden.*`.

Equal is decided on hashes alone. The histories are walked only when the running hashes differ, from the first
loop that the spool holds on; a document is decoded only where its hash differs from the golden's.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET

from simkit.core.canon import decode
from simkit.core.files import standing
from simkit.golden.counts import Counts
from simkit.golden.difference import EVENTS, Difference
from simkit.golden.history import (
    HISTORY,
    SHORT,
    Doc,
    Tree,
    content_of,
    decode_head,
    decode_line,
    name_of,
    raw_lines,
)
from simkit.golden.store import Edit, Golden, edits, read_golden
from simkit.golden.values import ABSENT, Walk
from simkit.trace.recorder import Recording
from simkit.trace.spool import Frame, frames

_Value = tuple[bool, Any]


def compare(golden_dir: Path, fingerprint: str, executor_name: str, recording: Recording) -> Difference:
    """Judge a complete run. Raises OSError."""
    golden_dir = standing(golden_dir)
    golden = read_golden(golden_dir)
    if golden is None:
        return Difference(
            "missing", "no golden yet", new_loops=recording.loops, new_running=recording.running
        )
    if isinstance(golden, Edit):
        return _edited((golden,))
    if golden.executor != executor_name:
        return Difference("other", f"accepted for {golden.executor}, run with {executor_name}")
    if found := edits(golden_dir, golden):
        return _edited(found)
    base = Difference(
        "same",
        "same",
        old_loops=golden.loops,
        new_loops=recording.loops,
        old_running=golden.running,
        new_running=recording.running,
        new_unseed=golden.unseed != recording.unseed,
    )
    if golden.running != recording.running or golden.loops != recording.loops:
        base = _differing(golden_dir, golden, recording, base)
    if golden.scenario != fingerprint:
        moved = "and the run differs" if base.status == "changed" else "and the run is the same"
        text = f"the scenario was edited since it was accepted, {moved}"
        return msgspec.structs.replace(base, status="stale", text=text)
    return base


def _edited(found: tuple[Edit, ...]) -> Difference:
    first = found[0]
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return Difference("edited", f"{first.file} {first.problem}{more}", edits=found)


def _differing(golden_dir: Path, golden: Golden, recording: Recording, base: Difference) -> Difference:
    if recording.spool is None or recording.kept_from is None:
        return _shorter(golden, recording, base)
    counts = Counts()
    pair = _Pair(raw_lines(golden_dir / HISTORY), recording.kept_from, counts)
    for frame in frames(recording.spool):
        pair.loop(frame)
    counts.loops += pair.rest()
    return counts.into(base)


def _shorter(golden: Golden, recording: Recording, base: Difference) -> Difference:
    """Nothing was kept: the run is a true beginning of the golden, or it was made without a spool."""
    first = recording.first_difference
    text = (
        f"the run ends after loop {recording.loops}, the golden after loop {golden.loops}"
        if recording.loops != golden.loops
        else "the run differs; its loops were not kept"
    )
    lacking = max(golden.loops - recording.loops, 0)
    return msgspec.structs.replace(
        base, status="changed", text=text, kind="value", first_loop=first, loop_count=lacking
    )


class _Golden:
    """The accepted side: documents, hashes of the bytes that the accepted run wrote, events."""

    def __init__(self, lines: Iterator[bytes], before: int) -> None:
        self._lines = lines
        self.tree = Tree()
        self.hashes = self.tree.hashes
        #: Files whose accepted bytes were not in canonical form.
        self.raw: set[str] = set()
        for _ in range(before):
            if self.step() is None:
                break

    def step(self) -> bytes | None:
        """Go on by one loop: its events, None after the last loop."""
        raw_line = next(self._lines, None)
        if raw_line is None:
            return None
        line = decode_line(raw_line)
        self.tree.apply(line)
        for name in line.files:
            if name in line.raw:
                self.raw.add(name)
            else:
                self.raw.discard(name)
        return bytes(line.events) if line.events is not UNSET else b""

    def glance(self) -> bytes | None:
        """Like `step`, but documents stay behind; for good."""
        raw_line = next(self._lines, None)
        if raw_line is None:
            return None
        head = decode_head(raw_line)
        for name in head.gone:
            self.hashes.pop(name, None)
        for name, short in head.files.items():
            self.hashes[name] = head.raw.get(name, short)[:SHORT]
        return bytes(head.events) if head.events is not UNSET else b""

    def rest(self) -> int:
        """How many loops are left."""
        return sum(1 for _ in self._lines)

    def value(self, name: str) -> _Value:
        """Whether the file is JSON, and its value."""
        return self.tree.is_json(name), self.tree.value(name)


class _Run:
    """The new side; it begins as `golden` stands and goes on with frames."""

    def __init__(self, golden: _Golden) -> None:
        self.hashes = dict(golden.hashes)
        self._values = {name: golden.value(name) for name in golden.hashes}
        self._raw = set(golden.raw)
        self._bytes: dict[str, bytes] = {}

    def step(self, frame: Frame) -> None:
        """Go on by one loop."""
        for path in frame.removed:
            del self.hashes[name_of(path)]
        for path, data in frame.files.items():
            name = name_of(path)
            self.hashes[name] = frame.hashes[path][:SHORT]
            self._bytes[name] = data

    def value(self, name: str) -> _Value:
        """Whether the file is JSON, and its value."""
        data = self._bytes.pop(name, None)
        if data is not None:
            content, kept = content_of(data, 0)
            is_json = isinstance(content, Doc)
            self._values[name] = (is_json, decode(kept) if is_json else kept.decode())
            if kept == data:
                self._raw.discard(name)
            else:
                self._raw.add(name)
        return self._values[name]

    def is_raw(self, name: str) -> bool:
        """True when the bytes behind the last `value` were not in canonical form."""
        return name in self._raw


class _Pair:
    """The golden and the run, side by side, from loop `first` on."""

    def __init__(self, lines: Iterator[bytes], first: int, counts: Counts) -> None:
        self._counts = counts
        self._golden = _Golden(lines, first - 1)
        self._run = _Run(self._golden)
        #: What was found for a file while both of its hashes stay as they are.
        self._known: dict[str, tuple[str | None, str | None, Walk]] = {}

    def rest(self) -> int:
        """Loops of the golden that the run does not have."""
        return self._golden.rest()

    def loop(self, frame: Frame) -> None:
        """Go on by one loop of the run."""
        if self._counts.full:
            self._glance(frame)
            return
        old_events = self._golden.step()
        self._run.step(frame)
        if old_events is None:
            self._counts.loops += 1
            return
        old, new = self._golden.hashes, self._run.hashes
        walks = []
        if old != new:
            for name in sorted(old.keys() | new.keys()):
                if old.get(name) != new.get(name):
                    walks.append(self._file(name, old.get(name), new.get(name)))
        if old_events != frame.events:
            walks.append(_compare_events(old_events, frame.events))
            self._counts.events(old_events, frame.events)
        self._counts.add(frame.loop, walks)

    def _glance(self, frame: Frame) -> None:
        """Enough fields are counted: only see whether a surface that was seen to differ does so."""
        old_events = self._golden.glance()
        self._run.step(frame)
        if old_events is None:
            self._counts.loops += 1
            return
        old, new, seen = self._golden.hashes, self._run.hashes, self._counts.surfaces
        if any(old.get(name) != new.get(name) for name in seen) or (
            EVENTS in seen and old_events != frame.events
        ):
            self._counts.loops += 1

    def _file(self, name: str, old: str | None, new: str | None) -> Walk:
        known = self._known.get(name)
        if known is not None and known[0] == old and known[1] == new:
            return known[2]
        walk = Walk(name)
        if old is None:
            walk.add("", ABSENT, self._run.value(name)[1])
        elif new is None:
            walk.add("", self._golden.value(name)[1], ABSENT)
        else:
            self._values(walk, name)
        self._known[name] = (old, new, walk)
        return walk

    def _values(self, walk: Walk, name: str) -> None:
        (old_json, old), (new_json, new) = self._golden.value(name), self._run.value(name)
        if old_json != new_json:
            walk.add("", old, new)
            return
        walk.compare(old, new)
        # The bytes differ and no value does: spelling, unless an identity field explains it.
        spelled = self._run.is_raw(name) != (name in self._golden.raw)
        walk.format = not walk.count and (spelled or not walk.identity)


def _compare_events(old: bytes, new: bytes) -> Walk:
    walk = Walk(EVENTS)
    walk.compare(_readable(old), _readable(new))
    walk.format = not walk.count and not walk.identity
    return walk


def _readable(events: bytes) -> Any:
    """Events with their log lines decoded, so that identity fields are seen in them."""
    if not events:
        return {}
    told = decode(events)
    if "logs" in told:
        told["logs"] = {
            path: [_log_line(line) for line in text.splitlines()] for path, text in told["logs"].items()
        }
    return told


def _log_line(line: str) -> Any:
    try:
        return decode(line)
    except ValueError:
        return line
