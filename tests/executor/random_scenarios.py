"""Random scenarios, and what the whole pipeline publishes when it plays them.

Comes in: Hypothesis draws. Goes out: `Story`, `scenario_of`, `play`. May import `simkit`.

A story is what a scenario says, in whole numbers: prices in cents, quantities in 1/64 base units. Every
product and quotient by a power of two that the properties need is then exact in the grains of surfaces.md 1.0
(price and quantity 1e-8, money 1e-6), and no property has to allow for rounding.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from exec_drive import WIDE, scenario, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from simkit.core import canon
from simkit.core.numeric import PRICE, QTY, USD
from simkit.core.scratch import scratch_folder
from simkit.judge.judges import Tally
from simkit.run import simulate
from simkit.scenario.model import (
    Event,
    OpeningPosition,
    PastCloses,
    Restart,
    Scenario,
    Scripted,
    Side,
    Signal,
    Step,
    Transfer,
    VenueProfile,
)
from simkit.trace.record import LoopRecord

CENT = PRICE // 100
SIXTY_FOURTH = QTY // 64
SYMBOLS = ("BTCUSDT", "DOGEUSDT", "LINKUSDT", "SUIUSDT")
#: No gate has an opinion, so that every intent is carried out.
OPEN_GATES: dict[str, object] = WIDE | {
    "min_notional_usd": 0.0, "max_concurrent": 99, "daily_loss_pct": 9.0, "nav_drawdown_pct": 9.0,
}  # fmt: skip
NO_LIMITS = {"limits": OPEN_GATES, "drawdown": {"max_portfolio_dd_nav_pct": 0.9}, "var": {"enabled": False}}
VENUES = (
    VenueProfile(),
    VenueProfile(name="fees", taker_fee_bps=5.0, maker_fee_bps=-1.0, spread_bps=4.0),
    VenueProfile(name="slow", latency_us=900_000, max_fill_frac=0.5, funding_bps=3.0, funding_every=4),
)


class Intent(Struct, frozen=True):
    """`away` are target and stop in tenths of a percent of the price, None for an intent that names none."""

    loop: int
    symbol: str
    side: Side
    opens: bool
    units: int
    away: tuple[int, int] | None = None


class Story(Struct, frozen=True):
    """`prices` in cents by symbol, one per loop."""

    prices: Mapping[str, tuple[int, ...]]
    intents: tuple[Intent, ...]
    held: tuple[tuple[str, Side, int], ...] = ()
    restarts: tuple[Restart, ...] = ()

    @property
    def loops(self) -> int:
        return len(next(iter(self.prices.values())))


@st.composite
def walks(draw: st.DrawFn, loops: int, most: int = 30) -> tuple[int, ...]:
    """Prices in cents; a step is at most `most` tenths of a percent."""
    price = draw(st.integers(2_000, 40_000))
    walk = [price]
    for step in draw(st.lists(st.integers(-most, most), min_size=loops - 1, max_size=loops - 1)):
        price = price * (1000 + step) // 1000
        walk.append(price)
    return tuple(walk)


SIDES: st.SearchStrategy[Side] = st.sampled_from(("LONG", "SHORT"))


@st.composite
def stories(
    draw: st.DrawFn, *, restarts: bool = True, levels: bool | None = None, adding: bool = False
) -> Story:
    """`levels`: True, every opening names its levels; False, none does; None, some do. Without `adding` at
    most one intent opens a key."""
    loops = draw(st.integers(6, 14))
    symbols = SYMBOLS[: draw(st.integers(2, 4))]
    prices = {symbol: draw(walks(loops)) for symbol in symbols}
    intents: list[Intent] = []
    opened: list[tuple[str, Side]] = []
    for _ in range(draw(st.integers(1, 8))):
        loop, key = draw(st.integers(1, loops)), (draw(st.sampled_from(symbols)), draw(SIDES))
        opens = not opened or draw(st.booleans())
        if opens and not adding and key in opened:
            continue
        if opens:
            opened.append(key)
        else:
            key = draw(st.sampled_from(opened))
        names = draw(st.booleans()) if levels is None else levels
        away = (draw(st.integers(5, 150)), draw(st.integers(5, 150))) if opens and names else None
        intents.append(Intent(loop, *key, opens, draw(st.integers(8, 640)), away))
    intents.sort(key=lambda intent: intent.loop)
    held: tuple[tuple[str, Side, int], ...] = ()
    if levels is not True and draw(st.booleans()):
        held = ((symbols[0], draw(SIDES), draw(st.integers(8, 640))),)
    deaths: list[Restart] = []
    if restarts:
        found = draw(st.lists(st.integers(2, loops), max_size=2, unique=True))
        deaths = [Restart(loop, draw(st.sampled_from([(), ("registry",)]))) for loop in sorted(found)]
    return Story(prices, tuple(intents), held, tuple(deaths))


def scenario_of(
    story: Story, *, venue: VenueProfile | None = None, events: Sequence[Event] = (), past: bool = False,
    **groups: Any,
) -> Scenario:  # fmt: skip
    """The scenario that tells the story; settings groups as in `exec_drive.settings`."""
    built = scenario(
        story.loops, dict.fromkeys(story.prices, 1.0), use=settings(**groups), venue=venue,
        events=sorted([*story.restarts, *events], key=lambda event: event.loop),
    )  # fmt: skip
    paths = tuple(
        Scripted(symbol, tuple(Step(loop, cents * CENT) for loop, cents in enumerate(walk, 1)))
        for symbol, walk in story.prices.items()
    )
    history = tuple(
        PastCloses(symbol, tuple(walk[0] * CENT * (100 + n % 5) // 100 for n in range(25)))
        for symbol, walk in story.prices.items()
    )
    return replace(
        built,
        paths=paths,
        past=history if past else (),
        positions=tuple(
            OpeningPosition(symbol, side, units * SIXTY_FOURTH, story.prices[symbol][0] * CENT)
            for symbol, side, units in story.held
        ),
        signals=tuple(_signal(story, number, intent) for number, intent in enumerate(story.intents)),
    )


def _signal(story: Story, number: int, intent: Intent) -> Signal:
    price = story.prices[intent.symbol][intent.loop - 1]
    up = 1 if intent.side == "LONG" else -1
    tp = sl = None
    if intent.away is not None:
        tp, sl = [
            (price + up * sign * max(1, price * away // 1000)) * CENT
            for sign, away in zip((1, -1), intent.away, strict=True)
        ]
    return Signal(
        intent.loop, f"i-{number}", "open" if intent.opens else "close", intent.symbol, intent.side,
        intent.units * SIXTY_FOURTH, None, tp, sl, "silent" if tp is None else "given",
    )  # fmt: skip


EVENTS: st.SearchStrategy[list[Event]] = st.lists(
    st.builds(Transfer, st.integers(1, 6), st.sampled_from([500 * USD, -300 * USD])), max_size=2
)


class Played(Struct):
    """What a run has published: by loop, by stem, the document; and the error-level findings."""

    loops: list[dict[str, dict[str, Any]]]
    errors: list[str]
    tallies: list[Tally]

    def at(self, loop: int, stem: str) -> dict[str, Any]:
        return self.loops[loop - 1][stem]

    def all(self, stem: str, *path: str) -> list[Any]:
        """One value per loop."""
        found: list[Any] = []
        for docs in self.loops:
            value: Any = docs[stem]
            for name in path:
                value = value[name]
            found.append(value)
        return found


def play(of: Scenario) -> Played:
    """Run it through the pipeline in a folder of its own."""
    loops: list[dict[str, dict[str, Any]]] = []

    def keep(record: LoopRecord) -> None:
        loops.append(
            {
                path.rpartition("/")[2].removesuffix(".json"): canon.decode(data)
                for path, data in record.tree.items()
                if path.startswith("logs/state/") and data
            }
        )

    with scratch_folder(Path(tempfile.gettempdir())) as folder:
        judged = simulate(of, folder, base=folder, on_loop=keep).judgement
    tallies = [tally for tally in judged.tallies if tally.severity == "E"]
    errors = [
        f"{tally.rule} in {tally.loops}: {tally.first.path} = {tally.first.value}: {tally.first.message}"
        for tally in tallies
    ]
    return Played(loops, errors, tallies)
