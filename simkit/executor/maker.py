"""Maker attempts: when an intent may try to be one, at which price, and how often it came to nothing
(B-RTR-11).

Comes in: intents, quotes, outcomes. Goes out: yes or no, prices, counts for B-MODE-1. May import `core`,
`exchange.orders` and `scenario.model`.

An attempt is a post-only limit order at the near quote. One that would cross is refused and tried anew at once;
one that is not filled by the next loop is cancelled and priced anew. Either way an attempt has failed; after
the fourth, or when the market has run more than 5 bps away from where it stood at the first, the rest is taken.
A symbol on which that has happened is taken without an attempt until the fallback is older than the router's
window: its maker-first is off.
"""

from __future__ import annotations

from collections import deque

from simkit.core.numeric import div_half_even, q9, scaled
from simkit.core.settings import RouterSettings
from simkit.exchange.orders import Order
from simkit.scenario.model import Signal

_PPB = 10**9
_PPB_PER_BPS = 10**5
_MICROSECONDS = 10**6


def may_make(signal: Signal | None, order: Order, spread_bps: float, settings: RouterSettings) -> bool:
    """B-RTR-11, what intent, policy and market say; quality and earlier fallbacks are the statistics' to say.
    An exit asks for no attempt, so that no stop waits for one; an intent with a limit rests at it anyway."""
    return (
        signal is not None
        and signal.maker
        and settings.maker_first
        and not settings.taker_bias
        and spread_bps <= settings.maker_max_spread_bps
        and order.limit is None
        and order.qty > 0
    )


def near_quote(mark: int, spread_bps: float, order: Order) -> int:
    """The best price on the order's own side: half the spread below the mark for a BUY, above it for a SELL."""
    half = div_half_even(mark * scaled(spread_bps, _PPB_PER_BPS), 2 * _PPB)
    return max(1, mark - half) if order.side == "BUY" else mark + half


def has_run_away(order: Order, first_mark: int, mark: int, settings: RouterSettings) -> bool:
    """Whether the market has moved against the order by more than the allowed slip (strict)."""
    against = mark - first_mark if order.side == "BUY" else first_mark - mark
    return against * _PPB > scaled(settings.maker_max_slip_bps, _PPB_PER_BPS) * first_mark


class MakerStats:
    """How the maker attempts of the router's window ended: one outcome per intent, in order of time."""

    def __init__(self) -> None:
        self._outcomes: deque[tuple[int, str, bool]] = deque()
        self._count: dict[str, list[int]] = {}
        self._off: dict[str, int] = {}
        self.changed = False

    def ended(self, ts: int, symbol: str, *, fell_back: bool) -> None:
        """An attempt was filled, or what was left of it was taken."""
        self._outcomes.append((ts, symbol, fell_back))
        count = self._count.setdefault(symbol, [0, 0])
        count[0] += 1
        count[1] += fell_back
        if fell_back:
            self._off[symbol] = ts
        else:
            self._off.pop(symbol, None)
        self.changed = True

    def is_off(self, symbol: str, ts: int, window_s: float) -> bool:
        """Whether the symbol fell back within the window and has not been filled as maker since."""
        since = self._off.get(symbol)
        return since is not None and ts - since <= window_s * _MICROSECONDS

    def trim(self, oldest: int) -> None:
        """Forget what happened before `oldest`."""
        outcomes = self._outcomes
        while outcomes and outcomes[0][0] < oldest:
            _, symbol, fell_back = outcomes.popleft()
            count = self._count[symbol]
            count[0] -= 1
            count[1] -= fell_back
            if not count[0]:
                del self._count[symbol]
            if self._off.get(symbol, oldest) < oldest:
                del self._off[symbol]
            self.changed = True

    def maker_less_fallback(self) -> dict[str, float]:
        """By symbol: the share of its attempts that were filled as maker, less the share that fell back (B-HYB-1)."""
        return {
            symbol: q9(1.0 - 2.0 * fell / tried) for symbol, (tried, fell) in self._count.items() if tried
        }

    def figures(self) -> tuple[int, float]:
        """Symbols with maker-first off, and the mean over symbols of the share of attempts that fell back; 0.0
        without attempts."""
        if not self._count:
            return 0, 0.0
        ratio = 0.0
        for attempts, fallbacks in self._count.values():
            ratio += fallbacks / attempts
        return len(self._off), q9(ratio / len(self._count))
