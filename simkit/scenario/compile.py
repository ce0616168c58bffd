"""A scenario document to frozen `Scenario`s, one per variant; every mistake at once.

Comes in: the bytes of a file and where it lies. Goes out: scenarios, or ScenarioError with all mistakes. May
import `core`, `contract` and `scenario`.

First the schema looks at keys and types, then the compilers at meaning; both note into one `Reader`, so that
the author sees every mistake in one go. Compilers therefore meet any node and never trust the schema.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct, structs

from simkit.core.clock import parse_iso
from simkit.core.errors import ScenarioError
from simkit.core.settings import Settings
from simkit.scenario import (
    compile_expect,
    compile_faults,
    compile_market,
    compile_script,
    compile_venue,
    schema,
    units,
)
from simkit.scenario.compile_settings import settings_of
from simkit.scenario.document import AccountDoc, ClockDoc, Document, OffExchangeDoc, VariantDoc
from simkit.scenario.document_types import NAME
from simkit.scenario.model import Account, ClockSpec, Event, OffExchangeAsset, Restart, Scenario, Signal
from simkit.scenario.reading import Fields, Reader
from simkit.scenario.units import Unreadable
from simkit.scenario.yaml_nodes import Node, compose

#: Blocks that a variant replaces as a whole; all others of a variant are added to those of the scenario.
REPLACED: Final = ("clock", "prices", "history", "venue", "account", "positions")
MODES: Final[tuple[Literal["hedge", "one_way"], ...]] = ("hedge", "one_way")
MAX_LOOPS: Final = 10_000_000
_LATEST_US: Final = parse_iso("9000-01-01T00:00:00Z")


class Origin(Struct, frozen=True):
    """Where a document lies. `file` is the path as users see it, `folder` where its data files lie."""

    file: str
    family: str
    stem: str
    folder: Path


def compile_scenarios(data: bytes, origin: Origin) -> tuple[Scenario, ...]:
    """The scenario, or one per variant in file order. Raises ScenarioError with every mistake."""
    root = compose(data, origin.file)
    reader = Reader(origin.file)
    left = schema.check(reader, root)
    top = reader.block(root, Document)
    scenarios = _compile(reader, top, origin)
    schema.settle(reader, left)
    if reader.mistakes:
        raise ScenarioError(reader.mistakes)
    return scenarios


def variant_names(data: bytes, file: str) -> list[str]:
    """The names of the variants, in file order; nothing else of the document is judged."""
    found = compose(data, file).pairs.get("variants")
    return list(found[1].pairs) if found is not None else []


def _compile(reader: Reader, top: Fields, origin: Origin) -> tuple[Scenario, ...]:
    _identity(reader, top, origin)
    base = _base(reader, top, origin)
    variants = reader.pairs(top.get("variants"), "a map of variants")
    if "variants" in top.found and top.found["variants"].kind == "map" and not variants:
        reader.wrong(top.found["variants"], "no variant is named", "leave `variants` out")
    if not variants:
        return (_overlaid(reader, base, top, None),)
    scenarios = []
    for key, node in variants:
        if re.fullmatch(NAME, key.text) is None:
            reader.wrong(key, f"`{key.text[:40]}` cannot name a variant", "use a-z, 0-9, `-` and `_`")
        block = reader.block(node, VariantDoc)
        own = _with_blocks(top, block)
        shared = base if own is top else _base(reader, own, origin)
        reader.last = shared.clock.loops
        signals = (
            _signals(reader, (top, block), shared.universe) if "signals" in block.found else shared.signals
        )
        more = compile_expect.expectations_of(reader, block.get("expect"), shared.clock)
        named = structs.replace(shared, variant=key.text, signals=signals, expect=(*shared.expect, *more))
        scenarios.append(_overlaid(reader, named, top, block))
    return tuple(scenarios)


def _with_blocks(top: Fields, variant: Fields) -> Fields:
    """The document with the blocks that a variant replaces as a whole; `top` itself when it replaces none."""
    blocks = {name: variant.found[name] for name in REPLACED if name in variant.found}
    return Fields(top.reader, top.node, top.found | blocks) if blocks else top


def _overlaid(reader: Reader, base: Scenario, top: Fields, variant: Fields | None) -> Scenario:
    """`base` with the parts that a variant may overlay: settings, events, faults, findings."""
    blocks = (top, variant) if variant is not None else (top,)
    settings = base.settings
    for block in blocks:
        settings = settings_of(reader, block.get("executor"), settings, base.universe)
    events = [node for block in blocks for node in reader.items(block.get("events"), "a list of events")]
    faults = [node for block in blocks for node in reader.items(block.get("faults"), "a list of faults")]
    played = compile_script.events_of(reader, events, settings, base.universe)
    _one_restart_per_loop(reader, events, played)
    restarts = [
        (loop, node) for node in events if "restart" in node.pairs and "at" in node.pairs
        and (loop := reader.loop(node.pairs["at"][1])) is not None
    ]  # fmt: skip
    struck, places = compile_faults.faults_of(reader, faults, base.universe, base.clock, restarts)
    calm = next((block.found["converge"] for block in reversed(blocks) if "converge" in block.found), None)
    return structs.replace(
        base,
        settings=settings,
        events=played,
        faults=struck,
        fault_places=places,
        converge=compile_faults.converge_of(reader, calm, struck),
        findings=compile_expect.findings_of(reader, [block.get("findings") for block in blocks]),
    )


def _one_restart_per_loop(reader: Reader, nodes: list[Node], events: tuple[Event, ...]) -> None:
    counts = Counter(f"L{event.loop}" for event in events if isinstance(event, Restart))
    for node in nodes:
        at = node.pairs["at"][1] if "at" in node.pairs and "restart" in node.pairs else None
        if at is not None and counts[at.text] > 1:
            reader.wrong(at, f"two restarts in {at.text}", "one is enough")


def _base(reader: Reader, top: Fields, origin: Origin) -> Scenario:
    """All but what every variant adds to."""
    clock = _clock(reader, top)
    paths = compile_market.paths_of(reader, top, origin.folder)
    universe = compile_market.symbols_of(top)
    account = _account(reader, top.need("account"))
    one_way = account.mode == "one_way"
    tags = [reader.text(item) for item in reader.items(top.get("tags"), "a list of words")]
    return Scenario(
        family=origin.family,
        id=origin.stem,
        variant="",
        file=origin.file,
        title=reader.text(top.get("title")),
        about=reader.text(top.get("about")),
        incident=reader.text(top.get("incident")),
        tags=tuple(tags),
        seed=_seed(reader, top.need("seed")),
        clock=clock,
        universe=universe,
        paths=paths,
        past=compile_market.past_of(reader, top.get("history"), universe),
        venue=compile_venue.venue_of(reader, top.get("venue"), universe),
        account=account,
        positions=compile_script.positions_of(reader, top.get("positions"), universe, one_way=one_way),
        signals=_signals(reader, (top,), universe),
        events=(),
        faults=(),
        settings=Settings(),
        expect=tuple(compile_expect.expectations_of(reader, top.get("expect"), clock)),
        findings=(),
        checkpoints=compile_expect.checkpoints_of(reader, top.get("checkpoints")),
        canary=reader.flag(top.get("canary")),
    )


def _signals(reader: Reader, blocks: Iterable[Fields], universe: Sequence[str]) -> tuple[Signal, ...]:
    nodes = [node for block in blocks for node in reader.items(block.get("signals"), "a list of signals")]
    return compile_script.signals_of(reader, nodes, universe)


def _identity(reader: Reader, top: Fields, origin: Origin) -> None:
    """The format's version, and an id that equals the file's name (it names the golden's folder)."""
    version = top.need("simkit")
    if version is not None and version.value != 1:
        reader.wrong(
            version, f"found {version.found()}, expected `1`", "this simkit reads version 1 of the format"
        )
    elif version is not None and next(iter(top.found)) != "simkit":
        reader.wrong(version, "`simkit: 1` must be the first key", "simkit and editors know its files by it")
    node = top.need("id")
    if node is None:
        return
    written = reader.text(node)
    if re.fullmatch(NAME, origin.stem) is None:
        reader.wrong(
            node, f"the file's name `{origin.stem}` cannot name a scenario", "use a-z, 0-9, `-` and `_`"
        )
    elif written and written != origin.stem:
        reader.wrong(
            node,
            f"the id `{written[:60]}` differs from the file's name `{origin.stem}`",
            f"write `id: {origin.stem}`",
        )


def _seed(reader: Reader, node: Node | None) -> int:
    if node is not None and node.kind == "int" and isinstance(node.value, int) and 0 <= node.value < 10**18:
        return node.value
    return reader.read(node, units.seed, "a whole number or a git hash") or 0


def _clock(reader: Reader, top: Fields) -> ClockSpec:
    """The clock; when it cannot be read the rest is still judged, against an endless one."""
    block = reader.block(top.need("clock"), ClockDoc)
    start = reader.read(block.need("start"), _instant, "a time such as `2025-01-06T00:00:00Z`")
    loops = reader.read(block.need("loops"), _count, "a number of loops")
    reader.last = loops or MAX_LOOPS
    periods = reader.steps(block.need("loop"), _period, "a duration such as `60 s`")
    sync = reader.read(block.get("sync"), units.duration, "a duration such as `20 s`") or 0
    first = periods[0].value if periods else units.DURATIONS["min"]
    clock = ClockSpec(start or 0, first, reader.last, sync, periods[1:])
    if periods and sync >= clock.shortest_us:
        reader.wrong(
            block.found["sync"], "sync_state must run before the next loop", "choose less than `loop`"
        )
    if start is not None and periods and clock.at(reader.last + 1) > _LATEST_US and loops:
        reader.wrong(block.found["loops"], "the run would end after the year 9000")
    return clock


def _instant(text: str) -> int:
    try:
        ts = parse_iso(text)
    except (ValueError, OverflowError):
        raise Unreadable(
            f"found {units.shown(text)}, expected a time such as `2025-01-06T00:00:00Z`"
        ) from None
    if not 0 <= ts <= _LATEST_US:
        raise Unreadable(f"{units.shown(text)} lies outside 1970..9000")
    return ts


def _period(text: str) -> int:
    value = units.duration(text)
    if value == 0:
        raise Unreadable("a loop takes time", "write `60 s`")
    return value


def _count(text: str) -> int:
    value = units.whole(text)
    if not 1 <= value <= MAX_LOOPS:
        raise Unreadable(f"found {units.shown(text)}, expected 1..{MAX_LOOPS} loops")
    return value


def _account(reader: Reader, node: Node | None) -> Account:
    """Opening wallet and scripted equity (B-NAV-9)."""
    block = reader.block(node, AccountDoc)
    block.one_of(("cash", "nav"), "an account")
    cash = reader.read(block.get("cash"), units.money, "money such as `10000 USD`")
    if cash is not None and cash < 0:
        reader.wrong(block.found["cash"], "the opening wallet is negative")
    nav = reader.steps(block.get("nav"), units.money, "money such as `10000 USD`")
    assets = []
    for key, value in reader.pairs(block.get("off_exchange"), "a map of assets"):
        name = reader.read(key, units.symbol, "an asset such as `BTC`")
        asset = reader.block(value, OffExchangeDoc)
        qty = reader.read(asset.need("qty"), units.qty, "a quantity")
        cost = reader.read(asset.need("cost"), units.price, "a price")
        mark = reader.read(asset.get("mark"), units.level, "a price, or `none`")
        if name is not None and qty is not None and cost is not None:
            assets.append(OffExchangeAsset(name, qty, cost, mark))
    opening = nav[0].value if nav else cash or 0
    mode = reader.word(block.get("mode"), MODES) or "hedge"
    return Account(opening, nav, tuple(sorted(assets, key=lambda a: a.asset)), mode)
