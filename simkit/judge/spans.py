"""Loops as ranges: a set of loops that only grows at its end, kept small.

Comes in: loop numbers in rising order. Goes out: `Loops` ranges and text. May import `scenario.model`.
"""

from __future__ import annotations

from collections.abc import Iterable

from simkit.scenario.model import Loops

#: Ranges kept of one series; beyond it only the count goes on, so memory stays flat.
_MOST = 2000


class Spans:
    """Collects loops. `count` is how many there were, also beyond the ranges kept."""

    __slots__ = ("_first", "_kept", "_last", "count")

    def __init__(self) -> None:
        self._kept: list[Loops] = []
        self._first = self._last = 0
        self.count = 0

    def add(self, loop: int) -> None:
        """Add a loop not before the last one; the same loop twice counts once."""
        if not self.count:
            self._first = self._last = loop
        elif loop == self._last:
            return
        elif loop == self._last + 1:
            self._last = loop
        else:
            if len(self._kept) < _MOST:
                self._kept.append(Loops(self._first, self._last))
            self._first = self._last = loop
        self.count += 1

    def ranges(self) -> tuple[Loops, ...]:
        """The ranges in order."""
        return (*self._kept, Loops(self._first, self._last)) if self.count else ()


def merged(ranges: Iterable[Loops], last: int) -> tuple[Loops, ...]:
    """Ranges in order, overlaps and neighbours joined, cut at `last`."""
    out: list[Loops] = []
    for span in sorted(ranges, key=lambda span: span.first):
        first, end = span.first, min(span.last, last)
        if first > end:
            continue
        if out and first <= out[-1].last + 1:
            out[-1] = Loops(out[-1].first, max(out[-1].last, end))
        else:
            out.append(Loops(first, end))
    return tuple(out)


def without(ranges: tuple[Loops, ...], taken: tuple[Loops, ...]) -> tuple[Loops, ...]:
    """What of `ranges` lies in none of `taken`; both as `merged` gives them."""
    out: list[Loops] = []
    for span in ranges:
        first = span.first
        for other in taken:
            if other.last < first or other.first > span.last:
                continue
            if other.first > first:
                out.append(Loops(first, other.first - 1))
            first = other.last + 1
        if first <= span.last:
            out.append(Loops(first, span.last))
    return tuple(out)


def spelled(ranges: Iterable[Loops]) -> str:
    """`L3..L5, L8`; more than ten ranges are cut short."""
    words = [f"L{s.first}" if s.first == s.last else f"L{s.first}..L{s.last}" for s in ranges]
    return ", ".join(words[:10]) + (f" and {len(words) - 10} more" if len(words) > 10 else "")
