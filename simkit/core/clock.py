"""The one door for time: scenario time as integer microseconds, its ISO form, and the wall clock.

Comes in: microseconds since 1970-01-01T00:00:00Z, or text. Goes out: text, or microseconds. May import the
standard library only. Nothing inside a scenario may call `wall_date`, `elapsed_s` or `pause`: they are for
progress bars, for the date of an acceptance and for watching a folder.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

MICROSECONDS = 1_000_000
DAY_US = 86_400 * MICROSECONDS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_NAIVE = datetime(1970, 1, 1)


def iso(ts_us: int) -> str:
    """Fixed-width ISO-8601 UTC with six decimals: `2025-01-06T00:00:00.000000Z` (surfaces.md 1)."""
    return (_EPOCH_NAIVE + timedelta(microseconds=ts_us)).isoformat(timespec="microseconds") + "Z"


def parse_iso(text: str) -> int:
    """Microseconds of an ISO-8601 time; without an offset it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    since = moment - (_EPOCH_NAIVE if moment.tzinfo is None else _EPOCH)
    return (since.days * 86_400 + since.seconds) * MICROSECONDS + since.microseconds


def epoch_s(ts_us: int) -> float:
    """Epoch seconds with microsecond grain, correctly rounded."""
    return ts_us / MICROSECONDS


def day_of(ts_us: int) -> int:
    """Number of the UTC day, days since 1970-01-01; daily figures roll when it changes."""
    return ts_us // DAY_US


def wall_date() -> str:
    """Today's UTC date, for the ledger of acceptances only."""
    return datetime.now(UTC).date().isoformat()


def elapsed_s() -> float:
    """A monotonic reading in seconds, for progress reports only."""
    return time.monotonic()


def pause(seconds: float) -> None:
    """Wait, between two looks at a folder that somebody else writes to."""
    time.sleep(seconds)
