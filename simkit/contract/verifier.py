"""Judges any tree, or series of trees, whoever wrote it: `verify(tree)`.

Comes in: a path, documents by name, or several of these. Goes out: one `Report`. May import `core` and
`contract`. Nothing is written, and whatever a tree holds gives a report; only a wrong argument, or a folder
that is not there, raises SimkitError.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from simkit.contract.build import Looks, stem_of
from simkit.contract.dialect import PLAIN, Dialect
from simkit.contract.engine import Engine, Verdict
from simkit.contract.finding import Rule
from simkit.contract.foreign import Outside
from simkit.contract.foreign_choice import Steps
from simkit.contract.foreign_forms import Forms
from simkit.contract.interpreter import as_written
from simkit.contract.look import Doc, Look
from simkit.contract.profile import Profile
from simkit.contract.readers import parse_time, surface_time
from simkit.contract.table import MANIFEST_PATH, STATE, SURFACES, by_stem
from simkit.contract.tree_reader import find_state, read_settled
from simkit.contract.values import when
from simkit.contract.verify_report import Report, Violation
from simkit.contract.view import PER_LOOP
from simkit.core.errors import SimkitError
from simkit.core.files import SurfaceWrite

Tree = str | os.PathLike[str] | Mapping[str, Any]

#: Violations kept one by one, by rule and place: of all trees, and of one rule in one tree.
MOST: Final = 1000
MOST_OF_A_RULE: Final = 50
MOVED: Final = "the tree changed while it was read; what stands in two files may not belong together"


def verify(
    trees: Tree | Iterable[Tree],
    *,
    profile: Profile = "contract",
    dialect: Dialect = PLAIN,
    now: str | None = None,
    rules: Sequence[Rule] | None = None,
) -> Report:
    """Judge one tree or a series with one tree per loop, oldest first.

    A tree is the path of a state folder (or of one above or below it), or a mapping from the name or path of
    a document to its object or bytes. `now` is an ISO time; without it a file is judged by the newest surface.
    Raises SimkitError (a folder that is not there, no JSON value).
    """
    if isinstance(trees, str | os.PathLike | Mapping):
        judge = Verifier(profile=profile, dialect=dialect, now=now, rules=rules, loops=False)
        judge.tree(trees)
    else:
        judge = Verifier(profile=profile, dialect=dialect, now=now, rules=rules, loops=True)
        for tree in trees:
            judge.tree(tree)
    return judge.report()


class Verifier:
    """Judges one series of trees, in order and in flat memory."""

    def __init__(
        self,
        *,
        profile: Profile = "contract",
        dialect: Dialect = PLAIN,
        now: str | None = None,
        rules: Sequence[Rule] | None = None,
        loops: bool = False,
    ) -> None:
        """`loops`: the series holds one tree per loop. Raises SimkitError when `now` is no time."""
        self._now = parse_time(now) if now is not None else None
        if now is not None and self._now is None:
            raise SimkitError(f"{now!r} is no time; write it as 2025-01-06T00:00:00Z")
        self._profile: Profile = profile
        self._outside = Outside(dialect, forms=profile == "contract", loops=loops, clock=now is not None)
        self._forms = Forms(self._outside)
        self._engine = Engine(rules, profile)
        self._looks = Looks()
        self._trees = 0
        self._place = ""
        self._clock = 0
        self._violations: dict[tuple[str, str, str, str, int], Violation] = {}
        self._more = 0
        self._looked: dict[str, bool] = {}
        self._mute: dict[str, str] = {}
        self._present: tuple[str, ...] = ()
        self._unread: dict[str, str] = {}
        self._notes: dict[str, None] = {}

    def tree(self, tree: Tree) -> Verdict:
        """Judge a tree by its path or its documents. Raises SimkitError."""
        if isinstance(tree, Mapping):
            return self.files(dict(_file(name, value) for name, value in tree.items() if value is not None))
        place = find_state(Path(tree))
        self._place = self._place or str(place.state)
        read, is_settled = read_settled(place)
        if not is_settled:
            self._notes[MOVED] = None
        return self.files(read.files, refused=read.refused, unsure=read.unsure, names=read.names)

    def files(
        self,
        files: Mapping[str, bytes],
        *,
        refused: Mapping[str, str] | None = None,
        unsure: frozenset[str] = frozenset(),
        names: Sequence[str] | None = None,
        writes: Sequence[SurfaceWrite] | None = None,
    ) -> Verdict:
        """Judge the files of a tree by the paths that the contract gives them."""
        self._trees += 1
        look = self._looks.next(self._trees, 0, self._outside.dialect.settings, files, writes=writes)
        raw_docs = dict(look.docs)
        moves = self._prepare(look, refused or {}, unsure)
        if names is not None:
            look.names = tuple(names)
        self._set_time(look)
        verdict = self._engine.look(look)
        self._note(look, verdict, raw_docs, moves)
        self._unread |= {path: reason for path, reason in (refused or {}).items() if path in unsure}
        self._present = tuple(surface.stem for surface in SURFACES if surface.stem in look.raw)
        return verdict

    def _prepare(
        self, look: Look, refused: Mapping[str, str], unsure: frozenset[str]
    ) -> dict[str, dict[Steps, Steps]]:
        """Tell the look what could not be read, and put its documents into our form."""
        if refused:
            unreadable, raw = dict(look.unreadable), dict(look.raw)
            for path, reason in refused.items():
                if (stem := stem_of(path)) is not None:
                    unreadable[stem] = reason
                    raw.setdefault(stem, b"")
            look.raw, look.unreadable = raw, unreadable
        self._outside.unsure = frozenset(stem for path in unsure if (stem := stem_of(path)) is not None)
        return self._forms.translate(look)

    def _set_time(self, look: Look) -> None:
        """The time of the tree is that of its newest surface; the clock is what the user says, or the same."""
        times = {
            stem: at
            for stem, doc in look.docs.items()
            if stem in by_stem and (at := surface_time(doc)) is not None
        }
        per_loop = [times[stem] for stem in PER_LOOP if stem in times]
        look.ts = max(per_loop or times.values(), default=0)
        look.until = self._now if self._now is not None else max([look.ts, *times.values()])
        self._clock = max(self._clock, look.until)

    def _note(
        self, look: Look, verdict: Verdict, raw: Mapping[str, Doc], moves: Mapping[str, Mapping[Steps, Steps]]
    ) -> None:
        """Fold what the rules said of this tree into what they said of the others."""
        mute = dict(verdict.not_evaluated)
        for rule in self._engine.rules:
            if rule.id not in mute:
                self._looked[rule.id] = True
        self._mute |= mute
        counts: dict[object, int] = {}
        for finding in sorted(verdict.findings, key=lambda each: each.severity):  # errors first
            number = counts[finding.rule] = counts.get(finding.rule, 0) + 1
            if number > MOST_OF_A_RULE:
                self._more += 1
                continue
            path, value = as_written(finding, look.docs, raw, moves.get(finding.stem, {}))
            place = (finding.rule, finding.stem, path, finding.tier)
            nth = counts[place] = counts.get(place, 0) + 1
            known = self._violations.get((*place, nth))
            if known is not None:
                self._violations[(*place, nth)] = known.again(look.loop)
            elif len(self._violations) < MOST:
                self._violations[(*place, nth)] = Violation(
                    finding.rule, finding.tier, finding.severity, finding.stem, file_of(finding.stem), path, value,
                    finding.message, look.loop, look.loop, 1,
                )  # fmt: skip
            else:
                self._more += 1

    def report(self) -> Report:
        """What all trees so far have shown."""
        never = {rule: reason for rule, reason in self._mute.items() if rule not in self._looked}
        return Report(
            profile=self._profile,
            place=self._place,
            trees=self._trees,
            clock=when(self._clock) if self._clock else "",
            clock_given=self._now is not None,
            violations=tuple(self._violations.values()),
            further=self._more,
            readings=tuple(self._outside.readings),
            not_evaluated=tuple(never.items()),
            evaluated=tuple(self._looked),
            present=self._present,
            absent=tuple(surface.stem for surface in SURFACES if surface.stem not in self._present),
            unread=tuple(self._unread.items()),
            notes=tuple(self._notes),
        )


def file_of(stem: str) -> str:
    """The path of the file that rules know by this stem."""
    path = stem_path(stem)
    return path if path is not None else f"{STATE}/{stem}.json"


_BY_KEY: Final = {surface.key: surface.path for surface in by_stem.values()}


def stem_path(stem: str) -> str | None:
    """The path of a surface or of the manifest, also by its name in the manifest."""
    if stem == "v7_manifest":
        return MANIFEST_PATH
    surface = by_stem.get(stem)
    return surface.path if surface is not None else _BY_KEY.get(stem)


def _file(name: str, value: Any) -> tuple[str, bytes]:
    """Path and bytes of a document that is given by its name or its path."""
    path = name.replace(os.sep, "/")
    bare = path.rpartition("/")[2].removesuffix(".json")
    if bare == MANIFEST_PATH.removesuffix(".json"):
        path = MANIFEST_PATH
    elif f"{STATE}/" in path:
        path = path[path.index(f"{STATE}/") :]
    elif "/" not in path:
        path = stem_path(bare) or f"{STATE}/{bare}.json"
    if isinstance(value, bytes | bytearray | memoryview):
        return path, bytes(value)
    if isinstance(value, str):
        return path, value.encode("utf-8", "surrogatepass")
    try:
        return path, json.dumps(value).encode()
    except (TypeError, ValueError, RecursionError) as problem:
        raise SimkitError(f"{name}: no JSON document: {problem}") from problem
