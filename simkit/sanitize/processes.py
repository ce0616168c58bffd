"""Who wrote: the processes of a sanitized run, their owners in the manifest's words, and the children unseen.

Comes in: `start`, `spawn` and `exec` records. Goes out: `Process` by pid, owners, what was not observable.
May import `core`, `sanitize.log`.

A process is its pid and its command line. A fork is a process of its own. Two processes are the same writer only
as a restart: the same command line, neither a child of the other, and the first never writes again.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePath

from simkit.sanitize.log import Record

#: Whom a process is taken for that nothing else maps.
DEFAULT_OWNER = "executor"
_MAX_TOLD = 200
_HELPERS = "from multiprocessing."


class Process:
    """One observed process. `ancestors` are the numbers of the processes it descends from; `acted` says whether
    it did anything to the folder."""

    __slots__ = ("acted", "ancestors", "argv", "lost", "number", "pid")

    def __init__(self, number: int, pid: int, argv: tuple[str, ...], ancestors: frozenset[int]) -> None:
        self.number = number
        self.pid = pid
        self.argv = argv
        self.ancestors = ancestors
        self.lost = 0
        self.acted = False

    @property
    def command(self) -> str:
        """`#2 python sync_state.py`."""
        return f"#{self.number} {shlex.join(_shortened(self.argv))}"

    def restarts(self, other: Process) -> bool:
        """Whether it can be `other`, started again."""
        return self.argv == other.argv and other.number not in self.ancestors


class Processes:
    """All of them, as the log goes on. `writers` are pairs of owner and pattern, from the user."""

    def __init__(self, owners: Collection[str], writers: Sequence[tuple[str, str]]) -> None:
        self._owners = frozenset(owners)
        self._writers = tuple(writers)
        self._now: dict[int, Process] = {}
        self._waiting: list[Record] = []
        self._owner_of: dict[tuple[int, str], str] = {}
        self.all: list[Process] = []
        self.seen_owners: set[str] = set()
        self.untold = 0

    def started(self, record: Record) -> None:
        """A process reports for the first time, or runs a new program."""
        before = self._now.get(record.pid)
        parent = self._now.get(record.parent)
        ancestors: frozenset[int] = frozenset()
        if parent is not None:
            ancestors = parent.ancestors | {parent.number}
        elif before is not None:
            ancestors = before.ancestors
        process = Process(len(self.all) + 1, record.pid, record.argv, ancestors)
        self._now[record.pid] = process
        self.all.append(process)
        self.owner_of(process, "")
        if record.how == "start":
            self._claim(record)

    def spawned(self, record: Record) -> None:
        """A child, or a new program, of which nobody knows yet whether it will report."""
        if len(self._waiting) < _MAX_TOLD:
            self._waiting.append(record)
        else:
            self.untold += 1

    def _claim(self, start: Record) -> None:
        """The spawn that this start answers: its own exec, its parent's, or one behind a shell between.

        The helpers of multiprocessing are started without an event: they answer none.
        """
        if any(word.startswith(_HELPERS) for word in start.argv):
            return

        def fit(spawn: Record) -> int:
            if spawn.kind == "exec":
                return 3 if spawn.pid == start.pid else 0
            if start.parent in self._now and start.parent != spawn.pid:
                return 0
            if start.argv[-len(spawn.argv) + 1 :] == spawn.argv[1:] and len(spawn.argv) > 1:
                return 3
            if _is_python(spawn.argv):
                return 0
            return 2 if spawn.pid == start.parent else 1

        best = max(self._waiting, key=fit, default=None)
        if best is not None and fit(best):
            self._waiting.remove(best)

    def of(self, pid: int) -> Process:
        """The process that a record comes from."""
        return self._now[pid]

    def knows(self, pid: int) -> bool:
        return pid in self._now

    def owner_of(self, process: Process, place: str) -> str:
        """The manifest's word for who acts: by the user's patterns on command and file, by the name of the
        script or of the file that acts, else the executor. "" where the manifest knows no executor."""
        file = place.rpartition(":")[0]
        key = (process.number, file)
        owner = self._owner_of.get(key)
        if owner is None:
            owner = self._owner_of[key] = self._find_owner(process, file)
            self.seen_owners.add(owner)
        return owner

    def _find_owner(self, process: Process, file: str) -> str:
        command = shlex.join(process.argv)
        for text in (file, command):
            for owner, pattern in self._writers:
                if text and fnmatchcase(text, f"*{pattern}*"):
                    return owner
        for stem in (PurePath(file).stem, script_of(process.argv)):
            if stem in self._owners:
                return stem
        return DEFAULT_OWNER if DEFAULT_OWNER in self._owners else ""

    def not_observable(self) -> list[str]:
        """Children that never reported, and why; events that could not be told."""
        out: dict[str, int] = {}
        for spawn in self._waiting:
            line = f"child `{shlex.join(_shortened(spawn.argv))}`: {_why(spawn)}"
            out[line] = out.get(line, 0) + 1
        lines = [line if count == 1 else f"{line} ({count} times)" for line, count in out.items()]
        if self.untold:
            lines.append(f"{self.untold} more children were not followed up")
        lines += [
            f"{process.lost} events of process {process.command} could not be told"
            for process in self.all
            if process.lost
        ]
        return lines


def script_of(argv: Sequence[str]) -> str:
    """The stem of the script, or the last name of the module, that a Python command line runs."""
    words = iter(argv[1:])
    for word in words:
        if word == "-m":
            return next(words, "").rpartition(".")[2]
        if word == "-c":
            return ""
        if word in ("-W", "-X"):
            next(words, "")
        elif not word.startswith("-"):
            return PurePath(word).stem
    return ""


def _shortened(argv: Sequence[str]) -> list[str]:
    """A command line as a person would type it: the interpreter's name alone, long words cut."""
    words = [PurePath(argv[0]).name, *argv[1:]] if argv else []
    return [word if len(word) <= 60 else word[:57] + "..." for word in words[:8]]


def _why(spawn: Record) -> str:
    flags = {letter for word in _options(spawn.argv) for letter in word[1:]}
    isolating = sorted(flags & {"I", "E", "S"})
    if _is_python(spawn.argv) and isolating:
        return f"started isolated (-{isolating[0]}), its writes are known only by comparing the files"
    if spawn.cut:
        return "its environment lacks PYTHONPATH or SIMKIT_SANITIZE, its writes are known only by comparing the files"
    return "never reported (no Python, or it never began), its writes are known only by comparing the files"


def _is_python(argv: Sequence[str]) -> bool:
    return bool(argv) and PurePath(argv[0]).name.startswith("python")


def _options(argv: Sequence[str]) -> list[str]:
    """The interpreter's own short options: the words before the script."""
    out: list[str] = []
    for word in argv[1:]:
        if not word.startswith("-") or word[:2] in ("-c", "-m", "-W", "-X"):
            break
        if not word.startswith("--"):
            out.append(word)
    return out
