"""What the execution logs tell of earlier processes: the counts of S1 exec_stats outlive a restart (INV-N05).

Comes in: the run's files. Goes out: `executor.port.PastLoop`s, oldest first. May import `core`, `contract` and
`executor.port`.

An attempt is an intent that was sent or vetoed: AUX-11, which would say so line by line, is modelled in memory. A
close that found nothing open leaves no line and is forgotten. Tolerant: a line that is torn or lacks what is
needed counts as none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct, field

from simkit.contract import readers
from simkit.executor.port import PastLoop
from simkit.surfaces.failure import Readable


class _Line(Struct):
    """What is needed of a line of either log."""

    ts: str
    event_type: str
    intent_id: str
    order_id: str = field(name="clientOrderId", default="")
    order_type: str = ""
    veto_reason: str = ""


class _Loop:
    """One loop as it is put together."""

    def __init__(self) -> None:
        self.attempted: set[str] = set()
        self.executed = 0
        self.reasons: list[str] = []


_DECODER = msgspec.json.Decoder(_Line)


def read_log(door: Readable, path: str) -> list[bytes]:
    """The lines of a log, oldest first; none when it is missing."""
    return (door.read(path) or b"").splitlines()


def past_loops(orders: Sequence[bytes], vetoes: Sequence[bytes]) -> tuple[PastLoop, ...]:
    """Every loop in which an intent was sent, filled for the first time, or vetoed, from the lines of both logs."""
    loops: dict[int, _Loop] = {}
    for ts, line in _decoded(vetoes):
        loop = loops.setdefault(ts, _Loop())
        loop.attempted.add(line.intent_id)
        loop.reasons.append(line.veto_reason)
    seen: set[str] = set()
    waits: dict[str, bool] = {}  # intent -> still without a fill
    for ts, line in _decoded(orders):
        loop = loops.setdefault(ts, _Loop())
        if line.event_type == "order_ack" and _is_sent(line, seen, waits):
            loop.attempted.add(line.intent_id)
            waits[line.intent_id] = True
        elif line.event_type == "order_fill" and waits.get(line.intent_id, False):
            loop.executed += 1
            waits[line.intent_id] = False
        seen.add(line.order_id)
    return tuple(
        [
            PastLoop(ts, len(loop.attempted), loop.executed, tuple(loop.reasons))
            for ts, loop in sorted(loops.items())
        ]
    )


def filled_slices(orders: Sequence[bytes]) -> tuple[str, ...]:
    """Client order ids of the slices of TWAP orders (B-RTR-9) that the log of executed orders holds fills of."""
    return tuple(
        [
            line.order_id
            for _, line in _decoded(orders)
            if line.event_type == "order_fill"
            and line.order_id.startswith(f"{line.intent_id}-")
            and line.order_id[len(line.intent_id) + 1 :].isdigit()
        ]
    )


def _is_sent(line: _Line, seen: set[str], waits: dict[str, bool]) -> bool:
    """False for a later state of a resting order, and for a further slice of an intent."""
    if line.order_id != line.intent_id:
        return line.intent_id not in waits
    return line.order_type == "MARKET" or line.order_id not in seen


def _decoded(lines: Sequence[bytes]) -> Iterator[tuple[int, _Line]]:
    for text in lines:
        try:
            line = _DECODER.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        ts = readers.parse_time(line.ts)
        if ts is not None:
            yield ts, line
