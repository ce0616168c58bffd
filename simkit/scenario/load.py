"""Files to scenarios, and the cache that makes the second time cheap.

Comes in: a path and a project. Goes out: `Scenario`s, names, fingerprints. May import `core` and `scenario`;
the parser and the compilers are imported only when the cache does not know a file.

An entry of `<work>/cache/scenarios` belongs to one path and is valid for one key: the file's bytes, its place
and the sources of `core`, `contract` and `scenario`. A broken entry is as good as none.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from simkit.core import canon
from simkit.core.errors import Mistake, ScenarioError
from simkit.core.files import read_bytes, replace_file, walk
from simkit.core.hashing import digest
from simkit.core.project import Project
from simkit.scenario.model import Replay, Scenario

T = TypeVar("T")

_ENDINGS: Final = (".yaml", ".yml")
_MARK: Final = b"simkit:"
_SOURCES: Final = ("core", "contract", "scenario")
_HEAD: Final = 32  # key and hash of the payload, 16 hex digits each


def load(file: Path, project: Project) -> tuple[Scenario, ...]:
    """The scenario of a file, or one per variant. Raises ScenarioError with every mistake."""
    file = file.resolve()
    data, key, entry = _looked_up(file, project)
    known = _cached(entry.with_suffix(".scenarios"), key, tuple[Scenario, ...])
    if known is not None and all(_data_unchanged(scenario, file.parent) for scenario in known):
        return known
    from simkit.scenario.compile import Origin, compile_scenarios

    origin = Origin(project.shown(file), _family(file, project), file.stem, file.parent)
    scenarios = compile_scenarios(data, origin)
    _keep(entry.with_suffix(".scenarios"), key, scenarios)
    return scenarios


def names(file: Path, project: Project) -> list[str]:
    """The names of a file's variants, in file order; empty without variants. Raises ScenarioError."""
    file = file.resolve()
    data, key, entry = _looked_up(file, project)
    known = _cached(entry.with_suffix(".names"), key, list[str])
    if known is not None:
        return known
    from simkit.scenario.compile import variant_names

    found = variant_names(data, project.shown(file))
    _keep(entry.with_suffix(".names"), key, found)
    return found


def discover(project: Project) -> list[Path]:
    """The scenario files below the scenario root, sorted by path: YAML whose first key is `simkit`."""
    found = []
    for name in sorted(walk(project.scenarios)):
        if name.endswith(_ENDINGS) and not any(part.startswith(".") for part in name.split("/")):
            file = project.scenarios / name
            if is_scenario(read_bytes(file) or b""):
                found.append(file)
    return found


def is_scenario(data: bytes) -> bool:
    """True when the first line that is no comment begins with `simkit:`; `load` judges the version."""
    for line in data.removeprefix(b"\xef\xbb\xbf").splitlines():
        if line.strip() and not line.startswith((b"#", b"---")):
            return line.startswith(_MARK)
    return False


def fingerprint(scenario: Scenario) -> str:
    """16 hex digits over all that can change a run; title, about, tags, incident and expectations cannot. What is
    at its default is left out: a key or setting that a later simkit adds makes no golden stale."""
    bare = msgspec.structs.replace(
        scenario, title="", about="", tags=(), incident="", file="", expect=(), findings=(), canary=False,
        converge=None, fault_places=(),
    )  # fmt: skip
    return digest(canon.encode_sorted(bare))


def _family(file: Path, project: Project) -> str:
    """The folder below the scenario root; empty for a file elsewhere."""
    root = project.scenarios.resolve()
    if not file.parent.is_relative_to(root):
        return ""
    family = file.parent.relative_to(root).as_posix()
    return "" if family == "." else family


# Cache -----------------------------------------------------------------------------------------------------


def _looked_up(file: Path, project: Project) -> tuple[bytes, str, Path]:
    """The file's bytes, the key of its entry, and where the entry lies (without its ending)."""
    shown = project.shown(file)
    try:
        data = read_bytes(file)
    except OSError as problem:
        raise ScenarioError([Mistake(shown, 0, 0, f"cannot be read: {problem.strerror}")]) from problem
    if data is None:
        raise ScenarioError([Mistake(shown, 0, 0, "there is no such file")])
    place = f"{shown}\0{_family(file, project)}".encode("utf-8", "surrogateescape")
    key = digest(b"\0".join((sources().encode(), place, data)))
    return data, key, project.work / "cache" / "scenarios" / digest(place)


@cache
def sources() -> str:
    """A hash of the code that turns text into scenarios."""
    house = os.path.dirname(os.path.dirname(__file__))
    return digest(b"\0".join(_texts([os.path.join(house, room) for room in _SOURCES])))


def _texts(folders: list[str]) -> Iterator[bytes]:
    """The Python files below some folders, in a fixed order."""
    for folder in folders:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            if entry.name.endswith(".py"):
                yield read_bytes(entry.path) or b""
        yield from _texts([entry.path for entry in found if entry.is_dir() and entry.name != "__pycache__"])


def _cached(entry: Path, key: str, kind: type[T]) -> T | None:
    """What an entry holds, if it is whole and was made for `key`."""
    try:
        data = read_bytes(entry)
        if data is None or data[:_HEAD] != (key + digest(data[_HEAD:])).encode():
            return None
        return msgspec.msgpack.decode(data[_HEAD:], type=kind)
    except (OSError, msgspec.MsgspecError):
        return None


def _keep(entry: Path, key: str, value: object) -> None:
    """Write an entry; a machine that refuses does without."""
    payload = msgspec.msgpack.encode(value)
    try:
        os.makedirs(entry.parent, exist_ok=True)
        replace_file(entry, (key + digest(payload)).encode() + payload, fsync=False)
    except OSError:
        return


def _data_unchanged(scenario: Scenario, folder: Path) -> bool:
    """True while the data files beside the scenario are those that were compiled."""
    try:
        return all(
            digest(read_bytes(folder / path.file) or b"") == path.content
            for path in scenario.paths
            if isinstance(path, Replay) and not path.outside
        )
    except OSError:
        return False
