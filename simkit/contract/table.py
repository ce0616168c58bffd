"""The surfaces of the v7.6 contract: where each lies, who owns it, how often it is written, what it holds.

Comes in: nothing. Goes out: `SURFACES`, `by_path`, `by_stem`, `manifest`. May import `core` and `contract.shapes`.
Source: surfaces.md 1.1.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from simkit.contract.shapes import auxiliary, book, health, intel
from simkit.contract.shapes.base import Shape

STATE = "logs/state"
CONTRACT_VERSION = "v7.6"

Frequency = Literal["per_loop", "per_sync", "per_intel"]


class Surface(Struct, frozen=True):
    """One registered surface. `stem` is the file's name without `.json`, `key` its name in the manifest."""

    id: str
    stem: str
    key: str
    owner: Literal["executor", "sync_state"]
    frequency: Frequency
    shape: type[Shape]
    description: str

    @property
    def path(self) -> str:
        """Path below the run's root."""
        return f"{STATE}/{self.stem}.json"


#: S1-S11 in the order in which a loop publishes them, most upstream first; then the registered twelfth.
SURFACES: tuple[Surface, ...] = (
    Surface("S1", "nav", "nav", "executor", "per_loop", book.Nav, "Net asset value of the account"),
    Surface("S3", "positions_state", "positions_state", "executor", "per_loop", book.PositionsState,
            "Open positions as the venue holds them"),
    Surface("S4", "positions_ledger", "positions_ledger", "executor", "per_loop", book.PositionsLedger,
            "Positions with their take-profit and stop levels"),
    Surface("S7", "risk_snapshot", "risk_snapshot", "executor", "per_loop", health.RiskSnapshot,
            "Drawdown state, risk mode, VaR, anomalies"),
    Surface("S8", "router_health", "router_health", "executor", "per_loop", health.RouterHealth,
            "Execution quality by symbol and overall"),
    Surface("S5", "kpis_v7", "kpis_v7", "executor", "per_loop", health.Kpis, "Portfolio figures for dashboards"),
    Surface("S6", "diagnostics", "runtime_diagnostics", "executor", "per_loop", health.Diagnostics,
            "Veto counters, exit pipeline, liveness"),
    Surface("S9", "symbol_scores_v6", "symbol_scores", "executor", "per_intel", intel.SymbolScores,
            "Hybrid score of each symbol"),
    Surface("S10", "rv_momentum", "rv_momentum", "executor", "per_intel", intel.RvMomentum,
            "Relative-value momentum of each symbol"),
    Surface("S11", "factor_diagnostics", "factor_diagnostics", "executor", "per_intel", intel.FactorDiagnostics,
            "Factor vectors, covariance, weights, attribution"),
    Surface("S2", "nav_state", "nav_state", "sync_state", "per_sync", book.NavState,
            "Mirror of nav.json with the drawdown from its peak"),
)  # fmt: skip

ENGINE_METADATA = Surface(
    "AUX-3", "engine_metadata", "engine_metadata", "executor", "per_loop", auxiliary.EngineMetadata,
    "Identity of the running executor",
)  # fmt: skip

REGISTRY_PATH = f"{STATE}/position_tp_sl.json"
POSITIONS_PATH = f"{STATE}/positions.json"
PEAK_PATH = "logs/cache/peak_state.json"
CONFIRMED_PATH = "logs/cache/nav_confirmed.json"
MANIFEST_PATH = "v7_manifest.json"
ORDERS_LOG = "logs/execution/orders_executed.jsonl"
VETO_LOG = "logs/execution/risk_vetoes.jsonl"

#: Files of the state folder that need no manifest entry (A-46).
AUXILIARY = frozenset({"position_tp_sl.json", "engine_metadata.json"})

#: Values that differ between builds, hosts and runs: compared for presence and type only.
IDENTITY_FIELDS = frozenset({"engine_version", "git_commit", "run_id", "hostname", "pid"})

by_stem: dict[str, Surface] = {surface.stem: surface for surface in (*SURFACES, ENGINE_METADATA)}
by_path: dict[str, Surface] = {surface.path: surface for surface in (*SURFACES, ENGINE_METADATA)}
by_id: dict[str, Surface] = {surface.id: surface for surface in (*SURFACES, ENGINE_METADATA)}

#: Stem -> path of every file that a fault may name: the surfaces, and AUX-1, AUX-4, AUX-7, AUX-8.
paths: dict[str, str] = {surface.stem: surface.path for surface in by_path.values()} | {
    "position_tp_sl": REGISTRY_PATH,
    "positions": POSITIONS_PATH,
    "peak_state": PEAK_PATH,
    "nav_confirmed": CONFIRMED_PATH,
}


def manifest() -> dict[str, Any]:
    """The content of `v7_manifest.json` (AUX-2)."""
    return {
        "diagnostics": {"exit_pipeline": True, "liveness": True, "veto_metrics": True},
        "docs_version": CONTRACT_VERSION,
        "state_files": {
            surface.key: {
                "description": surface.description,
                "owner": surface.owner,
                "path": surface.path,
                "update_frequency": surface.frequency,
            }
            for surface in sorted((*SURFACES, ENGINE_METADATA), key=lambda s: s.key)
        },
    }
