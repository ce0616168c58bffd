"""What an author writes, as exact numbers: durations, money, fractions, loop names, ranges and keys.

Comes in: the text of one scalar. Goes out: scaled integers (core.numeric), exact Decimals, loops. May import
`core` and `scenario.model`. Raises `Unreadable` with a message and a hint; the caller knows the place.

Decimals are read from the text itself, so that `0.1` is one tenth; what is finer than the grain of its kind
is refused, never rounded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Final

from simkit.core.clock import MICROSECONDS
from simkit.core.numeric import PRICE, QTY, USD
from simkit.scenario.model import Loops, Side

_NUMBER: Final = re.compile(r"([-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?)\s*([A-Za-z%]*)")
_LOOP: Final = re.compile(r"L([0-9]{1,9})")
_SYMBOL: Final = re.compile(r"[A-Z0-9]{2,24}")
_HASH: Final = re.compile(r"[0-9a-f]{7,40}")

DURATIONS: Final = {
    "us": 1,
    "ms": 1_000,
    "s": MICROSECONDS,
    "min": 60 * MICROSECONDS,
    "h": 3_600 * MICROSECONDS,
    "d": 86_400 * MICROSECONDS,
}
PERCENT: Final = Decimal("0.01")
BPS: Final = Decimal("0.0001")
MOST_DIGITS: Final = 16  # products with any scale stay within the 28 digits of decimal's default context


class Unreadable(ValueError):
    """A scalar that does not mean what its place asks for."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def nearest(word: str, known: Sequence[str]) -> str:
    """A hint: the known word that `word` is close to, or all of them when they are few."""
    close = get_close_matches(word, known, n=1, cutoff=0.6) or get_close_matches(
        word.lower(), [name.lower() for name in known], n=1, cutoff=0.6
    )
    if close:
        meant = next(name for name in known if name == close[0] or name.lower() == close[0])
        return f"did you mean `{meant}`?"
    return f"known here: {', '.join(known)}" if 0 < len(known) <= 24 else ""


def amount(text: str) -> tuple[Decimal, str]:
    """A number and the unit behind it (empty without one)."""
    match = _NUMBER.fullmatch(text.strip()) if len(text) <= 60 else None
    if match is None:
        grouped = re.fullmatch(r"[-+]?[0-9]{1,3}([_', ][0-9]{3})+(\.[0-9]+)?", text.strip())
        raise Unreadable(f"found {shown(text)}, expected a number",
                         "write it without separators: 10000" if grouped else "")  # fmt: skip
    value = Decimal(match[1])
    if value and (not -18 <= value.adjusted() <= 15 or len(value.as_tuple().digits) > MOST_DIGITS):
        raise Unreadable(f"{shown(text)} is too large, too small or too long", "at most 16 digits")
    return value, match[2]


def shown(text: str) -> str:
    """A scalar as a message shows it."""
    return f"`{text if len(text) <= 40 else text[:39] + '…'}`"


def _without_unit(text: str, what: str, example: str, units: tuple[str, ...] = ()) -> Decimal:
    value, unit = amount(text)
    if unit and unit not in units:
        raise Unreadable(f"{shown(text)}: {what} has no unit `{unit}`", f"write {example}")
    return value


def _scaled(value: Decimal, per_unit: int, text: str, grain: str) -> int:
    count = value * per_unit
    if count != int(count):
        raise Unreadable(f"{shown(text)} is finer than the grain of {grain}")
    return int(count)


def number(text: str) -> float:
    """A plain number without a unit."""
    return float(_without_unit(text, "a plain number", "the number alone"))


def whole(text: str) -> int:
    """A whole number, 0 or more."""
    value = _without_unit(text, "a whole number", "the number alone")
    if value < 0 or value != int(value):
        raise Unreadable(f"found {shown(text)}, expected a whole number, 0 or more")
    return int(value)


def duration(text: str) -> int:
    """Microseconds, more than 0 or equal: `60 s`, `5 min`, `1 h`, `1 d`, `250 ms`."""
    value = offset(text)
    if value < 0:
        raise Unreadable(f"{shown(text)} is negative")
    return value


def offset(text: str) -> int:
    """Microseconds that a clock is ahead (`+4000 s`) or behind (`-90 s`)."""
    value, unit = amount(text)
    if not unit:
        raise Unreadable(
            f"{shown(text)} has no unit of time", f"write `{text.strip()} s` or `{text.strip()} min`"
        )
    if unit not in DURATIONS:
        raise Unreadable(f"`{unit}` is no unit of time", "use us, ms, s, min, h or d")
    return _scaled(value, DURATIONS[unit], text, "time, 1 us")


def money(text: str) -> int:
    """Micro-USD: `10000 USD` or a bare number of USD; may be negative."""
    return _scaled(_without_unit(text, "money", "`500 USD`", ("USD",)), USD, text, "money, 0.000001 USD")


def price(text: str) -> int:
    """A price above 0 in 1e-8 USD."""
    value = _without_unit(text, "a price", "the price in USD", ("USD",))
    if value <= 0:
        raise Unreadable(f"{shown(text)}: a price is above 0")
    return _scaled(value, PRICE, text, "prices, 0.00000001")


def level(text: str) -> int | None:
    """A price level, or None for the word `none`."""
    return None if text == "none" else price(text)


def qty(text: str) -> int:
    """An unsigned quantity above 0 in 1e-8 base units."""
    value = _without_unit(text, "a quantity (base units)", "the quantity alone, or money under `usd:`")
    if value <= 0:
        raise Unreadable(
            f"{shown(text)}: a quantity is above 0; the side stands in the key", "BTCUSDT:SHORT is short"
        )
    return _scaled(value, QTY, text, "quantities, 0.00000001")


def _tidy(value: Decimal) -> str:
    """A Decimal without exponent and trailing zeros."""
    plain = format(value.normalize(), "f")
    return "0" if plain in ("-0", "") else plain


def fraction(text: str) -> Decimal:
    """A fraction (0.11 for `11 %`); `bps` are hundredths of a percent. A bare number is refused."""
    value, unit = amount(text)
    if unit == "%":
        return value * PERCENT
    if unit == "bps":
        return value * BPS
    if unit:
        raise Unreadable(f"`{unit}` is no unit of a fraction", "use % or bps")
    as_fraction, as_percent = f"{_tidy(value * 100)} %", f"{_tidy(value)} %"
    raise Unreadable(f"{_tidy(value)} could be {as_fraction} or {as_percent}: write one of them")


def bps(text: str) -> float:
    """Basis points: `5 bps` or `0.05 %`. A bare number is refused with its readings."""
    value, unit = amount(text)
    if not unit:
        raise Unreadable(f"{_tidy(value)} could be {_tidy(value)} bps or {_tidy(value)} %: write one of them")
    return float(fraction(text) / BPS)


def share(text: str) -> float:
    """A fraction from 0 to 1."""
    value = fraction(text)
    if not 0 <= value <= 1:
        raise Unreadable(f"{shown(text)} lies outside 0 %..100 %")
    return float(value)


def seed(text: str) -> int:
    """A decimal number below 2**63, or a git hash in hex of which the first 12 digits count."""
    if text.isascii() and text.isdigit():
        if len(text) <= 18:
            return int(text)
    elif _HASH.fullmatch(text):
        return int(text[:12], 16)
    raise Unreadable(f"found {shown(text)}, expected a whole number of at most 18 digits, or a git hash")


def loop(text: str, last: int) -> int:
    """The number of a loop `L3`; `last` is the scenario's last one."""
    match = _LOOP.fullmatch(text)
    if match is None:
        digits = re.fullmatch(r"[lL]?\s*([0-9]{1,9})", text)
        raise Unreadable(f"found {shown(text)}, expected a loop such as `L3`",
                         f"write `L{int(digits[1])}`" if digits else "")  # fmt: skip
    value = int(match[1])
    if value < 1:
        raise Unreadable("`L0` does not exist: L1 is the first loop")
    if value > last:
        raise Unreadable(f"`{text}` lies beyond the end: the last loop is L{last}")
    return value


def loop_range(text: str, last: int) -> Loops:
    """`L3`, `L3..L5` (inclusive) or `L3..` (to the last loop)."""
    first, dots, end = text.partition("..")
    if not dots:
        single = re.fullmatch(r"(L[0-9]+)\s*[-–:]\s*(L?[0-9]+)", text)
        if single:
            raise Unreadable(f"found {shown(text)}, expected a range of loops",
                             f"write `{single[1]}..L{single[2].lstrip('L')}`")  # fmt: skip
        return Loops(loop(text, last), loop(text, last))
    if re.fullmatch(r"[0-9]{1,9}", end):
        raise Unreadable(f"found {shown(text)}, expected a range of loops", f"write `{first}..L{int(end)}`")
    loops = Loops(loop(first, last), loop(end, last) if end else last)
    if loops.first > loops.last:
        raise Unreadable(f"{shown(text)} runs backwards", f"write `L{loops.last}..L{loops.first}`")
    return loops


def is_loops(text: str) -> bool:
    """True when a key means loops (well formed or not), false for another word."""
    return re.match(r"[lL]?[0-9]", text) is not None


def symbol(text: str) -> str:
    """A symbol: capital letters and digits."""
    if _SYMBOL.fullmatch(text) is None:
        fixed = text.upper()
        raise Unreadable(f"found {shown(text)}, expected a symbol such as `BTCUSDT`",
                         f"write `{fixed}`" if _SYMBOL.fullmatch(fixed) else "")  # fmt: skip
    return text


def key(text: str) -> tuple[str, Side]:
    """`SYMBOL:SIDE` as its two parts."""
    name, colon, written = text.partition(":")
    sides: dict[str, Side] = {"LONG": "LONG", "SHORT": "SHORT"}
    if not colon:
        raise Unreadable(
            f"found {shown(text)}, expected `SYMBOL:SIDE`", f"write `{name}:LONG` or `{name}:SHORT`"
        )
    side = sides.get(written)
    if side is None:
        raise Unreadable(f"`{written}` is no side", nearest(written, ("LONG", "SHORT")))
    return symbol(name), side
