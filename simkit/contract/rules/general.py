"""Rules for every file: whole, finite, with one time that rises (INV-G01..G06).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.finding import Found, Memory, Outcome, rule
from simkit.contract.foreign import NO_CLOCK, foreign, saw
from simkit.contract.look import Look
from simkit.contract.manifest import registered_paths
from simkit.contract.readers import MANIFEST, NON_FINITE, REGISTRY, read_object, surface_time
from simkit.contract.table import ENGINE_METADATA, by_stem
from simkit.contract.values import found, when
from simkit.contract.view import view
from simkit.core.clock import MICROSECONDS

#: Files whose content no general rule judges: they are no surfaces.
_AUXILIARY = (REGISTRY, MANIFEST)
_EXECUTOR = frozenset(stem for stem, surface in by_stem.items() if surface.owner == "executor")


@rule(
    "INV-G01",
    "file parses as one complete JSON object",
    source="rul, tim",
    surfaces=("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11"),
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
        if stem not in _AUXILIARY and not reason.startswith(NON_FINITE) and not _may_be_sound(look, stem)
    ]


def _may_be_sound(look: Look, stem: str) -> bool:
    """A file that nobody could read (no permission, too large): the report says so, no rule judges it."""
    return look.outside is not None and stem in look.outside.unsure


@rule(
    "INV-G02",
    "every number is finite",
    source="sys",
    surfaces=("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11"),
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
    surfaces=("S1", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11"),
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
        if at is None and (stem in _EXECUTOR or stem in owners) and not _unregistered_metadata(look, stem)
    ]


def _unregistered_metadata(look: Look, stem: str) -> bool:
    """On a foreign tree the engine metadata are a surface only where its manifest says so (A-46)."""
    if stem != ENGINE_METADATA.stem or foreign(look) is None:
        return False
    return ENGINE_METADATA.path not in registered_paths(look.docs.get(MANIFEST, {}))


@rule(
    "INV-G04",
    "both aliases present → same instant",
    source="tim (A-01)",
    surfaces=("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11"),
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
    surfaces=("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11"),
    reads=(),
    kind="W",
    tier="reference",
    example="clock skew +300 s: file looks fresh forever",
)
def time_is_not_ahead(look: Look, memory: Memory) -> Outcome:
    now = look.until
    if look.outside is not None and not look.outside.clock:
        return NO_CLOCK
    return [
        found(stem, "updated_ts", when(at), f"later than the harness clock {when(now)}")
        for stem, at in view(look).times.items()
        if at is not None and at > now
    ]


@rule(
    "INV-G06",
    "surface time strictly increases from write to write of the same file",
    source="tim (A-49)",
    surfaces=("S1", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11"),
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
            if look.raw[stem] != before.raw.get(stem) and not _same_second(look, stem, at, last):
                out.append(_not_risen(stem, at, last))
        return out
    raw = look.raw
    for write in look.writes:
        name = _BY_PATH.get(write.path) or _further(look, write.path)
        if name is None:
            continue
        at = times.get(name) if write.data is raw.get(name) else _time_in(write.data)
        if at is None:
            continue
        last = memory.get(name)
        if last is not None and at <= last and not _same_second(look, name, at, last):
            out.append(_not_risen(name, at, last))
        memory[name] = at
    return out


def _same_second(look: Look, stem: str, at: int, last: int) -> bool:
    """Foreign stamps of whole seconds may be equal (A-49)."""
    return at == last and at % MICROSECONDS == 0 and saw(look, "A-49", "stamps of whole seconds", stem)


_BY_PATH = {surface.path: stem for stem, surface in by_stem.items() if stem != "nav_state"}


def _further(look: Look, path: str) -> str | None:
    extra = view(look).extra
    return next((entry.stem for entry in extra if entry.path == path), None) if extra else None


def _time_in(data: bytes) -> int | None:
    doc, _ = read_object(data)
    return None if doc is None else surface_time(doc)


def _not_risen(stem: str, at: int, last: int) -> Found:
    return found(stem, "updated_ts", when(at), f"not later than the write before it ({when(last)})")
