"""The faults of a scenario: lies, outages, and what breaks around an executor.

Comes in: nothing. Goes out: one Struct per kind, and `Fault`. May import msgspec.

Units as in `scenario.model`, which hands these on. `at` are the loops in which a fault acts, inclusive. An empty
`symbol` means every symbol; a `stem` names a file under `logs/state/` without its ending.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Side = Literal["LONG", "SHORT"]


class Model(Struct, frozen=True, gc=False, omit_defaults=True):
    """Base of the parts of a scenario. What has its default is left out of the fingerprint, so that a key which a
    later simkit adds leaves every golden as it is."""


class Loops(Model, frozen=True):
    """L`first`..L`last`, inclusive."""

    first: int
    last: int


class WrongBalance(Model, frozen=True, tag="wrong_balance"):
    """The executor reads `equity` instead of what the account holds. Attacks INV-N07."""

    at: Loops
    equity: int


class AccountReset(Model, frozen=True, tag="account_reset"):
    """The wallet becomes `equity` less open PnL and nothing is booked. Attacks INV-N07."""

    at: Loops
    equity: int


class GhostLedgerEntry(Model, frozen=True, tag="ghost_ledger_entry"):
    """The ledger (and the registry, where named) gains an entry without a position. Attacks INV-L04."""

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
    """The ledger loses the entry of an open position. Attacks INV-L04."""

    at: Loops
    symbol: str
    side: Side


class SyncDown(Model, frozen=True, tag="sync_down"):
    """sync_state does not run. Attacks freshness of S2."""

    at: Loops


class BalanceDown(Model, frozen=True, tag="balance_down"):
    """The venue does not answer balance requests. Attacks NAV freshness."""

    at: Loops


class MarkMissing(Model, frozen=True, tag="mark_missing"):
    """The venue has no mark price of `symbol`. Attacks INV-P06 and INV-P07 (B-POS-1)."""

    at: Loops
    symbol: str


class ClosedOutside(Model, frozen=True, tag="closed_outside"):
    """A position is closed at its mark by somebody else: no fill reaches the executor. Attacks INV-P07."""

    at: Loops
    symbol: str
    side: Side


class RegistryLevels(Model, frozen=True, tag="registry_levels"):
    """The registry's levels of a key are overwritten (B-LED-11). Attacks INV-L08."""

    at: Loops
    symbol: str
    side: Side
    tp: int | None
    sl: int | None


class Latency(Model, frozen=True, tag="latency"):
    """Orders take `latency_us` instead of the venue's own latency. Attacks S8's latency."""

    at: Loops
    latency_us: int
    symbol: str = ""


class Slippage(Model, frozen=True, tag="slippage"):
    """Taker fills are `bps` worse than the mark, on top of the venue's spread. Attacks S8's drift."""

    at: Loops
    bps: float
    symbol: str = ""


class OrderRefused(Model, frozen=True, tag="order_refused"):
    """The venue answers orders with `status` and fills nothing. Attacks B-RTR-10, B-VETO-7."""

    at: Loops
    symbol: str = ""
    status: Literal["REJECTED", "EXPIRED"] = "REJECTED"


class Crash(Model, frozen=True, tag="crash"):
    """The executor dies in the publish phase of `at.first`: before, during or after the write of `stem`
    (`peak_state` is a file of `logs/cache/`). A new one starts with the next loop."""

    at: Loops
    stem: str
    when: Literal["before", "during", "after"] = "before"


class PowerCut(Model, frozen=True, tag="power_cut"):
    """After the publish and sync of `at.first` the power fails: of `stem` only what was synced survives. The
    executor starts anew with the next loop. Attacks B-WR-1."""

    at: Loops
    stem: str


class BuilderError(Model, frozen=True, tag="builder_error"):
    """The builder of `stem` fails with an error. Attacks INV-G07."""

    at: Loops
    stem: str


class ConfigUnreadable(Model, frozen=True, tag="config_unreadable"):
    """The risk config cannot be parsed when the loop reloads it (B-LOOP-2 step 1). Attacks INV-R18."""

    at: Loops


class DamagedFile(Model, frozen=True, tag="damaged_file"):
    """After publish and sync `stem` is emptied, deleted, replaced by an array or truncated. Attacks INV-G01."""

    at: Loops
    stem: str
    how: Literal["empty", "deleted", "array", "truncated"]


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
