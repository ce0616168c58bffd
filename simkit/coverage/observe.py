"""Runs scenarios and watches what they touch.

Comes in: targets. Goes out: one `Observed` each. May import `core`, `contract`, `scenario`, `judge`, `trace`,
`run`, `targets`. Writes nothing that stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from simkit import dialect
from simkit.bug import bug_message
from simkit.contract.build import Looks
from simkit.contract.interpreter import Interpreter
from simkit.core import scratch
from simkit.core.environment import cpu_count
from simkit.core.errors import Exit, SimkitError
from simkit.core.project import Project
from simkit.core.workers import Died, run_each
from simkit.coverage.watch import Seen, Watch
from simkit.judge.truth import Witness
from simkit.run import simulate
from simkit.scenario.model import Scenario
from simkit.targets import Target, scenario_of
from simkit.trace.record import LoopRecord

#: Loops of a run that are planned to be tried for steps.
PLANNED: Final = 8


class Observed(Struct, frozen=True):
    """What came of one run: `seen`, or the reason why there is nothing. A run that cannot be made here (its
    recording lies elsewhere) is no error: its code is SAME."""

    name: str
    seen: Seen | None = None
    code: Exit = Exit.SAME
    message: str = ""


def planned(scenario: Scenario) -> frozenset[int]:
    """The first loop, the last one, and as many as fit of the checkpoints and of the loops in which the
    script begins or ends something or a listed finding begins, evenly spread."""
    last = scenario.clock.loops
    told = [
        *scenario.checkpoints,
        *(signal.loop for signal in scenario.signals),
        *(event.loop for event in scenario.events),
        *(loop for fault in scenario.faults for loop in (fault.at.first, fault.at.last + 1)),
        *(span.first for finding in scenario.findings for span in finding.loops),
    ]
    between = sorted(frozenset(loop for loop in told if 1 < loop < last))
    most = PLANNED - 2
    if len(between) > most:
        between = [between[index * len(between) // most] for index in range(most)]
    return frozenset((1, last, *between))


def observe(scenario: Scenario, project: Project) -> Seen:
    """Run one scenario and watch every loop. Raises SimkitError, OSError."""
    watch, looks, witness = Watch(scenario.name, planned(scenario)), Looks(), Witness(scenario)
    spoken = dialect.of(project)
    interpreter = Interpreter(spoken) if spoken is not None else None

    def on_loop(record: LoopRecord) -> None:
        look = looks.next(
            record.loop, record.ts, record.settings, record.tree, writes=record.writes,
            truth=witness.truth(record), until=record.ts + scenario.clock.sync_phase_us,
        )  # fmt: skip
        if interpreter is not None:
            interpreter.hear(look)
        watch.look(look)

    with scratch.scratch_folder(project.work) as folder:
        simulate(scenario, folder, base=(project.root / scenario.file).parent, on_loop=on_loop)
    return watch.seen()


def observe_target(target: Target, project: Project) -> Observed:
    """Observe one run; whatever goes wrong is told, so that the others go on."""
    try:
        scenario = scenario_of(target, project)
        if scenario.needs_data:
            return Observed(target.name, message="it replays recorded files from outside the repository")
        return Observed(target.name, observe(scenario, project))
    except SimkitError as problem:
        return Observed(target.name, None, problem.exit_code, str(problem))
    except OSError as problem:
        place = f"{problem.filename}: " if problem.filename else ""
        return Observed(target.name, None, Exit.IO, f"{place}{problem.strerror}")
    except Exception as problem:
        message = bug_message(problem, f"simkit coverage {target.name}", project.work)
        return Observed(target.name, None, Exit.BUG, message)


def observe_many(
    targets: Sequence[Target],
    project: Project,
    *,
    processes: int = 0,
    on_done: Callable[[Observed], None] = lambda observed: None,
) -> list[Observed]:
    """Observe all targets in `processes` processes (0: one per processor) and give what came in their order."""
    scratch.remove_stale(project.work)
    wanted = min(processes or cpu_count(), len(targets))
    found: list[Observed | None] = [None] * len(targets)
    jobs = [(target, project) for target in targets]
    results = run_each(_job, jobs, wanted) if wanted > 1 else enumerate(map(_job, jobs))
    for index, result in results:
        if isinstance(result, Died):
            result = Observed(targets[index].name, None, Exit.BUG, f"the process that ran it {result.how}")
        found[index] = result
        on_done(result)
    return [each for each in found if each is not None]


def _job(job: tuple[Target, Project]) -> Observed:
    return observe_target(*job)
