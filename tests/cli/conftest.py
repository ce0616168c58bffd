"""A throw-away project and the command line in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

import simkit
from simkit import check
from simkit.cli import main

TINY = """\
simkit: 1
id: {id}
title: {title}
seed: 1
clock: {{start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 6}}
account: {{cash: 10000 USD}}
prices: {{BTCUSDT: {{L1: 100, L4: 104}}}}
signals:
  - {{at: L2, open: BTCUSDT:LONG, qty: 1, tp: 103, sl: 98}}
"""

SOURCE = Path(simkit.__file__).parent.parent


class Workbench:
    """A project folder with the command line bound to it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def scenario(self, name: str, more: str = "", title: str = "A target is hit", text: str = TINY) -> Path:
        """Write a tiny scenario `family/id`, with `more` lines at its end."""
        file = self.root / "scenarios" / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.format(id=file.stem, title=title) + more)
        return file

    def __call__(self, *words: str) -> Result:
        """The command in this process."""
        return CliRunner().invoke(main, list(words))

    def accept(self, *names: str) -> None:
        """Accept what the scenarios give now; a test's preparation."""
        result = self("accept", *names, "--reason", "first")
        assert result.exit_code == 0, result.output

    def process(self, *words: str, code: str = "", **more: Any) -> subprocess.Popen[str]:
        """The command in a process of its own; `code` is run in it first."""
        script = f"{code}\nfrom simkit.cli import main\nmain({list(words)!r})\n"
        env = {**os.environ, "PYTHONPATH": f"{SOURCE}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
        return subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=self.root, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more,
        )  # fmt: skip

    def files(self, folder: str) -> dict[str, bytes]:
        """Everything below a folder of the project."""
        root = self.root / folder
        return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """An empty project; the environment says neither CI nor SIMKIT_DIR."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("SIMKIT_DIR", raising=False)
    (tmp_path / "pyproject.toml").write_text("[tool.simkit]\n")
    (tmp_path / "scenarios").mkdir()
    monkeypatch.chdir(tmp_path)
    return Workbench(tmp_path)


@pytest.fixture
def other_code(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on the executor behaves otherwise: fills cost a fee that the scenario does not name."""

    def change() -> None:
        real = check.simulate

        def simulate(scenario: Any, *args: Any, **more: Any) -> Any:
            venue = msgspec.structs.replace(scenario.venue, taker_fee_bps=10.0)
            return real(msgspec.structs.replace(scenario, venue=venue), *args, **more)

        monkeypatch.setattr(check, "simulate", simulate)

    return change
