"""The venue's profile.

Comes in: a node. Goes out: `VenueProfile`. May import `scenario`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from simkit.scenario import units
from simkit.scenario.document import FundingDoc, VenueDoc
from simkit.scenario.model import VenueProfile
from simkit.scenario.reading import Reader
from simkit.scenario.units import Unreadable
from simkit.scenario.yaml_nodes import Node

N = TypeVar("N", int, float)


def venue_of(reader: Reader, node: Node | None, universe: Sequence[str]) -> VenueProfile:
    """The venue's profile; ideal when nothing is said (B-LOOP-5)."""
    if node is None or node.is_scalar:
        reader.word(node, ("ideal",))
        return VenueProfile()
    block = reader.block(node, VenueDoc)
    funding = reader.block(block.get("funding"), FundingDoc)
    rates, rate = funding.need("rate"), None
    by_symbol: tuple[tuple[str, float], ...] = ()
    if rates is not None and rates.kind == "map":
        by_symbol = _rates(reader, rates, universe)
    else:
        rate = reader.read(rates, units.bps, "a rate such as `1 bps`")
    every = reader.read(funding.need("every"), _positive, "a number of loops")

    def number(name: str, parse: Callable[[str], N], what: str, *, signed: bool = False) -> N | Literal[0]:
        at = block.get(name)
        value = reader.read(at, parse, what)
        if at is not None and value is not None and value < 0 and not signed:
            reader.wrong(at, f"{at.found()} is negative")
        return value or 0

    rate_text, span, sum_text = (
        "a rate such as `5 bps`",
        "a duration such as `250 ms`",
        "money such as `5 USD`",
    )
    max_fill = reader.read(block.get("max_fill"), units.share, "a fraction such as `50 %`")
    return VenueProfile(
        name=reader.text(block.get("name")) or "custom",
        taker_fee_bps=float(number("taker_fee", units.bps, rate_text)),
        maker_fee_bps=float(number("maker_fee", units.bps, rate_text, signed=True)),
        spread_bps=float(number("spread", units.bps, rate_text)),
        depth_usd=number("depth", units.money, sum_text),
        latency_us=number("latency", units.duration, span),
        latency_jitter_us=number("jitter", units.duration, span),
        max_fill_frac=1.0 if max_fill is None else max_fill,
        funding_bps=rate or 0.0,
        funding_every=every or 0,
        funding_rates=by_symbol,
        min_notional=number("min_notional", units.money, sum_text),
    )


def _rates(reader: Reader, node: Node, universe: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Funding rates by symbol, in the order of the universe; who is not named pays and receives nothing."""
    found: dict[str, float] = {}
    for key, value in reader.pairs(node):
        symbol = reader.priced(key, universe)
        rate = reader.read(value, units.bps, "a rate such as `1 bps`")
        if symbol is not None and rate is not None:
            found[symbol] = rate
    return tuple((symbol, found[symbol]) for symbol in universe if symbol in found)


def _positive(text: str) -> int:
    value = units.whole(text)
    if value < 1:
        raise Unreadable(f"found {units.shown(text)}, expected 1 or more")
    return value
