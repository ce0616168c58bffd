"""What trading at this venue costs: spread, depth, fees, funding, delay and the share of an order that fills.

Comes in: a `VenueProfile`, random streams. Goes out: prices, fees and times in scaled integers. May import
`core` and `scenario.model`. Everything is zero at the ideal venue (B-LOOP-5). The assumptions stand in
docs/venue.md.
"""

from __future__ import annotations

from simkit.core.numeric import div_half_even, scaled
from simkit.core.prng import Streams
from simkit.scenario.model import VenueProfile

PPB = 10**9
_PPB_PER_BPS = PPB // 10**4
#: An order as large as `depth_usd` moves the price by this much (1 %), a smaller one in proportion.
DEPTH_MOVE_PPB = PPB // 100


class Costs:
    """A venue profile with its rates in integer parts per billion."""

    def __init__(self, profile: VenueProfile, streams: Streams) -> None:
        self.min_notional = profile.min_notional
        self._streams = streams
        self._taker = scaled(profile.taker_fee_bps, _PPB_PER_BPS)
        self._maker = scaled(profile.maker_fee_bps, _PPB_PER_BPS)
        self.spread_bps = profile.spread_bps
        self._spread = scaled(profile.spread_bps, _PPB_PER_BPS)
        self._depth_usd = profile.depth_usd
        self.usual_latency_us = profile.latency_us
        self._jitter_us = profile.latency_jitter_us
        self._fill_share = scaled(profile.max_fill_frac, PPB)
        self._funding = scaled(profile.funding_bps, _PPB_PER_BPS)
        self._funding_of = {symbol: scaled(bps, _PPB_PER_BPS) for symbol, bps in profile.funding_rates}
        self._funding_every = profile.funding_every if self._funding or self._funding_of else 0

    def quote(self, mark: int, direction: int, spread_bps: float | None = None) -> int:
        """The best price against an order in `direction` (+1 buys, -1 sells): the mark and half the
        spread, the venue's own or another."""
        spread = self._spread if spread_bps is None else scaled(spread_bps, _PPB_PER_BPS)
        return max(1, mark + direction * div_half_even(mark * spread, 2 * PPB))

    def taker_price(
        self, mark: int, direction: int, notional: int, slippage_ppb: int, spread_bps: float | None = None
    ) -> int:
        """The price of an immediate fill of `notional` micro-USD: the quote, moved by the order's own weight
        and by `slippage_ppb` of the mark."""
        quote = self.quote(mark, direction, spread_bps)
        if slippage_ppb:
            quote = max(1, quote + direction * div_half_even(mark * slippage_ppb, PPB))
        if not self._depth_usd:
            return quote
        return max(
            1, quote + direction * div_half_even(mark * notional * DEPTH_MOVE_PPB, self._depth_usd * PPB)
        )

    def fee(self, notional: int, maker: bool) -> int:
        """The fee on `notional` in micro-USD, half-even; negative where the venue pays a rebate."""
        return div_half_even(notional * (self._maker if maker else self._taker), PPB)

    def latency_us(self, symbol: str) -> int:
        """How long an order for `symbol` is under way; one draw of `latency/SYMBOL` where there is jitter."""
        if not self._jitter_us:
            return self.usual_latency_us
        return self.usual_latency_us + self._streams.stream(f"latency/{symbol}").below(self._jitter_us + 1)

    def portion(self, qty: int) -> int:
        """What one loop fills at most of an order of `qty`; at least one quantum, so that every order
        ends."""
        return qty if self._fill_share >= PPB else max(1, qty * self._fill_share // PPB)

    def funding_due(self, loop: int) -> bool:
        """True in every `funding_every`-th loop."""
        return self._funding_every > 0 and loop % self._funding_every == 0

    def funding_ppb(self, symbol: str) -> int:
        """The symbol's rate per payment, parts per billion; 0 at a venue without funding."""
        return self._funding_of.get(symbol, self._funding) if self._funding_every else 0

    @staticmethod
    def funding(ppb: int, notional: int, direction: int) -> int:
        """Received +, paid -: a long (`direction` +1) pays while the rate is positive, a short receives
        it."""
        return -direction * div_half_even(notional * ppb, PPB)
