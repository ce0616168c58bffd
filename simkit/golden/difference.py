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

Status = Literal["same", "changed", "missing", "stale", "edited", "other"]
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


class Difference(Struct, frozen=True):
    """A run against its golden.

    `status`: same; changed; missing (no golden); stale (the scenario was edited since it was accepted);
    edited (`edits` says which files of the golden were edited by hand); other (the golden belongs to another
    executor, nothing was compared). A stale golden is compared too: `kind` tells whether the run differs as
    well.

    `kind`: empty when nothing differs, `format` when only raw bytes do (key order, spaces, spelling of a
    number). `first_loop`, `first_surface` and `fields` (most upstream surface first, cut at 1,000) tell what
    moved first; `old_events` and `new_events` are that loop's events as JSON text, set where they differ.
    `field_count` and `loop_count` cover the whole run; `bounded` says that counting of fields stopped early.
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
    old_loops: int = 0
    new_loops: int = 0
    old_running: str = ""
    new_running: str = ""
    new_unseed: bool = False

    @property
    def same(self) -> bool:
        """True when there is nothing to accept and nothing to mend."""
        return self.status == "same"

    @property
    def cause(self) -> str:
        """Equal for the same change in different scenarios: the fields of the first surface that moved,
        without indices, symbols and values. Empty when no field differs."""
        places = {_place(f.path) for f in self.fields if f.surface == self.first_surface}
        return f"{self.first_surface}: {', '.join(sorted(places))}" if places else ""


def _place(path: str) -> str:
    path = re.sub(r"\[\d+\]", "[]", path)
    return re.sub(r"\b[A-Z0-9]{3,}(:(LONG|SHORT))?\b", "*", path)
