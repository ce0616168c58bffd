"""A tree from outside is compared in the grain that it prints, and within one loop; our own to the quantum."""

from __future__ import annotations

from typing import Any

import pytest
from verify_kit import Docs, changed, good, rules_of

from simkit.contract.verifier import verify

S8, S11, S7 = "router_health", "factor_diagnostics", "risk_snapshot"
ROW, GLOBAL = f"{S8}.router_health.per_symbol.BTCUSDT", f"{S8}.router_health.global"
WEIGHTS, VOLS = f"{S11}.weights", f"{S11}.covariance.factor_vols"
SHARES = "kpis_v7.per_symbol"


def third(ratio: float) -> tuple[tuple[str, Any], ...]:
    """A third of the notional went through TWAP."""
    return (f"{ROW}.twap_notional", 33.33), (f"{ROW}.twap_usage_ratio", ratio)


def weights(trend: float) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (f"{WEIGHTS}.{name}", w) for name, w in (("carry", 0.33), ("rv_momentum", 0.33), ("trend", trend))
    )


def drawdown(fraction: float) -> tuple[tuple[str, Any], ...]:
    return (f"{S7}.drawdown.dd_pct", fraction), (f"{S7}.dd_state.drawdown.dd_pct", fraction)


def var(value: float, *more: tuple[str, Any]) -> tuple[tuple[str, Any], ...]:
    return (f"{S7}.var.portfolio_var_nav_pct", value), *more


FLAG = (f"{S7}.anomalies", {"var_limit_breach": True})
BEYOND = (f"{S7}.var.within_limit", False)
FEW = ((f"{ROW}.twap_notional", 4.0), (f"{ROW}.twap_usage_ratio", 0.04))

#: By rule: what is printed just inside the grain, and just outside.
GRAIN: dict[str, tuple[tuple[tuple[str, Any], ...], tuple[tuple[str, Any], ...]]] = {
    "INV-H02": (FEW, (*FEW, (f"{ROW}.quality_score", 0.69))),
    "INV-H03": (
        ((f"{ROW}.slippage_drift_bps", 2.0), (f"{ROW}.slippage_drift_bucket", "YELLOW")),
        ((f"{ROW}.slippage_drift_bps", 1.99), (f"{ROW}.slippage_drift_bucket", "YELLOW")),
    ),
    "INV-H04": (third(0.33), third(0.34)),
    "INV-H06": (((f"{GLOBAL}.avg_latency_ms", 0.01),), ((f"{GLOBAL}.avg_latency_ms", 0.02),)),
    "INV-H10": (((f"{GLOBAL}.quality_score", 0.704),), ((f"{GLOBAL}.quality_score", 0.706),)),
    "INV-F05": (
        ((f"{VOLS}.carry", 1.41), (f"{VOLS}.trend", 1.41)), ((f"{VOLS}.carry", 1.41), (f"{VOLS}.trend", 1.4)),
    ),
    "INV-F08": (weights(0.33), weights(0.32)),
    "INV-K04": (((f"{S7}.var.portfolio_var_nav_pct", 0.014),), ((f"{S7}.var.portfolio_var_nav_pct", 0.016),)),
    "INV-K05": (
        ((f"{SHARES}.BTCUSDT.exposure_nav_pct", 0.01), (f"{SHARES}.ETHUSDT.exposure_nav_pct", 0.01)),
        ((f"{SHARES}.BTCUSDT.exposure_nav_pct", 0.01), (f"{SHARES}.ETHUSDT.exposure_nav_pct", 0.02)),
    ),
    "INV-R07": (drawdown(0.1), drawdown(0.11)),
    "INV-R11": (var(0.12, BEYOND), var(0.11, BEYOND)),
    "INV-R12": (var(0.12, FLAG), var(0.11, FLAG)),
}  # fmt: skip


def fired(docs: Docs, **more: Any) -> list[str]:
    errors, warnings = rules_of(docs, **more)
    return [*errors, *warnings]


@pytest.mark.parametrize("rule", GRAIN)
def test_a_number_may_be_off_by_what_its_print_hides(rule: str) -> None:
    inside, outside = (changed(*pairs)(good()) for pairs in GRAIN[rule])
    assert rule not in fired(inside)
    assert rule in fired(outside)


@pytest.mark.parametrize("rule", GRAIN)
def test_our_own_grain_is_the_quantum(rule: str) -> None:
    for pairs in GRAIN[rule]:
        assert rule in fired(changed(*pairs)(good()), profile="reference")


def test_a_field_that_prints_more_digits_anywhere_is_that_fine() -> None:
    """The weights are one field: one of them with three decimals, and two can no longer be a cent off."""
    docs = changed(*weights(0.33), (f"{S11}.factor_weights.weights.carry", 0.333))(good())
    assert "INV-F08" in fired(docs)


def test_the_raw_values_of_a_factor_say_nothing_of_its_weight() -> None:
    raw = f"{S11}.raw_factors.BTCUSDT:LONG.factors"
    docs = changed(*weights(0.33), (f"{raw}.trend", 1.000000001))(good())
    assert "INV-F08" not in fired(docs)


# Times -----------------------------------------------------------------------------------------------------


def at(stem: str, seconds: str, *more: tuple[str, Any]) -> Docs:
    time = f"2025-01-06T00:01:{seconds}Z"
    return changed(*((f"{stem}.updated_{word}", time) for word in ("ts", "at")), *more)(good())


NAVS = {"INV-K02": ("kpis_v7", "kpis_v7.portfolio.nav"), "INV-R10": (S7, f"{S7}.nav")}


@pytest.mark.parametrize("rule", NAVS)
def test_surfaces_of_one_loop_may_differ_in_time(rule: str) -> None:
    stem, nav = NAVS[rule]
    report = verify(at(stem, "00.007"))
    assert rule in report.evaluated
    assert rule not in {violation.rule for violation in report.violations}
    assert "A-42" in {reading.id for reading in report.readings}
    assert rule in fired(at(stem, "00.007", (nav, 9999.0)))
    assert rule in fired(at(stem, "05.000", (nav, 9999.0)))


@pytest.mark.parametrize("rule", NAVS)
def test_beyond_one_loop_the_nav_of_that_time_is_not_known(rule: str) -> None:
    stem, nav = NAVS[rule]
    report = verify(at(stem, "05.001", (nav, 9999.0)))
    assert dict(report.not_evaluated)[rule] == "the nav of that time is not known"


@pytest.mark.parametrize("rule", NAVS)
def test_for_our_own_tree_only_the_same_time_is_the_same_loop(rule: str) -> None:
    stem, nav = NAVS[rule]
    report = verify(at(stem, "00.007", (nav, 9999.0)), profile="reference")
    assert rule in dict(report.not_evaluated)


def test_a_surface_that_lags_is_compared_with_the_loop_of_its_own_time() -> None:
    """Loops a second apart: the snapshot of the second tree is still that of the first, ten ms after its nav."""

    def tree(nav: str, snapshot: str, value: float, shown: float) -> Docs:
        times = [(f"nav.updated_{word}", f"2025-01-06T00:01:{nav}Z") for word in ("ts", "at")]
        times += [(f"{S7}.updated_{word}", f"2025-01-06T00:01:{snapshot}Z") for word in ("ts", "at")]
        return changed(*times, ("nav.nav", value), (f"{S7}.nav", shown), (f"{S7}.nav_total", shown))(good())

    first = tree("00.000", "00.010", 9999.5, 9999.5)
    inside, outside = (tree("01.000", "00.010", 9990.0, shown) for shown in (9999.5, 9990.0))
    assert "INV-R10" not in {v.rule for v in verify([first, inside]).violations}
    assert "INV-R10" in {v.rule for v in verify([first, outside]).violations}


def test_a_router_that_idles_is_asked_for_events_of_its_loop() -> None:
    docs = at("diagnostics", "00.007", ("diagnostics.runtime_diagnostics.liveness.idle_router", True))
    assert "INV-H11" in fired(docs)
    docs = at("diagnostics", "05.001", ("diagnostics.runtime_diagnostics.liveness.idle_router", True))
    assert "INV-H11" not in fired(docs)
