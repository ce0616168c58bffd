"""What the sanitizer watches: the surfaces that a manifest registers, by their name below the state folder.

Comes in: a manifest. Goes out: `Watched` by name. May import `core`, `contract`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct

from simkit.contract.manifest import shipped
from simkit.contract.readers import read_object
from simkit.contract.table import AUXILIARY, MANIFEST_PATH, STATE
from simkit.contract.values import obj
from simkit.core import files
from simkit.core.errors import SimkitError

_HEAD = f"{STATE}/"
#: A manifest is a page, not a book.
_LIMIT_BYTES = 4 << 20


class Watched(Struct, frozen=True):
    """One file of the state folder. `owner` and `frequency` are the manifest's words, "" where it has none."""

    name: str
    owner: str
    frequency: str

    @property
    def path(self) -> str:
        return _HEAD + self.name

    @property
    def is_per_loop(self) -> bool:
        """Whether INV-G07 binds it: the auxiliary files may be absent (A-46)."""
        return self.frequency == "per_loop" and self.name not in AUXILIARY


def watched(manifest: dict[str, Any]) -> dict[str, Watched]:
    """Every registered file below the state folder, and the auxiliary ones."""
    found: dict[str, Watched] = {}
    for item in obj(manifest.get("state_files")).values():
        entry = obj(item)
        path = entry.get("path")
        if type(path) is str and path.startswith(_HEAD):
            name = path.removeprefix(_HEAD)
            found[name] = Watched(name, str(entry.get("owner", "")), str(entry.get("update_frequency", "")))
    for name in sorted(AUXILIARY - found.keys()):
        found[name] = Watched(name, "", "")
    return found


def read_manifest(file: str | Path | None, state: Path, cwd: Path) -> tuple[dict[str, Any], str]:
    """The manifest and where it stood: the named one, that of the tree, or the shipped one. Raises SimkitError."""
    here = (state.parent.parent / MANIFEST_PATH, cwd / MANIFEST_PATH)
    place = cwd / file if file is not None else next((path for path in here if path.is_file()), None)
    if place is None:
        manifest, reason = read_object(shipped())
        assert manifest is not None, reason
        return manifest, "the shipped manifest"
    try:
        manifest, reason = read_object(files.read_regular(place, _LIMIT_BYTES))
    except OSError as problem:
        raise SimkitError(f"{place}: {problem.strerror}") from problem
    if manifest is None:
        raise SimkitError(f"{place}: {reason}")
    return manifest, str(place)
