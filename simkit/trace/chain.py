"""The running hash: one 16-digit word that stands for everything published up to a loop.

Comes in: the running hash of the loop before, and what the loop left. Goes out: the next one. May import
`core`.
"""

from __future__ import annotations

from collections.abc import Iterable

from simkit.core.hashing import digest

#: The running hash before the first loop.
START = "0" * 16
#: Digits of a running hash and of a file's hash.
WIDTH = 16


def names_of(paths: Iterable[str]) -> str:
    """The set of files of a loop, as `link` takes it; `paths` are sorted."""
    return "\n".join(paths)


def link(previous: str, names: str, hashes: str, events: bytes) -> str:
    """Chain one loop: `hashes` are the files' digests one after the other, in the order of `names`."""
    return digest(f"{previous}\n{names}\n{hashes}\n".encode() + events)
