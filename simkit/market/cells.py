"""One cell of a recorded file: text to a scaled integer.

Comes in: text. Goes out: prices in 1e-8 USD, labels in microseconds since 1970. May import `core`. Both
functions run once per cell of a replay: the plain form is read without Decimal, the rest more slowly.
"""

from __future__ import annotations

from decimal import Decimal, DecimalException

from simkit.core.clock import MICROSECONDS, parse_iso
from simkit.core.numeric import PRICE, scaled

#: Price quanta in one unit of the last of so many decimals.
_QUANTA: tuple[int, ...] = tuple(PRICE // 10**decimals for decimals in range(9))
_EPOCH_UNITS = ((10**11, MICROSECONDS), (10**14, 1_000), (10**17, 1))


def price_of(text: str) -> int:
    """A price, nearest to 1e-8, ties to even; may be 0 or negative. Raises ValueError when it is no
    number."""
    whole, _, decimals = text.partition(".")
    digits = whole + decimals
    if digits.isdecimal() and len(digits) <= 16 and len(decimals) <= 8:
        return int(digits) * _QUANTA[len(decimals)]
    return scaled(str(_number(text)), PRICE)


def label_of(text: str) -> int:
    """The time of a bar: an ISO date or time (UTC unless it says otherwise), or epoch seconds, milliseconds
    or microseconds, told apart by their size. Eight digits are a date, YYYYMMDD. Raises ValueError."""
    if not text.isdecimal() or len(text) == 8:
        try:
            return parse_iso(text.strip())
        except OverflowError as problem:
            raise ValueError(text) from problem
        except ValueError:
            pass
    value = int(text) if text.isdecimal() else _number(text)
    for limit, per_unit in _EPOCH_UNITS:
        if 0 <= value < limit:
            return int(value * per_unit)
    raise ValueError(text)


def _number(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except DecimalException as problem:
        raise ValueError(text) from problem
    if "_" in text or not value.is_finite() or abs(value) >= 10**17:
        raise ValueError(text)
    return value
