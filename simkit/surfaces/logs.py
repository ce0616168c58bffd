"""Lines of the two execution logs: AUX-12 orders_executed.jsonl and AUX-13 risk_vetoes.jsonl.

Comes in: venue events and vetoes of one loop. Goes out: bytes, one line each, or none.
May import `core`, `contract`, `exchange.orders` and `executor.port`.

Line times (`ts`) are the loop's, event times (`ts_ack`, `ts_fill_*`, `ts_close`) the venue's. An `order_ack`
is an answer of the venue or a later change of an order's state; `order_close` follows each fill that reduces. Its
fees are its own and, by the closed share, those of opening what it closes (B-POS-5): all closes of a position
together bear all its fees. Events are typed, so that none lacks a required field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from simkit.contract.shapes import auxiliary
from simkit.core.canon import encode
from simkit.core.numeric import PRICE, QTY, USD
from simkit.exchange.orders import Ack, Fill, VenueEvent
from simkit.executor.port import Veto
from simkit.surfaces.stamp import HOSTNAME, PID, stamp

FEE_ASSET = "USDT"


def order_lines(events: Sequence[VenueEvent], ts: int) -> bytes:
    """The acknowledgements, fills and closes among `events`, in their order."""
    now = stamp(ts)
    statuses = {event.order.id: event.status for event in events if isinstance(event, Ack)}
    lines: list[auxiliary.OrderAck | auxiliary.OrderFill | auxiliary.OrderClose] = []
    for event in events:
        if isinstance(event, Ack):
            lines.append(_ack(event, now))
        elif isinstance(event, Fill):
            complete = "FILLED" if event.qty == event.order.qty else "PARTIALLY_FILLED"
            lines.append(_fill(event, now, statuses.get(event.order.id, complete)))
            if abs(event.position_after) < abs(event.position_before):
                lines.append(_close(event, now))
    return _joined(lines)


def veto_lines(vetoes: Sequence[Veto], ts: int) -> bytes:
    """One line per veto; `veto_reason` is the counted name, `original_reason` the gate's (B-VETO-3)."""
    now = stamp(ts)
    return _joined([_veto(veto, now) for veto in vetoes])


def _joined(lines: Iterable[object]) -> bytes:
    return b"".join([encode(line) + b"\n" for line in lines])


def _ack(event: Ack, now: str) -> auxiliary.OrderAck:
    order = event.order
    return auxiliary.OrderAck(
        client_order_id=order.id,
        hostname=HOSTNAME,
        intent_id=order.intent_id,
        order_id=event.venue_id,
        order_type="MARKET" if order.limit is None else "LIMIT",
        pid=PID,
        position_side=order.position_side,
        reduce_only=order.reduce_only,
        request_qty=order.qty / QTY,
        side=order.side,
        status=event.status,
        symbol=order.symbol,
        ts=now,
        ts_ack=stamp(event.ts),
    )


def _fill(event: Fill, now: str, status: str) -> auxiliary.OrderFill:
    order, at = event.order, stamp(event.ts)
    return auxiliary.OrderFill(
        avg_price=event.price / PRICE,
        client_order_id=order.id,
        executed_qty=event.qty / QTY,
        fee_asset=FEE_ASSET,
        fee_total=event.fee / USD,
        hostname=HOSTNAME,
        intent_id=order.intent_id,
        order_id=event.venue_id,
        pid=PID,
        position_side=order.position_side,
        reason=order.reason,
        side=order.side,
        status=status,
        symbol=order.symbol,
        trade_ids=[event.trade_id],
        ts=now,
        ts_fill_first=at,
        ts_fill_last=at,
    )


def _close(event: Fill, now: str) -> auxiliary.OrderClose:
    order = event.order
    return auxiliary.OrderClose(
        client_order_id=order.id,
        fees_total=(event.fee + event.lot_fees) / USD,
        hostname=HOSTNAME,
        order_id=event.venue_id,
        pid=PID,
        position_side=order.position_side,
        position_size_after=event.position_after / QTY,
        position_size_before=event.position_before / QTY,
        realized_pnl_usd=event.realized / USD,
        symbol=order.symbol,
        ts=now,
        ts_close=stamp(event.ts),
    )


def _veto(veto: Veto, now: str) -> auxiliary.RiskVeto:
    return auxiliary.RiskVeto(
        hostname=HOSTNAME,
        intent_id=veto.intent_id,
        original_reason=veto.gate,
        pid=PID,
        qty_req=veto.qty / QTY,
        signal_ts=now,
        strategy=veto.strategy or "scripted",
        symbol=veto.symbol,
        ts=now,
        veto_detail=auxiliary.VetoDetail(
            gate=veto.gate,
            observations=_numbers(veto.observations),
            reasons=list(veto.reasons),
            thresholds=_numbers(veto.thresholds),
        ),
        veto_reason=veto.reason,
    )


def _numbers(values: Mapping[str, float]) -> dict[str, float]:
    return {name: float(values[name]) for name in sorted(values)}
