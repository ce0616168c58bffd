"""The v7.6 system's files: D-05, D-06, D-07, and builders that fail."""

from __future__ import annotations

from typing import Any

import pytest
from make_state import PERIOD_US, START_US, make_scenario, make_state
from memory_door import MemoryDoor
from msgspec.structs import replace
from publisher_kit import INTEL, NAMES, VENUE, Scripted, loop_input, path

from simkit.core import canon
from simkit.core.settings import Settings
from simkit.executor.state import ExecutorState, NavJump
from simkit.scenario.model import BuilderError, Fault, Loops
from simkit.surfaces.legacy_files import KeptRisk, with_defects
from simkit.surfaces.publish import PER_LOOP, Publisher

SECOND = 1_000_000


class Desk:
    """A publisher whose executor returns what a test gives it."""

    def __init__(self, *legacy: str, faults: tuple[Fault, ...] = ()) -> None:
        self.door, self.inner = MemoryDoor(), Scripted(make_state())
        scenario = make_scenario(settings=Settings(legacy=legacy), faults=faults)
        self.publisher = Publisher(lambda: self.inner, scenario, self.door)
        self.door.loop = 1
        self.publisher.start(START_US, VENUE)

    def publish(self, state: ExecutorState) -> list[str]:
        """The names of the files that were written."""
        self.inner.state, self.door.loop = state, state.loop
        self.door.take_journal()
        self.publisher.step(loop_input(state), VENUE)
        return [write.path for write in self.door.journal if write.path.startswith("logs/state/")]

    def shown(self, name: str) -> dict[str, Any]:
        shown: dict[str, Any] = canon.decode(self.door.tree[path(name)])
        return shown


def at(loop: int) -> ExecutorState:
    return make_state(loop=loop, ts=START_US + (loop - 1) * PERIOD_US)


def test_without_a_defect_the_table_is_the_usual_one() -> None:
    assert with_defects(PER_LOOP, frozenset()) is PER_LOOP


# D-05 ------------------------------------------------------------------------------------------------------


def test_risk_content_is_kept_for_120_seconds() -> None:
    kept, first = KeptRisk(), make_state()
    content = kept.build(first)
    jumped = replace(first.risk, nav_jump=NavJump(1, 2, 1.0))
    almost = replace(first, ts=first.ts + 120 * SECOND - 1, risk=jumped)
    assert kept.build(almost) is content
    rebuilt = kept.build(replace(first, ts=first.ts + 120 * SECOND))
    assert rebuilt["updated_ts"] != content["updated_ts"]  # type: ignore[index]


def test_old_risk_content_lacks_nav_and_all_that_needs_it() -> None:
    desk = Desk("D-05")
    state = make_state()
    assert state.var is not None
    desk.publish(replace(state, risk=replace(state.risk, nav_jump=NavJump(1, 2, 1.0))))
    usual = Desk()
    usual.publish(state)
    lost = usual.shown("risk_snapshot").keys() - desk.shown("risk_snapshot").keys()
    assert lost == {"nav", "nav_total", "var", "cvar"}
    assert not desk.shown("risk_snapshot")["anomalies"].keys() - {"dd_flap"}
    assert desk.shown("risk_snapshot")["risk_mode"] == usual.shown("risk_snapshot")["risk_mode"]


def test_a_new_process_has_no_risk_content() -> None:
    before, after = Desk("D-05"), Desk("D-05")
    before.publish(at(1))
    after.publish(at(2))
    assert after.shown("risk_snapshot")["updated_ts"] == "2025-01-06T00:01:00.000000Z"


# D-06 ------------------------------------------------------------------------------------------------------


def test_the_executor_writes_the_mirror_right_after_nav() -> None:
    desk = Desk("D-06")
    state = make_state()
    written = desk.publish(state)
    assert written[:3] == [path("nav"), path("nav_state"), path("positions_state")]
    assert next(w for w in desk.door.journal if w.path == path("nav_state")).writer == "executor"
    mirror, nav = desk.shown("nav_state"), desk.shown("nav")
    assert (mirror["total_equity"], mirror["aum"], mirror["updated_ts"]) == (
        nav["nav"], nav["aum"], nav["updated_ts"],
    )  # fmt: skip
    assert mirror["drawdown"] == pytest.approx(
        100 * desk.shown("risk_snapshot")["drawdown"]["dd_pct"], abs=1e-7
    )


# D-07 and failing builders ---------------------------------------------------------------------------------


def test_bare_kpis_have_neither_portfolio_nor_symbols() -> None:
    bare, usual = Desk("D-07"), Desk()
    bare.publish(make_state())
    usual.publish(make_state())
    assert usual.shown("kpis_v7").keys() - bare.shown("kpis_v7").keys() == {"portfolio", "per_symbol"}


def test_a_failing_builder_of_bare_kpis_leaves_a_time() -> None:
    desk = Desk("D-07", faults=(BuilderError(Loops(2, 2), "kpis_v7"),))
    desk.publish(at(2))
    now = "2025-01-06T00:01:00.000000Z"
    assert desk.shown("kpis_v7") == {"updated_at": now, "updated_ts": now}
    assert desk.publisher.failed == []
    desk.publish(at(3))
    assert "dd_state" in desk.shown("kpis_v7")


@pytest.mark.parametrize("name", [*NAMES, *INTEL])
def test_a_failing_builder_leaves_its_file_and_stops_no_other(name: str) -> None:
    desk = Desk(faults=(BuilderError(Loops(2, 3), name),))
    everything = [path(n) for n in (*NAMES, *INTEL)]
    assert desk.publish(at(1)) == everything
    before = desk.door.tree[path(name)]
    for loop in (2, 3):
        assert desk.publish(at(loop)) == [p for p in everything if p != path(name)]
        assert desk.door.tree[path(name)] is before
        assert [(f.loop, f.path) for f in desk.publisher.failed] == [(loop, path(name))]
        assert desk.publisher.failed[0].reason == f"the builder of {name} failed"
    assert desk.publish(at(4)) == everything
    assert desk.publisher.failed == []
