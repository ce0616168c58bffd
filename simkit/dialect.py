"""Reads a dialect file: how a user's executor writes the contract.

Comes in: the path of a YAML file. Goes out: `contract.dialect.Dialect`. May import `core`, `contract`,
`scenario.yaml_nodes`. Raises SimkitError with every mistake of the file and its place.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import inspect

from simkit.contract.dialect import UNITS, VOCABULARIES, Dialect, Unit
from simkit.contract.fields import Field, resolve, steps, table
from simkit.contract.table import by_stem
from simkit.core.errors import IoError, Mistake, ScenarioError, SimkitError
from simkit.core.files import read_regular
from simkit.core.project import Project
from simkit.core.settings import Settings
from simkit.scenario.units import nearest
from simkit.scenario.yaml_nodes import MAX_BYTES, Node, compose

VERSION: Final = 1
_KEYS: Final = ("dialect", "about", "units", "words", "aliases", "thresholds", "auxiliary")
_TIMES: Final = ("same_loop_s", "throttle_s")
_GROUPS: Final = ("nav", "drawdown", "liveness", "limits", "var", "router", "intel", "tp_sl")


def load(path: Path) -> Dialect:
    """The dialect that the file states. Raises SimkitError (a mistake in it) and IoError (no such file)."""
    try:
        data = read_regular(Path(path).resolve(), MAX_BYTES)
    except OSError as problem:
        raise IoError(f"{path}: {problem.strerror or problem}") from problem
    return _read(data, str(path))


@lru_cache(maxsize=4)
def _read(data: bytes, file: str) -> Dialect:
    """Every run of a check asks for the same file; its bytes are read again, its YAML is not."""
    if not data.strip():
        raise SimkitError(f"{file}: the file is empty; a dialect begins with `dialect: {VERSION}`")
    try:
        return _Reader(file).dialect(compose(data, file))
    except ScenarioError as problem:
        raise SimkitError(str(problem)) from problem


def of(project: Project) -> Dialect | None:
    """The dialect of the project's executor, None where the project names none. Raises SimkitError."""
    return None if project.dialect is None else load(project.dialect)


class _Reader:
    """Reads the nodes of one file and collects its mistakes."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._mistakes: list[Mistake] = []

    def dialect(self, root: Node) -> Dialect:
        """The whole file. Raises ScenarioError with all mistakes."""
        self._known(root, _KEYS, "a dialect")
        version = root.pairs.get("dialect")
        if version is None:
            self._wrong(root, "the key `dialect` is missing", f"write `dialect: {VERSION}`")
        elif version[1].value != VERSION:
            self._wrong(
                version[1], f"found {version[1].found()}, expected {VERSION}", "this simkit reads no other"
            )
        words, translated = self._words(root)
        settings, times = self._thresholds(root)
        found = Dialect(
            units=self._units(root), words=words, translated=translated, aliases=self._aliases(root),
            auxiliary=self._auxiliary(root), settings=settings, **times,
        )  # fmt: skip
        if self._mistakes:
            raise ScenarioError(self._mistakes)
        return found

    def _wrong(self, node: Node, message: str, hint: str = "") -> None:
        self._mistakes.append(Mistake(self._file, node.line, node.column, message, hint))

    def _known(self, node: Node, names: tuple[str, ...], what: str) -> bool:
        """Whether the node is a map; a key that it must not hold is a mistake."""
        if node.kind != "map":
            self._wrong(node, f"found {node.found()}, expected a map")
            return False
        for key, (place, _) in node.pairs.items():
            if key not in names:
                self._wrong(place, f"{what} has no key `{key}`", nearest(key, names))
        return True

    def _block(self, root: Node, name: str) -> list[tuple[str, Node, Node]]:
        """Key, its node and its value, of a map of the file; empty without one."""
        found = root.pairs.get(name)
        if found is None:
            return []
        if found[1].kind != "map":
            self._wrong(found[1], f"found {found[1].found()}, expected a map below `{name}`")
            return []
        return [(key, place, value) for key, (place, value) in found[1].pairs.items()]

    # Units -------------------------------------------------------------------------------------------------

    def _units(self, root: Node) -> dict[str, Unit]:
        units: dict[str, Unit] = {}
        for key, place, value in self._block(root, "units"):
            field = self._field(key, place)
            if field is None:
                continue
            if field.path not in UNITS:
                self._wrong(place, f"the unit of `{field.path}` is fixed by the contract",
                            f"a dialect may state that of {', '.join(UNITS)}")  # fmt: skip
            elif value.value not in ("fraction", "percent"):
                self._wrong(value, f"found {value.found()}, expected `percent` or `fraction`")
            else:
                units[field.path] = value.value
        return units

    def _field(self, name: str, place: Node) -> Field | None:
        found = resolve(name)
        if isinstance(found, Field):
            return found
        many = ", ".join(found.paths)
        if found.ambiguous:
            self._wrong(place, f"`{name}` may be several fields", f"write one of {many}")
        else:
            self._wrong(place, f"no field is called `{name}`", f"did you mean {many}?" if many else "")
        return None

    # Words -------------------------------------------------------------------------------------------------

    def _words(self, root: Node) -> tuple[dict[str, tuple[str, ...]], dict[str, dict[str, str]]]:
        further: dict[str, tuple[str, ...]] = {}
        translated: dict[str, dict[str, str]] = {}
        names = tuple(VOCABULARIES)
        for key, place, value in self._block(root, "words"):
            if key not in VOCABULARIES:
                self._wrong(place, f"no vocabulary is called `{key}`", nearest(key, names))
            elif value.kind == "list":
                further[key] = tuple(self._text(item) for item in value.items)
            elif value.kind == "map":
                translated[key] = self._translation(key, value)
            else:
                self._wrong(value, f"found {value.found()}, expected [FURTHER, WORDS] or {{theirs: OURS}}")
        return further, translated

    def _translation(self, name: str, node: Node) -> dict[str, str]:
        ours = VOCABULARIES[name]
        out: dict[str, str] = {}
        for key, (_, value) in node.pairs.items():
            word = self._text(value)
            if ours and word not in ours:
                self._wrong(value, f"`{word}` is none of our words", f"{name} knows {', '.join(ours)}")
            out[key] = word
        return out

    def _text(self, node: Node) -> str:
        if not node.is_scalar or node.kind == "null":
            self._wrong(node, f"found {node.found()}, expected a word")
            return ""
        return node.text

    # Names -------------------------------------------------------------------------------------------------

    def _aliases(self, root: Node) -> dict[str, dict[str, str]]:
        out: dict[str, dict[str, str]] = {}
        stems = tuple(by_stem)
        for stem, place, value in self._block(root, "aliases"):
            if stem not in by_stem:
                self._wrong(place, f"no surface is called `{stem}`", nearest(stem, stems))
            elif value.kind != "map":
                self._wrong(value, f"found {value.found()}, expected a map of their names to ours")
            else:
                pairs = value.pairs.items()
                named = {theirs: self._alias(stem, theirs, node, ours) for theirs, (node, ours) in pairs}
                out[stem] = {theirs: ours for theirs, ours in named.items() if ours}
        return out

    def _alias(self, stem: str, theirs: str, place: Node, value: Node) -> str:
        """Our path, checked; empty with a mistake."""
        ours = self._text(value)
        try:
            old, new = steps(theirs), steps(ours)
        except ValueError as problem:
            self._wrong(
                place, str(problem), "a path is written a.b, with [] for any row or key: positions[].size"
            )
            return ""
        if old[: _cut(old)] != new[: _cut(new)] or old[-1] == "[]" or new[-1] == "[]":
            self._wrong(value, f"`{theirs}` and `{ours}` do not lie in the same rows",
                        "a value may only move within the row or the entry that it stands in")  # fmt: skip
            return ""
        pattern = "".join(step if step == "[]" else f".{step}" for step in new)
        known = {path.replace("[*]", "[]") for path in table()}
        if f"{stem}{pattern}" not in known:
            close = sorted(
                path for path in known if path.startswith(f"{stem}.") and path.endswith(f".{new[-1]}")
            )
            hint = f"did you mean {close[0].partition('.')[2]}?" if close else ""
            self._wrong(value, f"{stem} has no field `{ours}`", hint)
            return ""
        return ours

    # Thresholds --------------------------------------------------------------------------------------------

    def _thresholds(self, root: Node) -> tuple[Settings, dict[str, float]]:
        groups: dict[str, Any] = {}
        times: dict[str, float] = {}
        for key, place, value in self._block(root, "thresholds"):
            if key in _TIMES:
                times |= self._number(key, value)
            elif key in _GROUPS:
                groups[key] = self._group(key, value)
            else:
                self._wrong(place, f"no threshold is called `{key}`", nearest(key, (*_TIMES, *_GROUPS)))
        return msgspec.structs.replace(Settings(), **groups), times

    def _number(self, key: str, value: Node) -> dict[str, float]:
        if value.kind not in ("int", "float") or not isinstance(value.value, int | float) or value.value < 0:
            self._wrong(value, f"found {value.found()}, expected seconds >= 0")
            return {}
        return {key: float(value.value)}

    def _group(self, name: str, node: Node) -> Any:
        default = getattr(Settings(), name)
        kind = inspect.type_info(type(default))
        assert isinstance(kind, inspect.StructType)
        names = tuple(field.name for field in kind.fields)
        if not self._known(node, names, f"`{name}`"):
            return default
        for key, (_, value) in node.pairs.items():
            if key not in names:
                continue
            try:
                whole = msgspec.convert({key: value.plain()}, type(default))
            except msgspec.ValidationError as problem:
                self._wrong(value, str(problem).partition(" - at")[0])
                continue
            default = msgspec.structs.replace(default, **{key: getattr(whole, key)})
        return default

    def _auxiliary(self, root: Node) -> tuple[str, ...]:
        found = root.pairs.get("auxiliary")
        if found is None:
            return ()
        if found[1].kind != "list":
            self._wrong(found[1], f"found {found[1].found()}, expected a list of file names")
            return ()
        names = [self._text(item) for item in found[1].items]
        for item, name in zip(found[1].items, names, strict=True):
            if name and ("/" in name or not name.endswith(".json")):
                self._wrong(
                    item, f"`{name}` is no name of a JSON file in the state folder", "write signals.json"
                )
        return tuple(names)


def _cut(way: tuple[str, ...]) -> int:
    """The length of a path up to its last row or key."""
    return max((index + 1 for index, step in enumerate(way) if step == "[]"), default=0)
