"""Rules on writing and on the set of files (INV-G07..G13, X01, X06).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.finding import Found, Memory, Outcome, rule
from simkit.contract.look import Look
from simkit.contract.manifest import faults, registered_paths
from simkit.contract.readers import MANIFEST
from simkit.contract.table import AUXILIARY, STATE, by_path, by_stem
from simkit.contract.values import NO_BEFORE, NO_JOURNAL, found, when
from simkit.contract.view import PER_LOOP, view

_HEAD = f"{STATE}/"
_FRESH = (*PER_LOOP, "engine_metadata")


@rule(
    "INV-G07",
    (
        'per-loop surfaces carry the time of the current loop; the seed says "every loop" outright for '
        "S1, S4 and the exit block of S6"
    ),
    source="tbl, nav, ext (A-41)",
    surfaces=("S1", "S3", "S4", "S5", "S6", "S7", "S8"),
    reads=(),
    kind="T",
    tier="contract",
    example="positions_state frozen for 5 loops",
)
def per_loop_files_are_fresh(look: Look, memory: Memory) -> Outcome:
    seen, now = view(look), look.ts
    times = seen.times
    out = [_stale(stem, times[stem], now) for stem in _FRESH if times.get(stem, now) != now]
    for entry in seen.extra:
        if entry.frequency == "per_loop" and times.get(entry.stem, now) != now:
            out.append(_stale(entry.stem, times[entry.stem], now))
    return out


def _stale(stem: str, at: int | None, now: int) -> Found:
    value = "absent" if at is None else when(at)
    return found(stem, "updated_ts", value, f"the file does not carry the time of this loop, {when(now)}")


@rule(
    "INV-G08",
    "every write is temp + replace; no temporary file (ours: `.tmp_*`) remains after a loop",
    source="rul",
    surfaces=("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11"),
    reads=(),
    kind="J",
    tier="contract",
    example="journal shows mode `direct` for kpis",
)
def writes_are_atomic(look: Look, memory: Memory) -> Outcome:
    """Leftovers are looked for among the names of the tree, direct writes in the journal."""
    out = [
        found(name.rpartition("/")[2], "", name, "a temporary file is left over")
        for name in look.names
        if "/.tmp_" in name
    ]
    if look.writes is None:
        return out or NO_JOURNAL
    for write in look.writes:
        if write.mode == "direct" and write.path.startswith(_HEAD):
            out.append(found(_stem(write.path), "", write.mode, f"{write.writer} wrote it in place"))
    return out


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".json")


@rule(
    "INV-G09",
    "one writer identity per path over the whole run",
    source="rul",
    surfaces=("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11"),
    reads=(),
    kind="J",
    tier="contract",
    example="sync_state writes positions_state",
)
def one_writer_per_path(look: Look, memory: Memory) -> Outcome:
    if look.writes is None:
        return NO_JOURNAL
    out: list[Found] = []
    for write in look.writes:
        first = memory.setdefault(write.path, write.writer)
        if first != write.writer:
            out.append(
                found(_stem(write.path), "", write.writer, f"the file belongs to {first}, who wrote it first")
            )
    return out


@rule(
    "INV-G10",
    ("that writer is the owner that the seed's table names (further surfaces: the owner in the manifest)"),
    source="rul, tbl",
    surfaces=("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11"),
    reads=(),
    kind="J",
    tier="contract",
    example="executor writes nav_state",
)
def writer_is_the_owner(look: Look, memory: Memory) -> Outcome:
    if look.writes is None:
        return NO_JOURNAL
    out: list[Found] = []
    for write in look.writes:
        surface = by_path.get(write.path)
        if surface is not None:
            owner = surface.owner
        else:
            entry = next((e for e in view(look).extra if e.path == write.path), None)
            if entry is None:
                continue
            owner = entry.owner  # type: ignore[assignment]
        if write.writer != owner:
            out.append(found(_stem(write.path), "", write.writer, f"the owner is {owner}"))
    return out


@rule(
    "INV-G11",
    (
        "every `*.json` in the state directory is in the manifest or on the auxiliary list (A-46, "
        "extensible by setting); a surface that the manifest registers beyond the eleven is legal and "
        "judged by §1.1"
    ),
    source="rul",
    surfaces=(),
    reads=("v7_manifest",),
    kind="W",
    tier="contract",
    example="unregistered `signals.json`",
)
def files_are_registered(look: Look, memory: Memory) -> Outcome:
    manifest = look.docs[MANIFEST]
    if memory.get("names") == look.names and memory.get("manifest") is manifest:
        outcome: list[Found] = memory["outcome"]
        return outcome
    known = registered_paths(manifest)
    out = [
        found(_stem(name), "", name, f"not in {MANIFEST}.json and not on the auxiliary list")
        for name in look.names
        if name.startswith(_HEAD)
        and name.endswith(".json")
        and name not in known
        and name[len(_HEAD) :] not in AUXILIARY
        and "/.tmp_" not in name
    ]
    memory["names"], memory["manifest"], memory["outcome"] = look.names, manifest, out
    return out


@rule(
    "INV-G12",
    (
        "every manifest entry has path, owner, description; a path is registered once; the manifest lists"
        " each of the eleven, docs_version is v7.6"
    ),
    source="rul, sys",
    surfaces=("AUX-2",),
    reads=("v7_manifest",),
    kind="W",
    tier="contract",
    example="factor_diagnostics entry lacks description",
    part="v7_manifest",
)
def manifest_is_complete(look: Look, memory: Memory) -> Outcome:
    return [Found(MANIFEST, path, value, message) for path, value, message in faults(look.docs[MANIFEST])]


_LASTING = (*PER_LOOP, "nav_state")


@rule(
    "INV-G13",
    "a per-loop surface, once written, never disappears",
    source="tbl, nav, ext (A-41)",
    surfaces=("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8"),
    reads=(),
    kind="T",
    tier="contract",
    example="ledger deleted in loop 7",
)
def files_do_not_disappear(look: Look, memory: Memory) -> Outcome:
    raw = look.raw
    if len(memory) == len(_LASTING) and all(stem in raw for stem in _LASTING):
        return ()
    out: list[Found] = []
    for stem in _LASTING:
        if stem in raw:
            memory[stem] = True
        elif stem in memory:
            out.append(found(stem, "", by_stem[stem].path, "the file was there and is gone"))
    return out


@rule(
    "INV-X01",
    ("S1, S3–S8 share one timestamp after a completed loop (foreign: milliseconds apart is the usual case)"),
    source="kit (A-42)",
    surfaces=(),
    reads=(),
    kind="X",
    tier="reference",
    example="crash between S3 and S4",
)
def one_time_for_one_loop(look: Look, memory: Memory) -> Outcome:
    times = view(look).times
    first = times.get("nav")
    if first is None:
        first = next((at for stem in PER_LOOP if (at := times.get(stem)) is not None), None)
    return [
        found(
            stem,
            "updated_ts",
            when(at),
            f"the files of one loop carry one time; another one has {when(first)}",
        )
        for stem in PER_LOOP
        if (at := times.get(stem, first)) != first and at is not None and first is not None
    ]


@rule(
    "INV-X06",
    ("all per-loop surfaces exist after the first loop of a run, also after a restart with open positions"),
    source="tbl",
    surfaces=(),
    reads=(),
    kind="T",
    tier="contract",
    example="D-17",
)
def files_exist_after_the_first_loop(look: Look, memory: Memory) -> Outcome:
    """With a journal, a file of an earlier run does not count as one of this run."""
    truth = look.truth
    if truth is not None and truth.new_run:
        memory.clear()
    if look.writes is None:
        return [_missing(stem) for stem in PER_LOOP if stem not in look.raw]
    if len(memory) < len(PER_LOOP):
        if look.before is None and (truth is None or not truth.new_run):
            return NO_BEFORE
        for write in look.writes:
            surface = by_path.get(write.path)
            if surface is not None and surface.stem in PER_LOOP:
                memory[surface.stem] = True
        return [_missing(stem) for stem in PER_LOOP if stem not in memory or stem not in look.raw]
    return [_missing(stem) for stem in PER_LOOP if stem not in look.raw]


def _missing(stem: str) -> Found:
    return found(stem, "", "absent", "not written since the run began")
