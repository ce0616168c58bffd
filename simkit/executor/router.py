"""Router statistics: what the fills of the last 900 s say about execution quality (B-RTR-1..8).

Comes in: accepted fills and router events. Goes out: `RouterPart`. May import `core.numeric`, `core.settings`,
`executor.maker` and `executor.state`.

All sums are integers (micro-USD, microseconds, 1e-6 bps), so adding and removing a fill is exact. The window
is trimmed at the snapshot, in full, so nothing that a trim at the fill would leave (B-RTR-3, at least
`min_events`) is ever published; `min_events` is only echoed.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from simkit.core.numeric import USD, div_half_even, fraction, money, q3, q6, q9
from simkit.core.settings import RouterSettings
from simkit.executor.maker import MakerStats
from simkit.executor.state import RouterPart, RouterRow

SlippageBucket = Literal["GREEN", "YELLOW", "RED"]
LatencyBucket = Literal["FAST", "NORMAL", "SLOW"]
RouterBucket = Literal["A_HIGH", "B_MEDIUM", "C_LOW", "GENERIC"]

QUOTE = "USDT"
_CLASSES: tuple[RouterBucket, ...] = ("A_HIGH", "B_MEDIUM", "C_LOW", "GENERIC")
_CLASS_OF: dict[str, RouterBucket] = {
    **dict.fromkeys(("BTC", "ETH"), _CLASSES[0]),
    **dict.fromkeys(("SOL", "LTC", "LINK", "XRP", "BNB", "ADA"), _CLASSES[1]),
    **dict.fromkeys(("DOGE", "SUI", "WIF", "PEPE", "SHIB", "FLOKI"), _CLASSES[2]),
}
_CLASS_BONUS = {"A_HIGH": 0.0, "B_MEDIUM": -0.05, "C_LOW": -0.15, "GENERIC": 0.0}
_SPREAD_BPS = {"A_HIGH": 5.0, "B_MEDIUM": 12.0, "C_LOW": 25.0, "GENERIC": 15.0}
_SLIPPAGE_PENALTY = {"GREEN": 0.0, "YELLOW": 0.05, "RED": 0.12}
_LATENCY_PENALTY = {"FAST": 0.0, "NORMAL": 0.03, "SLOW": 0.08}
#: B-RTR-8: quality below this is broken.
BROKEN = 0.2
_BPS = 10**6  # slippage counts 1e-6 bps
_MS = 1000


def base_asset(symbol: str) -> str:
    """`BTC` of `BTCUSDT`."""
    return symbol.removesuffix(QUOTE)


def spread_limit_bps(symbol: str) -> float:
    """The spread that the class of the symbol bears (B-RTR-9)."""
    return _SPREAD_BPS[liquidity_class(symbol)]


def liquidity_class(symbol: str) -> RouterBucket:
    """The class of the base asset; GENERIC when it is in none (B-RTR-5)."""
    return _CLASS_OF.get(base_asset(symbol), "GENERIC")


def slippage_bucket(drift_bps: float) -> SlippageBucket:
    """By the drift in bps: <= 2 GREEN, <= 6 YELLOW, else RED (B-RTR-5)."""
    return "GREEN" if drift_bps <= 2.0 else "YELLOW" if drift_bps <= 6.0 else "RED"


def latency_bucket(latency_ms: float) -> LatencyBucket:
    """By the average in ms: <= 150 FAST, <= 400 NORMAL, else SLOW (B-RTR-5)."""
    return "FAST" if latency_ms <= 150.0 else "NORMAL" if latency_ms <= 400.0 else "SLOW"


def quality_score(router: str, slippage: str, latency: str, twap_ratio: float) -> float:
    """The score of B-RTR-6, in 0.2..1.0."""
    unsliced = min(max(1.0 - twap_ratio, 0.0), 1.0)
    score = (
        0.80
        + _CLASS_BONUS[router]
        - _SLIPPAGE_PENALTY[slippage]
        - _LATENCY_PENALTY[latency]
        - 0.10 * unsliced
    )
    return q9(min(max(score, 0.2), 1.0))


class _Fill(Struct, gc=False):
    """One accepted fill in the integers of this module."""

    symbol: str
    slippage: int
    latency: int
    notional: int
    intended: int
    twap: bool


class _Sums(Struct, gc=False):
    """The fills of one symbol in the window; `drift` (bps) and the two times outlive the fills."""

    events: int = 0
    notional: int = 0
    slippage: int = 0
    latency: int = 0
    weighted_slippage: int = 0
    weighted_latency: int = 0
    children: int = 0
    twap_notional: int = 0
    twap_intended: int = 0
    drift: float | None = None
    last_order_ts: int = 0
    last_fill_ts: int = 0

    def count(self, fill: _Fill, sign: int) -> None:
        """Add (+1) or remove (-1) a fill."""
        notional = fill.notional * sign
        self.events += sign
        self.notional += notional
        self.slippage += fill.slippage * sign
        self.latency += fill.latency * sign
        self.weighted_slippage += fill.slippage * notional
        self.weighted_latency += fill.latency * notional
        if fill.twap:
            self.children += sign
            self.twap_notional += notional
            self.twap_intended += fill.intended * sign


class RouterStats:
    """The rolling window of accepted fills. Times in microseconds; the rest in scaled integers. `maker`: how
    the maker attempts of the window ended."""

    def __init__(self, settings: RouterSettings) -> None:
        self._settings = settings
        self.maker = MakerStats()
        self.last_event_ts: int | None = None
        self._window: list[tuple[int, int, _Fill]] = []
        self._seq = 0
        self._sums: dict[str, _Sums] = {}
        self._rows: dict[str, RouterRow] = {}
        self._changed: dict[str, None] = {}
        self._part = _aggregate(())

    def use(self, settings: RouterSettings) -> None:
        """Count with other settings from now on; a wider window does not bring old fills back."""
        self._settings = settings

    def event(self, ts: int) -> None:
        """A router event (B-RTR-1): an attempt, a cancel, a re-price."""
        if self.last_event_ts is None or ts > self.last_event_ts:
            self.last_event_ts = ts

    def fill(
        self,
        symbol: str,
        ts_sent: int,
        ts_fill: int,
        intended_price: int,
        price: int,
        qty: int,
        intended_qty: int,
        twap: bool,
    ) -> None:
        """An accepted fill (B-RTR-2); `intended_price` > 0 is what the order was meant to fill at, `intended_qty`
        what was asked for and not counted yet: 0 for all fills of an order but the first. The drift moves once
        per order, so that a fill that comes in two parts changes counts only."""
        self.event(ts_fill)
        slippage = div_half_even(abs(price - intended_price) * 10_000 * _BPS, intended_price)
        fill = _Fill(
            symbol,
            slippage,
            max(0, ts_fill - ts_sent),
            money(price, qty),
            money(intended_price, intended_qty),
            twap,
        )
        sums = self._sums.get(symbol)
        if sums is None:
            sums = self._sums[symbol] = _Sums()
        sums.count(fill, 1)
        if intended_qty or sums.drift is None:
            bps, alpha = slippage / _BPS, self._settings.drift_alpha
            sums.drift = bps if sums.drift is None else q6(alpha * bps + (1.0 - alpha) * sums.drift)
        sums.last_order_ts = max(sums.last_order_ts, ts_sent)
        sums.last_fill_ts = max(sums.last_fill_ts, ts_fill)
        self._seq += 1
        heappush(self._window, (ts_fill, self._seq, fill))
        self._changed[symbol] = None

    def quality(self, symbol: str) -> float | None:
        """The symbol's score in the last snapshot, or None (B-LOOP-4)."""
        row = self._rows.get(symbol)
        return None if row is None else row.score

    def slippage_p50(self) -> dict[str, float]:
        """The median slippage in bps of each symbol's fills in the window (B-HYB-1); for intel runs."""
        seen: dict[str, list[int]] = {}
        for _, _, fill in self._window:
            seen.setdefault(fill.symbol, []).append(fill.slippage)
        medians = {}
        for symbol, slippages in seen.items():
            slippages.sort()
            middle = len(slippages) // 2
            medians[symbol] = q6((slippages[middle] + slippages[~middle]) / (2 * _BPS))
        return medians

    def snapshot(self, ts: int) -> RouterPart:
        """S8 at `ts`: fills of age <= the window; without one the score is None (B-RTR-3, 4, 7)."""
        oldest = ts - int(self._settings.window_s * 1_000_000)
        window = self._window
        while window and window[0][0] < oldest:
            fill = heappop(window)[2]
            self._sums[fill.symbol].count(fill, -1)
            self._changed[fill.symbol] = None
        self.maker.trim(oldest)
        if self._changed or self.maker.changed:
            for symbol in self._changed:
                sums = self._sums[symbol]
                if sums.events:
                    self._rows[symbol] = _row(symbol, sums)
                else:
                    self._rows.pop(symbol, None)
            self._changed.clear()
            part = _aggregate(tuple(self._rows[symbol] for symbol in sorted(self._rows)))
            off, ratio = self.maker.figures()
            self._part = replace(part, maker_off=off, fallback_ratio=ratio) if ratio else part
            self.maker.changed = False
        return self._part

    def may_make(self, symbol: str, ts: int) -> bool:
        """B-RTR-11: quality not broken, and no fallback of the symbol in the window."""
        row = self._rows.get(symbol)
        if row is not None and row.score < BROKEN:
            return False
        return not self.maker.is_off(symbol, ts, self._settings.window_s)


def _row(symbol: str, sums: _Sums) -> RouterRow:
    weight = sums.notional
    slippage, latency = sums.weighted_slippage, sums.weighted_latency
    if not weight:
        weight, slippage, latency = sums.events, sums.slippage, sums.latency
    drift = sums.drift or 0.0
    latency_ms = q3(latency / (weight * _MS))
    router, slow, off = liquidity_class(symbol), latency_bucket(latency_ms), slippage_bucket(drift)
    twap_ratio = fraction(sums.twap_notional, sums.notional)
    if sums.children and not sums.twap_intended:
        fill_ratio = 1.0
    else:
        fill_ratio = fraction(sums.twap_notional, sums.twap_intended)
    return RouterRow(
        symbol=symbol,
        score=quality_score(router, off, slow, twap_ratio),
        slippage_bps=q6(slippage / (weight * _BPS)),
        drift_bps=drift,
        latency_ms=latency_ms,
        slippage_bucket=off,
        latency_bucket=slow,
        router_bucket=router,
        twap_ratio=twap_ratio,
        twap_notional=sums.twap_notional,
        total_notional=sums.notional,
        child_count=sums.children,
        child_fill_ratio=fill_ratio,
        events=sums.events,
        last_order_ts=sums.last_order_ts,
        last_fill_ts=sums.last_fill_ts,
    )


def _weighted(values: Sequence[float], weights: Sequence[int], total: int) -> float:
    result = 0.0
    for value, weight in zip(values, weights, strict=True):
        result += value * weight
    return result / total


def _aggregate(rows: tuple[RouterRow, ...]) -> RouterPart:
    """Global values from the published rows (B-RTR-7) and the counts of B-RTR-8."""
    if not rows:
        return RouterPart((), None, 0.0, 0.0, 0.0, "GREEN", "FAST", "B_MEDIUM", 0.0, 0, 0, 0, 0)
    weights = [row.total_notional or USD for row in rows]  # without notional one dollar's worth
    total = sum(weights)  # ints
    by_class = dict.fromkeys(_CLASSES, 0)
    for row, weight in zip(rows, weights, strict=True):
        by_class[row.router_bucket] += weight
    router = max(_CLASSES, key=by_class.__getitem__)
    drift = q6(_weighted([row.drift_bps for row in rows], weights, total))
    latency = q3(_weighted([row.latency_ms for row in rows], weights, total))
    off, slow = slippage_bucket(drift), latency_bucket(latency)
    twap_notional = sum(row.twap_notional for row in rows)  # ints
    twap_ratio = fraction(twap_notional, sum(row.total_notional for row in rows))  # ints
    good = ok = degraded = broken = 0
    for row in rows:
        if row.score >= 0.9:
            good += 1
        elif row.score >= 0.5:
            ok += 1
        elif row.score >= BROKEN:
            degraded += 1
        else:
            broken += 1
    return RouterPart(
        rows=rows,
        score=quality_score(router, off, slow, twap_ratio),
        slippage_bps=q6(_weighted([row.slippage_bps for row in rows], weights, total)),
        drift_bps=drift,
        latency_ms=latency,
        slippage_bucket=off,
        latency_bucket=slow,
        router_bucket=router,
        twap_ratio=twap_ratio,
        good=good,
        ok=ok,
        degraded=degraded,
        broken=broken,
    )
