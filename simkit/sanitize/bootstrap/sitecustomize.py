"""Runs inside the sanitized child before its own first line: writes down every file operation on the state folder.

Comes in: Python's audit events, and what `SIMKIT_SANITIZE` says (JSON: log, state, names). Goes out: one JSON line
per operation, appended to the log. One file, standard library only: the child may be of another environment and
never imports simkit from here. The parent imports `content_of`, so that both sides read a file in the same way.

Nothing here decides; nothing here raises. An event comes before its operation: what a rename is about to publish
is read whole from its source. No file stays open, so the executor's descriptors keep their numbers. What goes
wrong in here is counted (`lost`) and told with the next line.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from _thread import get_ident
from binascii import crc32
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

VARIABLE = "SIMKIT_SANITIZE"
#: Larger files are compared by their status alone and their content is not judged.
LIMIT_BYTES = 8 << 20

_OWN = os.path.abspath(__file__)
_FOLDER = os.path.dirname(_OWN)
_LIBRARY = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _FLAGS
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | _FLAGS
_SPAWNS = ("subprocess.Popen", "os.posix_spawn", "os.exec", "os.system", "os.spawn")
_MAX_REMEMBERED = 512


class _NotFinite(ValueError):
    """NaN or an infinity stands in the document."""


def _refuse(word: str) -> None:
    raise _NotFinite(word)


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def content_of(path: str) -> dict[str, Any] | None:
    """What stands in a file: inode, size, checksum, what is wrong with it as a surface, its two stamps.

    None when there is no regular file. Never waits on a pipe. A file that is too large, or that we may not read,
    is told by its status alone (`read` is False). Raises OSError when the machine refuses.
    """
    try:
        fd = os.open(path, _READ)  # det-ok: no door of simkit's is in the child
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        return _status(os.stat(path))
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            return None
        if status.st_size > LIMIT_BYTES:
            return _status(status)
        data = os.read(fd, status.st_size + 1)
    finally:
        os.close(fd)
    return {"inode": status.st_ino, "size": len(data), "crc": crc32(data), "data": data}


def _status(status: os.stat_result) -> dict[str, Any]:
    moment = status.st_mtime_ns & 0xFFFFFFFF
    return {"inode": status.st_ino, "size": status.st_size, "crc": moment, "read": False}


def judged(found: dict[str, Any] | None) -> dict[str, Any] | None:
    """The same with the document read: `fault` (rule and words) and the stamps instead of the bytes."""
    if found is None or "data" not in found:
        return found
    data = found.pop("data")
    try:
        value = _DECODER.decode(data.decode("utf-8"))
    except _NotFinite as problem:
        return {**found, "rule": "INV-G02", "fault": f"holds {problem}"}
    except (ValueError, RecursionError) as problem:
        words = f"is no complete JSON document: {_text(str(problem))}" if data else "is empty"
        return {**found, "rule": "INV-G01", "fault": words}
    if type(value) is not dict:
        return {**found, "rule": "INV-G01", "fault": f"is no JSON object but {type(value).__name__}"}
    return {**found, "ts": _stamp(value.get("updated_ts")), "at": _stamp(value.get("updated_at"))}


def _stamp(value: Any) -> Any:
    if type(value) is str:
        return _text(value[:64])
    return float(value) if type(value) in (int, float) and abs(value) < 1e18 else None


def _text(value: Any) -> str:
    """Any path or word as text that every JSON reader takes."""
    return os.fsdecode(value).encode("utf-8", "backslashreplace").decode("utf-8")


@lru_cache(maxsize=_MAX_REMEMBERED)
def _is_library(file: str) -> bool:
    if file.startswith("<frozen") or file == _OWN:
        return True
    return file.startswith(_LIBRARY) and "-packages" not in file


@lru_cache(maxsize=_MAX_REMEMBERED)
def _file(name: str) -> str:
    return _text(os.path.abspath(name))


def _place() -> str:
    """`file:line` of the executor's own code that asked for the operation."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not _is_library(file):
            return f"{_file(file)}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def _is_theirs(problem: BaseException) -> bool:
    """Whether a signal handler of the executor raised it while we ran: then it is not ours to swallow."""
    trace = problem.__traceback__
    while trace is not None:
        if not _is_library(trace.tb_frame.f_code.co_filename):
            return True
        trace = trace.tb_next
    return False


class Watch:
    """The audit hook of one process (and of its forks)."""

    def __init__(self, log: str, state: str, names: list[str]) -> None:
        self.log = log
        self.state = os.path.join(state, "")
        self.names = frozenset(names)
        self.pid = 0
        self.lost = 0
        self.off = False
        self.busy: set[int] = set()
        self.round: set[str] = set()
        self.known: dict[str, tuple[int, int, int] | None] = {}
        self.temps: dict[str, None] = {}
        self.folders: dict[str, str] = {}
        self.spawned: list[str] = []
        self.handlers: dict[str, Callable[..., None]] = {
            "open": self.opened,
            "os.truncate": self.truncated,
            "os.rename": self.renamed,
            "os.link": self.linked,
            "os.symlink": self.symlinked,
            "os.remove": self.removed,
        }

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        handler = self.handlers.get(event)
        if handler is None:
            if event not in _SPAWNS:
                return
        elif event == "open" and not (type(args[2]) is int and args[2] & _WRITES):
            return
        thread = get_ident()
        if self.off or thread in self.busy:
            return
        self.busy.add(thread)
        try:
            if handler is None:
                self.spawns(event, args)
            else:
                handler(*args)
        except Exception as problem:
            if _is_theirs(problem):
                raise
            self.lost += 1
        finally:
            self.busy.discard(thread)

    # Where --------------------------------------------------------------------------------------------------

    def full(self, path: Any, dir_fd: int = -1) -> str:
        """The absolute path of an argument; of a descriptor where the platform tells it."""
        if type(path) is int:
            return os.readlink(f"/proc/self/fd/{path}")
        text = os.fsdecode(path)
        if dir_fd >= 0 and not os.path.isabs(text):
            text = os.path.join(os.readlink(f"/proc/self/fd/{dir_fd}"), text)
        return os.path.abspath(text)

    def name(self, full: str) -> str:
        """The path below the state folder with `/`, or "" for whatever lies elsewhere."""
        if not full.startswith(self.state):
            folder, last = os.path.split(full)
            real = self.folders.get(folder)
            if real is None:
                if len(self.folders) >= _MAX_REMEMBERED:
                    self.folders.clear()
                real = self.folders[folder] = os.path.realpath(folder)
            full = os.path.join(real, last)
            if not full.startswith(self.state):
                return ""
        return full[len(self.state) :].replace(os.sep, "/")

    # What ---------------------------------------------------------------------------------------------------

    def opened(self, path: Any, mode: Any, flags: int) -> None:
        name = self.name(self.full(path))
        if name in self.names:
            how = (
                "appended to"
                if flags & os.O_APPEND
                else "written"
                if flags & os.O_TRUNC
                else "opened for writing"
            )
            self.direct(name, how)
        elif name and name not in self.temps:
            if len(self.temps) >= _MAX_REMEMBERED:
                self.temps.clear()
            self.temps[name] = None
            self.tell("temp", target=name)

    def truncated(self, path: Any, length: int) -> None:
        name = self.name(self.full(path))
        if name in self.names:
            self.direct(name, "truncated")

    def direct(self, name: str, how: str) -> None:
        self.compare(name)
        self.known.pop(name, None)
        self.tell("open", target=name, how=how)

    def renamed(self, source: Any, target: Any, source_fd: int = -1, target_fd: int = -1) -> None:
        self.published("rename", source, target, source_fd, target_fd)

    def linked(self, source: Any, target: Any, source_fd: int = -1, target_fd: int = -1) -> None:
        self.published("link", source, target, source_fd, target_fd)

    def published(self, kind: str, source: Any, target: Any, source_fd: int, target_fd: int) -> None:
        full = self.full(source, source_fd)
        came, goes = self.name(full), self.name(self.full(target, target_fd))
        if not goes and came not in self.names:
            return
        if goes in self.names:
            self.compare(goes)
        found = judged(content_of(full))
        if found is None:
            return
        if goes in self.names:
            self.known[goes] = (found["inode"], found["size"], found["crc"])
        self.tell(kind, source=came, target=goes, content=found)

    def symlinked(self, source: Any, target: Any, dir_fd: int = -1) -> None:
        name = self.name(self.full(target, dir_fd))
        if name in self.names:
            self.direct(name, "made a symbolic link")

    def removed(self, path: Any, dir_fd: int = -1) -> None:
        full = self.full(path, dir_fd)
        name = self.name(full)
        if name in self.names and os.path.lexists(full):
            self.known[name] = None
            self.tell("remove", target=name)

    def spawns(self, event: str, args: tuple[Any, ...]) -> None:
        """A child or a new program in this process: whether it will report is told by its own first line."""
        command, env = args[0], None
        if event == "os.system":
            argv = ["sh", "-c", _text(command)]
        else:
            words = args[2] if event == "os.spawn" else args[1]
            argv = [_text(w) for w in ([words] if isinstance(words, str | bytes | os.PathLike) else words)]
            env = args[-1]
        if event == "os.posix_spawn" and argv == self.spawned:
            return  # subprocess told it already
        self.spawned = argv if event == "subprocess.Popen" else []
        cut = False
        if env is not None:
            kept = {_text(key): _text(value) for key, value in env.items()}
            cut = VARIABLE not in kept or _FOLDER not in kept.get("PYTHONPATH", "").split(os.pathsep)
        self.tell("exec" if event == "os.exec" else "spawn", argv=argv, cut=cut)

    # Between loops ------------------------------------------------------------------------------------------

    def compare(self, name: str) -> None:
        """Once per loop (a surface comes a second time): what has become of the surfaces since the last look."""
        if name not in self.round:
            self.round.add(name)
            return
        self.round = {name}
        there = frozenset(os.listdir(self.state)) if os.path.isdir(self.state) else frozenset()
        for other in sorted(self.names):
            found = content_of(self.state + other) if other in there or "/" in other else None
            mark = None if found is None else (found["inode"], found["size"], found["crc"])
            if other not in self.known and mark is None:
                continue
            if other not in self.known or self.known[other] != mark:
                self.known[other] = mark
                self.tell("seen", target=other, content=judged(found))

    # The log ------------------------------------------------------------------------------------------------

    def tell(self, kind: str, **more: Any) -> None:
        pid, lines = os.getpid(), []
        if pid != self.pid:
            argv = [_text(word) for word in getattr(sys, "orig_argv", sys.argv)]
            how = "fork" if self.pid else "start"
            parent = self.pid or os.getppid()
            lines.append({"kind": "start", "pid": pid, "parent": parent, "argv": argv, "how": how})
            self.pid = pid
        if kind != "start":
            place = "" if kind == "seen" else _place()
            lines.append({"kind": kind, "pid": pid, "place": place, **more})
        if not lines:
            return
        if self.lost:
            lines[-1]["lost"] = self.lost
        data = "".join(json.dumps(line) + "\n" for line in lines).encode()
        try:
            fd = os.open(self.log, _APPEND, 0o666)  # det-ok: the same
        except FileNotFoundError:
            self.off = True  # the parent has judged and gone
            return
        try:
            os.write(fd, data)
        finally:
            os.close(fd)


def _run_the_other() -> None:
    """Run the sitecustomize that ours stands before, and leave sys.path as it would be without us."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _FOLDER]
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is None or spec.loader is None:
        return
    module = sys.modules["sitecustomize"] = module_from_spec(spec)
    spec.loader.exec_module(module)


def _install() -> None:
    settings = json.loads(os.environ[VARIABLE])  # det-ok: runs in the child, where simkit's doors are not
    watch = Watch(settings["log"], settings["state"], settings["names"])
    watch.tell("start")
    sys.addaudithook(watch)


if __name__ == "sitecustomize":
    try:
        _install()
    except Exception as problem:
        sys.stderr.write(f"simkit sanitize: this process is not observed: {problem}\n")
    _run_the_other()
