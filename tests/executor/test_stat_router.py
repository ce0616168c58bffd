"""Router statistics (B-RTR-1..8): check values, bucket edges, the window, weighted and global figures."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st
from msgspec.structs import replace

from simkit.core.numeric import PRICE, QTY, USD
from simkit.core.settings import RouterSettings
from simkit.executor.router import (
    RouterStats,
    latency_bucket,
    liquidity_class,
    quality_score,
    slippage_bucket,
)

SECOND = 1_000_000
MS = 1_000


def stats() -> RouterStats:
    return RouterStats(RouterSettings())


def fill(
    router: RouterStats,
    ts: int,
    symbol: str = "SOLUSDT",
    bps: int = 0,
    latency_ms: int = 0,
    usd: int = 100,
    twap: bool = False,
    asked: int = 1,
) -> None:
    """A fill of `usd` at 100 USD intended, `bps` above it; `asked` times the filled quantity was wanted."""
    intended = 100 * PRICE
    qty = usd * QTY // 100
    price = intended + intended * bps // 10_000
    router.fill(symbol, ts - latency_ms * MS, ts, intended, price, qty, qty * asked, twap)


@pytest.mark.parametrize(
    ("router", "slippage", "latency", "twap", "score"),
    [
        ("B_MEDIUM", 4.0, 120.0, 0.5, 0.65),
        ("A_HIGH", 1.0, 100.0, 1.0, 0.80),
        ("C_LOW", 10.0, 900.0, 0.0, 0.35),
        ("GENERIC", 0.0, 0.0, 0.0, 0.70),
    ],
)
def test_check_values(router: str, slippage: float, latency: float, twap: float, score: float) -> None:
    assert quality_score(router, slippage_bucket(slippage), latency_bucket(latency), twap) == score


@pytest.mark.parametrize(
    ("drift", "bucket"),
    [(0.0, "GREEN"), (2.0, "GREEN"), (2.000001, "YELLOW"), (6.0, "YELLOW"), (6.000001, "RED")],
)
def test_slippage_bucket_edges(drift: float, bucket: str) -> None:
    assert slippage_bucket(drift) == bucket


@pytest.mark.parametrize(
    ("latency", "bucket"),
    [(0.0, "FAST"), (150.0, "FAST"), (150.001, "NORMAL"), (400.0, "NORMAL"), (400.001, "SLOW")],
)
def test_latency_bucket_edges(latency: float, bucket: str) -> None:
    assert latency_bucket(latency) == bucket


@pytest.mark.parametrize(
    ("symbol", "group"),
    [
        *((f"{base}USDT", "A_HIGH") for base in ("BTC", "ETH")),
        *((f"{base}USDT", "B_MEDIUM") for base in ("SOL", "LTC", "LINK", "XRP", "BNB", "ADA")),
        *((f"{base}USDT", "C_LOW") for base in ("DOGE", "SUI", "WIF", "PEPE", "SHIB", "FLOKI")),
        ("DOTUSDT", "GENERIC"),
        ("BTCDOMUSDT", "GENERIC"),
    ],
)
def test_liquidity_class_by_base_asset(symbol: str, group: str) -> None:
    assert liquidity_class(symbol) == group


def test_without_fills_there_is_a_part_without_score() -> None:
    part = stats().snapshot(0)
    assert (part.score, part.rows, part.router_bucket, part.twap_ratio) == (None, (), "B_MEDIUM", 0.0)
    assert (part.good, part.ok, part.degraded, part.broken) == (0, 0, 0, 0)


def test_one_fill() -> None:
    router = stats()
    fill(router, 10 * SECOND, bps=3, latency_ms=200, usd=1000)
    (row,) = router.snapshot(10 * SECOND).rows
    assert (row.slippage_bps, row.drift_bps, row.latency_ms) == (3.0, 3.0, 200.0)
    assert (row.slippage_bucket, row.latency_bucket, row.router_bucket) == ("YELLOW", "NORMAL", "B_MEDIUM")
    assert row.score == 0.57
    assert (row.events, row.child_count, row.child_fill_ratio, row.twap_ratio) == (1, 0, 0.0, 0.0)
    assert (row.last_order_ts, row.last_fill_ts) == (10 * SECOND - 200 * MS, 10 * SECOND)


def test_slippage_is_absolute_and_latency_never_negative() -> None:
    router = stats()
    router.fill("BTCUSDT", 10, 5, 100 * PRICE, 99 * PRICE, QTY, QTY, False)
    (row,) = router.snapshot(10).rows
    assert (row.slippage_bps, row.latency_ms) == (100.0, 0.0)


def test_averages_are_weighted_by_notional() -> None:
    router = stats()
    router.fill("BTCUSDT", 0, 100 * MS, 100 * PRICE, 100 * PRICE, 3 * QTY, 3 * QTY, False)
    router.fill("BTCUSDT", 0, 500 * MS, 100 * PRICE, 101 * PRICE, QTY, QTY, False)
    (row,) = router.snapshot(SECOND).rows
    assert row.total_notional == 401 * USD
    assert row.latency_ms == round((300 * 100 + 101 * 500) / 401, 3)
    assert row.slippage_bps == round(101 * 100 / 401, 6)


def test_averages_are_plain_when_nothing_has_a_notional() -> None:
    router = stats()
    for latency in (100, 300):
        router.fill("BTCUSDT", 0, latency * MS, 100 * PRICE, 100 * PRICE, 0, 0, False)
    part = router.snapshot(SECOND)
    assert (part.rows[0].latency_ms, part.latency_ms, part.rows[0].twap_ratio) == (200.0, 200.0, 0.0)


def test_inc36_drift_jumps_to_red_and_latency_to_slow() -> None:
    router = stats()
    scores = []
    for loop, (bps, latency) in enumerate([(1, 100)] * 3 + [(21, 100), (7, 100), (7, 9000)], start=1):
        fill(router, loop * 60 * SECOND, bps=bps, latency_ms=latency)
        part = router.snapshot(loop * 60 * SECOND)
        scores.append(part.score)
    assert scores == [0.65, 0.65, 0.65, 0.53, 0.53, 0.45]
    assert part.drift_bps == 7.0
    assert (part.ok, part.degraded) == (0, 1)


def test_twap_children_and_their_fill_ratio() -> None:
    router = stats()
    fill(router, SECOND, usd=100, twap=True, asked=2)
    fill(router, SECOND, usd=300)
    (row,) = router.snapshot(SECOND).rows
    assert (row.twap_ratio, row.child_count, row.child_fill_ratio) == (0.25, 1, 0.5)
    assert (row.twap_notional, row.total_notional) == (100 * USD, 400 * USD)


def test_children_without_an_intended_quantity_count_as_filled() -> None:
    router = stats()
    fill(router, SECOND, twap=True, asked=0)
    assert router.snapshot(SECOND).rows[0].child_fill_ratio == 1.0


@pytest.mark.parametrize(("age_us", "events"), [(900 * SECOND, 1), (900 * SECOND + 1, 0)])
def test_inc35_a_fill_leaves_the_window_after_900_s(age_us: int, events: int) -> None:
    router = stats()
    fill(router, 240 * SECOND)
    part = router.snapshot(240 * SECOND + age_us)
    assert len(part.rows) == events
    assert (part.score is None) is (events == 0)


def test_another_window_applies_from_the_next_snapshot() -> None:
    router = stats()
    fill(router, 0)
    router.use(RouterSettings(window_s=60.0))
    assert len(router.snapshot(60 * SECOND).rows) == 1
    assert router.snapshot(61 * SECOND).rows == ()


def test_an_old_fill_leaves_although_a_later_one_came_in_before_it() -> None:
    router = stats()
    fill(router, 20 * SECOND)
    fill(router, 10 * SECOND)
    (row,) = router.snapshot(915 * SECOND).rows
    assert (row.events, row.last_fill_ts) == (1, 20 * SECOND)


def test_drift_goes_on_where_it_was_after_the_window_was_empty() -> None:
    router = stats()
    fill(router, 0, bps=10)
    assert router.snapshot(2000 * SECOND).rows == ()
    fill(router, 2000 * SECOND, bps=0)
    assert router.snapshot(2000 * SECOND).rows[0].drift_bps == 7.0


def test_global_values_are_weighted_rows_and_score_is_not_their_average() -> None:
    router = stats()
    fill(router, SECOND, "BTCUSDT", bps=1, latency_ms=100, usd=300)
    fill(router, SECOND, "DOGEUSDT", bps=10, latency_ms=900, usd=100)
    part = router.snapshot(SECOND)
    heavy, light = (row.total_notional for row in part.rows)
    assert part.router_bucket == "A_HIGH"
    assert part.drift_bps == round((heavy * 1.0 + light * 10.0) / (heavy + light), 6)
    assert part.latency_ms == round((heavy * 100.0 + light * 900.0) / (heavy + light), 3)
    assert (part.slippage_bucket, part.latency_bucket) == ("YELLOW", "NORMAL")
    assert part.score == quality_score("A_HIGH", "YELLOW", "NORMAL", 0.0) == 0.62
    assert (part.ok, part.degraded) == (1, 1)


def test_rows_are_sorted_and_the_part_is_reused_while_nothing_changes() -> None:
    router = stats()
    fill(router, SECOND, "ETHUSDT")
    fill(router, SECOND, "BTCUSDT")
    part = router.snapshot(SECOND)
    assert [row.symbol for row in part.rows] == ["BTCUSDT", "ETHUSDT"]
    assert router.snapshot(2 * SECOND) is part


def test_router_events_stamp_the_time() -> None:
    router = stats()
    assert router.last_event_ts is None
    router.event(5)
    fill(router, 9)
    router.event(7)
    assert router.last_event_ts == 9


@settings(deadline=None, derandomize=True, max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2000),
            st.sampled_from(["BTCUSDT", "SOLUSDT", "DOGEUSDT"]),
            st.integers(0, 30),
            st.integers(0, 900),
            st.integers(1, 5000),
            st.booleans(),
        ),
        max_size=40,
    ),
    st.integers(0, 1500),
)
def test_a_window_that_slid_equals_one_that_only_saw_its_fills(
    fills: list[tuple[int, str, int, int, int, bool]], late: int
) -> None:
    fills.sort()
    end = (fills[-1][0] if fills else 0) + late
    slid, fresh = stats(), stats()
    for at, symbol, bps, latency, usd, twap in fills:
        fill(slid, at * SECOND, symbol, bps, latency, usd, twap)
        slid.snapshot(at * SECOND)
        if end - at <= 900:
            fill(fresh, at * SECOND, symbol, bps, latency, usd, twap)
    left, right = slid.snapshot(end * SECOND), fresh.snapshot(end * SECOND)
    assert [(r.symbol, r.events, r.slippage_bps, r.latency_ms, r.twap_ratio) for r in left.rows] == [
        (r.symbol, r.events, r.slippage_bps, r.latency_ms, r.twap_ratio) for r in right.rows
    ]
    assert all(0.2 <= row.score <= 1.0 and 0.0 <= row.twap_ratio <= 1.0 for row in left.rows)
    assert left.good + left.ok + left.degraded + left.broken == len(left.rows)


def test_the_drift_moves_once_per_order() -> None:
    """Later fills of an order ask for nothing more (B-RTR-2)."""
    router = stats()
    for at, (bps, asked) in enumerate([(10, 2), (20, 0), (20, 1)]):
        fill(router, at * SECOND, bps=bps, asked=asked)
    row = router.snapshot(2 * SECOND).rows[0]
    assert (row.events, row.drift_bps) == (3, 0.3 * 20 + 0.7 * 10)


def test_a_first_fill_of_an_earlier_order_sets_the_drift() -> None:
    router = stats()
    fill(router, 0, bps=10, asked=0)
    assert router.snapshot(0).rows[0].drift_bps == 10.0


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 40),
            st.integers(0, 900),
            st.integers(1, 500).map(lambda half: 2 * half),
            st.booleans(),
        ),
        min_size=1,
        max_size=8,
    ),
    st.data(),
)
def test_a_fill_in_two_halves_changes_counts_only(
    orders: list[tuple[int, int, int, bool]], data: st.DataObject
) -> None:
    split = data.draw(st.integers(0, len(orders) - 1))
    whole, halved = stats(), stats()
    for number, (bps, latency, usd, twap) in enumerate(orders):
        ts = number * SECOND
        fill(whole, ts, bps=bps, latency_ms=latency, usd=usd, twap=twap)
        if number == split:
            fill(halved, ts, bps=bps, latency_ms=latency, usd=usd // 2, twap=twap, asked=2)
            fill(halved, ts, bps=bps, latency_ms=latency, usd=usd // 2, twap=twap, asked=0)
        else:
            fill(halved, ts, bps=bps, latency_ms=latency, usd=usd, twap=twap)
    one, two = whole.snapshot(60 * SECOND), halved.snapshot(60 * SECOND)
    row, other = one.rows[0], two.rows[0]
    assert other.events == row.events + 1
    assert other.child_count == row.child_count + orders[split][3]
    assert replace(other, events=row.events, child_count=row.child_count) == row
    assert replace(two, rows=one.rows) == one
