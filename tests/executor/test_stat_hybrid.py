"""The full hybrid score and what drops a candidate, each edge from both sides (B-HYB-3, B-HYB-4)."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings, strategies as st

from simkit.core.clock import MICROSECONDS
from simkit.executor.hybrid import REGIME_VALUES, WEIGHTS, decay, dropped, hybrid, regime_weights
from simkit.executor.state import Side

MINUTE = 60 * MICROSECONDS
FULL = dict.fromkeys(WEIGHTS, 1.0)


def test_weights_are_those_of_the_rule_and_sum_to_one() -> None:
    assert regime_weights("normal") == pytest.approx(WEIGHTS)
    assert math.fsum(WEIGHTS.values()) == 1.0
    assert regime_weights("low") == regime_weights("normal")


@pytest.mark.parametrize(
    ("regime", "trend", "carry", "expectancy", "router"),
    [("high", 0.4, 0.175, 0.18, 0.15), ("crisis", 0.4, 0.1, 0.16, 0.165)],
)
def test_a_regime_changes_weights_and_they_sum_to_one_again(
    regime: str, trend: float, carry: float, expectancy: float, router: float
) -> None:
    total = trend + carry + expectancy + router
    expected = {"trend": trend, "carry": carry, "expectancy": expectancy, "router_quality": router}
    assert regime_weights(regime) == pytest.approx({name: w / total for name, w in expected.items()})


def test_factor_weights_replace_the_fixed_ones() -> None:
    assert hybrid({"rv_momentum": 0.8}, 0.0, weights={"rv_momentum": 0.5, "trend": 0.5}) == 0.36
    assert regime_weights("high", {"trend": 0.0}) == {"trend": 0.0}


def test_rv_has_a_tenth() -> None:
    assert hybrid(FULL, 0.0) == 0.9
    assert hybrid(FULL, 1.0) == 1.0
    assert hybrid(FULL, -1.0) == 0.8
    assert hybrid({}, 1.0) == 0.1


@pytest.mark.parametrize(
    ("quality", "factor"),
    [(None, 1.0), (0.5, 0.5), (0.500000001, 1.0), (0.899999999, 1.0), (0.9, 1.05)],
)
def test_router_quality_halves_or_lifts(quality: float | None, factor: float) -> None:
    assert hybrid({"trend": 1.0}, 0.0, quality=quality) == pytest.approx(0.36 * factor, abs=1e-9)


@pytest.mark.parametrize(
    ("minutes", "factor"),
    [(0, 1.0), (45, 0.5), (22.5, 0.707106781), (68.14, 0.350085), (68.16, 0.35), (600, 0.35)],
)
def test_a_signal_ages_with_a_half_life_of_45_minutes(minutes: float, factor: float) -> None:
    assert decay(round(minutes * MINUTE)) == pytest.approx(factor, abs=1e-5)
    assert hybrid(FULL, 0.0, age_us=round(minutes * MINUTE)) == pytest.approx(0.9 * factor, abs=1e-5)


def test_the_score_is_clamped_to_one() -> None:
    assert hybrid(dict.fromkeys(WEIGHTS, 2.0), 1.0) == 1.0
    assert hybrid(dict.fromkeys(WEIGHTS, -2.0), -1.0) == -1.0
    assert hybrid(FULL, 1.0, quality=0.9) == 1.0


@pytest.mark.parametrize(
    ("side", "quality", "rv", "reason"),
    [
        ("LONG", None, 0.0, ""),
        ("LONG", 0.35, 0.0, ""),
        ("LONG", 0.349999999, 0.0, "router_quality"),
        ("LONG", None, -0.5, ""),
        ("LONG", None, -0.5001, "rv"),
        ("LONG", None, 0.9, ""),
        ("SHORT", None, 0.5, ""),
        ("SHORT", None, 0.5001, "rv"),
        ("SHORT", None, -0.9, ""),
        ("SHORT", 0.2, 0.9, "router_quality"),
    ],
)
def test_drops_are_strict(side: Side, quality: float | None, rv: float, reason: str) -> None:
    assert dropped(side, quality, rv) == reason


def test_regimes_have_their_values() -> None:
    assert REGIME_VALUES == {"low": 0.25, "normal": 0.0, "high": -0.35, "crisis": -0.75}


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    parts=st.dictionaries(st.sampled_from(sorted(WEIGHTS)), st.floats(-3.0, 3.0)),
    rv=st.floats(-1.0, 1.0),
    quality=st.none() | st.floats(0.0, 1.0),
    age=st.integers(0, 10**12),
)
def test_the_score_stays_within_one(
    parts: dict[str, float], rv: float, quality: float | None, age: int
) -> None:
    assert -1.0 <= hybrid(parts, rv, quality=quality, age_us=age) <= 1.0
