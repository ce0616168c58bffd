"""The worst bars of a weighted book, without weighing every bar in every loop.

Comes in: columns of returns and the shares of NAV held in each. Goes out: the lowest book returns. May import
the standard library only.

A full pass over the window notes the bars at its lower end and the shares it was made with. While the shares
move little, no other bar can have come down among the worst: a book return moves by at most the sum of
|change of share| x largest |return|. So only the noted bars are weighed (a new bar joins them when it was
low at the shares of the pass), and the answer is exactly that of a full pass; a new full pass is made when
the bound no longer holds.
"""

from __future__ import annotations

from collections.abc import Sequence

_NOTED = 3  # bars noted, as a multiple of the tail


def mixed(columns: Sequence[Sequence[float]], shares: Sequence[float]) -> list[float]:
    """The book's return in each bar: sum of shares * returns, four columns at a time, in the given order."""
    book: list[float] = []
    for at in range(0, len(columns), 4):
        four, weights = [*columns[at : at + 4]], [*shares[at : at + 4]]
        while len(four) < 4:
            four.append(four[0])
            weights.append(0.0)
        a, b, c, d = weights
        part = [a * p + b * q + c * r + d * s for p, q, r, s in zip(*four, strict=True)]
        book = [x + y for x, y in zip(book, part, strict=True)] if book else part
    return book


class WorstBars:
    """Remembers which bars of the window are candidates for the tail of the book that is held."""

    def __init__(self) -> None:
        self._held: tuple[str, ...] = ()
        self._count = -1
        self._shares: Sequence[float] = ()
        self._floor = 0.0
        self._noted: list[tuple[int, tuple[float, ...]]] = []

    def worst(
        self,
        count: int,
        held: tuple[str, ...],
        columns: Sequence[Sequence[float]],
        shares: Sequence[float],
        reach: Sequence[float],
        n: int,
        k: int,
    ) -> list[float]:
        """The k lowest of the last n book returns, lowest first.

        `count` numbers the newest bar of all columns, `reach` is the largest |return| of each in its window.
        """
        if held == self._held and count - self._count <= 1:
            if count != self._count:
                newest = tuple(column[-1] for column in columns)
                if mixed([[r] for r in newest], self._shares)[0] <= self._floor:
                    self._noted.append((count, newest))
                self._count = count
            while self._noted and self._noted[0][0] <= count - n:
                del self._noted[0]
            book = sorted(mixed(list(zip(*(row for _, row in self._noted), strict=True)), shares))
            moved = 0.0
            for new, old, largest in zip(shares, self._shares, reach, strict=True):
                moved += abs(new - old) * largest
            if len(book) >= k and book[k - 1] + moved <= self._floor:
                return book[:k]
        tails = [column[-n:] for column in columns]
        all_bars = mixed(tails, shares)
        book = sorted(all_bars)
        floor = book[min(_NOTED * k, n - 1)]
        self._held, self._count, self._shares, self._floor = held, count, tuple(shares), floor
        first = count - n + 1
        self._noted = [
            (first + at, tuple(tail[at] for tail in tails))
            for at, value in enumerate(all_bars)
            if value <= floor
        ]
        return book[:k]
