"""The faults of a scenario: lies, outages, and what breaks around an executor.

Comes in: nothing. Goes out: one Struct per kind, and `Fault`. May import msgspec.
"""

from simkit.scenario.faults.base import Acting as Acting, Loops as Loops, Model as Model, Side as Side
from simkit.scenario.faults.book import (
    GhostLedgerEntry as GhostLedgerEntry,
    MissingLedgerPosition as MissingLedgerPosition,
    RegistryLevels as RegistryLevels,
)
from simkit.scenario.faults.files import (
    BuilderError as BuilderError,
    Damage as Damage,
    DamagedFile as DamagedFile,
    PowerCut as PowerCut,
)
from simkit.scenario.faults.market import (
    AccountReset as AccountReset,
    BalanceDown as BalanceDown,
    ClosedOutside as ClosedOutside,
    Latency as Latency,
    MarkMissing as MarkMissing,
    OrderRefused as OrderRefused,
    Slippage as Slippage,
    WrongBalance as WrongBalance,
)
from simkit.scenario.faults.process import (
    ConfigUnreadable as ConfigUnreadable,
    Crash as Crash,
    SyncDown as SyncDown,
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
    | GhostLedgerEntry
    | MissingLedgerPosition
    | RegistryLevels
    | PowerCut
    | BuilderError
    | DamagedFile
    | SyncDown
    | Crash
    | ConfigUnreadable
)
