"""Rules on what lies inside the router's window of S8 (INV-H07, H09, H11).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from collections import deque

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.foreign import is_one_loop
from simkit.contract.look import Doc, Look
from simkit.contract.readers import parse_time
from simkit.contract.values import NO_BEFORE, NO_TRUTH, found, num, obj, when
from simkit.contract.view import view

_STEM = "router_health"
_MICROSECONDS = 1_000_000


def _window_us(look: Look) -> int:
    return round(look.settings.router.window_s * _MICROSECONDS)


def _block(look: Look) -> Doc:
    block = look.docs[_STEM].get("router_health")
    if type(block) is not dict:
        raise LackingError("router_health.router_health is no object")
    return block


def _rows(look: Look) -> dict[str, Doc]:
    rows = obj(_block(look).get("per_symbol"))
    return {symbol: row for symbol, row in rows.items() if type(row) is dict}


def _row_at(symbol: str, name: str) -> str:
    return f"router_health.per_symbol[{symbol}].{name}"


class _Fills:
    """The fills of the window; `since` is when the first one could have been missed, -1 for never."""

    __slots__ = ("counts", "outcome", "router", "since", "window")

    def __init__(self, since: int) -> None:
        self.since = since
        self.window: deque[tuple[int, str]] = deque()
        self.counts: dict[str, int] = {}
        self.router: object = None
        self.outcome: list[Found] = []

    def step(self, look: Look) -> bool:
        """Take in the fills of the loop and let go of the old ones; whether anything has changed."""
        window, counts = self.window, self.counts
        fills = look.truth.fills if look.truth is not None else ()
        if not fills and not window:
            return False
        oldest = look.ts - _window_us(look)
        for fill in fills:
            symbol = fill.key.rpartition(":")[0]
            window.append((fill.ts or look.ts, symbol))
            counts[symbol] = counts.get(symbol, 0) + 1
        changed = bool(fills)
        while window and window[0][0] < oldest:
            _, symbol = window.popleft()
            counts[symbol] -= 1
            if not counts[symbol]:
                del counts[symbol]
            changed = True
        return changed


@rule(
    "INV-H07",
    "event_count = accepted fills inside the window",
    source="sys",
    surfaces=("S8", "AUX-12"),
    reads=("router_health",),
    kind="J",
    tier="reference",
    example="event_count 5 after three fills",
)
def events_are_the_fills(look: Look, memory: Memory) -> Outcome:
    """A new process starts with an empty window (B-RST-1); a fill exactly as old as the window counts.

    Memory: one pair per fill inside the window.
    """
    truth = look.truth
    if truth is None:
        return NO_TRUTH
    fills: _Fills | None = memory.get("fills")
    if truth.new_run or fills is None:
        fills = memory["fills"] = _Fills(-1 if truth.new_run else look.ts)
    changed = fills.step(look)
    if fills.since >= 0:
        if look.ts - fills.since <= _window_us(look):
            return NO_BEFORE
        fills.since = -1
    if view(look).times[_STEM] != look.ts:
        fills.router = None
        raise LackingError("router_health is not of this loop")
    router = view(look).router
    if changed or router[0] is not fills.router:
        fills.router, fills.outcome = router[0], _miscounted(look, fills.counts)
    return fills.outcome


def _miscounted(look: Look, counts: dict[str, int]) -> list[Found]:
    rows = _rows(look)
    stated = {symbol: num(row["event_count"]) for symbol, row in rows.items() if "event_count" in row}
    if rows and not stated:
        raise LackingError("event_count is not emitted")
    out = [
        found(_STEM, _row_at(symbol, "event_count"), count, f"{counts.get(symbol, 0)} fills in the window")
        for symbol, count in stated.items()
        if count != counts.get(symbol, 0)
    ]
    out += [
        found(_STEM, "router_health.per_symbol", symbol, f"missing, with {count} fills in the window")
        for symbol, count in counts.items()
        if symbol not in rows
    ]
    return out


@rule(
    "INV-H09",
    "no event in the window → score null, per_symbol entry dropped or null",
    source="kit",
    surfaces=("S8",),
    reads=("router_health",),
    kind="T",
    tier="reference",
    example="frozen 0.67 for hours",
)
def idle_symbols_have_no_score(look: Look, memory: Memory) -> Outcome:
    """By the published `event_count` and `last_fill_ts`; a fill exactly as old as the window lies in it."""
    router, at, window = view(look).router[0], view(look).times[_STEM], _window_us(look)
    if at is None:
        raise LackingError("router_health has no time")
    then = memory.get("then")
    if then is not None and then[0] is router and then[1] == window and at <= then[2]:
        return ()
    out: list[Found] = []
    alive = False
    ends: list[int] = []
    for symbol, row in _rows(look).items():
        score, count, last = row.get("quality_score"), num(row.get("event_count")), _last_fill(row)
        if score is None:
            continue
        if count is None and last is None:
            raise LackingError("neither event_count nor last_fill_ts is emitted")
        if count == 0 or (last is not None and at - last > window):
            since = "" if last is None else f", the last fill was at {when(last)}"
            place = _row_at(symbol, "quality_score")
            out.append(found(_STEM, place, score, f"no event in the last {window / _MICROSECONDS} s{since}"))
            continue
        alive = True
        ends.append(at if last is None else last + window)
    total = obj(_block(look).get("global")).get("quality_score")
    if total is not None and not alive:
        text = "must be null: no symbol has an event in the window"
        out.append(found(_STEM, "router_health.global.quality_score", total, text))
    memory["then"] = None if out else (router, window, min(ends, default=at + window))
    return out


def _last_fill(row: Doc) -> int | None:
    return parse_time(row.get("last_fill_ts"))


@rule(
    "INV-H11",
    "idle_router with threshold ≥ window → total event_count 0",
    source="sys",
    surfaces=("S6", "S8"),
    reads=("diagnostics", "router_health"),
    kind="X",
    tier="reference",
    severity="W",
    example="idle for 1801 s and two events in the last 900 s",
)
def an_idle_router_has_no_events(look: Look, memory: Memory) -> Outcome:
    seen, settings = view(look), look.settings
    if seen.live.get("idle_router") is not True or settings.liveness.router_s < settings.router.window_s:
        return ()
    if not is_one_loop(look, "diagnostics", _STEM):
        return ()
    out: list[Found] = []
    for symbol, row in _rows(look).items():
        count = num(row.get("event_count"))
        if count is None:
            raise LackingError("event_count is not emitted")
        if count > 0:
            text = f"diagnostics says that the router idles for more than {settings.liveness.router_s} s"
            out.append(found(_STEM, _row_at(symbol, "event_count"), count, text))
    return out
