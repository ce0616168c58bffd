"""The dashboard's reader: what an operator's screen makes of a state folder, whatever stands in it.

Comes in: a folder `logs/state` and the reader's clock. Goes out: `Dashboard`. May import `core`
and `contract`.

B-DASH-1 to B-DASH-8, INV-G14, INV-G15: a file that is missing, empty, torn, of the wrong type, a link, a
folder or longer than `LONGEST` reads as its default; nothing raises on what it reads, and nothing writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from simkit.contract.health import HealthReport, age_s, health_report
from simkit.contract.readers import REGISTRY, Doc, read_object
from simkit.contract.table import by_stem
from simkit.contract.values import num, obj
from simkit.core.canon import decode
from simkit.core.files import read_regular
from simkit.core.settings import Settings

#: Bytes; a longer file is not read.
LONGEST = 16 * 1024 * 1024
#: Seconds after which the NAV badge is stale (B-DASH-5).
NAV_STALE_S = 300.0

_LEGACY_POSITIONS = "positions"
_STEMS = (*by_stem, REGISTRY, _LEGACY_POSITIONS)
_RISK_BADGES = {
    "OK": "RISK_NORMAL",
    "DEFENSIVE": "RISK_DEFENSIVE",
    "HALTED": "RISK_CRITICAL",
    "CRISIS": "RISK_CRITICAL",
}

#: Why an array is no document.
_ARRAY = read_object(b"[]")[1]
_NAV_NAMES = ("total_equity", "nav", "nav_usd")

LedgerStatus = Literal["ok", "partial", "error"]


class Badges(Struct, frozen=True):
    """B-DASH-6: DD_*, RISK_*, and STRONG, NEUTRAL or WEAK."""

    dd: str
    risk: str
    router: str


class Dashboard(Struct, frozen=True):
    """One view of the folder. `docs` holds an object for every known stem, `{}` by default."""

    docs: Mapping[str, Doc]
    unreadable: Mapping[str, str]
    positions: tuple[Doc, ...]
    ledger: tuple[Doc, ...]
    weights: Doc
    nav: float | None
    nav_age_s: float | None
    nav_stale: bool
    badges: Badges
    ledger_status: LedgerStatus
    health: HealthReport


def read_dashboard(state_dir: Path, now_us: int, legacy: frozenset[str] = frozenset()) -> Dashboard:
    """Read the folder once, each file at most once. `now_us` is the reader's clock in microseconds; `legacy` may
    hold D-35: one array blanks every panel."""
    found, unreadable = _load(state_dir)
    shown = {} if "D-35" in legacy and _ARRAY in unreadable.values() else found
    docs: dict[str, Doc] = {stem: shown.get(stem, {}) for stem in _STEMS}
    positions, ledger = _positions(docs), _ledger(docs)
    nav_state = docs["nav_state"]
    age = age_s(nav_state, now_us)
    return Dashboard(
        docs=docs,
        unreadable=unreadable,
        positions=positions,
        ledger=ledger,
        weights=_weights(docs["factor_diagnostics"]),
        nav=next((nav for nav in map(num, map(nav_state.get, _NAV_NAMES)) if nav is not None), None),
        nav_age_s=age,
        nav_stale=age is None or age > NAV_STALE_S,
        badges=badges(docs["risk_snapshot"], docs["router_health"]),
        ledger_status=ledger_status(positions, ledger),
        health=health_report(found, unreadable, now_us),
    )


def loader_of(settings: Settings) -> Callable[[str, bytes | None], object] | None:
    """How this reader takes one file by stem and bytes, where that is not the contract's own way (D-35)."""
    return _passing_arrays if "D-35" in settings.legacy else None


def _passing_arrays(stem: str, data: bytes | None) -> object:
    """D-35: an array is passed through instead of becoming the default."""
    document, reason = (None, "") if data is None else read_object(data)
    if document is None:
        return decode(data) if data is not None and reason == _ARRAY else {}
    return document


def _load(folder: Path) -> tuple[dict[str, Doc], dict[str, str]]:
    """Documents by stem, and the reasons of those that cannot be read; a missing file is in neither."""
    found: dict[str, Doc] = {}
    unreadable: dict[str, str] = {}
    for stem in _STEMS:
        try:
            data = read_regular(folder / f"{stem}.json", LONGEST)
        except FileNotFoundError:
            continue
        except OSError as problem:
            unreadable[stem] = problem.strerror or "cannot be read"
            continue
        document, reason = read_object(data)
        if document is None:
            unreadable[stem] = reason
        else:
            found[stem] = document
    return found, unreadable


def _rows(value: object) -> tuple[Doc, ...]:
    """The objects of an array, or of a mapping's values (A-16)."""
    items: Any = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return tuple(item for item in items if isinstance(item, dict))


def _positions(docs: Mapping[str, Doc]) -> tuple[Doc, ...]:
    """Open rows of positions_state, else of the legacy positions.json (B-DASH-7)."""
    legacy = docs[_LEGACY_POSITIONS]
    choices = (docs["positions_state"].get("positions"), *map(legacy.get, ("positions", "rows", "items")))
    rows = next((choice for choice in choices if isinstance(choice, list)), [])
    return tuple(row for row in _rows(rows) if row.get("qty") != 0)


def _ledger(docs: Mapping[str, Doc]) -> tuple[Doc, ...]:
    """Entries of the ledger, else of the block `ledger` embedded in the legacy positions.json (B-DASH-7)."""
    own = docs["positions_ledger"].get("entries")
    if isinstance(own, dict | list):
        return _rows(own)
    return _rows(obj(docs[_LEGACY_POSITIONS].get("ledger")).get("entries"))


def _weights(document: Doc) -> Doc:
    """The factor weights, else their copy for legacy readers (B-DASH-7)."""
    return obj(document.get("weights")) or obj(obj(document.get("factor_weights")).get("weights"))


def badges(risk: Doc, router: Doc) -> Badges:
    """B-DASH-6. `nav_jump` changes no badge."""
    return Badges(dd=_dd_badge(risk), risk=_risk_badge(risk), router=_router_badge(router))


def _dd_badge(risk: Doc) -> str:
    state = risk.get("dd_state")
    if isinstance(state, dict):
        state = state.get("state", state.get("dd_state"))
    return f"DD_{state}" if state in ("NORMAL", "DRAWDOWN", "RECOVERY") else "DD_NORMAL"


def _risk_badge(risk: Doc) -> str:
    """A breach goes first, in any form of A-27; every other mode, WARN too, is normal."""
    anomalies = risk.get("anomalies")
    for name in ("var_limit_breach", "cvar_limit_breach"):
        if isinstance(anomalies, dict):
            firing = bool(anomalies.get(name))
        else:
            firing = isinstance(anomalies, list) and name in anomalies
        if firing:
            return "RISK_BREACH"
    mode = risk.get("risk_mode")
    return _RISK_BADGES.get(mode, "RISK_NORMAL") if isinstance(mode, str) else "RISK_NORMAL"


def _router_badge(router: Doc) -> str:
    score = num(obj(obj(router.get("router_health")).get("global")).get("quality_score"))
    if score is None:
        return "NEUTRAL"
    return "STRONG" if score >= 0.9 else "WEAK" if score <= 0.5 else "NEUTRAL"


def ledger_status(positions: tuple[Doc, ...], ledger: tuple[Doc, ...]) -> LedgerStatus:
    """B-DASH-8."""
    if not positions:
        return "ok"
    if not ledger:
        return "error"
    covered = all(any(num(entry.get(name)) is not None for name in ("tp", "sl")) for entry in ledger)
    return "ok" if covered and len(ledger) == len(positions) else "partial"
