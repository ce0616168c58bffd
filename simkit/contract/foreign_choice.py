"""Which form a field of a foreign series keeps, and where values that moved stood.

Comes in: what the readers of forms see. Goes out: whether a form is the one kept up. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.dialect import PERCENT
from simkit.contract.foreign import Outside

#: A path as `contract.fields.steps` gives it; `[]` stands for any row or key.
Steps = tuple[str, ...]


class Choice:
    """The forms of one series. The first one that a field shows is its form from then on."""

    __slots__ = ("_kept", "moves", "outside")

    def __init__(self, outside: Outside) -> None:
        self.outside = outside
        self.moves: dict[str, dict[Steps, Steps]] = {}
        self._kept: dict[tuple[str, str], str] = {}

    def note(self, id: str, form: str, where: str) -> None:
        """Tell the report."""
        self.outside.saw(id, form, where)

    def keeps(self, id: str, form: str, where: str) -> bool:
        """Whether `form` is the one that `where` has kept up; the report is told of both otherwise."""
        self.outside.saw(id, form, where)
        return self._kept.setdefault((id, where), form) == form

    def kept(self, id: str, where: str) -> str:
        """The form that `where` has, empty while nothing has shown it."""
        return self._kept.get((id, where), "")

    def stated(self, field: str) -> str:
        """The unit that the dialect gives a field, empty where it says nothing."""
        return self.outside.dialect.units.get(field, "")

    def moved(self, stem: str, ours: Steps, theirs: Steps) -> None:
        """Remember where a value of ours stands in the user's file."""
        self.moves.setdefault(stem, {})[ours] = theirs


def factor(field: str, unit: str) -> float:
    """What turns a number of that unit into our form of the field."""
    if field in PERCENT:
        return 100.0 if unit == "fraction" else 1.0
    return 0.01 if unit == "percent" else 1.0
