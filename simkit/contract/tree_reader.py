"""Finds and reads a state folder that nobody vouches for: bounded, without following a link out, never writing.

Comes in: a folder. Goes out: `Place` and `TreeFiles`. May import `core`. Raises SimkitError where there is no
state folder and IoError where it cannot be listed; whatever is wrong with a single file is a reason.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from simkit.contract.table import MANIFEST_PATH, STATE, by_stem
from simkit.core.errors import IoError, SimkitError
from simkit.core.files import read_regular

#: One file, all files together, names in the folder, folders looked into.
MAX_FILE: Final = 16 << 20
MAX_TREE: Final = 64 << 20
MAX_NAMES: Final = 2000
MAX_FOLDERS: Final = 2000
_DEPTH: Final = 5
_UP: Final = 12
_SURFACES: Final = frozenset(f"{stem}.json" for stem in by_stem)


class Place(Struct, frozen=True):
    """Where a tree lies. `root` is the folder that paths of the contract begin at, as far as there is one."""

    root: Path
    state: Path
    manifest: Path | None


class TreeFiles(Struct, frozen=True):
    """What was read, by the path that the contract gives a file. `refused`: the reason why a file that stands
    there was not read; `unsure` are those of them that may be sound (no permission, too large). `names`: all."""

    files: Mapping[str, bytes]
    refused: Mapping[str, str]
    unsure: frozenset[str]
    names: tuple[str, ...]
    #: Size and time of change of every name: equal means nothing was written in between.
    marks: tuple[tuple[str, int, int], ...]


# Finding ---------------------------------------------------------------------------------------------------


def find_state(start: Path) -> Place:
    """The state folder at, below or above `start`."""
    try:
        folder = Path(os.path.realpath(start))
        if not folder.is_dir():
            raise SimkitError(f"{start}: no such folder")
        state = _at(folder) or _below(folder, start) or _above(folder)
    except OSError as problem:
        raise IoError(f"{problem.filename or start}: {problem.strerror}") from problem
    except ValueError as problem:
        raise SimkitError(f"{str(start)!r}: no path: {problem}") from problem
    if state is None:
        raise SimkitError(
            f"{start}: no state folder at, below or above it: neither {STATE}/ nor a folder that holds "
            f"nav.json or another surface of the contract"
        )
    is_whole = state.parts[-2:] == tuple(STATE.split("/"))
    root = state.parent.parent if is_whole else state
    places = dict.fromkeys((root, state.parent, state, folder))
    manifests = (place / MANIFEST_PATH for place in places)
    return Place(root, state, next((path for path in manifests if os.path.lexists(path)), None))


def _at(folder: Path) -> Path | None:
    if folder.parts[-2:] == tuple(STATE.split("/")) or _holds_surfaces(folder):
        return folder
    for below in (STATE, "state"):
        inner = folder / below
        if inner.is_dir() and (below == STATE or folder.name == "logs" or _holds_surfaces(inner)):
            return _inside(inner, folder)
    return None


def _inside(path: Path, folder: Path) -> Path:
    """`path`, which must not be a link out of `folder`."""
    real = Path(os.path.realpath(path))
    if not real.is_relative_to(folder):
        raise SimkitError(f"{path} is a link to {real}, outside of {folder}; name that folder itself")
    return real


def _holds_surfaces(folder: Path) -> bool:
    return any(name in _SURFACES for name in _names(folder))


def _names(folder: Path) -> list[str]:
    """The first names of a folder, sorted; at most `MAX_NAMES`."""
    with os.scandir(folder) as entries:
        found = [entry.name for _, entry in zip(range(MAX_NAMES), entries, strict=False)]
    return sorted(found)


def _below(folder: Path, start: Path) -> Path | None:
    """The one state folder below; links are not followed."""
    found = [path for path in _folders(folder) if path.parts[-2:] == tuple(STATE.split("/"))]
    if len(found) > 1:
        shown = "".join(f"\n    {path}" for path in found[:10])
        raise SimkitError(f"{start}: {len(found)} state folders lie below; name one of them:{shown}")
    return found[0] if found else None


def _folders(folder: Path) -> Iterator[Path]:
    """Folders below, outer before inner, bounded in depth and number."""
    level, seen = [folder], 0
    for _ in range(_DEPTH):
        inner: list[Path] = []
        for parent in level:
            try:
                names = _names(parent)
            except OSError:
                continue
            for name in names:
                path = parent / name
                if seen < MAX_FOLDERS and not path.is_symlink() and path.is_dir():
                    seen += 1
                    inner.append(path)
                    yield path
        level = inner


def _above(folder: Path) -> Path | None:
    for parent in list(folder.parents)[:_UP]:
        if parent.parts[-2:] == tuple(STATE.split("/")):
            return parent
        if (parent / STATE).is_dir():
            return _inside(parent / STATE, parent)
    return None


# Reading ---------------------------------------------------------------------------------------------------


def read_tree(place: Place) -> TreeFiles:
    """Every JSON file of the state folder and the manifest. Raises IoError when the folder cannot be
    listed."""
    before = marks(place)
    try:
        names = _names(place.state)
    except OSError as problem:
        raise IoError(f"{place.state}: {problem.strerror}") from problem
    manifest_here = place.manifest is not None and place.manifest.parent == place.state
    targets = [
        (f"{STATE}/{name}", place.state / name)
        for name in names
        if name.endswith(".json")
        and not name.startswith(".tmp_")
        and not (manifest_here and name == MANIFEST_PATH)
    ]
    if place.manifest is not None:
        targets.append((MANIFEST_PATH, place.manifest))
    files: dict[str, bytes] = {}
    refused: dict[str, str] = {}
    unsure: list[str] = []
    left = MAX_TREE
    for path, target in targets:
        try:
            files[path] = data = _read(target, place.root, min(MAX_FILE, left))
            left -= len(data)
        except OSError as problem:
            refused[path], may_be_sound = _why(target, problem)
            if may_be_sound:
                unsure.append(path)
    listed = tuple(f"{STATE}/{name}" for name in names if not (manifest_here and name == MANIFEST_PATH))
    return TreeFiles(files, refused, frozenset(unsure), listed, before)


def _read(path: Path, root: Path, limit: int) -> bytes:
    """The bytes of a regular file; of a link only where it ends inside the tree. Raises OSError."""
    if os.path.islink(path):
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(root):
            raise OSError("a link that leads out of the tree, which is not followed")
        path = real
    return read_regular(path, limit)


def _why(path: Path, problem: OSError) -> tuple[str, bool]:
    """Why a file was not read, and whether it may be sound all the same."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return "has gone while the folder was read", True
    if stat.S_ISLNK(mode):
        is_out = problem.errno is None
        return f"is {problem}" if is_out else "is a link that leads to no file", is_out
    if stat.S_ISDIR(mode):
        return "is a folder, no file", False
    if not stat.S_ISREG(mode):
        return "is no regular file", False
    if os.lstat(path).st_size > MAX_FILE:
        return f"is larger than {MAX_FILE >> 20} MiB and was not read", True
    if "longer than" in str(problem):
        return f"was not read: all files together are larger than {MAX_TREE >> 20} MiB", True
    return f"cannot be read: {problem.strerror or problem}", True


def marks(place: Place) -> tuple[tuple[str, int, int], ...]:
    """Size and time of change of every name of the state folder, to see whether anything was written."""
    found: list[tuple[str, int, int]] = []
    try:
        with os.scandir(place.state) as entries:
            for _, entry in zip(range(MAX_NAMES), entries, strict=False):
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                found.append((entry.name, status.st_size, status.st_mtime_ns ^ status.st_ino << 64))
    except OSError:
        return ()
    return tuple(sorted(found))


def read_settled(place: Place, tries: int = 5) -> tuple[TreeFiles, bool]:
    """The tree, read again while somebody writes; the second value is False when it never held still."""
    read = read_tree(place)
    for _ in range(tries):
        if marks(place) == read.marks:
            return read, True
        read = read_tree(place)
    return read, False
