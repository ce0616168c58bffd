"""The tolerance of every rule that recomputes a number (surfaces.md 1.0), and the only one.

Comes in: two numbers and the grain of the inputs. Goes out: whether they agree. May import nothing.

A rule passes as `grain` half a quantum per rounded input times the factor with which it enters the formula;
the published result counts as one input with factor 1.
"""

from __future__ import annotations

HALF_USD = 0.5e-6
HALF_PRICE = 0.5e-8
HALF_QTY = 0.5e-8
HALF_FRACTION = 0.5e-9
HALF_PERCENT = 0.5e-7
HALF_SCORE = 0.5e-9
HALF_BPS = 0.5e-6
HALF_MS = 0.5e-3
HALF_SECONDS = 0.5e-6
HALF_FACTOR = 0.5e-12
HALF_RV = 0.5e-4

_ABSOLUTE = 1e-6
_RELATIVE = 1e-9


def near(a: float, b: float, grain: float = 0.0) -> bool:
    """Whether `a` and `b` differ by at most max(1e-6, 1e-9 of the larger) + `grain`."""
    difference = a - b if a > b else b - a
    if difference <= _ABSOLUTE + grain:
        return True
    larger = max(abs(a), abs(b))
    return difference <= _RELATIVE * larger + grain
