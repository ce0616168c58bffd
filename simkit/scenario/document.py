"""The scenario document, key by key: what an author may write, with the words that editors show.

Comes in: nothing. Goes out: one Struct per block, from which `scenario.schema` makes the JSON Schema and the
compilers take the known keys. May import msgspec.

The models say which keys there are and of what JSON type; what a text means (units, loops, fields) is judged
by `scenario.compile` and its parts. Where several forms are allowed the type is `Any` or a plain union: a
tagged union would give one useless error for all of its members.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from simkit.scenario.document_types import (
    Block,
    Bps,
    Duration,
    Fraction,
    Key,
    Level,
    Loop,
    LoopRange,
    Money,
    Price,
    Qty,
)
from simkit.scenario.fault_document import FaultDoc


class ClockDoc(Block, frozen=True, kw_only=True):
    """Scenario time."""

    start: Annotated[str, Meta(description="Time of L1, ISO 8601, UTC: `2025-01-06T00:00:00Z`.")]
    loop: Annotated[
        Any, Meta(description="From a loop to the next: `60 s`, or by loop {L1: 110 s, L20: 80 s}.")
    ]
    loops: Annotated[int, Meta(description="How many loops the run has.", ge=1)]
    sync: Annotated[str, Meta(description="How long after the publish sync_state runs (default `0 s`).")] = (
        "0 s"
    )


class CandlesDoc(Block, frozen=True, kw_only=True):
    """Scripted candles of one symbol."""

    candles: Annotated[
        list[Any] | dict[str, Any],
        Meta(description="One [open, high, low, close] per loop, or a map {L1: […], L5: […]}."),
    ]
    path: Annotated[
        Literal["O-L-H-C", "O-H-L-C"], Meta(description="The order in which a candle passes its prices.")
    ] = "O-L-H-C"


class RandomDoc(Block, frozen=True, kw_only=True):
    """A seeded random walk."""

    start: Price
    volatility: Annotated[Any, Meta(description="Per loop: `1 %`, or by loop {L1: 1 %, L20: 4 %}.")]
    drift: Annotated[Any, Meta(description="Per loop: `0.1 %`, or by loop.")] = "0 %"
    jumps: Annotated[
        dict[str, Fraction], Meta(description="{L5: -10 %}: the price is multiplied by 0.9 in L5.")
    ] = {}
    common: Annotated[str, Meta(description="Name of a factor that several symbols share.")] = ""
    correlation: Annotated[Fraction, Meta(description="Weight of the common factor, 0 %..100 %.")] = "0 %"


class RandomPathDoc(Block, frozen=True, kw_only=True):
    """A symbol whose price walks at random."""

    random: RandomDoc


class ColumnsDoc(Block, frozen=True, kw_only=True):
    """Names, or positions from 0, of the columns of a recorded file."""

    time: str | int = "timestamp"
    open: str | int = "open"
    high: str | int = "high"
    low: str | int = "low"
    close: str | int = "close"
    symbol: str | int = ""


class ReplayDoc(Block, frozen=True, kw_only=True):
    """Recorded bars; one bar is one loop."""

    file: Annotated[
        str, Meta(description="CSV beside the scenario (or below `--data DIR` with `outside: true`).")
    ]
    symbols: Annotated[
        str | dict[str, str],
        Meta(description="The symbol of a file that holds one, or {value of the symbol column: SYMBOL}."),
    ]
    columns: ColumnsDoc = ColumnsDoc()
    layout: Annotated[
        Literal["header", "kline"], Meta(description="`header`: the first line names the columns.")
    ] = "header"
    outside: Annotated[
        bool, Meta(description="The file lies outside the repository: judged, but no golden.")
    ] = False


class FundingDoc(Block, frozen=True, kw_only=True):
    """Funding payments."""

    rate: Annotated[Any, Meta(description="`1 bps` per payment, or by symbol {BTCUSDT: 1 bps}.")]
    every: Annotated[int, Meta(description="Loops between two payments.", ge=1)]


class VenueDoc(Block, frozen=True, kw_only=True):
    """How the venue fills; what is left out is ideal."""

    name: Annotated[str, Meta(description="A name for reports.")] = "custom"
    taker_fee: Bps = "0 bps"
    maker_fee: Bps = "0 bps"
    spread: Bps = "0 bps"
    depth: Annotated[
        Money, Meta(description="Order size that moves the price by 1 %; 0 is without limit.")
    ] = "0 USD"
    latency: Duration = "0 s"
    jitter: Duration = "0 s"
    max_fill: Annotated[Fraction, Meta(description="Largest part of an order that fills at once.")] = "100 %"
    funding: FundingDoc | None = None
    min_notional: Money = "0 USD"


class OffExchangeDoc(Block, frozen=True, kw_only=True):
    """One asset held elsewhere."""

    qty: Qty
    cost: Annotated[Price, Meta(description="Average cost per unit.")]
    mark: Annotated[Level, Meta(description="Price of one unit, or `none` when nobody knows.")] = "none"


class AccountDoc(Block, frozen=True, kw_only=True):
    """The opening balance, or equity scripted as truth."""

    cash: Annotated[Money, Meta(description="Opening wallet.")] = 0
    nav: Annotated[
        Any,
        Meta(description="Equity by loop, booked as declared income; the first value is the opening wallet."),
    ] = None
    off_exchange: Annotated[
        dict[str, OffExchangeDoc],
        Meta(description="Assets held elsewhere, by name; they are no part of NAV."),
    ] = {}
    mode: Annotated[
        Literal["hedge", "one_way"], Meta(description="`one_way`: the venue holds one position per symbol.")
    ] = "hedge"


class PositionDoc(Block, frozen=True, kw_only=True):
    """A position that is open before L1. One of `qty` and `usd`."""

    qty: Qty | None = None
    usd: Annotated[Money, Meta(description="Size in money at the entry price.")] = 0
    entry: Price
    tp: Annotated[Level, Meta(description="Take-profit level; left out or `none`: no level.")] = "none"
    sl: Annotated[Level, Meta(description="Stop level; left out or `none`: no level.")] = "none"


class SignalDoc(Block, frozen=True, kw_only=True):
    """One intent (or one per loop of a range): `open` or `close`."""

    at: LoopRange
    open: Annotated[Key, Meta(description="Open or add to this position.")] = ""
    close: Annotated[Key, Meta(description="Close this position; in full without `qty` and `usd`.")] = ""
    qty: Qty | None = None
    usd: Annotated[Money, Meta(description="Size in money.")] = 0
    tp: Annotated[Level, Meta(description="Take-profit level; `none` asks for no level.")] = "none"
    sl: Annotated[Level, Meta(description="Stop level; `none` asks for no level.")] = "none"
    limit: Annotated[Price, Meta(description="Price of a resting limit order (default: market order).")] = 0
    twap: Annotated[bool, Meta(description="Ask for time slices.")] = False
    maker: Annotated[bool, Meta(description="Ask for a maker attempt first.")] = False
    leverage: Annotated[float, Meta(description="The leverage that an opening asks for, above 0.")] = 0
    strategy: Annotated[str, Meta(description="The strategy that sends it.")] = ""
    id: Annotated[str, Meta(description="The intent's id (default `i-<loop>-<n>`).")] = ""


class EventDoc(Block, frozen=True, kw_only=True):
    """One thing that happens at the start of a loop: exactly one of the words below `at`."""

    at: Loop
    restart: Annotated[Literal["executor"], Meta(description="A new executor starts with this loop.")] = (
        "executor"
    )
    losing: Annotated[
        list[Literal["registry"]], Meta(description="With `restart`: files that are lost meanwhile.")
    ] = []
    deposit: Annotated[Money, Meta(description="Declared money in.")] = 0
    withdraw: Annotated[Money, Meta(description="Declared money out.")] = 0
    reset_peak: Annotated[
        bool, Meta(description="`true`: the drawdown peak restarts at this loop's NAV.")
    ] = True
    settings: Annotated[
        dict[str, Any], Meta(description="Settings from this loop on, as under `executor`.")
    ] = {}


Prices = Annotated[
    dict[str, Any],
    Meta(description="The universe: by symbol a price, a series, {candles: …} or {random: …}."),
]
History = Annotated[dict[str, list[Price]], Meta(description="Closes before L1 by symbol, oldest first.")]
Venue = Annotated[Literal["ideal"] | VenueDoc, Meta(description="`ideal` (default), or its settings.")]
Positions = Annotated[dict[str, PositionDoc], Meta(description="Positions that are open before L1.")]
Expect = Annotated[
    dict[str, dict[str, Any]],
    Meta(description="What must hold, under `always`, `never`, `L3..L5` or `columns` (a series per field)."),
]
Findings = Annotated[
    dict[str, Any],
    Meta(description="Exactly the error-level rules that must fire, with their loops: {INV-L04: L3..L5}."),
]
Executor = Annotated[
    dict[str, Any],
    Meta(
        description="Settings of the executor by group, and `legacy: [D-nn]` or `legacy: v7.6` for old defects."
    ),
]


class ConvergeDoc(Block, frozen=True, kw_only=True):
    """Storm, then calm: when all must be well again."""

    after: Annotated[Loop, Meta(description="The last loop of the storm (default: of the last fault).")] = ""
    within: Annotated[int, Meta(description="How many loops later all must be well, and stay so.", ge=0)]


class VariantDoc(Block, frozen=True, kw_only=True):
    """What one variant adds to the scenario, and the blocks that it replaces."""

    clock: ClockDoc | None = None
    prices: Prices = {}
    history: History = {}
    venue: Venue = "ideal"
    account: AccountDoc | None = None
    positions: Positions = {}
    signals: Annotated[list[SignalDoc], Meta(description="Added to those of the scenario.")] = []
    executor: Executor = {}
    faults: Annotated[list[FaultDoc], Meta(description="Added to those of the scenario.")] = []
    events: Annotated[list[EventDoc], Meta(description="Added to those of the scenario.")] = []
    expect: Expect = {}
    converge: ConvergeDoc | None = None
    findings: Findings = {}


class Document(Block, frozen=True, kw_only=True):
    """One scenario of simkit."""

    simkit: Annotated[Literal[1], Meta(description="Version of the format; always the first key.")]
    id: Annotated[str, Meta(description="The file's name without its ending.")]
    title: Annotated[str, Meta(description="One line for reports.")] = ""
    about: Annotated[str, Meta(description="What happens and why it matters.")] = ""
    incident: Annotated[str, Meta(description="The incident it tells, `INC-nn`.")] = ""
    tags: Annotated[list[str], Meta(description="Words to select scenarios by.")] = []
    seed: Annotated[
        int | str, Meta(description="A whole number, or a git hash; all randomness comes from it.")
    ]
    clock: ClockDoc
    prices: Prices = {}
    replay: ReplayDoc | None = None
    history: History = {}
    venue: Venue = "ideal"
    account: AccountDoc
    positions: Positions = {}
    signals: Annotated[list[SignalDoc], Meta(description="Intents, each in its loop.")] = []
    events: Annotated[list[EventDoc], Meta(description="What happens at the start of a loop.")] = []
    faults: Annotated[list[FaultDoc], Meta(description="Lies and outages.")] = []
    executor: Executor = {}
    expect: Expect = {}
    converge: ConvergeDoc | None = None
    findings: Findings = {}
    variants: Annotated[
        dict[str, VariantDoc], Meta(description="Runs that differ in a few blocks, by name.")
    ] = {}
    checkpoints: Annotated[list[Loop], Meta(description="Loops whose whole tree is kept in the golden.")] = []
    canary: Annotated[bool, Meta(description="`true`: this scenario must fail.")] = False
