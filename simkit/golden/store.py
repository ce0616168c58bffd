"""The folder of goldens: what stands there, whether it is as it was accepted, and its running hashes.

Comes in: a golden folder, or the root of all. Goes out: `Golden`, what was edited by hand, `ExpectedRun`. May
import `core`, `trace` and `golden.history`. Writes nothing, except where `recover` says so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from simkit.core.canon import encode_sorted, pretty
from simkit.core.errors import SimkitError
from simkit.core.files import read_bytes, recover_folder, remove_tree, standing, walk
from simkit.core.hashing import Running, digest
from simkit.golden.history import HISTORY, raw_lines, running_of
from simkit.trace.recorder import ExpectedRun

GOLDEN = "golden.json"
REASONS = "reasons.jsonl"
FORMAT = 1

#: Lines that git leaves in a file with a merge conflict.
_CONFLICT = (b"<<<<<<< ", b"||||||| ", b">>>>>>> ")
#: The problem of an `Edit` with such lines.
CONFLICT = "holds the marks of a merge conflict"


class Golden(Struct, frozen=True, forbid_unknown_fields=True):
    """`golden.json`. `scenario` is the hash of the expanded scenario, `running` the last running hash,
    `files` the digest of every other file of the folder but `reasons.jsonl`, `seal` the digest of all
    this."""

    contract: str
    executor: str
    files: dict[str, str]
    format: int
    loops: int
    running: str
    scenario: str
    seed: int
    unseed: str
    seal: str = ""

    def sealed(self) -> Golden:
        """The same with the seal that belongs to it."""
        bare = msgspec.structs.replace(self, seal="")
        return msgspec.structs.replace(self, seal=digest(encode_sorted(bare)))


class Format(Struct):
    """The one field that tells which simkit can read the rest."""

    format: int


class Edit(Struct, frozen=True):
    """A file of a golden that is not as it was accepted. `file` is relative to the golden's folder."""

    file: str
    problem: str

    @property
    def is_conflict(self) -> bool:
        """True for a file that git could not merge and that nobody has decided."""
        return self.problem == CONFLICT


class Reason(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One acceptance. `kind`: new, intended, fixed, format or removed; `date` UTC; running hashes from -> to,
    `from_` empty for the first, `to` empty for a removal. `name` stands in the ledger of removals only."""

    date: str
    from_: str = msgspec.field(name="from")
    kind: str
    name: str = ""
    reason: str
    to: str


def encode_golden(golden: Golden) -> bytes:
    """The bytes of `golden.json`."""
    return pretty(encode_sorted(golden))


def _unix(data: bytes) -> bytes:
    """Line ends as they were accepted: a checkout may have changed them."""
    return data.replace(b"\r\n", b"\n")


def read_golden(folder: Path) -> Golden | Edit | None:
    """`golden.json` of a folder; None when there is none; an `Edit` when it is not as simkit wrote it."""
    data = read_bytes(folder / GOLDEN)
    return None if data is None else parse_golden(data)


def parse_golden(data: bytes) -> Golden | Edit:
    """The content of a `golden.json`; an `Edit` when it is not as simkit wrote it."""
    if _has_conflict(data):
        return Edit(GOLDEN, CONFLICT)
    try:
        written = msgspec.json.decode(data, type=Format).format
        if written != FORMAT:
            return Edit(GOLDEN, f"is of format {written}, this simkit reads {FORMAT}: accept it anew")
        golden = msgspec.json.decode(data, type=Golden)
    except ValueError as problem:
        return Edit(GOLDEN, f"cannot be read: {problem}")
    if golden.sealed().seal != golden.seal:
        return Edit(GOLDEN, "was edited by hand: its seal does not fit")
    return golden


def _has_conflict(data: bytes) -> bool:
    return any(data.startswith(mark) or b"\n" + mark in data for mark in _CONFLICT)


def edits(folder: Path, golden: Golden) -> tuple[Edit, ...]:
    """Every file of the golden that is not as it was accepted: by digest, so the content is not decoded.

    Files whose name begins with a dot are nobody's business, unless the run itself left them (`.tmp_*`).
    """
    found: list[Edit] = []
    present = frozenset(
        path for path in walk(folder) if path in golden.files or not path.rpartition("/")[2].startswith(".")
    )
    for path in sorted(golden.files.keys() - present):
        found.append(Edit(path, "is missing"))
    for path in sorted(present - golden.files.keys()):
        if path not in (GOLDEN, REASONS):
            found.append(Edit(path, "is no part of the golden"))
    for path, accepted in golden.files.items():
        data = read_bytes(folder / path) if path in present else None
        if data is None or digest(data) == accepted or digest(_unix(data)) == accepted:
            continue
        found.append(Edit(path, CONFLICT if _has_conflict(data) else "was edited by hand"))
    if (problem := _bad_reason(folder)) is not None:
        found.append(Edit(REASONS, problem))
    return tuple(found)


def _bad_reason(folder: Path) -> str | None:
    """Reasons are merged line by line by git, so they have no digest; each line must still be one."""
    if _has_conflict(read_bytes(folder / REASONS) or b""):
        return CONFLICT
    try:
        read_reasons(folder / REASONS)
    except SimkitError as problem:
        return str(problem).partition(": ")[2]
    return None


def read_reasons(file: Path) -> tuple[Reason, ...]:
    """The acceptances so far, oldest first. Raises SimkitError on a line that is none."""
    return _parse_reasons(file, read_bytes(file) or b"")


def _parse_reasons(file: Path, data: bytes) -> tuple[Reason, ...]:
    found = []
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            try:
                found.append(msgspec.json.decode(line, type=Reason))
            except ValueError as problem:
                raise SimkitError(f"{file}: line {number} is no reason: {problem}") from problem
    return tuple(found)


def merged_reasons(file: Path) -> bytes:
    """The ledger as it goes on: both sides of a merge conflict stay, its marks do not. Raises SimkitError on a
    line that is no reason, OSError."""
    data = _unix(read_bytes(file) or b"")
    if _has_conflict(data):
        kept = [line for line in data.splitlines(True) if not _is_mark(line)]
        data = b"".join(dict.fromkeys(kept))
    _parse_reasons(file, data)
    return data if not data or data.endswith(b"\n") else data + b"\n"


def _is_mark(line: bytes) -> bool:
    return line.startswith(_CONFLICT) or line.rstrip() == b"======="


def expected_run(folder: Path) -> ExpectedRun | None:
    """The running hashes of an accepted run; None when there is no golden or its history is not as accepted.

    Without one the whole run is kept, so that a damaged golden can be accepted anew.
    """
    folder = standing(folder)
    golden = read_golden(folder)
    if not isinstance(golden, Golden):
        return None
    lines = _Hashed(folder / HISTORY)
    try:
        running = running_of(lines)
    except (FileNotFoundError, ValueError):
        return None
    return ExpectedRun(running) if lines.digest() == golden.files.get(HISTORY) else None


class _Hashed:
    """The lines of a history, hashed as they pass, so that a long one never lies in memory."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._hash = Running()

    def __iter__(self) -> Iterator[bytes]:
        for line in raw_lines(self._file):
            self._hash.update(line)
            yield line

    def digest(self) -> str:
        return self._hash.hexdigest()


def is_golden(folder: Path) -> bool:
    """True for a folder with a `golden.json`."""
    return (folder / GOLDEN).is_file()


def goldens(root: Path) -> tuple[str, ...]:
    """The names (`family/id@variant`) of all goldens below `root`, sorted."""
    return tuple(sorted(_goldens(root, "")))


def _goldens(folder: Path, name: str) -> Iterator[str]:
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        names = sorted((entry.name, entry.is_dir()) for entry in entries)
    if (GOLDEN, False) in names:
        yield name
        return
    for child, is_folder in names:
        if is_folder and not child.startswith("."):
            yield from _goldens(folder / child, f"{name}/{child}" if name else child)


def orphans(root: Path, scenarios: Iterable[str]) -> tuple[str, ...]:
    """Goldens without a scenario; `scenarios` are the names of all runs of the project, not only those
    selected."""
    return tuple(sorted(frozenset(goldens(root)) - frozenset(scenarios)))


def missing(root: Path, scenarios: Iterable[str]) -> tuple[str, ...]:
    """Scenarios without a golden."""
    return tuple(sorted(frozenset(scenarios) - frozenset(goldens(root))))


def recover(root: Path, keep: Callable[[int], bool] = lambda process: False) -> None:
    """Undo or finish every swap below `root` that was killed half way, and drop half-built folders but those of
    processes that `keep` holds true for.

    Writes; so it is called by who holds the folder alone. Raises OSError.
    """
    for base, folders, _ in os.walk(root):
        for name in sorted(folders):
            if name.startswith(".old_"):
                recover_folder(Path(base) / name.removeprefix(".old_"))
            elif name.startswith(".new_"):
                owner = name.rpartition(".")[2]
                if not (owner.isdigit() and keep(int(owner))):
                    remove_tree(Path(base) / name)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
