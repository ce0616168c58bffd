"""The lists and maps among the limits: how they are read, what they replace, which mistakes they know."""

from __future__ import annotations

import pytest
from scenario_texts import HEAD, compiled, wrong

from simkit.core.settings import LimitSettings
from simkit.scenario.model import SetSetting

LIMITS = """\
executor:
  limits:
    whitelist: [BTCUSDT, ETHUSDT]
    blocked_sides: [ETHUSDT:SHORT]
    strategies: [trend, carry]
    per_symbol_nav_pct: {ETHUSDT: 8 %, BTCUSDT: 15 %}
    per_symbol_order_usd: {BTCUSDT: 10000 USD}
    per_symbol_qty: {BTCUSDT: 0.5}
    tiers: {BTCUSDT: CORE, ETHUSDT: ALT-EXT}
    tier_core_nav_pct: 25 %
    cooldown_s: 5 min
    circuit_errors: 3
    burst_entries: 4
    burst_window_s: 2 min
    non_prod_env_guard: true
events:
  - {at: L5, settings: {limits: {per_symbol_nav_pct: {BTCUSDT: 9 %}, tiers: {}, whitelist: []}}}
"""


def test_limits_are_read_in_their_units() -> None:
    (scenario,) = compiled(HEAD + LIMITS)
    assert scenario.settings.limits == LimitSettings(
        whitelist=("BTCUSDT", "ETHUSDT"),
        blocked_sides=("ETHUSDT:SHORT",),
        strategies=("trend", "carry"),
        per_symbol_nav_pct={"BTCUSDT": 0.15, "ETHUSDT": 0.08},
        per_symbol_order_usd={"BTCUSDT": 10_000.0},
        per_symbol_qty={"BTCUSDT": 0.5},
        tiers={"BTCUSDT": "CORE", "ETHUSDT": "ALT-EXT"},
        tier_core_nav_pct=0.25,
        cooldown_s=300.0,
        circuit_errors=3,
        burst_entries=4,
        burst_window_s=120.0,
        non_prod_env_guard=True,
    )


def test_a_map_that_is_written_replaces_the_one_before() -> None:
    (scenario,) = compiled(HEAD + LIMITS)
    (event,) = scenario.events
    assert isinstance(event, SetSetting)
    limits = event.settings.limits
    assert (limits.per_symbol_nav_pct, limits.tiers, limits.whitelist) == ({"BTCUSDT": 0.09}, {}, ())
    assert limits.per_symbol_qty == {"BTCUSDT": 0.5}


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (
            "whitelist: [ETHUSD]",
            "1:33: `ETHUSD` has no price: what is priced is the universe | did you mean `ETHUSDT`?",
        ),
        (
            "blocked_sides: [BTCUSDT]",
            "1:37: found `BTCUSDT`, expected `SYMBOL:SIDE` | write `BTCUSDT:LONG` or `BTCUSDT:SHORT`",
        ),
        (
            "blocked_sides: [SOLUSDT:LONG]",
            "1:37: `SOLUSDT` has no price: what is priced is the universe | known here: BTCUSDT, ETHUSDT",
        ),
        ("strategies: {a: b}", "1:33: found a map {…}, expected a list"),
        (
            "tiers: {BTCUSDT: BEST}",
            "1:38: `BEST` is unknown here | known here: CORE, SATELLITE, TACTICAL, ALT-EXT",
        ),
        (
            "tiers: {SOLUSDT: CORE}",
            "1:29: `SOLUSDT` has no price: what is priced is the universe | known here: BTCUSDT, ETHUSDT",
        ),
        ("per_symbol_nav_pct: {BTCUSDT: 0.08}", "1:51: 0.08 could be 8 % or 0.08 %: write one of them"),
        ("per_symbol_nav_pct: {BTCUSDT: -8 %}", "1:51: found `-8 %`, expected 0 or more"),
        ("correlation_groups: {L1: -8 %}", "1:46: found `-8 %`, expected 0 or more"),
        (
            "per_symbol_qty: {BTCUSDT: 5 %}",
            "1:47: `5 %`: this setting is a plain number | write the number alone",
        ),
        ("circuit_errors: 2.5", "1:37: found `2.5`, expected a whole number, 0 or more"),
    ],
)
def test_a_mistake_is_told_at_its_place(limits: str, message: str) -> None:
    assert wrong(f"executor: {{limits: {{{limits}}}}}") == [message]
