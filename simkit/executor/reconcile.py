"""The reconciliation of positions, ledger and registry (B-LED-4 to B-LED-7), counts only.

Comes in: this loop's rows, ledger and registry as they are published. Goes out: `Reconciliation`. May
import `core`, `executor.ledger`, `executor.state`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simkit.core.numeric import fraction
from simkit.exchange.orders import VenuePort
from simkit.executor.ledger import Ledger, Registry
from simkit.executor.quotes import price_of
from simkit.executor.state import LedgerEntry, PositionRow, Reconciliation, RegistryEntry

#: B-LED-7, inclusive; a fraction of the entry price.
UNDERWATER = -0.02


def reconcile(
    rows: Sequence[PositionRow],
    ledger: Mapping[str, LedgerEntry],
    registry: Mapping[str, RegistryEntry],
    venue: VenuePort,
    legacy: frozenset[str],
) -> Reconciliation:
    """Compare P (rows), L (ledger) and R (registry); coverage is a fraction, 0.0 on a flat book."""
    positions = {row.key: row for row in rows}
    if "D-14" in legacy:
        ledger = _rebuilt(rows, registry)
    missing_ledger = len([key for key in positions if key not in ledger])
    ghosts = len([key for key in ledger if key not in positions])
    stale = len([key for key in registry if key not in positions])
    bare = [entry for key, entry in ledger.items() if not (_covered(entry) and _covered(registry.get(key)))]
    counted = ledger if "D-37" in legacy else positions
    registered = len([key for key in counted if _covered(ledger.get(key))])
    return Reconciliation(
        open_positions=len(positions),
        registered=registered,
        missing=len(bare) + missing_ledger,
        underwater=len([entry for entry in bare if _underwater(entry, venue)]),
        coverage=fraction(registered, len(positions)),
        mismatch=bool(missing_ledger or ghosts or bare or stale),
        missing_ledger=missing_ledger,
        ghost_ledger=ghosts,
        missing_tp_sl=len(bare),
        stale_tp_sl=stale,
    )


def _covered(entry: LedgerEntry | RegistryEntry | None) -> bool:
    return entry is not None and (entry.tp is not None or entry.sl is not None)


def _underwater(entry: LedgerEntry, venue: VenuePort) -> bool:
    """B-LED-7: an uncovered entry that has lost 2 % or more; without a price it is not counted."""
    last = price_of(venue, entry.symbol)
    if last is None or entry.entry <= 0:
        return False
    gain = last - entry.entry if entry.side == "LONG" else entry.entry - last
    return fraction(gain, entry.entry) <= UNDERWATER


def _rebuilt(rows: Sequence[PositionRow], registry: Mapping[str, RegistryEntry]) -> dict[str, LedgerEntry]:
    """The system's ledger: S3 with the registry's levels, so that it can never differ from S3."""
    scratch = Ledger()
    scratch.build(0, tuple(rows), Registry(registry))
    return scratch.entries
