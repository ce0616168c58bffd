"""Faults of processes and clocks: the executor, sync_state and their host.

Comes in: nothing. Goes out: one Struct per kind. May import `scenario.faults.base`. Time counts microseconds.
The word of a kind (its tag), how it is written and what it attacks stand in `scenario/kinds_process.py`.
"""

from __future__ import annotations

from typing import Literal

from simkit.scenario.faults.base import Acting

When = Literal["before", "during", "after"]
#: The steps of a loop before and after which an executor may die, in their order (B-LOOP-2, B-LOOP-3). The writes of
#: `publish` have names too: those of the files.
LoopStep = Literal[
    "config", "exit_scan", "entries", "positions_fetch", "ledger_sync", "nav_compute", "logs", "publish"
]


# Processes -------------------------------------------------------------------------------------------------


class SyncDown(Acting, frozen=True, tag="sync_down"):
    """sync_state does not run."""


class SyncLate(Acting, frozen=True, tag="sync_late"):
    """sync_state runs `delay_us` later than planned."""

    delay_us: int


class SyncDoubled(Acting, frozen=True, tag="sync_doubled"):
    """sync_state makes two passes, one right after the other."""


class SyncClock(Acting, frozen=True, tag="sync_clock"):
    """sync_state stamps its own clock instead of the time of what it mirrors (D-06)."""


class Crash(Acting, frozen=True, tag="crash"):
    """The executor dies in L`at.first`; a new one starts `down` loops later.

    It dies before, during or after the write of `stem` (`peak_state` and `nav_confirmed` are files of `logs/cache/`),
    or before or after `step`: one of the two is set. What it has sent by then has reached the venue."""

    stem: str = ""
    when: When = "before"
    step: LoopStep | Literal[""] = ""
    down: int = 1

    @property
    def ends(self) -> int:
        """The last loop without an executor."""
        return self.at.first + self.down - 1


class Hang(Acting, frozen=True, tag="hang"):
    """The executor does nothing and stays the same process."""


class SecondExecutor(Acting, frozen=True, tag="second_executor"):
    """A second executor under another run_id. It starts in `at.first` with what lies on disk, runs after the first one
    in each loop of `at`, writes the same files, and is gone after `at.last`."""


class ConfigUnreadable(Acting, frozen=True, tag="config_unreadable"):
    """The risk config cannot be parsed when the loop reloads it (B-LOOP-2 step 1)."""


# Clocks ----------------------------------------------------------------------------------------------------


class HostClock(Acting, frozen=True, tag="host_clock"):
    """The clock of the host, that of executor and sync_state, is off by `offset_us`."""

    offset_us: int


class ClockDrift(Acting, frozen=True, tag="clock_drift"):
    """The clock of the host is off by `per_loop_us` in the first loop of `at`, by twice that in the second, and so on;
    after the last one it is set right."""

    per_loop_us: int


class ClockFrozen(Acting, frozen=True, tag="clock_frozen"):
    """The clock of the host shows the loop before over and over."""


class TimeZone(Acting, frozen=True, tag="time_zone"):
    """The host prints local time, `offset_us` ahead of UTC, as if it were UTC, and rolls the day by it. Epoch seconds
    and ages stay true."""

    offset_us: int


class VenueClock(Acting, frozen=True, tag="venue_clock"):
    """The times that the venue gives its events are off by `offset_us`."""

    offset_us: int


#: What makes the clock of the host wrong; one of them at a time.
HostClockFault = HostClock | ClockDrift | ClockFrozen
