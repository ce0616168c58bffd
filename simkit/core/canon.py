"""The one encoder for everything published and every golden.

Comes in: msgspec Structs and plain JSON values. Goes out: bytes. May import the standard library and msgspec.

Published form: compact, keys in alphabetical order (structs are declared that way, data keys are sorted where
they are collected). Golden form: the same document, indented by two spaces, with a final newline.
"""

from __future__ import annotations

from typing import Any

import msgspec

_FAST = msgspec.json.Encoder()
_SORTED = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder()

#: One encoder for all callers.
encode = _FAST.encode


def decode(data: bytes | str) -> Any:
    """A JSON value; raises ValueError on anything that is not one complete document."""
    return _DECODER.decode(data)


def canonical(data: bytes | str) -> bytes:
    """The canonical compact form of a JSON document: keys sorted at every level, one number format."""
    return _SORTED.encode(_DECODER.decode(data))


def encode_sorted(value: Any) -> bytes:
    """Any JSON value in canonical compact form."""
    return _SORTED.encode(value)


def pretty(data: bytes) -> bytes:
    """The golden form of a compact canonical document."""
    return msgspec.json.format(data, indent=2) + b"\n"
