"""Each gate just inside and just outside, their order, their names, one veto per intent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from exec_drive import entry, settings, usd
from msgspec.structs import replace

from simkit.core.settings import Settings
from simkit.executor.gates import EARLY, GATES, OpenBook, Request, Seen, check
from simkit.executor.state import DrawdownPart, VarPart

CALM = DrawdownPart("NORMAL", 0.0, 0, usd(10_000), 0, 0, None, False, 0.1)
EMPTY = OpenBook(frozenset(), {}, 0)


def var(value: float | None) -> Callable[[], VarPart]:
    return lambda: VarPart("", value, 0, 0.0, 1, None, "", {}, None, 0.0, (), 0.0)


def cvar(value: float | None) -> Callable[[str, int, int], float | None]:
    return lambda symbol, notional, nav: value


SEEN = Seen(usd(10_000), 0.0, True, CALM, 0.0, var(0.0), cvar(0.0))


def request(
    money: float = 100.0,
    symbol: str = "BTCUSDT",
    book: OpenBook = EMPTY,
    use: Settings | None = None,
    **seen: Any,
) -> Request:
    signal = entry(1, f"{symbol}:LONG", money=money)
    return Request(
        signal,
        1,
        usd(money),
        frozenset({"BTCUSDT", "ETHUSDT"}),
        use or Settings(),
        replace(SEEN, **seen),
        book,
    )


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
GROSS_CAP = settings(limits=LIFTED | {"max_gross_nav_pct": 1.5})
OTHER_SIDE = book("BTCUSDT:SHORT", money=100)
LOADED = book("ETHUSDT:LONG", money=10_000)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (request(), ""),
        (request(use=limit(restricted=("BTCUSDT",))), "restricted_symbol"),
        (request(use=limit(restricted=("ETHUSDT",))), ""),
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
        (request(400.0), ""),
        (request(400.00001), "max_trade_nav"),
        (request(600.0, use=limit(trade_equity_nav_pct=9.0)), ""),
        (request(600.00001, use=limit(trade_equity_nav_pct=9.0)), "max_trade_nav"),
        (request(5_000, use=GROSS_CAP, book=LOADED), ""),
        (request(5_000.00001, use=GROSS_CAP, book=LOADED), "portfolio_cap"),
        (request(use=limit(max_concurrent=2), book=book("A:LONG")), ""),
        (request(use=limit(max_concurrent=2), book=book("A:LONG", "B:LONG")), "max_concurrent"),
        (request(use=limit(max_concurrent=2, allow_add=True), book=book("A:LONG", "BTCUSDT:LONG")), ""),
        (request(use=limit(kill_switch=True)), "kill_switch_on"),
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
        "restricted_symbol", "symbol_not_in_universe", "nav_stale", "portfolio_dd_circuit", "correlation_cap",
        "portfolio_var_limit", "position_cvar_limit", "already_in_trade", "nav_drawdown_limit",
        "day_loss_limit",
        "min_notional", "symbol_cap", "trade_gt_equity_cap", "max_trade_nav_pct", "portfolio_cap",
        "max_concurrent",
        "kill_switch_on",
    ]  # fmt: skip


def test_everything_at_once_is_one_veto_under_the_first_name_with_all_reasons() -> None:
    veto = check(
        request(
            1_000_000.0, nav_age_s=999.0, drawdown=dd(0.5, True), daily_loss=1.0, var=var(1.0),
            position_cvar=cvar(1.0),
            book=book("BTCUSDT:LONG", "ETHUSDT:LONG"), use=limit(max_concurrent=1, kill_switch=True),
        ),
        priced=True,
    )  # fmt: skip
    assert veto is not None and (veto.reason, veto.gate) == ("nav_stale", "nav_stale")
    # all but min_notional, and max_concurrent because the key is already open
    assert veto.reasons == tuple(n for n, _ in GATES if n not in ("min_notional", "max_concurrent"))
    assert veto.thresholds["nav_stale"] == 150.0 and veto.observations["nav_stale"] == 999.0
    assert veto.thresholds.keys() == veto.observations.keys()
    assert "kill_switch_on" not in veto.thresholds


def test_the_early_gates_end_the_check() -> None:
    veto = check(request(use=limit(restricted=("BTCUSDT",), kill_switch=True), nav_age_s=999.0), priced=True)
    assert veto is not None and veto.reasons == ("restricted_symbol",)


@pytest.mark.parametrize(
    ("asked", "gate", "counted"),
    [
        (request(daily_loss=0.5), "day_loss_limit", "daily_loss"),
        (request(500.0), "trade_gt_equity_cap", "max_trade_nav"),
        (request(700.0, use=limit(trade_equity_nav_pct=9.0)), "max_trade_nav_pct", "max_trade_nav"),
    ],
)
def test_the_counted_name_and_the_gate_name(asked: Request, gate: str, counted: str) -> None:
    veto = check(asked, priced=True)
    assert veto is not None and (veto.gate, veto.reason) == (gate, counted)
