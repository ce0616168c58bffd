"""`simkit log`: what was accepted, when and why."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from simkit.core import clock
from simkit.core.errors import Exit


@pytest.fixture(autouse=True)
def day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall_date", lambda: "2025-01-06")


def test_one_reason_is_told_once_with_all_its_scenarios(
    bench: Any, other_code: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bench("log").output == "nothing was accepted\n"
    for name in ("nav/one", "nav/two", "vetoes/three"):
        bench.scenario(name)
    bench.accept("nav", "vetoes")
    other_code()
    monkeypatch.setattr(clock, "wall_date", lambda: "2025-01-07")
    bench("accept", "nav/two", "-r", "fees are charged", "--kind", "fixed")
    assert bench("log").output.splitlines() == [
        "2025-01-07  fixed     fees are charged",
        "    nav/two",
        "2025-01-06  new       first · 3 scenarios",
        "    nav/one, nav/two, vetoes/three",
    ]
    assert bench("log", "vetoes").output.splitlines() == ["2025-01-06  new       first", "    vetoes/three"]


def test_a_removal_is_told_too(bench: Any) -> None:
    file = bench.scenario("nav/one")
    bench.accept("nav/one")
    file.unlink()
    bench("accept", "nav/one", "--kind", "removed", "-r", "merged into two")
    assert bench("log").output.splitlines() == ["2025-01-06  removed   merged into two", "    nav/one"]


def test_only_what_is_new_since_a_revision(bench: Any, other_code: Callable[[], None]) -> None:
    def git(*words: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *identity, *words], cwd=bench.root, check=True, capture_output=True)

    bench.scenario("nav/one")
    bench.scenario("nav/two")
    bench.accept("nav")
    assert bench("log", "--base", "HEAD").exit_code == Exit.USAGE
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "first")
    assert bench("log", "--base", "HEAD").output == "nothing was accepted since HEAD\n"
    other_code()
    bench("accept", "nav/two", "-r", "fees are charged")
    assert bench("log", "--base", "HEAD").output.splitlines() == [
        "2025-01-06  intended  fees are charged",
        "    nav/two",
    ]
    for wrong in ("nowhere", "--all"):
        assert bench("log", f"--base={wrong}").exit_code == Exit.USAGE
