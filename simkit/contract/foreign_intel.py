"""The forms of symbol scores and factors (A-51; the config echo of S11).

Comes in: documents of a tree from outside. Goes out: the same in our form. May import `contract`.
"""

from __future__ import annotations

from typing import Any, Final

from simkit.contract.foreign_choice import Choice
from simkit.contract.look import Doc

_SCORES: Final = "symbol_scores_v6"
_FACTORS: Final = "factor_diagnostics"
_CONTAINERS: Final = ("symbols", "per_symbol", "scores")
_TIMES: Final = ("updated_ts", "updated_at", "ts")


def read(docs: dict[str, Doc], choice: Choice) -> None:
    """Our form of S9 and S11."""
    if _SCORES in docs:
        _scores(docs[_SCORES], choice)
    factors = docs.get(_FACTORS)
    if factors is not None and "config" not in factors:
        for key, value in factors.items():
            if "config" in key and type(value) is dict:
                factors["config"] = value
                choice.moved(_FACTORS, ("config",), (key,))
                break


def _is_row(value: object) -> bool:
    return type(value) is dict and ("hybrid_score" in value or "hybrid" in value)


def _scores(doc: Doc, choice: Choice) -> None:
    """A-51: an array, or a mapping by symbol, under any name or at the top level."""
    if type(doc.get("symbols", {})) is not dict:
        return
    name = _container(doc)
    if name is None and any(_is_row(value) for value in doc.values()):
        choice.note("A-51", "mapping at the top level", _SCORES)
        found = {key: value for key, value in doc.items() if key not in _TIMES and type(value) is dict}
        _as_rows(doc, found, (), choice)
    elif name is None:
        choice.note("A-51", "no rows", _SCORES)
        doc["symbols"] = []
    elif type(doc[name]) is list:
        choice.note("A-51", f"array {name}", _SCORES)
        doc["symbols"] = doc[name]
        choice.moved(_SCORES, ("symbols",), (name,))
    else:
        choice.note("A-51", f"mapping {name}", _SCORES)
        _as_rows(doc, doc[name], (name,), choice)


def _container(doc: Doc) -> str | None:
    """The key of the collection of rows: one that holds rows, else one that is called like one."""
    for key, value in doc.items():
        inner: Any = value.values() if type(value) is dict else value if type(value) is list else ()
        if any(_is_row(item) for item in inner) and not _is_row(value):
            return key
    return next((key for key in _CONTAINERS if type(doc.get(key)) in (dict, list)), None)


def _as_rows(doc: Doc, rows: Doc, head: tuple[str, ...], choice: Choice) -> None:
    listed: list[Any] = []
    for symbol, row in rows.items():
        place = (*head, f"[{symbol}]")
        choice.moved(_SCORES, ("symbols", f"[{len(listed)}]"), place)
        listed.append({"symbol": symbol, **row} if type(row) is dict else row)
    doc["symbols"] = listed
