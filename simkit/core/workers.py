"""Work for several processes: jobs in, results out in the order in which they end.

Comes in: a module-level function that does not raise, and picklable jobs. Goes out: `(index, result)`, or
`Died` for a job whose process was lost; the other jobs go on in a new process. May import the standard
library only.

Workers ignore Ctrl-C: the parent gets it, ends them and lets `KeyboardInterrupt` pass.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")

_STOP = None


class Died:
    """A worker ended in the middle of a job."""

    def __init__(self, exit_code: int | None) -> None:
        self.exit_code = exit_code

    @property
    def how(self) -> str:
        """`killed by SIGKILL`, `ended with code 3`."""
        code = self.exit_code
        if code is not None and code < 0:
            return f"killed by {signal.Signals(-code).name}"
        return f"ended with code {code}"


def run_each(
    function: Callable[[Job], Result], jobs: Sequence[Job], processes: int
) -> Iterator[tuple[int, Result | Died]]:
    """Call `function` on every job, in `processes` workers that live until the jobs are used up."""
    context: Any = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    waiting = list(range(len(jobs) - 1, -1, -1))
    running: dict[Connection, tuple[BaseProcess, int]] = {}

    def start() -> None:
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(function, theirs), daemon=True)
        process.start()
        theirs.close()
        give(process, ours)

    def give(process: BaseProcess, pipe: Connection) -> None:
        index = waiting.pop()
        running[pipe] = (process, index)
        with suppress(OSError):  # it died while idle: the next wait() finds that out
            pipe.send(jobs[index])

    try:
        for _ in range(min(processes, len(jobs))):
            start()
        while running:
            for pipe in wait(list(running)):
                assert isinstance(pipe, Connection)
                process, index = running.pop(pipe)
                try:
                    answer = pipe.recv()
                except (EOFError, OSError):
                    process.join()
                    if waiting:
                        start()
                    yield index, Died(process.exitcode)
                    continue
                if waiting:
                    give(process, pipe)
                else:
                    pipe.send(_STOP)
                    process.join()
                yield index, answer
    finally:
        for process, _ in running.values():
            process.terminate()
        for process, _ in running.values():
            process.join()


def _serve(function: Callable[[Any], Any], pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    with suppress(EOFError, OSError):
        while (job := pipe.recv()) is not _STOP:
            pipe.send(function(job))


def _leave(*_: Any) -> None:
    """Unwind, so that the job cleans up after itself."""
    sys.exit(128 + signal.SIGTERM)
