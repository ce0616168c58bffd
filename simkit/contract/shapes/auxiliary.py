"""AUX-1 the TP/SL registry, AUX-2 the manifest, AUX-3 the engine metadata, AUX-7 the peak file, and the two logs'
lines.

Comes in: nothing. Goes out: Structs. May import msgspec, `contract.units` and `contract.shapes.base`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from simkit.contract.shapes.base import Shape, Side
from simkit.contract.units import Epoch, Iso, Price, Qty, Usd


class RegistryEntry(Shape, kw_only=True):
    """Levels of one position key; null levels are legal and are not seeded again (B-LED-3)."""

    enable_tp_sl: bool = True
    entry_price: Price | UnsetType = UNSET
    position_side: Side
    qty: Qty | UnsetType = UNSET
    registered_at: Epoch | UnsetType = UNSET
    source: Literal["ledger_sync", "startup_seed"] | UnsetType = UNSET
    stop_loss_price: Price | None
    strategy: str | UnsetType = UNSET
    symbol: str
    take_profit_price: Price | None


class TpSlRegistryFile(Shape, kw_only=True):
    """AUX-1 `position_tp_sl.json`, keys `SYMBOL:SIDE`."""

    entries: dict[str, RegistryEntry]
    updated_at: Epoch


class ManifestEntry(Shape, kw_only=True):
    """One registered surface. The contract asks for path, owner and description; without a frequency
    freshness is not judged."""

    description: Annotated[str, Meta(min_length=1)]
    owner: Annotated[str, Meta(min_length=1)]
    path: Annotated[str, Meta(min_length=1)]
    update_frequency: Literal["per_loop", "per_sync", "per_intel"] | UnsetType = UNSET


class Manifest(Shape, kw_only=True):
    """AUX-2 `v7_manifest.json`. The names of the entries are free; a surface is found by its path (A-45)."""

    diagnostics: dict[str, bool] | UnsetType = UNSET
    docs_version: Literal["v7.6"]
    state_files: dict[str, ManifestEntry]


class EngineMetadata(Shape, kw_only=True):
    """AUX-3. engine_version, git_commit, run_id and hostname are identity fields."""

    engine_version: str
    env: str
    git_commit: str
    hostname: str
    run_id: str
    status: str
    updated_ts: Iso


class PeakState(Shape, kw_only=True):
    """AUX-7 `logs/cache/peak_state.json`: `day` counts from 1970-01-01 and began at `daily_ts` with `daily_nav`."""

    daily_nav: Usd
    daily_peak: Usd
    daily_ts: Epoch
    day: int
    peak_nav: Usd
    peak_ts: Epoch
    realized_pnl_today: Usd
    reset_timezone: Literal["UTC"]
    updated_at: Epoch


class LogLine(Shape, kw_only=True):
    """Head of every JSONL line; pid and hostname are identity fields."""

    event_type: str
    hostname: str
    pid: int
    ts: Iso


class OrderAck(Shape, kw_only=True):
    client_order_id: str = field(name="clientOrderId")
    event_type: Literal["order_ack"] = "order_ack"
    hostname: str
    intent_id: str
    order_id: str = field(name="orderId")
    order_type: str
    pid: int
    position_side: Side
    reduce_only: bool
    request_qty: Qty
    side: Literal["BUY", "SELL"]
    status: str
    symbol: str
    ts: Iso
    ts_ack: Iso


class OrderFill(Shape, kw_only=True):
    avg_price: Price = field(name="avgPrice")
    client_order_id: str = field(name="clientOrderId")
    event_type: Literal["order_fill"] = "order_fill"
    executed_qty: Qty = field(name="executedQty")
    fee_asset: str = field(name="feeAsset")
    fee_total: Usd
    hostname: str
    intent_id: str
    order_id: str = field(name="orderId")
    pid: int
    position_side: Side
    reason: str
    side: Literal["BUY", "SELL"]
    status: str
    symbol: str
    trade_ids: list[str] = field(name="tradeIds")
    ts: Iso
    ts_fill_first: Iso
    ts_fill_last: Iso


class OrderClose(Shape, kw_only=True):
    client_order_id: str = field(name="clientOrderId")
    event_type: Literal["order_close"] = "order_close"
    fees_total: Usd
    hostname: str
    order_id: str = field(name="orderId")
    pid: int
    position_side: Side
    position_size_after: Qty
    position_size_before: Qty
    realized_pnl_usd: Usd = field(name="realizedPnlUsd")
    symbol: str
    ts: Iso
    ts_close: Iso


class VetoDetail(Shape, kw_only=True):
    gate: str
    observations: dict[str, float]
    reasons: list[str]
    thresholds: dict[str, float]


class RiskVeto(Shape, kw_only=True):
    event_type: Literal["risk_veto"] = "risk_veto"
    hostname: str
    intent_id: str
    original_reason: str
    pid: int
    qty_req: Qty
    signal_ts: Iso
    strategy: str
    symbol: str
    ts: Iso
    veto_detail: VetoDetail
    veto_reason: str
