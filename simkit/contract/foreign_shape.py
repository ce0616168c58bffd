"""What the seed contract itself names on each surface, for INV-G16 and INV-G18 on a foreign tree.

Comes in: a document already in our form, and its faults against our shape. Goes out: those faults that count,
each with its tier. May import `contract`.

The seed's own names stand here a second time on purpose: the shapes hold more than it names, and only what it
names may be an error on a tree that we did not write. Source: the tags of surfaces.md 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from simkit.contract.finding import Found, Tier
from simkit.contract.look import Doc
from simkit.contract.readers import parse_time
from simkit.contract.shape_check import shape_faults
from simkit.contract.values import obj

_ROW: Final = (
    "symbol", "side", "qty", "entry_price", "mark_price", "unrealized_pnl", "realized_pnl", "notional",
)  # fmt: skip
_ENTRY: Final = ("symbol", "side", "qty", "entry_price", "tp", "sl", "created_ts", "updated_ts")
_EXIT: Final = (
    "last_exit_scan_ts", "last_exit_trigger_ts", "last_router_event_ts", "open_positions_count",
    "tp_sl_registered_count", "tp_sl_missing_count", "underwater_without_tp_sl_count", "tp_sl_coverage_pct",
    "ledger_registry_mismatch",
)  # fmt: skip
_ROUTED: Final = (
    "quality_score", "avg_slippage_bps", "avg_latency_ms", "twap_usage_ratio", "child_orders",
    "child_orders.count", "child_orders.fill_ratio",
)  # fmt: skip


def _below(head: str, names: Sequence[str]) -> list[str]:
    return [f"{head}.{name}" for name in names]


_RUN: Final = "runtime_diagnostics"

#: What the seed names, by surface; `[]` is any row or key. A name below an absent one is not looked for.
NAMED: Final[dict[str, frozenset[str]]] = {
    "nav": frozenset({"nav", "nav_usd", "exec_stats"}),
    "nav_state": frozenset({"total_equity", "nav", "nav_usd"}),
    "positions_state": frozenset({"positions", "positions[]", *_below("positions[]", _ROW)}),
    "positions_ledger": frozenset({
        "entries", "entries[]", *_below("entries[]", _ENTRY), "tp_sl_levels", "tp_sl_levels[]", "metadata",
    }),
    "kpis_v7": frozenset({
        "portfolio", *_below("portfolio", ["nav", "dd_pct", "var_nav_pct", "cvar_nav_pct"]), "per_symbol",
    }),
    "diagnostics": frozenset({
        _RUN, f"{_RUN}.veto_counters", f"{_RUN}.veto_counters.by_reason", f"{_RUN}.veto_counters.by_reason[]",
        f"{_RUN}.exit_pipeline", *_below(f"{_RUN}.exit_pipeline", _EXIT),
        f"{_RUN}.liveness", *_below(f"{_RUN}.liveness", ["details", "missing"]),
    }),
    "risk_snapshot": frozenset({
        "risk_mode", "dd_state", "dd_state.state", "circuit_breaker", "anomalies", "nav", "var", "cvar",
    }),
    "router_health": frozenset({
        "router_health", "router_health.global", "router_health.global.quality_score",
        "router_health.global.twap_usage_ratio", "router_health.per_symbol", "router_health.per_symbol[]",
        *_below("router_health.per_symbol[]", _ROUTED),
    }),
    "symbol_scores_v6": frozenset({
        "symbols", "symbols[]", "symbols[].hybrid_score", "symbols[].hybrid",
        *_below("symbols[].hybrid", ["router_quality_score", "passes_emission", "min_for_emission"]),
    }),
    "rv_momentum": frozenset(),
    "factor_diagnostics": frozenset({
        "raw_factors", "raw_factors[]", *_below("raw_factors[]", ["factors", "factors[]", "direction", "regime"]),
        "per_symbol", "per_symbol[]", *_below("per_symbol[]", ["factors", "factors[]", "direction"]),
        "normalization_coeffs", "normalization_coeffs[]",
        *_below("normalization_coeffs[]", ["mean", "std", "min", "max", "range"]),
        "covariance",
        *_below("covariance", ["factors", "covariance_matrix", "correlation_matrix", "factor_vols", "lookback_days"]),
        "covariance.covariance_matrix[]", "covariance.covariance_matrix[][]",
        "covariance.correlation_matrix[]", "covariance.correlation_matrix[][]", "covariance.factor_vols[]",
        "orthogonalized", *_below("orthogonalized", ["per_symbol", "norms", "dot_products", "degenerate"]),
        "factor_ir", "factor_ir[]", "weights", "weights[]", "factor_weights", "factor_weights.weights",
        "factor_weights.weights[]", "pnl_attribution",
        *_below("pnl_attribution", ["window_days", "by_factor", "factor_ir", "weights", "by_factor[]"]),
        "orthogonalization_enabled", "auto_weighting_enabled", "config",
    }),
}  # fmt: skip

#: Faults that another form of section 9, or a rule of its own, answers for: by surface, what their place
#: begins with.
_ANSWERED: Final[dict[str, tuple[str, ...]]] = {
    "nav": ("aum",),
    "nav_state": ("aum", "drawdown"),  # INV-NS01
    "positions_ledger": ("metadata.entry_count", "tp_sl_levels[]."),  # INV-L02; a map may be partial
    "diagnostics": (
        f"{_RUN}.veto_counters.total", f"{_RUN}.veto_counters.last", f"{_RUN}.liveness.idle",
    ),  # A-50; the flags are the system's own
    "risk_snapshot": (
        "circuit_breaker.", "anomalies.", "var.", "cvar.", "drawdown", "dd_state.drawdown",
    ),  # INV-R03, INV-R11
    "router_health": ("router_health.global.slippage", "router_health.global.latency",
                      "router_health.global.avg", "router_health.global.buckets",
                      "router_health.global.router_bucket"),
    "factor_diagnostics": ("config.",),  # its members are the system's
}  # fmt: skip

#: Blocks of S8 of which one form or the other must be there (A-22), by the word that their names hold.
_GROUPS: Final = ("bucket", "slippage", "latency")

_KEY: Final = re.compile(r"\[[^\[\]]*\]")
_TIME: Final = re.compile(r"(?:^|\.)(?:updated_at|(?:[a-z]+_)*ts)$")


def foreign_faults(stem: str, doc: Doc, shape: type) -> Iterator[Found]:
    """The faults of a document in our form that count on a foreign tree, with their tier."""
    named, answered = NAMED[stem], _ANSWERED.get(stem, ())
    for path, value, message in shape_faults(doc, shape):
        pattern = _KEY.sub("[]", path)
        is_top_time = pattern in ("updated_ts", "updated_at")
        if is_top_time or _passes(doc, path, pattern, answered):
            continue
        tier: Tier = "contract" if pattern in named else "reference"
        yield Found(stem, path, value, message, tier)
    yield from _blocks(stem, doc)


def _passes(doc: Doc, path: str, pattern: str, answered: tuple[str, ...]) -> bool:
    if pattern.startswith(answered):
        return True
    return _TIME.search(pattern) is not None and parse_time(_value(doc, path)) is not None


def _value(doc: Any, path: str) -> Any:
    """The value at a path of `shape_faults`; None where there is none."""
    for step in re.findall(r"\[([^\[\]]*)\]|([^.\[\]]+)", path):
        key = step[0] or step[1]
        if type(doc) is list and key.isdigit() and int(key) < len(doc):
            doc = doc[int(key)]
        elif type(doc) is dict:
            doc = doc.get(key)
        else:
            return None
    return doc


def _blocks(stem: str, doc: Doc) -> Iterator[Found]:
    """Of S8 the seed names buckets, slippage and latency: each must be there in one form (A-22)."""
    total = obj(doc.get("router_health")).get("global")
    if stem != "router_health" or type(total) is not dict:
        return
    for word in _GROUPS:
        if not any(word in key for key in total):
            place = f"router_health.global.{word}{'s' if word == 'bucket' else ''}"
            yield Found(stem, place, "absent", "is missing, also as flat fields", "contract")
