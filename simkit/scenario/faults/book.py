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


class LedgerQty(Acting, frozen=True, tag="ledger_qty"):
    """The ledger's entry of an open position has another quantity. Exits are sent for what the ledger says
    (B-EXIT-3)."""

    symbol: str
    side: Side
    qty: int


class LevelsDropped(Acting, frozen=True, tag="levels_dropped"):
    """The registry loses a key when the sync is over; the next sync seeds it anew (B-LED-3)."""

    symbol: str
    side: Side


class CountersReset(Acting, frozen=True, tag="counters_reset"):
    """The counters of vetoes, signals and orders and the times of the last of each start anew, without a restart
    (INV-D04)."""


class PublishWrong(Acting, frozen=True, tag="publish_wrong"):
    """The writer of a surface publishes one wrong value; what it knows and does stays right.

    `field` is the full path in the contract. `value` is JSON as published, with `NaN` and `Infinity`; empty: the key,
    entry or row is left out."""

    field: str
    value: str


class RegistryLevels(Acting, frozen=True, tag="registry_levels"):
    """The registry's levels of a key are overwritten (B-LED-11): inverted or, without a position, orphaned ones."""

    symbol: str
    side: Side
    tp: int | None
    sl: int | None
