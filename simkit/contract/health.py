"""The health report of the dashboard (B-DASH-4) and the age of a file (B-DASH-3).

Comes in: decoded documents, the reasons why others cannot be read, the time. Goes out: `HealthReport`. Never
raises, never writes. May import `contract`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from simkit.contract.readers import EMPTY, parse_time
from simkit.contract.table import by_stem
from simkit.contract.values import num, obj, rows_of

Doc = dict[str, Any]

STALE_AFTER_US = 900 * 1_000_000
_TIME_KEYS = ("updated_at", "updated_ts", "ts", "timestamp", "time")

#: Of the eight surfaces looked at: stem, name in the report, keys of which one at least must be there.
LOOKED_AT: tuple[tuple[str, str, tuple[str, ...]], ...] = tuple(
    (stem, by_stem[stem].key, keys)
    for stem, keys in (
        ("nav_state", ("total_equity", "nav", "nav_usd", "series")),
        ("positions_state", ("positions", "rows", "items")),
        ("positions_ledger", ("entries", "tp_sl_levels")),
        ("kpis_v7", ("dd_state", "drawdown", "atr_regime")),
        ("risk_snapshot", ("risk_mode", "dd_state", "symbols")),
        ("diagnostics", ("runtime_diagnostics",)),
        ("router_health", ("router_health", "global", "summary", "per_symbol", "symbols")),
        ("engine_metadata", ("engine_version", "run_id")),
    )
)


class HealthReport(Struct, frozen=True, gc=False):
    """The four lists of B-DASH-4, in the order of the surfaces; all empty on a healthy tree (INV-X02)."""

    missing_files: tuple[str, ...] = ()
    stale_files: tuple[str, ...] = ()
    schema_violations: tuple[str, ...] = ()
    cross_surface_violations: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """True when all four lists are empty."""
        return not (
            self.missing_files or self.stale_files or self.schema_violations or self.cross_surface_violations
        )


def age_s(doc: Doc, now_us: int) -> float | None:
    """Age in seconds by the first time that can be parsed (B-DASH-3), never negative; None without one."""
    at = _stamp(doc)
    return None if at is None else max(0, now_us - at) / 1_000_000


def _stamp(doc: Doc) -> int | None:
    for key in _TIME_KEYS:
        at = parse_time(doc.get(key))
        if at is not None:
            return at
    return None


def health_report(docs: Mapping[str, Doc], unreadable: Mapping[str, str], now_us: int) -> HealthReport:
    """Look at the eight surfaces. `docs` and `unreadable` are by stem; a stem in neither has no file."""
    missing: list[str] = []
    stale: list[str] = []
    schema: list[str] = []
    for stem, name, keys in LOOKED_AT:
        doc = docs.get(stem)
        if doc is None:
            reason = unreadable.get(stem)
            if reason is None:
                missing.append(name)
                continue
            if reason != EMPTY:
                schema.append(f"{name}:invalid_json")
                continue
            doc = {}  # a file without a byte reports what it lacks
        if not any(key in doc for key in keys):
            schema.append(f"{name}:missing_one_of_{'_'.join(keys)}")
        at = _stamp(doc)
        if at is None:
            schema.append(f"{name}:missing_updated_ts")
        elif now_us - at > STALE_AFTER_US:
            stale.append(name)
    bare = _positions_without_ledger(docs)
    crossed = (f"positions_without_ledger:{bare}",) if bare else ()
    if not (missing or stale or schema or crossed):
        return HEALTHY
    return HealthReport(tuple(missing), tuple(stale), tuple(schema), crossed)


def _positions_without_ledger(docs: Mapping[str, Doc]) -> int:
    rows = rows_of(docs.get("positions_state", {}).get("positions"))
    if not rows:
        return 0
    entries = rows_of(docs.get("positions_ledger", {}).get("entries"))
    ledger = {f"{obj(entry).get('symbol')}:{obj(entry).get('side')}" for entry in entries}
    held = {f"{obj(row).get('symbol')}:{obj(row).get('side')}" for row in rows if num(obj(row).get("qty"))}
    return len(held - ledger)


#: The report of a healthy tree.
HEALTHY = HealthReport()
