"""What many rules ask of one loop, derived once: times, positions P, ledger L, registry R, blocks.

Comes in: a `Look`. Goes out: its `View`. Never raises on any JSON. May import `contract`.
"""

from __future__ import annotations

from typing import Any

from simkit.contract.finding import LackingError
from simkit.contract.look import Look
from simkit.contract.manifest import Registered, registered
from simkit.contract.readers import MANIFEST, REGISTRY, parse_time
from simkit.contract.table import by_stem
from simkit.contract.values import num, obj

Doc = dict[str, Any]
Pair = tuple[float | None, float | None]

PER_LOOP = (
    "nav",
    "positions_state",
    "positions_ledger",
    "kpis_v7",
    "diagnostics",
    "risk_snapshot",
    "router_health",
)
INTEL = ("symbol_scores_v6", "rv_momentum", "factor_diagnostics")


class Row:
    """One row of S3 with a symbol and a side; numbers are None where they are missing or ill-typed."""

    __slots__ = ("doc", "entry", "index", "key", "mark", "notional", "qty", "side", "symbol", "unrealized")

    def __init__(self, index: int, doc: Doc, symbol: str, side: str) -> None:
        self.index = index
        self.doc = doc
        self.symbol = symbol
        self.side = side
        self.key = f"{symbol}:{side}"
        get = doc.get
        self.qty = num(get("qty"))
        self.entry = num(get("entry_price"))
        self.mark = num(get("mark_price"))
        self.notional = num(get("notional"))
        self.unrealized = num(get("unrealized_pnl"))


class View:
    """What is derived of one tree; None where the file or its list cannot be read.

    `rows` are the rows of S3, `held` those with qty != 0 by key, `P` those of them with entry > 0 (B-LED-4).
    `entries` is the ledger by key (L), `levels` its tp_sl_levels as (tp, sl), `registry` is R.
    `times` are the surface times in microseconds of all registered surfaces, `clashes` those whose two stamps
    differ, `stamps` the six event times inside S6. `nav` is the finite nav of S1, `dd` the fraction of S7.
    `extra` are the further surfaces that the manifest registers.
    """

    __slots__ = (
        "P", "clashes", "counters", "dd", "entries", "entry_list", "extra", "held", "levels", "live", "nav",
        "pipeline", "registry", "risk", "rows", "runtime", "stamps", "times",
    )  # fmt: skip

    def __init__(self, look: Look) -> None:
        docs = look.docs
        self.extra = _further(look)
        self._read_times(look)
        nav = docs.get("nav")
        self.nav = num(nav.get("nav")) if nav is not None else None
        self._read_positions(docs.get("positions_state"))
        self._read_ledger(docs.get("positions_ledger"))
        self._read_registry(docs.get(REGISTRY))
        self.runtime = obj(docs.get("diagnostics", {}).get("runtime_diagnostics"))
        self.counters = obj(self.runtime.get("veto_counters"))
        self.pipeline = obj(self.runtime.get("exit_pipeline"))
        self.live = obj(self.runtime.get("liveness"))
        count, pipe = self.counters.get, self.pipeline.get
        self.stamps: dict[str, int | None] = {
            "last_signal_ts": parse_time(count("last_signal_ts")),
            "last_order_ts": parse_time(count("last_order_ts")),
            "last_veto_ts": parse_time(count("last_veto_ts")),
            "last_exit_scan_ts": parse_time(pipe("last_exit_scan_ts")),
            "last_exit_trigger_ts": parse_time(pipe("last_exit_trigger_ts")),
            "last_router_event_ts": parse_time(pipe("last_router_event_ts")),
        }
        risk = self.risk = docs.get("risk_snapshot", {})
        dd = num(obj(risk.get("drawdown")).get("dd_pct"))
        self.dd = dd if dd is not None else num(obj(obj(risk.get("dd_state")).get("drawdown")).get("dd_pct"))

    def _read_times(self, look: Look) -> None:
        times: dict[str, int | None] = {}
        clashes: list[str] = []
        extra = {entry.stem for entry in self.extra} if self.extra else ()
        for stem, doc in look.docs.items():
            if stem not in by_stem and stem not in extra:
                continue
            ts, at = doc.get("updated_ts"), doc.get("updated_at")
            first = parse_time(ts)
            if ts is None or first is None:
                times[stem] = parse_time(at)
            else:
                times[stem] = first
                if at is not None and ts != at and parse_time(at) != first:
                    clashes.append(stem)
        self.times = times
        self.clashes = clashes

    def _read_positions(self, doc: Doc | None) -> None:
        self.rows: list[Row] | None = None
        self.held: dict[str, Row] = {}
        self.P: dict[str, Row] | None = None
        listed = doc.get("positions") if doc is not None else None
        if type(listed) is not list:
            return
        rows = self.rows = []
        positions = self.P = {}
        for index, item in enumerate(listed):
            if type(item) is not dict:
                continue
            symbol, side = item.get("symbol"), item.get("side")
            if type(symbol) is not str or type(side) is not str:
                continue
            row = Row(index, item, symbol, side)
            rows.append(row)
            if row.qty:
                self.held[row.key] = row
                if row.entry is not None and row.entry > 0:
                    positions[row.key] = row

    def _read_ledger(self, doc: Doc | None) -> None:
        self.entry_list: list[tuple[int, str, Doc]] | None = None
        self.entries: dict[str, Doc] | None = None
        self.levels: dict[str, Pair] | None = None
        if doc is None:
            return
        listed = doc.get("entries")
        if type(listed) is list:
            self.entry_list, self.entries = [], {}
            for index, item in enumerate(listed):
                if type(item) is dict:
                    key = f"{item.get('symbol')}:{item.get('side')}"
                    self.entry_list.append((index, key, item))
                    self.entries.setdefault(key, item)
        mapped = doc.get("tp_sl_levels")
        if type(mapped) is dict:
            self.levels = {
                key: (num(item.get("tp")), num(item.get("sl"))) if type(item) is dict else (None, None)
                for key, item in mapped.items()
            }

    def _read_registry(self, doc: Doc | None) -> None:
        entries = doc.get("entries") if doc is not None else None
        self.registry: dict[str, Doc] | None = None
        if type(entries) is dict:
            self.registry = {key: item for key, item in entries.items() if type(item) is dict}

    # What a rule cannot do without ------------------------------------------------------------------------

    def need_rows(self) -> list[Row]:
        """The rows of S3, or LackingError."""
        if self.rows is None:
            raise LackingError("positions_state.positions is no list")
        return self.rows

    def need_positions(self) -> dict[str, Row]:
        """P, or LackingError."""
        if self.P is None:
            raise LackingError("positions_state.positions is no list")
        return self.P

    def need_entries(self) -> dict[str, Doc]:
        """L, or LackingError."""
        if self.entries is None:
            raise LackingError("positions_ledger.entries is no list")
        return self.entries

    def need_levels(self) -> dict[str, Pair]:
        """`tp_sl_levels`, or LackingError."""
        if self.levels is None:
            raise LackingError("positions_ledger.tp_sl_levels is no object")
        return self.levels

    def need_registry(self) -> dict[str, Doc]:
        """R, or LackingError."""
        if self.registry is None:
            raise LackingError("position_tp_sl.entries is no object")
        return self.registry


def _further(look: Look) -> tuple[Registered, ...]:
    """What the manifest registers beyond our own surfaces; an unchanged manifest is not read again."""
    manifest, before = look.docs.get(MANIFEST), look.before
    if manifest is None:
        return ()
    if before is not None and before.view is not None and before.docs.get(MANIFEST) is manifest:
        known: tuple[Registered, ...] = before.view.extra
        return known
    return registered(manifest)


def view(look: Look) -> View:
    """The view of `look`, made at the first call."""
    found: View | None = look.view
    if found is None:
        found = look.view = View(look)
    return found


def levels_of(entry: Doc) -> Pair:
    """tp and sl of a ledger entry."""
    return num(entry.get("tp")), num(entry.get("sl"))


def registry_levels(entry: Doc) -> Pair:
    """tp and sl of a registry entry."""
    return num(entry.get("take_profit_price")), num(entry.get("stop_loss_price"))
