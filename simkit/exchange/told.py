"""What the executor is told, where that is not what happened: prices that stand still or are none, messages that are
lost, late, repeated or out of order. The venue's own books never change here.

Comes in: the cue of a loop, ticks, events. Goes out: marks, ticks and events as they are told; `Cue.acted` hears what
truly differed. May import `exchange.orders`, `market.ticks`, `scenario.model` and `scenario.script`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from msgspec.structs import replace

from simkit.exchange.orders import NAN_MARK, Ack, Fill, VenueEvent
from simkit.market.ticks import Tick
from simkit.scenario.model import AckFault, BadMark, Fault, FeedStall, FillFault
from simkit.scenario.script import Cue

E = TypeVar("E", bound=VenueEvent)


class Feed:
    """The prices of one run as they are told. `marks`: the told ones of this loop that are not the venue's."""

    def __init__(self) -> None:
        self.marks: dict[str, int | None] = {}
        self._stood: dict[str, Tick] = {}

    def begin(self, cue: Cue, ticks: Sequence[Tick], last: Sequence[Tick]) -> tuple[Tick, ...]:
        """A new loop, whose `ticks` the venue trades: those that are told. `last`: of the loop before."""
        self.marks = {}
        before = {tick.symbol: tick for tick in last}
        stood, self._stood = self._stood, {}
        return tuple([
            self._told(cue, tick, stood.get(tick.symbol, before.get(tick.symbol))) for tick in ticks
        ])  # fmt: skip

    def _told(self, cue: Cue, tick: Tick, last: Tick | None) -> Tick:
        symbol, told = tick.symbol, tick
        for fault in cue.faults:
            if isinstance(fault, FeedStall) and fault.symbol in ("", symbol) and last is not None:
                self._stood[symbol] = told = last
                self.marks[symbol] = last.mark
                if told != tick:
                    cue.acted.note(fault)
        mark = told.mark
        bad = next((f for f in cue.faults if isinstance(f, BadMark) and f.symbol in ("", symbol)), None)
        if bad is None or mark is None:
            return told
        cue.acted.note(bad)
        self.marks[symbol] = {"nan": NAN_MARK, "zero": 0, "negative": -mark}[bad.what]
        return replace(told, mark=None)


class Post:
    """The messages of one run on their way to the executor: answers to orders, and fills.

    `again` are those that it hears a second time in this loop, `unanswered` the answers of the loop's own orders that
    did not come at once.
    """

    def __init__(self) -> None:
        self.again: tuple[VenueEvent, ...] = ()
        self.unanswered: list[Ack] = []
        self._cue = Cue(0)
        self._late: list[VenueEvent] = []
        self._mixed: list[tuple[Fault, VenueEvent]] = []
        self._twice: list[tuple[Fault, VenueEvent]] = []

    def begin(self, cue: Cue, meanwhile: Sequence[VenueEvent]) -> list[VenueEvent]:
        """A new loop: what comes late arrives, what was mixed up the last one first; then what has happened
        `meanwhile`, which the faults of the loop before still strike. An executor that starts with this loop hears
        nothing that was under way: its predecessor's connection is gone."""
        late, mixed, twice = self._late, self._mixed, self._twice
        self._late, self._mixed, self._twice, self.again = [], [], [], ()
        fresh = self.carry(meanwhile)
        self._cue, self.unanswered = cue, []
        if cue.starts:
            return fresh
        for number, (fault, _) in enumerate(mixed):
            if any(fault is other for other, _ in mixed[number + 1 :]):
                cue.acted.note(fault)
        for fault, _ in twice:
            cue.acted.note(fault)
        self.again = tuple([event for _, event in twice])
        return late + [event for _, event in reversed(mixed)] + fresh

    def carry(self, events: Sequence[E]) -> list[E]:
        """What of `events` the executor hears at once."""
        return [event for event in events if self._arrives(event)]

    def answer(self, ack: Ack) -> Ack | None:
        """The answer to an order, if it comes at once."""
        if self._arrives(ack):
            return ack
        self.unanswered.append(ack)
        return None

    def _arrives(self, event: VenueEvent) -> bool:
        fault = self._fault_of(event)
        if fault is None:
            return True
        how = fault.how
        if how == "duplicated":
            self._twice.append((fault, event))
            return True
        if how == "out_of_order":
            self._mixed.append((fault, event))
            return False
        self._cue.acted.note(fault)
        if how == "late":
            self._late.append(event)
        return False

    def _fault_of(self, event: VenueEvent) -> AckFault | FillFault | None:
        """The first fault that strikes the event's symbol."""
        kind = _STRUCK_BY.get(type(event))
        if kind is None or not isinstance(event, Ack | Fill):
            return None
        for fault in self._cue.faults:
            if isinstance(fault, kind) and fault.symbol in ("", event.order.symbol):
                return fault
        return None


_STRUCK_BY: Final[dict[type[VenueEvent], type[AckFault] | type[FillFault]]] = {Ack: AckFault, Fill: FillFault}
