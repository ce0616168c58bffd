"""Which of the planned faults have acted: a scenario may not claim to test what never happened.

Comes in: faults, from whoever acts them out, at the moment they change something. Goes out: those that never did. May
import the standard library.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Acted(Generic[T]):
    """The faults of one run. Each is told from the others as an object: two may be written alike."""

    def __init__(self, faults: Iterable[T] = ()) -> None:
        self._waiting = list(faults)

    def note(self, fault: T) -> None:
        """`fault` has changed what somebody saw, did or left on disk."""
        self._waiting = [waiting for waiting in self._waiting if waiting is not fault]

    @property
    def without_effect(self) -> tuple[T, ...]:
        """The faults that changed nothing so far, in file order."""
        return tuple(self._waiting)
