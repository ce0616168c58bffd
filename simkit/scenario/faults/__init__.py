"""The faults of a scenario: lies, outages, and what breaks around an executor.

Comes in: nothing. Goes out: one Struct per kind, and `Fault`. May import msgspec.
"""

from simkit.scenario.faults.base import Acting as Acting, Loops as Loops, Model as Model, Side as Side
from simkit.scenario.faults.book import (
    CountersReset as CountersReset,
    GhostLedgerEntry as GhostLedgerEntry,
    LedgerQty as LedgerQty,
    LevelsDropped as LevelsDropped,
    MissingLedgerPosition as MissingLedgerPosition,
    PublishWrong as PublishWrong,
    RegistryLevels as RegistryLevels,
)
from simkit.scenario.faults.files import (
    BuilderError as BuilderError,
    Damage as Damage,
    DamagedFile as DamagedFile,
    DirectWrite as DirectWrite,
    Folder as Folder,
    FolderMissing as FolderMissing,
    Group as Group,
    PowerCut as PowerCut,
    SecondaryWriter as SecondaryWriter,
    TempLeft as TempLeft,
    TornWrite as TornWrite,
    WriteError as WriteError,
    WriteFails as WriteFails,
)
from simkit.scenario.faults.market import (
    AccountReset as AccountReset,
    AckFault as AckFault,
    BadBalance as BadBalance,
    BadMark as BadMark,
    BalanceDown as BalanceDown,
    ClosedOutside as ClosedOutside,
    DepthGone as DepthGone,
    FeedStall as FeedStall,
    FillFault as FillFault,
    FundingShock as FundingShock,
    Latency as Latency,
    Liquidation as Liquidation,
    MarkMissing as MarkMissing,
    OrderRefused as OrderRefused,
    PartFill as PartFill,
    PriceGap as PriceGap,
    RateLimit as RateLimit,
    Slippage as Slippage,
    StaleBook as StaleBook,
    UndeclaredTransfer as UndeclaredTransfer,
    WideSpread as WideSpread,
    WrongBalance as WrongBalance,
)
from simkit.scenario.faults.process import (
    ClockDrift as ClockDrift,
    ClockFrozen as ClockFrozen,
    ConfigUnreadable as ConfigUnreadable,
    Crash as Crash,
    Hang as Hang,
    HostClock as HostClock,
    HostClockFault as HostClockFault,
    LoopStep as LoopStep,
    SecondExecutor as SecondExecutor,
    SyncClock as SyncClock,
    SyncDoubled as SyncDoubled,
    SyncDown as SyncDown,
    SyncLate as SyncLate,
    TimeZone as TimeZone,
    VenueClock as VenueClock,
    When as When,
)

Fault = (
    WrongBalance
    | AccountReset
    | BalanceDown
    | MarkMissing
    | ClosedOutside
    | Latency
    | Slippage
    | OrderRefused
    | PriceGap
    | FeedStall
    | BadMark
    | BadBalance
    | FundingShock
    | Liquidation
    | UndeclaredTransfer
    | StaleBook
    | WideSpread
    | DepthGone
    | PartFill
    | RateLimit
    | AckFault
    | FillFault
    | GhostLedgerEntry
    | MissingLedgerPosition
    | LedgerQty
    | LevelsDropped
    | RegistryLevels
    | CountersReset
    | PublishWrong
    | PowerCut
    | BuilderError
    | DamagedFile
    | WriteFails
    | TornWrite
    | TempLeft
    | DirectWrite
    | SecondaryWriter
    | FolderMissing
    | SyncDown
    | SyncLate
    | SyncDoubled
    | SyncClock
    | Crash
    | Hang
    | SecondExecutor
    | ConfigUnreadable
    | HostClock
    | ClockDrift
    | ClockFrozen
    | TimeZone
    | VenueClock
)
