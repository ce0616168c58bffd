"""The desk: what the spread of one symbol holds up, it holds up for this symbol only (B-RTR-9)."""

from __future__ import annotations

import pytest
from exec_drive import WIDE, entry, run, scenario, settings

from simkit.core.numeric import QTY
from simkit.exchange.venue import Venue


def test_a_slice_that_is_skipped_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    opened_at: list[int] = []

    def spread_bps(venue: Venue, symbol: str) -> float:
        opened_at.append(venue._books.ts)
        return 50.0 if symbol == "BTCUSDT" and venue._books.ts > opened_at[0] else 0.0

    monkeypatch.setattr(Venue, "spread_bps", spread_bps)
    signals = [
        entry(1, f"{symbol}:LONG", money=1_000, twap=True, name=symbol, levels="none")
        for symbol in ("BTCUSDT", "DOGEUSDT")
    ]
    done = run(
        scenario(5, {"BTCUSDT": 1, "DOGEUSDT": 1}, signals=signals, period_s=10, use=settings(limits=WIDE))
    )
    assert {row.symbol: row.qty // QTY for row in done.state(5).positions} == {
        "BTCUSDT": 250,
        "DOGEUSDT": 1000,
    }
