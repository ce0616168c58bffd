"""The judges of a run: contract rules, expectations, and the findings that a scenario lists.

Comes in: one `LoopRecord` per loop. Goes out: one `Judgement`. May import `core`, `contract`,
`scenario.model` and `trace`. A judge never mutates and never raises on what an executor published; its
memory is flat.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from simkit.contract.build import Looks
from simkit.contract.dialect import Dialect
from simkit.contract.engine import Engine
from simkit.contract.finding import RULES, Finding
from simkit.contract.interpreter import Interpreter
from simkit.core.acted import Acted
from simkit.judge.broken import Broken, expectations, not_converged, silent, unexpected, without_effect
from simkit.judge.converge import Convergence
from simkit.judge.expect import Expectations
from simkit.judge.spans import Spans, merged, spelled, without
from simkit.judge.truth import Loader, Witness
from simkit.scenario.model import Fault, Loops, Scenario, SyncLate, Where
from simkit.trace.record import LoopRecord

#: Findings kept one by one; the tallies count all of them.
MOST_FINDINGS = 200
#: Reasons of rules that were not evaluated, kept one by one.
_MOST_REASONS = 400
_NOTHING: Acted[Fault] = Acted()


class Tally(Struct, frozen=True):
    """One rule over the run: how many findings in which loops, and the first of them."""

    rule: str
    severity: Literal["E", "W"]
    count: int
    loops: tuple[Loops, ...]
    first: Finding


class Unseen(Struct, frozen=True):
    """A rule that could not look in these loops, and why."""

    rule: str
    reason: str
    loops: tuple[Loops, ...]


class Judgement(Struct, frozen=True):
    """The result of a run. `findings` are the first ones, `tallies` all of them by rule, errors and warnings.

    `warnings` are the tallies of rules of severity W; `evaluated` counts rules times loops that could look.
    `without_effect` are the faults that changed nothing.
    """

    loops: int
    findings: tuple[Finding, ...]
    tallies: tuple[Tally, ...]
    broken: tuple[Broken, ...]
    warnings: tuple[Tally, ...]
    evaluated: int
    not_evaluated: tuple[Unseen, ...]
    without_effect: tuple[Fault, ...] = ()

    @property
    def ok(self) -> bool:
        """True when nothing is broken: every error-level finding is listed, every listed one fired, every
        expectation holds, every fault did something, and after the storm all is well in time."""
        return not self.broken

    @property
    def only_not_converged(self) -> bool:
        """True when nothing is broken but that the calm did not come in time."""
        return bool(self.broken) and all(broken.kind == "not converged" for broken in self.broken)

    @property
    def first_loop(self) -> int | None:
        """The first loop in which something is broken."""
        return min((broken.loops[0].first for broken in self.broken if broken.loops), default=None)


class _Counting:
    """The findings of one rule while the run goes on."""

    __slots__ = ("count", "first", "spans")

    def __init__(self, first: Finding) -> None:
        self.first = first
        self.spans = Spans()
        self.count = 0


class Judges:
    """Judges one run of a scenario, loop by loop, in the `dialect` of the executor where it writes one.

    `loader`: how the dashboard reads a file, where that is not the contract's own way.
    """

    def __init__(
        self, scenario: Scenario, dialect: Dialect | None = None, loader: Loader | None = None
    ) -> None:
        self._scenario = scenario
        self._engine = Engine()
        self._looks = Looks()
        self._interpreter = Interpreter(dialect) if dialect is not None else None
        self._witness = Witness(scenario, loader)
        self._expectations = Expectations(scenario.expect, scenario.clock)
        calm = scenario.converge
        self._convergence = Convergence(calm, scenario.clock) if calm is not None else None
        self._findings: list[Finding] = []
        self._counts: dict[str, _Counting] = {}
        self._unseen: dict[tuple[str, str], Spans] = {}
        self._evaluated = 0
        self._loops = 0

    def loop(self, record: LoopRecord) -> None:
        """Judge one loop, after its sync."""
        loop = self._loops = record.loop
        look = self._looks.next(
            loop, record.ts, record.settings, record.tree, writes=record.writes,
            truth=self._witness.truth(record), until=self._until(record),
        )  # fmt: skip
        interpreter = self._interpreter
        if interpreter is not None:
            interpreter.hear(look)
        verdict = self._engine.look(look)
        self._evaluated += verdict.evaluated
        for finding in verdict.findings:
            self._count(finding if interpreter is None else interpreter.as_written(finding), loop)
        for key in verdict.not_evaluated:
            spans = self._unseen.get(key)
            if spans is None:
                if len(self._unseen) >= _MOST_REASONS:
                    continue
                spans = self._unseen[key] = Spans()
            spans.add(loop)
        before = look.before.docs if look.before is not None else {}
        self._expectations.judge(loop, look.docs, before)
        if self._convergence is not None:
            self._convergence.judge(look)

    def _until(self, record: LoopRecord) -> int:
        """When the last file of the loop is written: by sync_state, be it late."""
        until = record.ts + self._scenario.clock.sync_phase_us
        return until + sum([fault.delay_us for fault in record.faults if isinstance(fault, SyncLate)])  # ints

    def _count(self, finding: Finding, loop: int) -> None:
        if len(self._findings) < MOST_FINDINGS:
            self._findings.append(finding)
        counting = self._counts.get(finding.rule)
        if counting is None:
            counting = self._counts[finding.rule] = _Counting(finding)
        counting.count += 1
        counting.spans.add(loop)

    def finish(self, acted: Acted[Fault] = _NOTHING) -> Judgement:
        """The judgement of the loops seen so far; `acted` knows which faults changed something."""
        tallies = [
            Tally(rule, counting.first.severity, counting.count, counting.spans.ranges(), counting.first)
            for rule, counting in self._counts.items()
        ]
        order = {rule: index for index, rule in enumerate(RULES)}
        tallies.sort(key=lambda tally: (tally.loops[0].first, order.get(tally.rule, 0)))
        broken = [
            *self._findings_broken(tallies), *expectations(self._expectations.broken(), self._scenario.file),
            *without_effect(self._scenario, acted, self._loops), *self._lagging(),
        ]  # fmt: skip
        return Judgement(
            loops=self._loops,
            findings=tuple(self._findings),
            tallies=tuple(tallies),
            broken=tuple(broken),
            warnings=tuple(tally for tally in tallies if tally.severity == "W"),
            evaluated=self._evaluated,
            not_evaluated=tuple(
                Unseen(rule, reason, spans.ranges()) for (rule, reason), spans in self._unseen.items()
            ),
            without_effect=acted.without_effect,
        )

    def _findings_broken(self, tallies: list[Tally]) -> list[Broken]:
        """The error-level findings against the listed ones: exactly these rules in exactly these loops."""
        scenario, last = self._scenario, self._loops
        listed: dict[str, list[Loops]] = {}
        places: dict[str, Where] = {}
        for expected in scenario.findings:
            listed.setdefault(expected.rule, []).extend(expected.loops)
            places.setdefault(expected.rule, expected.where)
        out: list[Broken] = []
        for tally in tallies:
            if tally.severity == "W":
                continue
            more = without(tally.loops, merged(listed.get(tally.rule, ()), last))
            if more:
                first = self._finding(tally, more[0].first)
                out.append(unexpected(tally.rule, first, more, scenario.file, places.get(tally.rule)))
        fired = {tally.rule: tally.loops for tally in tallies if tally.severity == "E"}
        for rule, spans in listed.items():
            fewer = without(merged(spans, last), fired.get(rule, ()))
            if fewer:
                out.append(silent(rule, fewer, scenario.file, places[rule], self._why_silent(rule)))
        return out

    def _finding(self, tally: Tally, loop: int) -> Finding:
        """The finding of that rule in that loop while it is kept, else the first one."""
        kept = (found for found in self._findings if found.rule == tally.rule and found.loop == loop)
        return next(kept, tally.first)

    def _why_silent(self, rule: str) -> str:
        if rule not in RULES:
            return "no rule has this id"
        if RULES[rule].severity == "W":
            return "a rule of severity W warns and is no finding"
        for (unseen, reason), spans in self._unseen.items():
            if unseen == rule:
                return f"it was not evaluated in {spelled(spans.ranges())}: {reason}"
        return f"the tree satisfies it: {RULES[rule].statement}"

    def _lagging(self) -> list[Broken]:
        calm = self._scenario.converge
        if self._convergence is None or calm is None:
            return []
        return not_converged(self._convergence.lagging(), calm, self._scenario.file)
