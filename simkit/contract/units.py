"""Units of published numbers and the quantum of each (surfaces.md 1.0), as types of the shapes.

Comes in: nothing. Goes out: annotated types and `QUANTUM`. May import msgspec.

A fraction lies in 0..1 (0.11 is 11 %), a percent in 0..100. A field's unit is read from its type by
`contract.fields`.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Usd = Annotated[float, Meta(extra={"unit": "usd"})]
Price = Annotated[float, Meta(extra={"unit": "price"})]
Qty = Annotated[float, Meta(extra={"unit": "qty"})]
Fraction = Annotated[float, Meta(extra={"unit": "fraction"})]
Percent = Annotated[float, Meta(extra={"unit": "percent"})]
Score = Annotated[float, Meta(extra={"unit": "score"})]
RvScore = Annotated[float, Meta(extra={"unit": "rv"})]
FactorStat = Annotated[float, Meta(extra={"unit": "factor"})]
Bps = Annotated[float, Meta(extra={"unit": "bps"})]
Milliseconds = Annotated[float, Meta(extra={"unit": "ms"})]
Seconds = Annotated[float, Meta(extra={"unit": "s"})]
Count = Annotated[int, Meta(ge=0, extra={"unit": "count"})]
Configured = Annotated[float, Meta(extra={"unit": "configured"})]
ConfiguredFraction = Annotated[float, Meta(extra={"unit": "configured_fraction"})]
Iso = Annotated[str, Meta(extra={"unit": "iso"})]
Epoch = Annotated[float, Meta(extra={"unit": "epoch"})]

#: The grain of each class of numbers; None: published as configured.
QUANTUM: dict[str, float | None] = {
    "usd": 1e-6,
    "price": 1e-8,
    "qty": 1e-8,
    "fraction": 1e-9,
    "percent": 1e-7,
    "score": 1e-9,
    "rv": 1e-4,
    "factor": 1e-12,
    "bps": 1e-6,
    "ms": 1e-3,
    "s": 1e-6,
    "epoch": 1e-6,
    "count": 1.0,
    "configured": None,
    "configured_fraction": None,
}
