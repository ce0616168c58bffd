"""A sweep in several processes: its items in batches, the outcomes in the order of the items.

Comes in: a module-level function that judges a batch, and picklable batches. Goes out: outcomes. May import `core`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from simkit.core.environment import cpu_count
from simkit.core.errors import SimkitError
from simkit.core.workers import Died, run_each

Item = TypeVar("Item")
Batch = TypeVar("Batch")
Outcome = TypeVar("Outcome")

_SIZE: Final = 40


def batches(items: Sequence[Item]) -> list[Sequence[Item]]:
    """The items in order, as many at a time as are worth a process."""
    return [items[at : at + _SIZE] for at in range(0, len(items), _SIZE)]


def outcomes_of(
    judge: Callable[[Batch], tuple[Outcome, ...]], jobs: Sequence[Batch], processes: int
) -> tuple[Outcome, ...]:
    """What `judge` says of all jobs, in `processes` (0: as many as pay). Raises SimkitError where one is lost."""
    wanted = min(processes or cpu_count(), len(jobs))
    found: dict[int, tuple[Outcome, ...]] = {}
    for index, result in run_each(judge, jobs, wanted) if wanted > 1 else enumerate(map(judge, jobs)):
        if isinstance(result, Died):
            raise SimkitError(f"the process of batch {index + 1} of {len(jobs)} {result.how}")
        found[index] = result
    return tuple(outcome for index in sorted(found) for outcome in found[index])
