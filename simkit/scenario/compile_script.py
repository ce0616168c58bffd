"""Opening positions, signals and events.

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
from simkit.scenario.document import EventDoc, PositionDoc, SignalDoc
from simkit.scenario.model import (
    Event,
    Loops,
    OpeningPosition,
    ResetPeak,
    Restart,
    SetSetting,
    Signal,
    Transfer,
)
from simkit.scenario.reading import Fields, Reader
from simkit.scenario.units import Unreadable
from simkit.scenario.yaml_nodes import Node

#: A range writes one intent per loop; more than this is a mistake rather than a plan.
MAX_SIGNALS: Final = 200_000

EVENTS: Final = ("restart", "deposit", "withdraw", "reset_peak", "settings")
_USD: Final = "money such as `500 USD`"


def positions_of(
    reader: Reader, node: Node | None, universe: Sequence[str], *, one_way: bool = False
) -> tuple[OpeningPosition, ...]:
    """Positions before L1, sorted by key. A one-way account holds one per symbol."""
    found = []
    held: dict[str, str] = {}
    for key, value in reader.pairs(node, "a map of positions by `SYMBOL:SIDE`"):
        name = reader.key(key, universe)
        block = reader.block(value, PositionDoc)
        entry = reader.read(block.need("entry"), units.price, "a price")
        qty = _size(reader, block, "a position", entry)
        tp, sl = reader.level(block.get("tp")), reader.level(block.get("sl"))
        if name is not None and one_way and held.setdefault(name[0], key.text) != key.text:
            reader.wrong(key, f"a one-way account cannot hold this beside `{held[name[0]]}`",
                         "leave one out, or write `mode: hedge`")  # fmt: skip
        if name is not None and entry is not None and qty is not None:
            found.append(OpeningPosition(name[0], name[1], qty, entry, tp, sl))
    return tuple(sorted(found, key=lambda p: (p.symbol, p.side)))


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


def signals_of(reader: Reader, nodes: Iterable[Node], universe: Sequence[str]) -> tuple[Signal, ...]:
    """One intent per loop of each entry, by loop, then in file order.

    Ids are `i-<loop>-<n>`, n within the loop. An id of the author's may come again: that sends it again.
    """
    counts: dict[int, int] = {}
    taken: set[tuple[int, str]] = set()
    signals: list[Signal] = []
    for item in nodes:
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
    tp, sl = reader.level(block.get("tp")), reader.level(block.get("sl"))
    levels: Literal["given", "none", "silent"] = "silent"
    if tp is not None or sl is not None:
        levels = "given"
    elif "tp" in block.found or "sl" in block.found:
        levels = "none"
    if action == "close":
        _refuse(reader, block, ("tp", "sl"), "a closing signal has no levels")
        _refuse(reader, block, ("leverage",), "a closing signal has no leverage")
    limit = reader.read(block.get("limit"), units.price, "a price")
    twap, maker = reader.flag(block.get("twap")), reader.flag(block.get("maker"))
    leverage = reader.read(block.get("leverage"), _multiple, "a number such as `5`")
    strategy = reader.text(block.get("strategy"))
    name = reader.text(block.get("id"))
    if name.startswith("i-"):
        reader.wrong(
            block.found["id"], f"ids such as `{name}` are given to signals without one", "use another word"
        )
    if key is None or action is None:
        return at, None
    word: Literal["open", "close"] = "open" if action == "open" else "close"
    signal = Signal(0, name, word, *key, qty, usd, tp, sl, levels, limit, twap, maker, strategy=strategy)
    return at, signal if leverage is None else structs.replace(signal, leverage=leverage)


def _multiple(text: str) -> float:
    value = units.number(text)
    if value <= 0:
        raise Unreadable(f"found {units.shown(text)}, expected more than 0")
    return value


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
    return ResetPeak(loop) if reader.true(node) else None
