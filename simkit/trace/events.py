"""What happened in a loop, as one plain line: signals, orders, fills, vetoes, faults, log lines, odd writes.

Comes in: a `LoopRecord`. Goes out: canonical JSON, or nothing when nothing happened. May import `core`,
`contract.table` and the types of `scenario`, `exchange` and `executor.port`.

Numbers are published units (USD, base units, seconds). A time is told as seconds after the loop (`after_s`),
left out when it is the loop's own. Fields that are None, false or empty are left out, and so is what a part of the
scenario leaves at its default: a key that a later simkit adds changes no history. Sequence numbers are left out: the
order of the list says the same, and one more event would shift all that follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec import Struct

from simkit.contract.table import ENGINE_METADATA, MANIFEST_PATH, SURFACES
from simkit.core.canon import encode_sorted
from simkit.core.clock import MICROSECONDS
from simkit.core.files import SurfaceWrite
from simkit.core.numeric import PRICE, QTY, USD
from simkit.exchange.orders import Fill
from simkit.trace.record import LoopRecord

_OWNERS: dict[str, str] = {surface.path: surface.owner for surface in (*SURFACES, ENGINE_METADATA)}
_ANY_WRITER = frozenset({MANIFEST_PATH})

_PER_UNIT = {
    **dict.fromkeys(("price", "limit", "intended_price", "tp", "sl", "entry"), PRICE),
    **dict.fromkeys(("qty", "filled_qty", "position_before", "position_after"), QTY),
    **dict.fromkeys(("fee", "realized", "amount", "equity", "usd"), USD),
}
#: Told by the place in the history, by the scenario (whose hash the golden holds), as `after_s`, or by the log.
_UNTOLD = frozenset({"seq", "ts", "loop", "at", "sent_ts", "settings", "lot_fees"})

#: Name of the event; of each told field name, units and the value that is left out.
_Plan = tuple[str, tuple[tuple[str, int, object], ...]]
_PLANS: dict[type[Struct], _Plan] = {}


def _plan_of(kind: type[Struct]) -> _Plan:
    config = kind.__struct_config__
    told = tuple(
        (f.name, _PER_UNIT.get(f.name, 0), f.default if config.omit_defaults else None)
        for f in msgspec.structs.fields(kind)
        if f.name not in _UNTOLD
    )
    tag = config.tag
    plan = _PLANS[kind] = (tag if isinstance(tag, str) else kind.__name__.lower(), told)
    return plan


def plain(part: Struct) -> dict[str, Any]:
    """The told fields of one event in published units."""
    _, fields = _PLANS.get(type(part)) or _plan_of(type(part))
    told: dict[str, Any] = {}
    for name, per_unit, usual in fields:
        value = getattr(part, name)
        if value is None or value is False or value == "" or value == usual:
            continue
        if per_unit:
            told[name] = value / per_unit
        elif isinstance(value, Struct):
            told[name] = plain(value)
        else:
            told[name] = value
    return told


def _named(part: Struct) -> dict[str, Any]:
    """`plain` with the name of the event."""
    told = plain(part)
    told["event"] = (_PLANS.get(type(part)) or _plan_of(type(part)))[0]
    return told


def _timed(event: Any, ts: int) -> dict[str, Any]:
    """A venue event: its name, and its time where that is not the loop's."""
    told = _named(event)
    if event.ts != ts:
        told["after_s"] = (event.ts - ts) / MICROSECONDS
    if isinstance(event, Fill):
        # The ack of the order tells the rest of it.
        order = event.order
        told["order"] = {"id": order.id, "key": order.key, "reason": order.reason, "side": order.side}
        if event.ts != event.sent_ts:
            told["latency_s"] = (event.ts - event.sent_ts) / MICROSECONDS
    return told


def is_odd(write: SurfaceWrite) -> bool:
    """True for a write that is not its registered owner's whole-file replace (logs: the executor's
    append)."""
    path = write.path
    if write.mode == "replace":
        return _OWNERS.get(path, "executor") != write.writer and path not in _ANY_WRITER
    return write.mode != "append" or write.writer != "executor" or not path.endswith(".jsonl")


def _odd_writes(writes: Iterable[SurfaceWrite]) -> list[tuple[str, str, str]]:
    return [(write.path, write.writer, write.mode) for write in writes if is_odd(write)]


def _appended(writes: Iterable[SurfaceWrite]) -> dict[str, str]:
    """The text that each log gained. Bytes that are no UTF-8 are shown escaped."""
    grown: dict[str, bytes] = {}
    for write in writes:
        if write.mode == "append":
            grown[write.path] = grown.get(write.path, b"") + write.data
    return {path: data.decode(errors="backslashreplace") for path, data in grown.items()}


def _all(encode: Callable[..., dict[str, Any]], parts: Iterable[Any], *more: int) -> list[dict[str, Any]]:
    return [encode(part, *more) for part in parts]


def told(record: LoopRecord) -> dict[str, Any]:
    """Everything that happened in the loop, by kind; kinds without an entry are left out."""
    output, ts = record.output, record.ts
    parts: dict[str, Any] = {
        "emitted": list(output.signals),
        "executor": _all(_timed, output.events, ts),
        "exits": list(output.exits),
        "faults": _all(_named, record.faults),
        "logs": _appended(record.writes),
        "restarted": record.new_run and record.loop > 1,
        "script": _all(_named, record.events),
        "signals": _all(plain, record.signals),
        "unsynced": not record.synced,
        "venue": _all(_timed, record.venue_events, ts),
        "vetoes": _all(plain, output.vetoes),
        "writes": _odd_writes(record.writes),
    }
    return {kind: part for kind, part in parts.items() if part}


def events_of(record: LoopRecord) -> bytes:
    """`told` as canonical JSON; empty when nothing happened, which is known without building anything."""
    output = record.output
    if (
        record.venue_events
        or output.events
        or record.signals
        or output.signals
        or output.vetoes
        or output.exits
        or record.faults
        or record.events
        or not record.synced
        or (record.new_run and record.loop > 1)
    ):
        found = told(record)
        return encode_sorted(found) if found else b""
    owners = _OWNERS
    for write in record.writes:
        if write.mode != "replace" or owners.get(write.path, "executor") != write.writer:
            found = told(record)
            return encode_sorted(found) if found else b""
    return b""
