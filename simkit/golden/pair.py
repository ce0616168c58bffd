"""Two runs side by side: what differs in each loop.

Comes in: two `Side`s that stand after the same loop. Goes out: one `Step` per loop of the new side. May import
`core` and `golden.*`.

Hashes alone say where to look; a file is compared as long as they differ, and only once while both stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from msgspec import Struct

from simkit.core.canon import decode
from simkit.golden.difference import EVENTS
from simkit.golden.sides import Accepted, Side
from simkit.golden.values import ABSENT, Walk


class Step(Struct, frozen=True):
    """One loop. `walks`: every file that differs, by name, then the events. `old_events` is None where the golden has
    ended. `glanced`: nothing was compared but hashes, `differs` tells whether any of the watched ones does."""

    loop: int
    walks: tuple[Walk, ...]
    old_events: bytes | None
    new_events: bytes
    glanced: bool = False
    differs: bool = False


class Pair:
    """The golden and the run from loop `first` on. `watched` names the surfaces whose hashes alone are still looked
    at, as soon as it is set."""

    def __init__(self, golden: Accepted, run: Side, first: int) -> None:
        self.golden = golden
        self._run = run
        self._loop = first - 1
        self._known: dict[str, tuple[str | None, str | None, Walk]] = {}
        self.watched: Collection[str] | None = None

    def steps(self) -> Iterator[Step]:
        """Every loop of the run. Both sides stand after the loop that was given last."""
        while True:
            glanced = self.watched is not None
            events = self._run.glance() if glanced else self._run.step()
            if events is None:
                return
            self._loop += 1
            yield self._glance(events) if glanced else self._compare(events)

    def _compare(self, events: bytes) -> Step:
        old_events = self.golden.step()
        if old_events is None:
            return Step(self._loop, (), None, events)
        old, new = self.golden.hashes, self._run.hashes
        walks = []
        if old != new:
            for name in sorted(old.keys() | new.keys()):
                if old.get(name) != new.get(name):
                    walks.append(self._file(name, old.get(name), new.get(name)))
        if old_events != events:
            walks.append(_compare_events(old_events, events))
        return Step(self._loop, tuple(walks), old_events, events)

    def _glance(self, events: bytes) -> Step:
        old_events = self.golden.glance()
        old, new, seen = self.golden.hashes, self._run.hashes, self.watched or ()
        differs = any(old.get(name) != new.get(name) for name in seen)
        differs = differs or (EVENTS in seen and old_events != events)
        return Step(self._loop, (), old_events, events, glanced=True, differs=differs)

    def _file(self, name: str, old: str | None, new: str | None) -> Walk:
        known = self._known.get(name)
        if known is not None and known[0] == old and known[1] == new:
            return known[2]
        walk = Walk(name)
        if old is None:
            walk.add("", ABSENT, self._run.value(name)[1])
        elif new is None:
            walk.add("", self.golden.value(name)[1], ABSENT)
        else:
            self._values(walk, name)
        self._known[name] = (old, new, walk)
        return walk

    def _values(self, walk: Walk, name: str) -> None:
        (old_json, old), (new_json, new) = self.golden.value(name), self._run.value(name)
        if old_json != new_json:
            walk.add("", old, new)
            return
        walk.compare(old, new)
        # The bytes differ and no value does: spelling, unless an identity field explains it.
        spelled = self._run.is_raw(name) != self.golden.is_raw(name)
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
