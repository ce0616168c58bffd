"""RV momentum (B-RV-1..4)."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from simkit.core.settings import IntelSettings
from simkit.executor.rv import baskets_of, momentum, smooth
from simkit.executor.state import RvPart

UNIVERSE = ("BTCUSDT", "DOGEUSDT", "ETHUSDT", "LINKUSDT", "LTCUSDT", "SOLUSDT", "SUIUSDT", "WIFUSDT")
L1 = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
ALTS = ("LTCUSDT", "LINKUSDT", "SUIUSDT")
MEME = ("DOGEUSDT", "WIFUSDT")
CONFIG = IntelSettings()


def noise(seed: int, count: int = 48) -> dict[str, list[float]]:
    stream = random.Random(seed)
    return {symbol: [round(stream.gauss(0.0, 0.02), 9) for _ in range(count)] for symbol in UNIVERSE}


def scores(part: RvPart) -> dict[str, float]:
    return {row.symbol: row.score for row in part.rows}


def test_smoothing_starts_at_the_first_return_and_halves_in_24_bars() -> None:
    assert smooth([0.02, 0.02, 0.02], 24.0) == [0.02, 0.02, 0.02]
    assert smooth([1.0] + [0.0] * 24, 24.0)[-1] == pytest.approx(0.5, abs=1e-9)
    assert smooth([], 24.0) == []


@pytest.mark.parametrize(
    ("symbol", "baskets"),
    [
        *((symbol, ("l1",)) for symbol in L1),
        *((symbol, ("alts",)) for symbol in ALTS),
        *((symbol, ("meme",)) for symbol in MEME),
        ("XRPUSDT", ()),
    ],
)
def test_baskets_by_base_asset(symbol: str, baskets: tuple[str, ...]) -> None:
    assert baskets_of(symbol) == baskets


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.integers(0, 10**6))
def test_spreads_raw_and_scores_agree_with_numpy(seed: int) -> None:
    returns = noise(seed)
    part = momentum(UNIVERSE, returns, CONFIG)
    keep = math.exp(-math.log(2.0) / 24.0)
    smoothed = {}
    for symbol, series in returns.items():
        level, out = series[0], []
        for value in series:
            level = (1.0 - keep) * value + keep * level
            out.append(level)
        smoothed[symbol] = np.array(out)

    def basket(names: tuple[str, ...]) -> np.ndarray:
        average: np.ndarray = np.mean([smoothed[s] for s in names], axis=0)
        return average

    rest = tuple(s for s in UNIVERSE if s not in MEME)
    spreads = [
        round(float(np.mean(smoothed["BTCUSDT"] - smoothed["ETHUSDT"])), 4),
        round(float(np.mean(basket(L1) - basket(ALTS))), 4),
        round(float(np.mean(basket(MEME) - basket(rest))), 4),
    ]
    assert [part.btc_vs_eth, part.l1_vs_alt, part.meme_vs_rest] == spreads
    sign = {
        s: (
            {"BTCUSDT": 0.35, "ETHUSDT": -0.35}.get(s, 0.0),
            0.35 if s in L1 else -0.35 if s in ALTS else 0.0,
            0.2 if s in MEME else -0.2,
        )
        for s in UNIVERSE
    }
    raw = np.array([np.dot(sign[s], spreads) + 10.0 * smoothed[s].sum() for s in UNIVERSE]).round(4)
    assert [row.raw for row in part.rows] == raw.tolist()
    z = (raw - raw.mean()) / raw.std()
    assert [row.score for row in part.rows] == np.tanh(z / 2.0).round(4).tolist()


def test_no_data_and_flat_prices_give_zeros() -> None:
    for bars in (0, 48):
        part = momentum(UNIVERSE, {s: [0.0] * bars for s in UNIVERSE}, CONFIG)
        assert (part.btc_vs_eth, part.l1_vs_alt, part.meme_vs_rest) == (0.0, 0.0, 0.0)
        assert set(scores(part).values()) == {0.0}


@pytest.mark.parametrize("mode", ["zscore", "rank"])
def test_equal_raw_scores_are_all_zero(mode: str) -> None:
    returns = {symbol: [0.01] * 48 for symbol in ("XRPUSDT", "ADAUSDT", "BNBUSDT")}
    part = momentum(tuple(returns), returns, IntelSettings(rv_mode=mode))
    assert len({row.raw for row in part.rows}) == 1
    assert set(scores(part).values()) == {0.0}


def test_rank_mode_spreads_evenly_and_a_single_symbol_is_zero() -> None:
    config = IntelSettings(rv_mode="rank")
    returns = {"AUSDT": [0.03] * 5, "BUSDT": [0.01] * 5, "CUSDT": [0.02] * 5}
    assert scores(momentum(tuple(returns), returns, config)) == {"AUSDT": 1.0, "BUSDT": -1.0, "CUSDT": 0.0}
    assert scores(momentum(("AUSDT",), returns, config)) == {"AUSDT": 0.0}


def test_a_member_that_never_moves_is_left_out_and_an_empty_side_is_zero() -> None:
    returns = {s: [0.0] * 10 for s in UNIVERSE} | {"SOLUSDT": [0.01] * 10}
    assert momentum(UNIVERSE, returns, CONFIG).l1_vs_alt == 0.0
    returns["SUIUSDT"] = [0.004] * 10
    assert momentum(UNIVERSE, returns, CONFIG).l1_vs_alt == 0.006


def test_the_pair_counts_a_flat_side_as_zeros() -> None:
    returns = {"BTCUSDT": [0.01] * 10, "ETHUSDT": [0.0] * 10}
    assert momentum(("BTCUSDT", "ETHUSDT"), returns, CONFIG).btc_vs_eth == 0.01
    assert momentum(("BTCUSDT",), returns, CONFIG).btc_vs_eth == 0.01


def test_spreads_use_the_common_tail() -> None:
    returns = {"BTCUSDT": [0.5] * 3 + [0.5] * 5, "ETHUSDT": [0.1] * 5}
    assert momentum(("BTCUSDT", "ETHUSDT"), returns, CONFIG).btc_vs_eth == 0.4


def test_rows_are_the_universe_in_order() -> None:
    part = momentum(tuple(reversed(UNIVERSE)), noise(1), CONFIG)
    assert tuple(row.symbol for row in part.rows) == UNIVERSE
