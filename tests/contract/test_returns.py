"""VaR and CVaR as the rule INV-K04 reckons them, against NumPy by the textbook: covariance matrix and sorted tail."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from good_tree import PAST, World, drop, gone, put

import simkit.contract.rules  # noqa: F401
from simkit.contract.finding import RULES
from simkit.contract.returns import Returns
from simkit.core.settings import VarSettings

SYMBOLS = ("AUSDT", "BUSDT", "CUSDT")


def by_numpy(
    closes: dict[str, list[float]], shares: dict[str, float], settings: VarSettings
) -> tuple[float, float]:
    size = min(len(closes[symbol]) - 1 for symbol in shares)
    all_returns = np.array([np.diff(np.log(closes[symbol]))[-size:] for symbol in shares])
    returns = all_returns[:, -settings.lookback :]
    weights = 0.5 ** (np.arange(returns.shape[1] - 1, -1, -1) / settings.half_life)
    weights /= weights.sum()
    moved = returns - (returns @ weights)[:, None]
    covariance, held = (moved * weights) @ moved.T, np.array(list(shares.values()))
    book = np.sort(held @ all_returns[:, -settings.cvar_lookback :])
    tail = max(1, math.floor(len(book) * round(1 - settings.cvar_confidence, 9)))
    return float(settings.z * np.sqrt(held @ covariance @ held)), float(max(0, -book[:tail].mean()))


@pytest.mark.parametrize("bars", [21, 399, 400, 401, 700, 2500])
@pytest.mark.parametrize("held", [1, 2, 3])
def test_the_figures_are_those_of_the_textbook(bars: int, held: int) -> None:
    draw, settings = random.Random(bars * 10 + held), VarSettings()
    closes = {symbol: [100.0] for symbol in SYMBOLS}
    for listed in closes.values():
        for _ in range(bars):
            listed.append(listed[-1] * math.exp(draw.gauss(0, 0.02)))
    shares = {symbol: draw.uniform(-1, 1) for symbol in SYMBOLS[:held]}
    returns = Returns(settings)
    returns.add({symbol: listed[:10] for symbol, listed in closes.items()})
    for bar in range(10, bars + 1):
        returns.add({symbol: (listed[bar],) for symbol, listed in closes.items()})
    assert returns.risk(shares, settings) == pytest.approx(by_numpy(closes, shares, settings), abs=1e-12)


@pytest.mark.parametrize("window", [30, 90])
def test_the_figures_of_every_loop_of_a_moving_book(window: int) -> None:
    """Shares drift and leap, symbols come, go and change sides; crashes enter the window and leave it."""
    draw = random.Random(window)
    settings = VarSettings(lookback=window + 7, cvar_lookback=window, half_life=20.0)
    closes: dict[str, list[float]] = {symbol: [100.0] for symbol in SYMBOLS}
    returns, shares = Returns(settings), dict.fromkeys(SYMBOLS, 0.3)
    for loop in range(400):
        for listed in closes.values():
            listed.append(listed[-1] * math.exp(draw.gauss(0, 0.02) - 0.2 * (draw.random() < 0.02)))
        returns.add({s: listed if not loop else listed[-1:] for s, listed in closes.items()})
        for symbol in shares:
            shares[symbol] *= draw.uniform(0.98, 1.02) if loop % 37 else -3 * draw.random()
        held = {s: share for s, share in shares.items() if loop % 90 < 60 or s != "BUSDT"}
        for _ in range(1 + loop % 2):
            assert returns.risk(held, settings) == pytest.approx(by_numpy(closes, held, settings), abs=1e-9)


def test_a_younger_symbol_cuts_the_others_to_the_common_tail() -> None:
    settings, returns = VarSettings(), Returns(VarSettings())
    closes = {"AUSDT": [100.0 + n % 7 for n in range(60)], "BUSDT": [50.0 + n % 5 for n in range(31)]}
    returns.add(closes)
    shares = {"AUSDT": 0.5, "BUSDT": -0.25}
    assert (returns.count("AUSDT"), returns.count("BUSDT"), returns.count("CUSDT")) == (59, 30, 0)
    assert returns.risk(shares, settings) == pytest.approx(by_numpy(closes, shares, settings), abs=1e-12)


def test_memory_is_flat() -> None:
    settings = VarSettings(lookback=30, cvar_lookback=30)
    returns = Returns(settings)
    for number in range(5000):
        returns.add({"AUSDT": (100.0 + number % 3,)})
    assert len(returns.columns["AUSDT"]) <= 2 * returns.keep == 1000


def test_a_loop_that_lacks_a_symbol_or_brings_two_closes_is_no_step() -> None:
    settings, draw = VarSettings(lookback=40, cvar_lookback=40), random.Random(2)
    returns, shares = Returns(settings), {"AUSDT": 0.4, "BUSDT": -0.2}
    closes: dict[str, list[float]] = {"AUSDT": [100.0], "BUSDT": [50.0]}
    returns.add(closes)
    for loop in range(1, 150):
        new = {symbol: [draw.uniform(90, 110) for _ in range(1 + (loop % 31 == 0))] for symbol in closes}
        if loop % 23 == 0:
            del new["BUSDT"]
        for symbol, listed in new.items():
            closes[symbol] += listed
        returns.add(new)
        assert returns.risk(shares, settings) == pytest.approx(by_numpy(closes, shares, settings), abs=1e-9)


def test_a_pause_in_which_nobody_asks_is_no_gap() -> None:
    settings, draw = VarSettings(lookback=40, cvar_lookback=40), random.Random(1)
    returns = Returns(settings)
    closes = {symbol: [100.0] for symbol in SYMBOLS}
    for loop in range(120):
        for listed in closes.values():
            listed.append(listed[-1] * math.exp(draw.gauss(0, 0.02)))
        returns.add({s: listed if not loop else listed[-1:] for s, listed in closes.items()})
        if loop < 60 or loop > 70:
            shares = {"AUSDT": 0.4, "BUSDT": -0.2}
            assert returns.risk(shares, settings) == pytest.approx(
                by_numpy(closes, shares, settings), abs=1e-11
            )


def test_a_loop_without_kpis_counts_for_the_returns() -> None:
    """The rule remembers the closes of a loop in which it cannot look."""
    world = World()
    gone("kpis_v7", 1)(world)
    (_, first), (_, second) = world.judged([RULES["INV-K04"]])
    assert first.not_evaluated == (("INV-K04", "kpis_v7 is absent"),)
    assert (second.findings, second.not_evaluated) == ((), ())
    put("kpis_v7.portfolio.cvar_nav_pct", 0.021)(world)
    assert world.judged([RULES["INV-K04"]])[1][1].findings


def test_figures_of_another_loop_are_not_reckoned() -> None:
    world = World()
    put("kpis_v7.portfolio.cvar_nav_pct", 0.5)(world)
    assert world.verdict("INV-K04").findings
    for name in ("updated_ts", "updated_at"):
        put(f"kpis_v7.{name}", "2025-01-06T00:00:00.000000Z")(world)
    assert world.verdict("INV-K04").findings == ()


def test_a_hedged_book_has_no_risk() -> None:
    world = World()
    row = {"symbol": "BTCUSDT", "side": "SHORT", "qty": -1.0, "notional": 100.5}
    put("positions_state.positions[1].symbol", row["symbol"])(world)
    put("positions_state.positions[1].qty", row["qty"])(world)
    put("positions_state.positions[1].notional", row["notional"])(world)
    for name in ("var_nav_pct", "cvar_nav_pct"):
        put(f"kpis_v7.portfolio.{name}", 0.0)(world)
    put("risk_snapshot.var.portfolio_var_nav_pct", 0.0)(world)
    assert world.verdict("INV-K04").findings == ()
    drop("positions_state.positions[1]")(world)
    assert world.verdict("INV-K04").findings


def test_the_past_of_the_good_tree_is_long_enough() -> None:
    assert {len(closes) for closes in PAST.values()} == {53}
