"""Results that wait to be accepted, and their acceptance.

Comes in: a project, a run that differs from its golden (or has none). Goes out: a complete candidate below
`.simkit/pending/`, or a golden. May import `core`, `trace`, `golden.*`.

A candidate is a whole golden folder, so an acceptance copies bytes and computes nothing. `accept` and
`remove` alone write goldens: into a folder beside the target, which then takes its place in one step, never
under CI, and while no other simkit reads or writes goldens or pending results (core/lock.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from simkit.core import environment, files
from simkit.core.canon import encode
from simkit.core.errors import Exit, IoError, SimkitError
from simkit.core.lock import locked
from simkit.core.project import Project
from simkit.golden import store
from simkit.golden.difference import Difference
from simkit.golden.store import REASONS, Golden, Reason
from simkit.golden.write import Identity, build, put, temporary
from simkit.trace.recorder import Recording

KINDS = ("new", "intended", "fixed", "format", "removed")


def usual_kind(difference: Difference) -> str:
    """The kind of an acceptance for which nobody names another."""
    if difference.status == "missing":
        return "new"
    return "format" if difference.kind == "format" else "intended"


def _nobody_waits() -> None:
    """Nobody is told that another simkit holds the folder."""


def keep(project: Project, name: str, identity: Identity, recording: Recording) -> Path:
    """Keep a run as the candidate for `name`; it replaces an older one as a whole. Raises SimkitError,
    IoError."""
    target = project.pending_of(name)
    new = temporary(target)
    try:
        build(new, identity, recording, files.standing(project.golden_of(name)))
        with locked(_root(project)):
            put(new, target)
    except OSError as problem:
        raise IoError(f"{target}: cannot be written: {problem.strerror}") from problem
    finally:
        files.remove_tree(new)
    return target


def _root(project: Project) -> Path:
    return project.work / "pending"


def pending(project: Project) -> tuple[str, ...]:
    """The names of all results that wait, sorted."""
    return store.goldens(_root(project))


def tidy(project: Project) -> None:
    """Remove what a killed process left half done among the results that wait. Raises OSError."""
    if _root(project).is_dir():
        with locked(_root(project)):
            store.recover(_root(project), keep=environment.process_alive)


def drop(project: Project, name: str) -> None:
    """Forget the candidate for `name`, if any, and the folders that held nothing else."""
    with locked(_root(project)):
        _drop(project, name)


def _drop(project: Project, name: str) -> None:
    target = project.pending_of(name)
    (target / store.GOLDEN).unlink(missing_ok=True)
    files.remove_tree(target)
    _prune(target.parent, _root(project))


def _prune(folder: Path, root: Path) -> None:
    while folder != root and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def accept(
    project: Project,
    name: str,
    candidate: Path,
    *,
    fingerprint: str,
    kind: str,
    reason: str,
    date: str,
    ci: bool = False,
    on_wait: Callable[[], None] = _nobody_waits,
) -> None:
    """Make `candidate` the golden of `name`. `fingerprint` is the current hash of the scenario; `on_wait` is called
    when another simkit has to end first.

    Raises SimkitError under CI, for a candidate that is damaged or of another state of the scenario, and for
    a kind or reason that is none; IoError when the machine refuses. The old golden then stands as before.
    """
    _check_words(kind, reason, ci)
    with alone(project, on_wait):
        _accept(project, name, candidate, fingerprint=fingerprint, kind=kind, reason=reason, date=date)


@contextmanager
def alone(project: Project, on_wait: Callable[[], None]) -> Iterator[None]:
    """No other simkit reads or writes goldens or pending results meanwhile. Raises IoError."""
    try:
        with locked(project.golden, on_wait=on_wait), locked(_root(project)):
            yield
    except OSError as problem:
        raise IoError(f"{problem.filename or project.golden}: {problem.strerror}") from problem


def _accept(
    project: Project, name: str, candidate: Path, *, fingerprint: str, kind: str, reason: str, date: str
) -> None:
    golden = _whole(candidate)
    if golden.scenario != fingerprint:
        raise SimkitError(
            f"{name}: the scenario was edited since this result was made; run simkit check {name} again",
            Exit.GOLDEN_MISSING,
        )
    target = project.golden_of(name)
    _check_nesting(project, name)
    try:
        store.recover(project.golden)
        before = store.read_golden(target)
        new = temporary(target)
        try:
            new.parent.mkdir(parents=True, exist_ok=True)
            files.copy_tree(candidate, new)
            line = Reason(date=date, from_=_running(before), kind=kind, reason=reason, to=golden.running)
            past = store.merged_reasons(files.standing(target) / REASONS)
            files.replace_file(new / REASONS, past + encode(line) + b"\n", fsync=False)
            put(new, target)
        finally:
            files.remove_tree(new)
    except OSError as problem:
        raise IoError(f"{target}: cannot be written: {problem.strerror}") from problem
    if candidate == project.pending_of(name):
        _drop(project, name)


def remove(
    project: Project,
    name: str,
    *,
    reason: str,
    date: str,
    ci: bool = False,
    on_wait: Callable[[], None] = _nobody_waits,
) -> None:
    """Delete the golden of `name`; the reason goes to `reasons.jsonl` at the root of all goldens.

    Raises SimkitError under CI or when there is no such golden, IoError when the machine refuses.
    """
    _check_words("removed", reason, ci)
    if not store.is_golden(files.standing(project.golden_of(name))):
        raise SimkitError(f"{name}: there is no golden in {project.shown(project.golden_of(name))}")
    with alone(project, on_wait):
        _remove(project, name, reason, date)


def _remove(project: Project, name: str, reason: str, date: str) -> None:
    target, ledger = project.golden_of(name), project.golden / REASONS
    try:
        store.recover(project.golden)
        if not store.is_golden(target):
            raise SimkitError(f"{name}: there is no golden in {project.shown(target)}")
        line = Reason(
            date=date,
            from_=_running(store.read_golden(target)),
            kind="removed",
            name=name,
            reason=reason,
            to="",
        )
        files.replace_file(ledger, store.merged_reasons(ledger) + encode(line) + b"\n")
        aside = temporary(target)
        target.rename(aside)
        files.remove_tree(aside)
        _prune(target.parent, project.golden)
    except OSError as problem:
        raise IoError(f"{target}: cannot be removed: {problem.strerror}") from problem


def _check_words(kind: str, reason: str, ci: bool) -> None:
    if ci or environment.under_ci():
        raise SimkitError("nothing is accepted under CI; accept on your own machine and commit the golden")
    if kind not in KINDS:
        raise SimkitError(f"{kind!r} is no kind of acceptance; it is one of {', '.join(KINDS)}")
    if not reason.strip():
        raise SimkitError("an acceptance needs a reason")


def _whole(candidate: Path) -> Golden:
    golden = store.read_golden(candidate)
    if golden is None:
        raise SimkitError(f"{candidate}: there is no result to accept")
    found = (golden,) if isinstance(golden, store.Edit) else store.edits(candidate, golden)
    if isinstance(golden, store.Edit) or found:
        raise SimkitError(f"{candidate / found[0].file} {found[0].problem}; run the scenario again")
    return golden


def _check_nesting(project: Project, name: str) -> None:
    """A golden folder holds nothing but its golden: a swap would take the other along."""
    target = project.golden_of(name)
    for folder in target.parents:
        if folder == project.golden:
            break
        if store.is_golden(folder):
            outer = folder.relative_to(project.golden).as_posix()
            raise SimkitError(f"{name}: its golden would lie inside that of {outer}; rename one of the two")
    inside = [] if store.is_golden(target) else store.goldens(target)
    if inside:
        raise SimkitError(f"{name}: the golden of {name}/{inside[0]} lies inside; rename one of the two")


def _running(golden: Golden | store.Edit | None) -> str:
    return golden.running if isinstance(golden, Golden) else ""
