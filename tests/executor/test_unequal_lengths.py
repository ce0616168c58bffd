"""Factors, VaR, shortfall: columns that do not fit together are an error, never a figure."""

from __future__ import annotations

import pytest

from simkit.core.numeric import PRICE
from simkit.core.settings import IntelSettings, VarSettings
from simkit.executor.factors import RawVector, diagnose
from simkit.executor.shortfall import WorstBars
from simkit.executor.var import ReturnBook
from simkit.market.ticks import Bars, Tick


def test_vectors_of_unequal_length_are_refused() -> None:
    vectors = [
        RawVector("BTCUSDT:LONG", "LONG", "normal", (0.1,) * 6),
        RawVector("ETHUSDT:LONG", "LONG", "normal", (0.2,) * 5),
    ]
    with pytest.raises(ValueError, match="shorter"):
        diagnose(vectors, None, None, IntelSettings())


def test_a_bar_without_a_symbol_of_the_universe_is_refused() -> None:
    book = ReturnBook(("BTCUSDT", "ETHUSDT"), (), VarSettings())
    price = 100 * PRICE
    with pytest.raises(ValueError, match="argument 2"):
        book.add(Bars(1, (Tick("BTCUSDT", price, price, price, price, price),)))


def test_the_reach_of_every_column_is_needed() -> None:
    worst, columns = WorstBars(), [[0.01, -0.02, 0.03, -0.01], [0.02, -0.01, 0.01, -0.03]]
    worst.worst(4, ("A", "B"), columns, [0.5, 0.5], [0.03, 0.03], 4, 1)
    with pytest.raises(ValueError, match="shorter"):
        worst.worst(4, ("A", "B"), columns, [0.5, 0.4], [0.03], 4, 1)
