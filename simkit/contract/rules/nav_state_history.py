"""Rules on S2, the mirror of S1, over time (INV-NS03, NS06, NS07, NS11).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from collections import deque

from simkit.contract.finding import LackingError, Memory, Outcome, rule
from simkit.contract.foreign import coarse, foreign, no_loops, saw, unharnessed
from simkit.contract.look import Look
from simkit.contract.rules.nav_state import anomalous, equity_of
from simkit.contract.tolerance import HALF_USD, near
from simkit.contract.values import NO_BEFORE, NO_TRUTH, found, need, num, when
from simkit.contract.view import view

_STEM = "nav_state"
#: How many published navs are remembered while the mirror stands still.
_MEMORY = 4096


@rule(
    "INV-NS03",
    (
        "total_equity (or nav, nav_usd) = the last usable nav that nav.json carried at or before "
        "nav_state's timestamp; in a single tree judged only when both carry the same time"
    ),
    source="tbl, nav",
    surfaces=("S1", "S2"),
    reads=("nav_state",),
    kind="T",
    tier="contract",
    example="mirror holds 950 while nav at that time was 1000",
)
def mirror_shows_the_nav_of_its_time(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    history: deque[tuple[int, float]] | None = memory.get("history")
    if history is None:
        history = memory["history"] = deque(maxlen=_MEMORY)
    at = seen.times.get("nav")
    if at is not None and seen.nav is not None and (not history or history[-1] != (at, seen.nav)):
        history.append((at, seen.nav))
    mirrored = need(seen.times[_STEM], "the time of nav_state")
    while len(history) > 1 and history[1][0] <= mirrored:
        history.popleft()
    equity = need(equity_of(look.docs[_STEM]), "nav_state.total_equity")
    if not history or history[0][0] > mirrored:
        raise LackingError("no nav at or before the time of nav_state is known")
    nav = history[0][1]
    if nav == equity or near(nav, equity, HALF_USD * 2):
        return ()
    if coarse(look, nav, equity, ("nav.nav", 1), ("nav_state.total_equity", 1)):
        return ()
    if foreign(look) is not None and history[0][0] != mirrored and (look.before is None or no_loops(look)):
        raise LackingError("the nav of exactly the time of nav_state was not seen")
    return [found(_STEM, "total_equity", equity, f"nav.json carried {nav} at {when(mirrored)}")]


@rule(
    "INV-NS06",
    (
        "while nav.json is unusable (the file, its nav or its time missing, unparseable, nav non-numeric "
        "or non-finite; not: nav ≤ 0) nav_state keeps showing the last known good values; ours stays "
        "byte-identical"
    ),
    source="nav",
    surfaces=("S1", "S2"),
    reads=(),
    kind="T",
    tier="contract",
    example="sync writes total_equity 0",
)
def mirror_keeps_the_last_good(look: Look, memory: Memory) -> Outcome:
    seen, before = view(look), look.before
    if seen.nav is not None and seen.times.get("nav") is not None:
        return ()
    if before is None:
        return NO_BEFORE
    if look.raw.get(_STEM) == before.raw.get(_STEM):
        return ()
    if _shows_the_last_good(look, before):
        return ()
    return [found(_STEM, "", "", "nav.json is unusable, yet the mirror was written anew")]


def _shows_the_last_good(look: Look, before: Look) -> bool:
    """Foreign: the mirror may be written anew with the values that were good last (A-08)."""
    if foreign(look) is None or _STEM not in look.docs:
        return False
    shown, then = equity_of(look.docs[_STEM]), before.docs.get(_STEM)
    good = (equity_of(then) if then is not None else None, view(before).nav)
    kept = shown is not None and any(value is not None and near(shown, value, HALF_USD * 2) for value in good)
    return kept and saw(look, "A-08", "rewritten with the last good values", _STEM)


@rule(
    "INV-NS07",
    (
        "within one sync of a usable nav.json, nav_state mirrors it again (foreign tree: in the next "
        "state seen after it)"
    ),
    source="nav",
    surfaces=("S1", "S2"),
    reads=("nav", "nav_state"),
    kind="T",
    tier="reading",
    example="stuck on last known good",
)
def sync_mirrors_a_usable_nav(look: Look, memory: Memory) -> Outcome:
    if look.truth is None:
        return _mirrored_by_now(look)
    if not look.truth.synced:
        return ()
    seen = view(look)
    source = need(seen.times["nav"], "the time of nav")
    need(seen.nav, "nav.nav")
    mirror = seen.times[_STEM]
    if mirror is not None and mirror >= source:
        return ()
    value = "absent" if mirror is None else when(mirror)
    return [
        found(_STEM, "updated_ts", value, f"the sync of this loop did not mirror nav.json of {when(source)}")
    ]


def _mirrored_by_now(look: Look) -> Outcome:
    """From outside: a usable nav.json of the loop before is mirrored in this one."""
    if not unharnessed(look) or no_loops(look):
        return NO_TRUTH
    if look.before is None:
        return NO_BEFORE
    then = view(look.before)
    source, mirror = then.times.get("nav"), view(look).times[_STEM]
    if then.nav is None or source is None or (mirror is not None and mirror >= source):
        return ()
    value = "absent" if mirror is None else when(mirror)
    return [found(_STEM, "updated_ts", value, f"nav.json of {when(source)} is not mirrored a loop later")]


@rule(
    "INV-NS11",
    "peak never falls except on a declared reset, and is not raised by an anomalous NAV (B-NAV-5)",
    source="sys",
    surfaces=("S2",),
    reads=("nav_state",),
    kind="T",
    tier="reference",
    example="spike 40000 becomes the peak",
)
def peak_does_not_fall(look: Look, memory: Memory) -> Outcome:
    before, truth = look.before, look.truth
    peak = num(look.docs[_STEM].get("peak_equity"))
    if truth is not None and truth.reset_peak:
        memory["reset"] = True
    if before is None:
        return NO_BEFORE
    then = before.docs.get(_STEM)
    last = num(then.get("peak_equity")) if then is not None else None
    if peak is None or last is None:
        raise LackingError("nav_state.peak_equity of this loop or the one before is not known")
    if then is not None and look.raw[_STEM] == before.raw[_STEM]:
        return ()
    if memory.pop("reset", False):
        return ()
    if peak < last and not near(peak, last, HALF_USD * 2):
        return [found(_STEM, "peak_equity", peak, f"fell from {last} without a declared reset")]
    equity = equity_of(look.docs[_STEM])
    if peak > last and equity is not None and last > 0 and anomalous(equity, last, look.settings.nav):
        return [found(_STEM, "peak_equity", peak, f"raised from {last} by the anomalous NAV {equity}")]
    return ()
