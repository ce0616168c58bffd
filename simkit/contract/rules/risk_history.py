"""Rules on S7 over time (INV-R05, R06, R16, R17, R18).

Comes in: a `Look`. Goes out: violations. May import `contract`. History continues across a restart (B-RST-2).
"""

from __future__ import annotations

from collections import deque

from simkit.contract.finding import Found, LackingError, Memory, Outcome, rule
from simkit.contract.foreign import NO_LOOPS, coarse, no_loops, unharnessed
from simkit.contract.look import Look
from simkit.contract.rules.risk import state_word
from simkit.contract.tolerance import HALF_FRACTION, HALF_SCORE, HALF_USD, near
from simkit.contract.values import NO_BEFORE, found, need, num, obj, share_of
from simkit.contract.view import View, view

_STEM = "risk_snapshot"
#: State changes remembered for INV-R17; more do not fit into its window.
_CHANGES = 4096
#: Reasons of B-MODE-1 whose figures stand on no surface.
_NOT_PUBLISHED = ("maker_first_disabled_cycles", "high_fallback_ratio")


def _drawdown(peak: float, nav: float) -> float:
    return min(1.0, max(0.0, (peak - nav) / peak))


@rule(
    "INV-R05",
    (
        "dd_pct = max(0, (peak − nav)/peak) capped at 1, in 0..1; the peak is that of the history without"
        " anomalous NAVs (D-33)"
    ),
    source="sys",
    surfaces=("S7",),
    reads=("risk_snapshot",),
    kind="T",
    tier="reference",
    example="peak forgotten (D-08)",
)
def drawdown_follows_from_the_peak(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    nav, guard = seen.nav, look.settings.nav
    peak: float | None = memory.get("peak")
    if peak is None and unharnessed(look):
        peak = memory["peak"] = _peak_of_the_tree(look, seen)
    if nav is not None:
        anomalous = peak is not None and (
            nav > guard.peak_guard_multiple * peak or nav - peak > guard.peak_guard_gap_usd
        )
        if (
            peak is None
            or (look.truth is not None and look.truth.reset_peak)
            or (nav > peak and not anomalous)
        ):
            peak = memory["peak"] = nav
    dd, block = need(seen.dd, "drawdown.dd_pct"), obj(seen.risk.get("drawdown"))
    out: list[Found] = []
    own_peak, own_nav = num(block.get("peak_nav")), num(block.get("nav"))
    if own_peak is not None and own_nav is not None and own_peak > 0:
        grain = HALF_FRACTION + 2 * HALF_USD / own_peak
        own = _drawdown(own_peak, own_nav)
        if not near(dd, own, grain) and not coarse(look, dd, own, *_grains(own_peak)):
            out.append(
                found(_STEM, "drawdown.dd_pct", dd, f"peak {own_peak} and nav {own_nav} beside it disagree")
            )
    nav = num(seen.risk.get("nav", nav))
    if peak is None or nav is None or peak <= 0:
        raise LackingError("no nav > 0 was seen yet")
    wanted = _drawdown(peak, nav)
    if not near(dd, wanted, HALF_FRACTION + 2 * HALF_USD / peak) and not coarse(
        look, dd, wanted, *_grains(peak)
    ):
        text = f"nav {nav}, peak of the history {peak}: {wanted:.9f}"
        out.append(found(_STEM, "drawdown.dd_pct", dd, text))
    elif not 0 <= dd <= 1:
        out.append(found(_STEM, "drawdown.dd_pct", dd, "a fraction lies in 0..1"))
    return out


def _grains(peak: float) -> tuple[tuple[str, float], ...]:
    """What goes into a drawdown from that peak, with its factors."""
    return ((f"{_STEM}.dd_pct", 1.0), (f"{_STEM}.nav", 1 / peak), (f"{_STEM}.peak_nav", 1 / peak))


def _peak_of_the_tree(look: Look, seen: View) -> float:
    """The peak that a tree shows whose history before it nobody has seen; LackingError when it shows none."""
    own = num(obj(seen.risk.get("drawdown")).get("peak_nav"))
    mirrored = num(obj(look.docs.get("nav_state")).get("peak_equity"))
    return need(own if own is not None else mirrored, "the peak of the history before this tree")


_MOVES = frozenset({("NORMAL", "DRAWDOWN"), ("DRAWDOWN", "RECOVERY"), ("RECOVERY", "DRAWDOWN")})


@rule(
    "INV-R06",
    "allowed moves: none, N→D, D→R, R→D, and R→N or D→N only at dd ≤ recovery_exit",
    source="rsk, sys",
    surfaces=("S7",),
    reads=("risk_snapshot",),
    kind="T",
    tier="reference",
    example="N→R; D→N at dd .07 (D-04)",
)
def state_moves_are_allowed(look: Look, memory: Memory) -> Outcome:
    if look.before is None:
        return NO_BEFORE
    if no_loops(look):
        return NO_LOOPS
    was = state_word(view(look.before).risk)
    now = need(state_word(view(look).risk), "dd_state.state")
    if was is None or was == now or (was, now) in _MOVES:
        return ()
    dd, way_out = need(view(look).dd, "drawdown.dd_pct"), look.settings.drawdown.recovery_exit
    if now == "NORMAL" and was in ("DRAWDOWN", "RECOVERY") and dd <= way_out:
        return ()
    return [found(_STEM, "dd_state.state", now, f"from {was} at a drawdown of {dd}: no such move")]


@rule(
    "INV-R16",
    (
        "nav_jump present ⇔ B-NAV-6 fires on the last two navs with the configured guard (default parity,"
        " A-29); old/new match them"
    ),
    source="rsk, sys",
    surfaces=("S1", "S7"),
    reads=("nav", "risk_snapshot"),
    kind="T",
    tier="reference",
    example="sticky flag",
)
def nav_jump_is_flagged(look: Look, memory: Memory) -> Outcome:
    if look.before is None:
        return NO_BEFORE
    if no_loops(look):
        return NO_LOOPS
    guard = look.settings.nav
    new, old = need(view(look).nav, "nav.nav"), need(view(look.before).nav, "nav.nav of the loop before")
    gap = abs(new - old)
    share = share_of(gap, old) if old > 0 else None
    jumps = gap > guard.max_nav_jump_gap_usd or (share is not None and share > guard.max_nav_jump_pct)
    anomalies = view(look).risk.get("anomalies")
    if type(anomalies) is not dict:
        raise LackingError("risk_snapshot.anomalies is no object")
    flag = anomalies.get("nav_jump")
    if (flag is not None) is not jumps:
        limits = f"{guard.max_nav_jump_pct} or {guard.max_nav_jump_gap_usd} USD"
        text = f"nav went from {old} to {new}; the guard is {limits}"
        return [found(_STEM, "anomalies.nav_jump", flag is not None, text)]
    if type(flag) is not dict:
        return ()
    out: list[Found] = []
    for name, value in (("old", old), ("new", new)):
        stated = num(flag.get(name))
        if stated is None or not near(stated, value, HALF_USD * 2):
            out.append(found(_STEM, f"anomalies.nav_jump.{name}", flag.get(name), f"nav.json had {value}"))
    stated = num(flag.get("pct"))
    if (stated is None) is not (share is None) or (
        stated is not None and share is not None and not near(stated, share, HALF_FRACTION * 2)
    ):
        out.append(
            found(_STEM, "anomalies.nav_jump.pct", flag.get("pct"), f"|{new} - {old}| / {old} = {share}")
        )
    return out


@rule(
    "INV-R17",
    "dd_flap present ⇔ state changes in the window > maximum",
    source="rsk, kit (A-28)",
    surfaces=("S7",),
    reads=("risk_snapshot",),
    kind="T",
    tier="reference",
    example="dd_flap absent after four changes in an hour",
)
def flapping_is_flagged(look: Look, memory: Memory) -> Outcome:
    """After a restart the changes before it may count or not: B-RST says nothing of them."""
    settings = look.settings.drawdown
    changes: deque[tuple[int, bool]] = memory.setdefault("changes", deque(maxlen=_CHANGES))
    if look.truth is not None and look.truth.new_run:
        for index, (at, _) in enumerate(changes):
            changes[index] = (at, False)
    word = need(state_word(view(look).risk), "dd_state.state")
    last = memory.get("state")
    memory["state"] = word
    if last is not None and last != word:
        changes.append((look.ts, True))
    oldest = look.ts - round(settings.dd_flap_window_minutes * 60_000_000)
    while changes and changes[0][0] < oldest:
        changes.popleft()
    if last is None:
        return NO_BEFORE
    anomalies = view(look).risk.get("anomalies")
    if type(anomalies) is not dict:
        raise LackingError("risk_snapshot.anomalies is no object")
    flag = anomalies.get("dd_flap")
    most = len(changes)
    least = len([at for at, of_this_run in changes if of_this_run])
    limit = settings.dd_flap_max_transitions
    if flag is None and least > limit:
        return [
            found(
                _STEM,
                "anomalies.dd_flap",
                "absent",
                f"{least} state changes in the window, at most {limit} allowed",
            )
        ]
    if flag is not None and most <= limit:
        return [
            found(
                _STEM, "anomalies.dd_flap", flag, f"{most} state changes in the window, {limit} are allowed"
            )
        ]
    stated = num(obj(flag).get("transitions"))
    if stated is not None and not least <= stated <= most:
        return [found(_STEM, "anomalies.dd_flap.transitions", stated, f"{most} state changes in the window")]
    return ()


@rule(
    "INV-R18",
    (
        "risk_mode, reason and score = B-MODE-1 on the published inputs; the NAV age among them is taken "
        "at publish: surface time − time of the last live read that the published nav rests on"
    ),
    source="sys",
    surfaces=("S1", "S7", "S8"),
    reads=("nav", "risk_snapshot", "router_health"),
    kind="X",
    tier="reference",
    example="OK with stale NAV; HALTED beside a nav read in this loop (`legacy: [D-39]`)",
)
def risk_mode_follows_its_inputs(look: Look, memory: Memory) -> Outcome:
    """The day's loss counts only where the harness saw a loss realised in that day (B-NAV-8). Begun:
    maker-first and fallback figures (two rows of B-MODE-1) are not published, so their WARN is believed."""
    seen = view(look)
    _follow_the_day(look, memory)
    if look.truth is not None and look.truth.nav_read_live:
        # By the executor's clock, where both files of a loop are stamped by it (INC-47).
        stamped = seen.times.get("nav")
        memory["live"] = look.ts if stamped is None or stamped != seen.times.get(_STEM) else stamped
    doc = seen.risk
    mode, reason, score = doc.get("risk_mode"), doc.get("risk_mode_reason"), num(doc.get("risk_mode_score"))
    if mode == "HALTED" and reason == "risk_config_load_failed":
        return ()
    if look.outside is not None and mode in look.outside.dialect.words.get("risk_mode", ()):
        raise LackingError(f"{mode} is a word of the dialect; B-MODE-1 does not say when it holds")
    wanted, why, points = _expected_mode(look, seen, memory)
    out: list[Found] = []
    if wanted == "OK" and mode == "WARN" and str(reason).startswith(_NOT_PUBLISHED):
        return ()
    if mode != wanted:
        out.append(found(_STEM, "risk_mode", mode, f"the inputs say {wanted}, {why}"))
    elif reason is not None and not str(reason).startswith(why):
        out.append(found(_STEM, "risk_mode_reason", reason, f"must be {why}"))
    elif score is not None and not near(score, points, HALF_SCORE * 2):
        out.append(found(_STEM, "risk_mode_score", score, f"must be {points}"))
    return out


def _follow_the_day(look: Look, memory: Memory) -> None:
    """Memory: `realised`, what the fills of this day realised in USD; absent where no day is known."""
    truth = look.truth
    if truth is None or truth.day is None:
        return
    if memory.get("day") != truth.day:
        memory["day"], memory["realised"] = truth.day, 0.0
    for fill in truth.fills:
        memory["realised"] += fill.realized


def _expected_mode(look: Look, seen: View, memory: Memory) -> tuple[str, str, float]:
    """Mode, beginning of the reason and score by B-MODE-1: the first match wins."""
    health, limits = obj(seen.risk.get("nav_health")), look.settings.limits
    dd, loss = need(seen.dd, "drawdown.dd_pct"), num(seen.risk.get("daily_loss_frac")) or 0.0
    if memory.get("realised", -1.0) > -HALF_USD:
        loss = 0.0
    if health.get("sources_ok") is False:
        return "HALTED", "nav_sources_unavailable", 1.0
    age = _nav_age_s(look, seen, memory)
    if age > look.settings.nav.fresh_s:
        return "HALTED", "nav_stale_age", 1.0
    if dd >= limits.nav_drawdown_pct:
        return "DEFENSIVE", "drawdown_high_dd_frac", min(1.0, dd / limits.nav_drawdown_pct)
    if loss >= limits.daily_loss_pct:
        return "DEFENSIVE", "daily_loss_high_frac", min(1.0, loss / limits.daily_loss_pct)
    counts = obj(obj(look.docs["router_health"].get("summary")).get("quality_counts"))
    if (num(counts.get("degraded")) or 0) + (num(counts.get("broken")) or 0) > 0:
        return "WARN", "router_degraded", 0.5
    return "OK", "all_systems_healthy", 0.0


def _nav_age_s(look: Look, seen: View, memory: Memory) -> float:
    """Seconds from the last live read to the time of the snapshot; what it says itself where nobody knows."""
    at = need(seen.times[_STEM], "the time of risk_snapshot")
    live: int | None = memory.get("live")
    if look.truth is None:
        return need(num(obj(seen.risk.get("nav_health")).get("age_s")), "nav_health.age_s")
    if live is None:
        raise LackingError("the nav was never read live in this run")
    return max(0, at - live) / 1_000_000
