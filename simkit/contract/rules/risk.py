"""Rules on S7 within one tree: vocabulary, drawdown, breaker, canary (INV-R01..R04, R07, R08, R10, R21).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.foreign import coarse, foreign, saw
from simkit.contract.look import Doc, Look
from simkit.contract.rules.kpis import nav_at
from simkit.contract.tolerance import HALF_FRACTION, HALF_USD, near
from simkit.contract.values import found, need, num, obj, show
from simkit.contract.view import view

_STEM = "risk_snapshot"
_MODES = ("OK", "WARN", "DEFENSIVE", "HALTED")
_STATES = ("NORMAL", "DRAWDOWN", "RECOVERY")
#: Where DRAWDOWN begins when no limit is set (B-DD-6).
_NO_LIMIT = 0.01


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
    if mode in _MODES or (
        look.outside is not None and mode in look.outside.dialect.words.get("risk_mode", ())
    ):
        return ()
    return [found(_STEM, "risk_mode", mode, f"one of {', '.join(_MODES)}")]


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
    further = () if look.outside is None else look.outside.dialect.words.get("dd_state", ())
    if word not in _STATES and word not in further:
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
        if number is None or near(number, dd, HALF_FRACTION * 2):
            continue
        if not coarse(look, number, dd, (f"{_STEM}.{path.rpartition('.')[2]}", 1), (f"{_STEM}.dd_pct", 1)):
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
    limit = settings.max_portfolio_dd_nav_pct
    enter = _NO_LIMIT if limit is None else limit
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
    edges = (enter, enter - settings.reentry_margin, settings.recovery_exit, 0.0)
    if any(coarse(look, dd, edge, (f"{_STEM}.dd_pct", 1)) for edge in edges):
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
    example="active false at dd 0.12 with limit 0.10",
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
    if foreign(look) is not None and (type(active) is not bool or limit is None):
        saw(look, "A-30", "another content", f"{_STEM}.circuit_breaker")
        return ()
    if threshold is not None and coarse(look, dd, threshold, (f"{_STEM}.dd_pct", 1)):
        return ()
    return [found(_STEM, "circuit_breaker.active", active, f"drawdown {dd}, limit {limit}")]


@rule(
    "INV-R10",
    "nav (nav_total) = the nav of nav.json at the snapshot's time (same loop: the same number)",
    source="rsk",
    surfaces=("S1", "S7"),
    reads=("risk_snapshot",),
    kind="X",
    tier="reading",
    example="nav of the loop before",
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
        if number is not None and (
            near(number, nav, HALF_USD * 2)
            or coarse(look, number, nav, (f"{_STEM}.{name}", 1), ("nav.nav", 1))
        ):
            continue
        out.append(found(_STEM, name, value, f"nav.json carried {nav} at that time"))
    return out


@rule(
    "INV-R21",
    "tp_sl_registry counts match S3 and AUX-1; mismatch ⇔ positions > 0 and entries = 0",
    source="sys",
    surfaces=("S3", "S7", "AUX-1"),
    reads=("positions_state", "position_tp_sl", "risk_snapshot"),
    kind="X",
    tier="reference",
    example="num_positions 2 beside three rows",
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
