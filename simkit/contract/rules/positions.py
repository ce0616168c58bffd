"""Rules on S3 positions_state (INV-P01..P08).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.finding import Found, Memory, Outcome, rule
from simkit.contract.foreign import coarse, may_differ
from simkit.contract.look import Look
from simkit.contract.tolerance import HALF_PRICE, HALF_QTY, HALF_USD, near
from simkit.contract.values import NO_BEFORE, NO_TRUTH, found, need, when
from simkit.contract.view import view

_STEM = "positions_state"
_NOTIONAL = (("positions_state.notional", 1.0),)


@rule(
    "INV-P01",
    "qty ≠ 0 → entry_price > 0 and mark_price > 0",
    source="tbl",
    surfaces=("S3",),
    reads=("positions_state",),
    kind="W",
    tier="contract",
    example="mark 0",
)
def open_rows_have_prices(look: Look, memory: Memory) -> Outcome:
    out: list[Found] = []
    for row in view(look).need_rows():
        if row.qty == 0.0:
            continue
        if row.entry is None or row.entry <= 0.0:
            value = row.doc.get("entry_price", "absent")
            out.append(
                found(_STEM, f"positions[{row.index}].entry_price", value, f"{row.key} is open, must be > 0")
            )
        if row.mark is None or row.mark <= 0.0:
            value = row.doc.get("mark_price", "absent")
            out.append(
                found(_STEM, f"positions[{row.index}].mark_price", value, f"{row.key} is open, must be > 0")
            )
    return out


@rule(
    "INV-P02",
    (
        "side ∈ LONG, SHORT and matches the sign of qty (foreign: unsigned qty or side BOTH with signed "
        "qty, one of them throughout)"
    ),
    source="tbl (A-12, A-13)",
    surfaces=("S3",),
    reads=("positions_state",),
    kind="W",
    tier="reading",
    example="SHORT with qty +2; side BOTH",
)
def side_is_the_sign_of_qty(look: Look, memory: Memory) -> Outcome:
    out: list[Found] = []
    for row in view(look).need_rows():
        qty = row.qty
        if row.side == "LONG":
            if qty is None or qty >= 0.0:
                continue
        elif row.side == "SHORT":
            if qty is None or qty <= 0.0:
                continue
        else:
            out.append(found(_STEM, f"positions[{row.index}].side", row.side, "side is LONG or SHORT"))
            continue
        out.append(found(_STEM, f"positions[{row.index}].qty", qty, f"has the wrong sign for {row.side}"))
    return out


@rule(
    "INV-P03",
    "notional = abs(qty)·mark (foreign: carrying the sign of qty passes)",
    source="tbl",
    surfaces=("S3",),
    reads=("positions_state",),
    kind="W",
    tier="contract",
    example="notional from entry price",
)
def notional_is_qty_times_mark(look: Look, memory: Memory) -> Outcome:
    out: list[Found] = []
    for row in view(look).need_rows():
        qty, mark, notional = row.qty, row.mark, row.notional
        if qty is None or mark is None or notional is None:
            continue
        size = -qty if qty < 0.0 else qty
        value = size * mark
        if notional != value and not near(
            notional, value, HALF_USD + HALF_QTY * abs(mark) + HALF_PRICE * size
        ):
            if coarse(
                look, notional, value, *_NOTIONAL, (f"{_STEM}.qty", mark), (f"{_STEM}.mark_price", size)
            ):
                continue
            place = f"positions[{row.index}].notional"
            out.append(found(_STEM, place, notional, f"{row.key}: {size} * {mark} = {value:.6f}"))
    return out


@rule(
    "INV-P04",
    (
        "unrealized_pnl = (mark − entry)·abs(qty) for a long, the negative of it for a short; the "
        "direction is side where it is LONG or SHORT, else the sign of qty"
    ),
    source="tbl, sys",
    surfaces=("S3",),
    reads=("positions_state",),
    kind="W",
    tier="contract",
    example="sign flipped on shorts",
)
def open_pnl_is_qty_times_move(look: Look, memory: Memory) -> Outcome:
    out: list[Found] = []
    for row in view(look).need_rows():
        qty, mark, entry, pnl = row.qty, row.mark, row.entry, row.unrealized
        if qty is None or mark is None or entry is None or pnl is None:
            continue
        size = -qty if qty < 0.0 else qty
        move = mark - entry
        short = row.side == "SHORT" or (row.side != "LONG" and qty < 0.0)
        value = -move * size if short else move * size
        if pnl != value and not near(pnl, value, HALF_USD + HALF_QTY * abs(move) + 2 * HALF_PRICE * size):
            prices = ((f"{_STEM}.mark_price", size), (f"{_STEM}.entry_price", size))
            if coarse(look, pnl, value, (f"{_STEM}.unrealized_pnl", 1), (f"{_STEM}.qty", move), *prices):
                continue
            place = f"positions[{row.index}].unrealized_pnl"
            out.append(found(_STEM, place, pnl, f"{row.key}: ({mark} - {entry}) on {qty} is {value:.6f}"))
    return out


@rule(
    "INV-P05",
    "(symbol, side) unique",
    source="sys",
    surfaces=("S3",),
    reads=("positions_state",),
    kind="W",
    tier="reference",
    example="duplicate BTCUSDT LONG",
)
def rows_are_unique(look: Look, memory: Memory) -> Outcome:
    rows = view(look).need_rows()
    if len({row.key for row in rows}) == len(rows):
        return ()
    seen: dict[str, int] = {}
    out: list[Found] = []
    for row in rows:
        if row.key in seen:
            out.append(found(_STEM, f"positions[{row.index}]", row.key, f"also in row {seen[row.key]}"))
        seen.setdefault(row.key, row.index)
    return out


@rule(
    "INV-P06",
    "every open position of the simulator appears, none else",
    source="kit",
    surfaces=("S3",),
    reads=("positions_state",),
    kind="X",
    tier="reference",
    example="row lost for want of a mark (D-10)",
)
def rows_are_the_open_positions(look: Look, memory: Memory) -> Outcome:
    if look.truth is None:
        return NO_TRUTH
    view(look).need_rows()
    held, real = view(look).held, look.truth.positions
    if held.keys() == real.keys():
        return ()
    out = [
        found(_STEM, "positions", key, "open at the venue, missing here")
        for key in sorted(real)
        if key not in held
    ]
    out += [
        found(_STEM, f"positions[{held[key].index}]", key, "not open at the venue")
        for key in sorted(held)
        if key not in real
    ]
    return out


@rule(
    "INV-P07",
    "qty changes only through logged fills",
    source="kit",
    surfaces=("S3", "AUX-12"),
    reads=("positions_state",),
    kind="J",
    tier="reference",
    example="qty doubles after a TWAP restart",
)
def qty_moves_by_fills(look: Look, memory: Memory) -> Outcome:
    if look.truth is None:
        return NO_TRUTH
    if look.before is None:
        return NO_BEFORE
    now, then = view(look), view(look.before)
    now.need_rows()
    then.need_rows()
    changes: dict[str, float] = {}
    for fill in look.truth.fills:
        changes[fill.key] = changes.get(fill.key, 0.0) + fill.change
    out: list[Found] = []
    for key, row in now.held.items():
        last = then.held.get(key)
        qty, earlier = row.qty or 0.0, (last.qty or 0.0) if last is not None else 0.0
        if qty == earlier and not changes:
            continue
        change = changes.pop(key, 0.0)
        if not near(qty, earlier + change, HALF_QTY * 4):
            place = f"positions[{row.index}].qty"
            out.append(found(_STEM, place, qty, f"{key}: {earlier} in the loop before, fills of {change}"))
    for key, row in then.held.items():
        if key not in now.held:
            change, earlier = changes.pop(key, 0.0), row.qty or 0.0
            if not near(0.0, earlier + change, HALF_QTY * 4):
                out.append(
                    found(_STEM, "positions", key, f"gone: {earlier} in the loop before, fills of {change}")
                )
    for key, change in changes.items():
        if not near(0.0, change, HALF_QTY * 4):
            out.append(found(_STEM, "positions", key, f"fills of {change} and no such position"))
    return out


@rule(
    "INV-P08",
    "nav time − positions time = 0",
    source="tbl",
    surfaces=("S1", "S3"),
    reads=("nav", "positions_state"),
    kind="X",
    tier="reference",
    example="frozen S3 while NAV moves",
)
def positions_are_as_old_as_nav(look: Look, memory: Memory) -> Outcome:
    times = view(look).times
    nav, positions = need(times["nav"], "the time of nav"), need(times[_STEM], "the time of positions_state")
    if nav == positions or may_differ(look, "nav", _STEM):
        return ()
    return [found(_STEM, "updated_at", when(positions), f"nav.json has {when(nav)}")]
