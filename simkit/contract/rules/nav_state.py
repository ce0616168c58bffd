"""Rules on S2, the mirror of S1 in one tree (INV-NS01, NS02, NS04, NS05, NS08, NS09, NS12, NS13).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

import math

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.foreign import coarse, foreign
from simkit.contract.look import Doc, Look
from simkit.contract.readers import parse_time
from simkit.contract.tolerance import HALF_FRACTION, HALF_PERCENT, HALF_SECONDS, HALF_USD, near
from simkit.contract.values import found, need, num, when
from simkit.contract.view import view
from simkit.core.settings import NavSettings

_STEM = "nav_state"
_EQUITY = ("total_equity", "nav", "nav_usd")
_MIRRORED = (("nav_state.peak_equity", 1.0), ("nav_state.total_equity", 1.0), ("nav_state.drawdown_abs", 1.0))


@rule(
    "INV-NS01",
    (
        "one of total_equity, nav, nav_usd is present, with updated_ts and aum (object or number, A-52); "
        "ours: total_equity and the key drawdown (value may be null) as well"
    ),
    source="tbl, nav",
    surfaces=("S2",),
    reads=("nav_state",),
    kind="W",
    tier="contract",
    example="only `series`",
    part="nav_state",
)
def mirror_has_its_keys(look: Look, memory: Memory) -> Outcome:
    doc = look.docs[_STEM]
    out: list[Found] = []
    if num(doc.get("total_equity")) is None:
        out.append(found(_STEM, "total_equity", doc.get("total_equity", "absent"), "must be a number"))
    if "drawdown" not in doc and foreign(look) is None:
        out.append(found(_STEM, "drawdown", "absent", "the key must be there, its value may be null"))
    if view(look).times.get(_STEM) is None:
        out.append(found(_STEM, "updated_ts", doc.get("updated_ts", "absent"), "must be a time"))
    if type(doc.get("aum")) is not dict and num(doc.get("aum")) is None:
        out.append(found(_STEM, "aum", doc.get("aum", "absent"), "must be an object (or a number)"))
    return out


def equity_of(doc: Doc) -> float | None:
    """The equity that the mirror shows: total_equity, else nav, else nav_usd (A-06)."""
    value = num(doc.get("total_equity"))
    if value is None:
        value = num(doc.get("nav"))
    return value if value is not None else num(doc.get("nav_usd"))


@rule(
    "INV-NS02",
    "nav_state time ≤ nav time",
    source="tim (A-05)",
    surfaces=("S1", "S2"),
    reads=("nav", "nav_state"),
    kind="X",
    tier="contract",
    example="sync stamps its own clock",
)
def mirror_is_not_newer(look: Look, memory: Memory) -> Outcome:
    times = view(look).times
    source, mirror = need(times["nav"], "the time of nav"), need(times[_STEM], "the time of nav_state")
    if mirror <= source:
        return ()
    return [found(_STEM, "updated_ts", when(mirror), f"newer than nav.json, {when(source)}")]


@rule(
    "INV-NS04",
    "nav, nav_usd, total_equity equal when present",
    source="nav",
    surfaces=("S2",),
    reads=("nav_state",),
    kind="W",
    tier="contract",
    example="nav 1000, total_equity 999",
    part="nav_state",
)
def mirror_agrees_with_itself(look: Look, memory: Memory) -> Outcome:
    doc = look.docs[_STEM]
    shown = doc.get("total_equity")
    if type(shown) is float and shown == doc.get("nav") == doc.get("nav_usd"):
        return ()
    values = [(name, value) for name in _EQUITY if (value := num(doc.get(name))) is not None]
    if not values:
        raise LackingError("nav_state shows no equity")
    first = values[0][1]
    return [
        found(_STEM, name, value, f"{values[0][0]} is {first}")
        for name, value in values
        if value != first
        and not near(value, first, HALF_USD * 2)
        and not coarse(look, value, first, (f"nav_state.{name}", 1), (f"nav_state.{values[0][0]}", 1))
    ]


def anomalous(nav: float, peak: float, guard: NavSettings) -> bool:
    """B-NAV-5: both guards strict, only upward."""
    return nav > guard.peak_guard_multiple * peak or nav - peak > guard.peak_guard_gap_usd


@rule(
    "INV-NS05",
    (
        "peak ≥ total_equity, save while B-NAV-5 holds the peak back from an anomalous NAV; dd_abs = "
        "max(0, peak − equity); drawdown = drawdown_pct = 100·dd_abs/peak capped at 100, in 0..100"
    ),
    source="sys",
    surfaces=("S2",),
    reads=("nav_state",),
    kind="W",
    tier="reference",
    example="drawdown −2",
    part="nav_state",
)
def mirror_drawdown_follows_from_the_peak(look: Look, memory: Memory) -> Outcome:
    doc = look.docs[_STEM]
    equity = need(equity_of(doc), "nav_state.total_equity")
    peak = need(num(doc.get("peak_equity")), "nav_state.peak_equity")
    out: list[Found] = []
    grain = HALF_USD * 2
    higher = equity > peak and not near(equity, peak, grain) and not coarse(look, equity, peak, *_MIRRORED)
    if higher and not anomalous(equity, peak, look.settings.nav):
        out.append(found(_STEM, "peak_equity", peak, f"below total_equity {equity}"))
    depth = max(0.0, peak - equity)
    stated = num(doc.get("drawdown_abs"))
    is_other = stated is not None and not near(stated, depth, grain + HALF_USD)
    if is_other and not coarse(look, stated or 0.0, depth, *_MIRRORED):
        out.append(found(_STEM, "drawdown_abs", stated, f"peak {peak} - equity {equity} = {depth}"))
    if peak > 0:
        percent = min(100.0, 100.0 * depth / peak)
        fuzz = HALF_PERCENT * 2 + 100.0 * grain / peak
        for name in ("drawdown", "drawdown_pct"):
            value = num(doc.get(name))
            if value is None and name in doc:
                out.append(found(_STEM, name, doc[name], f"there is a peak, so it is {percent:.7f} percent"))
            elif (
                value is not None
                and not near(value, percent, fuzz)
                and not coarse(look, value, percent, (f"nav_state.{name}", 1), *_MIRRORED)
            ):
                out.append(found(_STEM, name, value, f"100 * {depth} / {peak} = {percent:.7f} percent"))
    return out


@rule(
    "INV-NS08",
    (
        "drawdown of S2 and drawdown.dd_pct of S7 are the same quantity when both refer to the same nav "
        "time; ours: drawdown/100 = dd_pct"
    ),
    source="sys",
    surfaces=("S2", "S7"),
    reads=("nav_state", "risk_snapshot"),
    kind="X",
    tier="reading",
    example="5.0 vs 0.5 (unit slip)",
)
def drawdowns_agree(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    if seen.times[_STEM] != seen.times["risk_snapshot"]:
        return ()
    dd = need(seen.dd, "risk_snapshot.drawdown.dd_pct")
    percent = num(look.docs[_STEM].get("drawdown"))
    if percent is None:
        raise LackingError("nav_state.drawdown is null")
    if percent / 100.0 == dd or near(percent / 100.0, dd, HALF_PERCENT / 100.0 + HALF_FRACTION):
        return ()
    if coarse(look, percent / 100.0, dd, ("nav_state.drawdown", 0.01), ("risk_snapshot.dd_pct", 1)):
        return ()
    return [found(_STEM, "drawdown", percent, f"percent; risk_snapshot has the fraction {dd}")]


@rule(
    "INV-NS09",
    "gross ≥ abs(net), gross ≥ largest ≥ 0; gross = Σ notional",
    source="sys",
    surfaces=("S2", "S3"),
    reads=("nav_state",),
    kind="X",
    tier="reference",
    severity="W",
    example="gross 0 with open positions",
)
def exposure_is_sane(look: Look, memory: Memory) -> Outcome:
    doc = look.docs[_STEM]
    gross = need(num(doc.get("gross_exposure")), "nav_state.gross_exposure")
    net, largest = num(doc.get("net_exposure")), num(doc.get("largest_position_value"))
    out: list[Found] = []
    if net is not None and abs(net) > gross and not near(abs(net), gross, HALF_USD * 2):
        out.append(found(_STEM, "net_exposure", net, f"gross is {gross}"))
    if largest is not None and (largest < 0 or (largest > gross and not near(largest, gross, HALF_USD * 2))):
        out.append(found(_STEM, "largest_position_value", largest, f"gross is {gross}"))
    seen = view(look)
    if seen.rows is not None and seen.times.get("positions_state") == seen.times[_STEM]:
        values = [abs(row.notional) for row in seen.rows if row.notional is not None]
        total = math.fsum(values)
        grains = (("nav_state.gross_exposure", 1), ("positions_state.notional", len(values)))
        if not near(gross, total, HALF_USD * (1 + len(values))) and not coarse(look, gross, total, *grains):
            out.append(
                found(_STEM, "gross_exposure", gross, f"the notionals of positions_state sum to {total}")
            )
    return out


@rule(
    "INV-NS12",
    "age_s = synced_ts − updated_ts, ≥ 0, where both are present",
    source="sys",
    surfaces=("S2",),
    reads=("nav_state",),
    kind="W",
    tier="reference",
    example="always 0.0 although the source is 20 s old (`legacy: [D-18]`)",
    part="nav_state",
)
def mirror_age_is_true(look: Look, memory: Memory) -> Outcome:
    doc = look.docs[_STEM]
    age, synced, at = num(doc.get("age_s")), parse_time(doc.get("synced_ts")), view(look).times[_STEM]
    if age is None or synced is None or at is None:
        raise LackingError("nav_state has no age_s, synced_ts or updated_ts")
    true_age = max(0, synced - at) / 1_000_000
    if age >= 0 and near(age, true_age, HALF_SECONDS):
        return ()
    return [found(_STEM, "age_s", age, f"synced_ts - updated_ts = {true_age}")]


@rule(
    "INV-NS13",
    (
        "lkg true ⇔ optional parts that the source lacks (aum, drawdown) were carried over in this write;"
        " an unusable source writes nothing, so it sets no flag"
    ),
    source="kit (A-08)",
    surfaces=("S1", "S2"),
    reads=("nav", "nav_state"),
    kind="T",
    tier="reference",
    severity="W",
    example="lkg true beside a complete nav.json",
)
def carried_over_is_said(look: Look, memory: Memory) -> Outcome:
    """Carried over is an aum that nav.json lacks and that is the one of the mirror before; and a drawdown that is
    the one of the mirror before and not that of the peak and the equity beside it."""
    doc, then = look.docs[_STEM], memory.get("then")
    if look.before is not None and look.before.raw.get(_STEM) == look.raw[_STEM]:
        return ()  # not written anew
    memory["then"] = doc
    times = view(look).times
    if times["nav"] != times[_STEM]:
        return ()
    if foreign(look) is not None and "lkg" not in doc:
        raise LackingError("nav_state.lkg is not emitted")
    lkg = doc.get("lkg") is True
    lacks = type(look.docs["nav"].get("aum")) is not dict and num(look.docs["nav"].get("aum")) is None
    if then is None and (lacks or lkg):
        raise LackingError("no mirror before this one is known")
    kept = [name for name in ("aum", "drawdown") if then is not None and _is_kept(name, doc, then, lacks)]
    if lkg is bool(kept):
        return ()
    text = f"{' and '.join(kept)}: as in the mirror before" if kept else "nothing was carried over"
    return [found(_STEM, "lkg", lkg, text)]


def _is_kept(name: str, doc: Doc, then: Doc, lacks: bool) -> bool:
    """Whether the mirror carried this part over from the one before."""
    value = doc.get(name)
    if value is None or value != then.get(name):
        return False
    if name == "aum":
        return lacks
    stated, peak, equity = num(value), num(doc.get("peak_equity")), equity_of(doc)
    if stated is None or peak is None or peak <= 0 or equity is None:
        return False
    percent = min(100.0, 100.0 * max(0.0, peak - equity) / peak)
    return not near(stated, percent, HALF_PERCENT + 200.0 * HALF_USD / peak)
