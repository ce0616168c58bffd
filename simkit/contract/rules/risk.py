"""Rules on S7 within one tree: vocabulary, drawdown, breaker, VaR (INV-R01..R04, R07, R08, R10..R15, R19,
R21).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.look import Doc, Look
from simkit.contract.rules.kpis import nav_at
from simkit.contract.tolerance import HALF_FRACTION, HALF_USD, near
from simkit.contract.values import found, need, num, obj, show
from simkit.contract.view import view

_STEM = "risk_snapshot"
_MODES = ("OK", "WARN", "DEFENSIVE", "HALTED")
_STATES = ("NORMAL", "DRAWDOWN", "RECOVERY")
_ANOMALIES = ("nav_jump", "var_limit_breach", "cvar_limit_breach", "dd_flap")


@rule(
    "INV-R01",
    "updated_ts, risk_mode, dd_state, circuit_breaker, anomalies, nav or nav_total present",
    source="rsk",
    surfaces=("S7",),
    reads=("risk_snapshot",),
    kind="W",
    tier="contract",
    example="nav missing (D-05)",
)
def risk_has_its_keys(look: Look, memory: Memory) -> Outcome:
    doc = look.docs[_STEM]
    out = [
        found(_STEM, name, "absent", "must be there")
        for name in ("risk_mode", "dd_state", "circuit_breaker", "anomalies")
        if doc.get(name) is None
    ]
    if view(look).times.get(_STEM) is None:
        out.append(found(_STEM, "updated_ts", doc.get("updated_ts", "absent"), "must be a time"))
    if num(doc.get("nav")) is None and num(doc.get("nav_total")) is None:
        out.append(found(_STEM, "nav", doc.get("nav", "absent"), "nav or nav_total must be a number"))
    return out


@rule(
    "INV-R02",
    (
        "risk_mode ∈ OK, WARN, DEFENSIVE, HALTED; a foreign tree may use other words, such as CRISIS "
        "(B-DASH-6)"
    ),
    source="rsk, sys",
    surfaces=("S7",),
    reads=("risk_snapshot",),
    kind="W",
    tier="reference",
    example="`dd_guard`",
)
def risk_mode_is_a_known_word(look: Look, memory: Memory) -> Outcome:
    mode = look.docs[_STEM].get("risk_mode")
    return () if mode in _MODES else [found(_STEM, "risk_mode", mode, f"one of {', '.join(_MODES)}")]


def state_word(risk: Doc) -> str | None:
    """The drawdown state, from an object or a bare word (A-24, B-DASH-7)."""
    state = risk.get("dd_state")
    if type(state) is dict:
        state = state.get("state", state.get("dd_state"))
    return state if type(state) is str else None


@rule(
    "INV-R03",
    (
        "dd state ∈ NORMAL, DRAWDOWN, RECOVERY, as string or object; drawdown.dd_pct numeric, top level "
        "or inside dd_state"
    ),
    source="rsk",
    surfaces=("S7",),
    reads=("risk_snapshot",),
    kind="W",
    tier="contract",
    example="`defensive`",
)
def drawdown_state_is_a_known_word(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    word = state_word(seen.risk)
    out: list[Found] = []
    if word not in _STATES:
        out.append(found(_STEM, "dd_state.state", word, f"one of {', '.join(_STATES)}"))
    if seen.dd is None:
        out.append(found(_STEM, "drawdown.dd_pct", "absent", "must be a number, here or inside dd_state"))
    return out


@rule(
    "INV-R04",
    "dd_state.drawdown.dd_pct = drawdown.dd_pct = portfolio_dd_pct = dd_frac (those present)",
    source="rsk, sys (A-24, A-25)",
    surfaces=("S7",),
    reads=("risk_snapshot",),
    kind="W",
    tier="reading",
    example="1.14 vs 0.0114",
)
def drawdowns_are_one_number(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    dd, doc = need(seen.dd, "drawdown.dd_pct"), seen.risk
    state = obj(doc.get("dd_state"))
    places = (
        ("dd_state.drawdown.dd_pct", obj(state.get("drawdown")).get("dd_pct")),
        ("portfolio_dd_pct", doc.get("portfolio_dd_pct")),
        ("dd_frac", doc.get("dd_frac")),
    )
    out: list[Found] = []
    for path, value in places:
        if value == dd or value is None:
            continue
        number = num(value)
        if number is not None and not near(number, dd, HALF_FRACTION * 2):
            out.append(found(_STEM, path, number, f"drawdown.dd_pct is {dd}"))
    return out


@rule(
    "INV-R07",
    (
        "dd ≥ E → DRAWDOWN; DRAWDOWN → dd ≥ E − reentry_margin; RECOVERY → recovery_exit < dd < E; dd = 0"
        " → NORMAL"
    ),
    source="rsk, sys",
    surfaces=("S7",),
    reads=("risk_snapshot",),
    kind="W",
    tier="reference",
    example="NORMAL at 12 %",
)
def state_fits_the_drawdown(look: Look, memory: Memory) -> Outcome:
    seen, settings = view(look), look.settings.drawdown
    dd, word = need(seen.dd, "drawdown.dd_pct"), need(state_word(seen.risk), "dd_state.state")
    enter = settings.max_portfolio_dd_nav_pct
    if dd >= enter and word != "DRAWDOWN":
        why = f"at {dd} >= {enter} it is DRAWDOWN"
    elif word == "DRAWDOWN" and dd < enter - settings.reentry_margin:
        why = f"DRAWDOWN needs {enter - settings.reentry_margin}, the drawdown is {dd}"
    elif word == "RECOVERY" and not settings.recovery_exit < dd < enter:
        why = f"RECOVERY lies between {settings.recovery_exit} and {enter}, the drawdown is {dd}"
    elif dd == 0 and word != "NORMAL":
        why = "at a drawdown of 0 it is NORMAL"
    else:
        return ()
    return [found(_STEM, "dd_state.state", word, why)]


@rule(
    "INV-R08",
    "circuit_breaker.active ⇔ limit set and dd ≥ limit",
    source="rsk, sys",
    surfaces=("S7",),
    reads=("risk_snapshot",),
    kind="W",
    tier="reading",
    example="the two differ",
)
def breaker_follows_the_drawdown(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    breaker = obj(seen.risk.get("circuit_breaker"))
    dd, limit, active = (
        need(seen.dd, "drawdown.dd_pct"),
        breaker.get("max_portfolio_dd_nav_pct"),
        breaker.get("active"),
    )
    threshold = num(limit)
    wanted = threshold is not None and dd >= threshold
    if active is wanted:
        return ()
    return [found(_STEM, "circuit_breaker.active", active, f"drawdown {dd}, limit {limit}")]


@rule(
    "INV-R10",
    "nav (nav_total) = the nav of nav.json at the snapshot's time (same loop: the same number)",
    source="rsk",
    surfaces=(
        "S1",
        "S7",
    ),
    reads=("risk_snapshot",),
    kind="X",
    tier="reading",
    example="the two differ",
)
def risk_nav_is_the_nav(look: Look, memory: Memory) -> Outcome:
    doc = look.docs[_STEM]
    if "nav" not in doc and "nav_total" not in doc:
        raise LackingError("risk_snapshot has no nav")
    nav = nav_at(look, view(look).times[_STEM])
    out: list[Found] = []
    for name in ("nav", "nav_total"):
        value = doc.get(name)
        if value == nav or value is None:
            continue
        number = num(value)
        if number is None or not near(number, nav, HALF_USD * 2):
            out.append(found(_STEM, name, value, f"nav.json carried {nav} at that time"))
    return out


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
)
def limits_are_stated_and_kept(look: Look, memory: Memory) -> Outcome:
    doc = look.docs[_STEM]
    out: list[Found] = []
    if look.settings.var.enabled:
        out += [
            found(_STEM, name, "absent", "enabled, so it must be there")
            for name in ("var", "cvar")
            if name not in doc
        ]
    var = doc.get("var")
    if type(var) is dict:
        out += _within(
            var, "var", num(var.get("portfolio_var_nav_pct")), var.get("max_portfolio_var_nav_pct")
        )
    cvar = doc.get("cvar")
    if type(cvar) is dict:
        worst: float | None = None
        for symbol, item in obj(cvar.get("per_symbol")).items():
            row = obj(item)
            value = num(row.get("cvar_nav_pct"))
            if value is not None and (worst is None or value > worst):
                worst = value
            if value is not None or row.get("within_limit") is not None:
                out += _within(row, f"cvar.per_symbol[{symbol}]", value, row.get("limit"))
        if worst is None and cvar.get("status") is None:
            worst = 0.0  # a flat book is within its limit
        out += _within(cvar, "cvar", worst, cvar.get("limit", cvar.get("max_position_cvar_nav_pct")))
    return out


def _within(block: Doc, path: str, value: float | None, limit: object) -> list[Found]:
    threshold, flag = num(limit), block.get("within_limit", "absent")
    if threshold is None:
        return [found(_STEM, f"{path}.limit", limit, "must be a number")]
    if value is None:
        if flag is None and block.get("status") is not None:
            return []
        return [found(_STEM, f"{path}.within_limit", flag, "no value: it must be null, with a status")]
    if flag is (value <= threshold):
        return []
    return [found(_STEM, f"{path}.within_limit", flag, f"value {value}, limit {threshold}")]


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
)
def var_breach_is_flagged(look: Look, memory: Memory) -> Outcome:
    flagged = "var_limit_breach" in _anomalies(look)
    var = obj(look.docs[_STEM].get("var"))
    value, limit = num(var.get("portfolio_var_nav_pct")), num(var.get("max_portfolio_var_nav_pct"))
    breached = value is not None and limit is not None and value > limit
    if flagged is breached:
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
    example="the two differ",
)
def cvar_breach_is_flagged(look: Look, memory: Memory) -> Outcome:
    flagged = "cvar_limit_breach" in _anomalies(look)
    breaching = []
    for symbol, item in obj(obj(look.docs[_STEM].get("cvar")).get("per_symbol")).items():
        row = obj(item)
        value, limit = num(row.get("cvar_nav_pct")), num(row.get("limit"))
        if value is not None and limit is not None and value > limit:
            breaching.append(symbol)
    if flagged is bool(breaching):
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
    surfaces=(
        "S3",
        "S7",
    ),
    reads=(
        "positions_state",
        "risk_snapshot",
    ),
    kind="X",
    tier="reference",
    severity="W",
    example="the two differ",
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
    example="the two differ",
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
)
def anomalies_are_known_and_firing(look: Look, memory: Memory) -> Outcome:
    return [
        found(
            _STEM,
            f"anomalies.{name}",
            value,
            "unknown" if name not in _ANOMALIES else "present without firing",
        )
        for name, value in _anomalies(look).items()
        if name not in _ANOMALIES or value is False or value is None
    ]


@rule(
    "INV-R21",
    "tp_sl_registry counts match S3 and AUX-1; mismatch ⇔ positions > 0 and entries = 0",
    source="sys",
    surfaces=(
        "S3",
        "S7",
        "AUX-1",
    ),
    reads=(
        "positions_state",
        "position_tp_sl",
        "risk_snapshot",
    ),
    kind="X",
    tier="reference",
    example="the two differ",
)
def canary_counts_are_true(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    canary = seen.risk.get("tp_sl_registry")
    if type(canary) is not dict:
        raise LackingError("risk_snapshot.tp_sl_registry is not emitted")
    positions, entries = len(seen.need_positions()), len(seen.need_registry())
    wanted = (
        ("num_positions", positions),
        ("num_registry_entries", entries),
        ("registry_mismatch", positions > 0 and entries == 0),
    )
    return [
        found(_STEM, f"tp_sl_registry.{name}", canary.get(name, "absent"), f"the files say {show(value)}")
        for name, value in wanted
        if canary.get(name) != value
    ]
