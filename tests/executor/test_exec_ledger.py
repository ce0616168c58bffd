"""Registry and ledger: seeding, sync, entry and close fills, state faults."""

from __future__ import annotations

import pytest
from exec_drive import START, at, entry, price, usd
from msgspec.structs import replace

from simkit.core.acted import Acted
from simkit.core.numeric import QTY
from simkit.core.settings import TpSlSettings
from simkit.exchange.orders import Fill, Order
from simkit.executor.ledger import Ledger, Registry, seed_levels
from simkit.executor.state import PositionRow, RegistryEntry, Side
from simkit.scenario.model import GhostLedgerEntry, Loops, MissingLedgerPosition, Signal

SEED = TpSlSettings()
KEY = "BTCUSDT:LONG"


def row(key: str = KEY, qty: float = 1.0, at_price: float = 100.0) -> PositionRow:
    symbol, _, side = key.partition(":")
    signed = round(qty * QTY) * (1 if side == "LONG" else -1)
    cost = price(at_price) or 0
    return PositionRow(
        key, symbol, "LONG" if side == "LONG" else "SHORT", signed, cost, cost, 0, 0, usd(qty * at_price)
    )


def held(tp: float | None, sl: float | None, registered_at: int = START) -> RegistryEntry:
    return RegistryEntry("BTCUSDT", "LONG", price(tp), price(sl), price(100) or 0, QTY, registered_at)


def fill(intent: Signal | None, before: int, after: int, ts: int = START) -> Fill:
    opens = after > before
    order = Order(
        "o", "i", "BTCUSDT", "BUY" if opens else "SELL", "LONG", abs(after - before), not opens, "entry"
    )
    return Fill(
        1, ts, "t", "v", order, price(100) or 0, abs(after - before), 0, 0, before, after, price(100) or 0, ts
    )


@pytest.mark.parametrize(
    ("side", "cost", "tp", "sl"), [("LONG", 100, 102.1, 98.6), ("SHORT", 200, 195.8, 202.8)]
)
def test_the_seed_formula(side: Side, cost: float, tp: float, sl: float) -> None:
    assert seed_levels(side, price(cost) or 0, SEED) == (price(tp), price(sl))


def test_a_seeded_level_that_is_not_positive_is_left_out() -> None:
    wild = TpSlSettings(atr_frac=0.5)
    assert seed_levels("LONG", price(100) or 0, wild) == (price(250), None)
    assert seed_levels("SHORT", price(100) or 0, wild) == (None, price(200))


def sync(registry: Registry, *rows: PositionRow, use: TpSlSettings = SEED) -> Ledger:
    ledger = Ledger()
    ledger.build(at(2), rows, registry)
    registry.sync(at(2), rows, ledger, use)
    ledger.build(at(2), rows, registry)
    return ledger


def test_sync_seeds_what_is_absent_and_drops_what_is_not_held() -> None:
    registry = Registry({"ETHUSDT:LONG": held(1, 2)})
    ledger = sync(registry, row())
    assert list(registry.entries) == [KEY]
    seeded = registry.entries[KEY]
    assert (seeded.source, seeded.registered_at, seeded.tp) == ("ledger_sync", at(2), price(102.1))
    assert ledger.entries[KEY].tp == price(102.1)


@pytest.mark.parametrize(("tp", "sl"), [(None, None), (120.0, None), (None, 90.0), (120.0, 90.0)])
def test_seeding_never_overwrites_a_key_that_exists(tp: float | None, sl: float | None) -> None:
    registry = Registry({KEY: held(tp, sl)})
    ledger = sync(registry, row())
    assert registry.entries[KEY] == held(tp, sl)
    assert (ledger.entries[KEY].tp, ledger.entries[KEY].sl) == (price(tp), price(sl))


def test_without_seeding_only_the_removal_is_left() -> None:
    registry = Registry({"ETHUSDT:LONG": held(1, 2)})
    ledger = sync(registry, row(), use=TpSlSettings(seed=False))
    assert registry.entries == {} and ledger.entries[KEY].tp is None


def test_the_ledger_is_absolute_sorted_as_the_rows_and_reuses_equal_entries() -> None:
    registry, ledger = Registry(None), Ledger()
    ledger.build(START, (row("ETHUSDT:SHORT", 2.0),), registry)
    first = ledger.snapshot
    ledger.build(at(2), (row("ETHUSDT:SHORT", 2.0),), registry)
    assert ledger.snapshot is first and first[0].qty == 2 * QTY
    ledger.build(at(3), (row("ETHUSDT:SHORT", 1.5),), registry)
    assert (ledger.snapshot[0].created_ts, ledger.snapshot[0].updated_ts) == (START, at(3))


def test_an_entry_fill_stores_the_levels_of_its_intent() -> None:
    registry = Registry(None)
    registry.opened(fill(None, 0, QTY, at(3)), entry(3, KEY, tp=110.0))
    stored = registry.entries[KEY]
    assert (stored.tp, stored.sl, stored.qty, stored.registered_at) == (price(110), None, QTY, at(3))
    registry.opened(fill(None, QTY, 2 * QTY, at(4)), entry(4, KEY, tp=111.0, sl=90.0))
    stored = registry.entries[KEY]
    assert (stored.tp, stored.sl, stored.qty, stored.registered_at) == (price(111), price(90), 2 * QTY, at(3))


@pytest.mark.parametrize(("levels", "registered"), [("silent", False), ("none", True)])
def test_asking_for_no_level_is_not_the_same_as_saying_nothing(levels: str, registered: bool) -> None:
    registry = Registry(None)
    registry.opened(fill(None, 0, QTY), entry(1, KEY, levels=levels))
    assert (KEY in registry.entries) is registered
    ledger = sync(registry, row())
    assert (ledger.entries[KEY].tp is None) is registered


def test_an_addition_without_levels_keeps_those_that_are_there() -> None:
    registry = Registry({KEY: held(120, 90)})
    for levels in ("silent", "none"):
        registry.opened(fill(None, QTY, 2 * QTY), entry(1, KEY, levels=levels))
    assert registry.entries == {KEY: held(120, 90)}


def test_a_fill_of_an_unknown_order_stores_nothing() -> None:
    registry = Registry(None)
    registry.opened(fill(None, 0, QTY), None)
    assert registry.entries == {}


@pytest.mark.parametrize(("after", "left"), [(1, {KEY}), (0, frozenset())])
def test_a_close_forgets_the_levels_only_at_zero(after: int, left: frozenset[str]) -> None:
    registry = Registry({KEY: held(120, 90)})
    registry.reduced(fill(None, QTY, after))
    assert registry.entries.keys() == left


@pytest.mark.parametrize(("after", "kept"), [(QTY - 1, False), (0, False)])
def test_legacy_d13_forgets_the_levels_on_any_close(after: int, kept: bool) -> None:
    registry = Registry({KEY: held(120, 90)}, frozenset(["D-13"]))
    registry.reduced(fill(None, QTY, after))
    assert (KEY in registry.entries) is kept


@pytest.mark.parametrize(("legacy", "keys"), [("", {KEY, "ETHUSDT:LONG"}), ("D-31", {"ETHUSDT:LONG"})])
def test_legacy_d31_a_fill_saves_the_copy_from_before_the_sync(legacy: str, keys: set[str]) -> None:
    registry = Registry(None, frozenset([legacy]))
    sync(registry, row())
    of_eth = fill(None, 0, QTY)
    order = replace(of_eth.order, symbol="ETHUSDT")
    registry.opened(replace(of_eth, order=order), entry(1, "ETHUSDT:LONG", tp=110.0))
    assert registry.entries.keys() == keys
    registry.reduced(replace(of_eth, order=order, position_before=QTY, position_after=0))
    assert registry.entries.keys() == keys - {"ETHUSDT:LONG"}


def test_the_strategy_of_an_intent_is_stored_with_its_levels() -> None:
    registry = Registry(None)
    registry.opened(fill(None, 0, QTY), replace(entry(1, KEY, tp=110.0), strategy="trend"))
    assert registry.entries[KEY].strategy == "trend"
    sync(registry, row(), row("ETHUSDT:LONG"))
    assert registry.entries["ETHUSDT:LONG"].strategy == ""


def test_a_ledger_goes_on_where_the_last_process_left_it() -> None:
    registry, first = Registry({KEY: held(120, 90)}), Ledger()
    first.build(START, (row(),), registry)
    second = Ledger(first.entries)
    second.build(at(9), (row(),), registry)
    assert second.snapshot == first.snapshot
    third = Ledger(first.entries)
    third.build(at(9), (row(qty=2.0),), registry)
    assert (third.snapshot[0].created_ts, third.snapshot[0].updated_ts) == (START, at(9))


def test_a_ledger_entry_that_is_gone_does_not_outlive_its_process() -> None:
    registry, first = Registry(None), Ledger()
    first.build(START, (row(), row("ETHUSDT:LONG")), registry)
    second = Ledger(first.entries)
    second.build(at(9), (row("ETHUSDT:LONG"),), registry)
    assert [e.key for e in second.snapshot] == ["ETHUSDT:LONG"]


def test_a_snapshot_of_the_registry_never_changes() -> None:
    registry = Registry({KEY: held(120, 90)})
    before = registry.entries
    registry.remove(KEY)
    assert list(before) == [KEY] and registry.entries == {}


def test_a_lost_entry_comes_back_with_its_age() -> None:
    registry, ledger = Registry({KEY: held(120, 90)}), Ledger()
    rows = (row(),)
    ledger.build(START, rows, registry)
    ledger.act_out(at(2), [MissingLedgerPosition(Loops(2, 2), "BTCUSDT", "LONG")], {}, Acted())
    assert not ledger.entries
    ledger.build(at(3), rows, registry)
    assert ledger.snapshot[0].created_ts == START


def test_a_ghost_is_no_older_than_its_first_loop_and_is_gone_with_the_fault() -> None:
    ghost = GhostLedgerEntry(Loops(2, 3), "AUSDT", "LONG", QTY, price(1) or 0, None, None)
    registry, ledger, rows = Registry({KEY: held(120, 90)}), Ledger(), (row(),)
    for loop in (2, 3):
        published = ledger.entries
        ledger.build(at(loop), rows, registry)
        ledger.act_out(at(loop), [ghost], published, Acted())
        assert [e.key for e in ledger.snapshot] == ["AUSDT:LONG", KEY]
        assert (ledger.snapshot[0].created_ts, ledger.snapshot[0].updated_ts) == (at(2), at(2))
    ledger.build(at(4), rows, registry)
    assert [e.key for e in ledger.snapshot] == [KEY]
