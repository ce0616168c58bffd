"""Time as the surfaces print it, and the identity that a simulated executor states of itself.

Comes in: microseconds since 1970. Goes out: ISO text. May import `core`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from simkit.core.clock import iso

#: Identity fields (surfaces.md 1): compared for presence and type only, and pinned here.
ENGINE_VERSION: Final = "reference-1"
GIT_COMMIT: Final = "0000000"
HOSTNAME: Final = "simkit"
PID: Final = 1
ENV: Final = "sim"
STATUS: Final = "running"

EXECUTOR: Final = "executor"
SYNC_STATE: Final = "sync_state"

#: `core.clock.iso`, remembered: a loop prints the same few times in many files.
stamp = lru_cache(maxsize=512)(iso)


def stamp_or_null(ts_us: int | None) -> str | None:
    """An ISO time, or None for an event that never happened."""
    return None if ts_us is None else stamp(ts_us)
