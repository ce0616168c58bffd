"""What many rules ask of one loop, derived once: times, positions P, ledger L, registry R, blocks.

Comes in: a `Look`. Goes out: its `View`. Never raises on any JSON. May import `contract`.

A part that equals that of the loop before *is* the object of the loop before, so that a rule sees at once
that nothing has changed. A change of type alone (1, 1.0, true) is not told apart here: that is INV-G18's.
"""

from __future__ import annotations

from typing import Any, TypeVar

from simkit.contract.book import Book, Entries, Levels, Registry, Row
from simkit.contract.finding import LackingError
from simkit.contract.look import Doc, Look
from simkit.contract.manifest import Registered, registered
from simkit.contract.readers import MANIFEST, REGISTRY, parse_time
from simkit.contract.table import by_stem
from simkit.contract.values import num, obj

T = TypeVar("T")

PER_LOOP = (
    "nav", "positions_state", "positions_ledger", "kpis_v7", "diagnostics", "risk_snapshot", "router_health",
)  # fmt: skip
INTEL = ("symbol_scores_v6", "rv_momentum", "factor_diagnostics")


def _kept(new: T, old: T) -> T:
    return old if new == old else new


class View:
    """What is derived of one tree; None where the file or its list cannot be read.

    `rows` are the rows of S3, `held` those with qty != 0 by key, `P` those of them with entry > 0 (B-LED-4).
    `entries` is the ledger by key (L), `levels` its tp_sl_levels as (tp, sl), `registry` is R; `book` holds
    all four without prices. `times` are the surface times in microseconds of all registered surfaces,
    `clashes` those whose two stamps differ, `stamps` the six event times inside S6. `nav` is the finite nav
    of S1, `dd` the drawdown fraction of S7. `router` is S8 but its time, `tail` (var, cvar, anomalies) of
    S7. `extra` are further surfaces that the manifest registers.
    """

    __slots__ = (
        "P", "_listed", "book", "clashes", "counters", "dd", "entries", "entry_list", "extra", "held",
        "levels", "live", "nav", "pipeline", "registry", "risk", "router", "rows", "stamps", "tail", "times",
    )  # fmt: skip

    def __init__(self, look: Look) -> None:
        then = view(look.before) if look.before is not None else None
        docs = look.docs
        self.extra = _further(look, then)
        self._read_times(look)
        nav = docs.get("nav")
        self.nav = num(nav.get("nav")) if nav is not None else None
        self._read_positions(docs.get("positions_state"), then)
        self._read_ledger(docs.get("positions_ledger"), then)
        self._read_registry(docs.get(REGISTRY), then)
        book = Book(self.P, self.entries, self.levels, self.registry)
        self.book: Book = then.book if then is not None and book.same(then.book) else book
        self._read_diagnostics(docs.get("diagnostics", {}), then)
        self._read_health(docs.get("risk_snapshot", {}), docs.get("router_health", {}), then)

    def _read_times(self, look: Look) -> None:
        times: dict[str, int | None] = {}
        clashes: list[str] = []
        extra = [entry.stem for entry in self.extra]
        for stem, doc in look.docs.items():
            if stem not in by_stem and stem not in extra:
                continue
            ts, at = doc.get("updated_ts"), doc.get("updated_at")
            first = parse_time(ts)
            if first is None:
                times[stem] = parse_time(at)
                if ts is not None and at is not None:
                    clashes.append(stem)
            else:
                times[stem] = first
                if at is not None and ts != at and parse_time(at) != first:
                    clashes.append(stem)
        self.times = times
        self.clashes = clashes

    def _read_positions(self, doc: Doc | None, then: View | None) -> None:
        self.rows: list[Row] | None = None
        self.held: dict[str, Row] = {}
        self.P: dict[str, Row] | None = None
        listed = self._listed = doc.get("positions") if doc is not None else None
        if type(listed) is not list:
            return
        if then is not None and then._listed == listed:
            self.rows, self.held, self.P = then.rows, then.held, then.P
            return
        rows = self.rows = []
        positions = self.P = {}
        for index, item in enumerate(listed):
            row = Row.of(index, item)
            if row is None:
                continue
            rows.append(row)
            if row.qty:
                self.held[row.key] = row
                if row.entry is not None and row.entry > 0:
                    positions[row.key] = row

    def _read_ledger(self, doc: Doc | None, then: View | None) -> None:
        self.entry_list: list[tuple[int, str, Doc]] | None = None
        self.entries: Entries | None = None
        self.levels: Levels | None = None
        if doc is None:
            return
        listed = doc.get("entries")
        if type(listed) is list:
            pairs = [
                (i, f"{e.get('symbol')}:{e.get('side')}", e) for i, e in enumerate(listed) if type(e) is dict
            ]
            if then is not None and then.entry_list == pairs:
                self.entry_list, self.entries = then.entry_list, then.entries
            else:
                self.entry_list, self.entries = pairs, {}
                for _, key, entry in pairs:
                    self.entries.setdefault(key, entry)
        mapped = doc.get("tp_sl_levels")
        if type(mapped) is dict:
            levels = {
                key: (num(item.get("tp")), num(item.get("sl"))) if type(item) is dict else (None, None)
                for key, item in mapped.items()
            }
            self.levels = _kept(levels, then.levels) if then is not None else levels

    def _read_registry(self, doc: Doc | None, then: View | None) -> None:
        entries = doc.get("entries") if doc is not None else None
        self.registry: Registry | None = None
        if type(entries) is dict:
            registry = {key: item for key, item in entries.items() if type(item) is dict}
            self.registry = _kept(registry, then.registry) if then is not None else registry

    def _read_diagnostics(self, doc: Doc, then: View | None) -> None:
        runtime = obj(doc.get("runtime_diagnostics"))
        self.counters = obj(runtime.get("veto_counters"))
        if then is not None:
            self.counters = _kept(self.counters, then.counters)
        self.pipeline = obj(runtime.get("exit_pipeline"))
        self.live = obj(runtime.get("liveness"))
        count, pipe = self.counters.get, self.pipeline.get
        self.stamps: dict[str, int | None] = {
            "last_signal_ts": parse_time(count("last_signal_ts")),
            "last_order_ts": parse_time(count("last_order_ts")),
            "last_veto_ts": parse_time(count("last_veto_ts")),
            "last_exit_scan_ts": parse_time(pipe("last_exit_scan_ts")),
            "last_exit_trigger_ts": parse_time(pipe("last_exit_trigger_ts")),
            "last_router_event_ts": parse_time(pipe("last_router_event_ts")),
        }

    def _read_health(self, risk: Doc, routed: Doc, then: View | None) -> None:
        self.risk = risk
        dd = num(obj(risk.get("drawdown")).get("dd_pct"))
        self.dd = dd if dd is not None else num(obj(obj(risk.get("dd_state")).get("drawdown")).get("dd_pct"))
        router = (
            routed.get("router_health"),
            routed.get("router_health_score", "absent"),
            routed.get("summary"),
        )
        tail = (risk.get("var"), risk.get("cvar"), risk.get("anomalies"))
        if then is not None:
            router, tail = _kept(router, then.router), _kept(tail, then.tail)
        self.router: tuple[Any, Any, Any] = router
        self.tail: tuple[Any, Any, Any] = tail

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

    def need_entries(self) -> Entries:
        """L, or LackingError."""
        if self.entries is None:
            raise LackingError("positions_ledger.entries is no list")
        return self.entries

    def need_levels(self) -> Levels:
        """`tp_sl_levels`, or LackingError."""
        if self.levels is None:
            raise LackingError("positions_ledger.tp_sl_levels is no object")
        return self.levels

    def need_registry(self) -> Registry:
        """R, or LackingError."""
        if self.registry is None:
            raise LackingError("position_tp_sl.entries is no object")
        return self.registry


def _further(look: Look, then: View | None) -> tuple[Registered, ...]:
    """What the manifest registers beyond our own surfaces; an unchanged manifest is not read again."""
    manifest, before = look.docs.get(MANIFEST), look.before
    if manifest is None:
        return ()
    if before is not None and then is not None and before.docs.get(MANIFEST) is manifest:
        return then.extra
    return registered(manifest)


def view(look: Look) -> View:
    """The view of `look`, made at the first call."""
    found: View | None = look.view
    if found is None:
        found = look.view = View(look)
    return found
