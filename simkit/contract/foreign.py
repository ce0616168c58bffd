"""What rules know of a tree that no harness made: which forms pass, what a loop is, the grain of its numbers.

Comes in: a `Look`. Goes out: `Outside` and the questions that rules ask it, always after their own strict
test has failed, so that a tree of the reference executor pays nothing. May import `contract`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from simkit.contract.dialect import Dialect
from simkit.contract.finding import NotEvaluated
from simkit.contract.look import Look
from simkit.contract.tolerance import near
from simkit.contract.values import obj, when
from simkit.contract.view import view
from simkit.core.clock import MICROSECONDS

#: The coarsest grain of a number that a tree is believed to round to (surfaces.md 1.0).
_COARSEST: Final = 0.01
#: Readings kept one by one; their number is bounded by the forms that exist times the fields that have them.
_MOST_READINGS: Final = 400

NO_LOOPS: Final = NotEvaluated(
    "what a loop is cannot be seen: there is no write journal and no series of one tree per loop"
)
NO_CLOCK: Final = NotEvaluated("no clock was given to compare with")


class Reading(Struct, frozen=True, gc=False):
    """One reading of an ambiguous sentence (A-nn) as a tree keeps it: `A-18: percent`, and where."""

    id: str
    form: str
    where: str

    def __str__(self) -> str:
        return f"{self.id}: {self.form}"


class Outside:
    """A series of trees from outside.

    `forms`: every form that the contract allows passes (profile `contract`); else only ours does. `loops`:
    the series holds one tree per loop. `clock`: the user said what time it is.
    """

    __slots__ = ("clock", "dialect", "digits", "forms", "loops", "readings", "unsure")

    def __init__(self, dialect: Dialect, *, forms: bool, loops: bool, clock: bool) -> None:
        self.dialect = dialect
        self.forms = forms
        self.loops = loops
        self.clock = clock
        self.readings: dict[Reading, None] = {}
        #: Decimals ever printed, by `stem.name` of the field.
        self.digits: dict[str, int] = {}
        #: Stems of files of the tree at hand that could not be read and may be sound all the same.
        self.unsure: frozenset[str] = frozenset()

    def saw(self, id: str, form: str, where: str = "") -> None:
        """Remember that this form was seen there."""
        if len(self.readings) < _MOST_READINGS:
            self.readings[Reading(id, form, where)] = None

    def half(self, field: str) -> float:
        """Half the grain of a field `stem.name`: the last digit ever printed, 0.01 at most."""
        grain = min(_COARSEST, 10.0 ** -self.digits.get(field, 0))
        return grain / 2


def foreign(look: Look) -> Outside | None:
    """What judges a tree in whose form we have no say; None where only our own form passes."""
    outside: Outside | None = look.outside
    return outside if outside is not None and outside.forms else None


def unharnessed(look: Look) -> bool:
    """True for a tree that no harness made; a run in a dialect is from outside, too, but its truth is known."""
    return look.outside is not None and look.truth is None


def saw(look: Look, id: str, form: str, where: str = "") -> bool:
    """On a foreign tree: remember the reading and say True, this form passes there."""
    outside = foreign(look)
    if outside is None:
        return False
    outside.saw(id, form, where)
    return True


def coarse(look: Look, a: float, b: float, *terms: tuple[str, float]) -> bool:
    """On a foreign tree: whether two numbers agree in the grain that it prints. A term is a field `stem.name`
    and the factor with which it enters the formula."""
    outside = foreign(look)
    if outside is None:
        return False
    grain = 0.0
    for field, factor in terms:
        grain += outside.half(field) * abs(factor)
    return near(a, b, grain)


def is_one_loop(look: Look, *stems: str) -> bool:
    """Whether these surfaces carry one time; on a foreign tree: times of one loop (A-42)."""
    times = view(look).times
    first = times.get(stems[0])
    if all(times.get(stem) == first for stem in stems):
        return True
    return foreign(look) is not None and not apart(look, *stems)


def no_loops(look: Look) -> bool:
    """True where nobody can say what a loop is."""
    return look.outside is not None and not look.outside.loops and look.writes is None


def apart(look: Look, *stems: str) -> str:
    """Why these surfaces of a foreign tree are not of one loop (A-42); empty when they are, or nobody
    knows."""
    outside = foreign(look)
    if outside is None:
        return ""
    times = [(at, stem) for stem in stems if (at := view(look).times.get(stem)) is not None]
    if len(times) < 2:
        return ""
    first, last = min(times), max(times)
    if last[0] - first[0] <= outside.dialect.same_loop_s * MICROSECONDS:
        if last[0] != first[0]:
            outside.saw("A-42", "surfaces of one loop differ in time")
        return ""
    return f"{first[1]} is of {when(first[0])}, {last[1]} of {when(last[0])}: not of one loop (A-42)"


#: Surfaces of which only our reading says that every loop writes them (A-41).
THROTTLED: Final = ("positions_state", "kpis_v7", "risk_snapshot", "router_health")


def may_differ(look: Look, *stems: str) -> bool:
    """On a foreign tree: whether the times of these surfaces may differ as they do, for they are of one loop
    (A-42) or one of them is throttled (A-41)."""
    outside = foreign(look)
    if outside is None or not apart(look, *stems):
        return outside is not None
    slow = [stem for stem in stems if stem in THROTTLED]
    times = [at for stem in stems if (at := view(look).times.get(stem)) is not None]
    if not slow or max(times) - min(times) > outside.dialect.throttle_s * MICROSECONDS:
        return False
    outside.saw("A-41", "throttled", slow[0])
    return True


# Numbers ---------------------------------------------------------------------------------------------------

#: A document nested deeper than this is not looked at.
MOST_LEVELS: Final = 64
_MOST_FIELDS: Final = 10_000
#: Maps whose keys are data, factors mostly, and whose values are one field.
_BY_KEY: Final = frozenset({"by_factor", "dot_products", "factor_ir", "factor_vols", "norms", "weights"})


def measure(stem: str, doc: dict[str, object], digits: dict[str, int]) -> bool:
    """Note how many decimals each field prints, all values of a map of `_BY_KEY` as one field `map[]`. False for a
    document that is nested too deeply."""
    stack: list[tuple[str, object, int]] = [("", doc, 1)]
    places = digits.get
    while stack:
        name, value, depth = stack.pop()
        if depth > MOST_LEVELS:
            return False
        kind = type(value)
        if kind is dict:
            if (holder := name.removesuffix("[]")) in _BY_KEY:
                stack += [(f"{holder}[]", item, depth + 1) for item in obj(value).values()]
            else:
                stack += [(key, item, depth + 1) for key, item in obj(value).items()]
        elif kind is list:
            stack += [(name, item, depth + 1) for item in _items(value)]
        elif kind is float:
            key, printed = f"{stem}.{name}", _decimals(value)
            if printed > places(key, 0) and len(digits) < _MOST_FIELDS:
                digits[key] = printed
    return True


def _items(value: object) -> Iterator[object]:
    return iter(value) if isinstance(value, list) else iter(())


def _decimals(value: object) -> int:
    """How many decimals a number prints: 0.25 has two, 1e-07 seven."""
    text, _, exponent = repr(value).partition("e")
    fraction = text.partition(".")[2]
    places = 0 if fraction == "0" else len(fraction)
    return min(max(places - int(exponent or 0), 0), 20)
