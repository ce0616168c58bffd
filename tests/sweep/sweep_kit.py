"""A small scenario to sweep, from text."""

from __future__ import annotations

from pathlib import Path

from simkit.core.project import Project, find_project
from simkit.scenario.load import load
from simkit.scenario.model import Scenario

SMALL = """\
simkit: 1
id: small
title: A position that is opened, and one veto
seed: 1
clock: {start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 3}
account: {cash: 10000 USD}
prices: {BTCUSDT: [100, 101, 102]}
executor: {limits: {max_concurrent: 1}, intel: {every: 2}}
signals:
  - {at: L2, open: BTCUSDT:LONG, qty: 1, tp: 130, sl: 70}
  - {at: L3, open: BTCUSDT:SHORT, qty: 1, tp: 90, sl: 130}
"""


def project_of(folder: Path, text: str = SMALL) -> Project:
    """A project with one scenario."""
    (folder / "pyproject.toml").write_text("[tool.simkit]\n")
    (folder / "scenarios").mkdir(exist_ok=True)
    (folder / "scenarios" / "small.yaml").write_text(text)
    return find_project(folder)


def small(folder: Path, more: str = "", old: str = "", new: str = "") -> Scenario:
    """The small scenario with `more` at its end and `old` replaced by `new`."""
    assert old in SMALL
    project = project_of(folder, (SMALL.replace(old, new) if old else SMALL) + more)
    return load(project.scenarios / "small.yaml", project)[0]
