"""Small runs under faults of processes and clocks, and what every loop left on disk.

Comes in: the YAML below a fixed head. Goes out: `Played`: the result, the trees and what was done, loop by loop.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from msgspec import Struct

from simkit.core.errors import ScenarioError
from simkit.run import RunResult, simulate
from simkit.scenario.compile import Origin, compile_scenarios
from simkit.scenario.model import Scenario
from simkit.trace.record import LoopRecord

HEAD = """\
simkit: 1
id: s
seed: 1
clock: {start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 8, sync: 20 s}
account: {cash: 10000 USD}
prices: {BTCUSDT: 100, ETHUSDT: 50}
"""
MINUTE = 60_000_000


class Loop(Struct, frozen=True):
    """What one loop left. `tree`: bytes by path; `writes`: path and writer of each write; `record` as it was made."""

    record: LoopRecord
    tree: dict[str, bytes]
    writes: list[tuple[str, str]]

    def doc(self, stem: str) -> Any:
        """A surface as plain JSON."""
        return json.loads(self.tree[f"logs/state/{stem}.json"])

    def time(self, stem: str = "nav") -> str:
        """Minutes and seconds of a surface's time."""
        return str(self.doc(stem)["updated_ts"][14:-1])


class Played(Struct, frozen=True):
    """One run; `loops[3]` is L3."""

    result: RunResult
    loops: dict[int, Loop]

    @property
    def fired(self) -> dict[str, list[int]]:
        """The error-level findings: loops by rule."""
        return {
            tally.rule: [loop for loops in tally.loops for loop in range(loops.first, loops.last + 1)]
            for tally in self.result.judgement.tallies
            if tally.severity == "E"
        }

    @property
    def acted(self) -> bool:
        """Every fault changed something."""
        return not self.result.judgement.without_effect


def scenario_of(text: str, head: str = HEAD) -> Scenario:
    """The one scenario of a head and `text`."""
    (scenario,) = compile_scenarios((head + text).encode(), Origin("s.yaml", "family", "s", Path("nowhere")))
    return scenario


def play(folder: Path, text: str, head: str = HEAD) -> Played:
    """Run it; the trees are copies."""
    loops: dict[int, Loop] = {}

    def see(record: LoopRecord) -> None:
        writes = [(write.path, write.writer) for write in record.writes]
        loops[record.loop] = Loop(record, dict(record.tree), writes)

    result = simulate(scenario_of(text, head), folder, base=folder, on_loop=see)
    return Played(result, loops)


def wrong(text: str) -> list[str]:
    """The mistakes of HEAD and `text`, as `line:column: message | hint`; lines count from the first of `text`."""
    try:
        scenario_of(text)
    except ScenarioError as problem:
        lines = HEAD.count("\n")
        return [
            f"{m.line - lines}:{m.column}: {m.message}" + (f" | {m.hint}" if m.hint else "")
            for m in problem.mistakes
        ]
    return []
