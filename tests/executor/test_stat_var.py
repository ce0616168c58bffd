"""VaR and CVaR (B-VAR-1..7): the worked figures, the formulas against NumPy, the edges, the bookkeeping."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from simkit.core.numeric import PRICE, USD
from simkit.core.settings import VarSettings
from simkit.executor.moments import REBUILD
from simkit.executor.shortfall import WorstBars, mixed
from simkit.executor.state import SymbolCvar, VarPart
from simkit.executor.var import ReturnBook
from simkit.market.ticks import Bars, Tick
from simkit.scenario.model import PastCloses

NAV = 10_000 * USD
QUANTUM = 1e-9


def closes_of(returns: Sequence[float], start: float = 1000.0) -> tuple[int, ...]:
    """Closes whose log returns are `returns` to 1e-9."""
    level, closes = start, [round(start * PRICE)]
    for value in returns:
        level *= math.exp(value)
        closes.append(round(level * PRICE))
    return tuple(closes)


def book_of(series: Mapping[str, Sequence[float]], config: VarSettings | None = None) -> ReturnBook:
    """A book that knows these returns from before L1."""
    past = [PastCloses(symbol, closes_of(returns)) for symbol, returns in series.items()]
    return ReturnBook(tuple(sorted(series)), past, config or VarSettings())


def add(book: ReturnBook, closes: Mapping[str, int]) -> None:
    """One bar for every symbol."""
    book.add(Bars(1, tuple(Tick(s, c, c, c, c, c) for s, c in sorted(closes.items()))))


def risk(
    book: ReturnBook, exposures: Mapping[str, int], nav: int = NAV, config: VarSettings | None = None
) -> VarPart:
    """The part, which must exist."""
    part = book.risk(exposures, nav, config or VarSettings())
    assert part is not None
    return part


def noise(seed: int, count: int, size: float = 0.01) -> list[float]:
    """Plausible returns."""
    stream = random.Random(seed)
    return [stream.gauss(0.0, size) for _ in range(count)]


# NumPy's word ----------------------------------------------------------------------------------------------


def numpy_sigma(book: ReturnBook, exposures: Mapping[str, int], nav: int, config: VarSettings) -> float:
    columns = [book.returns(symbol, config.lookback) for symbol in sorted(exposures)]
    n = min(map(len, columns))
    matrix = np.array([column[-n:] for column in columns])
    weights = 0.5 ** (np.arange(n - 1, -1, -1) / config.half_life)
    weights /= weights.sum()
    centred = matrix - (matrix @ weights)[:, None]
    shares = np.array([exposures[symbol] / nav for symbol in sorted(exposures)])
    return float(np.sqrt(shares @ ((centred * weights) @ centred.T) @ shares))


def numpy_cvar(pnl: np.ndarray) -> float:
    ordered = np.sort(pnl)
    k = max(1, len(ordered) * 5 // 100)
    return max(0.0, -float(ordered[:k].mean()))


def assert_as_numpy(book: ReturnBook, exposures: Mapping[str, int], nav: int, config: VarSettings) -> None:
    part = risk(book, exposures, nav, config)
    sigma = numpy_sigma(book, exposures, nav, config)
    assert part.value == pytest.approx(config.z * sigma, abs=3 * QUANTUM)
    assert part.volatility == pytest.approx(sigma * math.sqrt(252), abs=1e-8)
    columns = {s: np.array(book.returns(s, config.cvar_lookback)) for s in exposures}
    n = min(map(len, columns.values()))
    pnl = np.array([exposures[s] / nav * columns[s][-n:] for s in exposures]).sum(axis=0)
    assert part.portfolio_cvar == pytest.approx(numpy_cvar(pnl), abs=QUANTUM)
    for symbol, exposure in exposures.items():
        value = part.cvar[symbol].value
        assert value == pytest.approx(numpy_cvar(exposure / nav * columns[symbol]), abs=QUANTUM)
        assert book.position_cvar(symbol, exposure, nav) == value


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    lengths=st.lists(st.integers(20, 620), min_size=1, max_size=6),
    shares=st.lists(st.integers(-9_000, 9_000).filter(bool), min_size=6, max_size=6),
    bars=st.integers(0, 40),
)
def test_figures_agree_with_numpy(seed: int, lengths: list[int], shares: list[int], bars: int) -> None:
    names = [f"{letter}USDT" for letter in "ABCDEF"[: len(lengths)]]
    book = book_of({s: noise(seed + i, n) for i, (s, n) in enumerate(zip(names, lengths, strict=True))})
    exposures = {s: usd * USD for s, usd in zip(names, shares, strict=False)}
    stream = random.Random(seed)
    level = {s: book.closes(s, 1)[0] for s in names}
    for _ in range(bars):
        risk(book, exposures)
        level = {s: round(c * math.exp(stream.gauss(0.0, 0.02))) for s, c in level.items()}
        add(book, level)
    assert_as_numpy(book, exposures, NAV, VarSettings())


@settings(deadline=None, derandomize=True, max_examples=12)
@given(seed=st.integers(0, 10**6))
def test_running_sums_equal_a_start_from_scratch(seed: int) -> None:
    """Holdings that come and go, window overflow, a rebuild: same figures as a book that starts here."""
    config = VarSettings(lookback=60, half_life=20.0, cvar_lookback=50)
    names = [f"{letter}USDT" for letter in "ABCD"]
    book = book_of({s: noise(seed + i, 25 + 10 * i) for i, s in enumerate(names)}, config)
    stream = random.Random(seed)
    level = {s: book.closes(s, 1)[0] for s in names}
    exposures: dict[str, int] = {}
    for _ in range(REBUILD + 40):
        level = {s: round(c * math.exp(stream.gauss(0.0, 0.01))) for s, c in level.items()}
        add(book, level)
        if stream.random() < 0.1:
            exposures = {s: stream.randint(-5000, 5000) * USD for s in names if stream.random() < 0.6}
        exposures = {s: round(usd * stream.uniform(0.99, 1.01)) for s, usd in exposures.items()}
        part = risk(book, exposures, config=config)
        fresh = ReturnBook(tuple(names), [PastCloses(s, tuple(book.closes(s, 100))) for s in names], config)
        again = risk(fresh, exposures, config=config)
        assert part.value == pytest.approx(again.value, abs=QUANTUM)
        assert part.volatility == pytest.approx(again.volatility, abs=1e-8)
        assert (part.cvar, part.portfolio_cvar) == (again.cvar, again.portfolio_cvar)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(seed=st.integers(0, 10**6), columns=st.integers(2, 6), drift=st.sampled_from([0.0, 0.001, 0.05, 0.5]))
def test_candidates_give_the_tail_of_a_full_pass(seed: int, columns: int, drift: float) -> None:
    stream = random.Random(seed)
    held = tuple(f"S{i}" for i in range(columns))
    series = [noise(seed + i, 60) for i in range(columns)]
    shares = [stream.uniform(-1.0, 1.0) for _ in held]
    worst = WorstBars()
    for count in range(60, 160):
        for column in series:
            column.append(stream.gauss(0.0, 0.01))
        shares = [x * (1.0 + drift * stream.uniform(-1.0, 1.0)) for x in shares]
        tails = [column[-50:] for column in series]
        reach = [max(map(abs, tail)) for tail in tails]
        found = worst.worst(count, held, series, shares, reach, 50, 5)
        assert found == sorted(mixed(tails, shares))[:5]


# Worked figures --------------------------------------------------------------------------------------------


def breach_book() -> ReturnBook:
    """sigma .06 and a tail mean of .05 (INC-52): -5 % and +7 % in turn."""
    return book_of({"BTCUSDT": [-0.05, 0.07] * 250})


def test_inc52_nine_thousand_breaches_both_limits() -> None:
    part = risk(breach_book(), {"BTCUSDT": 9000 * USD})
    assert round(part.value or 0.0, 4) == 0.1256
    assert part.cvar == {"BTCUSDT": SymbolCvar(0.045, False)}
    assert (part.within_limit, part.cvar_within_limit) == (False, False)
    assert (part.breaching, part.worst_cvar, part.portfolio_cvar) == (("BTCUSDT",), 0.045, 0.045)


def test_inc52_eight_thousand_is_inside_and_the_edge_counts_as_inside() -> None:
    part = risk(breach_book(), {"BTCUSDT": 8000 * USD})
    assert round(part.value or 0.0, 4) == 0.1117
    assert part.cvar == {"BTCUSDT": SymbolCvar(0.04, True)}
    assert (part.within_limit, part.cvar_within_limit, part.breaching) == (True, True, ())


def test_one_micro_of_nav_share_above_the_edge_is_outside() -> None:
    part = risk(breach_book(), {"BTCUSDT": 8001 * USD})
    assert part.cvar["BTCUSDT"] == SymbolCvar(0.040005, False)


@pytest.mark.parametrize(("step", "within"), [(0.0, True), (-1e-9, False)])
def test_var_limit_is_inclusive(step: float, within: bool) -> None:
    value = risk(breach_book(), {"BTCUSDT": 9000 * USD}).value
    assert value is not None
    config = VarSettings(max_portfolio_var_nav_pct=value + step)
    assert risk(breach_book(), {"BTCUSDT": 9000 * USD}, config=config).within_limit is within


def test_usd_is_the_published_share_of_nav() -> None:
    nav = 12_345_678_901
    part = risk(breach_book(), {"BTCUSDT": 9000 * USD}, nav)
    assert part.value is not None
    assert part.usd == round(round(part.value * 10**9) * nav / 10**9)


def test_inc54_hedged_book_has_no_risk() -> None:
    part = risk(breach_book(), {"BTCUSDT": 0})
    assert (part.status, part.value, part.usd, part.within_limit) == ("", 0.0, 0, True)
    assert part.cvar == {"BTCUSDT": SymbolCvar(0.0, True)}
    assert part.portfolio_cvar == 0.0


def test_two_symbols_that_cancel_have_no_portfolio_risk_but_each_its_own() -> None:
    series = noise(5, 300)
    part = risk(book_of({"AUSDT": series, "BUSDT": series}), {"AUSDT": 5000 * USD, "BUSDT": -5000 * USD})
    assert (part.value, part.portfolio_cvar) == (0.0, 0.0)
    assert min(row.value or 0.0 for row in part.cvar.values()) > 0.005


def test_a_short_loses_on_the_other_tail() -> None:
    book = book_of({"BTCUSDT": [-0.01] * 95 + [0.10] * 5})
    long, short = (book.position_cvar("BTCUSDT", usd * USD, NAV) for usd in (10_000, -10_000))
    assert (long, short) == (0.01, 0.1)


def test_d21_adds_what_a_hedge_takes_away_and_puts_a_short_on_the_wrong_tail() -> None:
    past = [PastCloses("BTCUSDT", closes_of([-0.01] * 95 + [0.10] * 5))]
    blind = ReturnBook(("BTCUSDT",), past, VarSettings(), frozenset({"D-21"}))
    assert blind.position_cvar("BTCUSDT", -NAV, NAV) == blind.position_cvar("BTCUSDT", NAV, NAV) == 0.01
    seeing = ReturnBook(("BTCUSDT",), past, VarSettings(), frozenset({"D-22"}))
    assert seeing.position_cvar("BTCUSDT", -NAV, NAV) == 0.1


def test_a_series_that_only_rises_has_no_shortfall() -> None:
    assert book_of({"BTCUSDT": [0.01] * 40}).position_cvar("BTCUSDT", NAV, NAV) == 0.0


# Blocks without figures ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("returns", "status"), [(19, "insufficient_data"), (20, "")])
def test_twenty_returns_are_needed(returns: int, status: str) -> None:
    part = risk(book_of({"BTCUSDT": noise(1, returns)}), {"BTCUSDT": 1000 * USD})
    assert (part.status, part.cvar_status) == (status, status)
    assert (part.value is None, part.within_limit is None) == (bool(status), bool(status))


def test_inc53_no_data_is_no_figure() -> None:
    part = risk(book_of({"BTCUSDT": noise(1, 12)}), {"BTCUSDT": 1000 * USD})
    assert part.cvar == {"BTCUSDT": SymbolCvar(None, None)}
    figures = (part.value, part.usd, part.volatility, part.portfolio_cvar, part.cvar_within_limit)
    assert figures == (None,) * 5


def test_d22_shows_no_data_as_no_risk_within_the_limit() -> None:
    past = [PastCloses("BTCUSDT", closes_of(noise(1, 12)))]
    exposures = {"BTCUSDT": 1000 * USD}
    part = risk(ReturnBook(("BTCUSDT",), past, VarSettings(), frozenset({"D-22"})), exposures)
    assert (part.status, part.value, part.usd, part.within_limit) == ("", 0.0, 0, True)
    assert (part.cvar, part.cvar_status) == ({"BTCUSDT": SymbolCvar(0.0, True)}, "")
    assert (part.cvar_within_limit, part.portfolio_cvar, part.breaching) == (True, 0.0, ())


def test_d22_changes_nothing_where_there_is_data_or_no_nav() -> None:
    past = [PastCloses("BTCUSDT", closes_of(noise(1, 20)))]
    blind = ReturnBook(("BTCUSDT",), past, VarSettings(), frozenset({"D-22"}))
    exposures = {"BTCUSDT": 1000 * USD}
    for nav in (NAV, 0):
        assert risk(blind, exposures, nav) == risk(book_of({"BTCUSDT": noise(1, 20)}), exposures, nav)


def test_a_symbol_without_data_is_left_out_and_named_unknown() -> None:
    book = book_of({"AUSDT": noise(1, 300), "BUSDT": noise(2, 5)})
    part = risk(book, {"AUSDT": 1000 * USD, "BUSDT": 1000 * USD})
    alone = risk(book, {"AUSDT": 1000 * USD})
    assert (part.value, part.n_assets, part.status) == (alone.value, 1, "")
    assert part.cvar["BUSDT"] == SymbolCvar(None, None)
    assert (part.cvar_status, part.cvar_within_limit) == ("insufficient_data", alone.cvar_within_limit)


def test_a_known_breach_beside_an_unknown_symbol_is_a_breach() -> None:
    book = book_of({"AUSDT": [-0.05, 0.07] * 50, "BUSDT": noise(2, 5)})
    part = risk(book, {"AUSDT": 9000 * USD, "BUSDT": 1000 * USD})
    assert (part.cvar_within_limit, part.breaching) == (False, ("AUSDT",))


def test_a_hedged_symbol_needs_no_data_beside_one_that_lacks_it() -> None:
    part = risk(book_of({"AUSDT": noise(1, 5), "BUSDT": noise(2, 5)}), {"AUSDT": 0, "BUSDT": 1000 * USD})
    assert part.cvar == {"AUSDT": SymbolCvar(0.0, True), "BUSDT": SymbolCvar(None, None)}
    assert (part.status, part.value, part.cvar_within_limit) == ("insufficient_data", None, True)


def test_flat_book_is_zero_and_within() -> None:
    part = risk(book_of({"BTCUSDT": []}), {})
    assert (part.status, part.value, part.usd, part.volatility, part.n_assets) == ("", 0.0, 0, 0.0, 0)
    assert (part.within_limit, part.cvar_within_limit, part.portfolio_cvar) == (True, True, 0.0)


@pytest.mark.parametrize("nav", [0, -1])
@pytest.mark.parametrize("exposures", [{}, {"BTCUSDT": 1000 * USD}])
def test_without_nav_the_block_says_unavailable(nav: int, exposures: dict[str, int]) -> None:
    book = breach_book()
    part = risk(book, exposures, nav)
    assert (part.status, part.value, part.within_limit) == ("unavailable", None, None)
    assert list(part.cvar) == list(exposures)
    assert book.position_cvar("BTCUSDT", USD, nav) is None


def test_disabled_is_no_block() -> None:
    assert breach_book().risk({"BTCUSDT": USD}, NAV, VarSettings(enabled=False)) is None


# Bookkeeping -----------------------------------------------------------------------------------------------


def test_first_close_of_a_symbol_makes_no_return() -> None:
    book = ReturnBook(("BTCUSDT",), [], VarSettings())
    add(book, {"BTCUSDT": 100 * PRICE})
    assert (book.closes("BTCUSDT", 9), book.returns("BTCUSDT", 9)) == ([100 * PRICE], [])
    add(book, {"BTCUSDT": 101 * PRICE})
    assert book.returns("BTCUSDT", 9) == [round(math.log(1.01), 9)]


def test_constant_prices_are_exactly_riskless_once_the_crash_has_left_the_window() -> None:
    config = VarSettings(lookback=100, half_life=1000.0, cvar_lookback=100)
    book = book_of({"AUSDT": noise(1, 30)}, config)
    close = book.closes("AUSDT", 1)[0] // 100
    for loop in range(101):
        add(book, {"AUSDT": close})
        part = risk(book, {"AUSDT": 9000 * USD}, config=config)
        assert loop == 100 or (part.value or 0.0) > 0.0
    assert (part.value, part.volatility, part.portfolio_cvar) == (0.0, 0.0, 0.0)


def test_a_steady_trend_is_no_volatility() -> None:
    book = book_of({"AUSDT": [0.01] * 200})
    part = risk(book, {"AUSDT": 9000 * USD})
    assert (part.value, part.volatility) == (0.0, 0.0)
    close = book.closes("AUSDT", 1)[0]
    for _ in range(50):
        close = round(close * math.exp(0.01))
        add(book, {"AUSDT": close})
        assert risk(book, {"AUSDT": 9000 * USD}).volatility == 0.0


def test_the_answer_does_not_depend_on_being_asked_every_loop() -> None:
    often, seldom = (book_of({"AUSDT": noise(1, 60), "BUSDT": noise(2, 60)}) for _ in range(2))
    stream, level = random.Random(3), {"AUSDT": 10**11, "BUSDT": 10**11}
    exposures = {"AUSDT": 900 * USD, "BUSDT": -400 * USD}
    for _ in range(30):
        level = {s: round(c * math.exp(stream.gauss(0.0, 0.01))) for s, c in level.items()}
        for book in (often, seldom):
            add(book, level)
        risk(often, exposures)
    assert risk(often, exposures).portfolio_cvar == risk(seldom, exposures).portfolio_cvar
    assert risk(often, exposures).value == pytest.approx(risk(seldom, exposures).value, abs=QUANTUM)


def test_other_settings_apply_from_the_call_on() -> None:
    book = book_of({"AUSDT": noise(1, 300)})
    exposures = {"AUSDT": 900 * USD}
    assert_as_numpy(book, exposures, NAV, VarSettings())
    assert_as_numpy(book, exposures, NAV, VarSettings(lookback=30, half_life=5.0, cvar_lookback=40))


def test_memory_is_bounded_and_old_bars_stay_reachable() -> None:
    book = ReturnBook(("AUSDT",), [], VarSettings())
    for loop in range(2500):
        add(book, {"AUSDT": PRICE * (100 + loop % 7)})
    kept = len(book.returns("AUSDT", 10**6))
    assert 500 < kept <= 1002
    assert len(book.closes("AUSDT", 10**6)) <= 1002
