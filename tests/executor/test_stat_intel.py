"""The intel run: real factor inputs (D-24), the attribution window, agreement between S8, S9, S10 and S11."""

from __future__ import annotations

import math
import random

import pytest

from simkit.core.clock import DAY_US
from simkit.core.numeric import PRICE, QTY, USD
from simkit.core.settings import IntelSettings, Settings, VarSettings
from simkit.executor.intel import Conditions, Intel, SymbolView, trend, vol_regime
from simkit.executor.router import RouterStats
from simkit.executor.state import FactorPart, RouterPart
from simkit.executor.var import ReturnBook
from simkit.market.ticks import Bars, Tick
from simkit.scenario.model import PastCloses

UNIVERSE = ("BTCUSDT", "DOGEUSDT", "ETHUSDT", "LINKUSDT", "LTCUSDT", "SOLUSDT", "SUIUSDT", "WIFUSDT")
SETTINGS = Settings()
QUIET = RouterStats(SETTINGS.router).snapshot(0)


def market(seed: int = 1, bars: int = 120, universe: tuple[str, ...] = UNIVERSE) -> ReturnBook:
    stream = random.Random(seed)
    past = []
    for symbol in universe:
        level, closes = 100.0, []
        for _ in range(bars):
            level *= math.exp(stream.gauss(0.0, 0.01))
            closes.append(round(level * PRICE))
        past.append(PastCloses(symbol, tuple(closes)))
    return ReturnBook(universe, past, VarSettings())


def routed() -> RouterPart:
    router = RouterStats(SETTINGS.router)
    for i, symbol in enumerate(UNIVERSE[:5]):
        router.fill(symbol, 0, i * 100_000, 100 * PRICE, 100 * PRICE + i * PRICE // 100, QTY, QTY, False)
    return router.snapshot(1_000_000)


def values(part: FactorPart, factor: str) -> dict[str, float]:
    at = part.factors.index(factor)
    return {vector.key: vector.raw[at] for vector in part.vectors}


def test_raw_inputs_are_those_of_the_other_surfaces() -> None:
    """INV-F13, INV-S04."""
    intel = Intel(UNIVERSE, SETTINGS, None)
    intel.closed(0, "BTCUSDT", "LONG", 30 * USD, 0)
    intel.closed(0, "BTCUSDT", "LONG", -10 * USD, 0)
    router, book = routed(), market()
    part = intel.run(1_000_000, router, book, ())
    quality = {row.symbol: row.score for row in router.rows}
    rv = {row.symbol: row.score for row in part.rv.rows}
    factors = part.factors
    assert values(factors, "router_quality") == {f"{s}:LONG": quality.get(s, 0.5) for s in UNIVERSE}
    assert values(factors, "rv_momentum") == {f"{s}:LONG": rv[s] for s in UNIVERSE}
    assert values(factors, "expectancy") == {f"{s}:LONG": 10.0 if s == "BTCUSDT" else 0.0 for s in UNIVERSE}
    assert values(factors, "trend") == {f"{s}:LONG": trend(book.closes(s, 20)) for s in UNIVERSE}
    assert set(values(factors, "carry").values()) == {0.0}
    assert {row.symbol: row.router for row in part.scores} == {s: quality.get(s, 0.5) for s in UNIVERSE}
    btc = next(row for row in part.scores if row.symbol == "BTCUSDT")
    assert btc.raw_expectancy == 10.0
    assert btc.expectancy == round(0.7 * (0.5 + 0.5 * math.tanh(1.0)) + 0.3 * 0.5, 9)


def test_inc68_inputs_are_no_constants() -> None:
    intel = Intel(UNIVERSE, SETTINGS, None)
    for i, symbol in enumerate(UNIVERSE):
        intel.closed(0, symbol, "LONG", i * USD, 0)
    factors = intel.run(1_000_000, routed(), market(), ()).factors
    for name in ("trend", "rv_momentum", "router_quality", "expectancy"):
        assert len(set(values(factors, name).values())) > 2


def test_an_open_short_adds_a_vector_with_the_signs_turned() -> None:
    part = Intel(UNIVERSE, SETTINGS, None).run(0, routed(), market(), ("BTCUSDT:SHORT", "ETHUSDT:LONG"))
    keys = [vector.key for vector in part.factors.vectors]
    assert keys == sorted([f"{s}:LONG" for s in UNIVERSE] + ["BTCUSDT:SHORT"])
    for name, sign in (("trend", -1), ("rv_momentum", -1), ("router_quality", 1), ("vol_regime", 1)):
        column = values(part.factors, name)
        assert column["BTCUSDT:SHORT"] == sign * column["BTCUSDT:LONG"]


def test_a_factor_that_nobody_feeds_is_zero() -> None:
    config = Settings(intel=IntelSettings(factors=("trend", "sentiment", "carry", "rv_momentum")))
    part = Intel(UNIVERSE, config, None).run(0, QUIET, market(), ())
    assert set(values(part.factors, "sentiment").values()) == {0.0}


def test_trend_is_the_last_close_over_the_mean() -> None:
    assert trend([100, 110, 120]) == round(120 / 110 - 1.0, 9)
    assert (trend([100]), trend([])) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("ratio", "regime"),
    [(0.69, "low"), (0.71, "normal"), (1.49, "normal"), (1.51, "high"), (2.49, "high"), (2.51, "crisis")],
)
def test_regime_edges(ratio: float, regime: str) -> None:
    """Old moves of 1, the last ten of x: std ratio x / sqrt(.9 + .1 x^2), solved for x."""
    x = math.sqrt(0.9 * ratio**2 / (1.0 - 0.1 * ratio**2))
    assert vol_regime([0.01, -0.01] * 45 + [0.01 * x, -0.01 * x] * 5) == regime


def test_regime_is_normal_without_enough_returns_or_movement() -> None:
    wild = [0.0001, -0.0001] * 5 + [0.1, -0.1] * 5
    assert vol_regime(wild[1:]) == "normal"
    assert vol_regime([*wild[:9], *[0.0001] * 50, *wild[-10:]]) == "crisis"
    assert vol_regime([0.0] * 100) == "normal"


def test_the_regime_names_the_vector_and_gives_its_value() -> None:
    past = [round(PRICE * 100 * (1.0 + 0.0001 * (i % 2))) for i in range(90)]
    past += [round(PRICE * 100 * (1.0 + 0.1 * (i % 2))) for i in range(10)]
    book = ReturnBook(("BTCUSDT",), [PastCloses("BTCUSDT", tuple(past))], VarSettings())
    (vector,) = Intel(("BTCUSDT",), SETTINGS, None).run(0, QUIET, book, ()).factors.vectors
    assert (vector.regime, vector.raw[5]) == ("crisis", -0.75)


def test_inc57_closes_are_attributed_and_the_ratio_comes_from_pnl() -> None:
    intel, book = Intel(UNIVERSE, SETTINGS, None), market()
    assert intel.run(0, QUIET, book, ()).factors.ir_source == "vectors"
    intel.closed(120_000_000, "BTCUSDT", "LONG", 30 * USD, 0)
    intel.closed(240_000_000, "SOLUSDT", "LONG", -10 * USD, 0)
    part = intel.run(600_000_000, QUIET, book, ()).factors
    assert sum(part.pnl_by_factor) == 20 * USD
    assert (part.has_pnl, part.ir_source) == (True, "pnl")
    assert part.pnl_by_factor[1] == 0


def test_shares_follow_the_vector_of_the_last_run() -> None:
    intel, book = Intel(UNIVERSE, SETTINGS, None), market()
    first = intel.run(0, routed(), book, ()).factors
    sizes = [abs(z) for z in next(v for v in first.vectors if v.key == "ETHUSDT:LONG").normalized]
    intel.closed(1, "ETHUSDT", "SHORT", 50 * USD, 0)
    part = intel.run(2, routed(), book, ()).factors
    expected = [50 * USD * size / math.fsum(sizes) for size in sizes]
    assert part.pnl_by_factor == pytest.approx(expected, abs=3)


def test_closes_before_any_run_are_shared_equally() -> None:
    intel = Intel(UNIVERSE, SETTINGS, None)
    intel.closed(0, "BTCUSDT", "LONG", 6 * USD, 0)
    assert intel.run(0, QUIET, market(), ()).factors.pnl_by_factor == (USD,) * 6


@pytest.mark.parametrize(("age", "inside"), [(14 * DAY_US, True), (14 * DAY_US + 1, False)])
def test_the_attribution_window_is_fourteen_days(age: int, inside: bool) -> None:
    intel = Intel(UNIVERSE, SETTINGS, None)
    intel.closed(5, "BTCUSDT", "LONG", 6 * USD, USD)
    part = intel.run(5 + age, QUIET, market(), ())
    assert part.factors.has_pnl is inside
    row = next(row for row in part.scores if row.symbol == "BTCUSDT")
    assert row.raw_expectancy == (6.0 if inside else None)
    assert (row.fee_drag_penalty > 0.0) is inside


def test_what_left_the_window_leaves_no_trace() -> None:
    used, fresh, book = Intel(UNIVERSE, SETTINGS, None), Intel(UNIVERSE, SETTINGS, None), market()
    for loop in range(50):
        used.closed(loop, UNIVERSE[loop % 8], "LONG", loop * 333_333, 7)
    assert used.run(15 * DAY_US, QUIET, book, ()) == fresh.run(15 * DAY_US, QUIET, book, ())


def test_weights_are_smoothed_from_run_to_run_and_over_a_restart() -> None:
    intel = Intel(UNIVERSE, SETTINGS, None)
    first = intel.run(0, QUIET, market(1), ()).factors.weights
    second = intel.run(1, QUIET, market(2), ()).factors.weights
    restarted = Intel(UNIVERSE, SETTINGS, dict(zip(SETTINGS.intel.factors, first, strict=True)))
    assert restarted.run(1, QUIET, market(2), ()).factors.weights == second
    assert max(abs(a - b) for a, b in zip(first, second, strict=True)) <= 0.2 * 0.35 + 1e-8
    assert Intel(UNIVERSE, SETTINGS, None).run(1, QUIET, market(2), ()).factors.weights != second


def test_other_factors_share_out_the_window_anew() -> None:
    intel = Intel(UNIVERSE, SETTINGS, None)
    intel.closed(0, "BTCUSDT", "LONG", 7 * USD, 0)
    intel.use(Settings(intel=IntelSettings(factors=("trend", "carry", "rv_momentum"))))
    assert sum(intel.run(0, QUIET, market(), ()).factors.pnl_by_factor) == 7 * USD
    intel.use(SETTINGS)
    assert sum(intel.run(0, QUIET, market(), ()).factors.pnl_by_factor) == 7 * USD


def test_scores_and_momentum_cover_the_universe() -> None:
    part = Intel(UNIVERSE, SETTINGS, None).run(0, routed(), market(), ())
    assert sorted(row.symbol for row in part.scores) == list(UNIVERSE)
    assert [row.symbol for row in part.rv.rows] == list(UNIVERSE)
    keys = [(-row.score, row.symbol) for row in part.scores]
    assert keys == sorted(keys)


def test_inc58_one_symbol_then_eight() -> None:
    thin = Intel(("BTCUSDT",), SETTINGS, None).run(0, QUIET, market(universe=("BTCUSDT",)), ())
    assert thin.factors.degenerate == SETTINGS.intel.factors
    assert [row.score for row in thin.rv.rows] == [0.0]
    assert len(Intel(UNIVERSE, SETTINGS, None).run(0, QUIET, market(), ()).factors.vectors) == 8


def test_a_long_rv_window_is_remembered() -> None:
    config = Settings(intel=IntelSettings(rv_bars=700))
    book = market(bars=2, universe=("BTCUSDT",))
    Intel(("BTCUSDT",), config, None).run(0, QUIET, book, ())
    for loop in range(1010):
        close = PRICE * (100 + loop % 3)
        book.add(Bars(loop, (Tick("BTCUSDT", close, close, close, close, close),)))
    assert len(book.returns("BTCUSDT", 700)) == 700


# What a run further knows (B-HYB-1, B-FAC-1) ---------------------------------------------------------------


def test_costs_and_the_volatility_target_enter_the_score() -> None:
    known = Conditions(slip_p50_bps={"BTCUSDT": 2.0}, scale={"BTCUSDT": 0.8})
    rows = {
        row.symbol: row for row in Intel(UNIVERSE, SETTINGS, None).run(0, QUIET, market(), (), known).scores
    }
    btc = rows["BTCUSDT"]
    assert (btc.slippage_penalty, btc.volatility_penalty, btc.score) == (0.1, 0.2, 0.29)
    assert rows["ETHUSDT"].score == 0.45


def test_maker_and_fallback_move_the_component_and_not_the_published_quality() -> None:
    """INV-S04 and INV-F13 compare the quality with S8, which has none here."""
    known = Conditions(maker_less_fallback={"BTCUSDT": -1.0})
    part = Intel(UNIVERSE, SETTINGS, None).run(0, QUIET, market(), (), known)
    btc = next(row for row in part.scores if row.symbol == "BTCUSDT")
    assert (btc.router, btc.router_quality) == (round(0.5 + 0.5 * math.tanh(-1.0), 9), 0.5)
    assert set(values(part.factors, "router_quality").values()) == {0.5}


def test_carry_is_what_each_side_receives() -> None:
    known = Conditions(funding={"BTCUSDT": 0.0001, "ETHUSDT": -0.0002})
    part = Intel(UNIVERSE, SETTINGS, None).run(0, QUIET, market(), ("BTCUSDT:SHORT",), known)
    carry = values(part.factors, "carry")
    assert (carry["BTCUSDT:LONG"], carry["BTCUSDT:SHORT"], carry["ETHUSDT:LONG"]) == (-0.0001, 0.0001, 0.0002)
    assert carry["SOLUSDT:LONG"] == 0.0


def test_failing_symbols_and_views_are_those_of_the_last_run() -> None:
    intel = Intel(UNIVERSE, SETTINGS, None, ["WIFUSDT"])
    assert (intel.failing, intel.view("BTCUSDT")) == (frozenset({"WIFUSDT"}), SymbolView())
    intel.closed(0, "BTCUSDT", "LONG", -50 * USD, 0)
    part = intel.run(1, QUIET, market(), ())
    assert intel.failing == frozenset({"BTCUSDT"})
    rv = {row.symbol: row.score for row in part.rv.rows}
    assert intel.view("BTCUSDT").rv == rv["BTCUSDT"]
    assert (
        intel.view("BTCUSDT").expectancy == next(r for r in part.scores if r.symbol == "BTCUSDT").expectancy
    )


# Switched off (B-FAC-8), and as it was (D-24 to D-27) ------------------------------------------------------


def test_disabled_there_are_no_vectors_and_the_weights_of_the_file_stay() -> None:
    intel = Intel(UNIVERSE, SETTINGS, None)
    first = intel.run(0, QUIET, market(1), ()).factors.weights
    intel.use(Settings(intel=IntelSettings(factors_enabled=False)))
    part = intel.run(1, QUIET, market(2), ())
    assert (part.factors.vectors, part.factors.weights, len(part.scores)) == ((), (), 8)
    assert intel.weights == dict(zip(SETTINGS.intel.factors, first, strict=True))
    intel.use(Settings(intel=IntelSettings(factors=())))
    intel.closed(2, "BTCUSDT", "LONG", 7 * USD, 0)
    assert intel.run(2, QUIET, market(2), ()).factors.vectors == ()
    intel.use(SETTINGS)
    assert sum(intel.run(3, QUIET, market(2), ()).factors.pnl_by_factor) == 7 * USD


def test_without_auto_weighting_the_file_has_no_weights_to_smooth() -> None:
    intel = Intel(UNIVERSE, SETTINGS, None)
    intel.run(0, QUIET, market(1), ())
    intel.use(Settings(intel=IntelSettings(auto_weighting=False)))
    assert intel.run(1, QUIET, market(2), ()).factors.weights == ()
    assert intel.weights is None
    intel.use(SETTINGS)
    fresh = Intel(UNIVERSE, SETTINGS, None)
    assert intel.run(2, QUIET, market(3), ()).factors == fresh.run(2, QUIET, market(3), ()).factors


def legacy(*defects: str) -> Settings:
    return Settings(legacy=defects)


def test_d24_vectors_are_long_only_constants() -> None:
    intel = Intel(UNIVERSE, legacy("D-24"), None)
    intel.closed(0, "BTCUSDT", "LONG", 6 * USD, 0)
    known = Conditions(funding={"BTCUSDT": 0.0001})
    part = intel.run(0, routed(), market(), ("BTCUSDT:SHORT",), known).factors
    assert [vector.key for vector in part.vectors] == [f"{s}:LONG" for s in UNIVERSE]
    assert {vector.regime for vector in part.vectors} == {"normal"}
    for name, constant in (("trend", 0.5), ("carry", 0.0), ("rv_momentum", 0.0), ("vol_regime", 1.0)):
        assert set(values(part, name).values()) == {constant}
    assert values(part, "expectancy")["BTCUSDT:LONG"] == 6.0
    assert len(set(values(part, "router_quality").values())) > 1


def test_d25_the_ratio_of_z_scores_is_nothing() -> None:
    part = Intel(UNIVERSE, legacy("D-25"), None).run(0, routed(), market(), ()).factors
    assert part.ir == pytest.approx([0.0] * 6, abs=1e-9)
    assert Intel(UNIVERSE, SETTINGS, None).run(0, routed(), market(), ()).factors.ir != part.ir


def test_d27_closes_are_not_attributed() -> None:
    intel = Intel(UNIVERSE, legacy("D-27"), None)
    intel.closed(0, "BTCUSDT", "LONG", 6 * USD, 0)
    part = intel.run(0, QUIET, market(), ()).factors
    assert (part.has_pnl, part.ir_source, sum(part.pnl_by_factor)) == (False, "vectors", 0)
