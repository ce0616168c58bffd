"""What faults of processes and clocks cannot do together: die twice, hang when dead, be wrong in two ways at once.

Comes in: the faults of a scenario with the nodes that say them, the loops of its restarts. Goes out: mistakes. May
import `scenario`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from types import UnionType
from typing import Final

from simkit.scenario.faults import (
    ClockDrift,
    ClockFrozen,
    Crash,
    Fault,
    Hang,
    HostClock,
    Loops,
    PowerCut,
    SecondExecutor,
    SyncClock,
    SyncDoubled,
    SyncDown,
    SyncLate,
    TimeZone,
    VenueClock,
)
from simkit.scenario.reading import Reader
from simkit.scenario.script import Death, deaths_of
from simkit.scenario.yaml_nodes import Node

Said = Sequence[tuple[Fault, Node]]

_HOST: Final = HostClock | ClockDrift | ClockFrozen
#: Pairs of kinds that cannot act in one loop, and why.
_APART: Final[tuple[tuple[type | UnionType, type | UnionType, str], ...]] = (
    (Crash | PowerCut, Crash | PowerCut, "the executor dies in L{} already"),
    (Crash | PowerCut, Hang, "the executor dies in L{}: it cannot hang there"),
    (Crash | PowerCut, SecondExecutor, "two executors run in L{}: nothing says which of them dies"),
    (SecondExecutor, SecondExecutor, "a second executor runs in L{} already"),
    (SyncDown, SyncLate | SyncDoubled | SyncClock, "sync_state does not run in L{}"),
    (SyncLate, SyncLate, "sync_state is late in L{} already"),
    (_HOST, _HOST, "the clock of the host is wrong in L{} already"),
    (TimeZone, TimeZone, "the host is in another time zone in L{} already"),
    (VenueClock, VenueClock, "the clock of the venue is wrong in L{} already"),
)


def check_lives(reader: Reader, said: Said, restarts: Sequence[tuple[int, Node]]) -> None:
    """Note what cannot be. `restarts`: the loops of restarts with the nodes that say them."""
    for (one, _), (other, node) in combinations(said, 2):
        for first, second, why in _APART:
            if (isinstance(one, first) and isinstance(other, second)) or (
                isinstance(one, second) and isinstance(other, first)
            ):
                loop = one.at.common(other.at)
                if loop is not None:
                    reader.wrong(_at(node), why.format(f"{loop}"), "choose other loops")
    deaths = deaths_of([fault for fault, _ in said])
    for death in deaths:
        _nothing_of_the_dead(reader, death, said, restarts)
    starts = [1, *[death.back for death in deaths], *[loop for loop, _ in restarts]]
    for fault, node in said:
        begun = [loop for loop in starts if isinstance(fault, Hang) and loop in fault.at]
        if begun:
            reader.wrong(
                _at(node), f"an executor starts with L{begun[0]}: it cannot hang there", "let it hang later"
            )


def _nothing_of_the_dead(
    reader: Reader, death: Death, said: Said, restarts: Sequence[tuple[int, Node]]
) -> None:
    """In the loops between the death and the next start no executor can die, hang or be restarted."""
    if death.back == death.loop + 1:
        return
    away = Loops(death.loop + 1, death.back - 1)
    text = f"no executor runs in L{{}}: it dies in L{death.loop}, the next one starts with L{death.back}"
    for fault, node in said:
        if isinstance(fault, Crash | PowerCut | Hang) and (loop := away.common(fault.at)) is not None:
            reader.wrong(_at(node), text.format(loop), "choose other loops")
    for loop, node in restarts:
        if loop in away:
            reader.wrong(_at(node), text.format(loop), f"a restart in L{death.back} is the next start")


def _at(node: Node) -> Node:
    return node.pairs["at"][1] if "at" in node.pairs else node
