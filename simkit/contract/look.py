"""One loop's tree as a rule sees it: decoded documents, the loop before, the write journal and the logs.

Comes in: bytes of files, and what a harness knows of the run. Goes out: `Look`. May import `core`.

A rule reads documents as plain JSON values, so that it works on any tree; what cannot be read is listed
with its reason and never passes silently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from simkit.core.files import SurfaceWrite
from simkit.core.settings import Settings

Doc = dict[str, Any]


class LoggedOrder(Struct, frozen=True, gc=False):
    """An order as logged. `accepted` is false for a rejected or expired one; `qty` unsigned, base units;
    `child` marks one slice of a larger order, `id` is the client order id where it is known."""

    intent_id: str
    key: str
    qty: float
    price: float
    reduce_only: bool
    reason: str
    accepted: bool
    child: bool = False
    id: str = ""


class LoggedFill(Struct, frozen=True, gc=False):
    """A fill as logged. `change` is the change of the signed quantity of S3 (a buy +, a sell -); money
    in USD. `intended_price` is the price when the order was sent, 0.0 where it is not known; `ts` the time of
    the fill in microseconds, 0 where it is that of the loop."""

    intent_id: str
    key: str
    change: float
    price: float
    fee: float
    realized: float
    reduce_only: bool
    reason: str
    intended_price: float = 0.0
    ts: int = 0


class LoggedVeto(Struct, frozen=True, gc=False):
    """A veto as logged."""

    intent_id: str
    symbol: str
    reason: str


class Truth(Struct, frozen=True, gc=False):
    """What the harness knows of one loop and no file says.

    `positions`: signed quantity per key as the venue holds it. `flows`: declared money in USD that entered
    (+) or left (-) the wallet in this loop: funding, transfers, declared income. `new_run`: an executor
    started before this loop. `synced`: sync_state ran after this loop. `seeding_off`: keys whose intent
    asked for no level. `exits`: the intent ids of the take-profit and stop exits of this loop, sent or not.
    `cancelled`: the intent ids of orders that were cancelled in this loop before they had filled.
    `closes`: per symbol the closes in USD that became known in this loop, oldest first; in the first loop of a
    run those before it too. `marks`: per symbol the mark in USD, of symbols that have one; None where nobody
    says. `day`: the number of the day by which daily figures roll; None where nobody knows.

    What a harness tried out: `loader` reads a file by stem and bytes (None: no file), where the contract's own
    readers are not the ones under test; `reread` is every path of the tree with its bytes, before and after a
    reader read it; `second_run` is the bytes by stem in this loop of a second run with the same seed.
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
    exits: Sequence[str] = ()
    cancelled: Sequence[str] = ()
    closes: Mapping[str, Sequence[float]] = {}
    marks: Mapping[str, float] | None = None
    day: int | None = None
    loader: Callable[[str, bytes | None], object] | None = None
    reread: tuple[Mapping[str, bytes], Mapping[str, bytes]] | None = None
    second_run: Mapping[str, bytes] | None = None


class Look:
    """One loop. `docs` maps a file's stem to its JSON object; `unreadable` a stem to the reason; a stem in
    neither has no file. `names` are all paths found.

    `before` is the previous loop (its own `before` is cut, so memory stays flat). `writes` is the journal
    of the loop, None where there is none; `truth` is None on a foreign tree. `ts` is the harness clock of
    the publish in microseconds, `until` that of the last write of the loop (the sync). `view`: what
    `contract.view` derives. `outside`: the `contract.foreign.Outside` of a tree that no harness made, or of
    an executor that writes a dialect.
    """

    __slots__ = (
        "before",
        "docs",
        "loop",
        "names",
        "outside",
        "raw",
        "settings",
        "truth",
        "ts",
        "unreadable",
        "until",
        "view",
        "writes",
    )

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
        until: int | None = None,
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
        self.until = ts if until is None else until
        self.view: Any = None
        self.outside: Any = None
