"""Tolerant readers: a file's bytes to its JSON object, or the reason why there is none; times in any form.

Comes in: bytes, JSON values. Goes out: objects, microseconds, typed shapes. Nothing here raises on what it
reads, or writes anything (B-DASH-1, B-DASH-2). May import `core` and the rest of `contract`.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import msgspec

from simkit.contract.shapes.auxiliary import TpSlRegistryFile
from simkit.contract.shapes.base import Shape
from simkit.contract.table import by_stem
from simkit.core.clock import parse_iso

Doc = dict[str, Any]

#: Stem of the TP/SL registry (AUX-1).
REGISTRY = "position_tp_sl"
#: Stem of the manifest (AUX-2).
MANIFEST = "v7_manifest"
#: How the reason of a document begins that would be whole but for a NaN or an infinity (INV-G02).
NON_FINITE = "holds a number that is not finite"
#: The reason of a file without a byte.
EMPTY = "is empty"

#: What a tree holds in place of the content of a file that is there and that nobody may read; also its reason.
UNREADABLE = b"cannot be read: Permission denied"

_DECODER = msgspec.json.Decoder()
_TYPED: dict[str, msgspec.json.Decoder[Any]] = {
    **{stem: msgspec.json.Decoder(surface.shape) for stem, surface in by_stem.items()},
    REGISTRY: msgspec.json.Decoder(TpSlRegistryFile),
}
_BROKEN = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
_MILLISECONDS_FROM = 1e12
_LATEST_S = 253_402_300_800.0  # the year 10000


def read_object(data: bytes) -> tuple[Doc | None, str]:
    """One complete JSON object and no reason, or None and the reason why there is none (INV-G01, G02)."""
    try:
        value = _DECODER.decode(data)
    except _BROKEN as problem:
        return None, _why(data, problem)
    if type(value) is dict:
        return value, ""
    return None, f"is no JSON object but {_kind(value)}"


def _why(data: bytes, problem: Exception) -> str:
    if not data:
        return EMPTY
    if data == UNREADABLE:
        return data.decode()
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return f"is no complete JSON document: {problem}"
    place = _non_finite(value, "")
    return f"{NON_FINITE}: {place}" if place is not None else f"is no JSON document: {problem}"


def _non_finite(value: Any, path: str) -> str | None:
    """Path and value of the first non-finite number, or None."""
    stack = [(path, value)]
    while stack:
        place, found = stack.pop()
        if type(found) is float and found - found != 0.0:
            return f"{place or 'the document'} = {found!r}"
        if type(found) is dict:
            stack += [(f"{place}.{key}" if place else key, item) for key, item in reversed(found.items())]
        elif type(found) is list:
            stack += [(f"{place}[{i}]", found[i]) for i in range(len(found) - 1, -1, -1)]
    return None


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return {list: "an array", str: "a string", bool: "a boolean"}.get(type(value), "a number")


def decode(stem: str, data: bytes | None) -> Shape | None:
    """The typed document of a registered surface or of the registry; None when it does not fit its shape."""
    if data is None:
        return None
    decoder = _TYPED.get(stem)
    if decoder is None:
        return None
    try:
        shape: Shape = decoder.decode(data)
    except _BROKEN:
        return None
    return shape


def parse_time(value: object) -> int | None:
    """Microseconds since 1970 of ISO text, epoch seconds or epoch milliseconds (> 1e12); naive ISO is UTC.

    None for everything else (A-02, B-DASH-2).
    """
    if type(value) is str:
        return _parse_text(value)
    if type(value) is float or type(value) is int:
        return _parse_number(value)
    return None


@lru_cache(maxsize=2048)
def _parse_text(text: str) -> int | None:
    if text.isascii() and text.isdigit():
        return _parse_number(int(text)) if len(text) <= 16 else None
    try:
        return parse_iso(text)
    except (ValueError, OverflowError):
        return None


def _parse_number(number: float) -> int | None:
    if not 0 <= number < _LATEST_S * 1000:
        return None
    if number > _MILLISECONDS_FROM:
        return round(number * 1000)
    return round(number * 1_000_000) if number < _LATEST_S else None


def surface_time(doc: Doc) -> int | None:
    """When a surface says it was written: `updated_ts`, or its alias `updated_at` (A-01)."""
    found = parse_time(doc.get("updated_ts"))
    return found if found is not None else parse_time(doc.get("updated_at"))
