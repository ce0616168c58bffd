"""The every-crash sweep: kill the executor, or sync_state, at every step of every write, and judge what follows.

Comes in: a scenario. Goes out: `CrashSweep`. May import `core`, `contract`, `scenario`, `surfaces`, `trace`, `judge`,
`run` and the rest of `sweep`. Runs in memory; leaves no file.

A step is judged by what a reader found at the death, by the loops that the surfaces took to agree again, by what was
published and is lost, and by rules that fire later than that and do not in the run without a kill.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from simkit.contract.dialect import Dialect
from simkit.contract.table import paths
from simkit.core.errors import SimkitError
from simkit.judge.judges import Judgement
from simkit.run import simulate
from simkit.scenario import kinds_market
from simkit.scenario.model import Crash, Loops, Replay, Scenario
from simkit.sweep.agree import Facts, Levels, disagreements, facts_of, keys_of, levels_of, losses
from simkit.sweep.batches import batches, outcomes_of
from simkit.sweep.stepped import MortalMirror, Step, SteppedDoor, below_root, is_executors, temps
from simkit.trace.record import LoopRecord

#: All surfaces agree again this many loops after the one of a death, at the latest.
WITHIN = 1


class Follow(Struct, frozen=True):
    """Why a rule must fire once more after a death although nothing is wrong any more. `once`: in one loop only."""

    why: str
    once: bool


#: What is lost with the process, or was never published, and shows later than `WITHIN`.
FOLLOWS: dict[str, Follow] = {
    "INV-P07": Follow("what was filled in the loop of the death shows in S3 one loop later", once=True),
    "INV-N07": Follow("the NAV makes up for what it did not show in the loop of the death", once=True),
    "INV-D23": Follow("a level that only the registry showed in the loop of the death is hit", once=True),
    "INV-X04": Follow("a parent order whose slices were not logged is sent again (B-RST-1)", once=True),
    "INV-R18": Follow(
        "a NAV that was read and not published is forgotten: its age counts from the one before", once=False
    ),
    "INV-F11": Follow("a close that was never logged is attributed to nothing", once=False),
    "INV-R05": Follow(
        "a high of L1 is not in the history that the rule knows: S7 was never written there", once=False
    ),
    "INV-H07": Follow("fills that were never logged are in no window", once=False),
}


class Outcome(Struct, frozen=True):
    """What followed a death. `agreed_after`: in how many loops all surfaces agreed again (None: not in time).
    `problems` is empty where all went well, `follows` the rules of `FOLLOWS` that fired."""

    step: Step
    problems: tuple[str, ...]
    agreed_after: int | None
    follows: tuple[str, ...] = ()


class CrashSweep(Struct, frozen=True):
    """A sweep: its outcomes in the order of the steps, the loops it covers, and what a reader found wrong without a
    kill, between two steps."""

    scenario: str
    first: int
    last: int
    outcomes: tuple[Outcome, ...]
    torn: tuple[str, ...]

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The steps at which something went wrong."""
        return tuple(outcome for outcome in self.outcomes if outcome.problems)


class Plain(Struct, frozen=True):
    """The run without a kill: its steps, the facts of its loops, its judgement, what a reader found wrong."""

    steps: tuple[Step, ...]
    facts: dict[int, Facts]
    judgement: Judgement
    torn: tuple[str, ...]


class _Job(Struct, frozen=True):
    scenario: Scenario
    base: Path
    data: Path | None
    dialect: Dialect | None
    steps: tuple[Step, ...]
    facts: dict[int, Facts]
    fired: dict[str, tuple[Loops, ...]]


class _Watch:
    """Keeps the facts of the loops from `first` to `last`."""

    def __init__(self, first: int = 1, last: int = 1 << 30) -> None:
        self.facts: dict[int, Facts] = {}
        self._first, self._last = first, last

    def __call__(self, record: LoopRecord) -> None:
        if self._first <= record.loop <= self._last:
            self.facts[record.loop] = facts_of(record)


def crash_sweep(
    scenario: Scenario,
    *,
    base: Path,
    data: Path | None = None,
    dialect: Dialect | None = None,
    loops: Loops | None = None,
    number: int | None = None,
    processes: int = 0,
) -> CrashSweep:
    """Sweep the steps of `loops` (None: all), or step `number` alone, in `processes` (0: as many as pay).

    Raises SimkitError where the scenario cannot be swept.
    """
    longer = lengthened(scenario)
    plain = plain_run(longer, base, data, dialect)
    last = min(scenario.clock.loops, max(plain.facts) - WITHIN)
    first, last = _range(loops, last)
    chosen = tuple(
        s for s in plain.steps if (first <= s.loop <= last if number is None else s.number == number)
    )
    if not chosen:
        raise SimkitError(
            f"{scenario.name}: there is no step {number}; steps go from 1 to {len(plain.steps)}"
        )
    job = _Job(longer, base, data, dialect, (), plain.facts, _fired(plain.judgement))
    jobs = [replace(job, steps=tuple(steps)) for steps in batches(chosen)]
    outcomes = outcomes_of(_sweep, jobs, processes)
    return CrashSweep(scenario.name, first, last, outcomes, plain.torn)


def swept(scenario: Scenario) -> None:
    """Raises SimkitError where the scenario's own faults strike more than market and venue: what they break would be
    blamed on the deaths."""
    market = tuple([kind.make for kind in kinds_market.KINDS])
    own = sorted({str(f.__struct_config__.tag) for f in scenario.faults if not isinstance(f, market)})
    if own:
        raise SimkitError(
            f"{scenario.name}: has faults of its own ({', '.join(own)}), whose work would be blamed on the sweep; "
            "sweep a scenario whose faults are those of market and venue, or one without"
        )


def lengthened(scenario: Scenario) -> Scenario:
    """The scenario with the loops that a death in its last one needs: `WITHIN` and one to see that it lasts.

    Raises SimkitError where it cannot be swept.
    """
    swept(scenario)
    if any(isinstance(path, Replay) for path in scenario.paths):
        return scenario
    return replace(scenario, clock=replace(scenario.clock, loops=scenario.clock.loops + WITHIN + 1))


def plain_run(scenario: Scenario, base: Path, data: Path | None, dialect: Dialect | None) -> Plain:
    """The run without a kill. A reader looks at all files at every step."""
    steps: list[Step] = []
    torn: list[str] = []

    def look(step: Step) -> None:
        steps.append(step)
        torn.extend(f"step {step.number}: {found.path} {found.problem}" for found in door.read_all())

    watch, door = _Watch(), SteppedDoor(on_step=look)
    result = simulate(
        scenario, Path(), base=base, data=data, dialect=dialect, on_loop=watch, door=door,
        sync_state=MortalMirror,
    )  # fmt: skip
    return Plain(tuple(steps), watch.facts, result.judgement, tuple(torn))


def _range(loops: Loops | None, last: int) -> tuple[int, int]:
    if loops is None:
        return 1, last
    if loops.first < 1 or loops.last < loops.first or loops.last > last:
        raise SimkitError(f"--loops {loops.first}..{loops.last}: loops from 1 to {last} can be swept")
    return loops.first, loops.last


def _fired(judgement: Judgement) -> dict[str, tuple[Loops, ...]]:
    return {tally.rule: tally.loops for tally in judgement.tallies if tally.severity == "E"}


def _sweep(job: _Job) -> tuple[Outcome, ...]:
    return tuple([_kill_at(job, step) for step in job.steps])


def _kill_at(job: _Job, step: Step) -> Outcome:
    """One run with the death at `step`, judged."""
    scenario = _mortal(job.scenario, step)
    door, watch = SteppedDoor(step.number), _Watch(step.loop, step.loop + WITHIN)
    left: dict[str, int] = {}

    def look(record: LoopRecord) -> None:
        watch(record)
        for temp, path in temps(below_root(door.system)).items():
            if any(write.path == path for write in record.writes) and record.loop > step.loop:
                left[temp] = record.loop

    result = simulate(
        scenario, Path(), base=job.base, data=job.data, dialect=job.dialect, on_loop=look, door=door,
        sync_state=MortalMirror,
    )  # fmt: skip
    assert door.died == step, f"step {step.number} is {door.died} here: the run is not deterministic"
    problems = [f"{torn.path} {torn.problem}" for torn in door.torn]
    problems += [f"{temp} still lies there after the next write, in L{loop}" for temp, loop in left.items()]
    agreed_after, disagreeing = _agreement(job.facts, watch.facts, step.loop)
    if agreed_after is None:
        problems += [f"L{step.loop + WITHIN}: {what}" for what in disagreeing]
    problems += _lost(door, job.facts, watch.facts, step)
    later, follows = _later(result.judgement, job.fired, step.loop + WITHIN)
    return Outcome(step, tuple(problems + later), agreed_after, follows)


def _mortal(scenario: Scenario, step: Step) -> Scenario:
    """The scenario in which an executor that dies at the step is dead until the next loop."""
    if not is_executors(step):
        return scenario
    death = Crash(Loops(step.loop, step.loop), next(iter(paths)))
    return replace(scenario, faults=(*scenario.faults, death))


def _agreement(plain: dict[int, Facts], found: dict[int, Facts], loop: int) -> tuple[int | None, list[str]]:
    """After how many loops all surfaces agreed; what did not at the last of them."""
    disagreeing: list[str] = []
    for later in range(WITHIN + 1):
        disagreeing = disagreements(found[loop + later], plain[loop + later])
        if not disagreeing:
            return later, []
    return None, disagreeing


def _lost(door: SteppedDoor, plain: dict[int, Facts], found: dict[int, Facts], step: Step) -> Iterator[str]:
    """What readers had seen before the death and do not see any more when all agrees again."""
    loop = step.loop + WITHIN
    published, levels = keys_of(door.left), dict[str, Levels](levels_of(door.left, registry=True))
    there = frozenset(path for path in door.left if path in found[loop].paths | plain[loop].paths)
    for what in losses(published, levels, there, found[loop], plain[loop]):
        yield f"L{loop}: {what}"


def _later(
    judgement: Judgement, plain: dict[str, tuple[Loops, ...]], agreed: int
) -> tuple[list[str], tuple[str, ...]]:
    """The errors from loop `agreed` on that the run without a kill does not show there."""
    found, follows = [], []
    for tally in judgement.tallies:
        if tally.severity != "E":
            continue
        known = plain.get(tally.rule, ())
        more = [
            loop
            for span in tally.loops
            for loop in range(max(span.first, agreed), span.last + 1)
            if not any(k.first <= loop <= k.last for k in known)
        ]
        follow = FOLLOWS.get(tally.rule)
        if more and follow is not None and (len(more) == 1 or not follow.once):
            follows.append(tally.rule)
        elif more:
            kept = (f for f in judgement.findings if (f.rule, f.loop) == (tally.rule, more[0]))
            finding = next(kept, tally.first)
            found.append(f"L{more[0]}: {tally.rule} fires: {finding.stem} {finding.path}: {finding.message}")
    return found, tuple(follows)
