"""Rules on writing and on the set of files (INV-G07..G13, X01, X06).

Comes in: a `Look`. Goes out: violations. May import `contract`.
"""

from __future__ import annotations

from simkit.contract.finding import Found, Memory, Outcome, Tier, rule
from simkit.contract.foreign import NO_LOOPS, Outside, foreign, may_differ, no_loops
from simkit.contract.look import Look
from simkit.contract.manifest import faults, registered_paths
from simkit.contract.readers import MANIFEST
from simkit.contract.table import AUXILIARY, STATE, by_path, by_stem
from simkit.contract.values import NO_BEFORE, NO_JOURNAL, found, when
from simkit.contract.view import PER_LOOP, view
from simkit.core.clock import MICROSECONDS

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
    outside = foreign(look)
    if outside is not None:
        return _frozen(look, outside, memory)
    seen, now = view(look), look.ts
    times = seen.times
    out = [_stale(stem, times[stem], now) for stem in _FRESH if times.get(stem, now) != now]
    for entry in seen.extra:
        if entry.frequency == "per_loop" and times.get(entry.stem) not in (None, now):
            out.append(_stale(entry.stem, times[entry.stem], now))
    return out


#: What the seed itself has written in every loop; the others may be throttled (A-41).
_EVERY_LOOP = ("nav", "positions_ledger", "diagnostics")


def _frozen(look: Look, outside: Outside, memory: Memory) -> Outcome:
    """Foreign: which files stood still while the others moved on.

    Between two trees of a series of loops every file moves. Between two states seen from outside one that
    stood still while another moved twice has missed a loop.
    """
    seen = view(look)
    if look.before is None:
        memory["moves"], memory["since"] = {}, {}
        return NO_BEFORE
    moves, since = memory.setdefault("moves", {}), memory.setdefault("since", {})
    own = tuple(entry.stem for entry in seen.extra if entry.frequency == "per_loop")
    every = _EVERY_LOOP + own
    earlier = view(look.before).times
    moved = [stem for stem in every if stem in seen.times and seen.times[stem] != earlier.get(stem)]
    for stem in moved:
        moves[stem] = moves.get(stem, 0) + 1
    for stem in moved:
        since[stem] = dict(moves)
    allowed = 0 if outside.loops or look.writes is not None else 1
    out: list[Found] = []
    for stem in every:
        last = since.setdefault(stem, {})
        missed = max((moves.get(other, 0) - last.get(other, 0) for other in every), default=0)
        is_series = outside.loops and seen.times.get(stem) == earlier.get(stem)
        if seen.times.get(stem) is not None and (missed > allowed or is_series):
            out.append(_stale(stem, seen.times[stem], look.ts))
    return out + _throttled(look, outside, earlier)


def _throttled(look: Look, outside: Outside, earlier: dict[str, int | None]) -> list[Found]:
    """A-41: files that are not written in every loop, up to the age that the dialect allows."""
    times, limit = view(look).times, round(outside.dialect.throttle_s * MICROSECONDS)
    out: list[Found] = []
    for stem in _FRESH:
        at = times.get(stem)
        if stem in _EVERY_LOOP or at is None or at != earlier.get(stem) or look.ts == at:
            continue
        if look.ts - at > limit:
            out.append(
                found(stem, "updated_ts", when(at), f"older than {when(look.ts)} by too much", "reading")
            )
        else:
            outside.saw("A-41", "throttled", stem)
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
    """Both in the folder of the surfaces: leftovers among the names of the tree, direct writes in the journal."""
    out = [
        found(name.rpartition("/")[2], "", name, "a temporary file is left over", "reference")
        for name in look.names
        if "/.tmp_" in name and name.startswith(_HEAD)
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
    """`executor#2` is a second process of the executor: the owner, though not the one writer (INV-G09)."""
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
        if write.writer.partition("#")[0] != owner:
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
    manifest, outside = look.docs[MANIFEST], look.outside
    if memory.get("names") == look.names and memory.get("manifest") is manifest:
        outcome: list[Found] = memory["outcome"]
        return outcome
    known = registered_paths(manifest)
    auxiliary = AUXILIARY if outside is None else AUXILIARY.union(outside.dialect.auxiliary)
    strange = foreign(look)
    if strange is not None:
        auxiliary |= _OF_THE_SYSTEM
        for name in look.names:
            if name.removeprefix(_HEAD) in _OF_THE_SYSTEM and name not in known:
                strange.saw("A-46", "auxiliary without an entry", name.removeprefix(_HEAD))
    out = [
        found(_stem(name), "", name, f"not in {MANIFEST}.json and not on the auxiliary list")
        for name in look.names
        if name.startswith(_HEAD)
        and name.endswith(".json")
        and name not in known
        and name[len(_HEAD) :] not in auxiliary
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
    return [Found(MANIFEST, *fault) for fault in faults(look.docs[MANIFEST])]


_LASTING = (*PER_LOOP, "nav_state")
#: Auxiliary files of the v7.6 system that lie in the state folder without an entry (A-46, AUX-4 to AUX-10).
_OF_THE_SYSTEM = frozenset({
    "positions.json", "synced_state.json", "risk_advanced.json", "factor_pnl.json", "regimes.json",
    "vol_regimes.json", "expectancy_v6.json", "router_quality.json", "alpha_decay.json", "hybrid_scores.json",
    "execution_health.json", "leaderboard_state.json", "positions_state_sync.json", "universe.json",
})  # fmt: skip


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
    raw, extra = look.raw, view(look).extra
    lasting: tuple[str, ...] = _LASTING
    if extra:
        lasting += tuple(entry.stem for entry in extra if entry.frequency in ("per_loop", "per_sync"))
    if len(memory) == len(lasting) and all(stem in raw for stem in lasting):
        return ()
    out: list[Found] = []
    for stem in lasting:
        if stem in raw:
            memory[stem] = True
        elif stem in memory:
            path = by_stem[stem].path if stem in by_stem else f"{STATE}/{stem}.json"
            out.append(found(stem, "", path, "the file was there and is gone", _written_each_loop(stem)))
    return out


def _written_each_loop(stem: str) -> Tier:
    """Whether the seed itself has a file written in every loop, or only our reading of it (A-41)."""
    return "reading" if stem in _LASTING and stem not in _EVERY_LOOP else "contract"


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
        if (at := times.get(stem, first)) != first
        and at is not None
        and first is not None
        and not may_differ(look, "nav", stem)
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
    """With a journal, a file of an earlier run does not count as one of this run, and one that was written in this
    run and is gone is none of this rule's: it has disappeared (INV-G13)."""
    truth = look.truth
    if foreign(look) is not None and no_loops(look) and not _a_loop_has_passed(look):
        return NO_LOOPS
    if truth is not None and truth.new_run:
        memory.clear()
    if look.writes is None:
        return [_missing(stem) for stem in PER_LOOP if stem not in look.raw]
    if len(memory) == len(PER_LOOP):
        return ()
    if look.before is None and (truth is None or not truth.new_run):
        return NO_BEFORE
    for write in look.writes:
        surface = by_path.get(write.path)
        if surface is not None and surface.stem in PER_LOOP and surface.stem in look.raw:
            memory[surface.stem] = True
    return [_missing(stem) for stem in PER_LOOP if stem not in memory]


def _a_loop_has_passed(look: Look) -> bool:
    """NAV is of every loop: when it has moved between two states, one loop at least is complete."""
    before = look.before
    if before is None:
        return False
    now, then = view(look).times.get("nav"), view(before).times.get("nav")
    return now is not None and then is not None and now > then


def _missing(stem: str) -> Found:
    return found(stem, "", "absent", "not written since the run began", _written_each_loop(stem))
