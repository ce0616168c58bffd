"""Returns of all symbols, and the value at risk and expected shortfall of a book (B-VAR).

Comes in: one bar per loop, net exposures, NAV. Goes out: `VarPart`. May import `core`, `market.ticks`,
`scenario.model` (types), `executor.moments`, `executor.shortfall` and `executor.state`.

All figures are fractions of NAV for a horizon of one bar. Exposures are signed (A-33): a hedged book has no
risk, a short loses when prices rise (B-VAR-4). Log returns are rounded to 1e-9 at birth.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import fsum, log, sqrt
from typing import NamedTuple

from simkit.core.numeric import div_half_even, q9, q12
from simkit.core.settings import VarSettings
from simkit.executor.moments import Moments
from simkit.executor.shortfall import WorstBars
from simkit.executor.state import SymbolCvar, VarPart
from simkit.market.ticks import Bars
from simkit.scenario.model import PastCloses

BARS_PER_YEAR = 252
_KEEP = 500
_NANO = 10**9
_UNKNOWN = SymbolCvar(None, None)
_NO_RISK = SymbolCvar(0.0, True)


class ReturnBook:
    """Closes and log returns of every symbol of the universe, and the risk of a book made of them.

    Memory is bounded: at most twice the longest lookback is kept. `returns` and `closes` answer up to 500
    bars, or as many as a longer lookback or `remember` asks for.
    """

    def __init__(
        self,
        universe: tuple[str, ...],
        past: Sequence[PastCloses],
        settings: VarSettings,
        legacy: frozenset[str] = frozenset(),
    ) -> None:
        self._signed = "D-21" not in legacy
        self._unknown = _NO_RISK if "D-22" in legacy else _UNKNOWN  # B-VAR-6: no figure, and no zero
        before = {series.symbol: series.closes for series in past}
        self._column_of: dict[str, list[float]] = {}
        self._closes_of: dict[str, list[int]] = {}
        for symbol in universe:
            closes = list(before.get(symbol, ()))
            self._closes_of[symbol] = closes
            self._column_of[symbol] = [q9(log(close / last)) for last, close in pairwise(closes)]
        self._series = list(zip(self._column_of.values(), self._closes_of.values(), strict=True))
        self._count = 0
        self._keep = _KEEP
        self._adopt(settings)

    def _adopt(self, settings: VarSettings) -> None:
        self._settings = settings
        self._moments = Moments(settings.lookback, settings.half_life)
        self._windows: dict[str, list[float]] = {}
        self._worst = WorstBars()
        self._tail_millionths = round((1.0 - settings.cvar_confidence) * 10**6)
        self.remember(max(settings.lookback, settings.cvar_lookback))

    def remember(self, bars: int) -> None:
        """Keep at least `bars` returns from now on."""
        self._keep = max(self._keep, bars + 1)

    def add(self, bars: Bars) -> None:
        """Take in the bar of one loop; the first close of a symbol makes no return."""
        for tick, (column, closes) in zip(bars.ticks, self._series, strict=True):
            close = tick.close
            if closes:
                last = closes[-1]
                column.append(q9(log(close / last)) if close != last else 0.0)
            closes.append(close)
        self._count += 1
        if self._windows:
            self._step_windows()
        self._moments.step(self._count)
        if self._count % self._keep == 0:
            for column, closes in self._series:
                del column[: -self._keep], closes[: -self._keep]

    def _step_windows(self) -> None:
        size = self._settings.cvar_lookback
        for symbol, window in self._windows.items():
            column = self._column_of[symbol]
            if len(window) == size:
                del window[bisect_left(window, column[-size - 1])]
            insort(window, column[-1])

    def closes(self, symbol: str, bars: int) -> list[int]:
        """The last closes, at most `bars`, oldest first."""
        return self._closes_of[symbol][-bars:]

    def returns(self, symbol: str, bars: int) -> list[float]:
        """The last log returns, at most `bars`, oldest first."""
        return self._column_of[symbol][-bars:]

    # Risk --------------------------------------------------------------------------------------------------

    def risk(self, exposures: Mapping[str, int], nav: int, settings: VarSettings) -> VarPart | None:
        """VaR, CVaR per symbol and portfolio CVaR of the book (B-VAR-1..7); None when disabled (B-VAR-6).

        `exposures`: symbol -> net signed notional in micro-USD; `nav` in micro-USD. A symbol with a net
        exposure of 0 has no risk, with or without data.
        """
        if settings is not self._settings and settings != self._settings:
            self._adopt(settings)
        if not settings.enabled:
            return None
        symbols = tuple(sorted(exposures))
        enough = max(1, settings.min_returns)
        held = tuple(s for s in symbols if exposures[s] and len(self._column_of.get(s, ())) >= enough)
        self._hold(held if nav > 0 else ())
        if nav <= 0:
            return _without_figures("unavailable", dict.fromkeys(symbols, _UNKNOWN), _Worst(None, None, ()))
        if not symbols:
            return _FLAT
        cvar = self._symbol_cvar(symbols, exposures, nav)
        worst = _worst(cvar, settings.max_position_cvar_nav_pct)
        if not held and _UNKNOWN in cvar.values():
            return _without_figures("insufficient_data", cvar, worst)
        shares = [exposures[symbol] / nav for symbol in held]
        sigma = q12(sqrt(self._moments.variance(shares))) if held else 0.0
        value = q9(settings.z * sigma)
        return VarPart(
            status="",
            value=value,
            usd=div_half_even(round(value * _NANO) * nav, _NANO),
            volatility=q9(sigma * sqrt(BARS_PER_YEAR)),
            n_assets=len(held),
            within_limit=value <= settings.max_portfolio_var_nav_pct,
            cvar_status="insufficient_data" if _UNKNOWN in cvar.values() else "",
            cvar=cvar,
            cvar_within_limit=worst.within_limit,
            portfolio_cvar=self._portfolio_cvar(held, shares),
            breaching=worst.breaching,
            worst_cvar=worst.value or 0.0,
        )

    def _hold(self, held: tuple[str, ...]) -> None:
        """Follow these symbols from now on."""
        if held == self._moments.held:
            return
        size = self._settings.cvar_lookback
        self._moments.hold(held, [self._column_of[symbol] for symbol in held])
        self._windows = {
            symbol: self._windows.get(symbol) or sorted(self._column_of[symbol][-size:]) for symbol in held
        }

    def _symbol_cvar(
        self, symbols: tuple[str, ...], exposures: Mapping[str, int], nav: int
    ) -> dict[str, SymbolCvar]:
        limit = self._settings.max_position_cvar_nav_pct
        rows: dict[str, SymbolCvar] = {}
        for symbol in symbols:
            exposure, window = exposures[symbol], self._windows.get(symbol)
            if window is not None:
                value = self._shortfall(window, exposure / nav)
                rows[symbol] = SymbolCvar(value, value <= limit)
            else:
                rows[symbol] = self._unknown if exposure else _NO_RISK
        return rows

    def _tail(self, n: int) -> int:
        return max(1, n * self._tail_millionths // 10**6)

    def _shortfall(self, window: Sequence[float], share: float) -> float:
        """Mean loss in the tail of a sorted window of returns for a signed share of NAV (B-VAR-3)."""
        k = self._tail(len(window))
        worst = window[:k] if share > 0 else window[-k:]
        return max(0.0, q9(-share * (fsum(worst) / k)))

    def position_cvar(self, symbol: str, notional: int, nav: int) -> float | None:
        """CVaR of one position of `notional` (signed, micro-USD), fraction of NAV; None without data or NAV.

        For the gate position_cvar_limit (B-VAR-7). D-21 measures a short on the wrong tail.
        """
        column = self._column_of.get(symbol, [])
        if nav <= 0 or len(column) < max(1, self._settings.min_returns):
            return None
        window = self._windows.get(symbol) or sorted(column[-self._settings.cvar_lookback :])
        return self._shortfall(window, (notional if self._signed else abs(notional)) / nav)

    def _portfolio_cvar(self, held: tuple[str, ...], shares: list[float]) -> float:
        """Expected shortfall of the whole book on the common tail (B-VAR-5)."""
        if not held:
            return 0.0
        windows = [self._windows[symbol] for symbol in held]
        if len(held) == 1:
            (window,), (share,) = windows, shares
            return self._shortfall(window, share)
        columns = [self._column_of[symbol] for symbol in held]
        reach = [max(-window[0], window[-1]) for window in windows]
        n = min(map(len, windows))
        k = self._tail(n)
        worst = self._worst.worst(self._count, held, columns, shares, reach, n, k)
        return max(0.0, q9(-(fsum(worst) / k)))


class _Worst(NamedTuple):
    """The largest known CVaR, whether it keeps the limit, and who does not; None without a known one."""

    value: float | None
    within_limit: bool | None
    breaching: tuple[str, ...]


def _worst(cvar: Mapping[str, SymbolCvar], limit: float) -> _Worst:
    known = [row.value for row in cvar.values() if row.value is not None]
    if not known:
        return _Worst(None, None, ())
    breaching = tuple(s for s, row in cvar.items() if row.value is not None and row.value > limit)
    return _Worst(max(known), not breaching, breaching)


def _without_figures(status: str, cvar: Mapping[str, SymbolCvar], worst: _Worst) -> VarPart:
    """A block that says why it has no portfolio figures (B-VAR-6, D-22)."""
    return VarPart(
        status=status,
        value=None,
        usd=None,
        volatility=None,
        n_assets=0,
        within_limit=None,
        cvar_status=status,
        cvar=cvar,
        cvar_within_limit=worst.within_limit,
        portfolio_cvar=None,
        breaching=worst.breaching,
        worst_cvar=worst.value or 0.0,
    )


_FLAT = VarPart("", 0.0, 0, 0.0, 0, True, "", {}, True, 0.0, (), 0.0)
