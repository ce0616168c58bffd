"""What one process of the reference executor keeps: one room per rule family, and how they begin.

Comes in: what lies on disk, the venue, the settings in force. Goes out: `Rooms`. May import `core`,
`exchange.orders`, `scenario.model` (types) and every rule family of this folder.
"""

from __future__ import annotations

from simkit.core.numeric import money
from simkit.core.settings import Settings
from simkit.exchange.orders import Balance, VenuePort
from simkit.executor.blotter import Blotter
from simkit.executor.desk import Desk
from simkit.executor.drawdown import Drawdown
from simkit.executor.intel import Intel
from simkit.executor.ledger import Ledger, Registry
from simkit.executor.nav import Day, Nav
from simkit.executor.port import Disk, LoopInput, Veto
from simkit.executor.positions import Positions
from simkit.executor.risk_mode import Inputs, guessed_fraction
from simkit.executor.router import RouterStats
from simkit.executor.state import OffExchangeRow, PositionRow, VarPart
from simkit.executor.stats import Rolling, Tally
from simkit.executor.strategy import Trend
from simkit.executor.var import ReturnBook
from simkit.scenario.model import ConfigUnreadable, OffExchangeAsset, PastCloses, Scenario

#: What a process finds when it starts: the time, the disk, the balance.
Found = tuple[int, Disk, Balance | None]


class Rooms:
    """One object is one process. `settings` are those in force, `legacy` the defects among them; `now`,
    `venue` and `vetoes` are the loop's. `config_loaded`: the settings could be read at least once; until then
    the defaults hold.

    Of a scenario only the static configuration is read: id, settings, universe, off-exchange holdings. What
    the script holds for later loops reaches the executor through the venue and its `LoopInput`, never ahead
    of time.
    """

    def __init__(self, scenario: Scenario, found: Found, now: LoopInput, venue: VenuePort) -> None:
        """Begin empty but for what the disk holds (B-RST-1, B-RST-2)."""
        (ts, disk, balance), settings = found, now.settings
        self.config_loaded = not _unreadable(now)
        if not self.config_loaded:
            settings = Settings(legacy=settings.legacy)
        self.now, self.venue = now, venue
        self._adopt(settings)
        self.started_ts, self.run_id = ts, f"{scenario.id}-run-{disk.run}"
        self.symbols = scenario.universe
        self.universe = frozenset(scenario.universe)
        off_exchange = tuple([_off_exchange(asset) for asset in scenario.account.off_exchange])
        self.positions = Positions(disk.positions or (), self.legacy)
        self.ledger, self.registry = Ledger(disk.ledger), Registry(disk.registry, self.legacy)
        self.nav = Nav(ts, off_exchange, disk.last_nav, disk.confirmed)
        self.day = Day(disk.kept, disk.closes)
        self.drawdown = Drawdown(ts, disk, settings.drawdown)
        self.tally, self.rolling = Tally(), Rolling(disk.activity)
        self.vetoes: list[Veto] = []
        self.router = RouterStats(settings.router)
        past = [PastCloses(symbol, tuple(venue.closes(symbol))) for symbol in self.symbols]
        self.returns = ReturnBook(self.symbols, past, settings.var, self.legacy)
        self.intel = Intel(self.symbols, settings, disk.factor_weights, disk.failing)
        for close in disk.closes:
            self.intel.closed(close.ts, close.symbol, close.side, close.pnl, close.fees)
        self.strategy = self._strategy()
        blotter = Blotter(
            self.registry, self.tally, self.rolling, self.day, self.router, self.intel, self.legacy
        )
        self.desk = Desk(blotter, self.router, scenario.clock, settings, disk.slices)
        self.daily_loss_seen = self.day.loss
        self._var: VarPart | None = None
        self._var_known = False
        self.positions.read(venue, now.loop, settings.positions)
        self.nav.read(ts, balance, self.positions.unrealized, self.legacy)
        rows = self.positions.rows
        if "D-11" in self.legacy and disk.run > 1:
            rows = disk.positions or ()  # the file of the last loop, however old, instead of the account
        self.build_ledger(ts, rows, sync=True)

    def begin(self, now: LoopInput, venue: VenuePort) -> None:
        """A new loop of this process: its settings (B-LOOP-2, step 1: the previous ones where they cannot be
        read), its day."""
        self.now, self.venue = now, venue
        if not _unreadable(now) and now.settings is not self.settings:
            self.config_loaded = True
            before = self.settings.strategy
            self._adopt(now.settings)
            if self.settings.strategy != before:
                self.strategy = self._strategy()
            self.intel.use(now.settings)
            self.router.use(now.settings.router)
            self.desk.use(now.settings.router)
        self.desk.begin(now.loop)
        self.vetoes = []
        self.day.roll(now.day, self.nav.part.nav, now.ts, self.legacy)
        self.daily_loss_seen = self.day.loss
        self.sampled = self.sample() if "D-39" in self.legacy else None

    def sample(self) -> Inputs:
        """What the risk mode rests on, as known at this point of the loop."""
        nav, dd, daily_loss = self.nav, self.drawdown.part.dd, self.day.loss
        if "D-01" in self.legacy:
            dd, daily_loss = guessed_fraction(dd), guessed_fraction(daily_loss)
        return Inputs(nav.part.sources_ok, nav.age_s(self.now.ts), dd, daily_loss)

    @property
    def halted(self) -> bool:
        """Nothing is opened: circuit breaker (as last published, B-LOOP-4) or kill switch."""
        return self.drawdown.part.breaker_active or self.settings.limits.kill_switch

    def _adopt(self, settings: Settings) -> None:
        self.settings = settings
        self.legacy = frozenset(settings.legacy)

    def _strategy(self) -> Trend | None:
        """The built-in strategy when it is switched on; it begins with the closes that are known."""
        strategy = self.settings.strategy
        return None if strategy.name == "none" else Trend(self.symbols, strategy, self.returns.closes)

    def build_ledger(self, ts: int, rows: tuple[PositionRow, ...], *, sync: bool) -> None:
        """B-LED-1, then B-LED-3; what the sync seeds shows in the ledger at once."""
        ledger, registry = self.ledger, self.registry
        before = ledger.entries
        ledger.build(ts, rows, registry)
        if sync and registry.sync(ts, rows, ledger, self.settings.tp_sl):
            ledger.build(ts, rows, registry, before)

    def book_changed(self) -> None:
        """The loop's book, NAV and returns are known: what rests on them is worked out anew when asked for."""
        self._var_known = False

    def portfolio_var(self) -> VarPart | None:
        """B-VAR on the book of the last completed loop; computed only when published or asked by a gate."""
        if not self._var_known:
            self._var_known = True
            exposures = self.positions.exposures(signed="D-21" not in self.legacy)
            self._var = self.returns.risk(exposures, self.nav.part.nav, self.settings.var)
        return self._var


def _unreadable(now: LoopInput) -> bool:
    """Whether the config of this loop cannot be read, to one who reads it."""
    for fault in now.faults:
        if isinstance(fault, ConfigUnreadable):
            now.acted.note(fault)
            return True
    return False


def _off_exchange(asset: OffExchangeAsset) -> OffExchangeRow:
    usd_value = None if asset.mark is None else money(asset.mark, asset.qty)
    return OffExchangeRow(asset.asset, asset.qty, asset.avg_cost, asset.mark, usd_value)
