"""What the history tells of a loop's events: published units, relative times, nothing that is empty."""

from __future__ import annotations

import msgspec
import pytest
from trace_records import KPIS, NAV, moment, record, written

from simkit.core.canon import decode, encode_sorted
from simkit.core.numeric import PRICE, QTY, USD
from simkit.exchange.orders import Ack, Booking, Fill, Funding, Order
from simkit.executor.port import Veto
from simkit.scenario.model import Crash, Loops, Restart, Signal, SyncDown, WrongBalance
from simkit.trace.events import events_of, plain, told

ORDER = Order("o-1", "i-1", "BTCUSDT", "BUY", "LONG", QTY // 2, False, "entry")
ACK = Ack(1, moment(1), ORDER, "v-1", "FILLED", QTY // 2)
FILL = Fill(
    2,
    moment(1),
    "t-1",
    "v-1",
    ORDER,
    60_000 * PRICE,
    QTY // 2,
    12 * USD,
    0,
    0,
    QTY // 2,
    60_000 * PRICE,
    moment(1),
)


def test_a_quiet_loop_has_no_events() -> None:
    assert events_of(record(1, {}, writes=[written(NAV)], new_run=True)) == b""


def test_an_order_and_its_fill_are_told_in_published_units() -> None:
    found = decode(events_of(record(1, {}, answers=(ACK, FILL), emitted=("i-1",))))
    ack, fill = found["executor"]
    assert found["emitted"] == ["i-1"]
    assert ack == {
        "event": "ack",
        "status": "FILLED",
        "venue_id": "v-1",
        "filled_qty": 0.5,
        "order": {
            "id": "o-1", "intent_id": "i-1", "symbol": "BTCUSDT", "side": "BUY", "position_side": "LONG",
            "qty": 0.5, "reason": "entry",
        },
    }  # fmt: skip
    assert (fill["price"], fill["qty"], fill["fee"], fill["realized"]) == (60000.0, 0.5, 12.0, 0.0)
    assert fill["order"] == {"id": "o-1", "key": "BTCUSDT:LONG", "reason": "entry", "side": "BUY"}
    assert "after_s" not in fill
    assert "latency_s" not in fill


def test_times_are_told_relative_to_the_loop() -> None:
    late = msgspec.structs.replace(FILL, ts=moment(1) + 250_000)
    (fill,) = told(record(1, {}, venue=(late,)))["venue"]
    assert fill["after_s"] == 0.25
    assert fill["latency_s"] == 0.25


def test_the_same_events_in_another_place_of_the_run_are_told_the_same() -> None:
    moved = (
        msgspec.structs.replace(ACK, seq=70, ts=moment(9)),
        msgspec.structs.replace(FILL, seq=71, ts=moment(9), sent_ts=moment(9)),
    )
    assert events_of(record(9, {}, answers=moved)) == events_of(record(1, {}, answers=(ACK, FILL)))


def test_money_at_the_venue_is_told_in_usd() -> None:
    events = (
        Funding(1, moment(1), "BTCUSDT:LONG", -3 * USD),
        Booking(2, moment(1), "deposit", 5 * USD, False),
    )
    assert told(record(1, {}, venue=events))["venue"] == [
        {"event": "funding", "key": "BTCUSDT:LONG", "amount": -3.0},
        {"event": "booking", "kind": "deposit", "amount": 5.0},
    ]


def test_signals_vetoes_faults_and_the_script_are_told() -> None:
    veto = Veto("i-1", "BTCUSDT", "BUY", QTY, "cap", "symbol_cap", ("a",), {"limit": 0.1}, {"value": 0.2})
    signal = Signal(1, "i-1", "open", "BTCUSDT", "LONG", qty=QTY, sl=50 * PRICE)
    found = told(
        record(
            3,
            {},
            signals=(signal,),
            vetoes=(veto,),
            faults=(WrongBalance(Loops(3, 5), 10 * USD), SyncDown(Loops(3, 3))),
            events=(Restart(3, ("registry",)),),
            exits=("i-0",),
            new_run=True,
            synced=False,
        )
    )
    assert found["signals"] == [
        {
            "intent_id": "i-1", "action": "open", "symbol": "BTCUSDT", "side": "LONG", "qty": 1.0, "sl": 50.0,
        }
    ]  # fmt: skip
    assert found["vetoes"][0]["thresholds"] == {"limit": 0.1}
    assert found["faults"] == [{"event": "wrong_balance", "equity": 10.0}, {"event": "sync_down"}]
    assert found["script"] == [{"event": "restart", "losing": ("registry",)}]
    assert found["exits"] == ["i-0"]
    assert found["restarted"] is True
    assert found["unsynced"] is True


def test_a_new_run_is_told_from_the_second_loop_on() -> None:
    assert events_of(record(1, {}, new_run=True)) == b""
    assert decode(events_of(record(2, {}, new_run=True))) == {"restarted": True}


@pytest.mark.parametrize(
    ("path", "writer", "mode", "odd"),
    [
        (NAV, "executor", "replace", False),
        (NAV, "sync_state", "replace", True),
        (NAV, "executor", "direct", True),
        (NAV, "executor", "append", True),
        ("logs/state/nav_state.json", "sync_state", "replace", False),
        ("logs/state/nav_state.json", "executor", "replace", True),
        ("logs/state/position_tp_sl.json", "executor", "replace", False),
        ("logs/state/position_tp_sl.json", "sync_state", "replace", True),
        ("v7_manifest.json", "humans", "replace", False),
        ("logs/execution/orders_executed.jsonl", "executor", "append", False),
        ("logs/execution/orders_executed.jsonl", "sync_state", "append", True),
    ],
)
def test_a_write_that_is_not_its_owners_replace_is_told(path: str, writer: str, mode: str, odd: bool) -> None:
    found = events_of(record(2, {}, writes=[written(KPIS), written(path, b"{}\n", writer, mode)]))
    writes = decode(found).get("writes", []) if found else []
    assert writes == ([[path, writer, mode]] if odd else [])


def test_log_lines_are_told_as_they_were_appended() -> None:
    path = "logs/execution/orders_executed.jsonl"
    lines = [written(path, b'{"a": 1}\n', mode="append"), written(path, b'{"b":"\xff"}\n', mode="append")]
    assert decode(events_of(record(1, {}, writes=lines)))["logs"] == {path: '{"a": 1}\n{"b":"\\xff"}\n'}


def test_events_are_canonical_json() -> None:
    found = events_of(record(1, {}, answers=(ACK, FILL), emitted=("é",)))
    assert encode_sorted(decode(found)) == found


def test_what_a_scenario_leaves_at_its_default_is_left_out() -> None:
    """A later key with a default changes no history."""
    said = Signal(2, "i-1", "open", "BTCUSDT", "LONG", qty=QTY, levels="none", leverage=2.0)
    assert plain(said) == {
        "intent_id": "i-1", "action": "open", "symbol": "BTCUSDT", "side": "LONG", "qty": 1.0, "levels": "none",
        "leverage": 2.0,
    }  # fmt: skip
    assert plain(Crash(Loops(3, 3), "nav")) == {"stem": "nav"}
    assert plain(Crash(Loops(3, 3), "nav", "after")) == {"stem": "nav", "when": "after"}
