"""Trees to verify: the sound one of the contract's tests, a minimal foreign one, and small edits of both."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
from good_tree import Edit, World, _write

from simkit.contract.dialect import PLAIN, Dialect
from simkit.contract.profile import Profile
from simkit.contract.table import MANIFEST_PATH
from simkit.contract.verifier import Verifier, verify
from simkit.contract.verify_report import Report

FOREIGN = Path(__file__).parents[1] / "foreign_trees"
Docs = dict[str, Any]
NOW = "2025-01-06T00:01:00Z"


def good(loop: int = 2) -> Docs:
    """The documents of a sound tree of the reference executor."""
    return World().loops[loop - 1].docs


def minimal() -> Docs:
    """The documents of a tree that holds only what the contract names."""
    folder = FOREIGN / "seed-keys" / "logs" / "state"
    return {file.stem: json.loads(file.read_text()) for file in sorted(folder.iterdir())}


def judged_loops(edit: Edit, profile: Profile = "contract") -> Report:
    """The report on two loops with their write journal, after an edit."""
    world = World()
    edit(world)
    judge = Verifier(profile=profile, loops=True, now=NOW)
    tree: dict[str, bytes] = {}
    for loop in world.loops:
        writes = _write(loop, tree)
        judge.files(dict(tree), writes=writes if loop.journal else None)
    return judge.report()


def on_disk(root: Path, docs: Docs) -> Path:
    """Write documents (objects, or bytes as they are) as a tree; its root."""
    state = root / "logs" / "state"
    state.mkdir(parents=True, exist_ok=True)
    for stem, doc in docs.items():
        file = root / MANIFEST_PATH if stem == "v7_manifest" else state / f"{stem}.json"
        file.write_bytes(doc if isinstance(doc, bytes) else msgspec.json.encode(doc))
    return root


def change(docs: Docs, path: str, value: Any) -> Docs:
    """A copy with the value at `stem.a.0.b` replaced; `...` removes it."""
    changed = deepcopy(docs)
    *way, last = path.split(".")
    holder: Any = changed
    for step in way:
        holder = holder[int(step)] if isinstance(holder, list) else holder[step]
    key: Any = int(last) if isinstance(holder, list) else last
    if value is ...:
        del holder[key]
    else:
        holder[key] = value
    return changed


def changed(*pairs: tuple[str, Any]) -> Callable[[Docs], Docs]:
    """Several changes, one after the other."""

    def edit(docs: Docs) -> Docs:
        for path, value in pairs:
            docs = change(docs, path, value)
        return docs

    return edit


def rules_of(docs: Docs, dialect: Dialect = PLAIN, **more: Any) -> tuple[list[str], list[str]]:
    """The rules with errors and those with warnings, each once, sorted."""
    report = verify(docs, dialect=dialect, **more)
    return sorted({v.rule for v in report.errors}), sorted({v.rule for v in report.warnings})
