"""S1 nav, S2 nav_state, S3 positions_state, S4 positions_ledger.

Comes in: nothing. Goes out: Structs. May import msgspec, `contract.units` and `contract.shapes.base`.
"""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from simkit.contract.shapes.base import NavSource, Shape, Side
from simkit.contract.units import Count, Epoch, Fraction, Iso, Percent, Price, Qty, Seconds, Usd

# S1 nav.json -----------------------------------------------------------------------------------------------


class OffExchange(Shape, kw_only=True):
    avg_cost: Price
    mark: Price | None
    qty: Qty
    usd_value: Usd | None


class Aum(Shape, kw_only=True):
    futures: Usd
    offexchange: dict[str, OffExchange]
    total: Usd


class VetoCount(Shape, kw_only=True):
    count: Count
    reason: str


class Heartbeats(Shape, kw_only=True):
    executor_live: Iso | None
    sync_daemon: Iso | None


class ExecStats(Shape, kw_only=True):
    attempted_24h: Count | UnsetType = UNSET
    executed_24h: Count | UnsetType = UNSET
    fill_rate: Fraction | UnsetType = UNSET
    last_heartbeats: Heartbeats | UnsetType = UNSET
    top_vetoes: list[VetoCount] | UnsetType = UNSET
    vetoes_24h: Count | UnsetType = UNSET


class Conversion(Shape, kw_only=True):
    amount: Qty
    price: Price
    value_usd: Usd


class NavDetail(Shape, kw_only=True):
    breakdown: dict[str, Usd] | UnsetType = UNSET
    conversions: dict[str, Conversion] | UnsetType = UNSET
    fresh: bool | UnsetType = UNSET
    source: NavSource | UnsetType = UNSET


class Nav(Shape, kw_only=True):
    """S1. `nav_detail.breakdown` holds `wallet` and `unrealized_pnl`; their sum is `nav` (A-09)."""

    aum: Aum | UnsetType = UNSET
    exec_stats: ExecStats | UnsetType = UNSET
    nav: Usd
    nav_detail: NavDetail | UnsetType = UNSET
    nav_total: Usd | UnsetType = UNSET
    nav_usd: Usd
    updated_at: Iso | UnsetType = UNSET
    updated_ts: Iso


# S2 nav_state.json -----------------------------------------------------------------------------------------


class NavState(Shape, kw_only=True):
    """S2, the mirror of S1 by sync_state. `drawdown` is a percent (0..100)."""

    age_s: Seconds | UnsetType = UNSET
    aum: Aum
    drawdown: Percent | None
    drawdown_abs: Usd | UnsetType = UNSET
    drawdown_pct: Percent | UnsetType | None = UNSET
    gross_exposure: Usd | UnsetType = UNSET
    largest_position_value: Usd | UnsetType = UNSET
    lkg: bool | UnsetType = UNSET
    nav: Usd | UnsetType = UNSET
    nav_usd: Usd | UnsetType = UNSET
    net_exposure: Usd | UnsetType = UNSET
    peak_equity: Usd | UnsetType = UNSET
    realized_pnl_today: Usd | UnsetType = UNSET
    synced_ts: Iso | UnsetType = UNSET
    total_equity: Usd
    updated_at: Iso | UnsetType = UNSET
    updated_ts: Iso


# S3 positions_state.json -----------------------------------------------------------------------------------


class PositionRow(Shape, kw_only=True):
    """One open position. `qty` is signed: LONG > 0, SHORT < 0 (A-12); `notional` is not."""

    entry_price: Price
    mark_price: Price
    notional: Usd
    qty: Qty
    realized_pnl: Usd | None
    side: Side
    symbol: str
    unrealized_pnl: Usd


class PositionsState(Shape, kw_only=True):
    """S3."""

    positions: list[PositionRow]
    updated_at: Iso
    updated_ts: Iso | UnsetType = UNSET


# S4 positions_ledger.json ----------------------------------------------------------------------------------


class Levels(Shape, kw_only=True):
    sl: Price | None
    tp: Price | None


class LedgerEntry(Shape, kw_only=True):
    """One ledger entry. `qty` is absolute; `created_ts` and `updated_ts` are epoch seconds."""

    created_ts: Epoch | None
    entry_price: Price
    position_key: str | UnsetType = UNSET
    qty: Qty
    side: Side
    sl: Price | None
    symbol: str
    tp: Price | None
    updated_ts: Epoch | None


class LedgerMetadata(Shape, kw_only=True):
    entry_count: Count
    version: str | UnsetType = UNSET


class PositionsLedger(Shape, kw_only=True):
    """S4. `tp_sl_levels` is an exact copy of the registry's levels, stale keys included (A-17)."""

    entries: list[LedgerEntry]
    metadata: LedgerMetadata
    tp_sl_levels: dict[str, Levels]
    updated_at: Iso
    updated_ts: Iso | UnsetType = UNSET
