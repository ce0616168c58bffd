"""Rules for every file: whole, finite, of its shape, with one time that rises (INV-G01..G06, G16, G18, G19).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from simkit.contract.finding import Found, Memory, Outcome, rule
from simkit.contract.look import Look
from simkit.contract.readers import MANIFEST, NON_FINITE, REGISTRY, read_object, surface_time
from simkit.contract.shape_check import Fault, shape_faults
from simkit.contract.table import SURFACES, by_stem
from simkit.contract.values import found, num, obj
from simkit.contract.view import INTEL, view
from simkit.core.clock import iso

#: Files whose content no general rule judges: they are no surfaces.
_AUXILIARY = (REGISTRY, MANIFEST)
_EXECUTOR = frozenset(stem for stem, surface in by_stem.items() if surface.owner == "executor")
_SHAPES: dict[str, tuple[type, msgspec.json.Decoder[Any]]] = {
    s.stem: (s.shape, msgspec.json.Decoder(s.shape)) for s in SURFACES
}


@rule(
    "INV-G01",
    "file parses as one complete JSON object",
    source="rul, tim",
    surfaces=(
        "S1",
        "S2",
        "S3",
        "S4",
        "S5",
        "S6",
        "S7",
        "S8",
        "S9",
        "S10",
        "S11",
    ),
    reads=(),
    kind="W",
    tier="contract",
    example='positions_state ends after `"positions":[`',
)
def file_is_whole(look: Look, memory: Memory) -> Outcome:
    if not look.unreadable:
        return ()
    return [
        Found(stem, "", "", f"the file {reason}")
        for stem, reason in look.unreadable.items()
        if stem not in _AUXILIARY and not reason.startswith(NON_FINITE)
    ]


@rule(
    "INV-G02",
    "every number is finite",
    source="sys",
    surfaces=(
        "S1",
        "S2",
        "S3",
        "S4",
        "S5",
        "S6",
        "S7",
        "S8",
        "S9",
        "S10",
        "S11",
    ),
    reads=(),
    kind="W",
    tier="contract",
    example='`"nav":NaN`',
)
def numbers_are_finite(look: Look, memory: Memory) -> Outcome:
    if not look.unreadable:
        return ()
    return [
        Found(stem, "", reason.rpartition("= ")[2], f"the file {reason}")
        for stem, reason in look.unreadable.items()
        if stem not in _AUXILIARY and reason.startswith(NON_FINITE)
    ]


@rule(
    "INV-G03",
    (
        "`updated_ts` or `updated_at` present and parseable (A-02) on every executor surface (S6: top "
        "level is ours, inside the block passes, A-04)"
    ),
    source="tim",
    surfaces=(
        "S1",
        "S3",
        "S4",
        "S5",
        "S6",
        "S7",
        "S8",
        "S9",
        "S10",
        "S11",
    ),
    reads=(),
    kind="W",
    tier="contract",
    example="router_health without either",
)
def surface_time_is_there(look: Look, memory: Memory) -> Outcome:
    seen = view(look)
    if None not in seen.times.values():
        return ()
    owners = {entry.stem for entry in seen.extra if entry.owner == "executor"}
    return [
        found(stem, "updated_ts", look.docs[stem].get("updated_ts", "absent"), "no surface time can be read")
        for stem, at in seen.times.items()
        if at is None and (stem in _EXECUTOR or stem in owners)
    ]


@rule(
    "INV-G04",
    "both aliases present → same instant",
    source="tim (A-01)",
    surfaces=(
        "S1",
        "S2",
        "S3",
        "S4",
        "S5",
        "S6",
        "S7",
        "S8",
        "S9",
        "S10",
        "S11",
    ),
    reads=(),
    kind="W",
    tier="reading",
    example="ledger updated_at 12:00, updated_ts 11:59",
)
def aliases_agree(look: Look, memory: Memory) -> Outcome:
    return [
        found(
            stem,
            "updated_at",
            look.docs[stem].get("updated_at"),
            f"updated_ts is {look.docs[stem].get('updated_ts')}",
        )
        for stem in view(look).clashes
    ]


@rule(
    "INV-G05",
    "surface time not later than the harness clock",
    source="sys",
    surfaces=(
        "S1",
        "S2",
        "S3",
        "S4",
        "S5",
        "S6",
        "S7",
        "S8",
        "S9",
        "S10",
        "S11",
    ),
    reads=(),
    kind="W",
    tier="reference",
    example="clock skew +300 s: file looks fresh forever",
)
def time_is_not_ahead(look: Look, memory: Memory) -> Outcome:
    now = look.until
    for at in view(look).times.values():
        if at is not None and at > now:
            break
    else:
        return ()
    return [
        found(stem, "updated_ts", iso(at), f"later than the harness clock {iso(now)}")
        for stem, at in view(look).times.items()
        if at is not None and at > now
    ]


@rule(
    "INV-G06",
    "surface time strictly increases from write to write of the same file",
    source="tim (A-49)",
    surfaces=(
        "S1",
        "S3",
        "S4",
        "S5",
        "S6",
        "S7",
        "S8",
        "S9",
        "S10",
        "S11",
    ),
    reads=(),
    kind="T",
    tier="reading",
    example="risk_snapshot re-written with the old time (D-05)",
)
def time_rises(look: Look, memory: Memory) -> Outcome:
    times = view(look).times
    out: list[Found] = []
    if look.writes is None:
        before = look.before
        if before is None:
            return ()
        earlier = view(before).times
        for stem, at in times.items():
            last = earlier.get(stem)
            if stem == "nav_state" or at is None or last is None or at > last:
                continue
            if look.raw[stem] != before.raw.get(stem):
                out.append(_not_risen(stem, at, last))
        return out
    for write in look.writes:
        name = _BY_PATH.get(write.path) or _further(look, write.path)
        if name is None:
            continue
        at = times.get(name) if write.data is look.raw.get(name) else _time_in(write.data)
        if at is None:
            continue
        last = memory.get(name)
        if last is not None and at <= last:
            out.append(_not_risen(name, at, last))
        memory[name] = at
    return out


_BY_PATH = {surface.path: stem for stem, surface in by_stem.items() if stem != "nav_state"}


def _further(look: Look, path: str) -> str | None:
    extra = view(look).extra
    return next((entry.stem for entry in extra if entry.path == path), None) if extra else None


def _time_in(data: bytes) -> int | None:
    doc, _ = read_object(data)
    return None if doc is None else surface_time(doc)


def _not_risen(stem: str, at: int, last: int) -> Found:
    return found(stem, "updated_ts", iso(at), f"not later than the write before it ({iso(last)})")


def _shape_faults(look: Look, memory: Memory, stems: tuple[str, ...]) -> list[Found]:
    """Faults of the files among `stems`; a file that has not changed is not looked at again."""
    out: list[Found] = []
    raw = look.raw
    for stem in stems:
        doc = look.docs.get(stem)
        if doc is None:
            continue
        data = raw[stem]
        last = memory.get(stem)
        if last is None or last[0] is not data:
            last = memory[stem] = (data, _faults_of(stem, data, doc))
        if last[1]:
            out += [Found(stem, path, value, message) for path, value, message in last[1]]
    return out


def _faults_of(stem: str, data: bytes, doc: dict[str, Any]) -> list[Fault]:
    shape, decoder = _SHAPES[stem]
    try:
        decoder.decode(data)
    except msgspec.ValidationError:
        return shape_faults(doc, shape)
    return []


_ALL_STEMS = tuple(surface.stem for surface in SURFACES)


@rule(
    "INV-G16",
    "intel surfaces may be absent; when present they satisfy their schema in full",
    source="tbl",
    surfaces=(
        "S9",
        "S10",
        "S11",
    ),
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
    surfaces=(
        "S1",
        "S2",
        "S3",
        "S4",
        "S5",
        "S6",
        "S7",
        "S8",
        "S9",
        "S10",
        "S11",
    ),
    reads=(),
    kind="W",
    tier="contract",
    example="`entries` is an object",
)
def core_fields_are_there(look: Look, memory: Memory) -> Outcome:
    return _shape_faults(look, memory, _ALL_STEMS)


#: Declared shares of one and percents, by stem: path, upper end. Coverage has a rule of its own (INV-D12).
_BOUNDED: dict[str, tuple[tuple[tuple[str, ...], float], ...]] = {
    "nav_state": ((("drawdown",), 100.0), (("drawdown_pct",), 100.0)),
    "kpis_v7": ((("portfolio", "dd_pct"), 1.0), (("drawdown", "dd_pct"), 1.0)),
    "risk_snapshot": (
        (("drawdown", "dd_pct"), 1.0),
        (("dd_state", "drawdown", "dd_pct"), 1.0),
        (("dd_frac",), 1.0),
        (("portfolio_dd_pct",), 1.0),
    ),
    "router_health": ((("router_health", "global", "twap_usage_ratio"), 1.0),),
}


@rule(
    "INV-G19",
    (
        "fractions in 0..1 where declared, percents in 0..100 where declared; one unit per field "
        "throughout a tree and a run"
    ),
    source="sys",
    surfaces=(
        "S2",
        "S5",
        "S6",
        "S7",
        "S8",
        "S11",
    ),
    reads=(),
    kind="W",
    tier="reading",
    example="kpis dd_pct 3.26 by our executor",
)
def units_are_kept(look: Look, memory: Memory) -> Outcome:
    """Judges the drawdowns, the TWAP shares and the factor weights."""
    out: list[Found] = []
    for stem, fields in _BOUNDED.items():
        doc = look.docs.get(stem)
        if doc is None:
            continue
        for path, top in fields:
            value: Any = doc
            for name in path:
                value = value.get(name) if type(value) is dict else None
            if type(value) is float and 0.0 <= value <= top:
                continue
            number = num(value)
            if number is not None and not 0 <= number <= top:
                out.append(found(stem, ".".join(path), value, f"outside 0..{top:g}, the declared unit"))
    router = look.docs.get("router_health")
    if router is not None:
        for symbol, row in obj(obj(router.get("router_health")).get("per_symbol")).items():
            ratio = num(obj(row).get("twap_usage_ratio"))
            if ratio is not None and not 0 <= ratio <= 1:
                place = f"router_health.per_symbol[{symbol}].twap_usage_ratio"
                out.append(found("router_health", place, ratio, "outside 0..1, the declared unit"))
    factors = look.docs.get("factor_diagnostics")
    if factors is not None:
        for name, weight in obj(factors.get("weights")).items():
            share = num(weight)
            if share is not None and not 0 <= share <= 1:
                out.append(
                    found("factor_diagnostics", f"weights[{name}]", share, "outside 0..1, the declared unit")
                )
    return out
