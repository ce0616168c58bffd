"""`ExecutorState`: the frozen snapshot that one loop of an executor hands to the surface builders.

Comes in: nothing. Goes out: Structs. May import msgspec and `core.settings`.

Units: prices count 1e-8 USD, quantities 1e-8 base units, money 1e-6 USD, time microseconds; floats are already
rounded to their quantum. Collections are sorted by key, so that a builder only copies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from simkit.core.settings import Settings

Side = Literal["LONG", "SHORT"]


class Part(Struct, frozen=True, gc=False):
    """Base of the parts below."""


class RegistryEntry(Part, frozen=True):
    """One entry of the TP/SL registry (AUX-1). `source`: `ledger_sync`, or empty for an entry fill, whose
    intent named the `strategy`, or nothing."""

    symbol: str
    side: Side
    tp: int | None
    sl: int | None
    entry: int
    qty: int
    registered_at: int
    source: str = ""
    strategy: str = ""


class PositionRow(Part, frozen=True):
    """One row of S3. `qty` is signed. `told`: what S3 shows instead of `side` (D-12)."""

    key: str
    symbol: str
    side: Side
    qty: int
    entry: int
    mark: int
    unrealized: int
    realized: int
    notional: int
    told: Literal["", "BOTH"] = ""


class LedgerEntry(Part, frozen=True):
    """One entry of S4. `qty` is absolute."""

    key: str
    symbol: str
    side: Side
    qty: int
    entry: int
    tp: int | None
    sl: int | None
    created_ts: int
    updated_ts: int


class OffExchangeRow(Part, frozen=True):
    asset: str
    qty: int
    avg_cost: int
    mark: int | None
    usd_value: int | None


class NavPart(Part, frozen=True):
    """S1. nav = wallet + unrealized (A-09). `live_ts`: the last live read that `nav` rests on."""

    nav: int
    wallet: int
    unrealized: int
    source: Literal["live", "cache", "unavailable"]
    fresh: bool
    sources_ok: bool
    live_ts: int | None
    off_exchange: tuple[OffExchangeRow, ...] = ()


class ExecStats(Part, frozen=True):
    """Rolling 24 h counts; `top_vetoes` at most five (reason, count), most first."""

    attempted: int
    executed: int
    vetoes: int
    fill_rate: float
    top_vetoes: tuple[tuple[str, int], ...]


class Reconciliation(Part, frozen=True):
    """B-LED-5..7, counts only. `coverage` is a fraction."""

    open_positions: int
    registered: int
    missing: int
    underwater: int
    coverage: float
    mismatch: bool
    missing_ledger: int
    ghost_ledger: int
    missing_tp_sl: int
    stale_tp_sl: int


class Counters(Part, frozen=True):
    """B-VETO-1 and the exit and router times of S6."""

    by_reason: Mapping[str, int]
    total_signals: int
    total_orders: int
    total_vetoes: int
    last_signal_ts: int | None
    last_order_ts: int | None
    last_veto_ts: int | None
    last_exit_scan_ts: int | None
    last_exit_trigger_ts: int | None
    last_router_event_ts: int | None


class Idle(Part, frozen=True):
    """One liveness check (B-LIVE-3), seconds."""

    idle: bool
    seconds: float
    missing: bool


class LivenessPart(Part, frozen=True):
    enabled: bool
    exits: Idle
    orders: Idle
    router: Idle
    signals: Idle


class NavJump(Part, frozen=True):
    old: int
    new: int
    pct: float | None


class DrawdownPart(Part, frozen=True):
    """B-DD. `dd` is a fraction; `transitions` counts state changes since start, `flap` those in the window when
    they exceed the maximum. `word`: what is published instead of `state` (D-04 with D-02)."""

    state: Literal["NORMAL", "DRAWDOWN", "RECOVERY"]
    dd: float
    dd_abs: int
    peak: int
    since_ts: int
    transitions: int
    flap: int | None
    breaker_active: bool
    limit: float | None
    word: str = ""


class KeptPart(Part, frozen=True):
    """AUX-7, what is kept of peak and day: the peak and when it was reached, the number of the day, when it began
    and with what NAV, its highest NAV, the PnL realised in it."""

    peak: int
    peak_ts: int
    day: int
    since_ts: int
    opening_nav: int
    day_peak: int
    realized: int


class SymbolCvar(Part, frozen=True):
    value: float | None
    within_limit: bool | None


class VarPart(Part, frozen=True):
    """B-VAR. `status` is empty when the figures are there; fractions of NAV; `usd` in micro-USD."""

    status: str
    value: float | None
    usd: int | None
    volatility: float | None
    n_assets: int
    within_limit: bool | None
    cvar_status: str
    cvar: Mapping[str, SymbolCvar]
    cvar_within_limit: bool | None
    portfolio_cvar: float | None
    breaching: tuple[str, ...]
    worst_cvar: float


class RiskPart(Part, frozen=True):
    """S7 beyond drawdown and VaR. `daily_loss` is a fraction of the day's opening NAV; `dd` the drawdown that the
    mode rests on."""

    mode: Literal["OK", "WARN", "DEFENSIVE", "HALTED"]
    reason: str
    score: float
    nav_jump: NavJump | None
    daily_loss: float
    nav_age_s: float
    groups: tuple[tuple[str, float, float], ...]
    num_positions: int
    num_registry: int
    dd: float


class RouterRow(Part, frozen=True):
    """One symbol with events in the window (B-RTR-2..6)."""

    symbol: str
    score: float
    slippage_bps: float
    drift_bps: float
    latency_ms: float
    slippage_bucket: Literal["GREEN", "YELLOW", "RED"]
    latency_bucket: Literal["FAST", "NORMAL", "SLOW"]
    router_bucket: Literal["A_HIGH", "B_MEDIUM", "C_LOW", "GENERIC"]
    twap_ratio: float
    twap_notional: int
    total_notional: int
    child_count: int
    child_fill_ratio: float
    events: int
    last_order_ts: int
    last_fill_ts: int


class RouterPart(Part, frozen=True):
    """S8. `score` is None while no event lies in the window. For B-MODE-1: `maker_off`, the symbols with maker-first
    off, and `fallback_ratio`, the mean share of maker attempts that ended as taker."""

    rows: tuple[RouterRow, ...]
    score: float | None
    slippage_bps: float
    drift_bps: float
    latency_ms: float
    slippage_bucket: Literal["GREEN", "YELLOW", "RED"]
    latency_bucket: Literal["FAST", "NORMAL", "SLOW"]
    router_bucket: Literal["A_HIGH", "B_MEDIUM", "C_LOW", "GENERIC"]
    twap_ratio: float
    good: int
    ok: int
    degraded: int
    broken: int
    maker_off: int = 0
    fallback_ratio: float = 0.0


class ScoreRow(Part, frozen=True):
    """One row of S9 (B-HYB-1). `router` is the component R, `router_quality` S8's score or the default."""

    symbol: str
    score: float
    expectancy: float
    router: float
    router_quality: float
    slippage_penalty: float
    fee_drag_penalty: float
    volatility_penalty: float
    passes: bool
    raw_expectancy: float | None
    raw_router: float | None


class RvRow(Part, frozen=True):
    symbol: str
    score: float
    raw: float
    baskets: tuple[str, ...]


class RvPart(Part, frozen=True):
    """S10 (B-RV)."""

    rows: tuple[RvRow, ...]
    btc_vs_eth: float
    l1_vs_alt: float
    meme_vs_rest: float


class Vector(Part, frozen=True):
    """One factor vector: `key` is SYMBOL:DIRECTION; values in the order of the configured factors."""

    key: str
    direction: Side
    regime: str
    raw: tuple[float, ...]
    normalized: tuple[float, ...]
    orthogonal: tuple[float, ...]


class Coefficients(Part, frozen=True):
    mean: float
    std: float
    min: float
    max: float
    range: float


class FactorPart(Part, frozen=True):
    """S11 (B-FAC). Sequences follow `factors`, matrices are row by row."""

    factors: tuple[str, ...]
    vectors: tuple[Vector, ...]
    coefficients: tuple[Coefficients, ...]
    covariance: tuple[tuple[float, ...], ...]
    correlation: tuple[tuple[float, ...], ...]
    vols: tuple[float, ...]
    norms: tuple[float, ...]
    dots: tuple[tuple[float, ...], ...]
    degenerate: tuple[str, ...]
    ir: tuple[float, ...]
    ir_source: Literal["pnl", "vectors"]
    weights: tuple[float, ...]
    feasible: bool
    pnl_by_factor: tuple[int, ...]
    has_pnl: bool


class IntelPart(Part, frozen=True):
    """S9-S11, present only in the state of a loop that runs intel."""

    scores: tuple[ScoreRow, ...]
    rv: RvPart
    factors: FactorPart


class ExecutorState(Part, frozen=True):
    """Everything that the publish phase of one loop writes."""

    loop: int
    ts: int
    run_id: str
    settings: Settings
    nav: NavPart
    stats: ExecStats
    positions: tuple[PositionRow, ...]
    ledger: tuple[LedgerEntry, ...]
    registry: Mapping[str, RegistryEntry]
    reconciliation: Reconciliation
    counters: Counters
    liveness: LivenessPart
    drawdown: DrawdownPart
    risk: RiskPart
    var: VarPart | None
    router: RouterPart
    intel: IntelPart | None
    kept: KeptPart
