"""What is left of a document: pure functions of its bytes.

Comes in: a document as its owner wrote it. Goes out: what then stands there. May import `contract`, `core` and
`scenario.model`.
"""

from __future__ import annotations

from msgspec.structs import replace

from simkit.contract.readers import UNREADABLE, decode
from simkit.contract.shapes import book
from simkit.contract.table import by_id
from simkit.core.canon import encode
from simkit.scenario.model import Damage

_POSITIONS = by_id["S3"].stem


def damaged(data: bytes | None, how: Damage) -> bytes | None:
    """What readers meet of a document; None: no file."""
    if how == "deleted" or (data is None and how == "unreadable"):
        return None
    if how == "unreadable":
        return UNREADABLE
    if how == "array":
        return b"[]" if not data else b"[" + data + b"]"
    return b"" if how == "empty" or data is None else data[: len(data) // 2]


def second_hand(stem: str, data: bytes) -> bytes:
    """What a process writes that does not own the file and only has its copy (INC-40): positions as they are, with
    nothing that the venue would know of them; every other document byte for byte."""
    document = decode(stem, data) if stem == _POSITIONS else None
    if not isinstance(document, book.PositionsState):
        return data
    rows = [
        replace(
            row, entry_price=0.0, mark_price=0.0, notional=0.0, realized_pnl=0.0, unrealized_pnl=0.0
        )
        for row in document.positions
    ]  # fmt: skip
    return encode(replace(document, positions=rows))
