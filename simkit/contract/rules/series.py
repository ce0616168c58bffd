"""Rule on the series of S2 nav_state (INV-NS10).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.finding import Found, Memory, Outcome, rule
from simkit.contract.look import Look
from simkit.contract.readers import parse_time
from simkit.contract.tolerance import HALF_USD, near
from simkit.contract.values import found, num, obj

_STEM = "nav_state"
_POINTS = 500


@rule(
    "INV-NS10",
    "series ascending in t, ≤ 500 points, last equity = total_equity",
    source="sys",
    surfaces=("S2",),
    reads=("nav_state",),
    kind="W",
    tier="reference",
    severity="W",
    example="newest point first",
)
def series_ends_at_the_equity(look: Look, memory: Memory) -> Outcome:
    """The series is left out by default: a document without one passes."""
    doc = look.docs[_STEM]
    series = doc.get("series")
    if series is None:
        return ()
    if type(series) is not list:
        return [found(_STEM, "series", series, "must be a list")]
    out: list[Found] = []
    if len(series) > _POINTS:
        out.append(found(_STEM, "series", len(series), f"at most {_POINTS} points"))
    last: int | None = None
    for index, point in enumerate(series):
        at = parse_time(obj(point).get("t"))
        if at is None or (last is not None and at <= last):
            text = "must be a time" if at is None else "must be later than the point before it"
            out.append(found(_STEM, f"series[{index}].t", obj(point).get("t", "absent"), text))
        last = at if at is not None else last
    equity, total = num(obj(series[-1]).get("equity")) if series else None, num(doc.get("total_equity"))
    if equity is not None and total is not None and not near(equity, total, HALF_USD * 2):
        place = f"series[{len(series) - 1}].equity"
        out.append(found(_STEM, place, equity, f"total_equity is {total}"))
    return out
