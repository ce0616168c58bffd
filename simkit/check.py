"""The flow of a check: load, simulate in RAM, judge, compare with the golden, keep what waits to be
accepted.

Comes in: targets (a scenario file and a variant). Goes out: one `Outcome` per run. May import every room;
only `cli` and `pytest_plugin` import it. Writes pending results below the project's work folder, never a
golden.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from simkit import dialect
from simkit.bug import bug_message
from simkit.core import scratch
from simkit.core.clock import elapsed_s
from simkit.core.environment import cpu_count
from simkit.core.errors import Exit, Mistake, ScenarioError, SimkitError
from simkit.core.lock import locked
from simkit.core.project import Project
from simkit.core.workers import Died, run_each
from simkit.golden import pending, store
from simkit.golden.compare import compare
from simkit.golden.difference import Difference
from simkit.golden.write import Identity
from simkit.judge.judges import Judgement
from simkit.report.result import Outcome, Word
from simkit.run import RunResult, simulate
from simkit.scenario.load import fingerprint
from simkit.scenario.model import Scenario
from simkit.targets import Target, scenario_of
from simkit.trace.spool import frames

#: A process costs more than a short run.
_RUNS_PER_PROCESS = 4

_GOLDEN_CODES = {
    "same": Exit.SAME,
    "changed": Exit.CHANGED,
    "edited": Exit.CHANGED,
    "conflict": Exit.CHANGED,
    "missing": Exit.GOLDEN_MISSING,
    "stale": Exit.GOLDEN_MISSING,
    "other": Exit.SAME,
}


def check_target(target: Target, project: Project, data: Path | None = None, *, keep: bool = True) -> Outcome:
    """Check one run; whatever goes wrong becomes an outcome, so that the others go on."""
    mistakes: tuple[Mistake, ...] = ()
    try:
        return check_one(scenario_of(target, project), project, data, keep=keep)
    except SimkitError as problem:
        code, message = problem.exit_code, str(problem)
        mistakes = problem.mistakes if isinstance(problem, ScenarioError) else ()
    except OSError as problem:
        place = f"{problem.filename}: " if problem.filename else ""
        code, message = Exit.IO, f"{place}{problem.strerror}"
    except Exception as problem:
        command = f"simkit check {target.name}"
        code, message = Exit.BUG, bug_message(problem, command, project.work)
    word: Word = "invalid" if code is Exit.SCENARIO_INVALID else "failed"
    return Outcome(target.name, project.shown(target.file), word, code, message=message, mistakes=mistakes)


def check_one(
    scenario: Scenario, project: Project, data: Path | None = None, *, keep: bool = True
) -> Outcome:
    """Simulate, judge and compare one run. With `keep` a result that can be accepted is kept
    pending. Raises SimkitError, OSError."""
    began = elapsed_s()
    if scenario.needs_data and data is None:
        why = "it replays recorded files from outside the repository; name their folder with --data DIR"
        return Outcome(scenario.name, scenario.file, "not applicable", Exit.SAME, message=why)
    has_golden = not (scenario.canary or scenario.needs_data)
    # The golden stays the same one from the first loop to the verdict.
    with locked(project.golden, shared=True), scratch.scratch_folder(project.work) as folder:
        result = simulate(
            scenario,
            folder / "run",
            base=(project.root / scenario.file).parent,
            data=data,
            expected=store.expected_run(project.golden_of(scenario.name)) if has_golden else None,
            spool=folder / "spool" if has_golden else None,
            dialect=dialect.of(project),
        )
        recording, judgement = result.recording, result.judgement
        difference, events = _compared(scenario, result, project) if has_golden else (None, "")
        if keep and difference is not None:
            acceptable = judgement.ok and difference.status not in ("same", "other")
            _keep(scenario, result, project, acceptable)
    word, code = _verdict(scenario, judgement, difference)
    return Outcome(
        scenario.name, scenario.file, word, code, recording.loops, judgement, difference, events,
        recording.running, seconds=elapsed_s() - began,
    )  # fmt: skip


def _compared(scenario: Scenario, result: RunResult, project: Project) -> tuple[Difference, str]:
    """The comparison with the golden, and the events of the loop that moved first."""
    recording = result.recording
    difference = compare(project.golden_of(scenario.name), fingerprint(scenario), result.executor, recording)
    first = difference.first_loop
    if first is None or recording.spool is None:
        return difference, ""
    return difference, next((f.events.decode() for f in frames(recording.spool) if f.loop == first), "")


def _keep(scenario: Scenario, result: RunResult, project: Project, acceptable: bool) -> None:
    """Keep what can be accepted; forget what waited before and no longer can."""
    if acceptable:
        identity = Identity(fingerprint(scenario), scenario.seed, result.executor, scenario.checkpoints)
        pending.keep(project, scenario.name, identity, result.recording)
    elif store.is_golden(project.pending_of(scenario.name)):
        pending.drop(project, scenario.name)


def _verdict(scenario: Scenario, judgement: Judgement, difference: Difference | None) -> tuple[Word, Exit]:
    if scenario.canary:
        return ("canary passed", Exit.BROKEN) if judgement.ok else ("fails as it must", Exit.SAME)
    if judgement.only_not_converged:
        return "not converged", Exit.NOT_CONVERGED
    if not judgement.ok:
        return "broken", Exit.BROKEN
    if difference is None:
        return "judged", Exit.SAME
    return difference.status, _GOLDEN_CODES[difference.status]


def check_many(
    targets: Sequence[Target],
    project: Project,
    *,
    data: Path | None = None,
    processes: int = 0,
    on_done: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Check all targets in `processes` processes (0: as many as pay) and give the outcomes in their order.

    `on_done` sees each outcome when it is there. A process that dies is an outcome too: a bug, exit code 70.
    Raises SimkitError (a mistake in the project's dialect).
    """
    scratch.remove_stale(project.work)
    pending.tidy(project)
    dialect.of(project)  # a mistake in it is told once
    wanted = processes or min(cpu_count(), len(targets) // _RUNS_PER_PROCESS)
    outcomes: list[Outcome | None] = [None] * len(targets)
    jobs = [(target, project, data) for target in targets]
    results = run_each(_job, jobs, wanted) if wanted > 1 else enumerate(map(_job, jobs))
    for index, result in results:
        if isinstance(result, Died):
            target = targets[index]
            message = f"the process that ran it {result.how}"
            result = Outcome(target.name, project.shown(target.file), "failed", Exit.BUG, message=message)
        outcomes[index] = result
        on_done(result)
    return [outcome for outcome in outcomes if outcome is not None]


def _job(job: tuple[Target, Project, Path | None]) -> Outcome:
    return check_target(*job)
