"""A synthetic `ExecutorState`: 8 symbols, 4 positions, every optional part present.

Comes in: what a test wants to differ. Goes out: `ExecutorState`, and a small `Scenario` around it. Imports
the types alone, so that any test may use it.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from simkit.core.numeric import PRICE, QTY, USD, money
from simkit.core.settings import Settings
from simkit.executor import state as st
from simkit.scenario.model import Account, ClockSpec, Scenario, VenueProfile

START_US = 1_736_121_600_000_000  # 2025-01-06T00:00:00Z
PERIOD_US = 60_000_000
SYMBOLS = ("ADAUSDT", "BTCUSDT", "DOGEUSDT", "ETHUSDT", "LINKUSDT", "LTCUSDT", "SOLUSDT", "SUIUSDT")
FACTORS = ("trend", "carry", "rv_momentum", "router_quality", "expectancy", "vol_regime")


def position(symbol: str, side: st.Side, qty: float, entry: float, mark: float) -> st.PositionRow:
    """One row of S3; `qty` unsigned, in base units, prices in USD."""
    sign = 1 if side == "LONG" else -1
    signed, entry_count, mark_count = sign * round(qty * QTY), round(entry * PRICE), round(mark * PRICE)
    return st.PositionRow(
        key=f"{symbol}:{side}",
        symbol=symbol,
        side=side,
        qty=signed,
        entry=entry_count,
        mark=mark_count,
        unrealized=money(mark_count - entry_count, signed),
        realized=1_234_567,
        notional=money(mark_count, abs(signed)),
    )


POSITIONS = (
    position("BTCUSDT", "LONG", 0.05, 42_000.1, 42_123.45),
    position("ETHUSDT", "LONG", 1.5, 2_300.07, 2_250.5),
    position("ETHUSDT", "SHORT", 0.33333333, 2_310.0, 2_250.5),
    position("SOLUSDT", "SHORT", 12.0, 98.765, 101.2),
)


def levels(row: st.PositionRow) -> tuple[int, int]:
    """Take-profit and stop of a row, 3 % and 2 % away from its entry."""
    away = 1 if row.side == "LONG" else -1
    return row.entry + away * row.entry * 3 // 100, row.entry - away * row.entry * 2 // 100


def ledger_of(rows: tuple[st.PositionRow, ...]) -> tuple[st.LedgerEntry, ...]:
    """The ledger of these rows, all with levels."""
    return tuple(
        st.LedgerEntry(r.key, r.symbol, r.side, abs(r.qty), r.entry, *levels(r), START_US, START_US + 123_456)
        for r in rows
    )


def registry_of(rows: tuple[st.PositionRow, ...]) -> dict[str, st.RegistryEntry]:
    """The registry of these rows, all with levels."""
    return {
        r.key: st.RegistryEntry(r.symbol, r.side, *levels(r), r.entry, abs(r.qty), START_US, "ledger_sync")
        for r in rows
    }


def router_row(index: int, symbol: str) -> st.RouterRow:
    return st.RouterRow(
        symbol=symbol,
        score=0.65,
        slippage_bps=1.234567 + index,
        drift_bps=2.5 + index,
        latency_ms=120.125 + index,
        slippage_bucket="YELLOW",
        latency_bucket="FAST",
        router_bucket="B_MEDIUM",
        twap_ratio=0.333333333,
        twap_notional=333_333_333,
        total_notional=1_000_000_000 + index,
        child_count=4,
        child_fill_ratio=0.987654321,
        events=12 + index,
        last_order_ts=START_US + 1_000_000 + index,
        last_fill_ts=START_US + 1_120_125 + index,
    )


ROUTER = st.RouterPart(
    rows=tuple(router_row(i, symbol) for i, symbol in enumerate(SYMBOLS)),
    score=0.65,
    slippage_bps=3.456789,
    drift_bps=4.0,
    latency_ms=123.456,
    slippage_bucket="YELLOW",
    latency_bucket="FAST",
    router_bucket="B_MEDIUM",
    twap_ratio=0.333333333,
    good=0,
    ok=8,
    degraded=0,
    broken=0,
)

VAR = st.VarPart(
    status="",
    value=0.0345678,
    usd=345_678_000,
    volatility=0.235904,
    n_assets=3,
    within_limit=True,
    cvar_status="",
    cvar={
        "BTCUSDT": st.SymbolCvar(0.01, True),
        "ETHUSDT": st.SymbolCvar(0.0456, False),
        "SOLUSDT": st.SymbolCvar(0.003, True),
    },
    cvar_within_limit=False,
    portfolio_cvar=0.0222222,
    breaching=("ETHUSDT",),
    worst_cvar=0.0456,
)


def intel_part() -> st.IntelPart:
    """Two vectors per symbol; the arithmetic means nothing, the shape is that of a real run."""
    n = len(FACTORS)
    square = tuple(tuple(1.0 if i == j else 0.125 for j in range(n)) for i in range(n))
    vectors = tuple(
        st.Vector(
            f"{symbol}:{side}", side, "normal", raw, tuple(2 * x for x in raw), tuple(x / 3 for x in raw)
        )
        for index, symbol in enumerate(SYMBOLS)
        for side, raw in _sides(index, n)
    )
    factors = st.FactorPart(
        factors=FACTORS,
        vectors=vectors,
        coefficients=(st.Coefficients(0.1, 0.25, -0.5, 0.75, 1.25),) * n,
        covariance=square,
        correlation=square,
        vols=(1.0,) * n,
        norms=(2.5,) * n,
        dots=square,
        degenerate=("carry",),
        ir=(0.123456789012,) * n,
        ir_source="pnl",
        weights=(0.2, 0.1, 0.25, 0.15, 0.2, 0.1),
        feasible=True,
        pnl_by_factor=(12_500_000,) * n,
        has_pnl=True,
    )
    scores = tuple(
        st.ScoreRow(s, 0.75 - i / 16, 0.6, 0.65, 0.65, 0.05, 0.01, 0.1, i < 6, 1.5, None)
        for i, s in enumerate(SYMBOLS)
    )
    rv = st.RvPart(
        tuple(st.RvRow(s, i / 8 - 0.4375, 1.2345, ("l1",)) for i, s in enumerate(SYMBOLS)),
        0.0012,
        -0.0034,
        0.01,
    )
    return st.IntelPart(scores, rv, factors)


def _sides(index: int, count: int) -> tuple[tuple[st.Side, tuple[float, ...]], ...]:
    return ("LONG", _raw(index, count)), ("SHORT", _raw(-index, count))


def _raw(index: int, count: int) -> tuple[float, ...]:
    return tuple((index + 1) / (column + 7) for column in range(count))


def make_state(**changes: Any) -> st.ExecutorState:
    """A full state of loop 2; `changes` replace whole fields."""
    wallet = 10_000 * USD
    unrealized = sum(row.unrealized for row in POSITIONS)
    idle = st.Idle(idle=False, seconds=60.5, missing=False)
    never = st.Idle(idle=True, seconds=3601.0, missing=True)
    state = st.ExecutorState(
        loop=2,
        ts=START_US + PERIOD_US,
        run_id="run-0001",
        settings=Settings(),
        nav=st.NavPart(
            nav=wallet + unrealized,
            wallet=wallet,
            unrealized=unrealized,
            source="live",
            fresh=True,
            sources_ok=True,
            live_ts=START_US + PERIOD_US,
            off_exchange=(
                st.OffExchangeRow("BTC", QTY // 10, 40_000 * PRICE, 42_123 * PRICE, 4_212_300_000),
                st.OffExchangeRow("XAUT", 2 * QTY, 2_000 * PRICE, None, None),
            ),
        ),
        stats=st.ExecStats(12, 9, 3, 0.75, (("min_notional", 2), ("whitelist", 1))),
        positions=POSITIONS,
        ledger=ledger_of(POSITIONS),
        registry=registry_of(POSITIONS),
        reconciliation=st.Reconciliation(4, 4, 0, 0, 1.0, False, 0, 0, 0, 0),
        counters=st.Counters(
            by_reason={"min_notional": 2, "whitelist": 1},
            total_signals=12,
            total_orders=9,
            total_vetoes=3,
            last_signal_ts=START_US + PERIOD_US,
            last_order_ts=START_US,
            last_veto_ts=START_US,
            last_exit_scan_ts=START_US + PERIOD_US,
            last_exit_trigger_ts=None,
            last_router_event_ts=START_US + 1_120_125,
        ),
        liveness=st.LivenessPart(enabled=True, exits=never, orders=idle, router=idle, signals=idle),
        drawdown=st.DrawdownPart(
            "RECOVERY", 0.012345679, 123_456_790, 10_000 * USD, START_US, 5, 5, False, 0.10
        ),
        risk=st.RiskPart(
            mode="WARN",
            reason="router_degraded",
            score=0.5,
            nav_jump=st.NavJump(3_000 * USD, 10_000 * USD, 2.333333333),
            daily_loss=0.0125,
            nav_age_s=0.0,
            groups=(("L1", 0.25, 0.35), ("alts", 0.0, 0.25)),
            num_positions=4,
            num_registry=4,
            dd=0.012345679,
        ),
        var=VAR,
        router=ROUTER,
        intel=intel_part(),
        kept=st.KeptPart(
            10_000 * USD, START_US, 20_094, START_US - PERIOD_US, 9_990 * USD, 10_000 * USD, -4 * USD
        ),
    )
    return replace(state, **changes)


def flat_state(**changes: Any) -> st.ExecutorState:
    """The first loop of a new executor: flat book, nothing happened yet, no intel."""
    never = st.Idle(idle=True, seconds=901.0, missing=True)
    base = make_state(
        loop=1,
        ts=START_US,
        nav=st.NavPart(10_000 * USD, 10_000 * USD, 0, "live", True, True, START_US),
        stats=st.ExecStats(0, 0, 0, 0.0, ()),
        positions=(),
        ledger=(),
        registry={},
        reconciliation=st.Reconciliation(0, 0, 0, 0, 0.0, False, 0, 0, 0, 0),
        counters=st.Counters({}, 0, 0, 0, None, None, None, START_US, None, None),
        liveness=st.LivenessPart(True, never, never, never, never),
        drawdown=st.DrawdownPart("NORMAL", 0.0, 0, 10_000 * USD, START_US, 0, None, False, 0.10),
        risk=st.RiskPart("OK", "all_systems_healthy", 0.0, None, 0.0, 0.0, (), 0, 0, 0.0),
        var=replace(VAR, value=0.0, usd=0, volatility=0.0, n_assets=0, cvar={}, cvar_within_limit=True,
                    portfolio_cvar=0.0, breaching=(), worst_cvar=0.0),
        router=replace(ROUTER, rows=(), score=None, slippage_bps=0.0, drift_bps=0.0, latency_ms=0.0,
                       slippage_bucket="GREEN", twap_ratio=0.0, ok=0),
        intel=None,
        kept=st.KeptPart(10_000 * USD, START_US, 20_094, START_US, 10_000 * USD, 10_000 * USD, 0),
    )  # fmt: skip
    return replace(base, **changes)


def make_scenario(**changes: Any) -> Scenario:
    """A small scenario around such states; `changes` replace whole fields."""
    scenario = Scenario(
        family="unit", id="surfaces", variant="", file="scenarios/unit/surfaces.yaml", title="", about="",
        incident="", tags=(), seed=1, clock=ClockSpec(START_US, PERIOD_US, 10), universe=SYMBOLS,
        paths=(), past=(), venue=VenueProfile(), account=Account(10_000 * USD), positions=(),
        signals=(), events=(), faults=(),
        settings=Settings(), expect=(), findings=(), checkpoints=(),
    )  # fmt: skip
    return replace(scenario, **changes)
