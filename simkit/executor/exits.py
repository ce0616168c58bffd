"""The exit scanner (B-EXIT-1 to B-EXIT-4).

Comes in: the ledger as the previous loop left it, this loop's prices. Goes out: reduce-only market
orders. May import `exchange.orders`, `executor.quotes`, `executor.state`.

Exits pass no risk gate and are not held by the kill switch (B-EXIT-6, D-16). B-EXIT-5 has no occasion here:
the system reads and parses two files in every scan, which may fail; this scan walks frozen entries of whole
numbers in memory, which cannot. Files are read at start-up only, where a broken one counts as none.
"""

from __future__ import annotations

from collections.abc import Sequence

from simkit.exchange.orders import Order, VenuePort
from simkit.executor.quotes import price_of
from simkit.executor.state import LedgerEntry


def scan(loop: int, ledger: Sequence[LedgerEntry], venue: VenuePort) -> list[Order]:
    """One order per entry whose level is reached, TP tested first, for the full ledger quantity
    (B-EXIT-3). An entry without a price is left alone (B-EXIT-4)."""
    found = []
    for entry in ledger:
        tp, sl = entry.tp, entry.sl
        if tp is None and sl is None:
            continue
        last = price_of(venue, entry.symbol)
        if last is None:
            continue
        if entry.side == "LONG":
            take, stop = tp is not None and last >= tp, sl is not None and last <= sl
        else:
            take, stop = tp is not None and last <= tp, sl is not None and last >= sl
        if take or stop:
            name = f"x-{loop}-{entry.key}"
            found.append(Order(
                name, name, entry.symbol, "SELL" if entry.side == "LONG" else "BUY", entry.side, entry.qty,
                True, "tp" if take else "sl",
            ))  # fmt: skip
    return found
