"""Scripted intents: their size and the orders that carry them out.

Comes in: `Signal`s, marks. Goes out: quantities and `Order`s. May import `core`, `exchange.orders`,
`scenario.model`.

An entry is BUY for LONG and SELL for SHORT, a close the reverse and reduce-only. Order ids are the
intent's id, with a child number where the order is sliced; the desk sends slices in their time.
"""

from __future__ import annotations

from simkit.core.numeric import USD, money, qty_for
from simkit.core.settings import RouterSettings
from simkit.exchange.orders import Buy, Order
from simkit.scenario.model import Signal

#: B-RTR-9: a slice is worth at least this much.
MIN_SLICE_USD = 25.0


def size(signal: Signal, mark: int, open_qty: int) -> int:
    """The quantity in 1e-8 base units: as scripted, what `usd` buys at the mark, or all that is open
    (a full close)."""
    if signal.qty is not None:
        return signal.qty
    return open_qty if signal.usd is None else qty_for(signal.usd, mark)


def least(min_notional: int, mark: int | None) -> int:
    """D-36: the smallest quantity that is worth the venue's minimum of micro-USD; at least one quantum."""
    if not mark:
        return 1
    qty = qty_for(min_notional, mark)
    return max(1, qty if money(mark, qty) >= min_notional else qty + 1)


def orders(signal: Signal, qty: int, mark: int, router: RouterSettings) -> list[Order]:
    """The orders of one intent: one, or the slices of a TWAP (B-RTR-9) that add up to `qty`."""
    opening = signal.action == "open"
    side: Buy = "BUY" if (signal.side == "LONG") == opening else "SELL"
    slices = _slices(signal, money(mark, qty), router)
    share = qty // slices
    return [
        Order(
            f"{signal.intent_id}-{child}" if slices > 1 else signal.intent_id,
            signal.intent_id, signal.symbol, side, signal.side,
            share if child < slices else qty - share * (slices - 1),
            not opening, "entry" if opening else "close", signal.limit, slices > 1,
        )
        for child in range(1, slices + 1)
    ]  # fmt: skip


def _slices(signal: Signal, notional: int, router: RouterSettings) -> int:
    if not (signal.twap or router.twap) or signal.limit is not None or notional < router.twap_min_usd * USD:
        return 1
    slices = router.twap_slices
    while slices > 1 and notional < slices * MIN_SLICE_USD * USD:
        slices -= 1
    return max(slices, 1)
