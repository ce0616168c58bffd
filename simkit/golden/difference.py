"""What a comparison says: types only.

Comes in: nothing. Goes out: `Difference` and its parts, `UPSTREAM`. May import `core`, `contract.table` and
`golden.values`.
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from simkit.contract.table import REGISTRY_PATH
from simkit.golden.history import name_of
from simkit.golden.store import Edit
from simkit.golden.values import FieldChange
from simkit.golden.what import What

Status = Literal["same", "changed", "missing", "stale", "edited", "conflict", "other"]
Kind = Literal["", "value", "format"]

#: The pseudo-surface of a loop's events.
EVENTS = "events"

#: Causes before effects: in one loop the first of these that differs is shown first. Others follow by name,
#: then the events.
UPSTREAM = (
    "positions_state",
    name_of(REGISTRY_PATH),
    "positions_ledger",
    "nav",
    "risk_snapshot",
    "router_health",
    "kpis_v7",
    "diagnostics",
    "symbol_scores_v6",
    "rv_momentum",
    "factor_diagnostics",
    "nav_state",
)
_RANK = {name: rank for rank, name in enumerate(UPSTREAM)}


def rank(surface: str) -> tuple[int, str]:
    """Sort key of a surface's name, most upstream first."""
    return (len(UPSTREAM) + 1 if surface == EVENTS else _RANK.get(surface, len(UPSTREAM)), surface)


class SurfaceCount(Struct, frozen=True):
    """How far a difference spreads in one surface: first loop, loops, fields (over all counted loops)."""

    surface: str
    first_loop: int
    loops: int
    fields: int


class Change(Struct, frozen=True):
    """One field that changed, over a whole run. `place`: its JSON path without indices and symbols."""

    surface: str
    place: str
    what: What

    @property
    def field(self) -> str:
        """`risk_snapshot.dd_state.state`."""
        return f"{self.surface}.{self.place}" if self.place else self.surface

    @property
    def text(self) -> str:
        """`kpis_v7.portfolio.dd_pct: rounded to 6 places`."""
        return f"{self.field}: {self.what.text}"


class Cause(Struct, frozen=True):
    """What began to differ, and what differs downstream of it.

    A cause begins in a loop that differs after one that does not, or where a surface further upstream than that of
    the cause before begins to differ. `changes` are the fields of its `surface` in that loop; `times` says how often
    the same fields began it anew, `loops` and `fields` what it spread to, `then` names the other surfaces, most
    upstream first.
    """

    first_loop: int
    surface: str
    changes: tuple[Change, ...]
    times: int
    loops: int
    fields: int
    then: tuple[str, ...]


class Difference(Struct, frozen=True):
    """A run against its golden.

    `status`: same; changed; missing (no golden); stale (the scenario was edited since it was accepted);
    edited (`edits` says which files of the golden are not as they were accepted); conflict (the same, and
    one holds the marks of a merge conflict); other (the golden belongs to another
    executor, nothing was compared). A stale golden is compared too: `kind` tells whether the run differs as
    well.

    `kind`: empty when nothing differs, `format` when only raw bytes do (key order, spaces, spelling of a
    number). `first_loop`, `first_surface` and `fields` (most upstream surface first, cut at 1,000) tell what
    moved first; `old_events` and `new_events` are that loop's events as JSON text, set where they differ.
    `field_count` and `loop_count` cover the whole run, `causes` fold it; `bounded` says that counting of fields stopped
    early.
    `new_unseed`: the run drew other random numbers, visible or not.
    """

    status: Status
    text: str
    kind: Kind = ""
    edits: tuple[Edit, ...] = ()
    first_loop: int | None = None
    first_surface: str = ""
    fields: tuple[FieldChange, ...] = ()
    old_events: str | None = None
    new_events: str | None = None
    field_count: int = 0
    loop_count: int = 0
    bounded: bool = False
    surfaces: tuple[SurfaceCount, ...] = ()
    causes: tuple[Cause, ...] = ()
    old_loops: int = 0
    new_loops: int = 0
    old_running: str = ""
    new_running: str = ""
    new_unseed: bool = False

    @property
    def same(self) -> bool:
        """True when there is nothing to accept and nothing to mend."""
        return self.status == "same"


_INDEX = re.compile(r"\[\d+\]")
_POSITION = re.compile(r"\b[A-Z0-9]+:(?:LONG|SHORT|BOTH)\b")
_SYMBOL = re.compile(r"(?<=\bper_symbol\.)[A-Z0-9]+(?![^.\[])")


def place_of(path: str) -> str:
    """A JSON path without what differs from scenario to scenario: indices, positions, symbols."""
    return _SYMBOL.sub("*", _POSITION.sub("*", _INDEX.sub("[]", path)))
