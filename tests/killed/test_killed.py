"""A process killed at any file operation leaves goldens and surfaces whole, and the next run works without help."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simkit.core.files import walk
from simkit.golden import store

ROOT = Path(__file__).parents[2]
KILLER = Path(__file__).with_name("kill_at.py")
SAMPLES = 12

SCENARIO = """simkit: 1
id: small
title: Small enough to be killed often
about: A position with levels and a loop that publishes everything.
seed: {seed}
clock: {{start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 3}}
account: {{cash: 10000 USD}}
prices: {{BTCUSDT: [100, 101, 102]}}
positions:
  BTCUSDT:LONG: {{qty: 1, entry: 100, tp: 130, sl: 70}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.simkit]\n")
    (tmp_path / "scenarios").mkdir()
    write(tmp_path, seed=1)
    return tmp_path


def write(project: Path, seed: int) -> None:
    (project / "scenarios" / "small.yaml").write_text(SCENARIO.format(seed=seed))


def simkit(project: Path, *arguments: str, kill_at: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in `project`; with `kill_at` under the counter."""
    environment = {key: value for key, value in os.environ.items() if key != "CI"}
    environment["PYTHONPATH"] = str(ROOT)
    head = ["-m", "simkit"] if kill_at is None else [str(KILLER), str(kill_at), str(project / "count"), "--"]
    return subprocess.run(
        [sys.executable, *head, *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def operations(project: Path, *arguments: str) -> int:
    """How many file operations the command makes."""
    simkit(project, *arguments, kill_at=0)
    return int((project / "count").read_text())


def sampled(total: int) -> list[int]:
    """Operations to die at: a spread over the whole command, and every one of its end, where renames happen."""
    assert total > SAMPLES
    spread = {1 + index * (total - 1) // SAMPLES for index in range(SAMPLES)}
    return sorted(spread | set(range(max(1, total - 24), total + 1)))


def golden_is_whole(project: Path) -> bool:
    """No golden, or a complete and unedited one (a swap cut short counts as the old one, which recovery restores)."""
    store.recover(project / "golden")
    folder = project / "golden" / "small"
    return not folder.exists() or (
        store.is_golden(folder) and not store.edits(folder, store.read_golden(folder))
    )


@pytest.mark.slow
def test_accept_killed_anywhere_leaves_the_old_golden_or_the_new_one(project: Path) -> None:
    assert simkit(project, "accept", "small", "--reason", "first").returncode == 0
    write(project, seed=1000)
    total = operations(project, "accept", "small", "--reason", "second")
    assert golden_is_whole(project)
    seen: set[str] = set()
    for number, step in enumerate(sampled(total)):
        write(project, seed=2 + number)
        died = simkit(project, "accept", "small", "--reason", "again", kill_at=step)
        assert died.returncode in (-9, 0), died.stderr
        assert golden_is_whole(project), f"killed at operation {step} of {total}"
        after = simkit(project, "check", "small")
        assert after.returncode in (0, 6), after.stdout + after.stderr
        seen.add("new" if after.returncode == 0 else "old")
        assert simkit(project, "accept", "small", "--reason", "heals").returncode == 0
        assert simkit(project, "check", "small").returncode == 0
    assert seen == {"old", "new"}


@pytest.mark.slow
def test_a_run_killed_anywhere_leaves_every_surface_whole(project: Path) -> None:
    total = operations(project, "run", "small")
    for step in sampled(total):
        simkit(project, "run", "small", kill_at=step)
        runs = project / ".simkit" / "runs"
        for path in walk(runs) if runs.exists() else ():
            if path.endswith(".json"):
                json.loads((runs / path).read_text())
        again = simkit(project, "run", "small")
        assert again.returncode == 0, again.stdout + again.stderr


def test_a_golden_whose_swap_was_cut_short_is_still_compared(project: Path) -> None:
    """Killed between the renames of a swap, the old golden lies aside; a check finds it there and writes nothing."""
    assert simkit(project, "accept", "small", "--reason", "first").returncode == 0
    (project / "golden" / "small").rename(project / "golden" / ".old_small")
    assert simkit(project, "check").returncode == 0
    assert not (project / "golden" / "small").exists()
    write(project, seed=2)
    assert simkit(project, "accept", "small", "--reason", "again").returncode == 0
    assert (project / "golden" / "small").is_dir()
    assert not (project / "golden" / ".old_small").exists()
