"""Emission as a gate of the screener (B-HYB-2, B-LOOP-4, B-VETO-5, INC-38)."""

from __future__ import annotations

import pytest
from exec_drive import Run, entry, position, run, scenario, settings

from simkit.scenario.model import Restart

#: A loss of 5 USD in L1, realised before the intel run of that loop; without it the score is 0.45.
LOSER = position("AUSDT:LONG", 1, 105, tp=200, sl=50)


def played(least: float, *, restart: int | None = None, every: int = 10) -> Run:
    return run(
        scenario(
            14,
            {"AUSDT": 100, "BUSDT": 100},
            positions=[LOSER],
            signals=[
                entry(1, "BUSDT:SHORT", money=100, tp=50, sl=200),
                entry(1, "AUSDT:LONG", action="close", name="out"),
                entry(2, "AUSDT:LONG", money=100, tp=200, sl=50, name="again"),
                entry(3, "BUSDT:LONG", money=100, tp=200, sl=50, name="other"),
                entry(12, "AUSDT:LONG", money=100, tp=200, sl=50, name="late"),
            ],
            events=[] if restart is None else [Restart(restart)],
            use=settings(intel={"min_for_emission": least, "every": every}),
        )
    )


def score(done: Run, symbol: str = "AUSDT") -> float:
    intel = done.state(1).intel
    assert intel is not None
    return next(row.score for row in intel.scores if row.symbol == symbol)


def test_before_the_first_intel_run_nothing_is_refused() -> None:
    assert played(1.0).output(1).signals == ("i-1-BUSDT:SHORT", "out")


def test_an_entry_whose_score_fails_is_no_signal_and_no_veto() -> None:
    done = played(0.40)
    assert score(done) < 0.40 < score(done, "BUSDT")
    assert done.output(2).signals == ()
    assert (done.output(2).vetoes, done.output(2).events) == ((), ())
    assert done.state(2).counters.total_signals == 2
    assert done.output(3).signals == ("other",)
    assert done.output(12).signals == ()


@pytest.mark.parametrize(("above", "emitted"), [(0.0, ("again",)), (1e-9, ())])
def test_inc38_the_minimum_itself_is_enough(above: float, emitted: tuple[str, ...]) -> None:
    exact = score(played(0.0))
    assert played(exact + above).output(2).signals == emitted


def test_a_new_process_obeys_the_score_on_disk() -> None:
    """B-RST-2: the file outlives the process, and the gates see what is published (B-LOOP-4)."""
    assert played(0.40, restart=2).output(2).signals == ()
    assert played(0.0, restart=2).output(2).signals == ("again",)


def test_a_close_needs_no_score() -> None:
    done = run(
        scenario(
            3,
            {"AUSDT": 100},
            positions=[LOSER],
            signals=[entry(2, "AUSDT:LONG", action="close", name="out")],
            use=settings(intel={"min_for_emission": 1.0}),
        )
    )
    assert done.output(2).signals == ("out",)
    assert done.state(2).positions == ()


def test_the_score_of_the_loop_before_counts() -> None:
    """With intel in every loop the loss of L1 is told in L1 and refuses in L2 (B-LOOP-4)."""
    assert played(0.40, every=1).output(2).signals == ()
