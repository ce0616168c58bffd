"""Small linear algebra over plain lists: weighted sums in a fixed order, projections, orthogonal columns.

Comes in: sequences of floats. Goes out: the same. May import the standard library and `core.numeric`.

Every sum is `math.fsum`, which rounds once and does not depend on the order or on the Python version.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, sqrt
from operator import mul

from simkit.core.numeric import q12

DEGENERATE = 1e-9  # a norm or a deviation up to here is none (B-FAC-2..4)
_NO_DIRECTION = 1e-12  # a column this short is not projected on (B-FAC-4)
_CANCELLED = (
    1e-8  # below this share of a squared length the rest is mostly rounding: projected again (INV-F06)
)
_ASKEW = 2e-10  # an inner product that INV-F06 (1e-9 at least) would soon see

Column = Sequence[float]
Matrix = tuple[tuple[float, ...], ...]


def dot(left: Column, right: Column) -> float:
    """The inner product, rounded once."""
    return fsum(map(mul, left, right))


def mean(values: Column) -> float:
    """The plain mean; 0.0 without values."""
    return fsum(values) / len(values) if values else 0.0


def population_std(values: Column, centre: float) -> float:
    """The population standard deviation around `centre`; 0.0 without values."""
    moved = [v - centre for v in values]
    return sqrt(dot(moved, moved) / len(moved)) if moved else 0.0


def mirrored(lower: Sequence[Sequence[float]]) -> Matrix:
    """The symmetric matrix of a lower triangle (row i holds i + 1 values)."""
    size = range(len(lower))
    return tuple(tuple(lower[i][j] if j <= i else lower[j][i] for j in size) for i in size)


def orthogonal(columns: Sequence[Column]) -> tuple[list[list[float]], list[float]]:
    """Sequential Gram-Schmidt in the given order, not scaled to unit length (B-FAC-4, A-38).

    Returns the columns, rounded to 1e-12, and the norms of the residuals. A column whose norm is at most
    1e-9 is degenerate and comes back as zeros.
    """
    done: list[list[float]] = []
    squares: list[float] = []
    norms: list[float] = []
    for column in columns:
        rest = _residual(column, done, squares)
        if dot(rest, rest) < _CANCELLED * dot(column, column) or _is_askew(rest, done):
            rest = _residual(rest, done, squares)
        rest = [q12(v) for v in rest]
        square = dot(rest, rest)
        norm = q12(sqrt(square))
        if norm <= DEGENERATE:
            rest, square = [0.0] * len(rest), 0.0
        done.append(rest)
        squares.append(square)
        norms.append(norm)
    return done, norms


def _is_askew(rest: Column, done: Sequence[Column]) -> bool:
    """True where a large share of a short column has carried that column's rounding into `rest`."""
    return any(abs(dot(rest, base)) > _ASKEW for base in done)


def _residual(column: Column, done: Sequence[Column], squares: Sequence[float]) -> list[float]:
    """What `column` has in no direction of `done`."""
    rest = list(column)
    for base, square in zip(done, squares, strict=True):
        if square > _NO_DIRECTION:
            share = dot(rest, base) / square
            rest = [v - share * b for v, b in zip(rest, base, strict=True)]
    return rest


def clamped(values: Column, low: float, high: float) -> list[float]:
    """D-26: what the old system did with weights of sum 1: clamp once, hand the rest to those inside, or, with none
    inside, scale all of them. Neither looks at the bounds again."""
    held = [min(max(v, low), high) for v in values]
    rest = 1.0 - fsum(held)
    free = [v if low < v < high else 0.0 for v in values]
    room = fsum(free)
    if room > 0.0:
        return [h + rest * f / room for h, f in zip(held, free, strict=True)]
    total = fsum(held)
    return [h / total for h in held] if total > 0.0 else list(values)


def project(values: Column, low: float, high: float) -> list[float]:
    """The nearest point (least squares) to `values` of {sum = 1, low <= w <= high} (B-FAC-6, D-26).

    The set must not be empty: n * low <= 1 <= n * high. The answer is clip(v - t) for the one t that makes
    the sum 1; between two neighbouring breakpoints the sum is linear in t, so t is found exactly.
    """
    breaks = sorted([v - high for v in values] + [v - low for v in values])

    def total(shift: float) -> float:
        return fsum(min(max(v - shift, low), high) for v in values)

    left, right = 0, len(breaks) - 1
    while right - left > 1:
        middle = (left + right) // 2
        if total(breaks[middle]) >= 1.0:
            left = middle
        else:
            right = middle
    above, below = total(breaks[left]), total(breaks[right])
    shift = breaks[left]
    if above > below:
        shift += (above - 1.0) * (breaks[right] - breaks[left]) / (above - below)
    return [min(max(v - shift, low), high) for v in values]
