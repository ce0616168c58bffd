"""How the faults of files are written, and what they attack.

Comes in: nothing. Goes out: `KINDS`. May import `contract.table` and `scenario`.
"""

from __future__ import annotations

from typing import Final, get_args

from simkit.contract.table import paths
from simkit.scenario.fault_forms import Kind, word
from simkit.scenario.faults import BuilderError, Damage, DamagedFile, PowerCut

#: Files that the executor itself writes; nav_state is sync_state's.
WRITTEN: Final = tuple(stem for stem in paths if stem != "nav_state")
#: Files that a builder makes in the publish phase (B-LOOP-3).
BUILT: Final = tuple(stem for stem in WRITTEN if stem not in ("positions", "peak_state", "nav_confirmed"))
DAMAGES: Final[tuple[Damage, ...]] = get_args(Damage)

KINDS = (
    Kind(
        make=PowerCut, value=word("stem", tuple(paths)), attacks=("INV-G01", "INV-X02"),
        survives="every file that was synced, whole", once="the power fails once",
    ),
    Kind(
        make=BuilderError, value=word("stem", BUILT), attacks=("INV-G07", "INV-X01"),
        survives="the last good document, and all other files of the loop",
    ),
    Kind(
        make=DamagedFile, value=word("stem", tuple(paths)), keys={"how": word("how", DAMAGES, need=True)},
        attacks=("INV-G01", "INV-G13", "INV-G14"), survives="readers show defaults; the next write heals",
    ),
)  # fmt: skip
