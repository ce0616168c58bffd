"""What every kind of fault is made of.

Comes in: nothing. Goes out: `Model`, `Loops`, `Acting`. May import msgspec.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Side = Literal["LONG", "SHORT"]


class Model(Struct, frozen=True, gc=False, omit_defaults=True):
    """Base of the parts of a scenario. What has its default is left out of the fingerprint, so that a key which a
    later simkit adds leaves every golden as it is."""


class Loops(Model, frozen=True):
    """L`first`..L`last`, inclusive; of these every `every`-th, counted from the first."""

    first: int
    last: int
    every: int = 1

    def __contains__(self, loop: int) -> bool:
        return self.first <= loop <= self.last and (loop - self.first) % self.every == 0

    def common(self, other: Loops) -> int | None:
        """The first loop of both, or None."""
        low, high = max(self.first, other.first), min(self.last, other.last)
        start = low + (self.first - low) % self.every
        for loop in range(start, min(high, start + self.every * (other.every - 1)) + 1, self.every):
            if loop in other:
                return loop
        return None


class Acting(Model, frozen=True):
    """Base of the faults. `at` are the loops in which it acts."""

    at: Loops

    @property
    def ends(self) -> int:
        """The last loop that it disturbs."""
        return self.at.last
