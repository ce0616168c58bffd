"""Rules on VaR, CVaR and the anomalies of S7 (INV-R11..R15, R19).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.foreign import coarse, foreign, saw
from simkit.contract.look import Doc, Look
from simkit.contract.tolerance import HALF_FRACTION, HALF_USD, near
from simkit.contract.values import found, num, obj
from simkit.contract.view import view

_STEM = "risk_snapshot"
_ANOMALIES = ("nav_jump", "var_limit_breach", "cvar_limit_breach", "dd_flap")


@rule(
    "INV-R11",
    (
        "every var or cvar block present carries a limit and within_limit; within_limit ⇔ value ≤ limit "
        "(null only with a status)"
    ),
    source="rsk",
    surfaces=("S7",),
    reads=("risk_snapshot",),
    kind="W",
    tier="contract",
    example="limit absent",
    part="tail",
)
def limits_are_stated_and_kept(look: Look, memory: Memory) -> Outcome:
    doc = look.docs[_STEM]
    out: list[Found] = []
    if look.settings.var.enabled:
        out += [
            found(_STEM, name, "absent", "enabled, so it must be there")
            for name in ("var", "cvar")
            if doc.get(name) is None and not saw(look, "A-31", f"no {name} block", _STEM)
        ]
    var = doc.get("var")
    if type(var) is dict:
        value, limit = num(var.get("portfolio_var_nav_pct")), var.get("max_portfolio_var_nav_pct")
        out += _within(look, var, "var", value, limit)
    cvar = doc.get("cvar")
    if type(cvar) is dict:
        worst: float | None = None
        for symbol, item in obj(cvar.get("per_symbol")).items():
            row = obj(item)
            value = num(row.get("cvar_nav_pct"))
            if value is not None and (worst is None or value > worst):
                worst = value
            if "within_limit" not in row and "within_limit" in cvar and foreign(look) is not None:
                continue  # the block says it for all of them
            if value is not None or row.get("within_limit") is not None:
                limit = row["limit"] if "limit" in row else cvar.get("limit") if foreign(look) else None
                out += _within(look, row, f"cvar.per_symbol[{symbol}]", value, limit)
        if "within_limit" not in cvar and foreign(look) is not None and _says_it_by_symbol(cvar):
            saw(look, "A-31", "limits by symbol only", f"{_STEM}.cvar")
            return out
        if worst is None and cvar.get("status") is None:
            worst = 0.0  # a flat book is within its limit
        out += _within(look, cvar, "cvar", worst, cvar.get("limit", cvar.get("max_position_cvar_nav_pct")))
    return out


def _says_it_by_symbol(cvar: Doc) -> bool:
    """Every row of the block carries its own limit and flag; an empty one has none to carry."""
    rows = cvar.get("per_symbol")
    return type(rows) is dict and all("within_limit" in obj(row) for row in rows.values())


def _within(look: Look, block: Doc, path: str, value: float | None, limit: object) -> list[Found]:
    threshold, flag = num(limit), block.get("within_limit", "absent")
    if threshold is None:
        return [found(_STEM, f"{path}.limit", limit, "must be a number")]
    if value is None:
        if flag is None and block.get("status") is not None:
            return []
        if flag != "absent" and saw(look, "A-31", "a limit without a value", f"{_STEM}.{path}"):
            return []
        return [found(_STEM, f"{path}.within_limit", flag, "no value: it must be null, with a status")]
    if flag is (value <= threshold):
        return []
    if type(flag) is bool and _at_limit(look, value, threshold):
        saw(look, "A-31", "equality is not judged", path)
        return []
    return [found(_STEM, f"{path}.within_limit", flag, f"value {value}, limit {threshold}")]


def _at_limit(look: Look, value: float, limit: float) -> bool:
    """On a foreign tree: whether the printed value may be the limit; it may be within it then, or not (A-31)."""
    names = ("portfolio_var_nav_pct", "cvar_nav_pct")
    return any(coarse(look, value, limit, (f"{_STEM}.{name}", 1)) for name in names)


def _anomalies(look: Look) -> Doc:
    anomalies = look.docs[_STEM].get("anomalies")
    if type(anomalies) is not dict:
        raise LackingError("risk_snapshot.anomalies is no object")
    return anomalies


@rule(
    "INV-R12",
    "var_limit_breach present ⇔ var value > limit",
    source="rsk (A-27)",
    surfaces=("S7",),
    reads=("risk_snapshot",),
    kind="W",
    tier="reading",
    example="breach without flag",
    part="tail",
)
def var_breach_is_flagged(look: Look, memory: Memory) -> Outcome:
    flagged = "var_limit_breach" in _anomalies(look)
    var = obj(look.docs[_STEM].get("var"))
    value, limit = num(var.get("portfolio_var_nav_pct")), num(var.get("max_portfolio_var_nav_pct"))
    breached = value is not None and limit is not None and value > limit
    if flagged and value is None and foreign(look) is not None:
        raise LackingError("risk_snapshot.var has no value to compare")
    if flagged is breached or (value is not None and limit is not None and _at_limit(look, value, limit)):
        return ()
    if breached and saw(look, "A-27", "a breach without its flag", _STEM):
        return ()
    return [found(_STEM, "anomalies.var_limit_breach", flagged, f"VaR {value}, limit {limit}")]


@rule(
    "INV-R13",
    "cvar_limit_breach present ⇔ some symbol > limit",
    source="rsk (A-27)",
    surfaces=("S7",),
    reads=("risk_snapshot",),
    kind="W",
    tier="reading",
    example="a symbol at 0.045 over 0.04 and no flag",
    part="tail",
)
def cvar_breach_is_flagged(look: Look, memory: Memory) -> Outcome:
    flagged = "cvar_limit_breach" in _anomalies(look)
    breaching = []
    if flagged and foreign(look) is not None and not obj(obj(look.docs[_STEM].get("cvar")).get("per_symbol")):
        raise LackingError("risk_snapshot.cvar has no value to compare")
    for symbol, item in obj(obj(look.docs[_STEM].get("cvar")).get("per_symbol")).items():
        row = obj(item)
        value, limit = num(row.get("cvar_nav_pct")), num(row.get("limit"))
        if value is not None and limit is not None and value > limit:
            breaching.append(symbol)
        elif flagged and value is not None and limit is not None and _at_limit(look, value, limit):
            return ()
    if flagged is bool(breaching):
        return ()
    if breaching and saw(look, "A-27", "a breach without its flag", _STEM):
        return ()
    return [
        found(
            _STEM,
            "anomalies.cvar_limit_breach",
            flagged,
            f"above the limit: {', '.join(breaching) or 'none'}",
        )
    ]


@rule(
    "INV-R14",
    "cvar.per_symbol keys = open symbols",
    source="sys",
    surfaces=("S3", "S7"),
    reads=("positions_state", "risk_snapshot"),
    kind="X",
    tier="reference",
    severity="W",
    example="a symbol that nobody holds",
)
def cvar_covers_the_book(look: Look, memory: Memory) -> Outcome:
    cvar = look.docs[_STEM].get("cvar")
    if type(cvar) is not dict or type(cvar.get("per_symbol")) is not dict:
        raise LackingError("risk_snapshot.cvar.per_symbol is not emitted")
    wanted = sorted({row.symbol for row in view(look).need_positions().values()})
    listed = sorted(cvar["per_symbol"])
    return () if listed == wanted else [found(_STEM, "cvar.per_symbol", listed, f"open symbols: {wanted}")]


@rule(
    "INV-R15",
    "portfolio_var_usd = portfolio_var_nav_pct·nav",
    source="sys",
    surfaces=("S7",),
    reads=("risk_snapshot",),
    kind="W",
    tier="reference",
    example="0.02 x 10000 published as 210",
)
def var_in_usd_is_var_times_nav(look: Look, memory: Memory) -> Outcome:
    doc = look.docs[_STEM]
    var = obj(doc.get("var"))
    share, usd, nav = (
        num(var.get("portfolio_var_nav_pct")),
        num(var.get("portfolio_var_usd")),
        num(doc.get("nav")),
    )
    if share is None or usd is None or nav is None:
        raise LackingError("risk_snapshot has no VaR in both units, or no nav")
    if near(usd, share * nav, HALF_USD * (1 + share) + HALF_FRACTION * abs(nav)):
        return ()
    grains = (
        (f"{_STEM}.portfolio_var_usd", 1),
        (f"{_STEM}.portfolio_var_nav_pct", nav),
        (f"{_STEM}.nav", share),
    )
    if coarse(look, usd, share * nav, *grains):
        return ()
    return [found(_STEM, "var.portfolio_var_usd", usd, f"{share} * {nav} = {share * nav:.6f}")]


@rule(
    "INV-R19",
    "anomalies holds only the four known names and no false value",
    source="rsk",
    surfaces=("S7",),
    reads=("risk_snapshot",),
    kind="W",
    tier="reading",
    severity="W",
    example='`"dd_flap": false`',
    part="tail",
)
def anomalies_are_known_and_firing(look: Look, memory: Memory) -> Outcome:
    further = () if look.outside is None else look.outside.dialect.words.get("anomaly", ())
    return [
        found(
            _STEM,
            f"anomalies.{name}",
            value,
            "unknown" if name not in _ANOMALIES else "present without firing",
        )
        for name, value in _anomalies(look).items()
        if (name not in _ANOMALIES and name not in further) or value is False or value is None
    ]
