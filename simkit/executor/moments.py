"""Exponentially weighted second moments of the held symbols' returns, kept up to date return by return.

Comes in: columns of returns, newest last. Goes out: the variance of a weighted book. May import
`core.numeric` and `executor.linear`.

A step costs one multiply-add per pair of held symbols, whatever the window's length. Sums start from the
window when a symbol becomes held, and start anew every `REBUILD` steps and whenever a variance has shrunk to
a millionth of the largest sum: what a large return leaves behind when it leaves is rounding, not risk.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum
from operator import mul

from simkit.core.numeric import q9, q12
from simkit.executor.linear import dot

REBUILD = 256
_SHRUNK = 1e-6


class Moments:
    """Sums over the last n <= `lookback` returns, weights 0.5 ** (age / `half_life`) (B-VAR-2).

    Each column is shifted by its weighted mean at the last rebuild, so that a steady trend cancels exactly.
    """

    def __init__(self, lookback: int, half_life: float) -> None:
        decay = q12(0.5 ** (1.0 / half_life))
        power, mass = [1.0], [0.0]
        for _ in range(lookback):
            mass.append(mass[-1] + power[-1])
            power.append(power[-1] * decay)
        self._decay, self._power, self._mass = decay, power, mass
        self._lookback = lookback
        self._forget()

    def _forget(self) -> None:
        self._n = 0
        self.held: tuple[str, ...] = ()
        self._columns: list[list[float]] = []
        self._shift: list[float] = []
        self._first: list[float] = []
        self._second: list[list[float]] = []
        self._peak: list[float] = []

    def hold(self, held: tuple[str, ...], columns: Sequence[list[float]]) -> None:
        """Follow exactly the symbols `held` (sorted) with their columns, over their common tail (B-VAR-1)."""
        if held == self.held:
            return
        if not held:
            self._forget()
            return
        n = min([self._lookback, *map(len, columns)])
        if n != self._n:
            self._forget()
        old = {symbol: i for i, symbol in enumerate(self.held)}
        kept = [old.get(symbol) for symbol in held]
        shift, first, second, peak = self._shift, self._first, self._second, self._peak
        self.held, self._columns, self._n = held, list(columns), n
        self._build(
            [None if i is None else (shift[i], first[i], peak[i]) for i in kept],
            [
                [None if i is None or j is None else second[i][j] for j in kept[: row + 1]]
                for row, i in enumerate(kept)
            ],
        )

    def step(self, count: int) -> None:
        """Take in the newest return of each held column; `count` numbers the bars since the start."""
        if not self.held:
            return
        decay, n = self._decay, self._n
        new = [column[-1] - c for column, c in zip(self._columns, self._shift, strict=True)]
        if n == self._lookback:
            lost = self._power[n]
            old = [column[-n - 1] - c for column, c in zip(self._columns, self._shift, strict=True)]
        else:
            lost, old = 0.0, [0.0] * len(new)
            self._n = n + 1
        self._first = [decay * s + a - lost * b for s, a, b in zip(self._first, new, old, strict=True)]
        second, peak, mass, again = self._second, self._peak, self._mass[self._n], count % REBUILD == 0
        for i, row in enumerate(second):
            a, b, c = new[i], lost * old[i], self._first[i]
            second[i] = row = [decay * s + a * x - b * y for s, x, y in zip(row, new, old, strict=False)]
            if row[i] > peak[i]:
                peak[i] = row[i]
            if row[i] - c * c / mass < _SHRUNK * peak[i]:
                again = True
        if again:
            self._build([None] * len(new), [[None] * len(row) for row in second])

    def _build(self, known: list[tuple[float, float, float] | None], pairs: list[list[float | None]]) -> None:
        """Sums from the window for all that is not known: (shift, sum, peak) per column, sums per pair."""
        n = self._n
        weights = self._power[n - 1 :: -1] if n else []
        tails = [column[-n:] for column in self._columns]
        self._shift = [
            q9(dot(weights, tail) / self._mass[n]) if got is None else got[0]
            for tail, got in zip(tails, known, strict=True)
        ]
        moved = [[r - c for r in tail] for tail, c in zip(tails, self._shift, strict=True)]
        self._first, self._second, self._peak = [], [], []
        for i, row in enumerate(pairs):
            got = known[i]
            weighted = [] if got is not None and None not in row else list(map(mul, weights, moved[i]))
            sums = [dot(weighted, moved[j]) if s is None else s for j, s in enumerate(row)]
            self._first.append(fsum(weighted) if got is None else got[1])
            self._second.append(sums)
            self._peak.append(sums[-1] if got is None else got[2])

    def variance(self, weights: Sequence[float]) -> float:
        """Variance of sum(weights * returns) around its weighted mean; weights in the order of `held`."""
        mass = self._mass[self._n]
        square = 0.0
        for i, row in enumerate(self._second):
            across = 0.0
            for s, x in zip(row, weights, strict=False):
                across += s * x
            square += weights[i] * (2.0 * across - row[i] * weights[i])
        centre = dot(self._first, weights) / mass
        return max(0.0, square / mass - centre * centre)
