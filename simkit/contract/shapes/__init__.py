"""The shape of every published document, as msgspec Structs that build, encode, decode and describe it.

Comes in: nothing. Goes out: `book` (S1-S4), `health` (S5-S8), `intel` (S9-S11), `auxiliary` (registry, metadata).
May import msgspec and `contract.units`.

A field without a default is core (surfaces.md 3): it must be present. A field that may be left out is `UNSET`.
Fields stand in alphabetical order, so that the encoded key order is the canonical one.
"""
