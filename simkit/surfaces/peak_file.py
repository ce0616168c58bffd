"""The peak file (AUX-7) read back: by an executor that starts, and by sync_state.

Comes in: bytes. Goes out: `KeptPart`. May import `core`, `contract` and `executor.state`.

The executor writes it whenever peak or day change (`Publisher`): atomically, in place under D-20.
"""

from __future__ import annotations

import msgspec

from simkit.contract.shapes.auxiliary import PeakState
from simkit.contract.table import PEAK_PATH
from simkit.core.clock import MICROSECONDS
from simkit.core.numeric import USD, scaled
from simkit.executor.state import KeptPart
from simkit.surfaces.failure import Readable

_DECODER = msgspec.json.Decoder(PeakState)


def decode(data: bytes | None) -> KeptPart | None:
    """What the file keeps; None when it is missing, torn or ill-typed."""
    try:
        file = _DECODER.decode(data or b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return KeptPart(
        scaled(file.peak_nav, USD),
        scaled(file.peak_ts, MICROSECONDS),
        file.day,
        scaled(file.daily_ts, MICROSECONDS),
        scaled(file.daily_nav, USD),
        scaled(file.daily_peak, USD),
        scaled(file.realized_pnl_today, USD),
    )


def read(door: Readable) -> KeptPart | None:
    """What the file on disk keeps; None when it cannot be used."""
    return decode(door.read(PEAK_PATH))
