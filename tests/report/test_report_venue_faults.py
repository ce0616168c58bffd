"""How the report tells of a venue that forces, and of faults that are named as what they strike."""

from __future__ import annotations

from simkit.report.events import event_lines

ORDER = {"id": "o", "key": "BTCUSDT:LONG", "reason": "entry", "side": "BUY"}


def test_a_liquidation_is_no_close_by_somebody_else() -> None:
    event = {
        "event": "liquidation",
        "key": "BTCUSDT:LONG",
        "qty": 2.0,
        "price": 80.0,
        "realized": -40.0,
        "fee": 0.2,
    }
    assert event_lines({"venue": [event, event | {"event": "outsideclose"}]}) == [
        "venue    liquidated BTCUSDT:LONG 2 @ 80 (pnl -40 USD)",
        "venue    closed outside BTCUSDT:LONG 2 @ 80 (pnl -40 USD)",
    ]


def test_faults_of_answers_and_fills_are_no_answers_and_fills() -> None:
    fill = {"event": "fill", "order": ORDER, "qty": 1.0, "price": 100.0}
    told = {"faults": [{"event": "ack", "how": "lost"}, {"event": "fill", "how": "late"}], "executor": [fill]}
    assert event_lines(told) == [
        "fault    ack how lost", "fault    fill how late", "order    fill BTCUSDT:LONG buy 1 @ 100 (entry)",
    ]  # fmt: skip
