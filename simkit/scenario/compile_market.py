"""Prices, recorded files and history.

Comes in: nodes. Goes out: the universe, `Path`s, `PastCloses`. May import `core` and `scenario`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path as File
from typing import Final, Literal

from simkit.core.files import read_bytes
from simkit.core.hashing import digest
from simkit.scenario import units
from simkit.scenario.document import (
    CandlesDoc,
    ColumnsDoc,
    RandomDoc,
    RandomPathDoc,
    ReplayDoc,
)
from simkit.scenario.model import (
    Bar,
    Candles,
    ColumnMap,
    Jump,
    PastCloses,
    Path,
    RandomWalk,
    Regime,
    Replay,
    Scripted,
)
from simkit.scenario.reading import Fields, Reader
from simkit.scenario.units import Unreadable
from simkit.scenario.yaml_nodes import Node

ORDERS: Final[dict[str, Literal["O-L-H-C", "O-H-L-C"]]] = {"O-L-H-C": "O-L-H-C", "O-H-L-C": "O-H-L-C"}


def paths_of(reader: Reader, top: Fields, folder: File) -> tuple[Path, ...]:
    """All price paths in the order of their symbols, a recorded file last. Together they are the universe."""
    paths: dict[str, Path] = {}
    for key, node in reader.pairs(top.get("prices"), "a map of prices by symbol"):
        name = reader.read(key, units.symbol, "a symbol")
        path = _path(reader, name or "", node)
        if name is not None and path is not None:
            paths[name] = path
    found = [paths[name] for name in sorted(paths)]
    if "replay" in top.found:
        replay = _replay(reader, top.found["replay"], folder, priced=frozenset(paths))
        found += [replay] if replay is not None else []
    if "prices" not in top.found and "replay" not in top.found and top.node is not None:
        reader.wrong(top.node, "nothing is priced", "add `prices: {BTCUSDT: 100}` or `replay:`")
    elif "prices" in top.found and not top.found["prices"].pairs and "replay" not in top.found:
        reader.wrong(top.found["prices"], "nothing is priced", "write `{BTCUSDT: 100}`")
    return tuple(found)


def symbols_of(top: Fields) -> tuple[str, ...]:
    """The universe as written, sorted, whether or not its prices can be read."""
    prices, replay = top.get("prices"), top.get("replay")
    names = list(prices.pairs) if prices is not None else []
    symbols = replay.pairs.get("symbols") if replay is not None else None
    if symbols is not None:
        node = symbols[1]
        names += [value.text for _, value in node.pairs.values()] if node.kind == "map" else [node.text]
    return tuple(sorted(dict.fromkeys(name for name in names if name)))


def _path(reader: Reader, symbol: str, node: Node) -> Path | None:
    """One symbol's path."""
    if node.kind == "map" and "candles" in node.pairs:
        return _candles(reader, symbol, node)
    if node.kind == "map" and "random" in node.pairs:
        walk = reader.block(node, RandomPathDoc).get("random")
        return _random(reader, symbol, reader.block(walk, RandomDoc))
    if node.kind == "map" and node.pairs and not any(units.is_loops(key) for key in node.pairs):
        first = next(iter(node.pairs.values()))[0]
        reader.unknown_key(first, ["candles", "random"])
        return None
    steps = reader.steps(node, units.price, "a price")
    return Scripted(symbol, steps) if steps else None


# Candles ---------------------------------------------------------------------------------------------------


def _candles(reader: Reader, symbol: str, node: Node) -> Candles | None:
    block = reader.block(node, CandlesDoc)
    word = reader.word(block.get("path"), tuple(ORDERS))
    order = ORDERS[word or "O-L-H-C"]
    written = block.get("candles")
    if written is not None and written.is_scalar:
        reader.wrong(written, f"found {written.found()}, expected a list of [open, high, low, close]")
        return None
    bars = reader.series(written, lambda at: _ohlc(reader, at))
    return Candles(symbol, tuple(Bar(loop, *bar, order) for loop, bar, _ in bars)) if bars else None


def _ohlc(reader: Reader, node: Node) -> tuple[int, int, int, int] | None:
    items = reader.items(node, "[open, high, low, close]")
    if node.kind == "list" and len(items) != 4:
        reader.wrong(node, f"found {len(items)} prices, expected [open, high, low, close]")
        return None
    prices = [value for item in items if (value := reader.read(item, units.price, "a price")) is not None]
    if len(prices) != 4:
        return None
    first, high, low, close = prices
    if not (low <= first <= high and low <= close <= high):
        reader.wrong(
            node, "open and close must lie between low and high", "the order is [open, high, low, close]"
        )
        return None
    return first, high, low, close


# Random ----------------------------------------------------------------------------------------------------


def _random(reader: Reader, symbol: str, block: Fields) -> RandomWalk | None:
    start = reader.read(block.need("start"), units.price, "a price")
    volatility = _by_loop(reader, block.need("volatility"), _volatility, from_start=True)
    drift = _by_loop(reader, block.get("drift"), _plain_fraction, from_start=False)
    jumps = []
    for key, node in reader.pairs(block.get("jumps"), "a map such as {L5: -10 %}"):
        loop, size = reader.loop(key), reader.read(node, _jump, "a fraction such as `-10 %`")
        if loop is not None and size is not None:
            jumps.append(Jump(loop, size))
    common = reader.text(block.get("common"))
    correlation = reader.read(block.get("correlation"), units.share, "a fraction such as `60 %`")
    if ("common" in block.found) != ("correlation" in block.found) and block.node is not None:
        reader.wrong(
            block.node, "`common` and `correlation` belong together", "name the factor and its weight"
        )
    if start is None or not volatility:
        return None
    loops = sorted({*volatility, *drift})  # det-ok: sorted
    regimes = tuple(Regime(loop, _held(volatility, loop), _held(drift, loop)) for loop in loops)
    return RandomWalk(
        symbol, start, regimes, tuple(sorted(jumps, key=lambda j: j.loop)), common, correlation or 0.0
    )


def _by_loop(
    reader: Reader, node: Node | None, parse: Callable[[str], float], *, from_start: bool
) -> dict[int, float]:
    what = "a fraction such as `1 %`"
    series = reader.series(node, lambda at: reader.read(at, parse, what), from_start=from_start)
    return {loop: value for loop, value, _ in series}


def _held(values: dict[int, float], loop: int) -> float:
    """The value that holds in `loop`; 0 before the first."""
    return values[max(at for at in values if at <= loop)] if any(at <= loop for at in values) else 0.0


def _plain_fraction(text: str) -> float:
    return float(units.fraction(text))


def _volatility(text: str) -> float:
    value = units.fraction(text)
    if value < 0:
        raise Unreadable(f"{units.shown(text)}: a volatility is 0 % or more")
    return float(value)


def _jump(text: str) -> float:
    value = units.fraction(text)
    if value <= -1:
        raise Unreadable(f"{units.shown(text)} leaves no price", "a jump is above -100 %")
    return float(value)


# Recorded files --------------------------------------------------------------------------------------------


def _replay(reader: Reader, node: Node, folder: File, *, priced: frozenset[str]) -> Replay | None:
    block = reader.block(node, ReplayDoc)
    outside = reader.flag(block.get("outside"))
    layout = reader.word(block.get("layout"), ("header", "kline"))
    file = block.need("file")
    name = reader.text(file)
    content = _content(reader, file, name, folder, outside) if file is not None and name else ""
    rows = _rows(reader, block.need("symbols"), priced)
    columns = reader.block(block.get("columns"), ColumnsDoc)
    named = {key: reader.text(value) for key, value in columns.found.items()}
    if any(row for row, _ in rows) and not named.get("symbol") and block.node is not None:
        reader.wrong(
            block.node, "several symbols need the column that names them", "add `columns: {symbol: …}`"
        )
    if not name or not rows:
        return None
    kind: Literal["header", "kline"] = "kline" if layout == "kline" else "header"
    return Replay(name, rows, ColumnMap(**named), kind, outside, content)


def _rows(reader: Reader, node: Node | None, priced: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Pairs of (value in the file, symbol); the value is empty where the file holds one symbol only."""
    pairs = [("", node)] if node is not None and node.is_scalar else []
    pairs += [(key.text, value) for key, value in (reader.pairs(node) if not pairs else [])]
    rows: list[tuple[str, str]] = []
    for value, at in pairs:
        symbol = reader.read(at, units.symbol, "a symbol")
        if symbol is not None and (symbol in priced or any(symbol == known for _, known in rows)):
            reader.wrong(at, f"`{symbol}` is priced twice")
        elif symbol is not None:
            rows.append((value, symbol))
    return tuple(rows)


def locate(name: str, folder: File) -> File | None:
    """The data file in the scenario's folder or below, or None when the name leaves it."""
    if not _relative(name):
        return None
    target = (folder / name).resolve()
    return target if target.is_relative_to(folder.resolve()) else None


def _relative(name: str) -> bool:
    return "\0" not in name and "\\" not in name and not File(name).is_absolute() and ":" not in name


def _content(reader: Reader, node: Node, name: str, folder: File, outside: bool) -> str:
    """The hash of the file's bytes; empty for a file that lies outside."""
    if outside:
        if not _relative(name) or ".." in File(name).parts:
            reader.wrong(node, f"`{name}` leaves the data folder", "name the file relative to `--data DIR`")
        return ""
    target = locate(name, folder)
    if target is None:
        reader.wrong(
            node,
            f"`{name}` leaves the scenario's folder",
            "keep the file beside the scenario, or say `outside: true` and run with `--data DIR`",
        )
        return ""
    try:
        data = read_bytes(target)
    except OSError as problem:
        reader.wrong(node, f"`{name}` cannot be read: {problem.strerror}")
        return ""
    if data is None:
        reader.wrong(node, f"there is no file `{name}` beside the scenario")
        return ""
    return digest(data)


# History ---------------------------------------------------------------------------------------------------


def past_of(reader: Reader, node: Node | None, universe: tuple[str, ...]) -> tuple[PastCloses, ...]:
    """Closes before L1, in the order of the universe."""
    past = {}
    for key, value in reader.pairs(node, "a map of closes by symbol"):
        symbol = reader.priced(key, universe)
        read = [reader.read(item, units.price, "a price") for item in reader.items(value, "a list of closes")]
        closes = tuple(price for price in read if price is not None)
        if symbol is not None:
            past[symbol] = PastCloses(symbol, closes)
    return tuple(past[symbol] for symbol in universe if symbol in past)
