"""The risk gates of opening intents, in their order (B-VETO-2 to B-VETO-4, B-LOOP-4).

Comes in: a `Request`. Goes out: at most one `Veto`. May import `core` and the rooms of this folder.

A gate answers None when it lets the intent through, else its threshold and what it saw (in the unit of
its setting), or nothing where there are no numbers. Caps compare with >, circuits, loss and concurrency
with >=, the minimum and the cooldown with <. Reduce-only intents never come here (B-VETO-6).
"""

from __future__ import annotations

from collections.abc import Callable

from simkit.core.clock import MICROSECONDS
from simkit.core.numeric import QTY, USD
from simkit.executor.correlation import in_group
from simkit.executor.port import Veto
from simkit.executor.request import Request

#: B-VETO-3: the gate's name -> the name that is counted.
COUNTED_AS = {
    "not_whitelisted": "whitelist",
    "day_loss_limit": "daily_loss",
    "leverage_exceeded": "leverage_cap",
    "trade_gt_equity_cap": "max_trade_nav",
    "max_trade_nav_pct": "max_trade_nav",
}

#: Tier -> the setting that caps a symbol of it.
TIERS = {
    "CORE": "tier_core_nav_pct",
    "SATELLITE": "tier_satellite_nav_pct",
    "TACTICAL": "tier_tactical_nav_pct",
    "ALT-EXT": "tier_alt_ext_nav_pct",
}

Numbers = tuple[float, float] | tuple[()]
Answer = Numbers | None


def _above(value: float, cap: float) -> Answer:
    return (cap, value) if value > cap else None


def _at_least(value: float, limit: float) -> Answer:
    return (limit, value) if value >= limit else None


def _below(value: float, least: float) -> Answer:
    return (least, value) if value < least else None


def _restricted_symbol(r: Request) -> Answer:
    return () if r.signal.symbol in r.limits.restricted else None


def _non_prod_env_guard(r: Request) -> Answer:
    return () if r.limits.non_prod_env_guard else None


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
    exposure = r.notional if r.signal.side == "LONG" else -r.notional
    cvar = r.seen.position_cvar(r.signal.symbol, exposure, r.seen.nav)
    return None if cvar is None else _above(cvar, r.settings.var.max_position_cvar_nav_pct)


def _already_in_trade(r: Request) -> Answer:
    return () if r.key in r.book.keys and not r.limits.allow_add else None


def _not_whitelisted(r: Request) -> Answer:
    return () if r.limits.whitelist and r.signal.symbol not in r.limits.whitelist else None


def _nav_drawdown_limit(r: Request) -> Answer:
    return _at_least(r.seen.drawdown.dd, r.limits.nav_drawdown_pct)


def _day_loss_limit(r: Request) -> Answer:
    return _at_least(r.seen.daily_loss, r.limits.daily_loss_pct)


def _min_notional(r: Request) -> Answer:
    return _below(r.notional / USD, r.limits.min_notional_usd)


def _symbol_cap(r: Request) -> Answer:
    """The order's size, then the symbol's share of NAV, then its quantity, both with the order."""
    symbol, limits = r.signal.symbol, r.limits
    most_qty = limits.per_symbol_qty.get(symbol)
    return (
        _above(r.notional / USD, limits.per_symbol_order_usd.get(symbol, limits.symbol_order_usd))
        or _above(r.symbol_share(), limits.per_symbol_nav_pct.get(symbol, limits.symbol_nav_pct))
        or (None if most_qty is None else _above(r.symbol_qty / QTY, most_qty))
    )


def _side_blocked(r: Request) -> Answer:
    return () if r.key in r.limits.blocked_sides else None


def _leverage_exceeded(r: Request) -> Answer:
    return _above(r.signal.leverage, r.limits.max_leverage)


def _cooldown(r: Request) -> Answer:
    last_ts = r.pace.last_entry_ts.get(r.signal.symbol)
    return None if last_ts is None else _below(max(0, r.ts - last_ts) / MICROSECONDS, r.limits.cooldown_s)


def _circuit_breaker(r: Request) -> Answer:
    most = r.limits.circuit_errors
    errors = r.pace.errors.within(r.ts, r.limits.circuit_window_s * MICROSECONDS) if most else 0
    return _at_least(float(errors), float(most)) if most else None


def _burst_limit(r: Request) -> Answer:
    most = r.limits.burst_entries
    entries = r.pace.entries.within(r.ts, r.limits.burst_window_s * MICROSECONDS) if most else 0
    return _at_least(float(entries), float(most)) if most else None


def _trade_gt_equity_cap(r: Request) -> Answer:
    return _above(r.share(r.notional), r.limits.trade_equity_nav_pct)


def _max_trade_nav_pct(r: Request) -> Answer:
    return _above(r.share(r.notional), r.limits.max_trade_nav_pct)


def _portfolio_cap(r: Request) -> Answer:
    if "D-29" in r.settings.legacy:
        return None
    return _above(r.share(r.book.gross + r.notional), r.limits.max_gross_nav_pct)


def _max_concurrent(r: Request) -> Answer:
    """An order that adds to a position is no further one."""
    limits, open_now = r.limits, len(r.book.keys)
    most = min(limits.max_concurrent, len(limits.strategies) or limits.max_concurrent)
    return None if r.key in r.book.keys else _at_least(float(open_now), float(most))


def _tier_cap(r: Request) -> Answer:
    tier = r.limits.tiers.get(r.signal.symbol)
    return None if tier is None else _above(r.symbol_share(), getattr(r.limits, TIERS[tier]))


Gate = tuple[str, Callable[[Request], Answer]]

#: These end the check.
EARLY: tuple[Gate, ...] = (
    ("restricted_symbol", _restricted_symbol),
    ("non_prod_env_guard", _non_prod_env_guard),
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
    ("not_whitelisted", _not_whitelisted),
    ("nav_drawdown_limit", _nav_drawdown_limit),
    ("day_loss_limit", _day_loss_limit),
    ("min_notional", _min_notional),
    ("symbol_cap", _symbol_cap),
    ("side_blocked", _side_blocked),
    ("leverage_exceeded", _leverage_exceeded),
    ("cooldown", _cooldown),
    ("circuit_breaker", _circuit_breaker),
    ("burst_limit", _burst_limit),
    ("trade_gt_equity_cap", _trade_gt_equity_cap),
    ("max_trade_nav_pct", _max_trade_nav_pct),
    ("portfolio_cap", _portfolio_cap),
    ("max_concurrent", _max_concurrent),
    ("tier_cap", _tier_cap),
)

#: D-03: recorded twice when primary. D-28: recorded, and the order goes out all the same.
RECORDED_TWICE = frozenset([name for name, _ in GATES[:5]])
WITHOUT_EFFECT = frozenset([name for name, _ in EARLY])


def check(request: Request, *, priced: bool) -> Veto | None:
    """The one veto of an intent, under its primary reason (B-VETO-4), or None. The operator's switch comes
    before the risk check (B-VETO-5); a check that cannot be worked out refuses as `risk_engine_error`."""
    signal = request.signal
    if request.limits.kill_switch:
        return kill_switch_veto(signal.intent_id, signal.symbol, signal.side, request.qty)
    try:
        refusals = _refusals(request, priced)
    except ArithmeticError:
        refusals = [("risk_engine_error", ())]
    if not refusals:
        return None
    primary = refusals[0][0]
    return Veto(
        signal.intent_id, signal.symbol, signal.side, request.qty, COUNTED_AS.get(primary, primary), primary,
        tuple([name for name, _ in refusals]),
        {name: numbers[0] for name, numbers in refusals if numbers},
        {name: numbers[1] for name, numbers in refusals if numbers},
        signal.strategy,
    )  # fmt: skip


def _refusals(request: Request, priced: bool) -> list[tuple[str, Numbers]]:
    """`priced` is false while the symbol has no mark: such an intent cannot be sized and is refused as
    `unknown_early_veto`."""
    for name, gate in EARLY:
        answer = gate(request)
        if answer is not None:
            return [(name, answer)]
    if not priced:
        return [("unknown_early_veto", ())]
    return [(name, answer) for name, gate in GATES if (answer := gate(request)) is not None]


def kill_switch_veto(intent_id: str, symbol: str, side: str, qty: int) -> Veto:
    """B-VETO-5: the veto of the operator's switch, counted here."""
    reason = "kill_switch_on"
    return Veto(intent_id, symbol, side, qty, reason, reason, (reason,), {}, {})
