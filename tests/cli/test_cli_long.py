"""A difference of 10,000 loops is told on one screen, in a small part of the time that the run took."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from simkit import check
from simkit.core.project import find_project
from simkit.report.outcome import failure_text
from simkit.report.words import SCREEN
from simkit.targets import targets_of

LONG = """\
simkit: 1
id: {id}
title: {title}
seed: 1
clock: {{start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 10000}}
account: {{cash: 100000 USD}}
prices:
  BTCUSDT: {{random: {{start: 100, volatility: 0.1 %}}}}
signals:
  - {{at: L2, open: BTCUSDT:LONG, qty: 10}}
"""
#: Measured: 0.04. A run of 10,000 loops takes some 20 s, two seconds of it are a tenth.
MOST = 0.1


@pytest.mark.slow
def test_a_long_difference_is_compared_in_a_fraction_of_its_run(
    bench: Any, other_code: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = bench.scenario("nav/long", text=LONG)
    bench.accept("nav/long")
    other_code()
    spent: dict[str, float] = {}

    def timed(name: str) -> None:
        real = getattr(check, name)

        def call(*args: Any, **more: Any) -> Any:
            began = process_time()
            result = real(*args, **more)
            spent[name] = process_time() - began
            return result

        monkeypatch.setattr(check, name, call)

    timed("simulate")
    timed("_compared")
    project = find_project(Path.cwd())
    (target,) = targets_of(file, project)
    outcome = check.check_target(target, project, keep=False)
    began = process_time()
    text = failure_text(outcome)
    spent["words"] = process_time() - began
    assert len(text.splitlines()) <= SCREEN
    assert outcome.difference is not None
    assert outcome.difference.loop_count == 9999
    assert spent["_compared"] + spent["words"] <= MOST * spent["simulate"], spent
