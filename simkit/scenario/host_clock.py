"""What the clock of the host shows: that of executor and sync_state, which a scenario may set wrong.

Comes in: the clock of a scenario and its faults. Goes out: microseconds. May import `scenario.model`. Venue, records
and judges keep the true time.
"""

from __future__ import annotations

from collections.abc import Sequence

from simkit.scenario.model import ClockDrift, ClockFrozen, ClockSpec, HostClockFault


def skew_us(clock: ClockSpec, faults: Sequence[HostClockFault], loop: int) -> int:
    """How far the clock is ahead in `loop`; one fault at a time makes it wrong."""
    fault = fault_in(faults, loop)
    if fault is None:
        return 0
    at = fault.at
    if isinstance(fault, ClockFrozen):
        shown = at.first - 1 if at.every == 1 else loop - 1
        return clock.at(shown) + skew_us(clock, faults, shown) - clock.at(loop)
    if isinstance(fault, ClockDrift):
        return fault.per_loop_us * ((loop - at.first) // at.every + 1)
    return fault.offset_us


def fault_in(faults: Sequence[HostClockFault], loop: int) -> HostClockFault | None:
    """The fault that makes the clock wrong in `loop`."""
    return next((fault for fault in faults if loop in fault.at), None)
