"""Rules on the execution logs and what is counted from them (INV-N05, X07, X08).

Comes in: a `Look`. Goes out: violations. May import `contract`.

The logs are no part of a tree: their lines stand in the write journal, their content in `Truth`.
"""

from __future__ import annotations

from collections import deque

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.look import Doc, Look, Truth
from simkit.contract.readers import read_object
from simkit.contract.table import ORDERS_LOG, VETO_LOG
from simkit.contract.tolerance import HALF_QTY, HALF_USD, near
from simkit.contract.values import NO_BEFORE, NO_JOURNAL, NO_TRUTH, found, num, obj
from simkit.contract.view import view

_DAY_US = 86_400_000_000


class _Day:
    """Attempts and vetoes of the last 24 hours, one row per loop that has any. `since`: when the log began to
    be known, -1 for its very beginning."""

    __slots__ = ("attempts", "rows", "since", "vetoes")

    def __init__(self, since: int) -> None:
        self.since = since
        self.rows: deque[tuple[int, int, int]] = deque()
        self.attempts = 0
        self.vetoes = 0

    def step(self, ts: int, attempts: int, vetoes: int) -> None:
        if attempts or vetoes:
            self.rows.append((ts, attempts, vetoes))
            self.attempts += attempts
            self.vetoes += vetoes
        while self.rows and ts - self.rows[0][0] > _DAY_US:
            _, gone_attempts, gone_vetoes = self.rows.popleft()
            self.attempts -= gone_attempts
            self.vetoes -= gone_vetoes


@rule(
    "INV-N05",
    "vetoes_24h = veto-log records in the last 24 h; attempted_24h likewise",
    source="sys",
    surfaces=("S1", "AUX-11", "AUX-13"),
    reads=("nav",),
    kind="J",
    tier="reference",
    severity="W",
    example="3 vs 7",
)
def daily_counts_are_the_logs(look: Look, memory: Memory) -> Outcome:
    """The logs outlive a process, so a restart takes nothing off. Attempts are the emitted intents, vetoed or
    not, and the exits. Memory: one row per loop that has any, for 24 hours."""
    truth = look.truth
    if truth is None:
        return NO_TRUTH
    day: _Day | None = memory.get("day")
    if day is None:
        begins = truth.new_run and look.before is None
        day = memory["day"] = _Day(-1 if begins else look.ts)
    day.step(look.ts, len(truth.signals) + len(truth.exits), len(truth.vetoes))
    if day.since >= 0 and look.ts - day.since <= _DAY_US:
        return NO_BEFORE
    stats = look.docs["nav"].get("exec_stats")
    if type(stats) is not dict:
        raise LackingError("nav.exec_stats is not emitted")
    if view(look).times["nav"] != look.ts:
        raise LackingError("nav.json is not of this loop")
    if stats.get("attempted_24h") == day.attempts and stats.get("vetoes_24h") == day.vetoes:
        return ()
    wanted = (("attempted_24h", day.attempts), ("vetoes_24h", day.vetoes))
    return [
        found("nav", f"exec_stats.{name}", stats[name], f"the log has {count} records of the last 24 hours")
        for name, count in wanted
        if name in stats and stats[name] != count
    ]


class _Realised:
    """What was realised on a key since it opened; `qty` signed."""

    __slots__ = ("pnl", "qty")

    def __init__(self, qty: float, pnl: float) -> None:
        self.qty = qty
        self.pnl = pnl


@rule(
    "INV-X07",
    "Σ realizedPnlUsd of closes = Σ realised PnL reported",
    source="sys",
    surfaces=("S2", "S3", "AUX-12"),
    reads=("positions_state",),
    kind="J",
    tier="reference",
    severity="W",
    example="two closes of +5 and a realized_pnl of 5",
)
def realised_pnl_is_that_of_the_closes(look: Look, memory: Memory) -> Outcome:
    """S3 per key since it opened (A-14), S2 since the day began (B-NAV-8); what is null or absent is not judged.
    Memory: one pair per open key, the day and what was realised in it."""
    truth = look.truth
    if truth is None:
        return NO_TRUTH
    seen = view(look)
    out = _realised_today(look, truth, memory)
    keys: dict[str, _Realised] | None = memory.get("keys")
    if keys is None:
        memory["keys"] = {
            key: _Realised(qty, num(row.doc.get("realized_pnl")) or 0.0 if row is not None else 0.0)
            for key, qty in truth.positions.items()
            for row in (seen.held.get(key),)
        }
        return NO_BEFORE
    if truth.fills:
        _book_closes(truth, keys)
    if seen.times["positions_state"] != look.ts:
        raise LackingError("positions_state is not of this loop")
    for key, row in seen.held.items():
        known = keys.get(key)
        stated = row.doc.get("realized_pnl")
        if known is None or stated is None or stated == known.pnl:
            continue
        value = num(stated)
        if value is None or not near(value, known.pnl, HALF_USD * 2):
            place = f"positions[{row.index}].realized_pnl"
            out.append(found("positions_state", place, stated, f"closes of {key} realised {known.pnl:.6f}"))
    return out


def _realised_today(look: Look, truth: Truth, memory: Memory) -> list[Found]:
    if truth.day is None:
        return []
    if memory.get("day") != truth.day:
        memory["day"], memory["realised"], memory["closes"] = truth.day, 0.0, 0
    for fill in truth.fills:
        memory["realised"] += fill.realized
        memory["closes"] += 1
    stated = num(look.docs.get("nav_state", {}).get("realized_pnl_today"))
    realised = memory["realised"]
    if stated is None or stated == realised or view(look).times.get("nav_state") != look.ts:
        return []
    if near(stated, realised, HALF_USD * (1 + memory["closes"])):
        return []
    return [
        found("nav_state", "realized_pnl_today", stated, f"the closes of this day realised {realised:.6f}")
    ]


def _book_closes(truth: Truth, keys: dict[str, _Realised]) -> None:
    for fill in truth.fills:
        known = keys.setdefault(fill.key, _Realised(0.0, 0.0))
        known.qty += fill.change
        known.pnl += fill.realized
        if abs(known.qty) <= HALF_QTY:
            known.qty = known.pnl = 0.0
    for key in [key for key in keys if key not in truth.positions]:
        del keys[key]


_HEAD = ("ts", "event_type", "pid", "hostname")
#: AUX-12: what an event must carry.
_EVENTS: dict[str, tuple[str, ...]] = {
    "order_ack": (
        "symbol", "side", "ts_ack", "orderId", "clientOrderId", "request_qty", "order_type", "status",
    ),
    "order_fill": (
        "symbol", "side", "ts_fill_first", "ts_fill_last", "orderId", "clientOrderId", "executedQty", "avgPrice",
        "fee_total", "feeAsset", "tradeIds", "status",
    ),
    "order_close": (
        "symbol", "ts_close", "orderId", "clientOrderId", "realizedPnlUsd", "fees_total", "position_size_before",
        "position_size_after",
    ),
    "order_error": (),
}  # fmt: skip
#: AUX-13. The form of `context` is nowhere stated, so it may be left out.
_VETO = ("symbol", "strategy", "veto_reason", "original_reason", "veto_detail", "signal_ts", "qty_req")
_DETAIL = ("gate", "reasons", "thresholds", "observations")


@rule(
    "INV-X08",
    "every log event carries its required fields",
    source="sys",
    surfaces=("AUX-12", "AUX-13"),
    reads=(),
    kind="W",
    tier="reference",
    severity="W",
    example="order_fill without avgPrice",
)
def log_events_are_complete(look: Look, memory: Memory) -> Outcome:
    """The lines that the journal says were appended in this loop."""
    if look.writes is None:
        return NO_JOURNAL
    out: list[Found] = []
    for write in look.writes:
        if write.mode != "append" or write.path not in (ORDERS_LOG, VETO_LOG):
            continue
        stem = write.path.rpartition("/")[2].removesuffix(".jsonl")
        for number, line in enumerate(write.data.splitlines()):
            event, reason = read_object(line)
            if event is None:
                out.append(found(stem, f"[{number}]", line.decode("utf-8", "replace"), reason))
                continue
            out += [
                found(stem, f"[{number}].{name}", "absent", "an event must carry it")
                for name in _lacks(event, write.path)
            ]
    return out


def _lacks(event: Doc, path: str) -> list[str]:
    if path == VETO_LOG:
        detail = obj(event.get("veto_detail"))
        missing = [f"veto_detail.{name}" for name in _DETAIL if name not in detail]
        return [name for name in (*_HEAD, *_VETO) if name not in event] + missing
    known = _EVENTS.get(str(event.get("event_type")))
    if known is None:
        return ["event_type"]
    return [name for name in (*_HEAD, *known) if name not in event]
