"""Defensive reads of plain JSON: what a rule takes from a document that may hold anything.

Comes in: JSON values. Goes out: numbers, objects, text; None or an empty object where there is none. Only
`need` raises. May import `contract.finding` and `core`.
"""

from __future__ import annotations

from typing import Any, TypeVar

from simkit.contract.finding import Found, LackingError, NotEvaluated, Tier
from simkit.core.clock import iso
from simkit.core.numeric import q9

T = TypeVar("T")
_HUGE = 10**30
_NOTHING: dict[str, Any] = {}

#: Outcomes of rules that cannot look.
NO_BEFORE = NotEvaluated("no loop before this one is known")
NO_TRUTH = NotEvaluated("no harness knows what really happened (a tree alone cannot say)")
NO_JOURNAL = NotEvaluated("there is no write journal")


def num(value: object) -> float | None:
    """A finite number of sane size, or None; a boolean is no number."""
    kind = type(value)
    if kind is float:
        return value if -1e100 < value < 1e100 else None  # type: ignore[operator,return-value]
    if kind is int:
        return value if -_HUGE < value < _HUGE else None  # type: ignore[operator,return-value]
    return None


def obj(value: object) -> dict[str, Any]:
    """The object, or an empty one that nobody may change."""
    return value if type(value) is dict else _NOTHING


def rows_of(value: object) -> list[Any]:
    """The list, or an empty one."""
    return value if type(value) is list else []


def need(value: T | None, what: str) -> T:
    """`value`, or LackingError: the rule is then not evaluated."""
    if value is None:
        raise LackingError(f"{what} is missing or ill-typed")
    return value


def show(value: object) -> str:
    """A JSON value as it stands in a finding, at most 80 characters."""
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def share_of(part: float, whole: float) -> float:
    """`part / whole` to the quantum of a fraction; `whole` is not 0. Beyond all sense it stays unrounded."""
    share = part / whole
    return q9(share) if -1e6 < share < 1e6 else share


def when(ts_us: int) -> str:
    """A time in a message, also one that no calendar holds."""
    try:
        return iso(ts_us)
    except OverflowError:
        return f"{ts_us} us"


def found(stem: str, path: str, value: object, message: str, tier: Tier | None = None) -> Found:
    """One violation; `tier` where a part of the rule is judged at a weaker one."""
    return Found(stem, path, show(value), message, tier)
