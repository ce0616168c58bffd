"""Rules on S1 nav (INV-N01..N04, N06..N09).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

import math
from itertools import pairwise

from simkit.contract.book import Row
from simkit.contract.finding import Found, LackingError, Memory, Outcome, Tier, rule
from simkit.contract.foreign import NO_LOOPS, apart, coarse, foreign, no_loops, saw
from simkit.contract.look import Look
from simkit.contract.tolerance import HALF_USD, near
from simkit.contract.values import NO_BEFORE, NO_TRUTH, found, need, num, obj, rows_of, when
from simkit.contract.view import view


@rule(
    "INV-N01",
    "nav is a finite, non-null number",
    source="tbl, nav",
    surfaces=("S1",),
    reads=("nav",),
    kind="W",
    tier="contract",
    example='`"nav": null` or `"10000"`',
)
def nav_is_a_number(look: Look, memory: Memory) -> Outcome:
    if view(look).nav is not None:
        return ()
    return [found("nav", "nav", look.docs["nav"].get("nav", "absent"), "nav must be a finite number")]


@rule(
    "INV-N02",
    "nav = nav_usd (= nav_total where present)",
    source="sys",
    surfaces=("S1",),
    reads=("nav",),
    kind="W",
    tier="contract",
    example="10000 vs 9990",
)
def navs_are_equal(look: Look, memory: Memory) -> Outcome:
    doc, nav = look.docs["nav"], need(view(look).nav, "nav.nav")
    out = []
    for name in ("nav_usd", "nav_total"):
        value = doc.get(name)
        if value == nav or (value is None and name == "nav_total"):
            continue
        other = num(value)
        if other is not None and near(nav, other, HALF_USD * 2):
            continue
        if other is not None and coarse(look, nav, other, ("nav.nav", 1), (f"nav.{name}", 1)):
            continue
        tier: Tier | None = "reference" if name == "nav_total" else None
        out.append(found("nav", name, value, f"nav is {nav}", tier))
    return out


@rule(
    "INV-N03",
    (
        "nav > 0; a finite nav ≤ 0 is legal, published and mirrored (a liquidated account must show it), "
        "and only warned about"
    ),
    source="sys",
    surfaces=("S1",),
    reads=("nav",),
    kind="W",
    tier="reading",
    severity="W",
    example="0.0 from source `unavailable`",
)
def nav_is_positive(look: Look, memory: Memory) -> Outcome:
    nav = need(view(look).nav, "nav.nav")
    return () if nav > 0 else [found("nav", "nav", nav, "the account is empty or owes money")]


@rule(
    "INV-N04",
    ("exec_stats, if present: counts ≥ 0, fill_rate 0..1, Σ top_vetoes ≤ vetoes_24h, top list descending"),
    source="nav, sys",
    surfaces=("S1",),
    reads=("nav",),
    kind="W",
    tier="reference",
    severity="W",
    example="fill_rate 1.4",
)
def exec_stats_are_sane(look: Look, memory: Memory) -> Outcome:
    stats = look.docs["nav"].get("exec_stats")
    if type(stats) is not dict:
        return ()
    out: list[Found] = []
    for name in ("attempted_24h", "executed_24h", "vetoes_24h"):
        count = num(stats.get(name))
        if count is not None and count < 0:
            out.append(found("nav", f"exec_stats.{name}", count, "a count is >= 0"))
    rate = num(stats.get("fill_rate"))
    if rate is not None and not 0 <= rate <= 1:
        out.append(found("nav", "exec_stats.fill_rate", rate, "a fraction lies in 0..1"))
    top = rows_of(stats.get("top_vetoes"))
    if top:
        counts = [num(obj(item).get("count")) or 0 for item in top]
        if any(a < b for a, b in pairwise(counts)):
            out.append(found("nav", "exec_stats.top_vetoes", counts, "most frequent first"))
        vetoes = num(stats.get("vetoes_24h"))
        if vetoes is not None and math.fsum(counts) > vetoes:
            out.append(found("nav", "exec_stats.top_vetoes", counts, f"more than vetoes_24h = {vetoes}"))
    return out


@rule(
    "INV-N06",
    "nav = wallet + Σ unrealized_pnl (equity basis); the wallet basis is `legacy: [D-15]`",
    source="kit (A-09)",
    surfaces=("S1", "S3"),
    reads=("nav", "positions_state"),
    kind="X",
    tier="reading",
    example="NAV ignores −500 unrealised",
)
def nav_is_equity(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    nav = need(seen.nav, "nav.nav")
    detail = obj(look.docs["nav"].get("nav_detail"))
    wallet = need(num(obj(detail.get("breakdown")).get("wallet")), "nav_detail.breakdown.wallet")
    open_pnl, count = _open_pnl(seen.need_rows())
    equity = wallet + open_pnl
    if near(nav, equity, HALF_USD * (2 + count)):
        return ()
    grains = (("nav.nav", 1.0), ("nav.wallet", 1.0), ("positions_state.unrealized_pnl", float(count)))
    if coarse(look, nav, equity, *grains) or apart(look, "nav", "positions_state"):
        return ()
    if coarse(look, nav, wallet, *grains) and saw(look, "A-09", "wallet basis", "nav"):
        return ()
    return [found("nav", "nav", nav, f"wallet {wallet} + open PnL of positions_state {open_pnl}")]


def _open_pnl(rows: list[Row]) -> tuple[float, int]:
    """Sum of the published open PnL and how many rows it comes from; LackingError when one is missing."""
    values = []
    for row in rows:
        if row.unrealized is None:
            raise LackingError(f"positions_state.positions[{row.index}].unrealized_pnl is no number")
        values.append(row.unrealized)
    return math.fsum(values), len(values)


@rule(
    "INV-N07",
    (
        "Δnav = realised − fees + funding + Δunrealised + transfers + declared income, between two loops."
        " Funding is signed (received +, paid −), so are transfers (in +, out −); a fee in another asset "
        "is valued at the price of its fill. Scenario steps of `account.nav` are declared income and "
        "satisfy the rule; a lie (`wrong_balance`, `account_reset`) is not declared and breaks it"
    ),
    source="kit",
    surfaces=("S1", "S3", "AUX-12"),
    reads=("nav", "positions_state"),
    kind="J",
    tier="reference",
    example="NAV rises without a fill, a price move, funding or a booking",
)
def nav_moves_with_a_cause(look: Look, memory: Memory) -> Outcome:
    before, truth = look.before, look.truth
    if truth is None:
        return NO_TRUTH
    if before is None:
        return NO_BEFORE
    now, then = view(look), view(before)
    if then.nav is None or then.rows is None:
        raise LackingError("nav or open PnL of the loop before is not known")
    nav = need(now.nav, "nav.nav")
    pnl_now, rows_now = _open_pnl(now.need_rows())
    pnl_then, rows_then = _open_pnl(then.rows)
    money = [truth.flows, pnl_now - pnl_then]
    for fill in truth.fills:
        money.append(fill.realized)
        money.append(-fill.fee)
    explained = math.fsum(money)
    grain = HALF_USD * (3 + rows_now + rows_then + 2 * len(truth.fills))
    if near(nav - then.nav, explained, grain):
        return ()
    return [found("nav", "nav", nav, f"moved by {nav - then.nav:.6f} USD, the books explain {explained:.6f}")]


@rule(
    "INV-N08",
    (
        "where aum is an object with these parts: aum.futures = nav; aum.total = futures + Σ usd_value. A"
        " numeric aum is legal (A-52) and not judged"
    ),
    source="sys",
    surfaces=("S1", "S2"),
    reads=("nav",),
    kind="W",
    tier="reference",
    example="off-exchange counted inside nav",
)
def aum_adds_up(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    out: list[Found] = []
    for stem, equity in (("nav", seen.nav), ("nav_state", None)):
        doc = look.docs.get(stem)
        aum = doc.get("aum") if doc is not None else None
        if doc is None or type(aum) is not dict:
            continue
        if equity is None:
            equity = num(doc.get("total_equity"))
        futures, total = num(aum.get("futures")), num(aum.get("total"))
        if equity is not None and futures == total == equity and not aum.get("offexchange"):
            continue
        if futures is None or total is None:
            continue
        if equity is not None and doc.get("lkg") is not True and not near(futures, equity, HALF_USD * 2):
            out.append(found(stem, "aum.futures", futures, f"nav is {equity}"))
        off = obj(aum.get("offexchange"))
        values = [num(obj(item).get("usd_value")) or 0.0 for item in off.values()] if off else []
        if not near(total, futures + math.fsum(values), HALF_USD * (2 + len(values))):
            out.append(
                found(stem, "aum.total", total, f"futures {futures} + off-exchange {math.fsum(values)}")
            )
    return out


@rule(
    "INV-N09",
    "surface time present, fresh each loop",
    source="tbl, nav",
    surfaces=("S1",),
    reads=("nav",),
    kind="T",
    tier="contract",
    example="see G07",
)
def nav_is_fresh(look: Look, memory: Memory) -> Outcome:
    at = view(look).times.get("nav")
    if foreign(look) is not None and at is not None:
        return _moved(look, at)
    if at == look.ts:
        return ()
    value = "absent" if at is None else when(at)
    return [found("nav", "updated_ts", value, f"not the time of this loop, {when(look.ts)}")]


def _moved(look: Look, at: int) -> Outcome:
    """Foreign: the time of nav.json moves from loop to loop; what else moved is for INV-G07."""
    if no_loops(look):
        return NO_LOOPS
    if look.before is None:
        return NO_BEFORE
    if at != view(look.before).times.get("nav"):
        return ()
    return [found("nav", "updated_ts", when(at), "did not move since the loop before")]
