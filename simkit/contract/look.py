"""One loop's tree as a rule sees it: decoded documents, the loop before, the write journal and the logs.

Comes in: bytes of files, and what a harness knows of the run. Goes out: `Look`. May import `core`.

A rule reads documents as plain JSON values, so that it works on any tree; what cannot be read is listed with its
reason and never passes silently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from simkit.core.files import SurfaceWrite
from simkit.core.settings import Settings

Doc = dict[str, Any]


class LoggedOrder(Struct, frozen=True, gc=False):
    """An order as logged. `accepted` is false for a rejected or expired one; `qty` unsigned, base units."""

    intent_id: str
    key: str
    qty: float
    price: float
    reduce_only: bool
    reason: str
    accepted: bool


class LoggedFill(Struct, frozen=True, gc=False):
    """A fill as logged. `change` is the signed change of the position (LONG grows +, SHORT grows -); money in USD."""

    intent_id: str
    key: str
    change: float
    price: float
    fee: float
    realized: float
    reduce_only: bool
    reason: str


class LoggedVeto(Struct, frozen=True, gc=False):
    """A veto as logged."""

    intent_id: str
    symbol: str
    reason: str


class Truth(Struct, frozen=True, gc=False):
    """What the harness knows of one loop and no file says.

    `positions`: signed quantity per key as the venue holds it. `flows`: declared money in USD that entered (+) or
    left (-) the wallet in this loop: funding, transfers, declared income. `new_run`: an executor started before
    this loop. `synced`: sync_state ran after this loop. `seeding_off`: keys whose intent asked for no level.
    """

    positions: Mapping[str, float]
    universe: tuple[str, ...]
    orders: Sequence[LoggedOrder]
    fills: Sequence[LoggedFill]
    vetoes: Sequence[LoggedVeto]
    signals: Sequence[str]
    flows: float
    new_run: bool
    synced: bool
    reset_peak: bool
    seeding_off: frozenset[str]
    nav_read_live: bool


class Look:
    """One loop. `docs` maps a file's stem to its JSON object; `unreadable` a stem to the reason; a stem in neither
    has no file. `before` is the previous loop (its own `before` is cut, so memory stays flat). `writes` is the
    journal of the loop, None where there is none; `truth` is None on a foreign tree. `ts` is the harness clock in
    microseconds."""

    __slots__ = ("before", "docs", "loop", "names", "raw", "settings", "truth", "ts", "unreadable", "writes")

    def __init__(
        self,
        loop: int,
        ts: int,
        settings: Settings,
        docs: Mapping[str, Doc],
        *,
        raw: Mapping[str, bytes],
        unreadable: Mapping[str, str],
        names: Sequence[str] = (),
        before: Look | None = None,
        writes: Sequence[SurfaceWrite] | None = None,
        truth: Truth | None = None,
    ) -> None:
        self.loop = loop
        self.ts = ts
        self.settings = settings
        self.docs = docs
        self.raw = raw
        self.unreadable = unreadable
        self.names = names
        self.before = before
        self.writes = writes
        self.truth = truth
