"""A project of its own for every test, outside CI."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from golden_runs import Bench


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.delenv("CI", raising=False)
    # Durability cannot be seen from a test and costs milliseconds a file.
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    return Bench(tmp_path)
