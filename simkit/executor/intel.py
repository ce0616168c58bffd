"""The intel run (B-LOOP-2 step 5): scores, RV momentum and factor diagnostics of one moment.

Comes in: closing fills, the router's part, returns, open position keys. Goes out: `IntelPart`. May import
`core` and the executor's statistics.

Factor inputs are real values: trend = last close over the mean of the last 20 closes, less 1; carry = what a
long receives in funding, the venue's last rate with its sign turned; rv_momentum = S10 score; router_quality =
S8 score of the symbol, 0.5 without one; expectancy = mean realised PnL per closed trade in USD (as S9);
vol_regime = the value of the symbol's volatility regime (B-HYB-3). A SHORT vector turns the sign of trend, carry
and rv_momentum.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from simkit.core.clock import DAY_US
from simkit.core.numeric import q9
from simkit.core.settings import Settings
from simkit.executor.factors import RawVector, diagnose, split_pnl
from simkit.executor.hybrid import REGIME_VALUES
from simkit.executor.linear import mean, population_std
from simkit.executor.rv import momentum
from simkit.executor.scores import DEFAULT_ROUTER_QUALITY, Realised, composite, ranked
from simkit.executor.state import FactorPart, IntelPart, RouterPart, Side
from simkit.executor.var import ReturnBook

TREND_BARS = 20
SHORT_BARS = 10
LONG_BARS = 100
MIN_RETURNS = 20
_NO_DATA: Mapping[str, float] = MappingProxyType({})


class Conditions(Struct, frozen=True, gc=False):
    """What a run further knows of each symbol; one that is missing is without data.

    `slip_p50_bps`: median slippage of the router's window. `maker_less_fallback`: share of fills that made, less the
    share that fell back to taking. `scale`: what a volatility target leaves of a trade. `funding`: the venue's last
    rate per payment, a fraction; longs pay while it is positive.
    """

    slip_p50_bps: Mapping[str, float] = _NO_DATA
    maker_less_fallback: Mapping[str, float] = _NO_DATA
    scale: Mapping[str, float] = _NO_DATA
    funding: Mapping[str, float] = _NO_DATA


QUIET = Conditions()


class SymbolView(Struct, frozen=True, gc=False):
    """What the last run published of one symbol: components of S9 in 0..1, the score of S10, the regime."""

    expectancy: float = 0.5
    router: float = DEFAULT_ROUTER_QUALITY
    rv: float = 0.0
    regime: str = "normal"


_UNSEEN = SymbolView()


def trend(closes: Sequence[int]) -> float:
    """Last close over the mean of all given, less 1; 0.0 without closes."""
    if not closes:
        return 0.0
    total = sum(closes)  # ints
    return q9((closes[-1] * len(closes) - total) / total)


def vol_regime(returns: Sequence[float]) -> str:
    """By the std of the last 10 returns over that of the last 100: < 0.7 low, < 1.5 normal, < 2.5 high, else
    crisis. Normal with fewer than 20 returns or without any movement [simkit]."""
    if len(returns) < MIN_RETURNS:
        return "normal"
    short, long = returns[-SHORT_BARS:], returns[-LONG_BARS:]
    base = population_std(long, mean(long))
    if base <= 0.0:
        return "normal"
    ratio = q9(population_std(short, mean(short)) / base)
    return "low" if ratio < 0.7 else "normal" if ratio < 1.5 else "high" if ratio < 2.5 else "crisis"


class Intel:
    """Remembers the closes of the attribution window and the last weights; runs when it is told to.

    `weights` are those of the last file, for smoothing, `failing` the symbols whose score in the last file does not
    pass emission (B-HYB-2): both outlive a process on disk (B-RST-2). What else it knew is lost with it (B-RST-1).
    """

    def __init__(
        self,
        universe: tuple[str, ...],
        settings: Settings,
        previous_weights: Mapping[str, float] | None,
        failing: Iterable[str] = (),
    ) -> None:
        self._universe = universe
        self._settings = settings
        self.weights = previous_weights
        self.failing = frozenset(failing)
        self._views: dict[str, SymbolView] = {}
        self._components: dict[str, tuple[float, ...]] = {}
        self._closes: deque[tuple[int, str, int, int, tuple[int, ...]]] = deque()
        self._realised: dict[str, Realised] = {}
        self._by_factor = [0] * len(settings.intel.factors)

    def use(self, settings: Settings) -> None:
        """Run with other settings from now on; with other factors, what has closed is shared out equally."""
        if settings.intel.factors != self._settings.intel.factors:
            count = len(settings.intel.factors)
            self._components = {}
            self._closes = deque((*close[:4], split_pnl(close[2], None, count)) for close in self._closes)
            self._by_factor = [
                sum(parts)  # ints
                for parts in zip(*(close[4] for close in self._closes), strict=True)
            ]
            self._by_factor = self._by_factor or [0] * count
        self._settings = settings

    def closed(self, ts: int, symbol: str, side: Side, pnl: int, fees: int) -> None:
        """One closing fill; `pnl` realised and `fees` in micro-USD. The components that share out its PnL
        (B-FAC-7) are the normalised values of its vector in the last intel run."""
        components = self._components.get(f"{symbol}:{side}") or self._components.get(f"{symbol}:LONG")
        parts = split_pnl(pnl, components, len(self._by_factor))
        self._closes.append((ts, symbol, pnl, fees, parts))
        self._count(symbol, pnl, fees, parts, 1)

    def _count(self, symbol: str, pnl: int, fees: int, parts: Sequence[int], sign: int) -> None:
        old = self._realised.get(symbol, Realised())
        self._realised[symbol] = Realised(
            old.trades + sign, old.wins + sign * (pnl > 0), old.pnl + sign * pnl, old.fees + sign * fees
        )
        self._by_factor = [total + sign * part for total, part in zip(self._by_factor, parts, strict=True)]

    def view(self, symbol: str) -> SymbolView:
        """What the last run of this process published of `symbol`; no data before the first."""
        return self._views.get(symbol, _UNSEEN)

    def run(
        self,
        ts: int,
        router: RouterPart,
        returns: ReturnBook,
        open_keys: Sequence[str],
        known: Conditions = QUIET,
    ) -> IntelPart:
        """S9, S10 and S11 at `ts` from the router part of the same loop and the bars up to this loop.

        `open_keys`: `SYMBOL:SIDE` of the open positions.
        """
        settings = self._settings.intel
        oldest = ts - int(settings.pnl_attribution_lookback_days * DAY_US)
        while self._closes and self._closes[0][0] < oldest:
            _, symbol, pnl, fees, parts = self._closes.popleft()
            self._count(symbol, pnl, fees, parts, -1)
        quality = {row.symbol: row.score for row in router.rows}
        realised, nothing = self._realised, Realised()
        scores = ranked(
            composite(
                symbol,
                realised.get(symbol, nothing),
                quality.get(symbol),
                settings.min_for_emission,
                maker_less_fallback=known.maker_less_fallback.get(symbol),
                slip_p50_bps=known.slip_p50_bps.get(symbol, 0.0),
                scale=known.scale.get(symbol, 1.0),
            )
            for symbol in self._universe
        )
        returns.remember(settings.rv_bars)
        rv = momentum(
            self._universe,
            {symbol: returns.returns(symbol, settings.rv_bars) for symbol in self._universe},
            settings,
        )
        regimes = {s: vol_regime(returns.returns(s, LONG_BARS)) for s in self._universe}
        rv_scores = {row.symbol: row.score for row in rv.rows}
        vectors = self._vectors(returns, regimes, rv_scores, quality, open_keys, known.funding)
        by_factor = tuple(self._by_factor) if self._closes else None
        part = diagnose(vectors, by_factor, self.weights, settings, frozenset(self._settings.legacy))
        self.failing = frozenset([row.symbol for row in scores if not row.passes])
        self._views = {
            row.symbol: SymbolView(row.expectancy, row.router, rv_scores[row.symbol], regimes[row.symbol])
            for row in scores
        }
        if part.vectors:
            self._learn(part)
        return IntelPart(scores, rv, part)

    def _learn(self, part: FactorPart) -> None:
        """What the file just written says; while auto-weighting is off it holds no weights to smooth."""
        self._components = {vector.key: vector.normalized for vector in part.vectors}
        self.weights = dict(zip(part.factors, part.weights, strict=True)) if part.weights else None

    def _vectors(
        self,
        returns: ReturnBook,
        regimes: Mapping[str, str],
        rv_scores: Mapping[str, float],
        quality: Mapping[str, float],
        open_keys: Sequence[str],
        funding: Mapping[str, float],
    ) -> list[RawVector]:
        """B-FAC-1: LONG for every symbol, SHORT for the open shorts, sorted by key. A factor that nobody feeds is 0."""
        if not self._settings.intel.factors_enabled:
            return []
        if "D-24" in self._settings.legacy:
            return self._constant_vectors(quality)
        shorts = {key.removesuffix(":SHORT") for key in open_keys if key.endswith(":SHORT")}
        vectors: list[RawVector] = []
        for symbol in self._universe:
            regime = regimes[symbol]
            values = {
                "trend": trend(returns.closes(symbol, TREND_BARS)),
                "carry": q9(0.0 - funding.get(symbol, 0.0)),
                "rv_momentum": rv_scores[symbol],
                "router_quality": quality.get(symbol, DEFAULT_ROUTER_QUALITY),
                "expectancy": self._realised.get(symbol, Realised()).expectancy or 0.0,
                "vol_regime": REGIME_VALUES[regime],
            }
            vectors.append(self._vector(f"{symbol}:LONG", "LONG", regime, values))
            if symbol in shorts:
                for name in ("trend", "carry", "rv_momentum"):
                    values[name] = 0.0 - values[name]
                vectors.append(self._vector(f"{symbol}:SHORT", "SHORT", regime, values))
        return sorted(vectors, key=lambda vector: vector.key)

    def _constant_vectors(self, quality: Mapping[str, float]) -> list[RawVector]:
        """D-24: LONG only, with constants for what the old executor did not feed."""
        fed = {"trend": 0.5, "carry": 0.0, "rv_momentum": 0.0, "vol_regime": 1.0}
        vectors = []
        for symbol in sorted(self._universe):
            fed["router_quality"] = quality.get(symbol, DEFAULT_ROUTER_QUALITY)
            fed["expectancy"] = self._realised.get(symbol, Realised()).expectancy or 0.0
            vectors.append(self._vector(f"{symbol}:LONG", "LONG", "normal", fed))
        return vectors

    def _vector(self, key: str, side: Side, regime: str, values: Mapping[str, float]) -> RawVector:
        factors = self._settings.intel.factors
        return RawVector(key, side, regime, tuple(values.get(name, 0.0) for name in factors))
