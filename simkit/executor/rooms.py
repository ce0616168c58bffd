"""What one process of the reference executor keeps: one room per rule family, and how they begin.

Comes in: what lies on disk, the venue, the settings in force. Goes out: `Rooms`. May import `core`,
`exchange.orders`, `scenario.model` (types) and every rule family of this folder.
"""

from __future__ import annotations

from simkit.core.numeric import money
from simkit.core.settings import Settings
from simkit.exchange.orders import Balance, VenuePort
from simkit.executor.desk import Desk
from simkit.executor.drawdown import Drawdown
from simkit.executor.intel import Intel
from simkit.executor.ledger import Ledger, Registry
from simkit.executor.nav import Day, Nav
from simkit.executor.port import Disk, LoopInput
from simkit.executor.positions import Positions
from simkit.executor.router import RouterStats
from simkit.executor.state import OffExchangeRow, VarPart
from simkit.executor.stats import Rolling, Tally
from simkit.executor.var import ReturnBook
from simkit.scenario.model import OffExchangeAsset, PastCloses, Scenario

#: What a process finds when it starts: the time, the disk, the balance.
Found = tuple[int, Disk, Balance | None]


class Rooms:
    """One object is one process. `settings` are those in force, `legacy` the defects among them; `now` and
    `venue` are the loop's.

    Of a scenario only the static configuration is read: id, settings, universe, off-exchange holdings. What
    the script holds for later loops reaches the executor through the venue and its `LoopInput`, never ahead
    of time.
    """

    def __init__(self, scenario: Scenario, found: Found, now: LoopInput, venue: VenuePort) -> None:
        """Begin empty but for what the disk holds (B-RST-1, B-RST-2)."""
        (ts, disk, balance), settings = found, now.settings
        self.now, self.venue = now, venue
        self._adopt(settings)
        self.run_id = f"{scenario.id}-run-{disk.run}"
        self.symbols = scenario.universe
        self.universe = frozenset(scenario.universe)
        off_exchange = tuple([_off_exchange(asset) for asset in scenario.account.off_exchange])
        self.positions, self.ledger, self.registry = Positions(), Ledger(), Registry(disk.registry)
        self.nav, self.day = Nav(ts, off_exchange, disk.last_nav), Day()
        self.drawdown = Drawdown(ts, disk, settings.drawdown)
        self.tally, self.rolling = Tally(), Rolling()
        self.router = RouterStats(settings.router)
        past = [PastCloses(symbol, tuple(venue.closes(symbol))) for symbol in self.symbols]
        self.returns = ReturnBook(self.symbols, past, settings.var)
        self.intel = Intel(self.symbols, settings, disk.factor_weights)
        for close in disk.closes:
            self.intel.closed(close.ts, close.symbol, close.side, close.pnl, close.fees)
        self.desk = Desk(self.registry, self.tally, self.rolling, self.day, self.router, self.intel)
        self.daily_loss_seen = self.day.loss
        self._var: VarPart | None = None
        self._var_known = False
        self.positions.read(venue, now.bars)
        self.nav.read(ts, balance, self.positions.unrealized)
        self.build_ledger(ts, sync=True)

    def begin(self, now: LoopInput, venue: VenuePort) -> None:
        """A new loop of this process: its settings, its day."""
        self.now, self.venue = now, venue
        if now.settings is not self.settings:
            self._adopt(now.settings)
            self.intel.use(now.settings)
            self.router.use(now.settings.router)
        self.desk.events = []
        self.day.roll(now.day, self.nav.part.nav)
        self.daily_loss_seen = self.day.loss

    def _adopt(self, settings: Settings) -> None:
        self.settings = settings
        self.legacy = frozenset(settings.legacy)

    def build_ledger(self, ts: int, *, sync: bool) -> None:
        """B-LED-1, then B-LED-3; what the sync seeds shows in the ledger at once."""
        ledger, registry, rows = self.ledger, self.registry, self.positions.rows
        ledger.build(ts, rows, registry)
        if sync and registry.sync(ts, rows, ledger, self.settings.tp_sl):
            ledger.build(ts, rows, registry)

    def book_changed(self) -> None:
        """The loop's book, NAV and returns are known: what rests on them is worked out anew when asked for."""
        self._var_known = False

    def portfolio_var(self) -> VarPart | None:
        """B-VAR on the book of the last completed loop; computed only when published or asked by a gate."""
        if not self._var_known:
            self._var_known = True
            exposures = self.positions.exposures()
            self._var = self.returns.risk(exposures, self.nav.part.nav, self.settings.var)
        return self._var


def _off_exchange(asset: OffExchangeAsset) -> OffExchangeRow:
    usd_value = None if asset.mark is None else money(asset.mark, asset.qty)
    return OffExchangeRow(asset.asset, asset.qty, asset.avg_cost, asset.mark, usd_value)
