"""For each rule on logs, caps, the router's window, readers and second runs: just passes, just fails."""

from __future__ import annotations

from typing import Any

import msgspec
from good_tree import (
    ETH,
    Edit,
    World,
    also,
    at,
    drop,
    fill,
    gone,
    l1_of,
    nav_of,
    nothing,
    on,
    order,
    put,
    raw,
    settings,
    truth,
    veto,
)

from simkit.contract.table import ORDERS_LOG, VETO_LOG

S3, S7, S8, S9 = "positions_state", "risk_snapshot", "router_health", "symbol_scores_v6"
ROW = f"{S8}.router_health.per_symbol[BTCUSDT]"
IDLE = put("diagnostics.runtime_diagnostics.liveness.idle_router", True)
CLOSE = truth(fills=(fill("x", change=-0.5, realized=5.0, reduce_only=True, reason="close"),))

LINE = {
    "clientOrderId": "i1", "event_type": "order_close", "fees_total": 0.0, "hostname": "h", "orderId": "v-1", "pid": 1,
    "position_size_after": 0.5, "position_size_before": 1.0, "realizedPnlUsd": 5.0, "symbol": "BTCUSDT", "ts": at(2),
    "ts_close": at(2),
}  # fmt: skip
VETO = {
    "event_type": "risk_veto", "hostname": "h", "original_reason": "max_concurrent", "pid": 1, "qty_req": 1.0,
    "signal_ts": at(2), "strategy": "s", "symbol": "ETHUSDT", "ts": at(2), "veto_reason": "max_concurrent",
    "veto_detail": {"gate": "max_concurrent", "observations": {}, "reasons": [], "thresholds": {}},
}  # fmt: skip


def logged(path: str, line: dict[str, Any], lacking: str = "") -> Edit:
    """A line of a log, without one field."""
    data = msgspec.json.encode({name: value for name, value in line.items() if name != lacking})
    return on(2, lambda it: it.logged.append((path, data + b"\n")))


def series(*points: tuple[str, float]) -> Edit:
    return put("nav_state.series", [{"equity": equity, "t": t} for t, equity in points])


def entry(qty: float, **more: Any) -> Edit:
    """An accepted entry in BTCUSDT."""
    return truth(orders=(order("i3", qty=qty, **more),))


def fails(symbol: int) -> Edit:
    """A score of L1 that does not pass emission."""
    return put(f"{S9}.symbols[{symbol}].hybrid.passes_emission", False, 1)


def today(realised: float) -> Edit:
    """What the mirror says of a day in which BTCUSDT realised 5."""
    return also(
        CLOSE,
        put(f"{S3}.positions[0].realized_pnl", 5.0),
        put("nav_state.realized_pnl_today", realised),
        truth(day=9),
    )


def second_run(change: Edit) -> Edit:
    """The second run wrote the files of L2 with that change."""

    def edit(world: World) -> None:
        other = World()
        change(other)
        docs = other.loops[1].docs
        truth(second_run={stem: msgspec.json.encode(doc) for stem, doc in docs.items()})(world)

    return edit


def reordered(world: World) -> None:
    doc = world.loops[1].docs["nav"]
    world.loops[1].docs["nav"] = dict(reversed(doc.items()))


def plain_loader(stem: str, data: bytes | None) -> object:
    """Knows no wrong type."""
    return msgspec.json.decode(data) if data else {}


CASES: dict[str, tuple[Edit, Edit]] = {
    "INV-N05": (
        also(truth(vetoes=(veto("i3"),)), put("nav.exec_stats.vetoes_24h", 2)),
        truth(vetoes=(veto("i3"),)),
    ),
    "INV-NS10": (
        series((at(1), 1.0), (at(2), nav_of(2))),
        series((at(2), 1.0), (at(2), nav_of(2))),
    ),
    "INV-R20": (
        put(f"{S7}.correlation_groups[L1].gross_nav_pct", l1_of(2) + 0.9e-6),
        put(f"{S7}.correlation_groups[L1].gross_nav_pct", l1_of(2) + 1.1e-6),
    ),
    # 1.5 x 10001 of L1 less the open 201.5 leaves 14800 for it, at a mark of 100.5
    "INV-R22": (entry(147.26368), entry(147.26369)),
    "INV-S07": (also(fails(1), entry(1.0)), also(fails(0), entry(1.0))),
    "INV-H07": (settings(router={"window_s": 60.0}), settings(router={"window_s": 59.999999})),
    "INV-H09": (settings(router={"window_s": 60.0}), settings(router={"window_s": 59.999999})),
    "INV-H11": (also(IDLE, settings(liveness={"router_s": 899.999999})), IDLE),
    "INV-X07": (
        also(CLOSE, put(f"{S3}.positions[0].realized_pnl", 5.0000019)),
        also(CLOSE, put(f"{S3}.positions[0].realized_pnl", 5.0000021)),
    ),
    "INV-X08": (logged(ORDERS_LOG, LINE), logged(ORDERS_LOG, LINE, "realizedPnlUsd")),
    "INV-G14": (raw("kpis_v7", b"[1]"), also(raw("kpis_v7", b"[1]"), truth(loader=plain_loader))),
    "INV-G15": (truth(reread=({"a": b"1"}, {"a": b"1"})), truth(reread=({"a": b"1"}, {"a": b"2"}))),
    "INV-G17": (
        second_run(put("engine_metadata.run_id", "run-2")),
        second_run(put("nav_state.age_s", 0.000001)),
    ),
}

#: Further edges of some rules: rule, whether it passes, the edit.
MORE: list[tuple[str, bool, Edit]] = [
    ("INV-N05", False, truth(signals=("i3",))),
    ("INV-N05", True, also(truth(signals=("i3",), exits=("x",)), put("nav.exec_stats.attempted_24h", 4))),
    ("INV-N05", False, truth(1, vetoes=())),
    ("INV-NS10", True, nothing),
    ("INV-NS10", False, series((at(1), 1.0), (at(2), nav_of(1)))),
    ("INV-NS10", False, put("nav_state.series", [{"equity": nav_of(2), "t": i} for i in range(501)])),
    ("INV-NS10", True, put("nav_state.series", [{"equity": nav_of(2), "t": i} for i in range(500)])),
    ("INV-R20", False, put(f"{S7}.correlation_groups[alts].gross_nav_pct", 0.001)),
    ("INV-R20", True, put(f"{S7}.correlation_groups[mine]", {"gross_nav_pct": 0.7})),
    ("INV-R22", True, entry(200.0, reduce_only=True)),
    ("INV-R22", True, entry(200.0, accepted=False)),
    ("INV-R22", True, also(entry(200.0), put("nav.nav", 20000.0, 1))),
    ("INV-R22", True, also(entry(200.0), settings(limits={"max_gross_nav_pct": 3.0}))),
    ("INV-R22", False, truth(orders=tuple(order("i3", qty=50.0, child=True) for _ in range(3)))),
    ("INV-R22", False, truth(orders=(order("i3", qty=100.0), order("i4", key=ETH, qty=100.0)))),
    (
        "INV-R22",
        True,
        truth(
            orders=(order("x", qty=1.0, reduce_only=True), order("i3", qty=148.0)),
            fills=(fill("x", change=-1.0, reduce_only=True),),
        ),
    ),
    ("INV-R22", False, also(entry(147.2), truth(fills=(fill("resting", change=1.0),)))),
    ("INV-S07", True, also(fails(0), entry(1.0, reduce_only=True))),
    ("INV-S07", True, also(put(f"{S9}.symbols[0].hybrid.passes_emission", False), entry(1.0))),
    ("INV-H07", False, truth(fills=(fill("i3"),))),
    ("INV-H07", True, also(truth(fills=(fill("i3"),)), put(f"{ROW}.event_count", 2))),
    ("INV-H07", False, truth(fills=(fill("i3", ETH, -1.0),))),
    ("INV-H07", False, truth(new_run=True)),
    ("INV-H07", True, also(truth(new_run=True), put(f"{S8}.router_health.per_symbol", {}))),
    ("INV-H09", False, put(f"{ROW}.event_count", 0)),
    ("INV-H09", False, put(f"{S8}.router_health.per_symbol", {})),
    ("INV-H09", True, also(put(f"{ROW}.event_count", 0), *(
        put(place, None) for place in (f"{ROW}.quality_score", f"{S8}.router_health.global.quality_score")
    ))),
    ("INV-H11", True, also(IDLE, put(f"{ROW}.event_count", 0))),
    ("INV-X07", False, truth(fills=(fill("x", change=-0.5, realized=5.0, reduce_only=True),))),
    ("INV-X07", True, put(f"{S3}.positions[0].realized_pnl", None)),
    ("INV-X07", True, today(5.0000019)),
    ("INV-X07", False, today(5.0000021)),
    ("INV-X07", True, also(today(7.0), truth(1, day=9, fills=(fill("y", change=0.0, realized=2.0),)))),
    ("INV-X07", True, also(today(5.0), truth(1, day=8, fills=(fill("y", change=0.0, realized=2.0),)))),
    ("INV-X07", True, also(today(9.0), truth(day=None))),
    ("INV-X07", True, also(today(9.0), put("nav_state.updated_ts", at(1)))),
    (
        "INV-X07",
        True,
        truth(fills=(fill("x", change=-1.0, realized=5.0, reduce_only=True), fill("i3", change=1.0))),
    ),
    ("INV-X08", True, logged(VETO_LOG, VETO)),
    ("INV-X08", False, logged(VETO_LOG, VETO, "veto_detail")),
    ("INV-X08", False, logged(ORDERS_LOG, {**LINE, "event_type": "order_gone"})),
    ("INV-X08", False, on(2, lambda it: it.logged.append((ORDERS_LOG, b'{"event_type":\n')))),
    ("INV-X08", True, on(2, lambda it: it.logged.append(("logs/execution/other.jsonl", b"x\n")))),
    ("INV-G14", True, also(gone("kpis_v7"), raw("nav", b""), raw(S3, b'{"positions":['), raw(S7, b'"x"'))),
    ("INV-G14", False, also(raw("kpis_v7", b"{"), truth(loader=plain_loader))),
    ("INV-G14", False, also(gone("kpis_v7"), truth(loader=lambda stem, data: msgspec.json.decode(data or b"")))),
    ("INV-G14", False, also(gone("kpis_v7"), truth(loader=lambda stem, data: {"made": "up"}))),
    ("INV-G15", False, truth(reread=({"a": b"1"}, {}))),
    ("INV-G15", False, truth(reread=({}, {"a": b"1"}))),
    ("INV-G17", True, second_run(nothing)),
    ("INV-G17", False, second_run(drop("engine_metadata.run_id"))),
    ("INV-G17", False, second_run(put("engine_metadata.run_id", 7))),
    ("INV-G17", False, second_run(reordered)),
    ("INV-G17", False, second_run(gone("kpis_v7"))),
    ("INV-G17", False, also(gone("kpis_v7"), second_run(nothing))),
]  # fmt: skip
