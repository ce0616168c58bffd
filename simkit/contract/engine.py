"""The contract engine: every rule over one loop after the other, in one pass.

Comes in: `Look`s in order. Goes out: one `Verdict` each. May import `contract`.

A rule whose files are absent or unreadable is not evaluated, with the reason; so is one that misses a value
it needs. A rule that raises anything else is a bug and is not hidden. A finding counts as its profile says.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from simkit.contract.finding import (
    RULES,
    Check,
    Finding,
    Found,
    LackingError,
    Memory,
    NotEvaluated,
    Outcome,
    Rule,
)
from simkit.contract.look import Look
from simkit.contract.profile import Profile, severity_of
from simkit.contract.view import view

_MAX_PLANS = 64


class Verdict(Struct, frozen=True, gc=False):
    """What one loop gave: findings, rules that could not look with the reason, and how many rules looked."""

    findings: tuple[Finding, ...]
    not_evaluated: tuple[tuple[str, str], ...]
    evaluated: int


class _Slot:
    """A rule, what it remembers and, where it depends on one part of the tree alone, its last outcome."""

    __slots__ = ("_is_file", "_outcome", "_part", "_seen", "_settings", "check", "memory", "rule")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.check = rule.check
        self.memory: Memory = {}
        self._part = rule.part
        self._is_file = rule.part in rule.reads
        self._seen: object = None
        self._settings: object = None
        self._outcome: tuple[Found, ...] | NotEvaluated = ()

    def check_part(self, look: Look, memory: Memory) -> Outcome:
        """The last outcome while what the rule depends on is the same object, else what it says now."""
        part = look.docs[self._part] if self._is_file else getattr(view(look), self._part)
        if part is self._seen and look.settings is self._settings and part is not None:
            return self._outcome
        try:
            outcome = self.check(look, memory)
        except LackingError as lacking:
            outcome = NotEvaluated(str(lacking))
        self._seen, self._settings = part, look.settings
        self._outcome = outcome if isinstance(outcome, NotEvaluated) else tuple(outcome)
        return self._outcome


class _Plan:
    """Which rules can look while this set of files is readable."""

    __slots__ = ("runnable", "skipped")

    def __init__(self, slots: list[_Slot], look: Look) -> None:
        self.runnable: list[tuple[Check, Memory, Rule]] = []
        self.skipped: list[tuple[str, str]] = []
        for slot in slots:
            absent = [stem for stem in slot.rule.reads if stem not in look.docs]
            if not absent:
                check = slot.check_part if slot.rule.part else slot.check
                self.runnable.append((check, slot.memory, slot.rule))
                continue
            reasons = [f"{stem} {look.unreadable.get(stem, 'is absent')}" for stem in absent]
            self.skipped.append((slot.rule.id, "; ".join(reasons)))


class Engine:
    """Judges one series of trees. `rules` defaults to all."""

    def __init__(self, rules: Iterable[Rule] | None = None, profile: Profile = "reference") -> None:
        self._profile: Profile = profile
        if rules is None:
            import simkit.contract.rules  # noqa: F401  (fills the registry)

            rules = RULES.values()
        self._slots = [_Slot(rule) for rule in rules]
        self.rules = tuple(slot.rule for slot in self._slots)
        self._plans: dict[tuple[object, ...], _Plan] = {}

    def look(self, look: Look) -> Verdict:
        """Judge one loop; call it once per loop, in order."""
        plan = self._plan(look)
        findings: list[Finding] = []
        skipped = plan.skipped
        mute: list[tuple[str, str]] = []
        for check, memory, rule in plan.runnable:
            try:
                outcome = check(look, memory)
            except LackingError as lacking:
                mute.append((rule.id, str(lacking)))
                continue
            if not outcome:
                continue
            if isinstance(outcome, NotEvaluated):
                mute.append((rule.id, outcome.reason))
                continue
            findings += [self._judged(rule, look.loop, f) for f in outcome]
        return Verdict(tuple(findings), (*skipped, *mute), len(plan.runnable) - len(mute))

    def _judged(self, rule: Rule, loop: int, what: Found) -> Finding:
        tier = what.tier or rule.tier
        severity = severity_of(tier, rule.severity, self._profile)
        return Finding(rule.id, loop, tier, severity, what.stem, what.path, what.value, what.message)

    def _plan(self, look: Look) -> _Plan:
        key = (*look.docs, *look.unreadable.items()) if look.unreadable else tuple(look.docs)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= _MAX_PLANS:
                self._plans.clear()
            plan = self._plans[key] = _Plan(self._slots, look)
        return plan
