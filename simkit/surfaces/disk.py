"""What an executor finds on disk when it starts: what its predecessor published, in scaled integers.

Comes in: the run's files. Goes out: `executor.port.Disk`. May import `core`, `contract` and `executor.port`.

Tolerant: a file that is missing, torn or ill-typed counts as none, and so does a part that cannot be used.
Scaling back is exact below 2**51 quanta (surfaces.md 1.0).
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from simkit.contract import readers
from simkit.contract.shapes import auxiliary, book, health, intel
from simkit.contract.shapes.base import Shape
from simkit.contract.table import ORDERS_LOG, STATE
from simkit.core.clock import MICROSECONDS
from simkit.core.files import Door
from simkit.core.numeric import PRICE, QTY, USD, NonFinite, scaled
from simkit.executor.port import Disk, PastClose
from simkit.executor.state import RegistryEntry

S = TypeVar("S", bound=Shape)

_CLOSE = msgspec.json.Decoder(auxiliary.OrderClose)


def published(door: Door, stem: str, shape: type[S]) -> S | None:
    """A published document, or None when the file is missing, unreadable or not of that shape."""
    try:
        document = readers.decode(stem, door.read(f"{STATE}/{stem}.json"))
    except OSError:
        return None
    return document if isinstance(document, shape) else None


def read_disk(door: Door, run: int) -> Disk:
    """All that survives the executor's death (B-RST-2); `run` counts the executors of this run from 1."""
    nav = published(door, "nav", book.Nav)
    risk = published(door, "risk_snapshot", health.RiskSnapshot)
    factors = published(door, "factor_diagnostics", intel.FactorDiagnostics)
    disk = Disk(
        run,
        registry=_registry(published(door, readers.REGISTRY, auxiliary.TpSlRegistryFile)),
        position_keys=_position_keys(published(door, "positions_state", book.PositionsState)),
        last_nav=None if nav is None else _count(nav.nav, USD),
        factor_weights=None if factors is None else factors.weights or None,
        closes=_closes(door),
    )
    return disk if risk is None else _with_risk(disk, risk)


def _with_risk(disk: Disk, risk: health.RiskSnapshot) -> Disk:
    state = risk.dd_state
    return replace(
        disk,
        last_dd_state=state.state,
        last_dd_since=readers.parse_time(state.since_ts),
        last_transitions=0 if state.transitions is UNSET else state.transitions,
        last_dd_pct=risk.drawdown.dd_pct,
        peak_nav=_count(risk.drawdown.peak_nav, USD),
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
        )
        for key, entry in sorted(file.entries.items())
    }


def _closes(door: Door) -> tuple[PastClose, ...]:
    """The closes in the log of executed orders (B-FAC-7); a line that is torn or ill-typed counts as none."""
    try:
        data = door.read(ORDERS_LOG) or b""
    except OSError:
        return ()
    found: list[PastClose] = []
    for line in data.splitlines():
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


def _position_keys(file: book.PositionsState | None) -> tuple[str, ...] | None:
    """P of B-LED-4: rows with qty != 0 and entry > 0."""
    if file is None:
        return None
    return tuple(
        sorted(f"{row.symbol}:{row.side}" for row in file.positions if row.qty and row.entry_price > 0.0)
    )


def _count(value: float | UnsetType | None, per_unit: int) -> int | None:
    """A published number as a count of 1/`per_unit`; None when it is absent."""
    if value is None or value is UNSET:
        return None
    try:
        return scaled(value, per_unit)
    except NonFinite:
        return None
