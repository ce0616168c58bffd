"""Looks made by hand, and a tiny project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from simkit.cli import main
from simkit.contract.build import Looks
from simkit.contract.look import Look
from simkit.core.settings import Settings

#: Equity falls 11 % and is back in the next loop; the gates of L3 see the breaker of L2.
DIP = """\
simkit: 1
id: dip
title: Down and up
seed: 1
clock: {start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 3}
prices: {BTCUSDT: 100}
account: {nav: [10000, 8900, 10000]}
signals:
  - {at: L3, open: BTCUSDT:LONG, usd: 500}
"""


class Series:
    """Looks of one run, in order, from documents by stem."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._looks = Looks()
        self._settings = settings or Settings()
        self._loop = 0

    def next(self, **docs: Any) -> Look:
        self._loop += 1
        tree = {f"logs/state/{stem}.json": json.dumps(doc).encode() for stem, doc in docs.items()}
        return self._looks.next(self._loop, self._loop * 60_000_000, self._settings, tree)


def project(root: Path, **scenarios: str) -> None:
    """Write scenarios `tiny/NAME` below `root`."""
    (root / "pyproject.toml").write_text("[tool.simkit]\n")
    (root / "scenarios" / "tiny").mkdir(parents=True)
    for name, text in scenarios.items():
        (root / "scenarios" / "tiny" / f"{name}.yaml").write_text(text)


def simkit(*words: str) -> Result:
    """The command line in this process."""
    return CliRunner().invoke(main, list(words))
