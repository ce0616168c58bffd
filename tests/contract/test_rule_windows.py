"""Rules that look back over a window: what is just inside counts, what is just outside does not, and a log
whose beginning nobody saw is not judged before the window has passed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from good_tree import START, World, fill, order, put, truth, veto

import simkit.contract.rules  # noqa: F401
from simkit.contract.build import Looks
from simkit.contract.engine import Engine, Verdict
from simkit.contract.finding import RULES
from simkit.contract.look import Truth
from simkit.contract.values import NO_BEFORE
from simkit.core.clock import DAY_US, iso
from simkit.core.settings import Settings


class Run:
    """Judges one rule loop by loop, each at its own time after the first."""

    def __init__(self, rule: str, new_run: bool = True) -> None:
        self._rule = rule
        self._engine, self._looks = Engine([RULES[rule]]), Looks()
        self._loop = 0
        self._new_run = new_run

    def loop(self, after: int, stem: str, doc: dict[str, Any], **known: Any) -> Verdict:
        self._loop += 1
        told = Truth(
            **{
                "positions": {}, "universe": (), "orders": (), "fills": (), "vetoes": (), "signals": (),
                "flows": 0.0, "new_run": self._new_run and self._loop == 1, "synced": True, "reset_peak": False,
                "seeding_off": frozenset(), "nav_read_live": True, **known,
            }
        )  # fmt: skip
        data = msgspec.json.encode({**doc, "updated_ts": iso(START + after)})
        tree = {f"logs/state/{stem}.json": data}
        return self._engine.look(
            self._looks.next(self._loop, START + after, Settings(), tree, writes=(), truth=told)
        )


def counts(attempted: int, vetoes: int) -> dict[str, Any]:
    return {"exec_stats": {"attempted_24h": attempted, "vetoes_24h": vetoes}}


@pytest.mark.parametrize(("later", "left"), [(DAY_US, 1), (DAY_US + 1, 0)])
def test_a_veto_counts_for_24_hours(later: int, left: int) -> None:
    run = Run("INV-N05")
    first = run.loop(0, "nav", counts(1, 1), signals=("i1",), vetoes=(veto("i1"),))
    assert (first.findings, first.not_evaluated) == ((), ())
    assert run.loop(later, "nav", counts(left, left)).findings == ()
    assert run.loop(later, "nav", counts(1 - left, 1 - left)).findings


def test_the_log_outlives_a_restart() -> None:
    run = Run("INV-N05")
    run.loop(0, "nav", counts(1, 0), signals=("i1",))
    assert run.loop(1, "nav", counts(1, 0), new_run=True).findings == ()
    assert run.loop(2, "nav", counts(0, 0)).findings


def by_factor(usd: float) -> dict[str, Any]:
    return {"pnl_attribution": {"by_factor": {"trend": usd} if usd else {}, "window_days": 14.0}}


@pytest.mark.parametrize(("later", "left"), [(14 * DAY_US, 5.0), (14 * DAY_US + 1, 0.0)])
def test_a_close_is_attributed_for_14_days(later: int, left: float) -> None:
    run = Run("INV-F11")
    run.loop(0, "factor_diagnostics", by_factor(5.0), fills=(fill("x", realized=5.0),))
    assert run.loop(later, "factor_diagnostics", by_factor(left)).findings == ()
    assert run.loop(later, "factor_diagnostics", by_factor(5.0 - left)).findings


@pytest.mark.parametrize(
    ("rule", "stem", "doc", "window"),
    [
        ("INV-N05", "nav", counts(7, 7), DAY_US),
        ("INV-F11", "factor_diagnostics", by_factor(7.0), 14 * DAY_US),
        (
            "INV-H07",
            "router_health",
            {"router_health": {"per_symbol": {"BTCUSDT": {"event_count": 7}}}},
            900_000_000,
        ),
    ],
)
def test_a_log_that_began_earlier_is_judged_when_its_window_has_passed(
    rule: str, stem: str, doc: dict[str, Any], window: int
) -> None:
    run = Run(rule, new_run=False)
    for after in (0, window):
        verdict = run.loop(after, stem, doc)
        assert verdict.findings == ()
        assert verdict.not_evaluated == ((rule, NO_BEFORE.reason),)
    assert run.loop(window + 1, stem, doc).findings


def test_without_harness_or_journal_they_do_not_look() -> None:
    world = World()
    for loop in world.loops:
        loop.truth, loop.journal = None, False
    mute = {rule for rule, _ in world.judged(list(RULES.values()))[-1][1].not_evaluated}
    assert {f"INV-{name}" for name in ("N05", "R22", "S07", "H07", "M02", "X07", "X08", "G15", "G17")} <= mute
    assert not {f"INV-{name}" for name in ("NS10", "R20", "H09", "H11", "M03", "F04", "F06", "G14")} & mute


def test_an_order_on_an_unknown_market_is_not_judged() -> None:
    world = World()
    truth(orders=(order("i3", key="SOLUSDT:LONG", qty=1e9),), closes={})(world)
    verdict = world.verdict("INV-R22")
    assert verdict.not_evaluated == (("INV-R22", "no file has the mark of SOLUSDT:LONG in this loop"),)


def test_weights_of_a_process_that_found_no_file_begin_anew() -> None:
    run = Run("INV-F10")
    assert run.loop(0, "factor_diagnostics", {"weights": {"a": 0.35, "b": 0.35, "c": 0.3}}).not_evaluated
    assert run.loop(1, "nav", {}, new_run=False).not_evaluated
    moved = {"weights": {"a": 0.4, "b": 0.2, "c": 0.4}}
    assert run.loop(2, "factor_diagnostics", moved, new_run=True).findings == ()


def test_a_market_known_from_its_past_is_enough_for_the_first_intel_run() -> None:
    world = World()
    closes = {"BTCUSDT": (100.0, 101.0), "ETHUSDT": (50.0, 50.0)}
    truth(1, closes=closes)(world)
    put("rv_momentum.spreads.btc_vs_eth", 0.01, 1)(world)
    (_, first), _ = world.judged([RULES["INV-M02"]])
    assert (first.findings, first.not_evaluated) == ((), ())
    put("rv_momentum.spreads.btc_vs_eth", 0.0, 1)(world)
    assert world.judged([RULES["INV-M02"]])[0][1].findings
