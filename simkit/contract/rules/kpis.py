"""Rules on S5 kpis_v7 (INV-K01..K06).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.foreign import apart, coarse, foreign, saw
from simkit.contract.look import Look
from simkit.contract.tolerance import HALF_FRACTION, HALF_USD, near
from simkit.contract.values import found, need, num, obj
from simkit.contract.view import view

_STEM = "kpis_v7"
_PORTFOLIO = (("nav", False), ("dd_pct", False), ("var_nav_pct", True), ("cvar_nav_pct", True))


@rule(
    "INV-K01",
    "updated_at, portfolio{nav, dd_pct, var_nav_pct, cvar_nav_pct}, per_symbol present",
    source="tbl",
    surfaces=("S5",),
    reads=("kpis_v7",),
    kind="W",
    tier="contract",
    example="bare timestamp (D-07)",
)
def kpis_are_complete(look: Look, memory: Memory) -> Outcome:
    doc = look.docs[_STEM]
    out: list[Found] = []
    if view(look).times.get(_STEM) is None:
        out.append(found(_STEM, "updated_at", doc.get("updated_at", "absent"), "must be a time"))
    portfolio = doc.get("portfolio")
    if type(portfolio) is not dict:
        out.append(found(_STEM, "portfolio", doc.get("portfolio", "absent"), "must be an object"))
    else:
        for name, nullable in _PORTFOLIO:
            value = portfolio.get(name, "absent")
            if num(value) is None and not (nullable and value is None):
                out.append(
                    found(_STEM, f"portfolio.{name}", value, "must be a number" + " or null" * nullable)
                )
    if type(doc.get("per_symbol")) is not dict:
        out.append(found(_STEM, "per_symbol", doc.get("per_symbol", "absent"), "must be an object"))
    return out


def nav_at(look: Look, at: int | None) -> float:
    """The nav that nav.json carried at that time, in this loop or the one before; else LackingError."""
    seen = view(look)
    if at is not None and seen.times.get("nav") == at:
        return need(seen.nav, "nav.nav")
    if look.before is not None and at is not None and view(look.before).times.get("nav") == at:
        return need(view(look.before).nav, "nav.nav of the loop before")
    raise LackingError("the nav of that time is not known")


@rule(
    "INV-K02",
    "portfolio.nav = the nav of nav.json at kpis' time (same loop: the same number)",
    source="sys",
    surfaces=("S1", "S5"),
    reads=("kpis_v7",),
    kind="X",
    tier="reading",
    example="previous loop's nav",
)
def kpi_nav_is_the_nav(look: Look, memory: Memory) -> Outcome:
    nav = nav_at(look, view(look).times[_STEM])
    value = need(num(obj(look.docs[_STEM].get("portfolio")).get("nav")), "kpis_v7.portfolio.nav")
    if value == nav or near(value, nav, HALF_USD * 2):
        return ()
    if coarse(look, value, nav, ("kpis_v7.nav", 1), ("nav.nav", 1)):
        return ()
    return [found(_STEM, "portfolio.nav", value, f"nav.json carried {nav} at that time")]


@rule(
    "INV-K03",
    "portfolio.dd_pct = risk drawdown.dd_pct",
    source="sys",
    surfaces=("S5", "S7"),
    reads=("kpis_v7", "risk_snapshot"),
    kind="X",
    tier="reading",
    example="percent vs fraction",
)
def kpi_drawdown_is_the_drawdown(look: Look, memory: Memory) -> Outcome:
    dd = need(view(look).dd, "risk_snapshot.drawdown.dd_pct")
    value = need(num(obj(look.docs[_STEM].get("portfolio")).get("dd_pct")), "kpis_v7.portfolio.dd_pct")
    if value == dd or near(value, dd, HALF_FRACTION * 2):
        return ()
    if coarse(look, value, dd, ("kpis_v7.dd_pct", 1), ("risk_snapshot.dd_pct", 1)):
        return ()
    if why := apart(look, _STEM, "risk_snapshot"):
        raise LackingError(why)
    return [found(_STEM, "portfolio.dd_pct", value, f"risk_snapshot has {dd}")]


@rule(
    "INV-K04",
    "var_nav_pct = risk var value; cvar per B-VAR-5",
    source="sys, kit",
    surfaces=("S5", "S7"),
    reads=("kpis_v7", "risk_snapshot"),
    kind="X",
    tier="reference",
    example="kpis var_nav_pct 0.02, risk var 0.03",
)
def kpi_var_is_the_var(look: Look, memory: Memory) -> Outcome:
    """Begun: B-VAR-5 cannot be recomputed from a tree, so only VaR is compared; CVaR lacks the returns."""
    portfolio = look.docs[_STEM].get("portfolio")
    if type(portfolio) is not dict:
        raise LackingError("kpis_v7.portfolio is no object")
    value, var = portfolio.get("var_nav_pct"), obj(view(look).risk.get("var")).get("portfolio_var_nav_pct")
    if value == var:
        return ()
    if foreign(look) is not None and var is None:
        raise LackingError("risk_snapshot.var has no portfolio_var_nav_pct")
    mine, other = num(value), num(var)
    if mine is not None and other is not None and near(mine, other, HALF_FRACTION * 2):
        return ()
    return [found(_STEM, "portfolio.var_nav_pct", value, f"risk_snapshot has {var}")]


@rule(
    "INV-K05",
    "per_symbol covers all open symbols; exposure_nav_pct = Σ notional/nav",
    source="sys",
    surfaces=("S1", "S3", "S5"),
    reads=("kpis_v7", "positions_state", "nav"),
    kind="X",
    tier="reference",
    severity="W",
    example="an open symbol missing from per_symbol",
)
def kpis_cover_the_book(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    positions, per_symbol = seen.need_positions(), obj(look.docs[_STEM].get("per_symbol"))
    if not positions:
        return ()
    if foreign(look) is not None and not per_symbol:
        raise LackingError("kpis_v7.per_symbol is empty")
    nav = need(seen.nav, "nav.nav")
    totals: dict[str, float] = {}
    for row in positions.values():
        totals[row.symbol] = totals.get(row.symbol, 0.0) + abs(row.notional or 0.0)
    out: list[Found] = []
    for symbol, notional in totals.items():
        item = per_symbol.get(symbol)
        if type(item) is not dict:
            out.append(found(_STEM, "per_symbol", symbol, "an open symbol is missing"))
            continue
        share = num(item.get("exposure_nav_pct"))
        if share is None or nav <= 0 or near(share, notional / nav, HALF_FRACTION + HALF_USD * 3 / nav):
            continue
        text = f"notional {notional} / nav {nav} = {notional / nav:.9f}"
        out.append(found(_STEM, f"per_symbol[{symbol}].exposure_nav_pct", share, text))
    return out


@rule(
    "INV-K06",
    "one of atr_regime, dd_state, drawdown at top level",
    source="sys (A-03)",
    surfaces=("S5",),
    reads=("kpis_v7",),
    kind="W",
    tier="reading",
    severity="W",
    example="loader flags a contract-valid file",
)
def kpis_satisfy_the_dashboard(look: Look, memory: Memory) -> Outcome:
    doc = look.docs[_STEM]
    if "dd_state" in doc or "drawdown" in doc or "atr_regime" in doc:
        return ()
    if saw(look, "A-03", "the contract's keys only", _STEM):
        return ()
    return [found(_STEM, "", "absent", "none of atr_regime, dd_state, drawdown at top level")]
