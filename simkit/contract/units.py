"""Units of published numbers and the quantum of each (surfaces.md 1.0), as types of the shapes.

Comes in: nothing. Goes out: annotated types and `QUANTUM`. May import msgspec.

A fraction lies in 0..1 (0.11 is 11 %), a percent in 0..100. A field's unit is read from its type by
`contract.fields`; `contract.schemas` shows it as `x-unit`, with its quantum and in words.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

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


def _unit(unit: str, words: str, **more: Any) -> Meta:
    """What a type says of its unit: a name for programs, words for the reader of a JSON Schema."""
    grain = QUANTUM.get(unit)
    shown = {"x-unit": unit, **({"x-quantum": grain} if grain else {})}
    if unit == "iso":
        shown["format"] = "date-time"
    return Meta(description=words, extra={"unit": unit}, extra_json_schema=shown, **more)


Usd = Annotated[float, _unit("usd", "USD")]
Price = Annotated[float, _unit("price", "price, USD per unit")]
Qty = Annotated[float, _unit("qty", "quantity, base units")]
Fraction = Annotated[float, _unit("fraction", "fraction, 0..1 (0.11 is 11 %)")]
Percent = Annotated[float, _unit("percent", "percent, 0..100 (11 is 11 %)")]
Score = Annotated[float, _unit("score", "score")]
RvScore = Annotated[float, _unit("rv", "relative-value momentum")]
FactorStat = Annotated[float, _unit("factor", "factor statistic")]
Bps = Annotated[float, _unit("bps", "basis points")]
Milliseconds = Annotated[float, _unit("ms", "milliseconds")]
Seconds = Annotated[float, _unit("s", "seconds")]
Count = Annotated[int, _unit("count", "count", ge=0)]
Configured = Annotated[float, _unit("configured", "as configured")]
ConfiguredFraction = Annotated[float, _unit("configured_fraction", "fraction as configured, 0..1")]
Iso = Annotated[str, _unit("iso", "ISO-8601 time, UTC")]
Epoch = Annotated[float, _unit("epoch", "seconds since 1970, UTC")]
