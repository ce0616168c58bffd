"""The publisher: order, ownership, failing writes, logs, opening state, and what a restart reads back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from make_state import (
    PERIOD_US,
    POSITIONS,
    START_US,
    SYMBOLS,
    flat_state,
    ledger_of,
    make_scenario,
    make_state,
)
from memory_door import MemoryDoor, longest_file
from msgspec.structs import replace
from simkit.contract.table import MANIFEST_PATH, ORDERS_LOG, REGISTRY_PATH, VETO_LOG, manifest
from simkit.core import canon
from simkit.core.files import Door
from simkit.core.numeric import PRICE, QTY, USD
from simkit.core.settings import Settings
from simkit.exchange.orders import (
    Ack,
    Balance,
    Booking,
    Fill,
    Funding,
    Order,
    Submitted,
    VenueEvent,
    VenuePort,
)
from simkit.exchange.orders import VenuePosition as Held
from simkit.executor.port import Disk, LoopInput, LoopOutput, Veto
from simkit.executor.state import ExecutorState, RegistryEntry
from simkit.market.ticks import Bars
from simkit.scenario.model import OpeningPosition, Restart, Scenario
from simkit.surfaces.disk import read_disk
from simkit.surfaces.opening import lay_opening_state
from simkit.surfaces.publish import Publisher

NAMES = [
    "nav", "positions_state", "position_tp_sl", "positions_ledger", "risk_snapshot", "router_health", "kpis_v7",
    "diagnostics", "engine_metadata",
]  # fmt: skip
INTEL = ["symbol_scores_v6", "rv_momentum", "factor_diagnostics"]
NOTHING = LoopOutput((), (), (), ())


def path(stem: str) -> str:
    return f"logs/state/{stem}.json"


class NoVenue:
    """A venue that nobody asks."""

    def balance(self) -> Balance | None:
        return None

    def positions(self) -> tuple[Held, ...]:
        return ()

    def mark(self, symbol: str) -> int | None:
        return None

    def submit(self, order: Order) -> Submitted:
        raise AssertionError(order)

    def cancel(self, venue_id: str) -> Ack | None:
        return None


VENUE: VenuePort = NoVenue()


class Scripted:
    """An executor that returns given states and keeps the disk that it was started with."""

    name = "scripted"
    capabilities = frozenset({"restart"})

    def __init__(self, state: ExecutorState, output: LoopOutput = NOTHING) -> None:
        self.state, self.output = state, output
        self.disk: Disk | None = None

    def start(self, ts: int, disk: Disk, venue: VenuePort) -> None:
        self.disk = disk

    def step(self, now: LoopInput, venue: VenuePort) -> tuple[ExecutorState, LoopOutput]:
        return self.state, self.output


def loop_input(state: ExecutorState, events: tuple[VenueEvent, ...] = ()) -> LoopInput:
    return LoopInput(state.loop, state.ts, 0, Bars(state.loop, ()), (), events, (), False, state.settings)


def published(
    door: Door,
    state: ExecutorState,
    output: LoopOutput = NOTHING,
    events: tuple[VenueEvent, ...] = (),
) -> Publisher:
    """One loop through a new publisher; the journal holds that loop's writes."""
    publisher = Publisher(lambda: Scripted(state, output), make_scenario(), door)
    door.loop = state.loop
    door.take_journal()
    publisher.start(state.ts, VENUE)
    assert publisher.step(loop_input(state, events), VENUE) is output
    return publisher


# Order and ownership ---------------------------------------------------------------------------------------


def test_files_are_written_most_upstream_first_and_intel_last() -> None:
    door = MemoryDoor()
    published(door, make_state())
    assert [write.path for write in door.journal] == [path(name) for name in (*NAMES, *INTEL)]


def test_without_intel_nothing_of_it_is_written() -> None:
    door = MemoryDoor()
    published(door, make_state(intel=None))
    assert [write.path for write in door.journal] == [path(name) for name in NAMES]


def test_without_factor_vectors_the_old_factor_file_stays() -> None:
    door = MemoryDoor()
    state = make_state()
    assert state.intel is not None
    published(door, state)
    before = door.tree[path("factor_diagnostics")]
    empty = replace(state.intel, factors=replace(state.intel.factors, vectors=()))
    published(door, replace(state, loop=3, ts=state.ts + PERIOD_US, intel=empty))
    assert [write.path for write in door.journal] == [path(name) for name in (*NAMES, *INTEL[:2])]
    assert door.tree[path("factor_diagnostics")] is before


def test_every_write_is_the_executors_whole_document_in_its_loop(tmp_path: Path) -> None:
    door = Door(tmp_path)
    published(door, make_state())
    writes = door.take_journal()
    assert {(w.writer, w.mode, w.loop) for w in writes} == {("executor", "replace", 2)}
    assert path("nav_state") not in door.tree
    for write in writes:
        assert (tmp_path / write.path).read_bytes() == write.data == door.tree[write.path]
    assert sorted(os.listdir(tmp_path / "logs/state")) == sorted(f"{n}.json" for n in (*NAMES, *INTEL))


def test_name_and_capabilities_are_those_of_the_inner_executor() -> None:
    publisher = Publisher(lambda: Scripted(flat_state()), make_scenario(), MemoryDoor())
    assert publisher.name == "scripted"
    assert publisher.capabilities == {"restart"}


# Failing writes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("refused", [*NAMES, *INTEL])
def test_one_failing_write_stops_no_other(refused: str) -> None:
    door = MemoryDoor()
    published(door, make_state())
    before = door.tree[path(refused)]
    door.refused = {path(refused)}
    state = make_state(loop=3, ts=START_US + 2 * PERIOD_US)
    publisher = published(door, state)
    assert [w.path for w in door.journal] == [path(n) for n in (*NAMES, *INTEL) if n != refused]
    assert door.tree[path(refused)] is before
    assert [(f.loop, f.path) for f in publisher.failed] == [(3, path(refused))]
    assert "No space left" in publisher.failed[0].reason


def test_failures_are_those_of_the_last_loop() -> None:
    door = MemoryDoor()
    door.refused = {path("nav")}
    publisher = published(door, make_state())
    door.refused = set()
    publisher.step(loop_input(make_state()), VENUE)
    assert publisher.failed == []


def test_a_broken_row_freezes_positions_state_alone() -> None:
    door = MemoryDoor()
    published(door, make_state())
    before = door.tree[path("positions_state")]
    broken = replace(POSITIONS[0], mark=0)
    publisher = published(door, make_state(loop=3, positions=(broken,)))
    assert door.tree[path("positions_state")] is before
    assert [w.path for w in door.journal] == [path(n) for n in (*NAMES, *INTEL) if n != "positions_state"]
    assert "mark 0.0" in publisher.failed[0].reason


def test_a_full_disk_leaves_the_old_documents_and_no_temporary_file(tmp_path: Path) -> None:
    door = Door(tmp_path)
    published(door, make_state())
    before = {n: (tmp_path / path(n)).read_bytes() for n in NAMES}
    with longest_file(400):
        publisher = published(door, make_state(loop=3, ts=START_US + 2 * PERIOD_US, intel=None))
    assert [f.path for f in publisher.failed] == [path(n) for n in NAMES if n != "engine_metadata"]
    for name in NAMES:
        same = (tmp_path / path(name)).read_bytes() == before[name]
        assert same is (name != "engine_metadata")
    assert [name for name in os.listdir(tmp_path / "logs/state") if name.startswith(".tmp_")] == []


def test_a_target_that_cannot_be_replaced_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / path("nav")).mkdir(parents=True)
    publisher = published(Door(tmp_path), make_state())
    assert [f.path for f in publisher.failed] == [path("nav")]
    assert [name for name in os.listdir(tmp_path / "logs/state") if name.startswith(".tmp_")] == []


# Logs ------------------------------------------------------------------------------------------------------

ENTRY = Order("o-1", "i-1", "BTCUSDT", "BUY", "LONG", QTY, False, "entry")
EXIT = Order("o-2", "i-2", "BTCUSDT", "SELL", "LONG", QTY, True, "tp", limit=101 * PRICE)


def ack(order: Order, status: Any = "FILLED", ts: int = START_US + 5) -> Ack:
    return Ack(1, ts, order, "v-1", status, 0)


def fill(order: Order, qty: int, before: int, after: int, ts: int = START_US + 7) -> Fill:
    return Fill(
        2, ts, "t-1", "v-1", order, 100 * PRICE, qty, 40_000, 2_500_000, before, after, 100 * PRICE, ts
    )


def lines(door: MemoryDoor, log: str) -> list[dict[str, Any]]:
    data = door.logs[log]
    assert data.endswith(b"\n")
    found = []
    for line in data.splitlines():
        assert line == canon.canonical(line)
        found.append(canon.decode(line))
    return found


def test_a_quiet_loop_appends_nothing() -> None:
    door = MemoryDoor()
    quiet = (Funding(1, START_US, "BTCUSDT:LONG", -5), Booking(2, START_US, "deposit", 7))
    published(door, make_state(), events=quiet)
    assert door.logs == {}
    assert {write.mode for write in door.journal} == {"replace"}


def test_order_events_are_logged_in_order_with_one_append() -> None:
    door = MemoryDoor()
    output = LoopOutput((ack(ENTRY), fill(ENTRY, QTY, 0, QTY)), (), ("i-1",), ())
    resting = (fill(EXIT, QTY // 2, QTY, QTY // 2),)
    published(door, make_state(), output, resting)
    appends = [write for write in door.journal if write.mode == "append"]
    assert [(w.path, w.writer) for w in appends] == [(ORDERS_LOG, "executor")]
    partial, close, acked, filled = lines(door, ORDERS_LOG)
    assert partial["event_type"] == "order_fill"
    assert partial["status"] == "PARTIALLY_FILLED"
    assert partial["executedQty"] == 0.5
    assert close == {
        "clientOrderId": "o-2", "event_type": "order_close", "fees_total": 0.04, "hostname": "simkit",
        "orderId": "v-1", "pid": 1, "position_side": "LONG", "position_size_after": 0.5,
        "position_size_before": 1.0, "realizedPnlUsd": 2.5, "symbol": "BTCUSDT",
        "ts": "2025-01-06T00:01:00.000000Z", "ts_close": "2025-01-06T00:00:00.000007Z",
    }  # fmt: skip
    assert acked == {
        "clientOrderId": "o-1", "event_type": "order_ack", "hostname": "simkit", "intent_id": "i-1",
        "orderId": "v-1", "order_type": "MARKET", "pid": 1, "position_side": "LONG", "reduce_only": False,
        "request_qty": 1.0, "side": "BUY", "status": "FILLED", "symbol": "BTCUSDT",
        "ts": "2025-01-06T00:01:00.000000Z", "ts_ack": "2025-01-06T00:00:00.000005Z",
    }  # fmt: skip
    assert filled == {
        "avgPrice": 100.0, "clientOrderId": "o-1", "event_type": "order_fill", "executedQty": 1.0,
        "feeAsset": "USDT", "fee_total": 0.04, "hostname": "simkit", "intent_id": "i-1", "orderId": "v-1",
        "pid": 1, "position_side": "LONG", "reason": "entry", "side": "BUY", "status": "FILLED",
        "symbol": "BTCUSDT", "tradeIds": ["t-1"], "ts": "2025-01-06T00:01:00.000000Z",
        "ts_fill_first": "2025-01-06T00:00:00.000007Z", "ts_fill_last": "2025-01-06T00:00:00.000007Z",
    }  # fmt: skip


@pytest.mark.parametrize(("before", "after", "closes"), [(QTY, QTY - 1, True), (QTY, QTY + 1, False)])
def test_a_close_is_a_fill_that_reduces(before: int, after: int, closes: bool) -> None:
    door = MemoryDoor()
    published(door, make_state(), events=(fill(EXIT, 1, before, after),))
    assert (
        [line["event_type"] for line in lines(door, ORDERS_LOG)] == ["order_fill", "order_close"]
    ) is closes


def test_a_limit_order_says_so_and_a_rejected_one_too() -> None:
    door = MemoryDoor()
    published(door, make_state(), events=(ack(EXIT, "REJECTED"),))
    assert lines(door, ORDERS_LOG)[0]["order_type"] == "LIMIT"
    assert lines(door, ORDERS_LOG)[0]["status"] == "REJECTED"


def test_vetoes_are_logged_with_their_gate_and_its_numbers() -> None:
    door = MemoryDoor()
    veto = Veto(
        "i-9", "ETHUSDT", "LONG", 2 * QTY, "daily_loss", "day_loss_limit",
        ("day_loss_limit", "min_notional"), {"limit": 0.1, "floor": 25}, {"loss": 0.11},
    )  # fmt: skip
    published(door, make_state(), LoopOutput((), (veto,), ("i-9",), ()))
    assert lines(door, VETO_LOG) == [
        {
            "event_type": "risk_veto", "hostname": "simkit", "intent_id": "i-9", "original_reason": "day_loss_limit",
            "pid": 1, "qty_req": 2.0, "signal_ts": "2025-01-06T00:01:00.000000Z", "strategy": "scripted",
            "symbol": "ETHUSDT", "ts": "2025-01-06T00:01:00.000000Z",
            "veto_detail": {
                "gate": "day_loss_limit", "observations": {"loss": 0.11},
                "reasons": ["day_loss_limit", "min_notional"], "thresholds": {"floor": 25.0, "limit": 0.1},
            },
            "veto_reason": "daily_loss",
        }
    ]  # fmt: skip


def test_a_log_that_cannot_be_written_stops_no_surface() -> None:
    door = MemoryDoor()
    door.refused = {ORDERS_LOG}
    publisher = published(door, make_state(intel=None), events=(ack(ENTRY),))
    assert [f.path for f in publisher.failed] == [ORDERS_LOG]
    assert [write.path for write in door.journal] == [path(name) for name in NAMES]


# Opening state ---------------------------------------------------------------------------------------------


def test_the_opening_lays_the_manifest_and_leaves_the_journal_empty(tmp_path: Path) -> None:
    door = Door(tmp_path)
    lay_opening_state(door, make_scenario())
    assert door.journal == []
    assert list(door.tree) == [MANIFEST_PATH]
    data = (tmp_path / MANIFEST_PATH).read_bytes()
    assert data == canon.canonical(data)
    assert canon.decode(data) == manifest()


def test_positions_with_levels_open_registered_and_those_without_do_not() -> None:
    door = MemoryDoor()
    opening = (
        OpeningPosition("ETHUSDT", "SHORT", 2 * QTY, 50 * PRICE, 35 * PRICE, 65 * PRICE),
        OpeningPosition("BTCUSDT", "LONG", QTY, 100 * PRICE, None, 70 * PRICE),
        OpeningPosition("SOLUSDT", "LONG", QTY, 20 * PRICE),
    )
    lay_opening_state(door, make_scenario(positions=opening))
    data = door.tree[REGISTRY_PATH]
    assert data == canon.canonical(data)
    entries = canon.decode(data)["entries"]
    assert list(entries) == ["BTCUSDT:LONG", "ETHUSDT:SHORT"]
    assert entries["BTCUSDT:LONG"]["take_profit_price"] is None
    assert entries["BTCUSDT:LONG"]["stop_loss_price"] == 70.0
    assert "source" not in entries["BTCUSDT:LONG"]
    disk = read_disk(door, 1)
    assert disk.registry is not None
    assert disk.registry["ETHUSDT:SHORT"] == RegistryEntry(
        "ETHUSDT", "SHORT", 35 * PRICE, 65 * PRICE, 50 * PRICE, 2 * QTY, START_US
    )


def test_positions_without_any_level_leave_no_registry() -> None:
    door = MemoryDoor()
    lay_opening_state(door, make_scenario(positions=(OpeningPosition("SOLUSDT", "LONG", QTY, 20 * PRICE),)))
    assert REGISTRY_PATH not in door.tree


# Restart ---------------------------------------------------------------------------------------------------


def test_the_first_start_finds_nothing() -> None:
    assert read_disk(MemoryDoor(), 1) == Disk(1)


def test_a_restart_finds_what_the_last_loop_published() -> None:
    door = MemoryDoor()
    state = make_state()
    assert state.intel is not None
    published(door, state)
    assert read_disk(door, 2) == Disk(
        2,
        registry=state.registry,
        position_keys=tuple(row.key for row in POSITIONS),
        last_nav=state.nav.nav,
        last_dd_state="RECOVERY",
        last_dd_since=START_US,
        last_transitions=5,
        last_dd_pct=0.012345679,
        peak_nav=10_000 * USD,
        factor_weights=dict(
            sorted(zip(state.intel.factors.factors, state.intel.factors.weights, strict=True))
        ),
    )


def test_runs_are_counted_by_the_restarts_so_far() -> None:
    scenario = make_scenario(events=(Restart(1), Restart(3), Restart(7)))
    for loop, run in ((1, 1), (3, 2), (7, 3)):
        door = MemoryDoor()
        door.loop = loop
        inner = Scripted(flat_state())
        publisher = Publisher(lambda inner=inner: inner, scenario, door)  # type: ignore[misc]
        publisher.start(START_US, VENUE)
        assert inner.disk == Disk(run)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'{"entries":[]}', b"\xff\xfe", b"[" * 100_000])
@pytest.mark.parametrize(
    "stem", ["nav", "position_tp_sl", "positions_state", "risk_snapshot", "factor_diagnostics"]
)
def test_an_unreadable_file_counts_as_none(stem: str, data: bytes) -> None:
    door = MemoryDoor()
    published(door, make_state())
    whole = read_disk(door, 1)
    door.tree[path(stem)] = data
    torn = read_disk(door, 1)
    lost = {
        "nav": ("last_nav",),
        "position_tp_sl": ("registry",),
        "positions_state": ("position_keys",),
        "risk_snapshot": ("last_dd_state", "last_dd_since", "last_dd_pct", "peak_nav"),
        "factor_diagnostics": ("factor_weights",),
    }[stem]
    for name in Disk.__struct_fields__:
        if name == "last_transitions":
            assert getattr(torn, name) == (0 if stem == "risk_snapshot" else 5)
        else:
            assert getattr(torn, name) == (None if name in lost else getattr(whole, name))


def test_a_file_that_the_machine_refuses_counts_as_none() -> None:
    door = MemoryDoor()
    published(door, make_state())
    door.refused = {path("nav")}
    assert read_disk(door, 1).last_nav is None


COUNT = some.integers(1, 2**51 - 1)
LEVEL = some.none() | COUNT
ENTRY_OF_REGISTRY = some.builds(
    RegistryEntry,
    symbol=some.sampled_from(SYMBOLS),
    side=some.sampled_from(["LONG", "SHORT"]),
    tp=LEVEL,
    sl=LEVEL,
    entry=COUNT,
    qty=COUNT,
    registered_at=some.integers(0, 2**51 - 1),
    source=some.sampled_from(["", "ledger_sync"]),
)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    entries=some.lists(ENTRY_OF_REGISTRY, max_size=6),
    nav=some.integers(-(2**51) + 1, 2**51 - 1),
    peak=COUNT,
    since=some.integers(0, 4_000_000_000_000_000),
)
def test_a_restart_reads_the_same_scaled_integers_back(
    entries: list[RegistryEntry], nav: int, peak: int, since: int
) -> None:
    registry = {key: e for key, e in sorted((f"{e.symbol}:{e.side}", e) for e in entries)}
    state = flat_state(registry=registry)
    state = replace(
        state,
        nav=replace(state.nav, nav=nav),
        drawdown=replace(state.drawdown, peak=peak, since_ts=since),
        ledger=ledger_of(()),
        settings=Settings(),
    )
    door = MemoryDoor()
    published(door, state)
    disk = read_disk(door, 1)
    assert disk.registry == registry
    assert (disk.last_nav, disk.peak_nav, disk.last_dd_since) == (nav, peak, since)


def test_the_scenario_is_only_asked_for_its_restarts() -> None:
    scenario: Scenario = make_scenario()
    assert Publisher(lambda: Scripted(flat_state()), scenario, MemoryDoor()).failed == []
