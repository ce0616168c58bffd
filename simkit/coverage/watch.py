"""What one run touches: the recorded looks of a run, boiled down.

Comes in: the looks of a run, in order. Goes out: `Seen`. May import `contract` and `judge.spans`. Memory is
flat in the number of loops.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from simkit.contract.catalogue import in_order
from simkit.contract.finding import Memory
from simkit.contract.look import Look
from simkit.contract.rules.risk import state_word
from simkit.contract.values import num, obj
from simkit.coverage.items import Item, arrow
from simkit.coverage.movement import Movement, Places
from simkit.coverage.steps import Near, Stepper, ask
from simkit.judge.spans import Spans

#: Loops of a run that are tried for steps because something happened in them, beyond those that are planned.
EVENTFUL: Final = 4


class Fired(Struct, frozen=True):
    """A rule and the first and last loops of the spans in which it fired."""

    rule: str
    loops: tuple[tuple[int, int], ...]


class Seen(Struct, frozen=True):
    """What one run touched. `moved` are fields by pattern, `constant` those with one value, with it by place;
    `touched` all other items but rules. `sampled` are the loops whose trees were changed, `edits` the changes.
    """

    scenario: str
    loops: int
    moved: tuple[str, ...]
    constant: dict[str, Places]
    touched: tuple[Item, ...]
    evaluated: tuple[str, ...]
    fired: tuple[Fired, ...]
    near: tuple[Near, ...]
    sampled: tuple[int, ...]
    edits: int


class Watch:
    """Watches one run. `planned` are the loops to try for steps."""

    def __init__(self, scenario: str, planned: frozenset[int]) -> None:
        self._scenario = scenario
        self._planned = planned
        self._eventful = 0
        self._rules = in_order()
        self._memories: dict[str, Memory] = {rule.id: {} for rule in self._rules}
        self._movement = Movement()
        self._stepper = Stepper()
        self._touched: dict[Item, None] = {}
        self._evaluated: dict[str, None] = {}
        self._fired: dict[str, Spans] = {}
        self._sampled: list[int] = []
        self._loops = 0

    def look(self, look: Look) -> None:
        """Take one loop."""
        self._loops = look.loop
        self._movement.look(look)
        for item in touched_in(look):
            self._touched[item] = None
        silent = self._judged(look)
        if self._is_sampled(look):
            self._sampled.append(look.loop)
            self._stepper.look(look, silent, self._memories)

    def _judged(self, look: Look) -> list[str]:
        """Ask every rule; those that looked and found nothing."""
        silent: list[str] = []
        for rule in self._rules:
            found = ask(rule, look, self._memories[rule.id])
            if found is None:
                continue
            self._evaluated[rule.id] = None
            if found:
                self._fired.setdefault(rule.id, Spans()).add(look.loop)
            else:
                silent.append(rule.id)
        return silent

    def _is_sampled(self, look: Look) -> bool:
        if look.loop in self._planned:
            return True
        if self._eventful < EVENTFUL and _is_eventful(look):
            self._eventful += 1
            return True
        return False

    def seen(self) -> Seen:
        """What was touched so far."""
        movement, stepper = self._movement, self._stepper
        fired = {
            rule: tuple((span.first, span.last) for span in spans.ranges())
            for rule, spans in self._fired.items()
        }
        order = [rule.id for rule in self._rules]
        words = [Item("word", word) for word in movement.words]
        return Seen(
            scenario=self._scenario,
            loops=self._loops,
            moved=tuple(sorted(movement.moved)),
            constant={pattern: movement.constant[pattern] for pattern in sorted(movement.constant)},
            touched=tuple(sorted([*self._touched, *words])),
            evaluated=tuple(rule for rule in order if rule in self._evaluated),
            fired=tuple(Fired(rule, fired[rule]) for rule in order if rule in fired),
            near=tuple(stepper.near[rule] for rule in order if rule in stepper.near),
            sampled=tuple(self._sampled),
            edits=stepper.edits,
        )


def touched_in(look: Look) -> Iterator[Item]:
    """The transition, mismatch kinds, anomalies, veto reasons and quality counts of one loop."""
    docs = look.docs
    risk, runtime = docs.get("risk_snapshot", {}), obj(docs.get("diagnostics", {}).get("runtime_diagnostics"))
    if look.before is not None:
        was, now = state_word(look.before.docs.get("risk_snapshot", {})), state_word(risk)
        if was is not None and now is not None and was != now:
            yield Item("transition", arrow(was, now))
    for kind in _positive(obj(runtime.get("exit_pipeline")).get("mismatch_breakdown")):
        yield Item("mismatch", kind)
    for name, content in obj(risk.get("anomalies")).items():
        if content:
            yield Item("anomaly", name)
    for reason in _positive(obj(runtime.get("veto_counters")).get("by_reason")):
        yield Item("veto", reason)
    for quality in _positive(obj(docs.get("router_health", {}).get("summary")).get("quality_counts")):
        yield Item("quality", quality)


def _positive(counts: Any) -> list[str]:
    return [name for name, count in obj(counts).items() if (num(count) or 0) > 0]


def _is_eventful(look: Look) -> bool:
    """Something was sent, filled, refused or booked, or an executor started."""
    truth = look.truth
    if truth is None:
        return False
    return bool(
        truth.signals
        or truth.orders
        or truth.fills
        or truth.vetoes
        or truth.exits
        or truth.flows
        or truth.new_run
    )
