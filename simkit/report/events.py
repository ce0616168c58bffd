"""What happened in a loop, one line per event.

Comes in: the events of a loop as `trace.events` tells them (published units). Goes out: lines. May import
`core`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simkit.report.words import number, value_text

Told = Mapping[str, Any]


def event_lines(told: Told) -> list[str]:
    """Everything that happened in the loop, causes first; log lines and what the script names twice are
    left out."""
    lines = ["script   the executor is restarted"] if told.get("restarted") else []
    for kind, label, text in _KINDS:
        events = told.get(kind, ())
        filled = [event["order"]["id"] for event in events if _is_of_venue(event, "fill")]
        lines += (f"{label:<8} {text(event)}" for event in events if _is_news(event, filled))
    lines += (
        f"odd      {path} written by {writer} ({mode})" for path, writer, mode in told.get("writes", ())
    )
    if told.get("unsynced"):
        lines.append("sync     sync_state did not run")
    return lines


def _is_news(event: Told, filled: Sequence[str]) -> bool:
    """False for what another line says: a restart without losses, the answer to an order that was filled."""
    if _is_of_venue(event, "ack"):
        return event["status"] != "FILLED" or event["order"]["id"] not in filled
    return event.get("event") != "restart" or bool(event.get("losing"))


def _is_of_venue(event: Told, name: str) -> bool:
    """True for what the venue says of an order; faults of its messages have the same names."""
    return event.get("event") == name and "order" in event


def _venue(event: Told) -> str:
    name, order = event["event"], event.get("order", {})
    late = f", after {number(event['after_s'])} s" if "after_s" in event else ""
    if name == "fill":
        money = "".join(
            f", {word} {number(event[key])} USD"
            for key, word in (("realized", "pnl"), ("fee", "fee"))
            if event.get(key)
        )
        return (
            f"fill {order['key']} {order['side'].lower()} {number(event['qty'])} @ {number(event['price'])} "
            f"({order['reason']}{money}{late})"
        )
    if name == "ack":
        limit = f" @ {number(order['limit'])}" if "limit" in order else ""
        key = order.get("key", f"{order['symbol']}:{order['position_side']}")
        cause = f": {event['cause']}" if event.get("cause") else ""
        size = f"{order['side'].lower()} {number(order['qty'])}{limit}"
        return f"{event['status'].lower()} {key} {size} ({order['reason']}{late}){cause}"
    if name == "funding":
        return f"funding {event['key']} {number(event['amount'])} USD{late}"
    if name in ("outsideclose", "liquidation"):
        what = "closed outside" if name == "outsideclose" else "liquidated"
        pnl = f" (pnl {number(event['realized'])} USD{late})" if event.get("realized") else ""
        return f"{what} {event['key']} {number(event['qty'])} @ {number(event['price'])}{pnl}"
    declared = "" if event.get("declared") else ", undeclared"
    return f"booked {number(event['amount'])} USD ({event['kind'].replace('_', ' ')}{declared}{late})"


def _plain(event: Told) -> str:
    told = (f"{key} {value_text(value)}" for key, value in event.items() if key != "event")
    return " ".join((str(event.get("event", "")), ", ".join(told))).strip()


def _signal(signal: Told) -> str:
    size = f" {number(signal['qty'])}" if "qty" in signal else ""
    size = f" {number(signal['usd'])} USD" if "usd" in signal else size
    more = "".join(f", {word} {number(signal[word])}" for word in ("limit", "tp", "sl") if word in signal)
    return f"{signal['action']} {signal['symbol']}:{signal['side']}{size}{more}"


def _veto(veto: Told) -> str:
    limits = veto.get("thresholds", {})
    seen = ", ".join(
        f"{name} {number(value)}" + (f" (limit {number(limits[name])})" if name in limits else "")
        for name, value in veto.get("observations", {}).items()
    )
    return f"{veto['reason']} {veto['symbol']}:{veto['side']}" + (f": {seen}" if seen else "")


#: Kind of the told events, the word in front of the line, how one of them reads.
_KINDS: tuple[tuple[str, str, Callable[[Told], str]], ...] = (
    ("script", "script", _plain),
    ("faults", "fault", _plain),
    ("venue", "venue", _venue),
    ("signals", "signal", _signal),
    ("vetoes", "veto", _veto),
    ("executor", "order", _venue),
)
