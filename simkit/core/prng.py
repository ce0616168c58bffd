"""The one door for randomness: named streams, each a pure function of seed and name.

Comes in: a seed and a name such as `path/BTCUSDT`. Goes out: integers and floats in [0, 1). A new draw on one
stream shifts no other. May import the standard library only.

Only `getrandbits` of the generator is used; every transform is ours and uses plain arithmetic, because library
distributions change between versions and transcendental functions between processors.
"""

from __future__ import annotations

import hashlib
import random
from struct import Struct

_TWELVE = Struct("<12I").unpack


class Stream:
    """One named stream of draws. Cannot be built without a seed."""

    __slots__ = ("_bits", "name")

    def __init__(self, seed: int, name: str) -> None:
        self.name = name
        key = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=16).digest()
        self._bits = random.Random(int.from_bytes(key, "big")).getrandbits

    def bits(self, count: int) -> int:
        """`count` random bits as an integer."""
        return self._bits(count)

    def unit(self) -> float:
        """A float in [0, 1) with 53 random bits."""
        return self._bits(53) / 9007199254740992.0

    def below(self, limit: int) -> int:
        """An integer in [0, limit), limit > 0, without bias."""
        width = limit.bit_length()
        while True:
            value = self._bits(width)
            if value < limit:
                return value

    def normal(self) -> float:
        """Mean 0, variance 1: the sum of twelve 32-bit uniforms less 6 (Irwin-Hall), by exact arithmetic."""
        total: int = sum(_TWELVE(self._bits(384).to_bytes(48, "little")))
        return (total - 6 * 4294967296) / 4294967296.0


class Streams:
    """The streams of one run."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._streams: dict[str, Stream] = {}

    def stream(self, name: str) -> Stream:
        """The stream of that name, the same object at every call."""
        found = self._streams.get(name)
        if found is None:
            found = self._streams[name] = Stream(self._seed, name)
        return found

    def unseed(self) -> str:
        """One more draw from every stream, folded into 16 hex digits: two runs that drew differently differ here."""
        mixed = hashlib.blake2b(digest_size=8)
        for name in sorted(self._streams):
            mixed.update(f"{name}:{self._streams[name].bits(64):016x};".encode())
        return mixed.hexdigest()
