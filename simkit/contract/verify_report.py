"""What a verification found: one value, for programs and for `simkit.report.verify`.

Comes in: nothing. Goes out: `Report`, `Violation`. May import `contract`.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from simkit.contract.finding import Severity, Tier
from simkit.contract.foreign import Reading
from simkit.contract.profile import Profile


class Violation(Struct, frozen=True, gc=False):
    """One rule broken at one place. `path` and `value` are those of the user's file; `first` and `last` are
    the numbers of the trees, from 1, in which it was found, `count` in how many."""

    rule: str
    tier: Tier
    severity: Severity
    surface: str
    file: str
    path: str
    value: str
    message: str
    first: int
    last: int
    count: int

    def again(self, tree: int) -> Violation:
        """The same, also in that tree."""
        return replace(self, last=tree, count=self.count + 1)


class Report(Struct, frozen=True):
    """The result of `verify`.

    `clock` is the time that files were compared with, that of the newest surface unless `clock_given`.
    `further`: violations beyond those kept. `evaluated` are the rules that could look at one tree at least,
    `not_evaluated` the others with the reason. `present` and `absent` are the eleven surfaces of the last
    tree; `unread` are files that nobody could read and that may be sound.
    """

    profile: Profile
    place: str
    trees: int
    clock: str
    clock_given: bool
    violations: tuple[Violation, ...]
    further: int
    readings: tuple[Reading, ...]
    not_evaluated: tuple[tuple[str, str], ...]
    evaluated: tuple[str, ...]
    present: tuple[str, ...]
    absent: tuple[str, ...]
    unread: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]

    @property
    def errors(self) -> tuple[Violation, ...]:
        """What is broken under this profile."""
        return tuple(violation for violation in self.violations if violation.severity == "E")

    @property
    def warnings(self) -> tuple[Violation, ...]:
        """What is only worth a look."""
        return tuple(violation for violation in self.violations if violation.severity == "W")

    @property
    def ok(self) -> bool:
        """True when no rule of the profile is broken. What could not be read is in `unread`."""
        return not self.errors
