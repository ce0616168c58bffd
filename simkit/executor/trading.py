"""From scripted intents to orders: counted, gated, sized, routed (B-VETO-1, B-LOOP-3).

Comes in: the loop's signals. Goes out: the ids emitted and the vetoes; orders leave by the desk. May import
`core`, `exchange.orders`, `scenario.model` and the rooms of this folder.
"""

from __future__ import annotations

from simkit.core.numeric import money
from simkit.executor import gates, intents
from simkit.executor.port import Veto
from simkit.executor.rooms import Rooms
from simkit.scenario.model import Signal


def trade(rooms: Rooms) -> tuple[tuple[str, ...], tuple[Veto, ...]]:
    """Intents in the order of the script. The ids emitted and the vetoes."""
    emitted: list[str] = []
    vetoes: list[Veto] = []
    ts = rooms.now.ts
    for signal in rooms.now.signals:
        if rooms.desk.cools_down(ts, signal.symbol):
            continue
        emitted.append(signal.intent_id)
        rooms.tally.signal(ts)
        rooms.rolling.attempted(ts)
        veto = _carry_out(rooms, signal)
        if veto is not None:
            rooms.tally.veto(ts, veto.reason)
            rooms.rolling.veto(ts, veto.reason)
            vetoes.append(veto)
    return tuple(emitted), tuple(vetoes)


def _carry_out(rooms: Rooms, signal: Signal) -> Veto | None:
    """Send the intent's orders, or the veto that stops it. A close of nothing is not sent; a close
    passes no gate (B-VETO-6)."""
    venue, ts = rooms.venue, rooms.now.ts
    mark = venue.mark(signal.symbol)
    held = [p.qty for p in venue.positions() if p.symbol == signal.symbol and p.side == signal.side]
    qty = intents.size(signal, mark or 0, held[0] if held else 0)
    if signal.action == "open":
        veto = gates.check(_request(rooms, signal, qty, money(mark or 0, qty)), priced=mark is not None)
        if veto is not None:
            return veto
    if qty > 0:
        rooms.desk.send(ts, intents.orders(signal, qty, mark or 0, rooms.settings.router), signal, venue)
    return None


def _request(rooms: Rooms, signal: Signal, qty: int, notional: int) -> gates.Request:
    """What the gates see: the last published loop, and the book as of now (B-LOOP-4)."""
    known = {row.key: row.mark for row in rooms.positions.rows}
    positions = [(p, p.mark or known.get(p.key, p.entry)) for p in rooms.venue.positions()]
    nav = rooms.nav
    seen = gates.Seen(
        nav.part.nav, nav.age_s(rooms.now.ts), nav.part.sources_ok, rooms.drawdown.part, rooms.daily_loss_seen,
        rooms.portfolio_var, rooms.returns.position_cvar,
    )  # fmt: skip
    book = gates.open_book(positions, rooms.desk.pending(rooms.venue))
    return gates.Request(signal, qty, notional, rooms.universe, rooms.settings, seen, book)
