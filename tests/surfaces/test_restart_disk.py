"""What a restarted executor finds on disk: the same scaled integers, and nothing where a file is broken."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as some
from make_state import POSITIONS, START_US, SYMBOLS, flat_state, make_scenario, make_state
from memory_door import MemoryDoor
from msgspec.structs import replace
from publisher_kit import VENUE, Scripted, path, published

from simkit.contract.table import ORDERS_LOG, PEAK_PATH
from simkit.core.clock import MICROSECONDS
from simkit.core.numeric import PRICE, QTY, USD
from simkit.exchange.orders import Fill, Order
from simkit.executor.port import Confirmed, Disk, PastClose
from simkit.executor.state import RegistryEntry
from simkit.scenario.model import Restart
from simkit.surfaces.disk import read_disk
from simkit.surfaces.logs import order_lines
from simkit.surfaces.publish import Publisher
from simkit.surfaces.stamp import EXECUTOR


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
        positions=POSITIONS,
        ledger={entry.key: entry for entry in state.ledger},
        last_nav=state.nav.nav,
        last_dd_state="RECOVERY",
        last_dd_since=START_US,
        last_transitions=5,
        last_dd_pct=0.012345679,
        confirmed=Confirmed(state.nav.nav, state.nav.wallet, state.nav.unrealized, state.ts),
        kept=state.kept,
        factor_weights=dict(
            sorted(zip(state.intel.factors.factors, state.intel.factors.weights, strict=True))
        ),
        failing=tuple(row.symbol for row in state.intel.scores if not row.passes),
    )


def closing(at: int, realized: int) -> Fill:
    order = Order("o1", "i1", "ETHUSDT", "BUY", "SHORT", QTY, True, "tp")
    return Fill(1, at, "t1", "v1", order, PRICE, QTY, USD // 4, realized, 2 * QTY, QTY, PRICE, at)


def test_a_restart_finds_the_closes_in_the_log_and_passes_over_torn_lines() -> None:
    door = MemoryDoor()
    door.append(ORDERS_LOG, order_lines([closing(START_US, 3 * USD)], START_US), EXECUTOR)
    door.append(ORDERS_LOG, b'{"event_type":"order_close","symbol":"ETHUSDT"}\n', EXECUTOR)
    door.append(ORDERS_LOG, order_lines([closing(START_US + 5, -7)], START_US), EXECUTOR)
    door.append(ORDERS_LOG, order_lines([closing(START_US + 9, 1)], START_US)[:-9], EXECUTOR)
    assert read_disk(door, 2).closes == (
        PastClose(START_US, "ETHUSDT", "SHORT", 3 * USD, USD // 4),
        PastClose(START_US + 5, "ETHUSDT", "SHORT", -7, USD // 4),
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
    "stem",
    ["nav", "position_tp_sl", "positions_state", "positions_ledger", "risk_snapshot", "factor_diagnostics"],
)
def test_an_unreadable_file_counts_as_none(stem: str, data: bytes) -> None:
    door = MemoryDoor()
    published(door, make_state())
    whole = read_disk(door, 1)
    door.tree[path(stem)] = data
    torn = read_disk(door, 1)
    lost = {
        "nav": ("last_nav", "confirmed"),
        "position_tp_sl": ("registry",),
        "positions_state": ("positions",),
        "positions_ledger": ("ledger",),
        "risk_snapshot": ("last_dd_state", "last_dd_since", "last_dd_pct"),
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
    registry = {f"{e.symbol}:{e.side}": e for e in sorted(entries, key=lambda e: (e.symbol, e.side))}
    state = flat_state(registry=registry)
    state = replace(
        state,
        nav=replace(state.nav, nav=nav, wallet=nav),
        drawdown=replace(state.drawdown, since_ts=since),
        kept=replace(state.kept, peak=peak, peak_ts=since, since_ts=since, opening_nav=nav, realized=-nav),
    )
    door = MemoryDoor()
    published(door, state)
    disk = read_disk(door, 1)
    assert disk.registry == registry
    assert (disk.last_nav, disk.kept, disk.last_dd_since) == (nav, state.kept, since)
    assert disk.confirmed == Confirmed(nav, nav, 0, state.ts)


@pytest.mark.parametrize("data", [None, b"", b"{", b"[]", b'{"peak_nav":1}', b"\xff"])
def test_of_a_torn_peak_file_nothing_is_kept(data: bytes | None) -> None:
    door = MemoryDoor()
    published(door, make_state())
    assert read_disk(door, 1).kept == make_state().kept
    if data is None:
        del door.tree[PEAK_PATH]
    else:
        door.tree[PEAK_PATH] = data
    assert read_disk(door, 1).kept is None


def test_a_cached_nav_is_as_old_as_the_risk_snapshot_says() -> None:
    door = MemoryDoor()
    state = make_state()
    cached = replace(state.nav, source="cache", fresh=False, live_ts=state.ts - 90 * MICROSECONDS)
    published(door, replace(state, nav=cached, risk=replace(state.risk, nav_age_s=90.0)))
    found = read_disk(door, 1).confirmed
    assert found == Confirmed(cached.nav, cached.wallet, cached.unrealized, state.ts - 90 * MICROSECONDS)
    door.tree[path("risk_snapshot")] = b""
    assert read_disk(door, 1).confirmed is None


def test_a_nav_from_no_source_is_no_confirmed_one() -> None:
    door = MemoryDoor()
    state = make_state()
    lost = replace(state.nav, source="unavailable", fresh=False, sources_ok=False, live_ts=None)
    published(door, replace(state, nav=lost))
    disk = read_disk(door, 1)
    assert disk.confirmed is None and disk.last_nav == lost.nav
