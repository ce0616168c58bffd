"""How the faults of processes and clocks are written, and what they attack.

Comes in: nothing. Goes out: `KINDS`, `STEPS`. May import `scenario`.
"""

from __future__ import annotations

from typing import Final, get_args

from simkit.scenario import units
from simkit.scenario.fault_forms import TRUE, Entry, Form, Found, Kind, one, word
from simkit.scenario.faults import (
    ClockDrift,
    ClockFrozen,
    ConfigUnreadable,
    Crash,
    Hang,
    HostClock,
    LoopStep,
    SecondExecutor,
    SyncClock,
    SyncDoubled,
    SyncDown,
    SyncLate,
    TimeZone,
    VenueClock,
    When,
)
from simkit.scenario.kinds_files import WRITTEN
from simkit.scenario.units import Unreadable
from simkit.scenario.yaml_nodes import Node

WHEN: Final[tuple[When, ...]] = get_args(When)
#: The steps of a loop, in their order.
STEPS: Final[tuple[LoopStep, ...]] = get_args(LoopStep)


def _place(entry: Entry, node: Node) -> Found:
    """A step of the loop, or a file that is written in it."""
    found = entry.reader.word(node, (*STEPS, *WRITTEN))
    return None if found is None else {"step" if found in STEPS else "stem": found}


def _a_step_is_passed_at_once(entry: Entry) -> None:
    when = entry.block.get("when")
    if entry.node.text in STEPS and when is not None and when.text == "during":
        entry.reader.wrong(when, f"`{entry.node.text}` is a step: an executor dies before or after it",
                           "`during` belongs to the write of a file")  # fmt: skip


def _away(text: str) -> int:
    loops = units.whole(text)
    if loops < 1:
        raise Unreadable("a new executor starts with the next loop at the earliest", "write `1` or more")
    return loops


def _late(entry: Entry, node: Node) -> Found:
    """A pass belongs to the loop that it follows."""
    late, clock = entry.reader.read(node, units.duration, "a duration such as `40 s`"), entry.clock
    if late == 0:
        entry.reader.wrong(node, "a pass that is `0 s` late is not late", "leave the entry out")
    elif late is not None and clock.sync_phase_us + late >= clock.shortest_us:
        entry.reader.wrong(node, f"{node.found()} later sync_state would meet the next loop",
                           "with `sync`, the delay is less than the shortest `loop`")  # fmt: skip
    return None if late is None else {"delay_us": late}


def _own(entry: Entry, node: Node) -> Found:
    return None if entry.reader.word(node, ("own",)) is None else {}


def _off(
    field: str, what: str = "how far it is off, such as `+4000 s` or `-90 s`", most: str = "3650 d"
) -> Form:
    """How far a clock is off: more than 0, at most `most`, and never before 1970. A drift adds up."""

    def read(entry: Entry, node: Node) -> Found:
        value = entry.reader.read(node, units.offset, what)
        if value is None:
            return None
        at = entry.at
        loops = (at.last - at.first) // at.every + 1 if field == "per_loop_us" else 1
        if not 0 < abs(value * loops) <= units.offset(most):
            entry.reader.wrong(
                node, f"{node.found()}: a wrong clock is off by more than 0 and at most {most}"
            )
        elif entry.clock.at(at.first) + value * loops < 0:
            entry.reader.wrong(node, f"{node.found()}: the clock would show a time before 1970")
        return {field: value}

    return Form(read)


def _a_loop_lies_before(entry: Entry) -> None:
    if entry.at.first == 1:
        entry.reader.wrong(
            entry.block.found["at"], "no loop lies before L1 that the clock could show", "begin with L2"
        )


KINDS = (
    Kind(
        make=SyncDown, value=TRUE, attacks=("INV-NS07", "INV-X02"),
        survives="nav_state of the last pass, whole; the next pass mirrors at once",
    ),
    Kind(
        make=SyncLate, value=Form(_late), attacks=("INV-NS02", "INV-NS12"),
        survives="nav_state carries the time of what it mirrors, and its true age",
    ),
    Kind(
        make=SyncDoubled, value=TRUE, attacks=("INV-NS03", "INV-NS07", "INV-G08"),
        survives="the second pass writes what the first one wrote",
    ),
    Kind(
        make=SyncClock, value=Form(_own), attacks=("INV-NS02", "INV-NS12"),
        survives="the values of nav_state; the next pass carries the right time",
    ),
    Kind(
        make=Crash, value=Form(_place),
        keys={"when": word("when", WHEN), "down": one("down", _away, "a number of loops such as `3`")},
        attacks=("INV-X01", "INV-G07", "INV-G08"), once="an executor dies once", check=_a_step_is_passed_at_once,
        survives="positions and levels; the restart repairs the rest in its first loop",
    ),
    Kind(
        make=Hang, value=TRUE, attacks=("INV-G07", "INV-D17", "INV-D22"),
        survives="counters and run_id; what happened meanwhile is told and logged when it goes on",
    ),
    Kind(
        make=SecondExecutor, value=TRUE, attacks=("INV-G09", "INV-G06", "INV-D04", "INV-D05", "INV-X04"),
        survives="whole files: each is one executor's or the other's",
    ),
    Kind(
        make=ConfigUnreadable, value=TRUE, attacks=("INV-R18",),
        survives="the limits of the last good config",
    ),
    Kind(
        make=HostClock, value=_off("offset_us"),
        attacks=("INV-G05", "INV-G06", "INV-G07", "INV-D17", "INV-D21", "INV-N09"),
        survives="positions, levels and exits; ages are never negative",
    ),
    Kind(
        make=ClockDrift, value=_off("per_loop_us"),
        attacks=("INV-G05", "INV-G07", "INV-D17"), survives="positions, levels and exits",
    ),
    Kind(
        make=ClockFrozen, value=TRUE, check=_a_loop_lies_before,
        attacks=("INV-G06", "INV-G07", "INV-D07", "INV-D17"), survives="positions, levels and exits",
    ),
    Kind(
        make=TimeZone, value=_off("offset_us", "an offset from UTC such as `+2 h`", "1 d"),
        attacks=("INV-G05", "INV-G06", "INV-G07", "INV-X07"), survives="epoch seconds, ages, positions and levels",
    ),
    Kind(
        make=VenueClock, value=_off("offset_us"), attacks=("INV-H08", "INV-D21"),
        survives="orders and fills; no loop takes them for another one's",
    ),
)  # fmt: skip
