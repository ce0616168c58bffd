"""Value at risk and expected shortfall of a book, reckoned anew from closes (B-VAR-1, 2, 3, 5).

Comes in: closes by symbol, loop by loop, and the signed share of NAV held in each symbol. Goes out: both figures
as fractions of NAV for one bar. May import `core.settings`. Memory is flat: as many returns as the longest
window asks for, at most twice. A bar that comes and one that goes change sums; the whole window is weighed only
when the book holds other symbols, or has moved so far that other bars may be its worst.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from simkit.core.settings import VarSettings

_LEAST = 500
#: Bars noted as candidates for the tail, as a multiple of it.
_NOTED = 3


class LogReturns:
    """The log returns of all symbols: `columns` by symbol, oldest first, at least the last `keep`. A symbol's
    first close makes none."""

    def __init__(self, keep: int) -> None:
        self.keep = max(_LEAST, keep)
        self.columns: dict[str, list[float]] = {}
        self._last: dict[str, float] = {}

    def add(self, closes: Mapping[str, Sequence[float]]) -> None:
        """Take in the closes of one loop, oldest first."""
        last = self._last
        for symbol, listed in closes.items():
            column = self.columns.setdefault(symbol, [])
            for close in listed:
                known = last.get(symbol)
                if known is not None:
                    column.append(math.log(close / known) if close != known else 0.0)
                last[symbol] = close
            if len(column) > 2 * self.keep:
                del column[: -self.keep - 1]


class Returns(LogReturns):
    """The log returns of all symbols, and the risk of a book made of them."""

    def __init__(self, settings: VarSettings) -> None:
        super().__init__(max(settings.lookback, settings.cvar_lookback))
        self._bars = 0
        self._variance = _Variance()
        self._tail = _Tail()

    def add(self, closes: Mapping[str, Sequence[float]]) -> None:
        """Take in the closes of one loop, oldest first."""
        self._bars += 1
        is_bar = len(closes) == len(self.columns) and all(len(listed) == 1 for listed in closes.values())
        super().add(closes)
        if not is_bar:  # not one close of each symbol: nothing to step from
            self._variance, self._tail = _Variance(), _Tail()

    def count(self, symbol: str) -> int:
        """How many returns of the symbol are known."""
        return min(len(self.columns.get(symbol, ())), self.keep)

    def risk(self, shares: Mapping[str, float], settings: VarSettings) -> tuple[float, float]:
        """VaR and portfolio CVaR of a book: the share of NAV by symbol, signed. Every symbol has returns."""
        symbols, held = tuple(shares), tuple(shares.values())
        columns = [self.columns[symbol] for symbol in symbols]
        common = min(self.count(symbol) for symbol in symbols)
        size = min(common, settings.lookback)
        variance = self._variance.of(self._bars, symbols, columns, held, size, settings.half_life)
        size = min(common, settings.cvar_lookback)
        tail = max(1, size * round((1.0 - settings.cvar_confidence) * 1e6) // 1_000_000)
        worst = self._tail.of(self._bars, symbols, columns, held, size, tail)
        return settings.z * math.sqrt(max(0.0, variance)), max(0.0, -math.fsum(worst) / tail)


class _Variance:
    """The weighted variance of the book (B-VAR-2), by sums of weighted returns and of their products. Their errors
    fade with the weights."""

    def __init__(self) -> None:
        self._key: object = None
        self._at = self._size = 0
        self._weight = 0.0
        self._sums: list[float] = []
        self._products: list[list[float]] = []

    def of(
        self,
        at: int,
        symbols: tuple[str, ...],
        columns: list[list[float]],
        held: tuple[float, ...],
        size: int,
        half_life: float,
    ) -> float:
        key, grown = (symbols, half_life), size - self._size
        if key != self._key or at - self._at > 1 or not 0 <= grown <= 1 or (at == self._at and grown):
            self._weigh(columns, size, half_life)
        elif at != self._at:
            self._step(columns, size, grown == 1, half_life)
        self._key, self._at, self._size = key, at, size
        mean = square = 0.0
        for share, sum_, row in zip(held, self._sums, self._products, strict=True):
            mean += share * sum_
            for other, product in zip(held, row, strict=False):
                square += 2 * share * other * product
            square -= share * share * row[-1]
        return square / self._weight - (mean / self._weight) ** 2

    def _weigh(self, columns: list[list[float]], size: int, half_life: float) -> None:
        decay = 0.5 ** (1 / half_life)
        weights = [decay**age for age in range(size - 1, -1, -1)]
        tails = [column[-size:] for column in columns]
        weighted = [[w * r for w, r in zip(weights, tail, strict=True)] for tail in tails]
        self._weight = math.fsum(weights)
        self._sums = [math.fsum(row) for row in weighted]
        self._products = [
            [math.fsum(p * r for p, r in zip(row, tail, strict=True)) for tail in tails[: number + 1]]
            for number, row in enumerate(weighted)
        ]

    def _step(self, columns: list[list[float]], size: int, is_growing: bool, half_life: float) -> None:
        decay = 0.5 ** (1 / half_life)
        lost = 0.0 if is_growing else decay**size
        new = [column[-1] for column in columns]
        old = new if is_growing else [column[-1 - size] for column in columns]
        self._weight = decay * self._weight + 1.0 - lost
        for number, (come, gone) in enumerate(zip(new, old, strict=True)):
            self._sums[number] = decay * self._sums[number] + come - lost * gone
            self._products[number] = [
                decay * product + come * a - lost * gone * b
                for product, a, b in zip(self._products[number], new, old, strict=False)
            ]


class _Tail:
    """The worst bars of the book (B-VAR-3). Noted are the bars at its lower end at some shares; while shares move
    little no other bar can be among the worst: a bar moves by at most the sum of |change of share| x |return|."""

    def __init__(self) -> None:
        self._symbols: tuple[str, ...] = ()
        self._at = self._size = -1
        self._held: tuple[float, ...] = ()
        self._reach: list[float] = []
        self._floor = 0.0
        self._noted: list[int] = []
        self._rows: list[list[float]] = []

    def of(
        self,
        at: int,
        symbols: tuple[str, ...],
        columns: list[list[float]],
        held: tuple[float, ...],
        size: int,
        tail: int,
    ) -> list[float]:
        """The `tail` lowest of the last `size` returns of the book."""
        if symbols == self._symbols and at - self._at <= 1 and 0 <= size - self._size <= at - self._at:
            self._step(at, columns, size)
            if len(self._noted) >= tail:
                book = sorted(_mixed(held, self._rows))
                moved = [abs(a - b) * r for a, b, r in zip(held, self._held, self._reach, strict=True)]
                if book[tail - 1] + math.fsum(moved) <= self._floor:
                    return book[:tail]
        tails = [column[-size:] for column in columns]
        values = _mixed(held, tails)
        book = sorted(values)
        self._symbols, self._at, self._size, self._held = symbols, at, size, held
        self._reach = [max(map(abs, one)) for one in tails]
        self._floor = book[min(_NOTED * tail, size - 1)]
        low = [number for number, value in enumerate(values) if value <= self._floor]
        self._noted = [at - size + 1 + number for number in low]
        self._rows = [[one[number] for number in low] for one in tails]
        return book[:tail]

    def _step(self, at: int, columns: list[list[float]], size: int) -> None:
        if at != self._at:
            new = [column[-1] for column in columns]
            self._reach = [max(old, abs(one)) for old, one in zip(self._reach, new, strict=True)]
            if _mixed(self._held, [[one] for one in new])[0] <= self._floor:
                self._noted.append(at)
                for row, one in zip(self._rows, new, strict=True):
                    row.append(one)
            self._at, self._size = at, size
        while self._noted and self._noted[0] <= at - size:
            del self._noted[0]
            for row in self._rows:
                del row[0]


def _mixed(held: tuple[float, ...], columns: list[list[float]]) -> list[float]:
    """The returns of the book, bar by bar."""
    book = [held[0] * one for one in columns[0]]
    for share, column in zip(held[1:], columns[1:], strict=True):
        book = [value + share * one for value, one in zip(book, column, strict=True)]
    return book
