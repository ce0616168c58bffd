"""The types that the market hands to the venue and the executor.

Comes in: nothing. Goes out: `Tick` and `Bars`. May import msgspec.
"""

from __future__ import annotations

from msgspec import Struct


class Tick(Struct, frozen=True, gc=False):
    """One symbol in one loop. Prices count 1e-8 USD; `mark` equals `close` unless a fault says otherwise, and
    is None while the market gives no mark. `low_first` is true when the bar passed its low before its
    high."""

    symbol: str
    open: int
    high: int
    low: int
    close: int
    mark: int | None
    low_first: bool = True


class Bars(Struct, frozen=True, gc=False):
    """One loop of the tape: a tick per symbol in the order of the universe. `label` is the date of a recorded
    bar (microseconds since 1970) or None: days roll by the label where there is one."""

    loop: int
    ticks: tuple[Tick, ...]
    label: int | None = None
