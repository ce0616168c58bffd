"""A host that prints local time as if it were UTC: the ISO stamps of its documents are off, epoch seconds are not.

Comes in: the bytes of documents and log lines. Goes out: the same with other stamps. May import `core` and `scenario`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from simkit.core.acted import Acted
from simkit.core.clock import parse_iso
from simkit.scenario.model import Fault, TimeZone
from simkit.surfaces.stamp import stamp

_STAMP = re.compile(rb'"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{15}Z)"')


def zone_of(faults: Iterable[Fault], acted: Acted[Fault]) -> int:
    """How far local time is ahead of UTC on the host, in microseconds, to one who prints it; 0 without a fault."""
    for fault in faults:
        if isinstance(fault, TimeZone):
            acted.note(fault)
            return fault.offset_us
    return 0


def in_zone(data: bytes, zone_us: int) -> bytes:
    """The same text with every stamp in local time; times before 1970 stay as they are."""
    if not zone_us:
        return data

    def local(found: re.Match[bytes]) -> bytes:
        return b'"' + stamp(max(0, parse_iso(found[1].decode()) + zone_us)).encode() + b'"'

    return _STAMP.sub(local, data)
