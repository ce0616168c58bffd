"""Hashes for equality, never against an adversary.

Comes in: bytes. Goes out: hex text, or a running hash. May import xxhash.
"""

from __future__ import annotations

import xxhash

#: 16 hex digits.
digest = xxhash.xxh3_64_hexdigest

#: The hash of `digest` over parts: `update(bytes)`, `hexdigest()`.
Running = xxhash.xxh3_64


def short(data: bytes) -> str:
    """8 hex digits: one file's content in a history line."""
    return xxhash.xxh32_hexdigest(data)
