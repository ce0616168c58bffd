"""Whether every per-loop surface is written in every loop (INV-G07), told from the order of the writes alone.

Comes in: the names of the surfaces as they are written. Goes out: who is late, who never came. May import nothing.

A surface is late when another one of the same owner is written a second time and it was not written in between.
The other one was perhaps only written twice in a loop: so it takes a second witness, or a third write.
"""

from __future__ import annotations

from collections.abc import Iterable


class Cadence:
    """The per-loop surfaces of one owner. Positions count the writes of all of them from 1; 0 is never."""

    def __init__(self, names: Iterable[str]) -> None:
        self._last: dict[str, int] = dict.fromkeys(sorted(names), 0)
        self._before: dict[str, int] = dict(self._last)
        self._told: dict[str, int] = dict.fromkeys(self._last, -1)
        self._witness: dict[str, tuple[int, str]] = {}
        self._count = 0
        self._leader = ""

    def wrote(self, name: str) -> list[str]:
        """One write; the surfaces that it shows to be late, each once for as long as it stays away.

        One that was never written yet is left to `missing`.
        """
        if name not in self._last:
            return []
        last, before = self._last[name], self._before[name]
        self._count += 1
        self._leader = self._leader or name
        others = {other: at for other, at in self._last.items() if other != name and at}
        late = [
            other
            for other, at in others.items()
            if at < last and self._told[other] != at and (at < before or self._is_sure(other, at, name))
        ]
        for other in late:
            self._told[other] = others[other]
        self._last[name], self._before[name] = self._count, last
        return late

    def _is_sure(self, late: str, at: int, witness: str) -> bool:
        """Whether another surface has told the same of this absence; of two surfaces one will do."""
        since, first = self._witness.setdefault(late, (at, witness))
        if since != at:
            self._witness[late] = (at, witness)
            first = witness
        return len(self._last) == 2 or first != witness

    def missing(self) -> list[str]:
        """The surfaces that were never written although others were."""
        return [name for name, last in self._last.items() if not last] if self._count else []

    def unfinished(self) -> list[str]:
        """The surfaces that the last loop left out: the first surface of a loop came, they did not.

        None when all others are missing: that one was perhaps written once more."""
        start = self._last.get(self._leader, 0)
        out = [name for name, last in self._last.items() if 0 < last < start]
        if len(out) == len(self._last) - 1 > 1:
            return []
        return [name for name in out if self._told[name] != self._last[name]]
