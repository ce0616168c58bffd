"""Faults of what the executor keeps and publishes: ledger, registry, counters.

Comes in: nothing. Goes out: one Struct per kind. May import `scenario.faults.base`. Prices and quantities count 1e-8.
The word of a kind (its tag), how it is written and what it attacks stand in `scenario/kinds_book.py`.
"""

from __future__ import annotations

from simkit.scenario.faults.base import Acting, Side


class GhostLedgerEntry(Acting, frozen=True, tag="ghost_ledger_entry"):
    """The ledger (and the registry, where named) gains an entry without a position."""

    symbol: str
    side: Side
    qty: int
    entry: int
    tp: int | None
    sl: int | None
    in_ledger: bool = True
    in_registry: bool = False


class MissingLedgerPosition(Acting, frozen=True, tag="missing_ledger_position"):
    """The ledger loses the entry of an open position."""

    symbol: str
    side: Side


class RegistryLevels(Acting, frozen=True, tag="registry_levels"):
    """The registry's levels of a key are overwritten (B-LED-11)."""

    symbol: str
    side: Side
    tp: int | None
    sl: int | None
