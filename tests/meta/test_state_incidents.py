"""The incidents around ledger and registry, INC-16 to INC-29: each has its runs, their goldens, and its signature."""

from __future__ import annotations

from pathlib import Path

import pytest

from simkit.core.project import find_project
from simkit.scenario.load import load
from simkit.scenario.model import Scenario

ROOT = Path(__file__).parents[2]

#: Which error-level rules fire, by run; a dash where the executor has no defect. INC-29 names P06 and D11 besides: the
#: row of a side that nobody holds is none of the venue's positions, and not covered by the ledger's entry.
FIRES = {
    "INC-16": {"intended": "", "legacy": "L14"},
    "INC-17": {"unseeded": "L10", "seeded": ""},
    "INC-18": {"intended": "", "legacy": "D17 G07 N09 X02 X06"},
    "INC-19": {"long": "L08", "short": "L08"},
    "INC-20": {"": ""},
    "INC-21": {
        "bare": "L04 X03", "with-levels": "L04 X03", "legacy-rebuilt": "D15 L04 X03",
        "legacy-counted": "D11 D12 L04 X03",
    },
    "INC-22": {"": "D22 L04 L10 X02 X03"},
    "INC-23": {"intended": "P07", "legacy": "L10 P07"},
    "INC-24": {"intended": "", "legacy": "L10 L14", "legacy-hidden": ""},
    "INC-25": {"intended": "", "legacy": "L10 L14", "legacy-repaired": ""},
    "INC-26": {"truncated": "", "deleted": "", "restarted": ""},
    "INC-27": {"full": "X04", "rest": ""},
    "INC-28": {
        "intended": "", "too-long": "G07 L13 P08 X01", "legacy": "L10 P06 P07", "legacy-reseeded": "P06 P07",
    },
    "INC-29": {"intended": "", "legacy": "D11 D15 L04 L14 P02 P06 X02"},
}  # fmt: skip


def told(incident: str) -> list[Scenario]:
    """The runs of an incident's own scenario."""
    files = sorted((ROOT / "scenarios").rglob("*.yaml"))
    found = [file for file in files if f"\nincident: {incident}\n" in file.read_text(encoding="utf-8")]
    return [scenario for file in found for scenario in load(file, find_project(ROOT))]


@pytest.mark.parametrize("incident", FIRES)
def test_an_incident_has_its_runs_goldens_and_findings(incident: str) -> None:
    runs = told(incident)
    assert {
        run.variant: " ".join(f.rule.removeprefix("INV-") for f in run.findings) for run in runs
    } == FIRES[incident]
    for run in runs:
        assert (ROOT / "golden" / run.name / "golden.json").is_file()
        assert run.expect, f"{run.name} states no signature"
        legacy = run.variant.startswith("legacy")
        assert bool(run.settings.legacy) is legacy
