"""The book's stories at the executor: positions, registry and ledger through faults, fills, defects, restarts."""

from __future__ import annotations

from typing import Literal

import pytest
from exec_drive import (
    START,
    Run,
    at,
    entry,
    fills,
    position,
    price,
    run,
    scenario,
    settings,
    usd,
)
from msgspec.structs import replace
from random_scenarios import Played, play

from simkit.core.numeric import QTY
from simkit.executor.state import ExecutorState
from simkit.scenario.model import (
    Account,
    ClosedOutside,
    DamagedFile,
    Loops,
    MarkMissing,
    RegistryLevels,
    Restart,
)

LONG, SHORT = "BTCUSDT:LONG", "BTCUSDT:SHORT"
COVERED = position(LONG, 1, 100, 103, 98)


def every(done: Run, first: int, last: int) -> list[ExecutorState]:
    return done.states[first - 1 : last]


def levels(state: ExecutorState, key: str = LONG) -> tuple[int | None, int | None] | None:
    """What registry and ledger say of the key; both say the same."""
    stored = state.registry.get(key)
    held = [(e.tp, e.sl) for e in state.ledger if e.key == key]
    if stored is None:
        assert held in ([], [(None, None)])
        return None
    assert held == [(stored.tp, stored.sl)]
    return held[0]


# Registry faults (B-LED-11) ------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "tp", "sl"), [("LONG", 98.0, 103.0), ("SHORT", 103.0, 98.0)])
def test_inc19_inverted_levels_show_for_a_loop_and_exit_as_a_take_profit(
    side: str, tp: float, sl: float
) -> None:
    held = position(f"BTCUSDT:{side}", 1, 100, sl, tp)
    wrong = RegistryLevels(Loops(3, 3), "BTCUSDT", held.side, price(tp), price(sl))
    done = run(scenario(5, {"BTCUSDT": 100}, positions=[held], faults=[wrong]))
    assert levels(done.state(2), f"BTCUSDT:{side}") == (price(sl), price(tp))
    assert levels(done.state(3), f"BTCUSDT:{side}") == (price(tp), price(sl))
    assert done.state(3).ledger[0].updated_ts == at(3) and done.state(3).ledger[0].created_ts == START
    (fill,) = fills(done.output(4))
    assert fill.order.reason == "tp" and fill.price == price(100)
    assert done.state(4).positions == () and done.state(4).registry == {}
    assert all(o.exits == () for o in done.outputs if o is not done.output(4))


def test_levels_that_a_fault_wrote_stay_and_are_no_seeds() -> None:
    wrong = RegistryLevels(Loops(3, 4), "BTCUSDT", "LONG", price(150), None)
    done = run(scenario(6, {"BTCUSDT": 100}, positions=[position(LONG, 1, 100)], faults=[wrong]))
    assert done.state(2).registry[LONG].source == "ledger_sync"
    assert [levels(s) for s in every(done, 3, 6)] == [(price(150), None)] * 4
    assert done.state(6).registry[LONG].source == "" and done.state(6).registry is done.state(3).registry


def test_levels_wiped_by_a_fault_are_not_seeded_again() -> None:
    """B-LED-3: a key that exists with both levels null is not reseeded."""
    wiped = RegistryLevels(Loops(3, 3), "BTCUSDT", "LONG", None, None)
    done = run(scenario(6, {"BTCUSDT": 100}, positions=[COVERED], faults=[wiped]))
    for state in every(done, 3, 6):
        assert levels(state) == (None, None)
        assert (state.reconciliation.missing_tp_sl, state.reconciliation.coverage) == (1, 0.0)


def test_levels_without_a_position_are_stale_until_the_next_sync() -> None:
    orphan = RegistryLevels(Loops(3, 3), "BTCUSDT", "LONG", price(1), None)
    done = run(scenario(4, {"BTCUSDT": 100}, faults=[orphan]))
    assert [s.reconciliation.stale_tp_sl for s in done.states] == [0, 0, 1, 0]
    assert (done.state(3).registry[LONG].entry, done.state(4).registry) == (0, {})


@pytest.mark.parametrize(("key", "cost", "tp", "sl"), [(LONG, 100, 102.1, 98.6), (SHORT, 200, 195.8, 202.8)])
def test_a_position_without_levels_is_seeded_at_start_up(key: str, cost: float, tp: float, sl: float) -> None:
    done = run(scenario(2, {"BTCUSDT": cost}, positions=[position(key, 1, cost)]))
    assert levels(done.state(1), key) == (price(tp), price(sl))


# Closes (B-LED-9) ----------------------------------------------------------------------------------------


def closed_outside(*legacy: str) -> Run:
    return run(scenario(
        8, {"BTCUSDT": 100}, positions=[COVERED], events=[Restart(6)], use=settings(legacy=legacy),
        faults=[ClosedOutside(Loops(3, 3), "BTCUSDT", "LONG")],
    ))  # fmt: skip


def test_inc23_levels_of_a_position_closed_outside_go_with_it() -> None:
    for state in every(closed_outside(), 3, 8):
        assert (state.positions, state.ledger, state.registry) == ((), (), {})
        assert not state.reconciliation.mismatch


def test_inc23_legacy_d11_keeps_them_until_the_restart() -> None:
    done = closed_outside("D-11")
    for state in every(done, 3, 5):
        assert state.positions == state.ledger == () and LONG in state.registry
        found = state.reconciliation
        assert (found.open_positions, found.stale_tp_sl, found.coverage) == (0, 1, 0.0) and found.mismatch
    assert all(s.registry == {} and not s.reconciliation.mismatch for s in every(done, 6, 8))


def partly_closed(*legacy: str) -> Run:
    return run(scenario(
        6, {"BTCUSDT": 100}, positions=[COVERED], use=settings(legacy=legacy),
        signals=[entry(3, LONG, qty=0.4, action="close")],
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("legacy", "kept", "coverage"),
    [
        ((), (103, 98), 1.0),
        (("D-13",), (102.1, 98.6), 1.0),
        (("D-11", "D-13"), None, 0.0),
        (("D-11",), (103, 98), 1.0),
    ],
)
def test_inc24_what_a_partial_close_leaves(
    legacy: tuple[str, ...], kept: tuple[float, float] | None, coverage: float
) -> None:
    for state in every(partly_closed(*legacy), 3, 6):
        assert state.positions[0].qty == 6 * QTY // 10
        assert levels(state) == (None if kept is None else (price(kept[0]), price(kept[1])))
        assert state.reconciliation.coverage == coverage
        assert state.reconciliation.missing == (0 if kept else 1)


# Two writers of the registry (D-31) ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("legacy", "keys"),
    [
        ((), ["BTCUSDT:LONG", "ETHUSDT:LONG"]),
        (("D-31",), ["BTCUSDT:LONG", "ETHUSDT:LONG"]),
        (("D-11",), ["BTCUSDT:LONG", "ETHUSDT:LONG"]),
        (("D-11", "D-31"), ["ETHUSDT:LONG"]),
    ],
)
def test_inc25_a_fill_loses_what_was_seeded_since_the_copy_was_loaded(
    legacy: tuple[str, ...], keys: list[str]
) -> None:
    done = run(scenario(
        6, {"BTCUSDT": 100, "ETHUSDT": 50}, positions=[position(LONG, 1, 100)],
        signals=[entry(2, "ETHUSDT:LONG", qty=2, tp=60, sl=45)], use=settings(legacy=legacy),
    ))  # fmt: skip
    assert list(done.state(1).registry) == [LONG]
    for state in every(done, 2, 6):
        assert list(state.registry) == keys
        assert state.reconciliation.missing_tp_sl == 2 - len(keys)


# Marks (B-POS-1) and modes (B-POS-2) ---------------------------------------------------------------------


def unmarked(last: int, *legacy: str, keep: int = 3) -> Run:
    return run(scenario(
        9, {"BTCUSDT": {1: 100, 3: 101}}, positions=[COVERED],
        faults=[MarkMissing(Loops(4, last), "BTCUSDT")],
        use=settings(legacy=legacy, positions={"keep_mark_loops": keep}),
    ))  # fmt: skip


def test_inc28_a_position_without_a_mark_keeps_its_last_one() -> None:
    done = unmarked(6)
    assert [s.positions[0].mark for s in every(done, 3, 7)] == [price(101)] * 5
    for state in done.states:
        assert (state.reconciliation.open_positions, state.reconciliation.coverage) == (1, 1.0)
    assert all(s.nav.nav == usd(10_001) for s in every(done, 3, 9))


def test_a_mark_missing_for_too_long_is_published_as_none_and_only_there() -> None:
    done = unmarked(8)
    assert [s.positions[0].mark for s in done.states] == [
        price(100), price(100), *[price(101)] * 4, 0, 0, price(101),
    ]  # fmt: skip
    for state in every(done, 7, 8):
        assert state.nav.nav == usd(10_001) and levels(state) == (price(103), price(98))
        assert state.positions[0].notional == usd(101) and state.reconciliation.open_positions == 1


@pytest.mark.parametrize(
    ("legacy", "gone", "back"),
    [(("D-10", "D-11"), (103, 98), (103, 98)), (("D-10",), None, (102.1, 98.6))],
)
def test_inc28_legacy_d10_loses_it_everywhere(
    legacy: tuple[str, ...], gone: tuple[float, float] | None, back: tuple[float, float]
) -> None:
    done = unmarked(6, *legacy)
    for state in every(done, 4, 6):
        assert state.positions == state.ledger == () and state.nav.unrealized == 0
        assert (LONG in state.registry) is (gone is not None)
        assert state.reconciliation.stale_tp_sl == (gone is not None)
    assert levels(done.state(7)) == (price(back[0]), price(back[1]))


def one_way(*legacy: str) -> Run:
    of = scenario(
        6, {"BTCUSDT": {1: 100, 5: 97}}, positions=[position(SHORT, 0.5, 100, 97, 102)],
        use=settings(legacy=legacy),
    )  # fmt: skip
    return run(replace(of, account=Account(of.account.cash, mode="one_way")))


@pytest.mark.parametrize(("legacy", "told"), [((), ""), (("D-12",), "BOTH")])
def test_inc29_a_one_way_short_is_a_short(legacy: tuple[str, ...], told: str) -> None:
    done = one_way(*legacy)
    for state in every(done, 1, 4):
        (row,), (held,) = state.positions, state.ledger
        assert (row.key, row.side, row.qty, row.told) == (SHORT, "SHORT", -QTY // 2, told)
        assert (held.key, held.side, held.qty) == (SHORT, "SHORT", QTY // 2)
        assert (state.reconciliation.coverage, state.reconciliation.mismatch) == (1.0, False)
    (fill,) = fills(done.output(5))
    assert (fill.order.side, fill.order.reason, fill.realized) == ("BUY", "tp", usd(1.5))
    assert done.state(5).positions == () and done.state(5).registry == {}


# Restarts (B-RST) ----------------------------------------------------------------------------------------


def test_an_entry_keeps_its_age_over_a_restart_that_loses_the_registry() -> None:
    done = run(scenario(
        6, {"BTCUSDT": 100}, positions=[position(LONG, 1, 100)], events=[Restart(4, ("registry",))]
    ))  # fmt: skip
    assert [s.ledger for s in every(done, 4, 6)] == [done.state(1).ledger] * 3
    assert [s.registry[LONG].registered_at for s in every(done, 3, 4)] == [START, at(4)]


def test_a_changed_level_makes_an_entry_young_again_but_not_newborn() -> None:
    done = run(scenario(
        6, {"BTCUSDT": 100}, positions=[COVERED], events=[Restart(4, ("registry",))]
    ))  # fmt: skip
    (kept,) = done.state(4).ledger
    assert (kept.created_ts, kept.updated_ts) == (START, at(4))
    assert (kept.tp, kept.sl) == (price(102.1), price(98.6))


def test_a_restart_while_the_mark_is_missing_keeps_the_published_mark() -> None:
    done = run(scenario(
        7, {"BTCUSDT": 101}, positions=[COVERED], events=[Restart(5)],
        faults=[MarkMissing(Loops(4, 6), "BTCUSDT")],
    ))  # fmt: skip
    assert [s.positions[0].mark for s in done.states] == [price(101)] * 7


def legacy_restart(how: Literal["deleted", "empty", "array"] | None) -> Played:
    """D-11: what the start-up sync of L5 makes of the file of L4."""
    damage = (DamagedFile(Loops(4, 4), "positions_state", how),) if how is not None else ()
    return play(scenario(
        7, {"BTCUSDT": 100}, positions=[COVERED], events=[Restart(5)], faults=damage,
        use=settings(legacy=["D-11"]),
    ))  # fmt: skip


@pytest.mark.parametrize("how", ["deleted", "empty", "array"])
def test_legacy_d11_empties_the_registry_when_no_positions_file_can_be_read(
    how: Literal["deleted", "empty", "array"],
) -> None:
    done = legacy_restart(how)
    assert done.at(4, "position_tp_sl")["entries"].keys() == {LONG}
    for loop in (5, 6, 7):
        assert done.at(loop, "position_tp_sl")["entries"] == {}
        (held,) = done.at(loop, "positions_ledger")["entries"]
        assert (held["position_key"], held["tp"], held["sl"]) == (LONG, None, None)


def test_legacy_d11_reads_a_sound_positions_file() -> None:
    done = legacy_restart(None)
    assert done.errors == []
    assert done.at(7, "positions_ledger")["tp_sl_levels"] == {LONG: {"sl": 98.0, "tp": 103.0}}


def test_a_restart_without_the_defect_needs_no_file() -> None:
    done = play(scenario(
        7, {"BTCUSDT": 100}, positions=[COVERED], events=[Restart(5)],
        faults=[DamagedFile(Loops(4, 4), "positions_state", "deleted")],
    ))  # fmt: skip
    assert done.at(5, "positions_ledger")["entries"] == done.at(4, "positions_ledger")["entries"]
