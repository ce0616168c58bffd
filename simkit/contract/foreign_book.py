"""The forms of NAV, mirror, positions and ledger (A-06, A-12, A-13, A-52).

Comes in: documents of a tree from outside. Goes out: the same in our form. May import `contract`.
"""

from __future__ import annotations

from typing import Any, Final

from simkit.contract.foreign_choice import Choice
from simkit.contract.look import Doc
from simkit.contract.readers import REGISTRY
from simkit.contract.values import num, obj, rows_of

_BOTH: Final = "BOTH"
_SIGN: Final = {True: "signed", False: "unsigned"}


def words(docs: dict[str, Doc], choice: Choice) -> None:
    """The user's words for the sides."""
    sides = choice.outside.dialect.translated.get("side")
    if not sides:
        return
    for stem, name in (("positions_state", "positions"), ("positions_ledger", "entries")):
        for row in _rows(docs.get(stem, {}).get(name)):
            if type(row.get("side")) is str:
                row["side"] = sides.get(row["side"], row["side"])


def read(docs: dict[str, Doc], choice: Choice) -> None:
    """Our form of S1 to S4 and of the registry."""
    if "nav_state" in docs:
        _mirror(docs["nav_state"], choice)
    for stem in ("nav", "nav_state"):
        if num(docs.get(stem, {}).get("aum")) is not None:
            choice.note("A-52", "number", stem)
    rows = _rows(docs.get("positions_state", {}).get("positions"))
    sides = _resolve(rows, choice)
    _signs(rows, "qty", "positions_state", choice)
    _notionals(rows, choice)
    _ledger(docs, {**_only_side(rows), **sides}, choice)


def _rows(value: object) -> list[Doc]:
    return [row for row in rows_of(value) if type(row) is dict]


def _mirror(doc: Doc, choice: Choice) -> None:
    """A-06: any of the three names; the drawdown may be left out."""
    if num(doc.get("total_equity")) is None:
        for name in ("nav", "nav_usd"):
            if num(doc.get(name)) is not None:
                doc["total_equity"] = doc[name]
                choice.moved("nav_state", ("total_equity",), (name,))
                choice.note("A-06", f"{name} instead of total_equity", "nav_state")
                break
    if "drawdown" not in doc:
        choice.note("A-06", "no drawdown", "nav_state")


def _resolve(rows: list[Doc], choice: Choice) -> dict[str, str]:
    """A-13: rows of side BOTH get the side that the sign of their quantity says; the side by symbol."""
    named = [row for row in rows if row.get("side") == _BOTH]
    if not named or len(named) < len(rows):
        return {}
    if not choice.keeps("A-13", "BOTH with signed qty", "positions_state"):
        return {}
    sides: dict[str, str] = {}
    for row in named:
        qty, symbol = num(row.get("qty")), row.get("symbol")
        if qty is None:
            continue
        row["side"] = "SHORT" if qty < 0 else "LONG"
        if type(symbol) is str:
            sides[symbol] = row["side"]
    return sides


def _signs(rows: list[Doc], name: str, stem: str, choice: Choice) -> None:
    """A-12: the quantity of a short, signed in S3 and absolute in S4, or throughout the other way."""
    shorts = [(row, qty) for row in rows if row.get("side") == "SHORT" and (qty := num(row.get(name)))]
    signs = {qty < 0 for _, qty in shorts}
    if len(signs) != 1:
        return
    signed, ours = signs.pop(), stem == "positions_state"
    if choice.keeps("A-12", _SIGN[signed], f"{stem}.{name}") and signed is not ours:
        for row, qty in shorts:
            row[name] = -qty


def _notionals(rows: list[Doc], choice: Choice) -> None:
    """A-12: a notional may carry the sign of its position."""
    shorts = [row for row in rows if (num(row.get("qty")) or 0.0) < 0 and num(row.get("notional"))]
    if not shorts:
        return
    signs = {row["notional"] < 0 for row in shorts}
    if signs == {True} and choice.keeps("A-12", "signed", "positions_state.notional"):
        for row in shorts:
            row["notional"] = -row["notional"]
    elif signs == {False}:
        choice.keeps("A-12", "unsigned", "positions_state.notional")


def _only_side(rows: list[Doc]) -> dict[str, str]:
    """The side by symbol, of symbols that stand on one side only."""
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(str(row.get("symbol")), []).append(row.get("side"))
    return {symbol: sides[0] for symbol, sides in found.items() if sides in (["LONG"], ["SHORT"])}


def _ledger(docs: dict[str, Doc], sides: dict[str, str], choice: Choice) -> None:
    """Entries, levels and registry under the side that their position has."""
    ledger = docs.get("positions_ledger", {})
    entries = _rows(ledger.get("entries"))
    for entry in entries:
        if entry.get("side") != _BOTH:
            continue
        qty = num(entry.get("qty")) or 0.0
        side = sides.get(str(entry.get("symbol")), "SHORT" if qty < 0 else _BOTH)
        choice.note("A-13", _BOTH, "positions_ledger")
        entry["side"] = side
        if entry.get("position_key") == f"{entry.get('symbol')}:{_BOTH}":
            entry["position_key"] = f"{entry.get('symbol')}:{side}"
    _signs(entries, "qty", "positions_ledger", choice)
    _rekey(ledger, "tp_sl_levels", "positions_ledger", sides, choice)
    _rekey(docs.get(REGISTRY, {}), "entries", REGISTRY, sides, choice)


def _rekey(doc: Doc, name: str, stem: str, sides: dict[str, str], choice: Choice) -> None:
    """Keys `SYMBOL:BOTH` as `SYMBOL:SIDE`."""
    levels = obj(doc.get(name))
    if not any(key.endswith(f":{_BOTH}") for key in levels):
        return
    renamed: Doc = {}
    for key, item in levels.items():
        symbol, _, side = key.rpartition(":")
        ours = f"{symbol}:{sides.get(symbol, _BOTH)}" if side == _BOTH else key
        renamed[ours] = item
        if ours != key:
            choice.moved(stem, (name, f"[{ours}]"), (name, f"[{key}]"))
    doc[name] = renamed
