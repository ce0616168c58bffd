"""A project of its own for every test, outside CI."""

from __future__ import annotations

from pathlib import Path

import pytest
from golden_runs import Bench


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.delenv("CI", raising=False)
    return Bench(tmp_path)
