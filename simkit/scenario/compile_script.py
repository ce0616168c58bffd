"""Opening positions, signals, events and faults.

Comes in: nodes. Goes out: the scripted parts of a scenario. May import `core` and `scenario`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from msgspec import structs

from simkit.core.numeric import qty_for
from simkit.core.settings import Settings
from simkit.scenario import units
from simkit.scenario.compile_settings import settings_of
from simkit.scenario.document import EventDoc, FaultDoc, PositionDoc, SignalDoc
from simkit.scenario.model import (
    AccountReset,
    BalanceDown,
    Event,
    Fault,
    GhostLedgerEntry,
    Loops,
    MissingLedgerPosition,
    OpeningPosition,
    ResetPeak,
    Restart,
    SetSetting,
    Signal,
    SyncDown,
    Transfer,
    WrongBalance,
)
from simkit.scenario.reading import Fields, Reader
from simkit.scenario.yaml_nodes import Node

#: A range writes one intent per loop; more than this is a mistake rather than a plan.
MAX_SIGNALS: Final = 200_000

EVENTS: Final = ("restart", "deposit", "withdraw", "reset_peak", "settings")
FAULTS: Final = (
    "wrong_balance",
    "account_reset",
    "ghost_ledger_entry",
    "missing_ledger_position",
    "sync_down",
    "balance_down",
)
_LEVEL: Final = "a price, or `none`"
_USD: Final = "money such as `500 USD`"


def positions_of(reader: Reader, node: Node | None, universe: Sequence[str]) -> tuple[OpeningPosition, ...]:
    """Positions before L1, sorted by key."""
    found = []
    for key, value in reader.pairs(node, "a map of positions by `SYMBOL:SIDE`"):
        name = reader.key(key, universe)
        block = reader.block(value, PositionDoc)
        entry = reader.read(block.need("entry"), units.price, "a price")
        qty = _size(reader, block, "a position", entry)
        tp, sl = _level(reader, block, "tp"), _level(reader, block, "sl")
        if name is not None and entry is not None and qty is not None:
            found.append(OpeningPosition(name[0], name[1], qty, entry, tp, sl))
    return tuple(sorted(found, key=lambda p: (p.symbol, p.side)))


def _level(reader: Reader, block: Fields, name: str) -> int | None:
    return reader.read(block.get(name), units.level, _LEVEL)


def _size(reader: Reader, block: Fields, what: str, entry: int | None) -> int | None:
    """The quantity of `qty`, or of `usd` at the entry price."""
    chosen = block.one_of(("qty", "usd"), what)
    if chosen == "qty":
        return reader.read(block.get("qty"), units.qty, "a quantity")
    usd = _positive_money(reader, block.get("usd"))
    if usd is None or entry is None:
        return None
    qty = qty_for(usd, entry)
    if qty == 0:
        reader.wrong(block.found["usd"], f"{block.found['usd'].found()} buys nothing at this price")
    return qty or None


def _positive_money(reader: Reader, node: Node | None) -> int | None:
    value = reader.read(node, units.money, _USD)
    if node is not None and value is not None and value <= 0:
        reader.wrong(node, f"{node.found()}: an amount is above 0")
        return None
    return value


# Signals ---------------------------------------------------------------------------------------------------


def signals_of(reader: Reader, node: Node | None, universe: Sequence[str]) -> tuple[Signal, ...]:
    """One intent per loop of each entry, by loop, then in file order.

    Ids are `i-<loop>-<n>`, n within the loop. An id of the author's may come again: that sends it again.
    """
    counts: dict[int, int] = {}
    taken: set[tuple[int, str]] = set()
    signals: list[Signal] = []
    for item in reader.items(node, "a list of signals"):
        at, signal = _signal(reader, reader.block(item, SignalDoc), universe)
        if at is None or signal is None:
            continue
        if len(signals) + at.last - at.first >= MAX_SIGNALS:
            reader.wrong(item, f"more than {MAX_SIGNALS} signals in one scenario")
            break
        for loop in range(at.first, at.last + 1):
            counts[loop] = counts.get(loop, 0) + 1
            name = signal.intent_id or f"i-{loop}-{counts[loop]}"
            if (loop, name) in taken:
                reader.wrong(item.pairs["id"][1], f"two intents named `{name}` in L{loop}")
            taken.add((loop, name))
            signals.append(structs.replace(signal, loop=loop, intent_id=name))
    return tuple(sorted(signals, key=lambda s: s.loop))


def _signal(reader: Reader, block: Fields, universe: Sequence[str]) -> tuple[Loops | None, Signal | None]:
    """The loops and the intent of one entry; the intent has no loop yet."""
    at = reader.loops(block.need("at"))
    action = block.one_of(("open", "close"), "a signal")
    size = block.one_of(("qty", "usd"), "a signal", optional=action != "open")
    key = reader.key(block.get(action or ""), universe)
    qty = reader.read(block.get("qty"), units.qty, "a quantity") if size == "qty" else None
    usd = _positive_money(reader, block.get("usd")) if size == "usd" else None
    tp, sl = _level(reader, block, "tp"), _level(reader, block, "sl")
    levels: Literal["given", "none", "silent"] = "silent"
    if tp is not None or sl is not None:
        levels = "given"
    elif "tp" in block.found or "sl" in block.found:
        levels = "none"
    if action == "close":
        _refuse(reader, block, ("tp", "sl"), "a closing signal has no levels")
    limit = reader.read(block.get("limit"), units.price, "a price")
    twap = reader.flag(block.get("twap"))
    name = reader.text(block.get("id"))
    if name.startswith("i-"):
        reader.wrong(
            block.found["id"], f"ids such as `{name}` are given to signals without one", "use another word"
        )
    if key is None or action is None:
        return at, None
    word: Literal["open", "close"] = "open" if action == "open" else "close"
    return at, Signal(0, name, word, key[0], key[1], qty, usd, tp, sl, levels, limit, twap)


def _refuse(reader: Reader, block: Fields, names: Iterable[str], message: str) -> None:
    for name in names:
        if name in block.found:
            reader.wrong(block.found[name], message, f"leave `{name}` out")


# Events ----------------------------------------------------------------------------------------------------


def events_of(
    reader: Reader, nodes: Iterable[Node], settings: Settings, universe: Sequence[str]
) -> tuple[Event, ...]:
    """Events by loop, then in file order. Each settings event builds on the one before it."""
    blocks = [reader.block(node, EventDoc) for node in nodes]
    timed = [(loop, block) for block in blocks if (loop := reader.loop(block.need("at"))) is not None]
    events: list[Event] = []
    for loop, block in sorted(timed, key=lambda pair: pair[0]):
        event = _event(reader, loop, block, settings, universe)
        if isinstance(event, SetSetting):
            settings = event.settings
        if event is not None:
            events.append(event)
    return tuple(events)


def _event(
    reader: Reader, loop: int, block: Fields, settings: Settings, universe: Sequence[str]
) -> Event | None:
    """One event."""
    kind = block.one_of(EVENTS, "an event")
    if kind != "restart":
        _refuse(reader, block, ("losing",), "only a restart loses files")
    node = block.get(kind or "")
    if kind is None or node is None:
        return None
    if kind == "restart":
        reader.word(node, ("executor",))
        lost = [reader.word(item, ("registry",)) for item in reader.items(block.get("losing"), "[registry]")]
        if loop == 1:
            reader.wrong(
                block.found["at"], "nothing runs before L1 that could be restarted", "the earliest is L2"
            )
        return Restart(loop, ("registry",) if "registry" in lost else ())
    if kind in ("deposit", "withdraw"):
        amount = _positive_money(reader, node)
        return None if amount is None else Transfer(loop, amount if kind == "deposit" else -amount)
    if kind == "settings":
        return SetSetting(loop, settings_of(reader, node, settings, universe, event=True))
    return ResetPeak(loop) if _true(reader, node) else None


def _true(reader: Reader, node: Node) -> bool:
    """`true`; a switch that is off is left out."""
    if node.kind == "bool" and node.value is False:
        reader.wrong(node, "`false` says nothing here", "write `true` or leave the entry out")
    return reader.flag(node)


# Faults ----------------------------------------------------------------------------------------------------


def faults_of(reader: Reader, nodes: Iterable[Node], universe: Sequence[str]) -> tuple[Fault, ...]:
    """Faults in file order."""
    found = [_fault(reader, reader.block(node, FaultDoc), universe) for node in nodes]
    return tuple(fault for fault in found if fault is not None)


def _fault(reader: Reader, block: Fields, universe: Sequence[str]) -> Fault | None:
    """One fault."""
    at = reader.loops(block.need("at"))
    kind = block.one_of(FAULTS, "a fault")
    if kind != "ghost_ledger_entry":
        _refuse(reader, block, ("qty", "entry", "tp", "sl", "in"), "only a `ghost_ledger_entry` has this")
    node = block.get(kind or "")
    if at is None or node is None:
        return None
    if kind in ("wrong_balance", "account_reset"):
        equity = reader.read(node, units.money, _USD)
        if equity is None:
            return None
        return WrongBalance(at, equity) if kind == "wrong_balance" else AccountReset(at, equity)
    if kind == "ghost_ledger_entry":
        return _ghost(reader, at, node, block, universe)
    if kind == "missing_ledger_position":
        key = reader.key(node, universe)
        return None if key is None else MissingLedgerPosition(at, *key)
    if not _true(reader, node):
        return None
    return SyncDown(at) if kind == "sync_down" else BalanceDown(at)


def _ghost(reader: Reader, at: Loops, node: Node, block: Fields, universe: Sequence[str]) -> Fault | None:
    key = reader.key(node, universe)
    qty = reader.read(block.need("qty"), units.qty, "a quantity")
    entry = reader.read(block.need("entry"), units.price, "a price")
    tp, sl = _level(reader, block, "tp"), _level(reader, block, "sl")
    where = block.get("in")
    places = {reader.word(item, ("ledger", "registry")) for item in reader.items(where, "[ledger, registry]")}
    if where is not None and where.kind == "list" and not where.items:
        reader.wrong(where, "the entry appears nowhere", "write `[ledger]` or `[ledger, registry]`")
    if key is None or qty is None or entry is None:
        return None
    in_ledger = where is None or "ledger" in places
    return GhostLedgerEntry(at, *key, qty, entry, tp, sl, in_ledger, "registry" in places)
