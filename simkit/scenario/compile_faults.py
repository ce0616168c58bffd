"""Faults: lies, outages, and what breaks around an executor.

Comes in: nodes. Goes out: `Fault`s. May import `core`, `contract.table` and `scenario`.

A fault is one of the words of `FAULTS` beside `at`, with the keys that belong to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal, get_args

from msgspec import Struct

from simkit.contract.table import paths
from simkit.scenario import units
from simkit.scenario.document import FaultDoc
from simkit.scenario.faults import (
    AccountReset,
    BalanceDown,
    BuilderError,
    ClosedOutside,
    ConfigUnreadable,
    Crash,
    Damage,
    DamagedFile,
    Fault,
    GhostLedgerEntry,
    Latency,
    Loops,
    MarkMissing,
    MissingLedgerPosition,
    OrderRefused,
    PowerCut,
    RegistryLevels,
    Side,
    Slippage,
    SyncDown,
    When,
    WrongBalance,
)
from simkit.scenario.reading import Fields, Reader
from simkit.scenario.yaml_nodes import Node

#: The kinds by the word that an author writes, in the order of `faults.Fault`.
FAULTS: Final[dict[str, type[Fault]]] = {str(kind.__struct_config__.tag): kind for kind in get_args(Fault)}
#: The keys that belong to some kinds only.
BELONG: Final[dict[str, tuple[str, ...]]] = {
    "qty": ("ghost_ledger_entry",),
    "entry": ("ghost_ledger_entry",),
    "tp": ("ghost_ledger_entry", "registry_levels"),
    "sl": ("ghost_ledger_entry", "registry_levels"),
    "in": ("ghost_ledger_entry",),
    "symbol": ("latency", "slippage", "order_refused"),
    "when": ("crash",),
    "how": ("damaged_file",),
}
#: Files that the executor itself writes; nav_state is sync_state's.
WRITTEN: Final = tuple(stem for stem in paths if stem != "nav_state")
#: Files that a builder makes in the publish phase (B-LOOP-3).
BUILT: Final = tuple(stem for stem in WRITTEN if stem not in ("positions", "peak_state", "nav_confirmed"))
WHEN: Final[tuple[When, ...]] = get_args(When)
DAMAGES: Final[tuple[Damage, ...]] = get_args(Damage)
REFUSALS: Final[dict[str, Literal["REJECTED", "EXPIRED"]]] = {"rejected": "REJECTED", "expired": "EXPIRED"}


class _Entry(Struct, frozen=True):
    """One entry of `faults:`. `node` is the value of the word that names its kind."""

    reader: Reader
    block: Fields
    universe: Sequence[str]
    at: Loops
    node: Node

    def key(self) -> tuple[str, Side] | None:
        return self.reader.key(self.node, self.universe)

    def true(self) -> bool:
        return self.reader.true(self.node)

    def money(self) -> int | None:
        return self.reader.read(self.node, units.money, "money such as `500 USD`")

    def stem(self, known: Sequence[str]) -> str | None:
        return self.reader.word(self.node, known)

    def level(self, name: str) -> int | None:
        return self.reader.level(self.block.get(name))

    def symbol(self) -> str:
        """The one symbol that is meant; empty for all."""
        return self.reader.priced(self.block.get("symbol"), self.universe) or ""


def faults_of(reader: Reader, nodes: Iterable[Node], universe: Sequence[str]) -> tuple[Fault, ...]:
    """Faults in file order."""
    found = [_fault(reader, reader.block(node, FaultDoc), universe) for node in nodes]
    return tuple(fault for fault in found if fault is not None)


def _fault(reader: Reader, block: Fields, universe: Sequence[str]) -> Fault | None:
    """One fault."""
    at = reader.loops(block.need("at"))
    kind = block.one_of(tuple(FAULTS), "a fault")
    for name, owners in BELONG.items():
        if name in block.found and kind is not None and kind not in owners:
            said = " and ".join(f"`{owner}`" for owner in owners)
            reader.wrong(
                block.found[name], f"only {said} {'has' if len(owners) == 1 else 'have'} this",
                f"leave `{name}` out",
            )  # fmt: skip
    node = block.get(kind or "")
    if kind is None or at is None or node is None:
        return None
    return _READ[FAULTS[kind]](_Entry(reader, block, universe, at, node))


# What the account and the venue say ------------------------------------------------------------------------


def _wrong_balance(entry: _Entry) -> Fault | None:
    equity = entry.money()
    return None if equity is None else WrongBalance(entry.at, equity)


def _account_reset(entry: _Entry) -> Fault | None:
    equity = entry.money()
    return None if equity is None else AccountReset(entry.at, equity)


def _sync_down(entry: _Entry) -> Fault | None:
    return SyncDown(entry.at) if entry.true() else None


def _balance_down(entry: _Entry) -> Fault | None:
    return BalanceDown(entry.at) if entry.true() else None


def _mark_missing(entry: _Entry) -> Fault | None:
    symbol = entry.reader.priced(entry.node, entry.universe)
    return None if symbol is None else MarkMissing(entry.at, symbol)


def _closed_outside(entry: _Entry) -> Fault | None:
    key = entry.key()
    return None if key is None else ClosedOutside(entry.at, *key)


def _latency(entry: _Entry) -> Fault | None:
    symbol = entry.symbol()
    value = entry.reader.read(entry.node, units.duration, "a duration such as `900 ms`")
    return None if value is None else Latency(entry.at, value, symbol)


def _slippage(entry: _Entry) -> Fault | None:
    symbol = entry.symbol()
    value = entry.reader.read(entry.node, units.bps, "a rate such as `7 bps`")
    if value is not None and value <= 0:
        entry.reader.wrong(entry.node, f"{entry.node.found()}: a fill gets worse by more than 0")
        return None
    return None if value is None else Slippage(entry.at, value, symbol)


def _order_refused(entry: _Entry) -> Fault | None:
    symbol, word = entry.symbol(), entry.reader.word(entry.node, tuple(REFUSALS))
    return None if word is None else OrderRefused(entry.at, symbol, REFUSALS[word])


# Ledger and registry ---------------------------------------------------------------------------------------


def _missing_ledger_position(entry: _Entry) -> Fault | None:
    key = entry.key()
    return None if key is None else MissingLedgerPosition(entry.at, *key)


def _registry_levels(entry: _Entry) -> Fault | None:
    key, tp, sl = entry.key(), entry.level("tp"), entry.level("sl")
    if "tp" not in entry.block.found and "sl" not in entry.block.found:
        entry.reader.wrong(entry.node, "no level is said", "add `tp` or `sl`, a price or `none`")
    return None if key is None else RegistryLevels(entry.at, *key, tp, sl)


def _ghost(entry: _Entry) -> Fault | None:
    reader, block = entry.reader, entry.block
    key = entry.key()
    qty = reader.read(block.need("qty"), units.qty, "a quantity")
    price = reader.read(block.need("entry"), units.price, "a price")
    tp, sl = entry.level("tp"), entry.level("sl")
    where = block.get("in")
    places = {reader.word(item, ("ledger", "registry")) for item in reader.items(where, "[ledger, registry]")}
    if where is not None and where.kind == "list" and not where.items:
        reader.wrong(where, "the entry appears nowhere", "write `[ledger]` or `[ledger, registry]`")
    if key is None or qty is None or price is None:
        return None
    in_ledger = where is None or "ledger" in places
    return GhostLedgerEntry(entry.at, *key, qty, price, tp, sl, in_ledger, "registry" in places)


# Process and files -----------------------------------------------------------------------------------------


def _crash(entry: _Entry) -> Fault | None:
    stem, when = entry.stem(WRITTEN), entry.reader.word(entry.block.get("when"), WHEN)
    if not _single(entry, "an executor dies once") or stem is None:
        return None
    return Crash(entry.at, stem, when or "before")


def _power_cut(entry: _Entry) -> Fault | None:
    stem = entry.stem(tuple(paths))
    return PowerCut(entry.at, stem) if _single(entry, "the power fails once") and stem is not None else None


def _single(entry: _Entry, why: str) -> bool:
    """True when the fault acts in one loop; a range is a mistake."""
    if entry.at.first == entry.at.last:
        return True
    entry.reader.wrong(entry.block.found["at"], f"{why}: this is no fault of a range",
                       f"write `L{entry.at.first}`")  # fmt: skip
    return False


def _builder_error(entry: _Entry) -> Fault | None:
    stem = entry.stem(BUILT)
    return None if stem is None else BuilderError(entry.at, stem)


def _config_unreadable(entry: _Entry) -> Fault | None:
    return ConfigUnreadable(entry.at) if entry.true() else None


def _damaged_file(entry: _Entry) -> Fault | None:
    stem = entry.stem(tuple(paths))
    how = entry.reader.word(entry.block.need("how"), DAMAGES)
    return None if stem is None or how is None else DamagedFile(entry.at, stem, how)


_READ: Final[dict[type[Fault], Callable[[_Entry], Fault | None]]] = {
    WrongBalance: _wrong_balance,
    AccountReset: _account_reset,
    GhostLedgerEntry: _ghost,
    MissingLedgerPosition: _missing_ledger_position,
    SyncDown: _sync_down,
    BalanceDown: _balance_down,
    MarkMissing: _mark_missing,
    ClosedOutside: _closed_outside,
    RegistryLevels: _registry_levels,
    Latency: _latency,
    Slippage: _slippage,
    OrderRefused: _order_refused,
    Crash: _crash,
    PowerCut: _power_cut,
    BuilderError: _builder_error,
    ConfigUnreadable: _config_unreadable,
    DamagedFile: _damaged_file,
}
