"""The frozen, expanded scenario: all that a run depends on, in scaled integers.

Comes in: nothing. Goes out: `Scenario` and its parts. May import `core.settings` and
`scenario.faults`.

Units: prices count 1e-8 USD, quantities 1e-8 base units, money 1e-6 USD, time microseconds; loops count from 1
and ranges are inclusive. A series is a tuple of `Step`: each value holds from its loop until the next.
"""

from __future__ import annotations

from typing import Literal

from simkit.core.settings import Settings
from simkit.scenario.faults import (
    AccountReset as AccountReset,
    AckFault as AckFault,
    BadBalance as BadBalance,
    BadMark as BadMark,
    BalanceDown as BalanceDown,
    BuilderError as BuilderError,
    ClockDrift as ClockDrift,
    ClockFrozen as ClockFrozen,
    ClosedOutside as ClosedOutside,
    ConfigUnreadable as ConfigUnreadable,
    CountersReset as CountersReset,
    Crash as Crash,
    Damage as Damage,
    DamagedFile as DamagedFile,
    DepthGone as DepthGone,
    DirectWrite as DirectWrite,
    Fault as Fault,
    FeedStall as FeedStall,
    FillFault as FillFault,
    Folder as Folder,
    FolderMissing as FolderMissing,
    FundingShock as FundingShock,
    GhostLedgerEntry as GhostLedgerEntry,
    Hang as Hang,
    HostClock as HostClock,
    HostClockFault as HostClockFault,
    Latency as Latency,
    LedgerQty as LedgerQty,
    LevelsDropped as LevelsDropped,
    Liquidation as Liquidation,
    Loops as Loops,
    LoopStep as LoopStep,
    MarkMissing as MarkMissing,
    MissingLedgerPosition as MissingLedgerPosition,
    Model as Model,
    OrderRefused as OrderRefused,
    PartFill as PartFill,
    PowerCut as PowerCut,
    PriceGap as PriceGap,
    PublishWrong as PublishWrong,
    RateLimit as RateLimit,
    RegistryLevels as RegistryLevels,
    SecondaryWriter as SecondaryWriter,
    SecondExecutor as SecondExecutor,
    Side as Side,
    Slippage as Slippage,
    StaleBook as StaleBook,
    SyncClock as SyncClock,
    SyncDoubled as SyncDoubled,
    SyncDown as SyncDown,
    SyncLate as SyncLate,
    TempLeft as TempLeft,
    TimeZone as TimeZone,
    TornWrite as TornWrite,
    UndeclaredTransfer as UndeclaredTransfer,
    VenueClock as VenueClock,
    When as When,
    WideSpread as WideSpread,
    WriteFails as WriteFails,
    WrongBalance as WrongBalance,
)


class Step(Model, frozen=True):
    """`value` holds from `loop` on."""

    loop: int
    value: int


class ClockSpec(Model, frozen=True):
    """L1 is at `start_us`; Ln lies n - 1 periods later. `sync_phase_us`: how long after the publish sync runs.

    `periods`: from the loop of a step on, that many microseconds lie between a loop and the next."""

    start_us: int
    period_us: int
    loops: int
    sync_phase_us: int = 0
    periods: tuple[Step, ...] = ()

    def at(self, loop: int) -> int:
        """The time of `loop` in microseconds."""
        ts, period = self.start_us + (loop - 1) * self.period_us, self.period_us
        for step in self.periods:  # each changes what lies between its loop and the next
            if step.loop >= loop:
                break
            ts += (loop - step.loop) * (step.value - period)
            period = step.value
        return ts

    @property
    def shortest_us(self) -> int:
        """The shortest time between two loops."""
        return min((self.period_us, *(step.value for step in self.periods)))


# Market ----------------------------------------------------------------------------------------------------


class Scripted(Model, frozen=True, tag="scripted"):
    """One price per loop."""

    symbol: str
    steps: tuple[Step, ...]


class Bar(Model, frozen=True):
    """One candle; `path` is the order in which its prices are passed (O-L-H-C or O-H-L-C)."""

    loop: int
    open: int
    high: int
    low: int
    close: int
    path: Literal["O-L-H-C", "O-H-L-C"] = "O-L-H-C"


class Candles(Model, frozen=True, tag="candles"):
    """Scripted candles; between them the last close holds."""

    symbol: str
    bars: tuple[Bar, ...]


class Regime(Model, frozen=True):
    """From `loop` on: `volatility` and `drift` per loop, as fractions."""

    loop: int
    volatility: float
    drift: float = 0.0


class Jump(Model, frozen=True):
    """In `loop` the price is multiplied by 1 + `size` (a fraction)."""

    loop: int
    size: float


class RandomWalk(Model, frozen=True, tag="random"):
    """A seeded walk. `correlation` (0..1) is the weight of the common factor named `common`."""

    symbol: str
    start: int
    regimes: tuple[Regime, ...]
    jumps: tuple[Jump, ...] = ()
    common: str = ""
    correlation: float = 0.0


class ColumnMap(Model, frozen=True):
    """Names, or positions from 0 as text, of the columns of a recorded file; `symbol` is empty when there is none."""

    time: str = "timestamp"
    open: str = "open"
    high: str = "high"
    low: str = "low"
    close: str = "close"
    symbol: str = ""


class Replay(Model, frozen=True, tag="replay"):
    """Recorded bars; one bar is one loop, its time is a label. `file` is relative to the scenario's folder, or
    to `--data DIR` when `outside` is true. `rows` maps a value of the symbol column to one of our symbols.
    `content` is the hash of the file's bytes (empty for an outside file)."""

    file: str
    symbols: tuple[tuple[str, str], ...]
    columns: ColumnMap = ColumnMap()
    layout: Literal["header", "kline"] = "header"
    outside: bool = False
    content: str = ""


Path = Scripted | Candles | RandomWalk | Replay


class PastCloses(Model, frozen=True):
    """Closes of the bars before L1, oldest first: what VaR and RV momentum know at the start."""

    symbol: str
    closes: tuple[int, ...]


class VenueProfile(Model, frozen=True):
    """How the venue fills. All zero is the ideal venue: at once, in full, at the mark (B-LOOP-5)."""

    name: str = "ideal"
    taker_fee_bps: float = 0.0
    maker_fee_bps: float = 0.0
    spread_bps: float = 0.0
    depth_usd: int = 0
    latency_us: int = 0
    latency_jitter_us: int = 0
    max_fill_frac: float = 1.0
    funding_bps: float = 0.0
    funding_every: int = 0
    min_notional: int = 0
    funding_rates: tuple[tuple[str, float], ...] = ()


# Account and opening state ---------------------------------------------------------------------------------


class OffExchangeAsset(Model, frozen=True):
    asset: str
    qty: int
    avg_cost: int
    mark: int | None


class Account(Model, frozen=True):
    """`cash` is the opening wallet. `nav` scripts equity as truth, one step per change (B-NAV-9). In `one_way` mode
    the venue knows one position per symbol and tells its side as BOTH (B-POS-2)."""

    cash: int
    nav: tuple[Step, ...] = ()
    off_exchange: tuple[OffExchangeAsset, ...] = ()
    mode: Literal["hedge", "one_way"] = "hedge"


class OpeningPosition(Model, frozen=True):
    """A position that exists before L1. `qty` is unsigned; null levels stay null until seeded."""

    symbol: str
    side: Side
    qty: int
    entry: int
    tp: int | None = None
    sl: int | None = None


# Script ----------------------------------------------------------------------------------------------------


class Signal(Model, frozen=True):
    """One scripted intent. Exactly one of `qty` and `usd` is set, neither for a full `close`.

    `levels`: "given" (tp or sl set), "none" (asked for no level in so many words), "silent" (says nothing).
    `limit` is the price of a resting limit order; None is a market order. `maker` asks for a maker attempt first
    (B-RTR-11). `leverage` and `strategy` are what the intent says of itself; 0 and empty where it says nothing.
    """

    loop: int
    intent_id: str
    action: Literal["open", "close"]
    symbol: str
    side: Side
    qty: int | None = None
    usd: int | None = None
    tp: int | None = None
    sl: int | None = None
    levels: Literal["given", "none", "silent"] = "silent"
    limit: int | None = None
    twap: bool = False
    maker: bool = False
    leverage: float = 0.0
    strategy: str = ""


class Restart(Model, frozen=True, tag="restart"):
    """The executor dies after the loop before `loop`; a new one starts. `losing` names files lost meanwhile."""

    loop: int
    losing: tuple[Literal["registry"], ...] = ()


class Transfer(Model, frozen=True, tag="transfer"):
    """A declared deposit (+) or withdrawal (-) in micro-USD."""

    loop: int
    amount: int


class ResetPeak(Model, frozen=True, tag="reset_peak"):
    """The operator declares the drawdown peak void: it restarts at this loop's NAV."""

    loop: int


class SetSetting(Model, frozen=True, tag="settings"):
    """From `loop` on the executor runs with other settings (a config fix)."""

    loop: int
    settings: Settings


Event = Restart | Transfer | ResetPeak | SetSetting


# What is expected ------------------------------------------------------------------------------------------


class Where(Model, frozen=True):
    """A place in the scenario file, counted from 1."""

    line: int
    column: int


class Expectation(Model, frozen=True):
    """`field` (a full contract path, `surface.a.b`) has `value` in every loop of `loops`; `never`: in none.

    `value` is plain JSON in the field's published unit; `is_loop` marks a loop name: a time in that loop.
    `text` is what the author wrote.
    """

    loops: Loops
    field: str
    value: object
    text: str
    where: Where
    never: bool = False
    is_loop: bool = False


class ExpectedFinding(Model, frozen=True):
    """The error-level rule `rule` fires in exactly these loops."""

    rule: str
    loops: tuple[Loops, ...]
    where: Where


class Converge(Model, frozen=True):
    """From loop `after + within` on every surface is fresh and every mismatch counter zero."""

    after: int
    within: int
    where: Where


class Scenario(Model, frozen=True):
    """One run: a scenario file with one of its variants overlaid.

    `family` is the folder below the scenario root (may hold `/`), `id` the file's stem, `variant` empty without
    variants. `file` is relative to the project and never part of the hash. `fault_places` tells where each of the
    `faults` is written.
    """

    family: str
    id: str
    variant: str
    file: str
    title: str
    about: str
    incident: str
    tags: tuple[str, ...]
    seed: int
    clock: ClockSpec
    universe: tuple[str, ...]
    paths: tuple[Path, ...]
    past: tuple[PastCloses, ...]
    venue: VenueProfile
    account: Account
    positions: tuple[OpeningPosition, ...]
    signals: tuple[Signal, ...]
    events: tuple[Event, ...]
    faults: tuple[Fault, ...]
    settings: Settings
    expect: tuple[Expectation, ...]
    findings: tuple[ExpectedFinding, ...]
    checkpoints: tuple[int, ...]
    canary: bool = False
    converge: Converge | None = None
    fault_places: tuple[Where, ...] = ()

    @property
    def name(self) -> str:
        """`family/id`, or `family/id@variant`: also the golden's folder."""
        head = f"{self.family}/{self.id}" if self.family else self.id
        return f"{head}@{self.variant}" if self.variant else head

    @property
    def needs_data(self) -> bool:
        """True when a price file lies outside the repository: such a run is judged but has no golden."""
        return any(isinstance(path, Replay) and path.outside for path in self.paths)
