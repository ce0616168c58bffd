"""Where a project keeps its scenarios, goldens and work files.

Comes in: a folder to start from. Goes out: `Project`. May import the standard library and `core`.

The settings stand in `[tool.simkit]` of the nearest `pyproject.toml` at or above the start: `scenarios` (default
`scenarios`), `golden` (default `golden`) and `dialect` (a file; none by default), all relative to that file.
Without one the start is the project.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from simkit.core import environment
from simkit.core.errors import Exit, SimkitError


@dataclass(frozen=True, slots=True)
class Project:
    """Absolute folders of one project. `work` holds runs, pending results and caches; git ignores it. `dialect`
    is the file that says how the project's executor writes the contract."""

    root: Path
    scenarios: Path
    golden: Path
    work: Path
    dialect: Path | None = None

    def golden_of(self, name: str) -> Path:
        """The golden folder of the scenario run `family/id` or `family/id@variant`."""
        return self.golden / name

    def run_of(self, name: str) -> Path:
        """The folder where `simkit run` leaves the tree."""
        return self.work / "runs" / name

    def pending_of(self, name: str) -> Path:
        """The folder of a result that waits to be accepted."""
        return self.work / "pending" / name

    def shown(self, path: Path) -> str:
        """A path as a user wrote it: relative to the project where it lies below it."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


def find_project(start: Path) -> Project:
    """The project that `start` (a folder, or a file in it) belongs to. Raises SimkitError on a broken setting."""
    start = start.resolve()
    folder = start if start.is_dir() else start.parent
    for root in (folder, *folder.parents):
        settings = _settings(root / "pyproject.toml")
        if settings is not None:
            break
    else:
        root, settings = folder, {}
    file = root / "pyproject.toml"
    unknown = sorted(set(settings) - {"scenarios", "golden", "dialect"})
    if unknown:
        raise SimkitError(
            f"{file}: [tool.simkit] has no setting {unknown[0]!r}; it knows scenarios, golden and dialect"
        )
    places = {}
    for name in ("scenarios", "golden", "dialect"):
        if name == "dialect" and name not in settings:
            continue
        value = settings.get(name, name)
        if not isinstance(value, str) or not value:
            what = "file" if name == "dialect" else "folder"
            raise SimkitError(f"{file}: [tool.simkit] {name} = {value!r}: a {what}'s name is expected")
        places[name] = root / value
    work = environment.work_dir(root)
    return Project(root, places["scenarios"], places["golden"], work, places.get("dialect"))


def _settings(file: Path) -> dict[str, object] | None:
    """The table [tool.simkit] of a pyproject.toml; None when the file is absent or has no such table."""
    try:
        with file.open("rb") as stream:
            table = tomllib.load(stream).get("tool", {}).get("simkit")
    except FileNotFoundError:
        return None
    except tomllib.TOMLDecodeError as problem:
        raise SimkitError(f"{file}: not valid TOML: {problem}", Exit.USAGE) from problem
    return table if isinstance(table, dict) else None
