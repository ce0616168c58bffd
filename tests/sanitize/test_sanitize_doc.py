"""`docs/sanitizer.md` names every finding with its rule; the report's words stay as they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from simkit.sanitize.report import FindingKind, Report, SanitizerFinding

DOC = (Path(__file__).parents[2] / "docs" / "sanitizer.md").read_text(encoding="utf-8")
SOURCE = (Path(__file__).parents[2] / "simkit" / "sanitize" / "judge.py").read_text(encoding="utf-8")


def test_every_kind_of_finding_is_documented_and_used() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", DOC, re.MULTILINE)
    assert set(rows) == set(get_args(FindingKind))
    assert all(f'"{kind}"' in SOURCE for kind in get_args(FindingKind))


def test_every_rule_of_a_finding_is_documented() -> None:
    for kind, rule in re.findall(r'_add\("(\w+)", "(INV-\w+)"', SOURCE):
        row = re.search(rf"^\| `{kind}` \| .*{rule}", DOC, re.MULTILINE)
        assert row, f"{kind} {rule}"


def test_the_report_reads_as_documented() -> None:
    finding = SanitizerFinding(
        "non_atomic", "INV-G08", "E", "logs/state/kpis_v7.json",
        "written in place: a reader can meet it half written", "#1 python my_executor.py --once",
        "my_executor.py:31", 12,
    )  # fmt: skip
    writes = {f"logs/state/{n}.json": 12 for n in range(7)}
    report = Report(
        ("python", "my_executor.py", "--once"), 0, False, "logs/state", "v7_manifest.json", ("#1",), writes,
        (finding,), (), (),
    )  # fmt: skip
    shown = DOC.split("```console\n$ simkit sanitize -- python my_executor.py --once\n")[1].split("```")[0]
    assert report.text() + "\n" == shown
