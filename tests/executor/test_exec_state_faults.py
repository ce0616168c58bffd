"""State faults: what a loop then knows, what the next one does, and that a fault which changes nothing says so."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from exec_drive import START, Run, at, entry, fills, position, price, run, scenario, settings

from simkit.core.numeric import QTY
from simkit.scenario.model import (
    CountersReset,
    Fault,
    GhostLedgerEntry,
    LedgerQty,
    LevelsDropped,
    Loops,
    MissingLedgerPosition,
    RegistryLevels,
)

LONG = "BTCUSDT:LONG"
L3 = Loops(3, 3)
COVERED = position(LONG, 1, 100, tp=103, sl=98)


def played(
    *faults: Fault, loops: int = 6, prices: float | Mapping[int, float] = 100.0, seed: bool = True
) -> Run:
    """One covered position and faults."""
    return run(scenario(
        loops, {"BTCUSDT": prices}, positions=[COVERED], faults=faults, use=settings(tp_sl={"seed": seed}),
    ))  # fmt: skip


def levels(done: Run, loop: int) -> tuple[int | None, int | None]:
    (held,) = done.state(loop).ledger
    return held.tp, held.sl


# Levels dropped ------------------------------------------------------------------------------------------


def test_dropped_levels_are_gone_for_a_loop_and_seeded_by_the_next_sync() -> None:
    done = played(LevelsDropped(L3, "BTCUSDT", "LONG"))
    assert done.idle == ()
    assert (done.state(3).registry, levels(done, 3)) == ({}, (None, None))
    assert done.state(3).reconciliation.missing_tp_sl == 1
    assert [levels(done, loop) for loop in (2, 4)] == [
        (price(103), price(98)), (price(102.1), price(98.6)),
    ]  # fmt: skip
    assert done.state(4).ledger[0].created_ts == START


def test_dropped_levels_stay_away_where_nothing_is_seeded() -> None:
    done = played(LevelsDropped(L3, "BTCUSDT", "LONG"), seed=False)
    assert [levels(done, loop) for loop in (4, 6)] == [(None, None)] * 2


def test_a_stop_crossed_in_the_loop_after_a_drop_waits_for_the_seeds() -> None:
    done = played(LevelsDropped(L3, "BTCUSDT", "LONG"), prices={1: 100, 4: 97})
    assert [bool(done.output(loop).exits) for loop in (4, 5)] == [False, True]
    assert played(prices={1: 100, 4: 97}).output(4).exits


# The ledger's quantity -----------------------------------------------------------------------------------


def test_a_wrong_quantity_shows_in_the_ledger_alone_and_is_gone_with_the_fault() -> None:
    done = played(LedgerQty(Loops(3, 4), "BTCUSDT", "LONG", QTY // 2))
    assert done.idle == ()
    assert [done.state(loop).ledger[0].qty for loop in (2, 3, 4, 5)] == [QTY, QTY // 2, QTY // 2, QTY]
    assert [done.state(loop).positions[0].qty for loop in (3, 4)] == [QTY, QTY]
    assert [done.state(loop).ledger[0].updated_ts for loop in (3, 4, 5)] == [at(3), at(3), at(5)]
    assert [done.state(loop).ledger[0].created_ts for loop in (3, 5)] == [START, START]


@pytest.mark.parametrize(("wrong", "left"), [(0.4, 0.6), (2.5, 0.0)])
def test_an_exit_is_sent_for_what_the_ledger_says_and_closes_what_is_held(wrong: float, left: float) -> None:
    done = played(
        LedgerQty(Loops(3, 4), "BTCUSDT", "LONG", round(wrong * QTY)), loops=4, prices={1: 100, 4: 97}
    )
    (fill,) = fills(done.output(4))
    assert (fill.order.qty, fill.qty) == (round(wrong * QTY), round(min(wrong, 1.0) * QTY))
    assert sum(row.qty for row in done.state(4).positions) == round(left * QTY)


# Counters ------------------------------------------------------------------------------------------------


def counted(*faults: Fault, cooldown_s: float = 0.0) -> Run:
    """An entry in L2, one in L4."""
    return run(scenario(
        5, {"BTCUSDT": 100, "ETHUSDT": 50}, faults=faults,
        signals=[entry(2, LONG, money=100), entry(4, "ETHUSDT:LONG", money=100), entry(5, LONG, money=100)],
        use=settings(limits={"cooldown_s": cooldown_s, "allow_add": True}),
    ))  # fmt: skip


def test_counters_start_anew_and_count_what_their_loop_holds() -> None:
    done = counted(CountersReset(Loops(4, 4)))
    assert done.idle == ()
    assert [done.state(loop).counters.total_orders for loop in (2, 3, 4, 5)] == [1, 1, 1, 2]
    assert [done.state(loop).counters.total_signals for loop in (3, 4)] == [1, 1]
    assert done.state(4).counters.last_exit_scan_ts == at(4)
    quiet = counted(CountersReset(L3))
    assert [quiet.state(loop).counters.total_orders for loop in (2, 3, 4)] == [1, 0, 1]
    assert (quiet.state(3).counters.last_order_ts, quiet.state(3).counters.last_signal_ts) == (None, None)
    assert (quiet.state(3).run_id, quiet.state(3).stats) == (quiet.state(2).run_id, quiet.state(2).stats)


def test_a_reset_of_counters_is_no_restart_the_cooldown_holds() -> None:
    done = counted(CountersReset(L3), cooldown_s=600.0)
    assert [veto.reason for veto in done.output(5).vetoes] == ["cooldown"]
    assert done.state(5).counters.by_reason == {"cooldown": 1}


def test_counters_that_counted_nothing_cannot_start_anew() -> None:
    fault = CountersReset(Loops(1, 1))
    assert counted(fault).idle == (fault,)


# Without effect ------------------------------------------------------------------------------------------


def ghost(qty: int, tp: float, *, ledger: bool = True, registry: bool = False) -> GhostLedgerEntry:
    return GhostLedgerEntry(
        L3, "BTCUSDT", "LONG", qty, price(100) or 0, price(tp), price(98), ledger, registry
    )


@pytest.mark.parametrize(
    ("fault", "acts"),
    [
        (LevelsDropped(L3, "BTCUSDT", "LONG"), True),
        (LevelsDropped(L3, "BTCUSDT", "SHORT"), False),
        (LedgerQty(L3, "BTCUSDT", "LONG", QTY + 1), True),
        (LedgerQty(L3, "BTCUSDT", "LONG", QTY), False),
        (LedgerQty(L3, "BTCUSDT", "SHORT", QTY), False),
        (MissingLedgerPosition(L3, "BTCUSDT", "LONG"), True),
        (MissingLedgerPosition(L3, "BTCUSDT", "SHORT"), False),
        (ghost(QTY, 104), True),
        (ghost(QTY + 1, 103), True),
        (ghost(QTY, 103), False),
        (ghost(QTY, 103, ledger=False, registry=True), True),
        (RegistryLevels(L3, "BTCUSDT", "LONG", price(103), price(97.99999999)), True),
        (RegistryLevels(L3, "BTCUSDT", "LONG", price(103), price(98)), False),
        (RegistryLevels(L3, "BTCUSDT", "SHORT", price(90), None), True),
    ],
    ids=repr,
)
def test_a_fault_acts_where_something_becomes_other_than_it_was(fault: Fault, acts: bool) -> None:
    assert played(fault).idle == (() if acts else (fault,))
