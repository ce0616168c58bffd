"""Rules on S5 kpis_v7 (INV-K01..K06).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.foreign import apart, coarse, foreign, saw
from simkit.contract.look import Doc, Look
from simkit.contract.returns import Returns
from simkit.contract.tolerance import HALF_FRACTION, HALF_USD, near
from simkit.contract.values import found, need, num, obj
from simkit.contract.view import view
from simkit.core.clock import MICROSECONDS
from simkit.core.settings import VarSettings

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
    """The nav that nav.json carried at that time, in this loop or the one before; else LackingError. On a
    foreign tree the nav of that loop: the nearer of both whose times lie within one loop (A-42)."""
    seen = view(look)
    if at is not None and seen.times.get("nav") == at:
        return need(seen.nav, "nav.nav")
    if look.before is not None and at is not None and view(look.before).times.get("nav") == at:
        return need(view(look.before).nav, "nav.nav of the loop before")
    if (outside := foreign(look)) is not None and at is not None:
        width = outside.dialect.same_loop_s * MICROSECONDS
        trees = [seen, view(look.before)] if look.before is not None else [seen]
        close = [(abs(then - at), n) for n, t in enumerate(trees) if (then := t.times.get("nav")) is not None]
        if close and min(close)[0] <= width:
            outside.saw("A-42", "surfaces of one loop differ in time")
            return need(trees[min(close)[1]].nav, "nav.nav")
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
    reads=(),
    kind="X",
    tier="reference",
    example="kpis var_nav_pct 0.02, risk var 0.03",
)
def kpi_var_is_the_var(look: Look, memory: Memory) -> Outcome:
    """Where a harness knows the closes, both figures are reckoned anew from them and the rows of S3; a loop
    without kpis counts for the returns too. Without closes VaR is compared with S7 alone."""
    returns = _returns(look, memory)
    for stem in (_STEM, "risk_snapshot"):
        if stem not in look.docs:
            raise LackingError(f"{stem} {look.unreadable.get(stem, 'is absent')}")
    portfolio = look.docs[_STEM].get("portfolio")
    if type(portfolio) is not dict:
        raise LackingError("kpis_v7.portfolio is no object")
    out = _var_of_risk(look, portfolio)
    return out + _reckoned(look, portfolio, returns) if returns is not None else out


def _var_of_risk(look: Look, portfolio: Doc) -> list[Found]:
    """Against S7; the block that is missing there is found by INV-R11, and the closes judge the figure here."""
    risk = view(look).risk
    value, var = portfolio.get("var_nav_pct"), obj(risk.get("var")).get("portfolio_var_nav_pct")
    if value == var or ("var" not in risk and look.settings.var.enabled and foreign(look) is None):
        return []
    if foreign(look) is not None and var is None:
        raise LackingError("risk_snapshot.var has no portfolio_var_nav_pct")
    mine, other = num(value), num(var)
    if mine is not None and other is not None:
        grains = ((f"{_STEM}.var_nav_pct", 1), ("risk_snapshot.portfolio_var_nav_pct", 1))
        if near(mine, other, HALF_FRACTION * 2) or coarse(look, mine, other, *grains):
            return []
    return [found(_STEM, "portfolio.var_nav_pct", value, f"risk_snapshot has {var}")]


def _returns(look: Look, memory: Memory) -> Returns | None:
    """All returns of the run up to this loop; None where they are not known from its beginning."""
    truth = look.truth
    if truth is None:
        return None
    if "returns" not in memory:
        is_whole = truth.new_run and look.before is None and truth.closes
        memory["returns"] = Returns(look.settings.var) if is_whole else None
    returns: Returns | None = memory["returns"]
    if returns is not None and memory.get("loop") != look.loop:  # a loop may be asked about twice
        memory["loop"] = look.loop
        returns.add(truth.closes)
    return returns


def _reckoned(look: Look, portfolio: Doc, returns: Returns) -> list[Found]:
    """VaR and CVaR of the rows of S3, where all that enters is of this loop."""
    seen, settings = view(look), look.settings.var
    if not all(seen.times.get(stem) == look.ts for stem in (_STEM, "nav", "positions_state")):
        return []
    if seen.P is None or seen.nav is None or max(settings.lookback, settings.cvar_lookback) > returns.keep:
        return []
    net: dict[str, float] = {}
    for row in seen.P.values():
        if row.notional is None:
            return []
        net[row.symbol] = net.get(row.symbol, 0.0) + (row.notional if (row.qty or 0.0) > 0 else -row.notional)
    wanted = _wanted_risk(net, seen.nav, settings, returns)
    out: list[Found] = []
    for name, number in zip(("var_nav_pct", "cvar_nav_pct"), wanted, strict=True):
        value = num(portfolio.get(name))
        if (value is None) is (number is None) and near(value or 0.0, number or 0.0, HALF_FRACTION):
            continue
        text = "null" if number is None else f"{number:.9f}"
        out.append(
            found(_STEM, f"portfolio.{name}", portfolio.get(name), f"the book and its closes say {text}")
        )
    return out


def _wanted_risk(
    net: dict[str, float], nav: float, settings: VarSettings, returns: Returns
) -> tuple[float | None, float | None]:
    """B-VAR-6: null when disabled, without a NAV or without data; a symbol without enough data is left out."""
    if not settings.enabled or nav <= 0:
        return None, None
    exposed = [symbol for symbol, notional in net.items() if abs(notional) > HALF_USD]
    least = max(1, settings.min_returns)
    held = {symbol: net[symbol] / nav for symbol in exposed if returns.count(symbol) >= least}
    if held:
        return returns.risk(held, settings)
    return (None, None) if exposed else (0.0, 0.0)


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
        grains = ((f"{_STEM}.exposure_nav_pct", 1), ("positions_state.notional", len(positions) / nav),
                  ("nav.nav", notional / nav**2))  # fmt: skip
        if coarse(look, share, notional / nav, *grains):
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
