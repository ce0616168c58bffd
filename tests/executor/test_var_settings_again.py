"""VaR: settings that are equal are the same settings, whichever object holds them."""

from __future__ import annotations

import pytest

from simkit.core.numeric import PRICE, USD
from simkit.core.settings import VarSettings
from simkit.executor import var
from simkit.scenario.model import PastCloses


def test_equal_settings_forget_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[tuple[int, float]] = []

    class Counted(var.Moments):
        def __init__(self, lookback: int, half_life: float) -> None:
            begun.append((lookback, half_life))
            super().__init__(lookback, half_life)

    monkeypatch.setattr(var, "Moments", Counted)
    closes = tuple((100 + i % 3) * PRICE for i in range(40))
    book = var.ReturnBook(("BTCUSDT",), (PastCloses("BTCUSDT", closes),), VarSettings())
    for settings in (VarSettings(), VarSettings(), VarSettings(lookback=30)):
        book.risk({"BTCUSDT": 100 * USD}, 1_000 * USD, settings)
    assert [lookback for lookback, _ in begun] == [VarSettings().lookback, 30]
