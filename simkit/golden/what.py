"""What kind of change a field went through: rounded, scaled, shifted, added ...

Comes in: the pairs of old and new values of one field over the loops of a run. Goes out: `What`. May import `core`
and `golden.values`.

A word is only given when it is true of every pair that was counted; a single pair shows no factor and no offset, but
for a power of ten. What fits no word is `value changed`.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from msgspec import Struct

from simkit.golden.values import ABSENT, equal, kind_of, text_of

Word = Literal[
    "rounded", "scaled", "offset", "sign flipped", "key added", "key removed", "type changed", "text changed",
    "one loop later", "one loop earlier", "value changed",
]  # fmt: skip

#: Numbers of fewer places are counts and prices: one unit of their last place is no rounding error.
_FINE = 4
_TYPES = {
    "bool": "bool",
    "NoneType": "null",
    "str": "text",
    "dict": "object",
    "list": "array",
    "number": "number",
}


class What(Struct, frozen=True):
    """One kind of change. `detail`: factor, offset or types; `low` and `high`: the numbers of places that a rounding
    may have been to."""

    word: Word
    detail: str = ""
    low: int = 0
    high: int = 0

    @property
    def text(self) -> str:
        """`rounded to 6 places`, `scaled by 100`, `offset +0.5`, `type changed: number -> text`."""
        match self.word:
            case "rounded":
                return f"rounded to {self.low} place{'' if self.low == 1 else 's'}"
            case "scaled":
                return f"scaled by {self.detail}"
            case "offset":
                return f"offset {self.detail}"
            case "type changed":
                return f"type changed: {self.detail}"
            case _:
                return self.word

    def joined(self, other: What) -> What | None:
        """The one change that both are; None when they are different ones."""
        if self.word == other.word == "rounded":
            low, high = max(self.low, other.low), min(self.high, other.high)
            return What("rounded", "", low, high) if low <= high else None
        return self if self == other else None


class Pairs:
    """The distinct old and new values of one field, and whether they fit a shift by one loop."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, Any, str, Any], tuple[Any, Any]] = {}
        self.later = self.earlier = True
        #: The loops in which the field differs: the first, the last, their number.
        self.first_loop = self.last_loop = self.loops = 0

    @property
    def first(self) -> tuple[str | None, str | None]:
        """Both values as they were first, as JSON text."""
        old, new = next(iter(self._seen.values()))
        return text_of(old), text_of(new)

    def add(self, loop: int, old: Any, new: Any) -> None:
        """Take the values of one loop; `ABSENT` where a side does not have the field."""
        if loop != self.last_loop:
            self.first_loop = self.first_loop or loop
            self.last_loop = loop
            self.loops += 1
        self._seen.setdefault((kind_of(old), _key(old), kind_of(new), _key(new)), (old, new))

    def shift(self, old: Any, new: Any, old_before: Any, new_before: Any) -> None:
        """Take a loop in which the field differs, or the loop after one, together with the loop before it."""
        if self.later:
            self.later = equal(new, old_before)
        if self.earlier:
            self.earlier = equal(new_before, old)

    def what(self) -> What:
        """The most telling word that is true of all pairs."""
        pairs = self._seen.values()
        if all(old is ABSENT for old, _ in pairs):
            return What("key added")
        if all(new is ABSENT for _, new in pairs):
            return What("key removed")
        if self.later or self.earlier:
            return What("one loop later" if self.later else "one loop earlier")
        kinds = frozenset((old, new) for old, _, new, _ in self._seen)
        if len(kinds) != 1 or any(ABSENT in pair for pair in pairs):
            return What("value changed")
        ((old, new),) = kinds
        if old != new:
            return What("type changed", f"{_TYPES[old]} -> {_TYPES[new]}")
        if old == "number":
            return _of_numbers(pairs)
        return What("text changed" if old == "str" else "value changed")


def _key(value: Any) -> Any:
    """Something that two equal values share, and no others of their type."""
    return value if isinstance(value, str | int | float | None) else text_of(value)


def _of_numbers(pairs: Collection[tuple[float, float]]) -> What:
    if all(new == -old for old, new in pairs):
        return What("sign flipped")
    exact = [(Decimal(repr(old)), Decimal(repr(new))) for old, new in pairs]
    return _rounded(exact) or _factor(exact) or _offset(exact) or What("value changed")


def _places(number: Decimal) -> int:
    """Decimal places that say something: 0 for 5.0, 2 for 0.25."""
    exponent = number.normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def _rounded(pairs: Collection[tuple[Decimal, Decimal]]) -> What | None:
    low, high = 0, 99
    for old, new in pairs:
        low, top = max(low, _places(new)), _places(old) - 1
        if abs(old - new) * 2 > Decimal(1).scaleb(-low):
            return None
        while top > low and abs(old - new) * 2 > Decimal(1).scaleb(-top):
            top -= 1
        high = min(high, top)
        if high < low:
            return None
    return What("rounded", "", low, high) if low >= 2 or len(pairs) > 2 else None


def _noise(pairs: Collection[tuple[Decimal, Decimal]]) -> Fraction:
    """How far rounding to the published quantum may move a number: half a unit of the last place."""
    places = max(_places(number) for pair in pairs for number in pair)
    return Fraction(1, 2 * 10**places) if places >= _FINE else Fraction(0)


def _factor(pairs: Collection[tuple[Decimal, Decimal]]) -> What | None:
    numbers = [(Fraction(old), Fraction(new)) for old, new in pairs]
    top_old, top_new = max(numbers, key=lambda pair: abs(pair[0]))
    if not top_old or not top_new:
        return None
    near = top_new / top_old
    slack = _noise(pairs) * (1 + abs(near))
    low, high = (top_new - slack) / top_old, (top_new + slack) / top_old
    low, high = min(low, high), max(low, high)
    for old, new in numbers:
        if not old:
            if abs(new) > slack:
                return None
            continue
        one, two = (new - slack) / old, (new + slack) / old
        low, high = max(low, min(one, two)), min(high, max(one, two))
        if low > high:
            return None
    text = _shortest(low, high)
    power = Decimal(text).normalize().as_tuple().digits == (1,)
    if low <= 1 <= high or not (power or len(frozenset(old for old, _ in numbers)) > 1):
        return None
    return What("scaled", text)


def _offset(pairs: Collection[tuple[Decimal, Decimal]]) -> What | None:
    if len(frozenset(old for old, _ in pairs)) < 2:
        return None
    slack = 2 * _noise(pairs)
    moved = [Fraction(new) - Fraction(old) for old, new in pairs]
    low, high = max(moved) - slack, min(moved) + slack
    if low > high or low <= 0 <= high:
        return None
    text = _shortest(low, high)
    return What("offset", text if text.startswith("-") else f"+{text}")


def _shortest(low: Fraction, high: Fraction) -> str:
    """The decimal number of fewest places between two bounds (12 places for one that has no end)."""
    middle = (low + high) / 2
    for places in range(13):
        scale = 10**places
        number = Fraction(round(middle * scale), scale)
        if low <= number <= high:
            break
    return f"{float(number):.{places}f}"
