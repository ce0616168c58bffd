"""The genuine settings of an executor, with the contract's defaults (behaviour.md).

Comes in: the `executor:` block of a scenario. Goes out: one frozen `Settings` that the executor obeys and the
rules expect. May import msgspec.

Every `*_pct` and `*_frac` is a fraction (0.10 = 10 %), whatever its name says; `*_s` are seconds, `*_usd` USD. A
legacy defect (`legacy: [D-nn]`) is no setting: it changes what the executor does, never what a rule expects.
"""

from __future__ import annotations

from msgspec import Struct, field


class Part(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of the groups below."""


class PositionSettings(Part, frozen=True):
    """B-POS-1: for how many loops a position that has no mark keeps its last one."""

    keep_mark_loops: int = 3


class TpSlSettings(Part, frozen=True):
    """B-LED-2, B-LED-3: seeding of missing levels; multiples of ATR, ATR as a fraction of the entry price."""

    seed: bool = True
    sl_atr: float = 2.0
    tp_atr: float = 3.0
    atr_frac: float = 0.007


class LimitSettings(Part, frozen=True):
    """Section 6: the gates' limits. Caps compare with >, circuits, loss and concurrency with >=, minimum and
    cooldown with <. A fraction is a fraction: the loader demands `20 %` and guesses at no number above 1.

    `per_symbol_*` overrules the limit for all symbols; a quantity has a limit only there. `whitelist`, where it
    is not empty, names the only symbols that may be opened; `blocked_sides` are keys `SYMBOL:SIDE`. A symbol of
    `tiers` may hold its tier's share of NAV. `strategies` are the enabled ones: where any is listed, as many
    positions at most may be open. `circuit_errors` send errors within `circuit_window_s` stop entries, as do
    `burst_entries` entries within `burst_window_s`; 0 switches either off, and `cooldown_s` (per symbol, after
    an entry) as well. Windows are inclusive and reach back a day at most. `non_prod_env_guard`: the process is
    not production and may open nothing.
    """

    min_notional_usd: float = 25.0
    trade_equity_nav_pct: float = 0.04
    max_trade_nav_pct: float = 0.06
    max_concurrent: int = 6
    max_leverage: float = 4.0
    symbol_nav_pct: float = 0.15
    symbol_order_usd: float = 80_000.0
    per_symbol_nav_pct: dict[str, float] = field(default_factory=dict)
    per_symbol_order_usd: dict[str, float] = field(default_factory=dict)
    per_symbol_qty: dict[str, float] = field(default_factory=dict)
    tiers: dict[str, str] = field(default_factory=dict)
    tier_core_nav_pct: float = 0.30
    tier_satellite_nav_pct: float = 0.20
    tier_tactical_nav_pct: float = 0.10
    tier_alt_ext_nav_pct: float = 0.05
    max_gross_nav_pct: float = 1.5
    correlation_groups: dict[str, float] = field(default_factory=lambda: {"L1": 0.35, "alts": 0.25})
    daily_loss_pct: float = 0.10
    nav_drawdown_pct: float = 0.30
    nav_fresh_s: float = 150.0
    restricted: tuple[str, ...] = ()
    whitelist: tuple[str, ...] = ()
    blocked_sides: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    cooldown_s: float = 0.0
    circuit_errors: int = 0
    circuit_window_s: float = 300.0
    burst_entries: int = 0
    burst_window_s: float = 60.0
    non_prod_env_guard: bool = False
    allow_add: bool = False
    kill_switch: bool = False


class DrawdownSettings(Part, frozen=True):
    """B-DD-2, B-DD-3, B-DD-5, B-DD-6. `max_portfolio_dd_nav_pct` is E; None: no breaker, and E is 0.01."""

    max_portfolio_dd_nav_pct: float | None = 0.10
    recovery_exit: float = 0.0
    reentry_margin: float = 0.0
    dd_flap_window_minutes: float = 60.0
    dd_flap_max_transitions: int = 3


class NavSettings(Part, frozen=True):
    """B-NAV-2, B-NAV-5, B-NAV-6: freshness, peak guard, jump guard (2.0 = 200 %)."""

    fresh_s: float = 90.0
    peak_guard_multiple: float = 3.0
    peak_guard_gap_usd: float = 20_000.0
    max_nav_jump_pct: float = 2.0
    max_nav_jump_gap_usd: float = 20_000.0


class LivenessSettings(Part, frozen=True):
    """B-LIVE-1: thresholds in seconds; 0 disables a check."""

    enabled: bool = True
    signals_s: float = 900.0
    orders_s: float = 1800.0
    exits_s: float = 3600.0
    router_s: float = 1800.0


class VarSettings(Part, frozen=True):
    """B-VAR: one bar per loop; limits are fractions of NAV."""

    enabled: bool = True
    confidence: float = 0.99
    z: float = 2.3263
    lookback: int = 500
    half_life: float = 100.0
    min_returns: int = 20
    max_portfolio_var_nav_pct: float = 0.12
    cvar_confidence: float = 0.95
    cvar_lookback: int = 400
    max_position_cvar_nav_pct: float = 0.04


class RouterSettings(Part, frozen=True):
    """B-RTR-2, B-RTR-3, B-RTR-9, B-RTR-11. `twap_resume`: a new process reads from its log which slices of a
    parent are done and sends the rest only (the system forgets, B-RST-1)."""

    window_s: float = 900.0
    min_events: int = 5
    drift_alpha: float = 0.3
    twap_min_usd: float = 500.0
    twap_slices: int = 4
    twap_gap_s: float = 10.0
    twap_resume: bool = False
    twap: bool = False
    maker_first: bool = True
    taker_bias: bool = False
    maker_max_spread_bps: float = 12.0
    maker_max_slip_bps: float = 5.0
    maker_max_failures: int = 4


class IntelSettings(Part, frozen=True):
    """B-LOOP-3, B-HYB-2, B-RV, B-FAC. `every` counts loops; intel runs in L1, L1 + every, ..."""

    every: int = 10
    min_for_emission: float = 0.35
    rv_bars: int = 48
    rv_half_life: float = 24.0
    rv_mode: str = "zscore"
    factors: tuple[str, ...] = ("trend", "carry", "rv_momentum", "router_quality", "expectancy", "vol_regime")
    normalization_mode: str = "zscore"
    max_abs_zscore: float = 3.0
    covariance_lookback_days: float = 30.0
    pnl_attribution_lookback_days: float = 14.0
    weight_mode: str = "vol_inverse_ir"
    weight_min: float = 0.05
    weight_max: float = 0.40
    weight_smoothing: float = 0.2
    factors_enabled: bool = True
    orthogonalization: bool = True
    auto_weighting: bool = True


class StrategySettings(Part, frozen=True):
    """The built-in strategy; off while `name` is `none`. Bars are loops; `fast` and `slow` are the averages that
    cross, ranges of `atr_bars` make the ATR. Stop and target lie `stop_atr` and `profit_atr` ATR from the mark; an
    entry is worth `trade_nav_pct` of NAV, less in proportion where the ATR exceeds `target_atr_frac` of the price."""

    name: str = "none"
    fast: int = 10
    slow: int = 50
    atr_bars: int = 14
    stop_atr: float = 2.0
    profit_atr: float = 3.0
    min_reward: float = 1.2
    target_atr_frac: float = 0.02
    trade_nav_pct: float = 0.04
    use_factor_weights: bool = False


class Settings(Part, frozen=True):
    """All settings of one executor."""

    legacy: tuple[str, ...] = ()
    positions: PositionSettings = PositionSettings()
    tp_sl: TpSlSettings = TpSlSettings()
    limits: LimitSettings = LimitSettings()
    drawdown: DrawdownSettings = DrawdownSettings()
    nav: NavSettings = NavSettings()
    liveness: LivenessSettings = LivenessSettings()
    var: VarSettings = VarSettings()
    router: RouterSettings = RouterSettings()
    intel: IntelSettings = IntelSettings()
    strategy: StrategySettings = StrategySettings()
