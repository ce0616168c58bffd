"""Builders of S1 nav, S3 positions_state, S4 positions_ledger and AUX-1, the TP/SL registry file.

Comes in: `ExecutorState`, scaled integers. Goes out: shapes, USD and base units.
May import `core`, `contract` and `executor.state`.
"""

from __future__ import annotations

from typing import Literal, cast

from msgspec import UNSET

from simkit.contract.shapes import auxiliary, book
from simkit.contract.shapes.base import Side
from simkit.core.clock import epoch_s
from simkit.core.numeric import PRICE, QTY, USD
from simkit.executor import state as st
from simkit.surfaces.stamp import stamp

LEDGER_VERSION = "v1"
_SOURCES: dict[str, Literal["ledger_sync", "startup_seed"]] = {
    "ledger_sync": "ledger_sync",
    "startup_seed": "startup_seed",
}


class BrokenRowError(ValueError):
    """A position row with a quantity but no entry or mark price: S3 is not written then (B-POS-4)."""


def price(count: int | None) -> float | None:
    """A price in USD, or None."""
    return None if count is None else count / PRICE


def money(count: int | None) -> float | None:
    """Money in USD, or None."""
    return None if count is None else count / USD


def nav(state: st.ExecutorState) -> book.Nav:
    """S1. `nav` is wallet plus open PnL (A-09); off-exchange holdings count in `aum.total` only."""
    part, now = state.nav, stamp(state.ts)
    equity = part.nav / USD
    total = part.nav
    off_exchange = {}
    for row in part.off_exchange:
        total += row.usd_value or 0
        off_exchange[row.asset] = book.OffExchange(
            avg_cost=row.avg_cost / PRICE,
            mark=price(row.mark),
            qty=row.qty / QTY,
            usd_value=money(row.usd_value),
        )
    return book.Nav(
        aum=book.Aum(futures=equity, offexchange=off_exchange, total=total / USD),
        exec_stats=_exec_stats(state.stats),
        nav=equity,
        nav_detail=book.NavDetail(
            breakdown={"unrealized_pnl": part.unrealized / USD, "wallet": part.wallet / USD},
            fresh=part.fresh,
            source=part.source,
        ),
        nav_total=equity,
        nav_usd=equity,
        updated_at=now,
        updated_ts=now,
    )


def _exec_stats(stats: st.ExecStats) -> book.ExecStats:
    return book.ExecStats(
        attempted_24h=stats.attempted,
        executed_24h=stats.executed,
        fill_rate=stats.fill_rate,
        top_vetoes=[book.VetoCount(count=count, reason=reason) for reason, count in stats.top_vetoes],
        vetoes_24h=stats.vetoes,
    )


def positions_state(state: st.ExecutorState) -> book.PositionsState:
    """S3. Raises BrokenRowError on a row with qty != 0 and no entry or mark price (B-POS-4)."""
    now = stamp(state.ts)
    return book.PositionsState(
        positions=[_position(row) for row in state.positions], updated_at=now, updated_ts=now
    )


def _position(row: st.PositionRow) -> book.PositionRow:
    if row.qty and (row.entry <= 0 or row.mark <= 0):
        raise BrokenRowError(
            f"{row.key}: entry {row.entry / PRICE}, mark {row.mark / PRICE}: both must be > 0"
        )
    return book.PositionRow(
        entry_price=row.entry / PRICE,
        mark_price=row.mark / PRICE,
        notional=row.notional / USD,
        qty=row.qty / QTY,
        realized_pnl=row.realized / USD,
        side=cast(Side, row.told or row.side),
        symbol=row.symbol,
        unrealized_pnl=row.unrealized / USD,
    )


def positions_ledger(state: st.ExecutorState) -> book.PositionsLedger:
    """S4. `tp_sl_levels` copies the registry's levels, stale keys included (A-17)."""
    now = stamp(state.ts)
    return book.PositionsLedger(
        entries=[_ledger_entry(entry) for entry in state.ledger],
        metadata=book.LedgerMetadata(entry_count=len(state.ledger), version=LEDGER_VERSION),
        tp_sl_levels={
            key: book.Levels(sl=price(entry.sl), tp=price(entry.tp)) for key, entry in state.registry.items()
        },
        updated_at=now,
        updated_ts=now,
    )


def _ledger_entry(entry: st.LedgerEntry) -> book.LedgerEntry:
    return book.LedgerEntry(
        created_ts=epoch_s(entry.created_ts),
        entry_price=entry.entry / PRICE,
        position_key=entry.key,
        qty=entry.qty / QTY,
        side=entry.side,
        sl=price(entry.sl),
        symbol=entry.symbol,
        tp=price(entry.tp),
        updated_ts=epoch_s(entry.updated_ts),
    )


def registry_entry(entry: st.RegistryEntry) -> auxiliary.RegistryEntry:
    """One entry of AUX-1; `source` is left out where the levels came with an entry fill."""
    return auxiliary.RegistryEntry(
        entry_price=entry.entry / PRICE if entry.entry else UNSET,
        position_side=entry.side,
        qty=entry.qty / QTY if entry.qty else UNSET,
        registered_at=epoch_s(entry.registered_at),
        source=_SOURCES.get(entry.source, UNSET),
        stop_loss_price=price(entry.sl),
        strategy=entry.strategy or UNSET,
        symbol=entry.symbol,
        take_profit_price=price(entry.tp),
    )


def registry_file(state: st.ExecutorState) -> auxiliary.TpSlRegistryFile:
    """AUX-1 `position_tp_sl.json`, what the executor reads back at its next start."""
    return auxiliary.TpSlRegistryFile(
        entries={key: registry_entry(entry) for key, entry in state.registry.items()},
        updated_at=epoch_s(state.ts),
    )
