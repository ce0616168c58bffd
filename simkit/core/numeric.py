"""Numbers: scaled integers for money, prices and quantities; quanta for statistics.

Comes in: integers in scaled units, floats. Goes out: the same, rounded where they are born (surfaces.md 1.0).
May import the standard library only.

Units: a price is an integer count of 1e-8 USD, a quantity of 1e-8 base units, money of 1e-6 USD. `PRICE`, `QTY`
and `USD` are the counts per whole unit, so `price_int / PRICE` is the correctly rounded float to publish.

A statistic is rounded with `(x*10**n + M - M)/10**n`: nearest, ties to even, never -0.0; it raises on NaN and
infinity, and a value beyond 2**51 quanta stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal

PRICE = 10**8
QTY = 10**8
USD = 10**6

_NOTIONAL = PRICE * QTY // USD  # price x qty -> money
_HALF_NOTIONAL = _NOTIONAL // 2
_MAGIC = 1.5 * 2.0**52
_LIMIT = 2.0**51


class NonFinite(ArithmeticError):
    """A NaN or an infinity was about to be published (INV-G02)."""


def div_half_even(numerator: int, denominator: int) -> int:
    """`numerator / denominator` to the nearest integer, ties to even; `denominator` > 0."""
    quotient, rest = divmod(numerator, denominator)
    twice = rest * 2
    if twice > denominator or (twice == denominator and quotient & 1):
        return quotient + 1
    return quotient


def money(price: int, qty: int) -> int:
    """price x qty in micro-USD, nearest, ties to even; the sign is that of the product."""
    quotient, rest = divmod(price * qty, _NOTIONAL)
    if rest > _HALF_NOTIONAL or (rest == _HALF_NOTIONAL and quotient & 1):
        return quotient + 1
    return quotient


def qty_for(usd: int, price: int) -> int:
    """The quantity that `usd` micro-USD buys at `price`, rounded down to the quantum; `price` > 0."""
    return usd * _NOTIONAL // price


def scaled(text: str | float | int, per_unit: int) -> int:
    """A number as a count of 1/`per_unit`, nearest, ties to even: `scaled("0.5", PRICE)`. Exact for text."""
    value = Decimal(text) if isinstance(text, int) else Decimal(str(text))
    if not value.is_finite():
        raise NonFinite(f"{text!r} is not a finite number")
    return int((value * per_unit).to_integral_value(rounding=ROUND_HALF_EVEN))


def _quantizer(digits: int) -> Callable[[float], float]:
    scale = 10.0**digits

    def quantize(x: float) -> float:
        y = x * scale
        if -_LIMIT < y < _LIMIT:
            return (y + _MAGIC - _MAGIC) / scale
        if x - x != 0.0:
            raise NonFinite(f"{x!r} cannot be published")
        return x

    quantize.__doc__ = f"Round to {digits} decimals; raises NonFinite on NaN and infinity."
    return quantize


q3 = _quantizer(3)  # milliseconds
q4 = _quantizer(4)  # RV momentum
q6 = _quantizer(6)  # money, seconds, basis points
q7 = _quantizer(7)  # percent
q9 = _quantizer(9)  # fractions, ratios, scores
q12 = _quantizer(12)  # factor statistics


def fraction(numerator: int, denominator: int) -> float:
    """`numerator / denominator` of two scaled integers as a fraction to 1e-9; 0.0 when `denominator` is 0."""
    return q9(numerator / denominator) if denominator else 0.0
