"""Each gate just inside and just outside, their order, their names, one veto per intent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from exec_drive import entry, settings, usd
from msgspec.structs import replace

from simkit.core.clock import MICROSECONDS
from simkit.core.numeric import QTY, NonFinite
from simkit.core.settings import Settings
from simkit.executor.gates import EARLY, GATES, RECORDED_TWICE, WITHOUT_EFFECT, check
from simkit.executor.request import OpenBook, Request, Seen
from simkit.executor.state import DrawdownPart, VarPart
from simkit.executor.stats import Pace

CALM = DrawdownPart("NORMAL", 0.0, 0, usd(10_000), 0, 0, None, False, 0.1)
EMPTY = OpenBook(frozenset(), {}, 0)


def var(value: float | None) -> Callable[[], VarPart]:
    return lambda: VarPart("", value, 0, 0.0, 1, None, "", {}, None, 0.0, (), 0.0)


def cvar(value: float | None) -> Callable[[str, int, int], float | None]:
    return lambda symbol, notional, nav: value


SEEN = Seen(usd(10_000), 0.0, True, CALM, 0.0, var(0.0), cvar(0.0))


#: When the intents of this file come, seconds.
NOW_S = 100_000


def pace(*, entered_s: float | None = None, entries: int = 0, errors: int = 0, ago_s: float = 0.0) -> Pace:
    """BTCUSDT was entered `entered_s` ago; so many entries and errors happened `ago_s` ago."""
    found = Pace()
    at = round((NOW_S - ago_s) * MICROSECONDS)
    for _ in range(entries):
        found.entries.add(at)
    for _ in range(errors):
        found.errors.add(at)
    if entered_s is not None:
        found.last_entry_ts["BTCUSDT"] = round((NOW_S - entered_s) * MICROSECONDS)
    return found


def request(
    money: float = 100.0,
    symbol: str = "BTCUSDT",
    book: OpenBook = EMPTY,
    use: Settings | None = None,
    pace: Pace | None = None,
    qty: float = 1.0,
    leverage: float = 0.0,
    **seen: Any,
) -> Request:
    signal = replace(entry(1, f"{symbol}:LONG", money=money), leverage=leverage, strategy="s1")
    return Request(
        NOW_S * MICROSECONDS, signal, 1, round(qty * QTY), usd(money), frozenset({"BTCUSDT", "ETHUSDT"}),
        use or Settings(), replace(SEEN, **seen), book, pace or Pace(),
    )  # fmt: skip


def reason(asked: Request) -> str:
    veto = check(asked, priced=True)
    return "" if veto is None else veto.reason


def book(*keys: str, money: float = 1.0) -> OpenBook:
    by_symbol = {key.split(":")[0]: usd(money) for key in keys}
    return OpenBook(frozenset(keys), by_symbol, sum(by_symbol.values()))


def limit(**limits: object) -> Settings:
    return settings(limits=limits)


def dd(value: float, active: bool) -> DrawdownPart:
    return replace(CALM, dd=value, breaker_active=active)


LIFTED: dict[str, object] = {
    "trade_equity_nav_pct": 9.0, "max_trade_nav_pct": 9.0, "symbol_nav_pct": 9.0, "correlation_groups": {},
    "max_gross_nav_pct": 9.0,
}  # fmt: skip
OUT_OF_GROUP = settings(limits=LIFTED)
GROSS_LIMITS = LIFTED | {"max_gross_nav_pct": 1.5}
GROSS_CAP = settings(limits=GROSS_LIMITS)
OTHER_SIDE = book("BTCUSDT:SHORT", money=100)
LOADED = book("ETHUSDT:LONG", money=10_000)
TWO = book("A:LONG", "B:LONG")
OWN_CAPS = limit(per_symbol_order_usd={"BTCUSDT": 100.0}, symbol_order_usd=1.0)
OWN_SHARE = limit(per_symbol_nav_pct={"BTCUSDT": 0.02}, symbol_nav_pct=0.0001)
OWN_QTY = limit(per_symbol_qty={"BTCUSDT": 1.5})
COLD = limit(cooldown_s=600.0)
CIRCUIT = limit(circuit_errors=3, circuit_window_s=300.0)
BURST = limit(burst_entries=2, burst_window_s=60.0)


def tier(name: str) -> Settings:
    return limit(tiers={"BTCUSDT": name}, **LIFTED)


def listed(*strategies: str) -> Settings:
    return limit(max_concurrent=3, strategies=strategies)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (request(), ""),
        (request(use=limit(restricted=("BTCUSDT",))), "restricted_symbol"),
        (request(use=limit(restricted=("ETHUSDT",))), ""),
        (request(use=limit(non_prod_env_guard=True)), "non_prod_env_guard"),
        (request(symbol="XRPUSDT"), "symbol_not_in_universe"),
        (request(nav_age_s=149.999999), ""),
        (request(nav_age_s=150.0), "nav_stale"),
        (request(sources_ok=False), "nav_stale"),
        (request(drawdown=dd(0.1, True)), "portfolio_dd_circuit"),
        (request(drawdown=dd(0.099999999, False)), ""),
        (request(book=book("ETHUSDT:LONG", money=3_400)), ""),
        (request(100.000011, book=book("ETHUSDT:LONG", money=3_400)), "correlation_cap"),
        (request(var=var(0.12)), ""),
        (request(var=var(0.120000001)), "portfolio_var_limit"),
        (request(var=var(None)), ""),
        (request(position_cvar=cvar(0.04)), ""),
        (request(position_cvar=cvar(0.040000001)), "position_cvar_limit"),
        (request(position_cvar=cvar(None)), ""),
        (request(position_cvar=cvar(1.0), use=settings(var={"enabled": False})), ""),
        (request(book=book("BTCUSDT:LONG")), "already_in_trade"),
        (request(book=book("BTCUSDT:SHORT")), ""),
        (request(book=book("BTCUSDT:LONG"), use=limit(allow_add=True)), ""),
        (request(use=limit(whitelist=("ETHUSDT",))), "whitelist"),
        (request(use=limit(whitelist=("BTCUSDT", "ETHUSDT"))), ""),
        (request(drawdown=dd(0.299999999, False)), ""),
        (request(drawdown=dd(0.3, False)), "nav_drawdown_limit"),
        (request(daily_loss=0.099999999), ""),
        (request(daily_loss=0.1), "daily_loss"),
        (request(25.0), ""),
        (request(24.999999), "min_notional"),
        (request(100.0, use=limit(symbol_order_usd=100.0)), ""),
        (request(100.000001, use=limit(symbol_order_usd=100.0)), "symbol_cap"),
        (request(100.0, use=limit(symbol_nav_pct=0.02), book=OTHER_SIDE), ""),
        (request(100.00001, use=limit(symbol_nav_pct=0.02), book=OTHER_SIDE), "symbol_cap"),
        (request(100.0, use=OWN_CAPS), ""),
        (request(100.000001, use=OWN_CAPS), "symbol_cap"),
        (request(100.0, "ETHUSDT", use=OWN_CAPS), "symbol_cap"),
        (request(100.0, use=OWN_SHARE, book=OTHER_SIDE), ""),
        (request(100.00001, use=OWN_SHARE, book=OTHER_SIDE), "symbol_cap"),
        (request(100.0, "ETHUSDT", use=OWN_SHARE), "symbol_cap"),
        (request(use=OWN_QTY, qty=1.5), ""),
        (request(use=OWN_QTY, qty=1.50000001), "symbol_cap"),
        (request(symbol="ETHUSDT", use=OWN_QTY, qty=9.0), ""),
        (request(use=limit(blocked_sides=("BTCUSDT:LONG",))), "side_blocked"),
        (request(use=limit(blocked_sides=("BTCUSDT:SHORT", "ETHUSDT:LONG"))), ""),
        (request(leverage=4.0), ""),
        (request(leverage=4.000001), "leverage_cap"),
        (request(leverage=0.0, use=limit(max_leverage=0.0)), ""),
        (request(pace=pace(entered_s=0.0)), ""),
        (request(use=COLD, pace=pace(entered_s=599.999999)), "cooldown"),
        (request(use=COLD, pace=pace(entered_s=600.0)), ""),
        (request(symbol="ETHUSDT", use=COLD, pace=pace(entered_s=1.0)), ""),
        (request(pace=pace(errors=99)), ""),
        (request(use=CIRCUIT, pace=pace(errors=2)), ""),
        (request(use=CIRCUIT, pace=pace(errors=3, ago_s=300.0)), "circuit_breaker"),
        (request(use=CIRCUIT, pace=pace(errors=3, ago_s=300.000001)), ""),
        (request(pace=pace(entries=99)), ""),
        (request(use=BURST, pace=pace(entries=1)), ""),
        (request(use=BURST, pace=pace(entries=2, ago_s=60.0)), "burst_limit"),
        (request(use=BURST, pace=pace(entries=2, ago_s=60.000001)), ""),
        (request(400.0), ""),
        (request(400.00001), "max_trade_nav"),
        (request(600.0, use=limit(trade_equity_nav_pct=9.0)), ""),
        (request(600.00001, use=limit(trade_equity_nav_pct=9.0)), "max_trade_nav"),
        (request(5_000, use=GROSS_CAP, book=LOADED), ""),
        (request(5_000.00001, use=GROSS_CAP, book=LOADED), "portfolio_cap"),
        (request(use=limit(max_concurrent=2), book=book("A:LONG")), ""),
        (request(use=limit(max_concurrent=2), book=book("A:LONG", "B:LONG")), "max_concurrent"),
        (request(use=limit(max_concurrent=2, allow_add=True), book=book("A:LONG", "BTCUSDT:LONG")), ""),
        (request(use=listed("a", "b", "c", "d"), book=TWO), ""),
        (request(use=listed("a", "b", "c"), book=TWO), ""),
        (request(use=listed("a", "b"), book=TWO), "max_concurrent"),
        (request(use=listed(), book=TWO), ""),
        (request(3_000.0, use=tier("CORE")), ""),
        (request(3_000.00001, use=tier("CORE")), "tier_cap"),
        (request(2_000.0, use=tier("SATELLITE")), ""),
        (request(2_000.00001, use=tier("SATELLITE")), "tier_cap"),
        (request(1_000.0, use=tier("TACTICAL")), ""),
        (request(900.00001, use=tier("TACTICAL"), book=OTHER_SIDE), "tier_cap"),
        (request(500.0, use=tier("ALT-EXT")), ""),
        (request(500.00001, use=tier("ALT-EXT")), "tier_cap"),
        (request(9_000.0, "ETHUSDT", use=tier("ALT-EXT")), ""),
        (request(use=limit(kill_switch=True)), "kill_switch_on"),
        (request(use=settings(limits=GROSS_LIMITS, legacy=["D-29"]), book=book("A:LONG", money=1e9)), ""),
    ],
)  # fmt: skip
def test_a_gate_just_inside_and_just_outside(asked: Request, expected: str) -> None:
    assert reason(asked) == expected


def test_an_account_without_nav_has_no_room() -> None:
    assert reason(request(nav=0, use=OUT_OF_GROUP)) == "symbol_cap"
    assert reason(request(nav=usd(-5), use=OUT_OF_GROUP)) == "symbol_cap"


def test_an_unpriced_symbol_is_refused_but_not_sized() -> None:
    veto = check(request(), priced=False)
    assert veto is not None and veto.reasons == ("unknown_early_veto",)


def test_the_order_of_the_gates() -> None:
    assert [name for name, _ in (*EARLY, *GATES)] == [
        "restricted_symbol", "non_prod_env_guard", "symbol_not_in_universe", "nav_stale", "portfolio_dd_circuit",
        "correlation_cap", "portfolio_var_limit", "position_cvar_limit", "already_in_trade", "not_whitelisted",
        "nav_drawdown_limit", "day_loss_limit", "min_notional", "symbol_cap", "side_blocked", "leverage_exceeded",
        "cooldown", "circuit_breaker", "burst_limit", "trade_gt_equity_cap", "max_trade_nav_pct", "portfolio_cap",
        "max_concurrent", "tier_cap",
    ]  # fmt: skip
    assert sorted(WITHOUT_EFFECT) == ["non_prod_env_guard", "restricted_symbol", "symbol_not_in_universe"]
    assert sorted(RECORDED_TWICE) == [
        "correlation_cap", "nav_stale", "portfolio_dd_circuit", "portfolio_var_limit", "position_cvar_limit",
    ]  # fmt: skip


EVERYTHING = limit(
    max_concurrent=1, whitelist=("ETHUSDT",), blocked_sides=("BTCUSDT:LONG",), circuit_errors=1,
    burst_entries=1, cooldown_s=60.0, tiers={"BTCUSDT": "CORE"},
)  # fmt: skip


def test_everything_at_once_is_one_veto_under_the_first_name_with_all_reasons() -> None:
    veto = check(
        request(
            1_000_000.0, nav_age_s=999.0, drawdown=dd(0.5, True), daily_loss=1.0, var=var(1.0),
            position_cvar=cvar(1.0), leverage=9.0, pace=pace(entered_s=1.0, entries=1, errors=1),
            book=book("BTCUSDT:LONG", "ETHUSDT:LONG"), use=EVERYTHING,
        ),
        priced=True,
    )  # fmt: skip
    assert veto is not None and (veto.reason, veto.gate) == ("nav_stale", "nav_stale")
    # all but min_notional, and max_concurrent because the key is already open
    assert veto.reasons == tuple(n for n, _ in GATES if n not in ("min_notional", "max_concurrent"))
    assert veto.thresholds["nav_stale"] == 150.0 and veto.observations["nav_stale"] == 999.0
    assert veto.thresholds.keys() == veto.observations.keys()
    assert veto.thresholds["leverage_exceeded"] == 4.0 and veto.observations["leverage_exceeded"] == 9.0
    assert "side_blocked" not in veto.thresholds
    assert veto.strategy == "s1"


@pytest.mark.parametrize(
    ("use", "symbol", "expected"),
    [
        ({"restricted": ("BTCUSDT",), "non_prod_env_guard": True}, "BTCUSDT", "restricted_symbol"),
        ({"non_prod_env_guard": True}, "XRPUSDT", "non_prod_env_guard"),
        ({}, "XRPUSDT", "symbol_not_in_universe"),
    ],
)
def test_the_first_three_gates_end_the_check(use: dict[str, object], symbol: str, expected: str) -> None:
    veto = check(request(symbol=symbol, use=limit(**use), nav_age_s=999.0), priced=True)
    assert veto is not None and veto.reasons == (expected,)


def test_the_kill_switch_comes_before_the_risk_check() -> None:
    veto = check(request(use=limit(restricted=("BTCUSDT",), kill_switch=True), nav_age_s=999.0), priced=True)
    assert veto is not None and (veto.reason, veto.reasons) == ("kill_switch_on", ("kill_switch_on",))


def broken() -> VarPart:
    raise NonFinite("a NaN in the returns")


def test_a_check_that_cannot_be_worked_out_refuses() -> None:
    veto = check(request(var=broken), priced=True)
    assert veto is not None and (veto.reason, veto.reasons) == ("risk_engine_error", ("risk_engine_error",))
    early = check(request(var=broken, use=limit(restricted=("BTCUSDT",))), priced=True)
    assert early is not None and early.reason == "restricted_symbol"


@pytest.mark.parametrize(
    ("asked", "gate", "counted"),
    [
        (request(use=limit(whitelist=("ETHUSDT",))), "not_whitelisted", "whitelist"),
        (request(daily_loss=0.5), "day_loss_limit", "daily_loss"),
        (request(leverage=5.0), "leverage_exceeded", "leverage_cap"),
        (request(500.0), "trade_gt_equity_cap", "max_trade_nav"),
        (request(700.0, use=limit(trade_equity_nav_pct=9.0)), "max_trade_nav_pct", "max_trade_nav"),
        (request(use=limit(circuit_errors=1), pace=pace(errors=1)), "circuit_breaker", "circuit_breaker"),
    ],
)
def test_the_counted_name_and_the_gate_name(asked: Request, gate: str, counted: str) -> None:
    veto = check(asked, priced=True)
    assert veto is not None and (veto.gate, veto.reason) == (gate, counted)


def test_the_parts_of_symbol_cap_are_tested_in_their_order() -> None:
    use = limit(symbol_order_usd=50.0, symbol_nav_pct=0.001, per_symbol_qty={"BTCUSDT": 0.5})
    seen = []
    for change in ({}, {"symbol_order_usd": 1e6}, {"symbol_order_usd": 1e6, "symbol_nav_pct": 1.0}):
        veto = check(request(use=replace(use, limits=replace(use.limits, **change))), priced=True)
        assert veto is not None and veto.gate == "symbol_cap"
        seen.append((veto.thresholds["symbol_cap"], veto.observations["symbol_cap"]))
    assert seen == [(50.0, 100.0), (0.001, 0.01), (0.5, 1.0)]


def test_errors_and_entries_are_forgotten_after_a_day() -> None:
    found, day = Pace(), 86_400 * MICROSECONDS
    for ts in (0, 0, 1, day, day + 1):
        found.errors.add(ts)
    assert found.errors.within(day + 1, 10 * day) == 3
    assert found.errors.within(day + 1, 0) == 1
