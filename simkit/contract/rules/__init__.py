"""The rules INV-*, a file per area; importing this package fills `contract.finding.RULES`.

Comes in: a `Look`. Goes out: violations. May import `core` and `contract`. A rule reads plain JSON and never
raises on any of it, but `LackingError` when a value it needs is missing.
"""

from simkit.contract.rules import (
    counters,
    exit_pipeline,
    exits,
    factors,
    general,
    intel,
    journal,
    kpis,
    ledger,
    levels,
    liveness,
    nav,
    nav_state,
    nav_state_history,
    positions,
    registry,
    risk,
    risk_history,
    router,
    shape,
    tree,
    var,
)

__all__ = [
    "counters",
    "exit_pipeline",
    "exits",
    "factors",
    "general",
    "intel",
    "journal",
    "kpis",
    "ledger",
    "levels",
    "liveness",
    "nav",
    "nav_state",
    "nav_state_history",
    "positions",
    "registry",
    "risk",
    "risk_history",
    "router",
    "shape",
    "tree",
    "var",
]
