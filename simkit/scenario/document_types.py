"""The types of the keys of a scenario document, with the words that editors show.

Comes in: nothing. Goes out: annotated types and `Block`. May import msgspec.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

LOOP = r"^L[0-9]{1,9}$"
LOOPS = r"^L[0-9]{1,9}(\.\.(L[0-9]{1,9})?)?$"
NAME = r"^[a-z0-9][a-z0-9_-]*$"

Loop = Annotated[str, Meta(description="A loop, `L3`; L1 is the first.", pattern=LOOP)]
LoopRange = Annotated[
    str, Meta(description="`L3`, `L3..L5` (inclusive) or `L3..` (to the end).", pattern=LOOPS)
]
Duration = Annotated[str, Meta(description="A duration: `60 s`, `5 min`, `1 h`, `250 ms`.")]
Offset = Annotated[str, Meta(description="How far a clock is off: `+4000 s` (ahead) or `-90 s` (behind).")]
Money = Annotated[float | str, Meta(description="Money in USD: `10000 USD` or 10000.")]
Price = Annotated[float | str, Meta(description="A price in USD, above 0.")]
Qty = Annotated[float, Meta(description="An unsigned quantity in base units, above 0.")]
Level = Annotated[float | str, Meta(description="A price, or the word `none`.")]
File = Annotated[str, Meta(description="The stem of a file, `risk_snapshot`.")]
Key = Annotated[str, Meta(description="`SYMBOL:SIDE`, for example `BTCUSDT:LONG`.")]
Fraction = Annotated[float | str, Meta(description="`11 %` or `150 bps`; a bare number is refused.")]
Bps = Annotated[float | str, Meta(description="`5 bps` or `0.05 %`; a bare number is refused.")]


class Block(Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all blocks."""


def keys(shape: type[Block]) -> tuple[str, ...]:
    """The keys of a block as an author writes them."""
    return shape.__struct_encode_fields__
