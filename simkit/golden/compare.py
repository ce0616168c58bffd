"""The comparison of a run, or of a result that waits, with its golden. Writes nothing.

Comes in: a golden folder, the scenario's hash, the executor's name, a `Recording`. Goes out: a `Difference`.
May import `core`, `trace` and `golden.*`.

Equal is decided on hashes alone. The histories are walked only when the running hashes differ, from the first
loop that the spool holds on; a document is decoded only where its hash differs from the golden's.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from simkit.core.errors import SimkitError
from simkit.core.files import standing
from simkit.golden.counts import Counts
from simkit.golden.difference import Difference
from simkit.golden.history import HISTORY, raw_lines, running_of
from simkit.golden.pair import Pair
from simkit.golden.sides import Accepted, Ran
from simkit.golden.store import Edit, Golden, edits, read_golden
from simkit.trace.chain import WIDTH
from simkit.trace.recorder import Recording
from simkit.trace.spool import frames


def compare(golden_dir: Path, fingerprint: str, executor_name: str, recording: Recording) -> Difference:
    """Judge a complete run. Raises OSError."""
    golden_dir = standing(golden_dir)
    golden = read_golden(golden_dir)
    if golden is None:
        return Difference(
            "missing", "no golden yet", new_loops=recording.loops, new_running=recording.running
        )
    if isinstance(golden, Edit):
        return _edited((golden,))
    if golden.executor != executor_name:
        return Difference("other", f"accepted for {golden.executor}, run with {executor_name}")
    if found := edits(golden_dir, golden):
        return _edited(found)
    base = Difference(
        "same",
        "same",
        old_loops=golden.loops,
        new_loops=recording.loops,
        old_running=golden.running,
        new_running=recording.running,
        new_unseed=golden.unseed != recording.unseed,
    )
    if golden.running != recording.running or golden.loops != recording.loops:
        base = _differing(golden_dir, golden, recording, base)
    return _stale(base, golden, fingerprint)


def _stale(base: Difference, golden: Golden, fingerprint: str) -> Difference:
    if golden.scenario == fingerprint:
        return base
    moved = "and the run differs" if base.status == "changed" else "and the run is the same"
    text = f"the scenario was edited since it was accepted, {moved}"
    return msgspec.structs.replace(base, status="stale", text=text)


def _edited(found: tuple[Edit, ...]) -> Difference:
    if any(edit.is_conflict for edit in found):
        text = "git could not merge this golden; never merge it by hand: run the merged code, and accept"
        return Difference("conflict", text, edits=found)
    text = "the golden is not as it was accepted; restore it from git, or accept what the run gives now"
    return Difference("edited", text, edits=found)


def _differing(golden_dir: Path, golden: Golden, recording: Recording, base: Difference) -> Difference:
    if recording.spool is None or recording.kept_from is None:
        return _shorter(golden, recording, base)
    first = recording.kept_from
    accepted = Accepted(raw_lines(golden_dir / HISTORY), first - 1)
    return _counted(Pair(accepted, Ran(accepted, frames(recording.spool)), first), base)


def _counted(pair: Pair, base: Difference) -> Difference:
    counts = Counts()
    for step in pair.steps():
        counts.add(step, pair.golden)
        if counts.full:
            pair.watched = counts.surfaces
    counts.loops += pair.golden.rest()
    return counts.into(base)


def compare_folders(golden_dir: Path, result_dir: Path, fingerprint: str | None = None) -> Difference:
    """The difference between a golden and a result that waits to be accepted: the one that the check told which
    kept it. `fingerprint`: the scenario's hash now, where it can be read. Raises OSError, SimkitError when the result
    is damaged."""
    golden_dir = standing(golden_dir)
    golden, result = read_golden(golden_dir), read_golden(result_dir)
    if not isinstance(result, Golden):
        raise SimkitError(f"{result_dir}: not a whole result; run the scenario again")
    if golden is None:
        return Difference("missing", "no golden yet", new_loops=result.loops, new_running=result.running)
    if isinstance(golden, Edit):
        return _edited((golden,))
    if golden.executor != result.executor:
        return Difference("other", f"accepted for {golden.executor}, run with {result.executor}")
    if found := edits(golden_dir, golden):
        return _edited(found)
    base = Difference(
        "same", "same", old_loops=golden.loops, new_loops=result.loops, old_running=golden.running,
        new_running=result.running, new_unseed=golden.unseed != result.unseed,
    )  # fmt: skip
    if golden.running != result.running or golden.loops != result.loops:
        base = _counted(pair_of(golden_dir, result_dir), base)
    return _stale(base, golden, fingerprint or result.scenario)


def pair_of(golden_dir: Path, result_dir: Path) -> Pair:
    """Two golden folders side by side, from the first loop that differs on. Raises OSError."""
    old, new = (_hashes(folder) for folder in (golden_dir, result_dir))
    same = next((at for at, (one, two) in enumerate(zip(old, new, strict=False)) if one != two), None)
    first = min(len(old), len(new)) + 1 if same is None else same + 1
    accepted, result = (
        Accepted(raw_lines(folder / HISTORY), first - 1) for folder in (golden_dir, result_dir)
    )
    return Pair(accepted, result, first)


def _hashes(folder: Path) -> list[str]:
    running = running_of(raw_lines(folder / HISTORY))
    return [running[at : at + WIDTH] for at in range(0, len(running), WIDTH)]


def _shorter(golden: Golden, recording: Recording, base: Difference) -> Difference:
    """Nothing was kept: the run is a true beginning of the golden, or it was made without a spool."""
    first = recording.first_difference
    text = (
        f"the run ends after loop {recording.loops}, the golden after loop {golden.loops}"
        if recording.loops != golden.loops
        else "the run differs; its loops were not kept"
    )
    lacking = max(golden.loops - recording.loops, 0)
    return msgspec.structs.replace(
        base, status="changed", text=text, kind="value", first_loop=first, loop_count=lacking
    )
