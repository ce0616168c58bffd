"""What an executor finds on disk when it starts: what its predecessor published, in scaled integers.

Comes in: the run's files. Goes out: `executor.port.Disk`. May import `core`, `contract` and `executor.port`.

Tolerant: a file that is missing, torn or ill-typed counts as none, and so does a part that cannot be used.
Scaling back is exact below 2**51 quanta (surfaces.md 1.0).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from simkit.contract import readers
from simkit.contract.shapes import auxiliary, book, health, intel
from simkit.contract.shapes.base import Shape
from simkit.contract.table import ORDERS_LOG, STATE, VETO_LOG
from simkit.core.clock import MICROSECONDS
from simkit.core.numeric import PRICE, QTY, USD, NonFinite, scaled
from simkit.executor.port import Confirmed, Disk, PastClose
from simkit.executor.state import LedgerEntry, PositionRow, RegistryEntry
from simkit.surfaces import peak_file
from simkit.surfaces.activity import filled_slices, past_loops, read_log
from simkit.surfaces.failure import Readable

S = TypeVar("S", bound=Shape)

_CLOSE = msgspec.json.Decoder(auxiliary.OrderClose)


def published(door: Readable, stem: str, shape: type[S]) -> S | None:
    """A published document, or None when the file is missing, unreadable or not of that shape."""
    try:
        document = readers.decode(stem, door.read(f"{STATE}/{stem}.json"))
    except OSError:
        return None
    return document if isinstance(document, shape) else None


def read_disk(door: Readable, run: int) -> Disk:
    """All that survives the executor's death (B-RST-2); `run` counts the executors of this run from 1."""
    nav = published(door, "nav", book.Nav)
    risk = published(door, "risk_snapshot", health.RiskSnapshot)
    factors = published(door, "factor_diagnostics", intel.FactorDiagnostics)
    scores = published(door, "symbol_scores_v6", intel.SymbolScores)
    orders = read_log(door, ORDERS_LOG)
    disk = Disk(
        run,
        registry=_registry(published(door, readers.REGISTRY, auxiliary.TpSlRegistryFile)),
        positions=_positions(published(door, "positions_state", book.PositionsState)),
        ledger=_ledger(published(door, "positions_ledger", book.PositionsLedger)),
        last_nav=None if nav is None else _count(nav.nav, USD),
        confirmed=_confirmed(nav, risk),
        kept=peak_file.read(door),
        factor_weights=None if factors is None else factors.weights or None,
        failing=()
        if scores is None
        else tuple([r.symbol for r in scores.symbols if not r.hybrid.passes_emission]),
        closes=_closes(orders),
        activity=past_loops(orders, read_log(door, VETO_LOG)),
        slices=filled_slices(orders),
    )
    return disk if risk is None else _with_risk(disk, risk)


def _confirmed(nav: book.Nav | None, risk: health.RiskSnapshot | None) -> Confirmed | None:
    """The NAV that was read live last: nav.json's own where it is live; a cached one is as old as the risk snapshot
    says."""
    if nav is None or nav.nav_detail is UNSET or nav.nav_detail.breakdown is UNSET:
        return None
    parts, ts = nav.nav_detail.breakdown, readers.parse_time(nav.updated_ts)
    if nav.nav_detail.source == "cache":
        ts = _last_live(risk)
    elif nav.nav_detail.source != "live":
        ts = None
    if ts is None or "wallet" not in parts or "unrealized_pnl" not in parts:
        return None
    return Confirmed(
        scaled(nav.nav, USD), scaled(parts["wallet"], USD), scaled(parts["unrealized_pnl"], USD), ts
    )


def _last_live(risk: health.RiskSnapshot | None) -> int | None:
    if risk is None or risk.nav_health is UNSET or not risk.nav_health.sources_ok:
        return None
    at, age = readers.parse_time(risk.updated_ts), _count(risk.nav_health.age_s, MICROSECONDS)
    return None if at is None or age is None else at - age


def _with_risk(disk: Disk, risk: health.RiskSnapshot) -> Disk:
    state = risk.dd_state
    return replace(
        disk,
        last_dd_state=state.state,
        last_dd_since=readers.parse_time(state.since_ts),
        last_transitions=0 if state.transitions is UNSET else state.transitions,
        last_dd_pct=risk.drawdown.dd_pct,
    )


def _registry(file: auxiliary.TpSlRegistryFile | None) -> dict[str, RegistryEntry] | None:
    """The entries by key, sorted. Null levels stay null: such a key is not seeded again (B-LED-3)."""
    if file is None:
        return None
    return {
        key: RegistryEntry(
            entry.symbol,
            entry.position_side,
            _count(entry.take_profit_price, PRICE),
            _count(entry.stop_loss_price, PRICE),
            _count(entry.entry_price, PRICE) or 0,
            _count(entry.qty, QTY) or 0,
            _count(entry.registered_at, MICROSECONDS) or 0,
            "" if entry.source is UNSET else entry.source,
            "" if entry.strategy is UNSET else entry.strategy,
        )
        for key, entry in sorted(file.entries.items())
    }


def _closes(orders: Sequence[bytes]) -> tuple[PastClose, ...]:
    """The closes in the log of executed orders (B-FAC-7); a line that is torn or ill-typed counts as none."""
    found: list[PastClose] = []
    for line in orders:
        if b"order_close" not in line:
            continue
        try:
            event = _CLOSE.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        at, pnl, fees = (
            readers.parse_time(event.ts_close),
            _count(event.realized_pnl_usd, USD),
            _count(event.fees_total, USD),
        )
        if at is not None and pnl is not None and fees is not None:
            found.append(PastClose(at, event.symbol, event.position_side, pnl, fees))
    return tuple(found)


def _positions(file: book.PositionsState | None) -> tuple[PositionRow, ...] | None:
    """The rows of S3 that count as positions (B-LED-4), sorted by key."""
    if file is None:
        return None
    rows = [
        PositionRow(
            f"{row.symbol}:{row.side}",
            row.symbol,
            row.side,
            scaled(row.qty, QTY),
            scaled(row.entry_price, PRICE),
            scaled(row.mark_price, PRICE),
            scaled(row.unrealized_pnl, USD),
            _count(row.realized_pnl, USD) or 0,
            scaled(row.notional, USD),
        )
        for row in file.positions
        if row.qty and row.entry_price > 0.0
    ]
    return tuple(sorted(rows, key=lambda row: row.key))


def _ledger(file: book.PositionsLedger | None) -> dict[str, LedgerEntry] | None:
    """The entries of S4 by key, sorted; one without its times cannot be used."""
    if file is None:
        return None
    found: dict[str, LedgerEntry] = {}
    for entry in file.entries:
        created, updated = _count(entry.created_ts, MICROSECONDS), _count(entry.updated_ts, MICROSECONDS)
        if created is not None and updated is not None:
            key = f"{entry.symbol}:{entry.side}"
            found[key] = LedgerEntry(
                key,
                entry.symbol,
                entry.side,
                scaled(entry.qty, QTY),
                scaled(entry.entry_price, PRICE),
                _count(entry.tp, PRICE),
                _count(entry.sl, PRICE),
                created,
                updated,
            )
    return {key: found[key] for key in sorted(found)}


def _count(value: float | UnsetType | None, per_unit: int) -> int | None:
    """A published number as a count of 1/`per_unit`; None when it is absent."""
    if value is None or value is UNSET:
        return None
    try:
        return scaled(value, per_unit)
    except NonFinite:
        return None
