"""Which symbols belong together (B-RV-2): the baskets of RV momentum and the correlation groups.

Comes in: symbols. Goes out: their base asset, their baskets. May import nothing.
"""

from __future__ import annotations

from functools import lru_cache

_QUOTES = ("USDT", "USDC", "BUSD", "USD")

#: Members by base asset. The correlation groups `L1` and `alts` are the baskets of those names.
BASKETS: dict[str, frozenset[str]] = {
    "l1": frozenset({"BTC", "ETH", "SOL"}),
    "alts": frozenset({"LTC", "LINK", "SUI"}),
    "meme": frozenset({"DOGE", "WIF"}),
}


@lru_cache(maxsize=4096)
def base_of(symbol: str) -> str:
    """`BTC` of `BTCUSDT`; a symbol without a known quote is its own base."""
    for quote in _QUOTES:
        if symbol.endswith(quote):
            return symbol.removesuffix(quote)
    return symbol


@lru_cache(maxsize=4096)
def baskets_of(symbol: str) -> tuple[str, ...]:
    """The baskets of a symbol, in the order l1, alts, meme."""
    base = base_of(symbol)
    return tuple(name for name, members in BASKETS.items() if base in members)
