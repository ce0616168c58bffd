"""What all shapes share: the base class and the words of the contract.

Comes in: nothing. Goes out: `Shape` and literal types. May import msgspec.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Side = Literal["LONG", "SHORT"]
DdWord = Literal["NORMAL", "DRAWDOWN", "RECOVERY"]
RiskWord = Literal["OK", "WARN", "DEFENSIVE", "HALTED"]
SlippageBucket = Literal["GREEN", "YELLOW", "RED"]
LatencyBucket = Literal["FAST", "NORMAL", "SLOW"]
RouterBucket = Literal["A_HIGH", "B_MEDIUM", "C_LOW", "GENERIC"]
NavSource = Literal[
    "live", "cache", "unavailable", "manual", "capital_base", "dry_run_simulated", "fallback_capital"
]


class Shape(Struct, kw_only=True, gc=False):
    """Base of every part of a surface."""
