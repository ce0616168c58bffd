"""How the faults of files are written, and what they attack.

Comes in: nothing. Goes out: `KINDS`. May import `contract.table` and `scenario`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, get_args

from simkit.contract.table import paths
from simkit.scenario import units
from simkit.scenario.fault_forms import Entry, Form, Found, Kind, one, word
from simkit.scenario.faults import (
    BuilderError,
    Damage,
    DamagedFile,
    DirectWrite,
    Folder,
    FolderMissing,
    Group,
    PowerCut,
    SecondaryWriter,
    TempLeft,
    TornWrite,
    WriteError,
    WriteFails,
)
from simkit.scenario.yaml_nodes import Node

#: Files of the v7.6 system that no writer of ours writes (AUX-4, AUX-8).
NEVER_WRITTEN: Final = ("positions", "nav_confirmed")
#: Files that somebody writes.
FILES: Final = tuple(stem for stem in paths if stem not in NEVER_WRITTEN)
#: Files that the executor itself writes; nav_state is sync_state's.
WRITTEN: Final = tuple(stem for stem in FILES if stem != "nav_state")
#: Files that a builder makes in the publish phase (B-LOOP-3).
BUILT: Final = tuple(stem for stem in WRITTEN if stem != "peak_state")
DAMAGES: Final[tuple[Damage, ...]] = get_args(Damage)
ERRORS: Final[tuple[WriteError, ...]] = get_args(WriteError)
GROUPS: Final[tuple[Group, ...]] = get_args(Group)
FOLDERS: Final[tuple[Folder, ...]] = get_args(Folder)


def file(known: Sequence[str], field: str = "stem") -> Form:
    """One of the known files, by its stem."""
    usual = word(field, known)

    def read(entry: Entry, node: Node) -> Found:
        if node.is_scalar and node.text in NEVER_WRITTEN:
            entry.reader.wrong(node, f"nobody writes `{node.text}`: the fault would change nothing")
            return None
        return usual.read(entry, node)

    return Form(read)


KINDS = (
    Kind(
        make=PowerCut, value=file(FILES), attacks=("INV-G01", "INV-X02"),
        survives="every file that was synced, whole", once="the power fails once",
    ),
    Kind(
        make=BuilderError, value=file(BUILT), attacks=("INV-G07", "INV-X01"),
        survives="the last good document, and all other files of the loop",
    ),
    Kind(
        make=DamagedFile, value=file(FILES), keys={"how": word("how", DAMAGES, need=True)},
        attacks=("INV-G01", "INV-G13", "INV-G14"), survives="readers show defaults; the next write heals",
    ),
    Kind(
        make=WriteFails, value=file((*FILES, *GROUPS), "files"), keys={"error": word("error", ERRORS)},
        attacks=("INV-G07", "INV-N09", "INV-X01", "INV-NS07", "INV-P06", "INV-P07", "INV-H07"),
        survives="the last good document, whole, and every other write of the loop; no temporary file",
    ),
    Kind(
        make=TornWrite, value=file(FILES), keys={"after": one("after", units.whole, "bytes such as `120`")},
        attacks=("INV-G01", "INV-G08", "INV-X02"),
        survives="every other file; readers show defaults; the next write heals",
    ),
    Kind(
        make=TempLeft, value=file(FILES), attacks=("INV-G07", "INV-G08", "INV-X01"),
        survives="the last good document, whole; the next write uses the temporary file up",
    ),
    Kind(
        make=DirectWrite, value=file(FILES), attacks=("INV-G08",), survives="the document, whole after the loop",
    ),
    Kind(
        make=SecondaryWriter, value=file(FILES), attacks=("INV-G09", "INV-G10", "INV-P01", "INV-L05"),
        survives="the owner's next write hides it; the journal shows it for ever",
    ),
    Kind(
        make=FolderMissing, value=word("folder", FOLDERS), attacks=("INV-G13", "INV-X06"),
        survives="the first write makes the folder anew, and every file of the loop is whole",
    ),
)  # fmt: skip
