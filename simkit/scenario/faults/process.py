"""Faults of processes and clocks: the executor, sync_state and their host.

Comes in: nothing. Goes out: one Struct per kind. May import `scenario.faults.base`. Time counts microseconds.
The word of a kind (its tag), how it is written and what it attacks stand in `scenario/kinds_process.py`.
"""

from __future__ import annotations

from typing import Literal

from simkit.scenario.faults.base import Acting

When = Literal["before", "during", "after"]


class SyncDown(Acting, frozen=True, tag="sync_down"):
    """sync_state does not run."""


class Crash(Acting, frozen=True, tag="crash"):
    """The executor dies before, during or after the write of a file, and a new one starts with the next loop.

    It dies in the publish phase of `at.first`; `peak_state` and `nav_confirmed` are files of `logs/cache/`."""

    stem: str
    when: When = "before"


class ConfigUnreadable(Acting, frozen=True, tag="config_unreadable"):
    """The risk config cannot be parsed when the loop reloads it (B-LOOP-2 step 1)."""
