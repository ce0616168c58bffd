"""From intents to orders: counted, gated, sized, routed (B-VETO-1, B-LOOP-3).

Comes in: the loop's signals. Goes out: the ids emitted; orders leave by the desk, vetoes stand in the rooms.
May import `core`, `exchange.orders`, `scenario.model` and the rooms of this folder.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from simkit.core.clock import MICROSECONDS
from simkit.core.numeric import money
from simkit.exchange.orders import Order
from simkit.executor import gates, intents
from simkit.executor.port import Veto
from simkit.executor.quotes import price_of
from simkit.executor.request import Request, Seen, open_book
from simkit.executor.rooms import Rooms
from simkit.scenario.model import Signal

#: D-34: how often the internal screener ran, microseconds.
SECOND_PATH = 300 * MICROSECONDS


def trade(rooms: Rooms, signals: Sequence[Signal]) -> tuple[str, ...]:
    """Intents in their order; the ids emitted. A symbol whose last send failed is left alone without a veto
    (B-VETO-7)."""
    emitted: list[str] = []
    ts = rooms.now.ts
    for number, signal in enumerate(_submitted(rooms, signals)):
        if rooms.desk.cools_down(ts, signal.symbol):
            continue
        emitted.append(signal.intent_id)
        rooms.tally.signal(ts)
        rooms.rolling.attempted(ts)
        _carry_out(rooms, signal, "" if number < len(signals) else "-second")
    return tuple(emitted)


def _submitted(rooms: Rooms, signals: Sequence[Signal]) -> Sequence[Signal]:
    """One path leads to the gates. D-34: every 300 s from the start on, a second one does."""
    elapsed = rooms.now.ts - rooms.started_ts
    return (*signals, *signals) if "D-34" in rooms.legacy and elapsed % SECOND_PATH == 0 else signals


def exit_is_held(rooms: Rooms, order: Order) -> bool:
    """B-EXIT-6: no exit is, by no gate and by no switch. D-16: the kill switch vetoes exits too."""
    if "D-16" not in rooms.legacy or not rooms.settings.limits.kill_switch:
        return False
    _record(rooms, gates.kill_switch_veto(order.intent_id, order.symbol, order.position_side, order.qty))
    return True


def _carry_out(rooms: Rooms, signal: Signal, path: str) -> None:
    """Send the intent's orders unless a veto stops it. A close of nothing is not sent; a close passes no
    gate (B-VETO-6). `path` ends the order ids of the second path (D-34)."""
    venue, ts, tally = rooms.venue, rooms.now.ts, rooms.tally
    mark = price_of(venue, signal.symbol)
    key = f"{signal.symbol}:{signal.side}"
    held = next((abs(p.qty) for p in venue.positions() if p.key == key), 0)
    unsized = mark is None and signal.usd is not None
    qty = 0 if unsized else intents.size(signal, mark or 0, held)
    if signal.action == "open":
        veto = gates.check(_request(rooms, signal, qty, money(mark or 0, qty)), priced=mark is not None)
        if veto is not None:
            _record(rooms, veto)
            if "D-28" not in rooms.legacy or veto.gate not in gates.WITHOUT_EFFECT:
                return
    orders = intents.orders(signal, qty, mark or 0, rooms.settings.router) if qty > 0 else []
    if not orders or (orders[0].reduce_only and exit_is_held(rooms, orders[0])):
        return
    if path:
        orders = [replace(order, id=order.id + path) for order in orders]
    if rooms.desk.send(ts, orders, signal, venue) and signal.action == "open":
        tally.pace.entered(ts, signal.symbol)


def _record(rooms: Rooms, veto: Veto) -> None:
    """B-VETO-1, B-VETO-4: an intent's one veto. D-03: five families are recorded twice."""
    ts = rooms.now.ts
    for _ in range(2 if "D-03" in rooms.legacy and veto.gate in gates.RECORDED_TWICE else 1):
        rooms.tally.veto(ts, veto.reason)
        rooms.rolling.veto(ts, veto.reason)
        rooms.vetoes.append(veto)


def _request(rooms: Rooms, signal: Signal, qty: int, notional: int) -> Request:
    """What the gates see: the last published loop, and the book as of now (B-LOOP-4)."""
    known, nav, symbol = {row.key: row.mark for row in rooms.positions.rows}, rooms.nav, signal.symbol
    positions = [
        (p, known.get(p.key, p.entry) if p.mark is None or p.mark <= 0 else p.mark)
        for p in rooms.venue.positions()
    ]
    resting = rooms.desk.pending_qty(symbol)
    held = sum([abs(p.qty) for p, _ in positions if p.symbol == symbol])  # ints
    seen = Seen(
        nav.part.nav, nav.age_s(rooms.now.ts), nav.part.sources_ok, rooms.drawdown.part, rooms.daily_loss_seen,
        rooms.portfolio_var, rooms.returns.position_cvar,
    )  # fmt: skip
    book = open_book(positions, rooms.desk.pending(rooms.venue))
    return Request(
        rooms.now.ts, signal, qty, held + resting + qty, notional, rooms.universe, rooms.settings, seen, book,
        rooms.tally.pace,
    )  # fmt: skip
