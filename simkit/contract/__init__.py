"""The v7.6 state contract as data and pure functions: what a surface holds, who owns it, what must be true.

Comes in: one tree or a series of trees. Goes out: findings and views. May import `core`. Knows nothing of our
executor. `verify` judges any tree; it is imported when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simkit.contract.verifier import verify

__all__ = ["verify"]


def __getattr__(name: str) -> object:
    if name != "verify":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from simkit.contract.verifier import verify

    globals()["verify"] = verify
    return verify
