"""Runs scenarios and prints one line each: name, running hash, unseed, digest of the final tree with its logs.

Started as a process of its own by test_same_bytes.py, under whatever environment the test chose. Arguments: how many
loops of each scenario to run at most, how often, of how many scenario files each time one is taken, and `leak`, which
plants a dependence on the hash seed in a published file, to prove that the comparison would see one.
"""

from __future__ import annotations

import locale
import sys
import tempfile
from pathlib import Path

from simkit.core.files import walk
from simkit.core.hashing import digest
from simkit.core.project import find_project
from simkit.run import simulate
from simkit.scenario.load import discover, load
from simkit.surfaces import build_diagnostics

ROOT = Path(__file__).parents[2]


def plant_a_leak() -> None:
    """Publish an engine version that hangs on the hash of a string."""
    build_diagnostics.ENGINE_VERSION = f"reference-{hash('leak') % 1000}"


def tree_digest(folder: Path) -> str:
    lines = [f"{path} {digest((folder / path).read_bytes())}" for path in walk(folder)]
    return digest("\n".join(lines).encode())


def main() -> None:
    locale.setlocale(locale.LC_ALL, "")
    until, times, one_of = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    if "leak" in sys.argv:
        plant_a_leak()
    project = find_project(ROOT)
    for file in discover(project)[::one_of]:
        for scenario in load(file, project):
            for _ in range(0 if scenario.needs_data else times):
                with tempfile.TemporaryDirectory() as place:
                    folder = Path(place)
                    recording = simulate(scenario, folder, base=file.parent, until=until).recording
                    print(scenario.name, recording.running, recording.unseed, tree_digest(folder))


if __name__ == "__main__":
    main()
