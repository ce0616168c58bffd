"""What a sanitized run comes to: findings by surface, what could not be observed, the child's exit code.

Comes in: findings and counts. Goes out: text, JSON, one exit code. May import `core`.
"""

from __future__ import annotations

import shlex
from typing import Literal

import msgspec
from msgspec import Struct

from simkit.core.errors import Exit

FindingKind = Literal[
    "non_atomic",
    "second_writer",
    "wrong_owner",
    "late",
    "missing",
    "time_back",
    "time_same",
    "ahead_of_nav",
    "invalid",
    "deleted",
    "left_over",
    "unregistered",
    "changed_unseen",
    "nothing_seen",
]


class SanitizerFinding(Struct, frozen=True):
    """One thing that a process did to the state folder, `count` times. `rule` is the INV-* that it breaks, ""
    where none fits; severity W does not turn the run red. `place` is file:line of the executor's code."""

    kind: FindingKind
    rule: str
    severity: Literal["E", "W"]
    path: str
    message: str
    process: str
    place: str
    count: int

    def text(self) -> str:
        """One line without the path."""
        times = f" ({self.count} times)" if self.count > 1 else ""
        by = " at ".join(part for part in (self.process, self.place) if part)
        word = "" if self.severity == "E" else "warning: "
        return f"{self.rule or '-':9} {self.kind:14} {word}{self.message}{times}" + (f"; {by}" if by else "")


class Report(Struct, frozen=True):
    """One sanitized run. `returncode` is the child's, negative for a signal; `writes` counts by path."""

    command: tuple[str, ...]
    returncode: int
    interrupted: bool
    state: str
    manifest: str
    processes: tuple[str, ...]
    writes: dict[str, int]
    findings: tuple[SanitizerFinding, ...]
    not_observable: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether there is no finding but warnings."""
        return all(finding.severity == "W" for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """2 with findings, else what the child gave (128 + n when signal n ended it)."""
        if not self.clean:
            return Exit.BROKEN
        return self.returncode if self.returncode >= 0 else 128 - self.returncode

    def of(self, kind: FindingKind) -> list[SanitizerFinding]:
        """The findings of one kind."""
        return [finding for finding in self.findings if finding.kind == kind]

    def text(self) -> str:
        """The report by surface."""
        lines = [f"sanitized: {shlex.join(self.command)}", f"state folder {self.state}, {self.manifest}"]
        for path in sorted({finding.path for finding in self.findings}):
            lines += ["", path or "(the run)"]
            lines += [f"  {finding.text()}" for finding in self.findings if finding.path == path]
        for title, words in (("not observable", self.not_observable), ("notes", self.notes)):
            if words:
                lines += ["", title, *(f"  {line}" for line in words)]
        return "\n".join([*lines, "", self.summary()])

    def summary(self) -> str:
        """The last line."""
        errors = len([finding for finding in self.findings if finding.severity == "E"])
        code = self.returncode
        ended = f"exit code {code}" if code >= 0 else f"ended by signal {-code}"
        count = len(self.processes)
        return (
            f"{errors or 'no'} finding{'' if errors == 1 else 's'}; "
            f"{sum(self.writes.values())} writes to {len(self.writes)} surfaces "
            f"by {count} observed process{'' if count == 1 else 'es'}; the command: {ended}"
        )

    def json(self) -> bytes:
        """Everything as one JSON document."""
        about = {"clean": self.clean, "exit_code": int(self.exit_code)}
        return msgspec.json.encode({**msgspec.structs.asdict(self), **about}, order="sorted")
