"""The risk gates of opening intents, in their order (B-VETO-2 to B-VETO-4, B-LOOP-4).

Comes in: a sized intent, what the last loop published, the open book. Goes out: at most one `Veto`. May
import `core`, `exchange.orders`, `scenario.model`, `executor.port`, `executor.state`.

A gate answers None when it lets the intent through, else its threshold and what it saw (in the unit of
its setting), or nothing where there are no numbers. Caps compare with >, circuit, loss and concurrency
with >=, the minimum with <. Begun: B-VETO-2 lacks non_prod_env_guard, not_whitelisted, side_blocked,
leverage_exceeded, cooldown, circuit_breaker (errors), burst_limit, tier_cap and the quantity part of
symbol_cap. B-VETO-6: reduce-only intents never come here.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from simkit.core.numeric import USD, fraction, money
from simkit.core.settings import LimitSettings, Settings
from simkit.exchange.orders import VenuePosition
from simkit.executor.correlation import in_group
from simkit.executor.port import Veto
from simkit.executor.state import DrawdownPart, VarPart
from simkit.scenario.model import Signal

#: B-VETO-3: the gate's name -> the name that is counted.
COUNTED_AS = {
    "day_loss_limit": "daily_loss",
    "trade_gt_equity_cap": "max_trade_nav",
    "max_trade_nav_pct": "max_trade_nav",
}

Numbers = tuple[float, float] | tuple[()]
Answer = Numbers | None


class OpenBook(Struct):
    """Open positions plus what is accepted and still to fill: absolute notional in micro-USD (INV-R22)."""

    keys: frozenset[str]
    by_symbol: dict[str, int]
    gross: int


class Seen(Struct, frozen=True):
    """What the gates see: figures of the last published loop (B-LOOP-4), age and book as of now."""

    nav: int
    nav_age_s: float
    sources_ok: bool
    drawdown: DrawdownPart
    daily_loss: float
    var: Callable[[], VarPart | None]
    position_cvar: Callable[[str, int, int], float | None]


class Request(Struct, frozen=True):
    """One opening intent before the gates. `notional` in micro-USD at the mark."""

    signal: Signal
    qty: int
    notional: int
    universe: frozenset[str]
    settings: Settings
    seen: Seen
    book: OpenBook

    @property
    def limits(self) -> LimitSettings:
        """The limits in force."""
        return self.settings.limits

    def share(self, amount: int) -> float:
        """`amount` as a fraction of NAV; an account without NAV has no room for anything."""
        return fraction(amount, max(self.seen.nav, 1))


def open_book(positions: list[tuple[VenuePosition, int]], pending: list[tuple[str, str, int]]) -> OpenBook:
    """`positions` with the price to value them at, `pending` orders as (key, symbol, notional)."""
    worth = [(p.key, p.symbol, money(price, p.qty)) for p, price in positions]
    by_symbol: dict[str, int] = {}
    gross = 0
    for _, symbol, notional in (*worth, *pending):
        by_symbol[symbol] = by_symbol.get(symbol, 0) + notional
        gross += notional
    return OpenBook(frozenset([key for key, _, _ in (*worth, *pending)]), by_symbol, gross)


def _above(value: float, cap: float) -> Answer:
    return (cap, value) if value > cap else None


def _at_least(value: float, limit: float) -> Answer:
    return (limit, value) if value >= limit else None


def _restricted_symbol(r: Request) -> Answer:
    return () if r.signal.symbol in r.limits.restricted else None


def _symbol_not_in_universe(r: Request) -> Answer:
    return None if r.signal.symbol in r.universe else ()


def _nav_stale(r: Request) -> Answer:
    if not r.seen.sources_ok:
        return (r.limits.nav_fresh_s, r.seen.nav_age_s)
    return _at_least(r.seen.nav_age_s, r.limits.nav_fresh_s)


def _portfolio_dd_circuit(r: Request) -> Answer:
    circuit = r.seen.drawdown
    return (circuit.limit or 0.0, circuit.dd) if circuit.breaker_active else None


def _correlation_cap(r: Request) -> Answer:
    for name, cap in sorted(r.limits.correlation_groups.items()):
        if in_group(r.signal.symbol, name):
            worths = [worth for symbol, worth in r.book.by_symbol.items() if in_group(symbol, name)]
            answer = _above(r.share(sum(worths) + r.notional), cap)  # ints
            if answer is not None:
                return answer
    return None


def _portfolio_var_limit(r: Request) -> Answer:
    var = r.seen.var()
    if var is None or var.value is None:
        return None
    return _above(var.value, r.settings.var.max_portfolio_var_nav_pct)


def _position_cvar_limit(r: Request) -> Answer:
    if not r.settings.var.enabled:
        return None
    signed = r.notional if r.signal.side == "LONG" else -r.notional
    cvar = r.seen.position_cvar(r.signal.symbol, signed, r.seen.nav)
    return None if cvar is None else _above(cvar, r.settings.var.max_position_cvar_nav_pct)


def _already_in_trade(r: Request) -> Answer:
    held = f"{r.signal.symbol}:{r.signal.side}" in r.book.keys
    return () if held and not r.limits.allow_add else None


def _nav_drawdown_limit(r: Request) -> Answer:
    return _at_least(r.seen.drawdown.dd, r.limits.nav_drawdown_pct)


def _day_loss_limit(r: Request) -> Answer:
    return _at_least(r.seen.daily_loss, r.limits.daily_loss_pct)


def _min_notional(r: Request) -> Answer:
    usd = r.notional / USD
    return (r.limits.min_notional_usd, usd) if usd < r.limits.min_notional_usd else None


def _symbol_cap(r: Request) -> Answer:
    held = r.book.by_symbol.get(r.signal.symbol, 0)
    return _above(r.notional / USD, r.limits.symbol_order_usd) or _above(
        r.share(held + r.notional), r.limits.symbol_nav_pct
    )


def _trade_gt_equity_cap(r: Request) -> Answer:
    return _above(r.share(r.notional), r.limits.trade_equity_nav_pct)


def _max_trade_nav_pct(r: Request) -> Answer:
    return _above(r.share(r.notional), r.limits.max_trade_nav_pct)


def _portfolio_cap(r: Request) -> Answer:
    return _above(r.share(r.book.gross + r.notional), r.limits.max_gross_nav_pct)


def _max_concurrent(r: Request) -> Answer:
    if f"{r.signal.symbol}:{r.signal.side}" in r.book.keys:
        return None
    return _at_least(float(len(r.book.keys)), float(r.limits.max_concurrent))


def _kill_switch_on(r: Request) -> Answer:
    return () if r.limits.kill_switch else None


Gate = tuple[str, Callable[[Request], Answer]]

#: These end the check: what they refuse cannot be priced.
EARLY: tuple[Gate, ...] = (
    ("restricted_symbol", _restricted_symbol),
    ("symbol_not_in_universe", _symbol_not_in_universe),
)

#: All of these are evaluated; the first that refuses is the primary reason.
GATES: tuple[Gate, ...] = (
    ("nav_stale", _nav_stale),
    ("portfolio_dd_circuit", _portfolio_dd_circuit),
    ("correlation_cap", _correlation_cap),
    ("portfolio_var_limit", _portfolio_var_limit),
    ("position_cvar_limit", _position_cvar_limit),
    ("already_in_trade", _already_in_trade),
    ("nav_drawdown_limit", _nav_drawdown_limit),
    ("day_loss_limit", _day_loss_limit),
    ("min_notional", _min_notional),
    ("symbol_cap", _symbol_cap),
    ("trade_gt_equity_cap", _trade_gt_equity_cap),
    ("max_trade_nav_pct", _max_trade_nav_pct),
    ("portfolio_cap", _portfolio_cap),
    ("max_concurrent", _max_concurrent),
    ("kill_switch_on", _kill_switch_on),
)


def check(request: Request, *, priced: bool) -> Veto | None:
    """The one veto of an intent, under its primary reason (B-VETO-4), or None. `priced` is false while
    the symbol has no mark: such an intent cannot be sized and is refused as `unknown_early_veto`."""
    for name, gate in EARLY:
        answer = gate(request)
        if answer is not None:
            return _veto(request, [(name, answer)])
    if not priced:
        return _veto(request, [("unknown_early_veto", ())])
    refusals = [(name, answer) for name, gate in GATES if (answer := gate(request)) is not None]
    return _veto(request, refusals) if refusals else None


def _veto(request: Request, refusals: list[tuple[str, Numbers]]) -> Veto:
    signal, primary = request.signal, refusals[0][0]
    return Veto(
        signal.intent_id, signal.symbol, signal.side, request.qty, COUNTED_AS.get(primary, primary), primary,
        tuple([name for name, _ in refusals]),
        {name: numbers[0] for name, numbers in refusals if numbers},
        {name: numbers[1] for name, numbers in refusals if numbers},
    )  # fmt: skip
