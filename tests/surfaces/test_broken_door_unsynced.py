"""The broken door waits for no disk: what would have been synced it only knows (B-WR-1)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from make_state import make_scenario

from simkit.core.acted import Acted
from simkit.scenario.model import DamagedFile, Loops
from simkit.surfaces.broken_door import door_of
from simkit.surfaces.stamp import EXECUTOR

KPIS = "logs/state/kpis_v7.json"


def test_damage_is_not_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    door = door_of(
        make_scenario(faults=(DamagedFile(Loops(5, 5), "kpis_v7", "truncated"),)), tmp_path, Acted()
    )
    door.loop = 5
    door.replace(KPIS, b'{"whole":1}', EXECUTOR)
    monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("something was synced"))
    door.passed("publish")
    assert (tmp_path / KPIS).read_bytes() == b'{"who'
