"""Faults of files: writes that fail, documents that are damaged.

Comes in: nothing. Goes out: one Struct per kind. May import `scenario.faults.base`. A `stem` names a file under
`logs/state/` (some under `logs/cache/`) without its ending.
The word of a kind (its tag), how it is written and what it attacks stand in `scenario/kinds_files.py`.
"""

from __future__ import annotations

from typing import Literal

from simkit.scenario.faults.base import Acting

Damage = Literal["empty", "deleted", "array", "truncated"]


class PowerCut(Acting, frozen=True, tag="power_cut"):
    """After publish and sync the power fails: of a file only what was synced survives (B-WR-1).

    The executor starts anew with the loop after `at.first`."""

    stem: str


class BuilderError(Acting, frozen=True, tag="builder_error"):
    """The builder of `stem` fails with an error."""

    stem: str


class DamagedFile(Acting, frozen=True, tag="damaged_file"):
    """`stem` is emptied, deleted, replaced by an array or truncated once its owner has written it. That is after the
    publish for the executor's files, after the sync for nav_state."""

    stem: str
    how: Damage
