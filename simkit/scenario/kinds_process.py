"""How the faults of processes and clocks are written, and what they attack.

Comes in: nothing. Goes out: `KINDS`. May import `scenario`.
"""

from __future__ import annotations

from typing import Final, get_args

from simkit.scenario.fault_forms import TRUE, Kind, word
from simkit.scenario.faults import ConfigUnreadable, Crash, SyncDown, When
from simkit.scenario.kinds_files import WRITTEN

WHEN: Final[tuple[When, ...]] = get_args(When)

KINDS = (
    Kind(
        make=SyncDown, value=TRUE, attacks=("INV-NS07", "INV-X02"),
        survives="nav_state of the last pass, whole; the next pass mirrors at once",
    ),
    Kind(
        make=Crash, value=word("stem", WRITTEN), keys={"when": word("when", WHEN)},
        attacks=("INV-X01", "INV-G07", "INV-G08"), once="an executor dies once",
        survives="positions and levels; the restart repairs the rest in its first loop",
    ),
    Kind(
        make=ConfigUnreadable, value=TRUE, attacks=("INV-R18",),
        survives="the limits of the last good config",
    ),
)  # fmt: skip
