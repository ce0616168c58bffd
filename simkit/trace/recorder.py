"""The recorder: hashes of every loop, bytes only from the first loop that differs from the golden.

Comes in: one `LoopRecord` per loop, the golden's running hashes. Goes out: a `Recording`. May import `core`,
`trace.*`, `exchange.orders`.

While the running hash equals the golden's, nothing is kept: the golden holds those loops. From the first loop
that differs on (from L1 where there is no golden), every loop becomes a frame of the spool.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from simkit.core.hashing import digest
from simkit.exchange.orders import Ack, Fill
from simkit.trace.chain import START, WIDTH, link, names_of
from simkit.trace.events import events_of
from simkit.trace.record import LoopRecord
from simkit.trace.spool import Frame, SpoolWriter


class ExpectedRun(Struct, frozen=True):
    """The running hashes of an accepted run, 16 digits per loop, one after the other."""

    hashes: str

    @property
    def loops(self) -> int:
        """How many loops were accepted."""
        return len(self.hashes) // WIDTH

    def at(self, loop: int) -> str:
        """The running hash after `loop`; empty past the end."""
        return self.hashes[(loop - 1) * WIDTH : loop * WIDTH]


class Summary(Struct, frozen=True):
    """Counts over the run. `signals`: intents that the executor emitted; `orders`: acknowledged
    submissions."""

    signals: int = 0
    orders: int = 0
    fills: int = 0
    vetoes: int = 0


class Recording(Struct, frozen=True):
    """What a run left for the golden room.

    `first_difference`: first loop whose running hash is not the golden's (also the first missing loop of a
    shorter run); None without a golden, or when equal. `kept_from`: the first loop in `spool`, None when it
    holds none. `equal` is true only against a golden. `paths`: the files of the last loop, sorted.
    """

    loops: int
    running: str
    unseed: str
    first_difference: int | None
    kept_from: int | None
    spool: Path | None
    equal: bool
    summary: Summary
    paths: tuple[str, ...]


class Recorder:
    """Takes the loops of one run in order. Without `spool` only hashes are kept."""

    def __init__(self, expected: ExpectedRun | None, spool: Path | None) -> None:
        self._expected = expected
        self._spool = SpoolWriter(spool) if spool is not None else None
        self._first_difference: int | None = None
        self._kept_from: int | None = None
        self._keeping = expected is None
        self._loops = 0
        self._running = START
        self._bytes: dict[str, bytes] = {}
        self._hashes: dict[str, str] = {}
        self._names = ""
        self._signals = self._orders = self._fills = self._vetoes = 0

    def record(self, record: LoopRecord) -> None:
        """Take one loop; loops come as 1, 2, 3 ..."""
        seen, hashes, tree = self._bytes, self._hashes, record.tree
        changed: list[str] = []
        grown = False
        for path, data in tree.items():
            if seen.get(path) is not data:
                seen[path] = data
                fresh, old = digest(data), hashes.get(path)
                if old != fresh:
                    grown = grown or old is None
                    changed.append(path)
                    hashes[path] = fresh
        removed = self._regroup(tree) if grown or len(hashes) != len(tree) else ()
        events = events_of(record)
        if events:
            self._count(record)
        self._loops = record.loop
        running = self._running = link(self._running, self._names, "".join(self._hashes.values()), events)
        if not self._keeping:
            assert self._expected is not None
            if running == self._expected.at(record.loop):
                return
            self._keeping = True
            self._first_difference = record.loop
        if self._spool is not None:
            self._keep(self._spool, record, changed, removed, events)

    def _regroup(self, tree: Mapping[str, bytes]) -> tuple[str, ...]:
        """Bring the hashes back in order of path after the set of files changed; says which went away."""
        removed = tuple(sorted(path for path in self._hashes if path not in tree))
        for path in removed:
            del self._bytes[path]
        self._hashes = {path: self._hashes[path] for path in sorted(tree)}
        self._names = names_of(self._hashes)
        return removed

    def _count(self, record: LoopRecord) -> None:
        output = record.output
        self._signals += len(output.signals)
        self._vetoes += len(output.vetoes)
        for event in output.events:
            if isinstance(event, Fill):
                self._fills += 1
            elif isinstance(event, Ack) and event.status != "CANCELED":
                self._orders += 1
        for event in record.venue_events:
            if isinstance(event, Fill):
                self._fills += 1

    def _keep(
        self,
        spool: SpoolWriter,
        record: LoopRecord,
        changed: list[str],
        removed: tuple[str, ...],
        events: bytes,
    ) -> None:
        if self._kept_from is None:
            self._kept_from = record.loop
        changed.sort()
        spool.add(
            Frame(
                record.loop,
                record.ts,
                record.label,
                {path: record.tree[path] for path in changed},
                {path: self._hashes[path] for path in changed},
                removed,
                events,
                self._running,
            )
        )

    def finish(self, unseed: str) -> Recording:
        """Close the spool; `unseed` is the last draw of every stream (`Streams.unseed`)."""
        if self._spool is not None:
            self._spool.flush()
        expected, first = self._expected, self._first_difference
        if expected is not None and first is None and self._loops < expected.loops:
            first = self._loops + 1
        return Recording(
            self._loops,
            self._running,
            unseed,
            first,
            self._kept_from,
            self._spool.path if self._spool is not None and self._kept_from is not None else None,
            expected is not None and first is None,
            Summary(self._signals, self._orders, self._fills, self._vetoes),
            tuple(self._hashes),
        )
