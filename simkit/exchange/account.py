"""The account: wallet, marks, and positions as FIFO lots.

Comes in: ticks, fills, bookings. Goes out: positions and equity. May import `core`, `market.ticks` and
`exchange.orders`.

The accounting, so that both the contract's formulas and conservation hold:

- A position keeps its lots in order of opening and `cost`, the exact sum of price x qty over them (1e-16
  USD).
- A close takes the oldest lots (B-POS-5). Its realised PnL is exact over those lots and rounded once, to
  micro-USD, where it is born; it goes to the wallet and to the position's `realized`. Fees never enter it: each
  lot remembers what its opening cost, and a close tells the share of that which it closes.
- `entry` is the average price of the lots that remain, rounded to the price quantum; a FIFO close may move
  it.
- `unrealized` is mark x qty - cost, exact over the lots and rounded once. It differs from (mark - entry) x
  qty by at most half a price quantum x qty plus half a micro-USD: inside the tolerance of surfaces.md 1.0
  (INV-P04).
- So equity changes by a close only through rounding: at most one micro-USD each (INV-N07 stays exact, for it
  adds the same rounded figures).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from simkit.core.numeric import div_half_even, money
from simkit.exchange.orders import Side, VenuePosition
from simkit.market.ticks import Tick


class Holding:
    """One open position. `direction` is +1 for a long and -1 for a short, `qty` unsigned."""

    __slots__ = ("_lots", "cost", "direction", "entry", "qty", "realized", "side", "symbol", "view")

    def __init__(self, symbol: str, side: Side) -> None:
        self.symbol = symbol
        self.side = side
        self.direction = 1 if side == "LONG" else -1
        self.qty = 0
        self.cost = 0
        self.entry = 0
        self.realized = 0
        self.view: VenuePosition | None = None
        self._lots: deque[tuple[int, int, int]] = deque()

    def open(self, price: int, qty: int, fee: int = 0) -> None:
        """Add a lot, and what its opening cost in fees."""
        self._lots.append((price, qty, fee))
        self.qty += qty
        self.cost += price * qty
        self.entry = div_half_even(self.cost, self.qty)
        self.view = None

    def close(self, price: int, qty: int) -> tuple[int, int]:
        """Take `qty`, at most what is open, from the oldest lots (B-POS-5): the realised PnL, and of the lots'
        opening fees the share that is closed, both in micro-USD."""
        lots, left, cost, fees = self._lots, qty, 0, 0
        while left:
            lot_price, lot_qty, lot_fee = lots[0]
            if lot_qty > left:
                share = div_half_even(lot_fee * left, lot_qty)
                lots[0] = (lot_price, lot_qty - left, lot_fee - share)
                cost += lot_price * left
                fees += share
                break
            lots.popleft()
            cost += lot_price * lot_qty
            fees += lot_fee
            left -= lot_qty
        self.qty -= qty
        self.cost -= cost
        if self.qty:
            self.entry = div_half_even(self.cost, self.qty)
        self.view = None
        realized = self.direction * money(price * qty - cost, 1)
        self.realized += realized
        return realized, fees

    def lots_qty(self) -> int:
        """The quantity that the lots hold, counted anew."""
        return sum(qty for _, qty, _ in self._lots)  # ints

    def lots_cost(self) -> int:
        """The cost of the lots, counted anew."""
        return sum(price * qty for price, qty, _ in self._lots)  # ints


class Account:
    """Wallet (micro-USD), marks and holdings. While a symbol has no mark its open PnL stands at the last
    one."""

    def __init__(self, cash: int, *, one_way: bool = False) -> None:
        self.wallet = cash
        self._one_way = one_way
        self.marks: dict[str, int | None] = {}
        self.holdings: dict[str, Holding] = {}
        self._last_marks: dict[str, int] = {}
        self._views: tuple[VenuePosition, ...] | None = ()
        self._order: list[Holding] = []
        self._of_symbol: dict[str, list[Holding]] = {}

    def set_marks(self, ticks: Sequence[Tick]) -> None:
        """Take this loop's marks."""
        marks = self.marks
        for tick in ticks:
            symbol, mark = tick.symbol, tick.mark
            if symbol in marks and marks[symbol] == mark:
                continue
            marks[symbol] = mark
            if mark is not None:
                self._last_marks[symbol] = mark
            if symbol in self._of_symbol:
                self._views = None
                for holding in self._of_symbol[symbol]:
                    holding.view = None

    def open_qty(self, key: str) -> int:
        """The open quantity of `SYMBOL:SIDE`, 0 when flat."""
        holding = self.holdings.get(key)
        return holding.qty if holding is not None else 0

    def open(self, symbol: str, side: Side, price: int, qty: int, fee: int = 0) -> None:
        """Open a position or add to it; `fee` is booked by the caller and only remembered here."""
        key = f"{symbol}:{side}"
        holding = self.holdings.get(key)
        if holding is None:
            holding = self.holdings[key] = Holding(symbol, side)
            self._order = [self.holdings[name] for name in sorted(self.holdings)]
            self._of_symbol.setdefault(symbol, []).append(holding)
        holding.open(price, qty, fee)
        self._views = None

    def blocks(self, symbol: str, side: Side) -> bool:
        """One-way mode: true when the other side of `symbol` is open, so that this one cannot be."""
        return self._one_way and any(held.side != side for held in self._of_symbol.get(symbol, ()))

    def last_mark(self, symbol: str) -> int | None:
        """The last mark that was told, or None."""
        return self._last_marks.get(symbol)

    def close(self, key: str, price: int, qty: int) -> tuple[int, int]:
        """Reduce a position by `qty`, at most what is open; the realised PnL goes to the wallet and is
        returned with the opening fees of what is closed."""
        holding = self.holdings[key]
        realized, fees = holding.close(price, qty)
        if not holding.qty:
            del self.holdings[key]
            self._order.remove(holding)
            self._of_symbol[holding.symbol].remove(holding)
        self.wallet += realized
        self._views = None
        return realized, fees

    def positions(self) -> tuple[VenuePosition, ...]:
        """The open positions, sorted by key; the same tuple while neither marks nor positions change."""
        views = self._views
        if views is None:
            views = self._views = tuple([h.view or self._view(h) for h in self._order])
        return views

    def positions_at(self, marks: Mapping[str, int | None]) -> tuple[VenuePosition, ...]:
        """The open positions as they look at other marks. What is not above 0 is told, and no PnL rests on it."""
        return tuple(
            [
                self._told(holding, view, marks)
                for holding, view in zip(self._order, self.positions(), strict=True)
            ]
        )

    def _told(self, holding: Holding, view: VenuePosition, marks: Mapping[str, int | None]) -> VenuePosition:
        symbol = holding.symbol
        mark = marks.get(symbol, view.mark)
        if symbol not in marks or mark is None or mark <= 0:
            return replace(view, mark=mark)
        gain = mark * holding.qty - holding.cost
        return replace(view, mark=mark, unrealized=holding.direction * money(gain, 1))

    def _view(self, holding: Holding) -> VenuePosition:
        symbol = holding.symbol
        mark = self.marks.get(symbol)
        last = self._last_marks.get(symbol) if mark is None else mark
        gain = 0 if last is None else last * holding.qty - holding.cost
        view = holding.view = VenuePosition(
            symbol,
            "BOTH" if self._one_way else holding.side,
            holding.direction * holding.qty if self._one_way else holding.qty,
            holding.entry,
            mark,
            holding.direction * money(gain, 1),
            holding.realized,
        )
        return view

    def unrealized(self) -> int:
        """Open PnL of all positions in micro-USD: the sum of the rounded figures that are published."""
        return sum([view.unrealized for view in self.positions()])  # ints

    def notional(self, holding: Holding) -> int:
        """A position's worth at its last mark in micro-USD."""
        return money(self._last_marks.get(holding.symbol, 0), holding.qty)

    def in_order(self) -> Sequence[Holding]:
        """The holdings, sorted by key."""
        return self._order
