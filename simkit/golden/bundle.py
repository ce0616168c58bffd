"""Results that wait, in one file: a CI leaves it, a developer's machine accepts exactly what is in it.

Comes in: a project with pending results; a bundle from anywhere. Goes out: the bundle; goldens. May import `core`,
`contract.table`, `trace` and `golden.*`.

A bundle is an archive (core/archive.py) of `bundle.json` and, for each result, the files of its candidate below
`golden/<name>/`. The same results give the same bytes. Nothing in it is believed: its form, its names and sizes, its
versions, that it belongs to the scenarios that stand here, and that every file follows from the history beside it. The
golden is then built from that history, and no byte of it comes out of the bundle unread. Until all of this is done for
all results, nothing is written but a folder below the work folder that goes away again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from simkit import __version__
from simkit.contract.table import CONTRACT_VERSION
from simkit.core import archive, files
from simkit.core.archive import Archive, refused
from simkit.core.canon import encode_sorted, pretty
from simkit.core.errors import Exit, SimkitError
from simkit.core.hashing import Running
from simkit.core.project import Project
from simkit.core.scratch import scratch_folder
from simkit.golden import pending, store
from simkit.golden.history import HISTORY, Work, raw_lines, verify_history
from simkit.golden.store import GOLDEN, Edit, Golden
from simkit.golden.write import Identity, build
from simkit.trace.recorder import Recording, Summary

MANIFEST = "bundle.json"
FORMAT = 1
_PLACE = "golden/"
_TEXT_BYTES = 8 << 20
#: Bytes of documents that all histories of one bundle may speak of.
_WORK = 8 << 30
#: What a history that nobody vouches for can make its readers raise.
_NONSENSE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)

Kind = Literal["new", "intended", "format"]


class Result(Struct, frozen=True, forbid_unknown_fields=True):
    """One result of a bundle: the run's name, the usual kind of its acceptance, and the running hash of the golden that
    it differs from (empty: there was none that could be read)."""

    name: str
    kind: Kind
    before: str


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """`bundle.json`."""

    contract: str
    format: int
    results: tuple[Result, ...]
    simkit: str


class Standing(Struct, frozen=True):
    """What a scenario of this project is now: the hash of the expanded scenario, its checkpoints, the name of the
    executor that plays it."""

    fingerprint: str
    checkpoints: tuple[int, ...]
    executor: str


class Ready(Struct, frozen=True):
    """A result that was found good. `folder` holds its golden, complete; `same`: it stands here already."""

    name: str
    kind: Kind
    folder: Path
    same: bool


def leave(project: Project, target: Path, results: Sequence[tuple[str, str]]) -> int:
    """Write the pending results (name and kind) of a check into the bundle `target`; how many they are. Without one an
    older bundle goes away. Raises SimkitError when they are too large, OSError."""
    waiting = [(n, kind) for n, kind in sorted(results) if store.is_golden(project.pending_of(n))]
    if not waiting:
        target.unlink(missing_ok=True)
        return 0
    told = tuple(
        Result(name, msgspec.convert(kind, Kind), _running(project.golden_of(name))) for name, kind in waiting
    )
    members: list[tuple[str, bytes | Path]] = [
        (MANIFEST, pretty(encode_sorted(Manifest(CONTRACT_VERSION, FORMAT, told, __version__))))
    ]
    for name, _ in waiting:
        folder = project.pending_of(name)
        members += ((f"{_PLACE}{name}/{path}", folder / path) for path in files.walk(folder))
    archive.pack(target, members)
    return len(waiting)


def _running(folder: Path) -> str:
    golden = store.read_golden(files.standing(folder))
    return golden.running if isinstance(golden, Golden) else ""


@contextmanager
def examined(
    project: Project,
    bundle: Path,
    only: Sequence[str],
    standing_of: Callable[[str], Standing | None],
) -> Iterator[tuple[Ready, ...]]:
    """The results of a bundle (those named in `only`, or all), each as a golden in a folder that lasts as long as the
    `with`. `standing_of` tells what a name is in this project, None when it is no run that has a golden.

    Raises SimkitError for a bundle that is refused, whole, with every reason for it; OSError.
    """
    with archive.opened(bundle) as box:
        manifest = _manifest(bundle, box)
        members = _by_result(bundle, box, manifest)
        if strangers := sorted(frozenset(only) - members.keys()):
            raise SimkitError(
                f"{bundle}: holds no result for {', '.join(strangers)}; it has {_names(members)}"
            )
        wanted = [result for result in manifest.results if not only or result.name in only]
        goldens = {result.name: _golden(bundle, box, result.name, members[result.name]) for result in wanted}
        standing = {result.name: standing_of(result.name) for result in wanted}
        mismatches = [
            *_other_versions(manifest),
            *(line for r in wanted for line in _misfits(project, r, goldens[r.name], standing[r.name])),
        ]
        if mismatches:
            text = "\n".join(f"  {line}" for line in mismatches)
            raise SimkitError(f"{bundle}: refused, and nothing was written:\n{text}", Exit.GOLDEN_MISSING)
        with scratch_folder(project.work, ram=False) as folder:
            work, ready = Work(_WORK), []
            for number, result in enumerate(wanted):
                golden, now = goldens[result.name], standing[result.name]
                assert now is not None
                place = folder / str(number)
                _rebuild(bundle, box, result.name, golden, now, place, work)
                ready.append(Ready(result.name, result.kind, place, _stands(project, result.name, golden)))
            yield tuple(ready)


def _names(members: Mapping[str, object]) -> str:
    names = list(members)
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _manifest(bundle: Path, box: Archive) -> Manifest:
    if MANIFEST not in box.sizes:
        raise refused(bundle, f"it is no bundle of simkit: it has no {MANIFEST}")
    data = box.read(MANIFEST, _TEXT_BYTES)
    try:
        written = msgspec.json.decode(data, type=store.Format).format
        if written != FORMAT:
            raise refused(bundle, f"it is of format {written}, this simkit reads {FORMAT}")
        manifest = msgspec.json.decode(data, type=Manifest)
    except (ValueError, RecursionError) as problem:
        raise refused(bundle, f"{MANIFEST} cannot be read: {problem}") from problem
    names = [result.name for result in manifest.results]
    for name in names:
        if (wrong := archive.wrong_path(name)) is not None:
            raise refused(bundle, f"{MANIFEST}: the name {ascii(name)[:100]} {wrong}")
    if len(frozenset(names)) < len(names):
        raise refused(bundle, f"{MANIFEST} names a result twice")
    return manifest


def _by_result(bundle: Path, box: Archive, manifest: Manifest) -> dict[str, dict[str, str]]:
    """For every result its files: path in the golden -> member. Every member must belong to one result."""
    found: dict[str, dict[str, str]] = {result.name: {} for result in manifest.results}
    for member in box.sizes:
        if member == MANIFEST:
            continue
        inner = member.removeprefix(_PLACE) if member.startswith(_PLACE) else ""
        cuts = [place for place, sign in enumerate(inner) if sign == "/"]
        owners = [cut for cut in cuts if inner[:cut] in found]
        if len(owners) != 1:
            raise refused(bundle, f"{ascii(member)[:100]} belongs to no result that {MANIFEST} names")
        found[inner[: owners[0]]][inner[owners[0] + 1 :]] = member
    return found


def _golden(bundle: Path, box: Archive, name: str, members: Mapping[str, str]) -> Golden:
    """The `golden.json` of a result, when it and the files beside it are the ones that it tells of."""
    for needed in (GOLDEN, HISTORY):
        if needed not in members:
            raise refused(bundle, f"{name} has no {needed}")
    golden = store.parse_golden(box.read(members[GOLDEN], _TEXT_BYTES))
    if isinstance(golden, Edit):
        raise refused(bundle, f"{name}: {GOLDEN} {golden.problem}")
    wrong = sorted((golden.files.keys() | {GOLDEN}) ^ members.keys())
    if wrong:
        raise refused(bundle, f"{name}: {ascii(wrong[0])[:100]} is in one of {GOLDEN} and the bundle only")
    for path, accepted in golden.files.items():
        hashed = Running()
        for part in box.parts(members[path]):
            hashed.update(part)
        if hashed.hexdigest() != accepted:
            raise refused(bundle, f"{name}: {path} is not what {GOLDEN} says")
    return golden


def _other_versions(manifest: Manifest) -> Iterator[str]:
    if manifest.simkit != __version__:
        yield (
            f"simkit: it was made by {manifest.simkit[:40]!r}, this is {__version__}; install the same, or run "
            "simkit check here and accept that"
        )
    if manifest.contract != CONTRACT_VERSION:
        yield f"contract: it was made for {manifest.contract[:40]!r}, this simkit judges {CONTRACT_VERSION}"


def _misfits(project: Project, result: Result, golden: Golden, now: Standing | None) -> Iterator[str]:
    name = result.name
    if now is None:
        yield f"{name}: there is no scenario here that has a golden of this name"
        return
    if golden.contract != CONTRACT_VERSION:
        yield f"{name}: contract: made for {golden.contract[:40]!r}, this simkit judges {CONTRACT_VERSION}"
    if golden.executor != now.executor:
        yield f"{name}: executor: run with {golden.executor[:40]!r}, here {now.executor} plays it"
    if golden.scenario != now.fingerprint:
        yield f"{name}: scenario: it is another here than where the bundle was made; check out the same commit"
    if _running(project.golden_of(name)) != result.before and not _stands(project, name, golden):
        yield f"{name}: golden: another stands here than the one it was compared with; check out the same commit"


def _stands(project: Project, name: str, golden: Golden) -> bool:
    """True when this very golden is the accepted one already."""
    folder = files.standing(project.golden_of(name))
    return store.read_golden(folder) == golden and not store.edits(folder, golden)


def _rebuild(
    bundle: Path, box: Archive, name: str, golden: Golden, now: Standing, place: Path, work: Work
) -> None:
    """Build the golden in `place` from the history of the bundle; it must come out as the bundle has it."""
    source = place.with_name(f"{place.name}-history")
    source.mkdir(parents=True)
    files.append_bytes(source / HISTORY, b"")
    for part in box.parts(f"{_PLACE}{name}/{HISTORY}"):
        files.append_bytes(source / HISTORY, part)
    recording = Recording(golden.loops, golden.running, golden.unseed, None, None, None, True, Summary(), ())
    identity = Identity(golden.scenario, golden.seed, golden.executor, now.checkpoints)
    built = None
    try:
        _, wrong = verify_history(raw_lines(source / HISTORY), work)
        if not wrong:
            built = build(place, identity, recording, source)
    except (SimkitError, *_NONSENSE) as problem:
        wrong = [str(problem)]
    finally:
        files.remove_tree(source)
    if wrong:
        raise refused(bundle, f"{name}: {HISTORY} does not hold: {ascii(wrong[0])[1:-1][:200]}")
    if built != golden:
        raise refused(bundle, f"{name}: its files do not follow from its history")


def apply(
    project: Project, ready: Ready, now: Standing, *, kind: str | None, reason: str, date: str,
    on_wait: Callable[[], None],
) -> str:  # fmt: skip
    """Make one examined result the golden of its run; the kind under which it was accepted. Raises SimkitError."""
    chosen = kind or (ready.kind if store.is_golden(project.golden_of(ready.name)) else "new")
    pending.accept(
        project, ready.name, ready.folder, fingerprint=now.fingerprint, kind=chosen, reason=reason, date=date,
        on_wait=on_wait,
    )  # fmt: skip
    return chosen
