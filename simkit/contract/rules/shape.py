"""Rules on shapes and units (INV-G16, G18, G19).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from simkit.contract.finding import Found, Memory, Outcome, rule
from simkit.contract.foreign import foreign
from simkit.contract.foreign_shape import foreign_faults
from simkit.contract.look import Look
from simkit.contract.shape_check import Fault, shape_faults
from simkit.contract.table import SURFACES
from simkit.contract.values import found, num, obj
from simkit.contract.view import INTEL, view

_SHAPES: dict[str, tuple[type, msgspec.json.Decoder[Any]]] = {
    s.stem: (s.shape, msgspec.json.Decoder(s.shape)) for s in SURFACES
}
_DIGITS = b"0123456789"


def _shape_faults(look: Look, memory: Memory, stems: tuple[str, ...]) -> list[Found]:
    """Faults of the files among `stems`.

    A file whose bytes without their digits are those of the last one has the same keys and types, hence the
    same faults: no required key of a per-loop file has a digit in its name; signs, points, exponents, words
    and brackets stay.
    """
    out: list[Found] = []
    if look.outside is not None:
        return _outside_faults(look, stems)
    raw = look.raw
    for stem in stems:
        doc = look.docs.get(stem)
        if doc is None:
            continue
        data = raw[stem]
        last = memory.get(stem)
        if last is None or last[0] is not data:
            skeleton = data if stem in INTEL else data.translate(None, _DIGITS)
            if last is None or last[2] or last[1] != skeleton:
                last = memory[stem] = (data, skeleton, _faults_of(stem, data, doc))
            else:
                memory[stem] = (data, skeleton, last[2])
        if last[2]:
            out += [Found(stem, path, value, message) for path, value, message in last[2]]
    return out


def _outside_faults(look: Look, stems: tuple[str, ...]) -> list[Found]:
    """Faults of documents that are no longer what their bytes say, for they were put into our form."""
    out: list[Found] = []
    for stem in stems:
        doc = look.docs.get(stem)
        if doc is None:
            continue
        shape, _ = _SHAPES[stem]
        if foreign(look) is not None:
            out += foreign_faults(stem, doc, shape)
        elif not _fits(doc, shape):
            out += [Found(stem, *fault) for fault in shape_faults(doc, shape)]
    return out


def _fits(doc: dict[str, Any], shape: type) -> bool:
    """True only for a document without faults; the typed decoder knows in a tenth of the time."""
    try:
        msgspec.convert(doc, shape)
    except (msgspec.ValidationError, OverflowError):
        return False
    return True


def _faults_of(stem: str, data: bytes, doc: dict[str, Any]) -> list[Fault]:
    shape, decoder = _SHAPES[stem]
    try:
        decoder.decode(data)
    except msgspec.ValidationError:
        return shape_faults(doc, shape)
    return []


_ALL_STEMS = tuple(surface.stem for surface in SURFACES)
_OWN_STEMS = tuple(stem for stem in _ALL_STEMS if stem not in INTEL)


@rule(
    "INV-G16",
    "intel surfaces may be absent; when present they satisfy their schema in full",
    source="tbl",
    surfaces=("S9", "S10", "S11"),
    reads=(),
    kind="W",
    tier="contract",
    example="factor file with only updated_ts",
)
def intel_fits_its_schema(look: Look, memory: Memory) -> Outcome:
    return _shape_faults(look, memory, INTEL)


@rule(
    "INV-G18",
    (
        "every key that the seed names for the surface is present in one of the allowed forms of §9, save"
        ' those it marks optional (`?`, "optional", "may"); `realized_pnl` of S3 (value nullable) and the'
        " config echo of S11 (ours: `config`) are among them; and all core fields (●) of surfaces.md §3 "
        "with the stated type and nullability"
    ),
    source="tbl, rul",
    surfaces=("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11"),
    reads=(),
    kind="W",
    tier="contract",
    example="`entries` is an object",
)
def core_fields_are_there(look: Look, memory: Memory) -> Outcome:
    if foreign(look) is not None:
        return _shape_faults(look, memory, _OWN_STEMS)  # INV-G16 judges the others
    return _shape_faults(look, memory, _ALL_STEMS)


@rule(
    "INV-G19",
    (
        "fractions in 0..1 where declared, percents in 0..100 where declared; one unit per field "
        "throughout a tree and a run"
    ),
    source="sys",
    surfaces=("S2", "S5", "S6", "S7", "S8", "S11"),
    reads=(),
    kind="W",
    tier="reading",
    example="kpis dd_pct 3.26 by our executor",
)
def units_are_kept(look: Look, memory: Memory) -> Outcome:
    """Judges the drawdowns, the TWAP shares and the factor weights."""
    if _drawdowns_fit(look) and _shares_fit(look, memory):
        return ()
    return [
        found(stem, path, value, f"outside 0..{top:g}, the declared unit")
        for stem, path, value, top in _bounded(look)
        if (number := num(value)) is not None and not 0 <= number <= top
    ]


def _drawdowns_fit(look: Look) -> bool:
    """True when all drawdowns are there and inside: the usual case, found without a walk."""
    docs = look.docs
    try:
        risk, kpis, mirror = docs["risk_snapshot"], docs["kpis_v7"], docs["nav_state"]
        return bool(
            0.0 <= risk["drawdown"]["dd_pct"] <= 1.0
            and 0.0 <= risk["dd_state"]["drawdown"]["dd_pct"] <= 1.0
            and 0.0 <= risk["dd_frac"] <= 1.0
            and 0.0 <= risk["portfolio_dd_pct"] <= 1.0
            and 0.0 <= kpis["portfolio"]["dd_pct"] <= 1.0
            and 0.0 <= kpis["drawdown"]["dd_pct"] <= 1.0
            and 0.0 <= mirror["drawdown"] <= 100.0
            and 0.0 <= mirror["drawdown_pct"] <= 100.0
        )
    except (KeyError, TypeError):
        return False


def _shares_fit(look: Look, memory: Memory) -> bool:
    """True when router and factors are those of the loop before and had no fault there."""
    router, factors = view(look).router, look.docs.get("factor_diagnostics")
    if memory.get("router") is router and memory.get("factors") is factors:
        known: bool = memory["fits"]
        return known
    memory["router"], memory["factors"] = router, factors
    shares = [
        (num(value), top)
        for stem, _, value, top in _bounded(look)
        if stem in ("router_health", "factor_diagnostics")
    ]
    fits = memory["fits"] = all(share is None or 0 <= share <= top for share, top in shares)
    return fits


def _bounded(look: Look) -> list[tuple[str, str, Any, float]]:
    """Stem, path, value and upper end of every bounded number found."""
    docs = look.docs
    mirror, kpis, risk = (obj(docs.get(stem)) for stem in ("nav_state", "kpis_v7", "risk_snapshot"))
    block = obj(docs.get("router_health", {}).get("router_health"))
    found_here: list[tuple[str, str, Any, float]] = [
        ("nav_state", "drawdown", mirror.get("drawdown"), 100.0),
        ("nav_state", "drawdown_pct", mirror.get("drawdown_pct"), 100.0),
        ("kpis_v7", "portfolio.dd_pct", obj(kpis.get("portfolio")).get("dd_pct"), 1.0),
        ("kpis_v7", "drawdown.dd_pct", obj(kpis.get("drawdown")).get("dd_pct"), 1.0),
        ("risk_snapshot", "drawdown.dd_pct", obj(risk.get("drawdown")).get("dd_pct"), 1.0),
        (
            "risk_snapshot",
            "dd_state.drawdown.dd_pct",
            obj(obj(risk.get("dd_state")).get("drawdown")).get("dd_pct"),
            1.0,
        ),
        ("risk_snapshot", "dd_frac", risk.get("dd_frac"), 1.0),
        ("risk_snapshot", "portfolio_dd_pct", risk.get("portfolio_dd_pct"), 1.0),
        (
            "router_health",
            "router_health.global.twap_usage_ratio",
            obj(block.get("global")).get("twap_usage_ratio"),
            1.0,
        ),
    ]
    for symbol, row in obj(block.get("per_symbol")).items():
        place = f"router_health.per_symbol[{symbol}].twap_usage_ratio"
        found_here.append(("router_health", place, obj(row).get("twap_usage_ratio"), 1.0))
    for name, weight in obj(docs.get("factor_diagnostics", {}).get("weights")).items():
        found_here.append(("factor_diagnostics", f"weights[{name}]", weight, 1.0))
    return found_here
