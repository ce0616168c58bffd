"""Run a command and watch its state folder: the child, its signals, the log, the two looks at the folder.

Comes in: a command line. Goes out: `Report`. May import `core`, `contract`, `sanitize`.

The child gets the bootstrap folder in front of PYTHONPATH and one variable; its own children inherit both.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from simkit.core import canon, environment, files, scratch
from simkit.core.errors import SimkitError
from simkit.sanitize.bootstrap import sitecustomize as bootstrap
from simkit.sanitize.judge import Judge
from simkit.sanitize.log import Content, content, records
from simkit.sanitize.processes import Processes
from simkit.sanitize.report import Report
from simkit.sanitize.watched import Watched, read_manifest, watched

_BOOTSTRAP = str(Path(bootstrap.__file__).parent)
_PATIENCE_S = 5.0


def sanitize(
    command: Sequence[str],
    *,
    state: str | Path = "logs/state",
    manifest: str | Path | None = None,
    writers: Sequence[tuple[str, str]] = (),
    cwd: str | Path = ".",
    env: Mapping[str, str] | None = None,
    stdout: int | None = None,
    timeout_s: float | None = None,
) -> Report:
    """Run `command` in `cwd` to its end and judge what it did to the folder `state` (relative to `cwd`).

    `manifest`: a v7_manifest.json; without it that of the tree, of `cwd`, or the shipped one. `writers`: pairs
    of an owner and a pattern (`*` and `?`) that occurs in a process's command line or in the path of the file
    that writes. `env`: the child's environment instead of ours. `stdout`: a descriptor for the child's stdout.
    After `timeout_s` seconds the child is told to end (SIGTERM, then SIGKILL). Ctrl-C goes to the child, the
    report still comes. Raises SimkitError when the command cannot start or the manifest cannot be read.
    """
    here = Path(cwd).resolve()
    folder = (here / state).resolve()
    document, place = read_manifest(manifest, folder, here)
    names = watched(document)
    processes = Processes({about.owner for about in names.values() if about.owner}, writers)
    stale = Path(tempfile.gettempdir()) / "simkit"
    scratch.remove_stale(stale)
    with scratch.scratch_folder(stale) as private:
        log = private / "log"
        before = _look(folder, names)
        there = _others(folder, names)
        judge = Judge(names, before, processes)
        child_env = _environment(env, {"log": str(log), "state": str(folder), "names": sorted(names)})
        code, interrupted, stopped = _run(command, here, child_env, stdout, timeout_s)
        after = _look(folder, names)
        left = _others(folder, names)
        _read(log, judge, processes)
    alive = [
        p.command for p in processes.all if p.number > 1 and p.acted and environment.process_alive(p.pid)
    ]
    new = sorted(name for name, mark in left.items() if there.get(name) != mark)
    whole = code == 0 and not interrupted and not stopped
    judge.end(after, new, code=code, whole=whole, alive=bool(alive))
    if not processes.all:
        judge.blind(
            f"`{shlex.join(command)}` never reported: no Python, or started isolated (-I, -E, -S)",
            failed=code != 0,
        )
    if stopped:
        judge.note(f"stopped after {timeout_s:g} s")
    for name in alive:
        judge.note(f"{name} still runs: judged up to here")
    return Report(
        tuple(command), code, interrupted, str(folder), place, tuple(p.command for p in processes.all),
        judge.writes, judge.findings, tuple(processes.not_observable()), tuple(judge.notes),
    )  # fmt: skip


def _read(log: Path, judge: Judge, processes: Processes) -> None:
    """The whole log, in order."""
    torn = 0
    for record in records(log):
        if record is None:
            torn += 1
        elif record.kind == "start":
            processes.started(record)
        elif record.kind in ("spawn", "exec"):
            processes.spawned(record)
        elif processes.knows(record.pid):
            judge.see(record)
        else:
            torn += 1
    if torn:
        judge.note(f"{torn} lines of the log could not be read")


def _look(folder: Path, names: Mapping[str, Watched]) -> dict[str, Content | None]:
    """What stands in every watched file now, read as the child reads it."""
    return {
        name: content(bootstrap.judged(bootstrap.content_of(str(folder / name)))) for name in sorted(names)
    }


def _others(folder: Path, names: Mapping[str, Watched]) -> dict[str, tuple[int, int, int]]:
    """Every other file of the folder, with what tells one content from another."""
    found: dict[str, tuple[int, int, int]] = {}
    for name in files.walk(folder):
        if name not in names:
            try:
                status = os.lstat(folder / name)
            except FileNotFoundError:
                continue
            found[name] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return found


def _environment(env: Mapping[str, str] | None, settings: dict[str, object]) -> dict[str, str]:
    child = dict(os.environ if env is None else env)  # det-ok: handed on to the child, decides nothing
    behind = child.get("PYTHONPATH")
    child["PYTHONPATH"] = _BOOTSTRAP + (os.pathsep + behind if behind else "")
    child[bootstrap.VARIABLE] = canon.encode(settings).decode()
    return child


def _run(
    command: Sequence[str], cwd: Path, env: dict[str, str], stdout: int | None, timeout_s: float | None
) -> tuple[int, bool, bool]:
    """The child's return code, whether Ctrl-C came, whether the time was up."""
    try:
        child = subprocess.Popen(list(command), cwd=cwd, env=env, stdout=stdout)
    except OSError as problem:
        raise SimkitError(f"{command[0]}: cannot be started: {problem.strerror}") from problem
    with _signals_to(child) as came:
        try:
            return child.wait(timeout_s), signal.SIGINT in came, False
        except subprocess.TimeoutExpired:
            child.terminate()
        try:
            return child.wait(_PATIENCE_S), signal.SIGINT in came, True
        except subprocess.TimeoutExpired:
            child.kill()
        return child.wait(), signal.SIGINT in came, True


@contextmanager
def _signals_to(child: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """Let SIGINT and SIGTERM end the child, not us. The terminal sends Ctrl-C to the child by itself."""
    came: list[int] = []
    by_terminal = _has_terminal()

    def hand_on(number: int, frame: object) -> None:
        came.append(number)
        if number != signal.SIGINT or not by_terminal:
            child.send_signal(number)

    old: dict[signal.Signals, object] = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            old[number] = signal.signal(number, hand_on)
    except ValueError:
        pass  # not the main thread: signals are its business
    try:
        yield came
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)  # type: ignore[arg-type]


def _has_terminal() -> bool:
    """Whether we are the foreground job of a terminal."""
    try:
        fd = os.open("/dev/tty", os.O_RDONLY)  # det-ok: asks who gets Ctrl-C
    except OSError:
        return False
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(fd)
