"""Funding rates by symbol: what is paid, what a strategy may know of it."""

from __future__ import annotations

from venue_kit import Play, at, cash, position, scenario

from simkit.exchange.orders import Funding
from simkit.scenario.model import VenueProfile

PERPETUALS = VenueProfile(funding_every=1, funding_rates=(("BTCUSDT", 2.0), ("ETHUSDT", -1.0)))


def test_each_symbol_pays_its_own_rate() -> None:
    symbols = ("BTCUSDT", "ETHUSDT", "ADAUSDT")
    play = Play(
        scenario(
            symbols=symbols,
            venue=PERPETUALS,
            positions=tuple(position(symbol, "LONG", 100, 100) for symbol in symbols),
        )
    )
    paid = [e for e in play.step(*(at(symbol, 100) for symbol in symbols)) if isinstance(e, Funding)]
    assert {e.key: e.amount for e in paid} == {"BTCUSDT:LONG": cash(-2), "ETHUSDT:LONG": cash(1)}


def test_the_rate_is_known_before_the_first_payment() -> None:
    play = Play(scenario(symbols=("BTCUSDT", "ETHUSDT", "ADAUSDT"), venue=PERPETUALS))
    assert [play.venue.funding_rate(s) for s in ("BTCUSDT", "ETHUSDT", "ADAUSDT")] == [0.0002, -0.0001, 0.0]
    one = Play(scenario(venue=VenueProfile(funding_bps=1.5, funding_every=8)))
    assert one.venue.funding_rate("BTCUSDT") == 0.00015
    assert Play(scenario(venue=VenueProfile(funding_bps=1.5))).venue.funding_rate("BTCUSDT") == 0.0
