"""A throw-away project with simkit's plugin loaded, whether simkit is installed or not."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest

import simkit
import simkit.cli.cmd_accept
import simkit.cli.cmd_check
import simkit.contract.rules

TINY = """\
# a comment may stand first
simkit: 1
id: {id}
title: A target is hit
seed: 1
clock: {{start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 6}}
account: {{cash: 10000 USD}}
prices: {{BTCUSDT: {{L1: 100, L4: 104}}}}
signals:
  - {{at: L2, open: BTCUSDT:LONG, qty: 1, tp: 103, sl: 98}}
"""

#: Nothing else is loaded, so that these tests do not wait for every plugin of the machine.
PLUGIN = ("-p", "simkit.pytest_plugin")


def load_everything() -> None:
    """pytester forgets what is first imported inside a run; a class that comes twice is no longer itself."""
    for module in walk_packages(simkit.__path__, "simkit."):
        if module.name not in ("simkit.__main__", "simkit.pytest_plugin", "simkit.snapshot"):
            import_module(module.name)


load_everything()


class Workbench:
    """A project folder with pytest bound to it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        self.root = pytester.path

    def scenario(self, name: str, more: str = "") -> Path:
        """Write a tiny scenario `family/id`, with `more` lines at its end."""
        file = self.root / "scenarios" / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(TINY.format(id=file.stem) + more)
        return file

    def simkit(self, *words: str) -> Any:
        """The command line in this process."""
        from click.testing import CliRunner

        from simkit.cli import main

        return CliRunner().invoke(main, list(words))

    def __call__(self, *words: str) -> pytest.RunResult:
        """pytest in this process, with simkit's plugin."""
        return self.pytester.runpytest_inprocess(*PLUGIN, "-p", "no:cacheprovider", *words)

    def process(self, *words: str) -> pytest.RunResult:
        """pytest in a process of its own."""
        return self.pytester.runpytest_subprocess(*PLUGIN, *words)


@pytest.fixture
def bench(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """An empty project; the environment says neither CI nor SIMKIT_DIR."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("SIMKIT_DIR", raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    source = str(Path(simkit.__file__).parent.parent)
    monkeypatch.setenv("PYTHONPATH", source + os.pathsep + os.environ.get("PYTHONPATH", ""))
    (pytester.path / "pyproject.toml").write_text("[tool.simkit]\n[tool.pytest.ini_options]\n")
    return Workbench(pytester)
