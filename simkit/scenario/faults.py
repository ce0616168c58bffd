"""The faults of a scenario: lies, outages, and what breaks around an executor.

Comes in: nothing. Goes out: one Struct per kind, and `Fault`. May import msgspec.

Units as in `scenario.model`, which hands these on. `at` are the loops in which a fault acts, inclusive. An empty
`symbol` means every symbol; a `stem` names a file under `logs/state/` without its ending.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Side = Literal["LONG", "SHORT"]
When = Literal["before", "during", "after"]
Damage = Literal["empty", "deleted", "array", "truncated"]


class Model(Struct, frozen=True, gc=False, omit_defaults=True):
    """Base of the parts of a scenario. What has its default is left out of the fingerprint, so that a key which a
    later simkit adds leaves every golden as it is."""


class Loops(Model, frozen=True):
    """L`first`..L`last`, inclusive."""

    first: int
    last: int


class WrongBalance(Model, frozen=True, tag="wrong_balance"):
    """The executor reads `equity` instead of what the account holds."""

    at: Loops
    equity: int


class AccountReset(Model, frozen=True, tag="account_reset"):
    """The wallet becomes `equity` less open PnL and nothing is booked."""

    at: Loops
    equity: int


class GhostLedgerEntry(Model, frozen=True, tag="ghost_ledger_entry"):
    """The ledger (and the registry, where named) gains an entry without a position."""

    at: Loops
    symbol: str
    side: Side
    qty: int
    entry: int
    tp: int | None
    sl: int | None
    in_ledger: bool = True
    in_registry: bool = False


class MissingLedgerPosition(Model, frozen=True, tag="missing_ledger_position"):
    """The ledger loses the entry of an open position."""

    at: Loops
    symbol: str
    side: Side


class SyncDown(Model, frozen=True, tag="sync_down"):
    """sync_state does not run."""

    at: Loops


class BalanceDown(Model, frozen=True, tag="balance_down"):
    """The venue does not answer balance requests."""

    at: Loops


class MarkMissing(Model, frozen=True, tag="mark_missing"):
    """The venue has no mark price of `symbol`."""

    at: Loops
    symbol: str


class ClosedOutside(Model, frozen=True, tag="closed_outside"):
    """A position is closed at its mark by somebody else: no fill reaches the executor."""

    at: Loops
    symbol: str
    side: Side


class RegistryLevels(Model, frozen=True, tag="registry_levels"):
    """The registry's levels of a key are overwritten (B-LED-11)."""

    at: Loops
    symbol: str
    side: Side
    tp: int | None
    sl: int | None


class Latency(Model, frozen=True, tag="latency"):
    """Orders take `latency_us` instead of the venue's own latency."""

    at: Loops
    latency_us: int
    symbol: str = ""


class Slippage(Model, frozen=True, tag="slippage"):
    """Taker fills are `bps` worse than the mark, on top of the venue's spread."""

    at: Loops
    bps: float
    symbol: str = ""


class OrderRefused(Model, frozen=True, tag="order_refused"):
    """The venue answers orders with `status` and fills nothing."""

    at: Loops
    symbol: str = ""
    status: Literal["REJECTED", "EXPIRED"] = "REJECTED"


class Crash(Model, frozen=True, tag="crash"):
    """The executor dies before, during or after the write of a file, and a new one starts with the next loop.

    It dies in the publish phase of `at.first`; `peak_state` and `nav_confirmed` are files of `logs/cache/`."""

    at: Loops
    stem: str
    when: When = "before"


class PowerCut(Model, frozen=True, tag="power_cut"):
    """After publish and sync the power fails: of a file only what was synced survives (B-WR-1).

    The executor starts anew with the loop after `at.first`."""

    at: Loops
    stem: str


class BuilderError(Model, frozen=True, tag="builder_error"):
    """The builder of `stem` fails with an error."""

    at: Loops
    stem: str


class ConfigUnreadable(Model, frozen=True, tag="config_unreadable"):
    """The risk config cannot be parsed when the loop reloads it (B-LOOP-2 step 1)."""

    at: Loops


class DamagedFile(Model, frozen=True, tag="damaged_file"):
    """`stem` is emptied, deleted, replaced by an array or truncated once its owner has written it. That is after the
    publish for the executor's files, after the sync for nav_state."""

    at: Loops
    stem: str
    how: Damage


Fault = (
    WrongBalance
    | AccountReset
    | GhostLedgerEntry
    | MissingLedgerPosition
    | SyncDown
    | BalanceDown
    | MarkMissing
    | ClosedOutside
    | RegistryLevels
    | Latency
    | Slippage
    | OrderRefused
    | Crash
    | PowerCut
    | BuilderError
    | ConfigUnreadable
    | DamagedFile
)

#: The rules that each kind puts to the test: what the executor makes of it, or shows, is theirs to judge.
ATTACKS: dict[type[Fault], tuple[str, ...]] = {
    WrongBalance: ("INV-N07",),
    AccountReset: ("INV-N07",),
    GhostLedgerEntry: ("INV-L04", "INV-X03"),
    MissingLedgerPosition: ("INV-L04", "INV-X03", "INV-D22"),
    SyncDown: ("INV-NS07", "INV-X02"),
    BalanceDown: ("INV-N09", "INV-R18"),
    MarkMissing: ("INV-P06", "INV-P07"),
    ClosedOutside: ("INV-P07", "INV-L10"),
    RegistryLevels: ("INV-L08", "INV-L12"),
    Latency: ("INV-H02", "INV-H03"),
    Slippage: ("INV-H02", "INV-H03"),
    OrderRefused: ("INV-D05", "INV-X04"),
    Crash: ("INV-X01", "INV-G07", "INV-G08"),
    PowerCut: ("INV-G01", "INV-X02"),
    BuilderError: ("INV-G07", "INV-X01"),
    ConfigUnreadable: ("INV-R18",),
    DamagedFile: ("INV-G01", "INV-G13", "INV-G14"),
}
