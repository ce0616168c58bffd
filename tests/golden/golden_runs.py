"""Small runs made by hand, recorded and accepted: what the golden room takes, without a market or an
executor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from simkit.core.canon import encode_sorted
from simkit.core.clock import iso
from simkit.core.files import SurfaceWrite
from simkit.core.project import Project
from simkit.core.settings import Settings
from simkit.executor.port import LoopOutput
from simkit.golden.compare import compare
from simkit.golden.difference import Difference
from simkit.golden.pending import accept, keep
from simkit.golden.store import expected_run
from simkit.golden.write import Identity
from simkit.trace.record import LoopRecord
from simkit.trace.recorder import Recorder, Recording

NAME = "dd/SC-DD-010"
ME = "reference"
FINGERPRINT = "f" * 16
START_US = 1_736_121_600_000_000
LOG = "logs/execution/orders_executed.jsonl"

Tree = dict[str, bytes]
#: Changes the documents of one loop in place: loop, documents by name.
Edit = Callable[[int, dict[str, Any]], None]


def moment(loop: int) -> int:
    return START_US + (loop - 1) * 60_000_000


def state(name: str) -> str:
    return f"logs/state/{name}.json"


def documents(loop: int) -> dict[str, Any]:
    """A small tree: prices move, one document is written every third loop only."""
    now, mark = iso(moment(loop)), 100.0 + loop / 8
    written = loop - (loop - 1) % 3
    return {
        "diagnostics": {
            "engine_version": "reference-1",
            "runtime_diagnostics": {
                "exit_pipeline": {"ledger_registry_mismatch": False, "tp_sl_coverage_pct": 1.0}
            },
            "updated_ts": now,
        },
        "nav": {"nav": 1000.0 + mark, "nav_usd": 1000.0 + mark, "updated_at": now, "updated_ts": now},
        "positions_ledger": {"entries": [{"created_ts": moment(1) / 1e6, "qty": 2.0}], "updated_at": now},
        "positions_state": {"positions": [{"mark_price": mark, "qty": 2.0}], "updated_at": now},
        "risk_snapshot": {
            "anomalies": {},
            "dd_state": {"drawdown": {"dd_pct": 0.0}, "state": "NORMAL"},
            "drawdown": {"dd_pct": 0.0},
            "risk_mode": "OK",
            "updated_ts": now,
        },
        "rv_momentum": {"spreads": {"btc_vs_eth": written / 8}, "updated_ts": iso(moment(written))},
    }


def tree_of(loop: int, edit: Edit | None = None) -> Tree:
    """The tree of one loop; documents that `edit` replaces by bytes are left as they are."""
    found = documents(loop)
    if edit is not None:
        edit(loop, found)
    return {
        state(name): value if isinstance(value, bytes) else encode_sorted(value)
        for name, value in found.items()
    }


def record(
    loop: int,
    tree: Mapping[str, bytes],
    *,
    emitted: tuple[str, ...] = (),
    log: bytes = b"",
    label: int | None = None,
) -> LoopRecord:
    """One loop whose executor emitted `emitted` and appended `log`."""
    output = LoopOutput((), (), emitted, ())
    writes = [SurfaceWrite(1, loop, LOG, "executor", log, "append")] if log else []
    return LoopRecord(
        loop, moment(loop), label, tree, writes, (), output, (), (), (), (), Settings(), loop == 1, True
    )


class Bench:
    """A project in a folder of its own, and what a check does with one scenario."""

    def __init__(self, root: Path) -> None:
        self.project = Project(root, root / "scenarios", root / "golden", root / ".simkit")
        self.golden = self.project.golden_of(NAME)
        self._runs = 0

    def run(self, records: list[LoopRecord], *, unseed: str = "u") -> Recording:
        """Record a run against what is accepted."""
        self._runs += 1
        spool = self.project.work / f"spool{self._runs}"
        recorder = Recorder(expected_run(self.golden), spool)
        for each in records:
            recorder.record(each)
        return recorder.finish(unseed)

    def loops(self, count: int = 12, edit: Edit | None = None) -> Recording:
        return self.run([record(loop, tree_of(loop, edit)) for loop in range(1, count + 1)])

    def compare(
        self, recording: Recording, *, fingerprint: str = FINGERPRINT, executor: str = ME
    ) -> Difference:
        return compare(self.golden, fingerprint, executor, recording)

    def accept(
        self,
        recording: Recording,
        *,
        fingerprint: str = FINGERPRINT,
        checkpoints: tuple[int, ...] = (),
        kind: str = "new",
    ) -> None:
        """Keep the run and accept it."""
        identity = Identity(fingerprint, 7, ME, checkpoints)
        candidate = keep(self.project, NAME, identity, recording)
        accept(
            self.project,
            NAME,
            candidate,
            fingerprint=fingerprint,
            kind=kind,
            reason="because",
            date="2025-01-06",
        )


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
