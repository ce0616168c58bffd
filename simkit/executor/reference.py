"""The reference executor: its loop is the list of steps of B-LOOP-3.

Comes in: a `LoopInput` and a venue. Goes out: `ExecutorState` and `LoopOutput`. May import `core`,
`exchange.orders`, `scenario.model` (types) and every rule family of this folder.

Of a scenario only the static configuration is read: id, settings, universe, off-exchange
holdings. What the script holds for later loops reaches the executor through the venue and its
`LoopInput`, never ahead of time.
"""

from __future__ import annotations

from simkit.core.numeric import money
from simkit.core.settings import Settings
from simkit.exchange.orders import Balance, VenuePort
from simkit.executor import exits, gates, intents
from simkit.executor.correlation import group_shares
from simkit.executor.desk import Desk
from simkit.executor.drawdown import Drawdown
from simkit.executor.intel import Intel
from simkit.executor.ledger import Ledger, Registry, ledger_faults
from simkit.executor.liveness import liveness
from simkit.executor.nav import Day, Nav
from simkit.executor.port import Disk, LoopInput, LoopOutput, Veto
from simkit.executor.positions import Positions
from simkit.executor.reconcile import reconcile
from simkit.executor.risk_mode import risk_mode
from simkit.executor.router import RouterStats
from simkit.executor.state import (
    ExecutorState,
    IntelPart,
    OffExchangeRow,
    Reconciliation,
    RiskPart,
    RouterPart,
    VarPart,
)
from simkit.executor.stats import Rolling, Tally
from simkit.executor.var import ReturnBook
from simkit.scenario.model import GhostLedgerEntry, OffExchangeAsset, PastCloses, Scenario, Signal

#: What a process finds when it starts: the time, the disk, the balance.
Found = tuple[int, Disk, Balance | None]


class ReferenceExecutor:
    """Meets `StateExecutor`. One object is one process: a restart is a new object and what lies on disk."""

    name = "reference"
    capabilities = frozenset(
        {"scripted_signals", "state_faults", "restart", "legacy", "settings", "reset_peak"}
    )

    def __init__(self, scenario: Scenario) -> None:
        self._id = scenario.id
        self._symbols = scenario.universe
        self._universe = frozenset(scenario.universe)
        self._off_exchange = tuple([_off_exchange(asset) for asset in scenario.account.off_exchange])
        self._found: Found | None = None

    # Start-up --------------------------------------------------------------------------------------------

    def start(self, ts: int, disk: Disk, venue: VenuePort) -> None:
        """B-LOOP-1, B-RST: look at the disk and the account. The rest of the start-up opens the first
        loop, before its scan, because only then the settings in force are known."""
        self._found = (ts, disk, venue.balance())

    def _start_up(self, found: Found, now: LoopInput, venue: VenuePort) -> None:
        """Begin empty but for what the disk holds (B-RST-1, B-RST-2), then sync ledger and registry
        with the venue's positions (B-LED-3). Nothing waits for a flat book (D-17)."""
        (ts, disk, balance), settings = found, now.settings
        self._adopt(settings)
        self._run_id = f"{self._id}-run-{disk.run}"
        self._positions, self._ledger, self._registry = Positions(), Ledger(), Registry(disk.registry)
        self._nav, self._day = Nav(ts, self._off_exchange, disk.last_nav), Day()
        self._drawdown = Drawdown(ts, disk, settings.drawdown)
        self._tally, self._rolling = Tally(), Rolling()
        self._router = RouterStats(settings.router)
        past = [PastCloses(symbol, tuple(venue.closes(symbol))) for symbol in self._symbols]
        self._returns = ReturnBook(self._symbols, past, settings.var)
        self._intel = Intel(self._symbols, settings, disk.factor_weights)
        for close in disk.closes:
            self._intel.closed(close.ts, close.symbol, close.side, close.pnl, close.fees)
        self._desk = Desk(self._registry, self._tally, self._rolling, self._day, self._router, self._intel)
        self._faulty = False
        self._reconciliation: Reconciliation | None = None
        self._reconciled: tuple[object, ...] = ()
        self._var: VarPart | None = None
        self._var_known = False
        self._positions.read(venue, now.bars)
        self._nav.read(ts, balance, self._positions.unrealized)
        self._build_ledger(ts, sync=True)

    def _adopt(self, settings: Settings) -> None:
        self._settings = settings
        self._legacy = frozenset(settings.legacy)

    # The loop --------------------------------------------------------------------------------------------

    def step(self, now: LoopInput, venue: VenuePort) -> tuple[ExecutorState, LoopOutput]:
        """One loop: act, then the snapshot that is published."""
        output = self.act(now, venue)
        return self.publish_state(), output

    def act(self, now: LoopInput, venue: VenuePort) -> LoopOutput:
        """Everything that trades or changes what the executor knows (B-LOOP-3, up to the publish phase)."""
        self._begin(now, venue)
        self._book_resting_fills(now)
        exits_sent = self._scan_exits(now, venue)
        signals, vetoes = self._trade(now, venue) if now.signals else ((), ())
        self._positions.read(venue, now.bars)
        self._build_ledger(now.ts, sync="D-11" not in self._legacy)
        self._act_out_faults(now)
        self._measure(now, venue.balance())
        return LoopOutput(tuple(self._desk.events), vetoes, signals, exits_sent)

    def _begin(self, now: LoopInput, venue: VenuePort) -> None:
        self._now, self._venue = now, venue
        if self._found is not None:
            self._start_up(self._found, now, venue)
            self._found = None
        elif now.settings is not self._settings:
            self._adopt(now.settings)
            self._intel.use(now.settings)
            self._router.use(now.settings.router)
        self._desk.events = []
        self._published_ledger = self._ledger.entries
        self._day.roll(now.day, self._nav.part.nav)
        self._daily_loss_seen = self._day.loss

    def _book_resting_fills(self, now: LoopInput) -> None:
        if now.venue_events:
            self._desk.later(now.venue_events)

    def _scan_exits(self, now: LoopInput, venue: VenuePort) -> tuple[str, ...]:
        """B-EXIT on the ledger as the last loop left it; it is whole again in the first loop without a
        ledger fault (B-LED-11)."""
        if self._faulty and not ledger_faults(now.faults):
            self._faulty = False
            self._ledger.build(now.ts, self._positions.rows, self._registry)
        self._tally.exit_scan_ts = now.ts
        found = exits.scan(now.loop, self._ledger.snapshot, venue)
        for order in found:
            self._tally.exit_trigger_ts = now.ts
            self._rolling.attempted(now.ts)
            self._desk.send(now.ts, (order,), None, venue)
        return tuple([order.intent_id for order in found])

    def _build_ledger(self, ts: int, *, sync: bool) -> None:
        """B-LED-1, then B-LED-3; what the sync seeds shows in the ledger at once."""
        ledger, registry, rows = self._ledger, self._registry, self._positions.rows
        ledger.build(ts, rows, registry)
        if sync and registry.sync(ts, rows, ledger, self._settings.tp_sl):
            ledger.build(ts, rows, registry)

    def _act_out_faults(self, now: LoopInput) -> None:
        """B-LED-11: after the sync, so that it cannot repair them, and before anything is published."""
        faults = ledger_faults(now.faults) if now.faults else None
        if faults:
            self._faulty = True
            self._ledger.act_out(now.ts, faults, self._published_ledger)
            for fault in faults:
                if isinstance(fault, GhostLedgerEntry) and fault.in_registry:
                    self._registry.act_out(now.ts, fault)

    def _measure(self, now: LoopInput, balance: Balance | None) -> None:
        """NAV, drawdown and returns of this loop; the gates meet them in the next one (B-LOOP-4)."""
        settings = self._settings
        self._nav.read(now.ts, balance, self._positions.unrealized)
        self._nav.publish(settings.nav)
        self._drawdown.update(
            now.ts, self._nav.part.nav, settings.drawdown, settings.nav,
            reset_peak=now.reset_peak, legacy=self._legacy,
        )  # fmt: skip
        self._returns.add(now.bars)
        self._var_known = False

    # Intents ---------------------------------------------------------------------------------------------

    def _trade(self, now: LoopInput, venue: VenuePort) -> tuple[tuple[str, ...], tuple[Veto, ...]]:
        """Intents in the order of the script: counted, gated, sized, routed. The ids emitted and the
        vetoes."""
        emitted: list[str] = []
        vetoes: list[Veto] = []
        for signal in now.signals:
            if self._desk.cools_down(now.ts, signal.symbol):
                continue
            emitted.append(signal.intent_id)
            self._tally.signal(now.ts)
            self._rolling.attempted(now.ts)
            veto = self._carry_out(signal, now.ts, venue)
            if veto is not None:
                self._tally.veto(now.ts, veto.reason)
                self._rolling.veto(now.ts, veto.reason)
                vetoes.append(veto)
        return tuple(emitted), tuple(vetoes)

    def _carry_out(self, signal: Signal, ts: int, venue: VenuePort) -> Veto | None:
        """Send the intent's orders, or the veto that stops it. A close of nothing is not sent; a close
        passes no gate (B-VETO-6)."""
        mark = venue.mark(signal.symbol)
        held = [p.qty for p in venue.positions() if p.symbol == signal.symbol and p.side == signal.side]
        qty = intents.size(signal, mark or 0, held[0] if held else 0)
        if signal.action == "open":
            notional = money(mark or 0, qty)
            veto = gates.check(self._request(signal, qty, notional, ts, venue), priced=mark is not None)
            if veto is not None:
                return veto
        if qty > 0:
            self._desk.send(ts, intents.orders(signal, qty, mark or 0, self._settings.router), signal, venue)
        return None

    def _request(self, signal: Signal, qty: int, notional: int, ts: int, venue: VenuePort) -> gates.Request:
        known = {row.key: row.mark for row in self._positions.rows}
        positions = [(p, p.mark or known.get(p.key, p.entry)) for p in venue.positions()]
        nav = self._nav
        seen = gates.Seen(
            nav.part.nav, nav.age_s(ts), nav.part.sources_ok, self._drawdown.part, self._daily_loss_seen,
            self._portfolio_var, self._returns.position_cvar,
        )  # fmt: skip
        book = gates.open_book(positions, self._desk.pending(venue))
        return gates.Request(signal, qty, notional, self._universe, self._settings, seen, book)

    # The publish phase -----------------------------------------------------------------------------------

    def publish_state(self) -> ExecutorState:
        """The snapshot of the loop just acted; intel last and only when due."""
        now, settings, nav = self._now, self._settings, self._nav
        counters = self._tally.snapshot(self._router.last_event_ts)
        router = self._router.snapshot(now.ts)
        return ExecutorState(
            loop=now.loop,
            ts=now.ts,
            run_id=self._run_id,
            settings=settings,
            nav=nav.part,
            stats=self._rolling.snapshot(now.ts),
            positions=self._positions.rows,
            ledger=self._ledger.snapshot,
            registry=self._registry.entries,
            reconciliation=self._reconcile(),
            counters=counters,
            liveness=liveness(now.ts, counters, settings.liveness),
            drawdown=self._drawdown.part,
            risk=self._risk(router),
            var=self._portfolio_var(),
            router=router,
            intel=self._run_intel(router),
        )

    def _reconcile(self) -> Reconciliation:
        """B-LED-5 on what this loop publishes; taken over from the last loop while none of it changed
        and no price can matter (B-LED-7)."""
        compared = (self._positions.keys, self._ledger.snapshot, self._registry.entries, self._legacy)
        known = self._reconciliation
        if (
            known is None
            or known.missing_tp_sl
            or any(old is not new for old, new in zip(self._reconciled, compared, strict=True))
        ):
            known = self._reconciliation = reconcile(
                self._positions.rows, self._ledger.entries, self._registry.entries, self._venue, self._legacy
            )
            self._reconciled = compared
        return known

    def _risk(self, router: RouterPart) -> RiskPart:
        """S7 beyond drawdown and VaR, on the figures of this publish phase (D-39: the NAV age as well)."""
        settings, nav, daily_loss = self._settings, self._nav, self._day.loss
        age_s = nav.age_s(self._now.ts)
        mode, reason, score = risk_mode(nav.part, age_s, self._drawdown.part.dd, daily_loss, router, settings)
        groups = group_shares(self._positions.rows, nav.part.nav, settings.limits.correlation_groups)
        return RiskPart(
            mode, reason, score, nav.jump, daily_loss, age_s, groups, len(self._positions.keys),
            len(self._registry.entries),
        )  # fmt: skip

    def _portfolio_var(self) -> VarPart | None:
        """B-VAR on the book of the last completed loop; computed only when published or asked by a gate."""
        if not self._var_known:
            self._var_known = True
            exposures = self._positions.exposures()
            self._var = self._returns.risk(exposures, self._nav.part.nav, self._settings.var)
        return self._var

    def _run_intel(self, router: RouterPart) -> IntelPart | None:
        now = self._now
        if (now.loop - 1) % self._settings.intel.every:
            return None
        return self._intel.run(now.ts, router, self._returns, self._positions.keys)


def _off_exchange(asset: OffExchangeAsset) -> OffExchangeRow:
    usd_value = None if asset.mark is None else money(asset.mark, asset.qty)
    return OffExchangeRow(asset.asset, asset.qty, asset.avg_cost, asset.mark, usd_value)
