"""The timeline: one line per loop, out of the published documents."""

from __future__ import annotations

import csv
from typing import Any

from golden_runs import Bench, record, tree_of

from simkit.golden.timeline import COLUMNS


def _rows(bench: Bench) -> list[dict[str, str]]:
    with (bench.golden / "timeline.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_line_per_loop_with_every_column(bench: Bench) -> None:
    bench.accept(bench.run([record(n, tree_of(n), emitted=("i",) * (n % 2)) for n in (1, 2, 3)]))
    rows = _rows(bench)
    assert [row["loop"] for row in rows] == ["1", "2", "3"]
    assert tuple(rows[0]) == COLUMNS
    assert rows[1] == {
        "loop": "2", "time": "2025-01-06T00:01:00.000000Z", "label": "", "nav": "1100.25", "dd_pct": "0.0",
        "dd_state": "NORMAL", "risk_mode": "OK", "anomalies": "", "positions": "1", "coverage": "1.0",
        "mismatch": "false", "vetoes": "0", "orders": "0", "signals": "0", "fills": "0",
    }  # fmt: skip
    assert rows[0]["signals"] == "1"


def test_what_a_tree_does_not_say_stays_empty(bench: Bench) -> None:
    def bare(loop: int, docs: dict[str, Any]) -> None:
        for name in ("diagnostics", "positions_state"):
            del docs[name]
        docs["nav"] = b"not json"
        docs["risk_snapshot"] = {"dd_state": "DRAWDOWN", "anomalies": {"nav_jump": {}, "dd_flap": {}}}

    bench.accept(bench.run([record(1, tree_of(1, bare), label=86_400_000_000)]))
    (row,) = _rows(bench)
    assert [row[name] for name in ("nav", "dd_pct", "risk_mode", "positions", "coverage", "mismatch")] == [
        ""
    ] * 6
    assert (row["dd_state"], row["anomalies"], row["label"]) == (
        "DRAWDOWN", "dd_flap+nav_jump", "1970-01-02T00:00:00.000000Z",
    )  # fmt: skip


def test_a_text_with_a_comma_is_one_cell(bench: Bench) -> None:
    def odd(loop: int, docs: dict[str, Any]) -> None:
        docs["risk_snapshot"]["risk_mode"] = 'a,"b"'

    bench.accept(bench.run([record(1, tree_of(1, odd))]))
    assert _rows(bench)[0]["risk_mode"] == 'a,"b"'
