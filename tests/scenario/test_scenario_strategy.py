"""Funding rates by symbol, the built-in strategy and the switches of the factors, as YAML."""

from __future__ import annotations

import pytest
from scenario_texts import one

from simkit.core.errors import ScenarioError
from simkit.core.settings import StrategySettings


def test_funding_is_one_rate_or_one_for_each_symbol() -> None:
    venue = one("venue: {funding: {rate: 1 bps, every: 8}}").venue
    assert (venue.funding_bps, venue.funding_rates, venue.funding_every) == (1.0, (), 8)
    venue = one("venue: {funding: {rate: {ETHUSDT: -2 bps, BTCUSDT: 0.03 %}, every: 8}}").venue
    assert (venue.funding_bps, venue.funding_rates) == (0.0, (("BTCUSDT", 3.0), ("ETHUSDT", -2.0)))


@pytest.mark.parametrize(
    ("rate", "message"),
    [("{XUSDT: 1 bps}", "XUSDT"), ("{BTCUSDT: 1}", "could be"), ("[1 bps]", "found a list")],
)
def test_a_rate_that_cannot_be_read_is_refused(rate: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        one(f"venue: {{funding: {{rate: {rate}, every: 8}}}}")
    assert message in str(caught.value)


def test_the_strategy_has_its_own_group() -> None:
    assert one("").settings.strategy == StrategySettings()
    written = "{name: trend, fast: 5, target_atr_frac: 1 %, trade_nav_pct: 3 %, use_factor_weights: true}"
    assert one(f"executor: {{strategy: {written}}}").settings.strategy == StrategySettings(
        name="trend", fast=5, target_atr_frac=0.01, trade_nav_pct=0.03, use_factor_weights=True
    )
    assert not one("executor: {intel: {factors_enabled: false}}").settings.intel.factors_enabled


@pytest.mark.parametrize(
    "written", ["{name: momentum}", "{fast: 0}", "{slow: 0}", "{atr_bars: 0}", "{stop_atr: 0}"]
)
def test_what_no_strategy_can_mean_is_refused(written: str) -> None:
    with pytest.raises(ScenarioError):
        one(f"executor: {{strategy: {written}}}")
