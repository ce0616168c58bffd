"""What failed, as a CI shows it beside the lines of a pull request.

Comes in: outcomes, orphaned goldens. Goes out: `Note`s; workflow commands of GitHub or Azure Pipelines; a Code Quality
report for GitLab. May import `core`, `report`, `golden`, `judge` for their types.

Titles, names and values come from scenarios, which a stranger may have written: each form escapes all that it gives a
meaning to, so that a note is one command and never two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from simkit.core.canon import encode_sorted, pretty
from simkit.core.errors import PRECEDENCE
from simkit.core.hashing import digest
from simkit.report.outcome import failure_text
from simkit.report.plain import visible
from simkit.report.result import Outcome
from simkit.report.words import short

Form = Literal["github", "azure", "gitlab"]

#: What a CI shows of one note is short anyway.
_MESSAGE = 4000


class Note(Struct, frozen=True):
    """One thing to mend. `file` is relative to the repository; `line` counts from 1, `column` is 0 where there is
    none."""

    file: str
    line: int
    column: int
    title: str
    message: str


def notes(outcomes: Sequence[Outcome], orphans: Mapping[str, str], prefix: str = "") -> list[Note]:
    """One note per failing run, and one per mistake and broken expectation where the line is known; the gravest
    first. `orphans`: name -> file. `prefix` leads from the repository to the project (`sub/`, or empty)."""
    failed = sorted((o for o in outcomes if o.code), key=lambda outcome: PRECEDENCE.index(outcome.code))
    found = [note for outcome in failed for note in _of(outcome)]
    found += (
        Note(file, 1, 0, f"simkit: {name}: orphan", "this golden has no scenario; remove it: simkit prune")
        for name, file in orphans.items()
    )
    return [
        Note(
            visible(f"{prefix}{n.file}"),
            max(n.line, 1),
            n.column,
            visible(n.title),
            short(visible(n.message), _MESSAGE),
        )
        for n in found
    ]


def _of(outcome: Outcome) -> list[Note]:
    title = f"simkit: {outcome.name}: {outcome.word}"
    if outcome.mistakes:
        return [
            Note(m.file, m.line, m.column, title, f"{m.message}\n{m.hint}".rstrip()) for m in outcome.mistakes
        ]
    broken = outcome.judgement.broken if outcome.judgement is not None and outcome.is_broken else ()
    if broken:
        return [Note(outcome.file, b.line, b.column, title, b.message) for b in broken]
    body = failure_text(outcome).partition("\n")[2]
    return [Note(outcome.file, 1, 0, title, "\n".join(line[2:] for line in body.splitlines()) or title)]


def _escaped(text: str, signs: str) -> str:
    """`%XX` for each of `signs` that the text holds."""
    return "".join(f"%{ord(sign):02X}" if sign in signs else sign for sign in text)


def github(note: Note) -> str:
    """`::error file=...,line=...,title=...::message`, on one line."""
    column = f",col={note.column}" if note.column else ""
    file, title = (_escaped(text, "%\r\n:,") for text in (note.file, note.title))
    return f"::error file={file},line={note.line}{column},title={title}::" + _escaped(note.message, "%\r\n")


def azure(note: Note) -> str:
    """`##vso[task.logissue type=error;...]message`, on one line."""
    column = f"columnnumber={note.column};" if note.column else ""
    file = _escaped(note.file.replace("%", "%AZP25"), "\r\n;]")
    text = _escaped(f"{note.title}\n{note.message}".replace("%", "%AZP25"), "\r\n;]")
    return f"##vso[task.logissue type=error;sourcepath={file};linenumber={note.line};{column}]{text}"


def gitlab(found: Sequence[Note]) -> bytes:
    """A Code Quality report, the file that GitLab reads for its merge requests."""
    return pretty(
        encode_sorted(
            [
                {
                    "check_name": "simkit",
                    "description": f"{note.title}\n{note.message}",
                    "fingerprint": digest(f"{number} {note.file} {note.title}".encode()),
                    "location": {"lines": {"begin": note.line}, "path": note.file},
                    "severity": "major",
                }
                for number, note in enumerate(found)
            ]
        )
    )
