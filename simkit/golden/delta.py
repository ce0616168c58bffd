"""Small differences between JSON values, exactly invertible.

Comes in: two JSON values, or one and a delta. Goes out: a delta, or the second value. May import `core`.

The document's own time is elided first: the ISO text of the loop becomes `@`, its epoch seconds `@s`; a
genuine string that begins with `@` gains one more. A field that always holds the loop's time is then never a
change.

A delta is read against the old value:

- old and new are objects: an object, key to delta; `-` lists the keys that went away. A key that begins with
one
  of `-=#~` gains a `~` in front.
- both are arrays: an object, index to delta; `#` is the new length where that changed. Items beyond the old
end
  are given whole.
- otherwise: the new value; a whole object or array is wrapped as `{"=": value}`.

Equal means equal in bytes: 1, 1.0 and true differ, and so do 0.0 and -0.0.
"""

from __future__ import annotations

from typing import Any

from simkit.core.clock import epoch_s, iso

_ISO, _EPOCH = "@", "@s"
_KEEP = object()
_LEAVES = frozenset({float, str, int, bool, type(None)})
#: A deeper document is kept as text.
DEPTH = 100


def elide(value: Any, ts: int) -> Any:
    """A copy of `value` with the time `ts` (microseconds) taken out. Raises ValueError on more than 100
    levels."""
    return _elide(value, iso(ts), epoch_s(ts), DEPTH)


def _elide(value: Any, text: str, epoch: float, depth: int) -> Any:
    kind = type(value)
    if kind is str:
        if value == text:
            return _ISO
        return "@" + value if value[:1] == "@" else value
    if kind is dict or kind is list:
        if not depth:
            raise ValueError(f"more than {DEPTH} levels")
        if kind is dict:
            # A number that is not the time, by far the most common part, costs no call.
            return {
                key: part if type(part) is float and part != epoch else _elide(part, text, epoch, depth - 1)
                for key, part in value.items()
            }
        return [_elide(part, text, epoch, depth - 1) for part in value]
    if kind is float and value == epoch and value:
        return _EPOCH
    return value


def restore(value: Any, ts: int) -> Any:
    """The inverse of `elide`."""
    return _restore(value, iso(ts), epoch_s(ts))


def _restore(value: Any, text: str, epoch: float) -> Any:
    kind = type(value)
    if kind is dict:
        return {key: _restore(part, text, epoch) for key, part in value.items()}
    if kind is list:
        return [_restore(part, text, epoch) for part in value]
    if kind is str and value[:1] == "@":
        if value == _ISO:
            return text
        return epoch if value == _EPOCH else value[1:]
    return value


def diff(old: Any, new: Any) -> tuple[bool, Any]:
    """Whether `new` differs from `old`, and the delta if so."""
    delta = _diff(old, new)
    return (False, None) if delta is _KEEP else (True, delta)


def _diff(old: Any, new: Any) -> Any:
    kind = type(new)
    if type(old) is not kind:
        return _whole(new)
    if kind is dict:
        return _diff_objects(old, new)
    if kind is list:
        return _diff_arrays(old, new)
    if old == new and (kind is not float or new or str(old) == str(new)):
        return _KEEP
    return new


def _whole(value: Any) -> Any:
    return {"=": value} if type(value) in (dict, list) else value


def _diff_objects(old: dict[str, Any], new: dict[str, Any]) -> Any:
    changes: dict[str, Any] = {}
    for key, value in new.items():
        if key not in old:
            change = _whole(value)
        else:
            before, kind = old[key], type(value)
            if kind is type(before) and kind in _LEAVES and value == before and (value or kind is not float):
                continue
            change = _diff(before, value)
        if change is not _KEEP:
            changes["~" + key if key[:1] in ("-", "=", "#", "~") else key] = change
    if gone := old.keys() - new.keys():
        changes["-"] = sorted(gone)
    return changes or _KEEP


def _diff_arrays(old: list[Any], new: list[Any]) -> Any:
    changes: dict[str, Any] = {}
    for index, value in enumerate(new):
        change = _diff(old[index], value) if index < len(old) else _whole(value)
        if change is not _KEEP:
            changes[str(index)] = change
    if len(old) != len(new):
        changes["#"] = len(new)
    return changes or _KEEP


def apply(old: Any, delta: Any) -> Any:
    """The new value; `old` is left alone, unchanged parts are shared. Raises ValueError when they do not
    fit."""
    if type(delta) is not dict:
        return delta
    if "=" in delta:
        return delta["="]
    try:
        if type(old) is dict:
            return _apply_object(old, delta)
        if type(old) is list:
            return _apply_array(old, delta)
    except (KeyError, IndexError, TypeError) as problem:
        raise ValueError(f"a change does not fit the value that it changes: {problem}") from problem
    raise ValueError("a change of parts, but the old value has none")


def _apply_object(old: dict[str, Any], delta: dict[str, Any]) -> dict[str, Any]:
    new = dict(old)
    for name, change in delta.items():
        if name == "-":
            for key in change:
                del new[key]
            continue
        key = name[1:] if name[:1] == "~" else name
        new[key] = change if type(change) is not dict else apply(old.get(key), change)
    return new


def _apply_array(old: list[Any], delta: dict[str, Any]) -> list[Any]:
    size = delta.get("#", len(old))
    if not 0 <= size <= len(old) + len(delta):  # what is new is given item by item
        raise IndexError(f"{size} items")
    new = old[:size] + [None] * (size - len(old))
    for name, change in delta.items():
        if name != "#":
            index = int(name)
            new[index] = apply(old[index] if index < len(old) else None, change)
    return new
