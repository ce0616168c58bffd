"""A sound run of two loops, built from the shapes, and small edits of it.

L1 opens BTCUSDT long and vetoes a second intent; in L2 only prices move. Every rule passes on it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import msgspec

from simkit.contract.build import Looks
from simkit.contract.engine import Engine, Verdict
from simkit.contract.fields import steps
from simkit.contract.finding import RULES, Rule
from simkit.contract.look import LoggedFill, LoggedOrder, LoggedVeto, Look, Truth
from simkit.contract.shapes import auxiliary, book, health, intel
from simkit.contract.table import MANIFEST_PATH, by_stem, manifest
from simkit.core.clock import iso
from simkit.core.files import SurfaceWrite
from simkit.core.numeric import q9
from simkit.core.settings import Settings

START = 1_736_121_600_000_000
PERIOD = 60_000_000
BTC, ETH = "BTCUSDT:LONG", "ETHUSDT:SHORT"
LIMIT_VAR, LIMIT_CVAR = 0.12, 0.04

Doc = dict[str, Any]


def at(loop: int) -> str:
    """The ISO time of a loop."""
    return iso(START + (loop - 1) * PERIOD)


def order(intent: str = "i1", key: str = BTC, qty: float = 1.0, **more: Any) -> LoggedOrder:
    given = {"price": 100.0, "reduce_only": False, "reason": "entry", "accepted": True, **more}
    return LoggedOrder(intent, key, qty, **given)


def fill(intent: str = "i1", key: str = BTC, change: float = 1.0, **more: Any) -> LoggedFill:
    given = {"price": 100.0, "fee": 0.0, "realized": 0.0, "reduce_only": False, "reason": "entry", **more}
    return LoggedFill(intent, key, change, **given)


def veto(intent: str = "i2", reason: str = "max_concurrent") -> LoggedVeto:
    return LoggedVeto(intent, "ETHUSDT", reason)


class Loop:
    """One loop of the world: documents by stem, and what differs from writing them plainly."""

    def __init__(self, loop: int, docs: dict[str, Doc], truth: dict[str, Any]) -> None:
        self.loop = loop
        self.docs = docs
        self.truth: dict[str, Any] | None = truth
        self.raw: dict[str, bytes] = {}
        self.unwritten: list[str] = []
        self.writer: dict[str, str] = {}
        self.mode: dict[str, str] = {}
        self.more: dict[str, bytes] = {}
        self.journal = True
        self.extra_writes: list[tuple[str, str, bytes]] = []
        self.logged: list[tuple[str, bytes]] = []


class World:
    """Two loops and the settings; an edit changes it before it is judged."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.loops = [Loop(1, _docs(1), _truth(1)), Loop(2, _docs(2), _truth(2))]

    def looks(self) -> list[Look]:
        """The looks of all loops. A look loses its predecessor when the next is built, so judge as you go."""
        return [look for look, _ in self.judged([])]

    def judged(self, rules: list[Rule]) -> list[tuple[Look, Verdict]]:
        """Each look with the verdict of the given rules."""
        engine, looks, out = Engine(rules), Looks(), []
        tree: dict[str, bytes] = {}
        for loop in self.loops:
            writes = _write(loop, tree)
            truth = None if loop.truth is None else Truth(**loop.truth)
            look = looks.next(
                loop.loop,
                START + (loop.loop - 1) * PERIOD,
                self.settings,
                dict(tree),
                writes=writes if loop.journal else None,
                truth=truth,
            )
            out.append((look, engine.look(look)))
        return out

    def verdict(self, rule: str) -> Verdict:
        """What one rule says of the last loop."""
        return self.judged([RULES[rule]])[-1][1]


def _path(stem: str) -> str:
    if stem == "v7_manifest":
        return MANIFEST_PATH
    return by_stem[stem].path if stem in by_stem else f"logs/state/{stem}.json"


def _write(loop: Loop, tree: dict[str, bytes]) -> list[SurfaceWrite]:
    writes: list[SurfaceWrite] = []
    for stem, doc in loop.docs.items():
        path = _path(stem)
        data = loop.raw.get(stem) or msgspec.json.encode(doc)
        if stem in loop.raw:
            data = loop.raw[stem]
        if stem in loop.unwritten or (tree.get(path) == data and stem not in loop.raw):
            continue
        tree[path] = data
        owner = by_stem[stem].owner if stem in by_stem else "executor"
        writer, mode = loop.writer.get(stem, owner), loop.mode.get(stem, "replace")
        if stem != "v7_manifest":
            writes.append(SurfaceWrite(len(writes), loop.loop, path, writer, data, mode))  # type: ignore[arg-type]
    for path in [path for path in tree if _stem(path) not in loop.docs and path not in loop.more]:
        del tree[path]
    tree.update(loop.more)
    for stem, writer, data in loop.extra_writes:
        writes.append(SurfaceWrite(len(writes), loop.loop, _path(stem), writer, data, "replace"))
    for path, lines in loop.logged:
        writes.append(SurfaceWrite(len(writes), loop.loop, path, "executor", lines, "append"))
    return writes


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".json")


def _truth(loop: int) -> dict[str, Any]:
    first = loop == 1
    return {
        "positions": {BTC: 1.0, ETH: -2.0},
        "universe": ("BTCUSDT", "ETHUSDT"),
        "orders": (order(),) if first else (),
        "fills": (fill(),) if first else (),
        "vetoes": (veto(),) if first else (),
        "signals": ("i1", "i2") if first else (),
        "flows": 0.0,
        "new_run": first,
        "synced": True,
        "reset_peak": False,
        "seeding_off": frozenset(),
        "nav_read_live": True,
        "exits": (),
        "closes": {
            symbol: (*(PAST[symbol] if first else ()), mark)
            for symbol, mark in zip(PAST, MARKS[loop], strict=True)
        },
    }


# The documents ---------------------------------------------------------------------------------------------

MARKS = {1: (101.0, 50.0), 2: (100.5, 50.5)}
#: The closes before L1: two crashes of BTC that are its tail, a leap that makes the variance, then as many flat
#: bars as momentum looks at.
PAST = {"BTCUSDT": (732.040533, 100.071571, 13.680007, *([101.0] * 50)), "ETHUSDT": (50.0,) * 53}
#: VaR and portfolio CVaR of the book by these closes, reckoned with NumPy.
RISK = {1: (0.010161121, 0.020096488), 2: (0.01, 0.02)}
PEAK = 10001.0


def nav_of(loop: int) -> float:
    """Wallet 10000 and the open PnL of both positions."""
    btc, eth = MARKS[loop]
    return 10000.0 + (btc - 100.0) + 2 * (50.0 - eth)


def dd_of(loop: int) -> float:
    """Drawdown as a fraction."""
    return q9((PEAK - nav_of(loop)) / PEAK)


def l1_of(loop: int) -> float:
    """Both positions as a share of NAV."""
    btc, eth = MARKS[loop]
    return q9((btc + 2 * eth) / nav_of(loop))


def _docs(loop: int) -> dict[str, Doc]:
    shapes = {
        "nav": _nav(loop),
        "positions_state": _positions(loop),
        "position_tp_sl": _registry(),
        "positions_ledger": _ledger(loop),
        "risk_snapshot": _risk(loop),
        "router_health": _router(loop),
        "kpis_v7": _kpis(loop),
        "diagnostics": _diagnostics(loop),
        "engine_metadata": _metadata(loop),
        "symbol_scores_v6": _scores(),
        "rv_momentum": _rv(),
        "factor_diagnostics": _factors(),
        "nav_state": _mirror(loop),
    }
    docs: dict[str, Doc] = {stem: msgspec.to_builtins(shape) for stem, shape in shapes.items()}
    return {"v7_manifest": manifest(), **docs}


def _stamps(loop: int) -> dict[str, str]:
    return {"updated_at": at(loop), "updated_ts": at(loop)}


def _nav(loop: int) -> book.Nav:
    nav = nav_of(loop)
    stats = book.ExecStats(
        attempted_24h=2,
        executed_24h=1,
        fill_rate=0.5,
        vetoes_24h=1,
        top_vetoes=[book.VetoCount(count=1, reason="max_concurrent")],
    )
    detail = book.NavDetail(
        breakdown={"unrealized_pnl": nav - 10000.0, "wallet": 10000.0}, source="live", fresh=True
    )
    aum = book.Aum(futures=nav, offexchange={}, total=nav)
    return book.Nav(
        aum=aum, exec_stats=stats, nav=nav, nav_detail=detail, nav_total=nav, nav_usd=nav, **_stamps(loop)
    )


def _mirror(loop: int) -> book.NavState:
    nav, percent = nav_of(loop), dd_of(loop) * 100
    btc, eth = MARKS[loop]
    return book.NavState(
        age_s=0.0,
        aum=book.Aum(futures=nav, offexchange={}, total=nav),
        drawdown=percent,
        drawdown_abs=PEAK - nav,
        drawdown_pct=percent,
        gross_exposure=btc + 2 * eth,
        largest_position_value=max(btc, 2 * eth),
        lkg=False,
        nav=nav,
        nav_usd=nav,
        net_exposure=btc - 2 * eth,
        peak_equity=PEAK,
        synced_ts=at(loop),
        total_equity=nav,
        **_stamps(loop),
    )


def _positions(loop: int) -> book.PositionsState:
    btc, eth = MARKS[loop]
    rows = [
        book.PositionRow(
            entry_price=100.0,
            mark_price=btc,
            notional=btc,
            qty=1.0,
            realized_pnl=0.0,
            side="LONG",
            symbol="BTCUSDT",
            unrealized_pnl=btc - 100.0,
        ),
        book.PositionRow(
            entry_price=50.0,
            mark_price=eth,
            notional=2 * eth,
            qty=-2.0,
            realized_pnl=0.0,
            side="SHORT",
            symbol="ETHUSDT",
            unrealized_pnl=2 * (50.0 - eth),
        ),
    ]
    return book.PositionsState(positions=rows, **_stamps(loop))


def _registry() -> auxiliary.TpSlRegistryFile:
    return auxiliary.TpSlRegistryFile(
        entries={
            BTC: auxiliary.RegistryEntry(
                entry_price=100.0,
                position_side="LONG",
                qty=1.0,
                registered_at=START / 1e6,
                stop_loss_price=70.0,
                symbol="BTCUSDT",
                take_profit_price=130.0,
            ),
            ETH: auxiliary.RegistryEntry(
                entry_price=50.0,
                position_side="SHORT",
                qty=2.0,
                registered_at=START / 1e6,
                source="ledger_sync",
                stop_loss_price=50.7,
                symbol="ETHUSDT",
                take_profit_price=48.95,
            ),
        },
        updated_at=START / 1e6,
    )


def _ledger(loop: int) -> book.PositionsLedger:
    first = START / 1e6
    return book.PositionsLedger(
        entries=[
            book.LedgerEntry(
                created_ts=first,
                entry_price=100.0,
                position_key=BTC,
                qty=1.0,
                side="LONG",
                sl=70.0,
                symbol="BTCUSDT",
                tp=130.0,
                updated_ts=first,
            ),
            book.LedgerEntry(
                created_ts=first,
                entry_price=50.0,
                position_key=ETH,
                qty=2.0,
                side="SHORT",
                sl=50.7,
                symbol="ETHUSDT",
                tp=48.95,
                updated_ts=first,
            ),
        ],
        metadata=book.LedgerMetadata(entry_count=2, version="v1"),
        tp_sl_levels={BTC: book.Levels(sl=70.0, tp=130.0), ETH: book.Levels(sl=50.7, tp=48.95)},
        **_stamps(loop),
    )


def _risk(loop: int) -> health.RiskSnapshot:
    nav, dd = nav_of(loop), dd_of(loop)
    row = health.SymbolCvar(cvar_nav_pct=0.01, limit=LIMIT_CVAR, within_limit=True)
    return health.RiskSnapshot(
        anomalies=health.Anomalies(),
        circuit_breaker=health.CircuitBreaker(active=False, max_portfolio_dd_nav_pct=0.10),
        correlation_groups={
            "L1": health.CorrelationGroup(gross_nav_pct=l1_of(loop), max_group_nav_pct=0.35),
            "alts": health.CorrelationGroup(gross_nav_pct=0.0, max_group_nav_pct=0.25),
        },
        cvar=health.Cvar(limit=LIMIT_CVAR, per_symbol={"BTCUSDT": row, "ETHUSDT": row}, within_limit=True),
        daily_loss_frac=0.0,
        dd_frac=dd,
        dd_state=health.DdState(
            drawdown=health.DdPct(dd_pct=dd), since_ts=at(1), state="NORMAL", transitions=0
        ),
        drawdown=health.Drawdown(dd_abs=PEAK - nav, dd_pct=dd, nav=nav, peak_nav=PEAK),
        nav=nav,
        nav_health=health.NavHealth(age_s=0.0, fresh=True, sources_ok=True, threshold_s=90.0),
        nav_total=nav,
        portfolio_dd_pct=dd,
        risk_mode="OK",
        risk_mode_reason="all_systems_healthy",
        risk_mode_score=0.0,
        tp_sl_registry=health.TpSlRegistry(num_positions=2, num_registry_entries=2, registry_mismatch=False),
        var=health.Var(
            max_portfolio_var_nav_pct=LIMIT_VAR,
            portfolio_var_nav_pct=RISK[loop][0],
            portfolio_var_usd=RISK[loop][0] * nav,
            within_limit=True,
        ),
        **_stamps(loop),
    )


def _router(loop: int) -> health.RouterHealth:
    shared: dict[str, Any] = {
        "avg_latency_ms": 0.0,
        "avg_slippage_bps": 0.0,
        "latency_bucket": "FAST",
        "quality_score": 0.7,
        "router_bucket": "A_HIGH",
        "slippage_drift_bps": 0.0,
        "slippage_drift_bucket": "GREEN",
        "twap_usage_ratio": 0.0,
    }
    buckets = health.Buckets(latency="FAST", router="A_HIGH", slippage="GREEN")
    row = health.RouterSymbol(
        child_orders=health.ChildOrders(count=0, fill_ratio=0.0),
        event_count=1,
        last_fill_ts=at(1),
        last_order_ts=at(1),
        symbol="BTCUSDT",
        total_notional=100.0,
        twap_notional=0.0,
        **shared,
    )
    return health.RouterHealth(
        router_health=health.RouterBlock(
            global_=health.RouterGlobal(buckets=buckets, **shared), per_symbol={"BTCUSDT": row}
        ),
        router_health_score=0.7,
        summary=health.RouterSummary(quality_counts=health.QualityCounts(broken=0, degraded=0, good=0, ok=1)),
        **_stamps(loop),
    )


def _kpis(loop: int) -> health.Kpis:
    nav, dd = nav_of(loop), dd_of(loop)
    btc, eth = MARKS[loop]
    var, cvar = RISK[loop]
    return health.Kpis(
        dd_state="NORMAL",
        drawdown=health.DdPct(dd_pct=dd),
        per_symbol={
            "BTCUSDT": health.KpiSymbol(exposure_nav_pct=q9(btc / nav), pnl=btc - 100.0),
            "ETHUSDT": health.KpiSymbol(exposure_nav_pct=q9(2 * eth / nav), pnl=2 * (50.0 - eth)),
        },
        portfolio=health.KpiPortfolio(cvar_nav_pct=cvar, dd_pct=dd, nav=nav, var_nav_pct=var),
        **_stamps(loop),
    )


def _diagnostics(loop: int) -> health.Diagnostics:
    idle = 60.0 * (loop - 1)
    return health.Diagnostics(
        runtime_diagnostics=health.RuntimeDiagnostics(
            exit_pipeline=health.ExitPipeline(
                last_exit_scan_ts=at(loop),
                last_exit_trigger_ts=None,
                last_router_event_ts=at(1),
                ledger_registry_mismatch=False,
                mismatch_breakdown=health.MismatchBreakdown(
                    ghost_ledger_entries=0,
                    missing_ledger_positions=0,
                    missing_tp_sl_entries=0,
                    stale_tp_sl_entries=0,
                ),
                open_positions_count=2,
                tp_sl_coverage_pct=1.0,
                tp_sl_missing_count=0,
                tp_sl_registered_count=2,
                underwater_without_tp_sl_count=0,
            ),
            liveness=health.Liveness(
                details=health.IdleSeconds(
                    exits_idle_seconds=3601.0,
                    orders_idle_seconds=idle,
                    router_idle_seconds=idle,
                    signals_idle_seconds=idle,
                ),
                idle_exits=True,
                idle_orders=False,
                idle_router=False,
                idle_signals=False,
                missing=health.IdleMissing(
                    exits_idle_seconds=True,
                    orders_idle_seconds=False,
                    router_idle_seconds=False,
                    signals_idle_seconds=False,
                ),
            ),
            veto_counters=health.VetoCounters(
                by_reason={"max_concurrent": 1},
                last_order_ts=at(1),
                last_signal_ts=at(1),
                last_veto_ts=at(1),
                total_orders=1,
                total_signals=2,
                total_vetoes=1,
            ),
        ),
        **_stamps(loop),
    )


def _metadata(loop: int) -> auxiliary.EngineMetadata:
    return auxiliary.EngineMetadata(
        engine_version="1",
        env="sim",
        git_commit="0",
        hostname="h",
        run_id="run-1",
        status="running",
        updated_ts=at(loop),
    )


def _scores() -> intel.SymbolScores:
    rows = []
    for symbol, router, score in (("BTCUSDT", 0.7, 0.52), ("ETHUSDT", 0.5, 0.45)):
        hybrid = intel.Hybrid(
            min_for_emission=0.35, passes_emission=True, router_quality_score=router, score=score
        )
        rows.append(intel.ScoreRow(hybrid=hybrid, hybrid_score=score, score=score, symbol=symbol))
    return intel.SymbolScores(symbols=rows, **_stamps(1))


def _rv() -> intel.RvMomentum:
    return intel.RvMomentum(
        per_symbol={"BTCUSDT": intel.RvSymbol(score=0.5), "ETHUSDT": intel.RvSymbol(score=0.5)},
        spreads=intel.RvSpreads(btc_vs_eth=0.0, l1_vs_alt=0.0, meme_vs_rest=0.0),
        **_stamps(1),
    )


def _factors() -> intel.FactorDiagnostics:
    names = ["trend", "carry", "rv_momentum"]
    weights = {"carry": 0.3, "rv_momentum": 0.3, "trend": 0.4}
    ir = {"carry": 0.999999998, "rv_momentum": 0.0, "trend": 0.999999998}
    vol = 1.414213562373
    norms = {"carry": 0.0, "rv_momentum": 0.0, "trend": vol}
    degenerate = ["carry", "rv_momentum"]
    even = intel.NormalizationCoeffs(max=1.0, mean=0.5, min=0.0, range=1.0, std=0.5)
    flat = intel.NormalizationCoeffs(max=0.5, mean=0.5, min=0.5, range=1.0, std=1.0)
    raw = {"BTCUSDT:LONG": (1.0, 0.0), "ETHUSDT:LONG": (0.0, 1.0)}
    straight = {key: {"carry": 0.0, "rv_momentum": 0.0, "trend": 2 * t - 1} for key, (t, _) in raw.items()}
    dots = {one: {two: 2.0 if one == two == "trend" else 0.0 for two in names} for one in names}
    square = [[2.0, -2.0, 0.0], [-2.0, 2.0, 0.0], [0.0, 0.0, 0.0]]
    correlation = [[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    return intel.FactorDiagnostics(
        auto_weighting_enabled=True,
        config=intel.FactorConfig(
            covariance_lookback_days=30.0,
            enabled=True,
            factors=names,
            max_abs_zscore=3.0,
            normalization_mode="zscore",
            pnl_attribution_lookback_days=14.0,
        ),
        covariance=intel.Covariance(
            correlation_matrix=correlation,
            covariance_matrix=square,
            factors=names,
            lookback_days=30.0,
            factor_vols={"carry": vol, "rv_momentum": 0.0, "trend": vol},
        ),
        factor_ir=ir,
        factor_weights=intel.FactorWeights(weights=weights),
        normalization_coeffs={"carry": even, "rv_momentum": flat, "trend": even},
        orthogonalization_enabled=True,
        orthogonalized=intel.Orthogonalized(
            degenerate=degenerate, dot_products=dots, norms=norms, per_symbol=straight
        ),
        per_symbol={
            key: intel.FactorVector(
                direction="LONG", factors={"carry": 2 * c - 1, "rv_momentum": 0.0, "trend": 2 * t - 1}
            )
            for key, (t, c) in raw.items()
        },
        pnl_attribution=intel.PnlAttribution(
            by_factor={},
            factor_ir=ir,
            weights=weights,
            window_days=14.0,
            orthogonalized_summary=intel.OrthogonalizedSummary(degenerate=degenerate, norms=norms),
        ),
        raw_factors={
            key: intel.RawVector(
                direction="LONG", factors={"carry": c, "rv_momentum": 0.5, "trend": t}, regime="normal"
            )
            for key, (t, c) in raw.items()
        },
        weights=weights,
        **_stamps(1),
    )


# Edits -----------------------------------------------------------------------------------------------------

Edit = Callable[[World], None]


def nothing(world: World) -> None:
    """The good tree as it is."""


def also(*edits: Edit) -> Edit:
    """One edit after the other."""

    def edit(world: World) -> None:
        for one in edits:
            one(world)

    return edit


def put(path: str, value: Any, loop: int = 2) -> Edit:
    """Set the value at a path `stem.a.b[KEY]` (a row of a list answers to its number)."""

    def edit(world: World) -> None:
        holder, last = _holder(world, path, loop)
        holder[last] = copy.deepcopy(value)

    return edit


def drop(path: str, loop: int = 2) -> Edit:
    """Remove what stands at a path."""

    def edit(world: World) -> None:
        holder, last = _holder(world, path, loop)
        del holder[last]

    return edit


def _holder(world: World, path: str, loop: int) -> tuple[Any, Any]:
    *way, last = [step.strip("[]") for step in steps(path)]
    holder: Any = world.loops[loop - 1].docs
    for step in way:
        holder = holder[int(step)] if isinstance(holder, list) else holder[step]
    return holder, int(last) if isinstance(holder, list) else last


def both(path: str, value: Any) -> Edit:
    """Set a value in both loops."""
    return also(put(path, value, 1), put(path, value, 2))


def truth(loop: int = 2, **values: Any) -> Edit:
    """Change what the harness knows."""

    def edit(world: World) -> None:
        known = world.loops[loop - 1].truth
        assert known is not None
        known.update(values)

    return edit


def settings(**groups: Any) -> Edit:
    """Other settings: `settings(tp_sl={"seed": False})`."""

    def edit(world: World) -> None:
        old = world.settings
        world.settings = msgspec.structs.replace(
            old,
            **{name: msgspec.structs.replace(getattr(old, name), **part) for name, part in groups.items()},
        )

    return edit


def on(loop: int, change: Callable[[Loop], None]) -> Edit:
    """Change a loop itself: its writes, its raw files."""
    return lambda world: change(world.loops[loop - 1])


def raw(stem: str, data: bytes, loop: int = 2) -> Edit:
    """Other bytes for a file."""
    return on(loop, lambda it: it.raw.__setitem__(stem, data))


def stamp(stem: str, text: str, loop: int = 2) -> Edit:
    """Another surface time, under both names."""
    return also(put(f"{stem}.updated_ts", text, loop), put(f"{stem}.updated_at", text, loop))


def gone(stem: str, loop: int = 2) -> Edit:
    """No such file in that loop."""
    return on(loop, lambda it: it.docs.__delitem__(stem))


def unwritten(*stems: str) -> Edit:
    """The writes of these files fail in L2: the files of L1 stay."""
    return on(2, lambda it: it.unwritten.extend(stems))
