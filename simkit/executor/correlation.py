"""Correlation groups: who belongs to one and what share of NAV it holds (correlation_cap, INV-R20).

Comes in: symbols, position rows, NAV. Goes out: membership, gross shares as fractions. May import `core`,
`executor.state`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from simkit.core.numeric import fraction
from simkit.executor.state import PositionRow

#: Members by base asset (the baskets of B-RV-2); a configured group of another name has no members.
GROUP_MEMBERS: dict[str, tuple[str, ...]] = {
    "L1": ("BTC", "ETH", "SOL"),
    "alts": ("LTC", "LINK", "SUI"),
    "meme": ("DOGE", "WIF"),
}


@cache
def in_group(symbol: str, group: str) -> bool:
    """True when the symbol's base asset belongs to the group."""
    return symbol.removesuffix("USDT") in GROUP_MEMBERS.get(group, ())


def group_shares(
    rows: Sequence[PositionRow], nav: int, caps: Mapping[str, float]
) -> tuple[tuple[str, float, float], ...]:
    """(group, gross notional / NAV, cap) by name; shares are 0.0 while NAV is not > 0."""
    shares = []
    for name in sorted(caps):
        gross = sum([row.notional for row in rows if in_group(row.symbol, name)])  # ints
        shares.append((name, fraction(gross, nav) if nav > 0 else 0.0, caps[name]))
    return tuple(shares)
