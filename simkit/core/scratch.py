"""Folders for runs: RAM-backed where the machine has such a place, gone when the run is over.

Comes in: nothing, or where to fall back. Goes out: empty folders. May import `core`.

A folder is named `simkit-<pid>-<n>`. What a killed process left behind is removed by the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from simkit.core import environment, files

_NAME = "simkit-"
_numbers = count(1)


@contextmanager
def scratch_folder(fallback: Path, *, ram: bool = True) -> Iterator[Path]:
    """A new empty folder for this process, removed at the end whatever happens.

    It lies in RAM where that is possible and wanted (`ram`), else below `fallback` (the project's work folder).
    Raises OSError.
    """
    home = (environment.ram_folder() if ram else None) or fallback / "scratch"
    home.mkdir(parents=True, exist_ok=True)
    folder = _new(home)
    try:
        yield folder
    finally:
        files.remove_tree(folder)


def _new(home: Path) -> Path:
    while True:
        folder = home / f"{_NAME}{environment.process_id()}-{next(_numbers)}"
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            continue
        return folder


def remove_stale(fallback: Path) -> None:
    """Remove the folders of processes that no longer live."""
    for home in (environment.ram_folder(), fallback / "scratch"):
        if home is None or not home.is_dir():
            continue
        for folder in sorted(home.glob(f"{_NAME}*-*")):
            owner = folder.name.removeprefix(_NAME).partition("-")[0]
            if owner.isdigit() and not environment.process_alive(int(owner)):
                files.remove_tree(folder)
