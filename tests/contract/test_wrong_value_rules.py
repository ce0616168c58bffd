"""What `publish_wrong` is for: one wrong value in a sound run, and exactly its rule fires, with honest companions."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from simkit.contract.finding import RULES
from simkit.core.scratch import scratch_folder
from simkit.judge.judges import Judgement
from simkit.run import simulate
from simkit.scenario.compile import Origin, compile_scenarios
from simkit.scenario.model import Loops, PublishWrong, Scenario

import_module("simkit.contract.rules")

SOUND = """\
simkit: 1
id: sound
seed: 5
clock: {start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 5, sync: 10 s}
account: {cash: 10000 USD, off_exchange: {XAUT: {qty: 1.5, cost: 2000, mark: 2100}}}
prices:
  {BTCUSDT: [100, 101, 102, 101, 100], ETHUSDT: [50, 51, 50.5, 50, 49], LTCUSDT: 80, SOLUSDT: [20, 21, 20, 21, 20]}
history:
  BTCUSDT: [97, 98, 97, 99, 98, 99.5, 100, 99, 98, 97, 98, 99, 100, 101, 100, 99, 98, 99, 100, 101, 100, 99, 100]
  SOLUSDT: [19, 20, 19, 21, 20, 19, 20, 21, 20, 19, 20, 21, 22, 21, 20, 19, 20, 21, 20, 19, 20, 21, 20]
positions:
  BTCUSDT:LONG: {qty: 4, entry: 100, tp: 120, sl: 80}
  ETHUSDT:SHORT: {qty: 4, entry: 50, tp: 40, sl: 50.6}          # stopped out in L2
  LTCUSDT:SHORT: {qty: 1, entry: 80}                            # seeded
signals:
  - {at: L1, open: SOLUSDT:LONG, usd: 300, tp: 30, sl: 10}
  - {at: L2, close: SOLUSDT:LONG, qty: 5}
  - {at: L2, open: LTCUSDT:LONG, usd: 80}
  - {at: L3, open: BTCUSDT:LONG, usd: 100}                      # vetoed
executor:
  limits: {restricted: [BTCUSDT]}
  intel: {every: 2, min_for_emission: 0}
"""

#: Rules that no wrong value in a document of its writer makes fire; docs/coverage.md says why.
OUT_OF_REACH = frozenset({
    "INV-G01", "INV-G08", "INV-G09", "INV-G10", "INV-G11", "INV-G12", "INV-G13", "INV-G14", "INV-G15", "INV-G17",
    "INV-NS06", "INV-NS10", "INV-D05", "INV-X04", "INV-X05", "INV-X06", "INV-X08",
})  # fmt: skip

_LINE = re.compile(r"(\S+) +L(\d)(?:\.\.L(\d))? +(\S+) = (.*?)(?: -> (.*))?")


class Row(Struct, frozen=True):
    """A rule, the wrong values that break it, and the other rules that see them."""

    rule: str
    wrong: tuple[PublishWrong, ...]
    also: frozenset[str]


def table() -> list[Row]:
    rows: list[Row] = []
    for line in (Path(__file__).parent / "wrong_values.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        assert found is not None, line
        word, first, last, field, value, also = found.groups()
        at = Loops(int(first), int(last or first))
        fault = PublishWrong(at, field, "" if value == "missing" else value)
        others = frozenset(f"INV-{other}" for other in (also or "").split())
        if word == "&":
            before = rows.pop()
            rows.append(Row(before.rule, (*before.wrong, fault), others))
        else:
            rows.append(Row(f"INV-{word}", (fault,), others))
    return rows


TABLE = table()
#: Warnings take their turn in the long run of the tests.
ROWS = [
    pytest.param(row, id=row.rule, marks=[pytest.mark.slow] if RULES[row.rule].severity == "W" else [])
    for row in TABLE
]


@cache
def sound() -> Scenario:
    (scenario,) = compile_scenarios(SOUND.encode(), Origin("sound.yaml", "family", "sound", Path("nowhere")))
    return scenario


def judged(tmp_path: Path, *faults: PublishWrong) -> Judgement:
    """The judgement of the sound run with wrong values, until nothing more can come of them."""
    until = max((fault.at.last + 2 for fault in faults), default=5)
    with scratch_folder(tmp_path) as folder:
        return simulate(replace(sound(), faults=faults), folder, base=folder, until=until).judgement


def test_without_a_wrong_value_nothing_fires(tmp_path: Path) -> None:
    assert judged(tmp_path).tallies == ()


@pytest.mark.parametrize("row", ROWS)
def test_a_wrong_value_fires_its_rule_and_only_honest_companions(tmp_path: Path, row: Row) -> None:
    found = judged(tmp_path, *row.wrong)
    assert found.without_effect == ()
    fired = {tally.rule: tally for tally in found.tallies}
    assert set(fired) == {row.rule, *row.also}
    at = row.wrong[0].at
    assert at.first <= fired[row.rule].loops[0].first <= at.last + 1


def test_every_rule_has_its_wrong_value_or_a_reason_in_the_docs() -> None:
    assert {row.rule for row in TABLE}.isdisjoint(OUT_OF_REACH)
    assert {row.rule for row in TABLE} | OUT_OF_REACH == set(RULES)
    page = (Path(__file__).parents[2] / "docs" / "coverage.md").read_text(encoding="utf-8")
    section = page.split("## What no wrong value reaches", 1)[1].split("\n## ", 1)[0]
    assert set(re.findall(r"INV-[A-Z]+\d\d", section)) == OUT_OF_REACH
