"""What the operations of a sanitized run break: one pass over the log, then a last look at the folder.

Comes in: records in order, what stood in the folder before and after. Goes out: findings, notes. May import
`contract`, `core`, `sanitize`. Flat in the number of loops: equal findings are counted, not kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Literal

from simkit.contract.readers import parse_time
from simkit.contract.values import when
from simkit.sanitize.cadence import Cadence
from simkit.sanitize.log import Content, Mark, Record
from simkit.sanitize.processes import Process, Processes
from simkit.sanitize.report import FindingKind, SanitizerFinding
from simkit.sanitize.watched import Watched

_NAV = "nav.json"
_MIRROR = "nav_state.json"
#: Marks of the last writes that a look may still find: another process looks while a rename is under way.
_MARKS = 8


class _File:
    """One watched file as the run goes on."""

    __slots__ = (
        "about", "dirty", "last_us", "marks", "present", "retired", "stamp_seen", "unseen", "writer", "writes",
    )  # fmt: skip

    def __init__(self, about: Watched, before: Content | None) -> None:
        self.about = about
        self.writes = 0
        self.present = before is not None
        self.marks: deque[Mark] = deque([before.mark] if before is not None else [], maxlen=_MARKS)
        self.dirty = False
        self.last_us: int | None = None
        self.stamp_seen: int | None = _time(before)
        self.writer: tuple[Process, str] | None = None
        self.retired: set[tuple[int, str]] = set()
        self.unseen: tuple[int, int] = (0, 0)


def _time(content: Content | None) -> int | None:
    if content is None:
        return None
    found = parse_time(content.ts)
    return found if found is not None else parse_time(content.at)


class Judge:
    """Call `see` for every record, then `end` once; `findings` and `notes` hold the outcome."""

    def __init__(
        self, watched: Mapping[str, Watched], before: Mapping[str, Content | None], processes: Processes
    ) -> None:
        self._files = {name: _File(about, before.get(name)) for name, about in watched.items()}
        self._processes = processes
        self._found: dict[tuple[str, ...], SanitizerFinding] = {}
        self.notes: list[str] = []
        self._temps: dict[str, tuple[Process, str]] = {}
        self._told: set[str] = set()
        loops: dict[str, list[str]] = {}
        for name, about in watched.items():
            if about.is_per_loop:
                loops.setdefault(about.owner, []).append(name)
        self._cadences = {owner: Cadence(names) for owner, names in loops.items()}

    @property
    def findings(self) -> tuple[SanitizerFinding, ...]:
        return tuple(
            sorted(self._found.values(), key=lambda f: (f.path, f.severity, f.kind, f.process, f.place))
        )

    @property
    def writes(self) -> dict[str, int]:
        """How often each surface was written, by path."""
        return {file.about.path: file.writes for file in self._files.values() if file.writes}

    # Records ------------------------------------------------------------------------------------------------

    def see(self, record: Record) -> None:
        """One operation; the process is known to `processes`."""
        process = self._processes.of(record.pid)
        process.lost = max(process.lost, record.lost)
        process.acted = True
        file = self._files.get(record.target)
        if record.kind in ("rename", "link"):
            self._published(record, process, file)
        elif record.kind == "temp":
            self._temps.setdefault(record.target, (process, record.place))
        elif file is None:
            return
        elif record.kind == "open":
            message = f"{record.how} in place: a reader can meet it half written"
            self._add("non_atomic", "INV-G08", file.about.path, message, process, record.place)
            file.dirty = True
            self._wrote(file, process, record.place)
        elif record.kind == "remove":
            self._deleted(file, "deleted", process, record.place)
        elif record.kind == "seen":
            self._looked(file, record.content, process)

    def _published(self, record: Record, process: Process, file: _File | None) -> None:
        moved = self._files.get(record.source) if record.kind == "rename" else None
        if moved is not None:
            self._deleted(moved, f"moved away to {record.target or 'another folder'}", process, record.place)
        if file is None:
            if record.target.endswith(".json"):
                self._unregistered(record.target, process, record.place)
            return
        assert record.content is not None
        same_loop = file.last_us is not None and _time(record.content) == file.last_us
        self._wrote(file, process, record.place, new_loop=not same_loop)
        self._content(file, record.content, process, record.place)
        file.marks.append(record.content.mark)
        file.dirty, file.present = False, True

    def _wrote(self, file: _File, process: Process | None, place: str, *, new_loop: bool = True) -> None:
        file.writes += 1
        file.present = True
        cadence = self._cadences.get(file.about.owner)
        if cadence is not None and new_loop:
            for name in cadence.wrote(file.about.name):
                message = (
                    f"not written between two writes of {file.about.name} (write {file.writes} is the second)"
                )
                self._add("late", "INV-G07", self._files[name].about.path, message, None, "", merge=True)
        if process is None:
            return
        owner = self._processes.owner_of(process, place)
        if owner and file.about.owner and owner != file.about.owner:
            message = f"written by {owner}, the manifest names {file.about.owner}"
            self._add("wrong_owner", "INV-G10", file.about.path, message, process, place)
        self._writer(file, process, owner, place)

    def _writer(self, file: _File, process: Process, owner: str, place: str) -> None:
        before, file.writer = file.writer, (process, owner)
        if before is None or before == (process, owner):
            return
        first, first_owner = before
        me = (process.number, owner)
        if owner == first_owner and process.restarts(first) and me not in file.retired:
            file.retired.add((first.number, first_owner))
            return
        file.retired |= {me, (first.number, first_owner)}
        other = first.command if first is not process else f"{first_owner} in the same process"
        self._add("second_writer", "INV-G09", file.about.path, f"also written by {other}", process, place)

    def _content(self, file: _File, content: Content, process: Process | None, place: str) -> None:
        path = file.about.path
        if not content.read:
            self.note(f"{path}: too large, or not ours, to be read: its content was not judged")
            return
        if content.rule:
            self._add(
                "invalid",
                content.rule,
                path,
                f"what is published {content.fault}",
                process,
                place,
                merge=True,
            )
            return
        at = _time(content)
        if at is None or not file.about.frequency:
            return
        if file.about.name == _MIRROR:
            nav = self._files[_NAV].stamp_seen if _NAV in self._files else None
            if nav is not None and at > nav:
                message = f"says {when(at)}, nav.json is of {when(nav)}"
                self._add("ahead_of_nav", "INV-NS02", path, message, process, place, merge=True)
        elif file.last_us is not None and at < file.last_us:
            message = f"says {when(at)} after {when(file.last_us)}"
            self._add("time_back", "INV-G06", path, message, process, place, merge=True)
        elif file.last_us is not None and at == file.last_us:
            message = f"written again with the same time {when(at)}"
            self._add("time_same", "INV-G06", path, message, process, place, severity="W", merge=True)
        file.last_us = file.stamp_seen = at

    def _deleted(self, file: _File, how: str, process: Process | None, place: str) -> None:
        file.present = False
        if file.about.frequency == "per_loop" or file.about.name == _MIRROR:
            self._add("deleted", "INV-G13", file.about.path, how, process, place)
        elif file.about.frequency:
            self._add("deleted", "INV-G13", file.about.path, how, process, place, severity="W")

    # Comparison ---------------------------------------------------------------------------------------------

    def _looked(self, file: _File, content: Content | None, process: Process | None) -> None:
        """What stood there between loops, or stands there at the end: does an operation explain it?"""
        if content is None:
            if file.present and file.marks:
                self._deleted(file, "disappeared, and no event says how", None, "")
            return
        if content.mark in file.marks:
            return
        if not file.dirty:
            in_place = bool(file.marks) and file.marks[-1][0] == content.inode
            file.unseen = (file.unseen[0] + in_place, file.unseen[1] + (not in_place))
            self._wrote(file, None, "")
        file.marks.append(content.mark)
        file.present = True
        if file.about.frequency:
            self._content(file, content, process if file.dirty else None, "")

    def _unseen(self) -> None:
        """Contents that no event explains: a warning while events were lost; a replacement is an outsider's right
        where its owner was not wrapped."""
        lost = any(process.lost for process in self._processes.all)
        severity: Literal["E", "W"] = "W" if lost else "E"
        for file in self._files.values():
            in_place, replaced = file.unseen
            path, owner = file.about.path, file.about.owner
            if in_place:
                message = (
                    "changed in place and no event says how: a descriptor kept open, or an unseen writer"
                )
                self._add(
                    "changed_unseen", "INV-G08", path, message, None, "", severity=severity, count=in_place
                )
            if replaced and owner in self._processes.seen_owners:
                message = "replaced and no event says how: a path relative to a descriptor, C code or an unseen process"
                self._add(
                    "changed_unseen", "INV-G09", path, message, None, "", severity=severity, count=replaced
                )
            elif replaced:
                self.note(
                    f"{path}: replaced from outside of this run; its owner ({owner or 'nobody'}) was not observed"
                )

    # The end ------------------------------------------------------------------------------------------------

    def end(
        self, after: Mapping[str, Content | None], new: list[str], *, code: int, whole: bool, alive: bool
    ) -> None:
        """The last look. `new` are the other files that the run left in the folder; `code` is the command's
        exit code, `whole` says that it ended by itself and well, `alive` that observed processes still run.
        """
        for name, file in self._files.items():
            self._looked(file, after.get(name), None)
        for cadence in self._cadences.values():
            for name in cadence.missing():
                message = "never written in this run, other per-loop surfaces were"
                self._add("missing", "INV-G07", self._files[name].about.path, message, None, "")
            if whole and not alive:
                for name in cadence.unfinished():
                    message = "not written in the last loop"
                    self._add("late", "INV-G07", self._files[name].about.path, message, None, "", merge=True)
        self._unseen()
        for name in new:
            process, place = self._temps.get(name, (None, ""))
            if self._is_temporary(name):
                severity: Literal["E", "W"] = "W" if alive else "E"
                message = "temporary file left over" + (" (processes still run)" if alive else "")
                self._add("left_over", "INV-G08", _shown(name), message, process, place, severity=severity)
            elif name.endswith(".json"):
                if name not in self._told:
                    self._unregistered(name, process, place)
            else:
                self.note(f"{_shown(name)}: not JSON and no surface; no rule judges it")
        if code == 0 and not self.writes and not self._found:
            message = (
                "no surface was written: is this the state folder, and does the command publish into it?"
            )
            self._add("nothing_seen", "", "", message, None, "")

    def _is_temporary(self, name: str) -> bool:
        last = name.rpartition("/")[2]
        if last.startswith(("tmp", ".tmp")) or last.endswith(("~", ".temp", ".part", ".new", ".swp")):
            return True
        return ".tmp" in last or (last.startswith(".") and any(known in last for known in self._files))

    def _unregistered(self, name: str, process: Process | None, place: str) -> None:
        message = "not in the manifest and not on the auxiliary list"
        self._told.add(name)
        self._add("unregistered", "INV-G11", _shown(name), message, process, place, merge=True)

    def blind(self, why: str, *, failed: bool) -> None:
        """Nothing of the command could be observed: never passed. One that failed is red by its own code."""
        if failed:
            self.note(why)
        else:
            self._add("nothing_seen", "", "", why, None, "")

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _add(
        self,
        kind: FindingKind,
        rule: str,
        path: str,
        message: str,
        process: Process | None,
        place: str,
        *,
        severity: Literal["E", "W"] = "E",
        merge: bool = False,
        count: int = 1,
    ) -> None:
        """Count a finding. `merge` when its words differ each time: the first ones stay."""
        who = process.command if process is not None else ""
        key = (kind, path, who, place, "" if merge else message)
        known = self._found.get(key)
        if known is not None:
            count, message = known.count + count, known.message
        self._found[key] = SanitizerFinding(kind, rule, severity, path, message, who, place, count)


def _shown(name: str) -> str:
    return f"logs/state/{name}"
