"""The opening state: what lies on disk before the first loop.

Comes in: a `Scenario`. Goes out: `v7_manifest.json` and, where positions open with levels, the
TP/SL registry. May import `core`, `contract`, `scenario.model` and `executor.state`.
"""

from __future__ import annotations

from simkit.contract.shapes.auxiliary import TpSlRegistryFile
from simkit.contract.table import MANIFEST_PATH, REGISTRY_PATH, manifest
from simkit.core.canon import encode, encode_sorted
from simkit.core.clock import epoch_s
from simkit.core.files import Door
from simkit.executor.state import RegistryEntry
from simkit.scenario.model import Scenario
from simkit.surfaces.build_book import registry_entry
from simkit.surfaces.stamp import EXECUTOR

MANIFEST_WRITER = "humans"


def lay_opening_state(door: Door, scenario: Scenario) -> None:
    """Write what precedes L1 and leave the journal empty: none of it is a write of a loop.

    A position without any level gets no registry entry, so that start-up seeds it (B-LED-3). Raises OSError.
    """
    door.replace(MANIFEST_PATH, encode_sorted(manifest()), MANIFEST_WRITER)
    start = scenario.clock.start_us
    entries = {
        f"{p.symbol}:{p.side}": RegistryEntry(p.symbol, p.side, p.tp, p.sl, p.entry, p.qty, start)
        for p in scenario.positions
        if p.tp is not None or p.sl is not None
    }
    if entries:
        file = TpSlRegistryFile(
            entries={key: registry_entry(entries[key]) for key in sorted(entries)}, updated_at=epoch_s(start)
        )
        door.replace(REGISTRY_PATH, encode(file), EXECUTOR)
    door.take_journal()
