"""Recorded bars that are in order: layouts, columns, dates, several symbols, several files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from market_kit import closes, ohlc, play, price, replay, write

from simkit.core.clock import iso, parse_iso
from simkit.core.numeric import PRICE, scaled
from simkit.market.cells import label_of, price_of
from simkit.scenario.model import ColumnMap, Replay, Scripted, Step

HEADER = "timestamp,open,high,low,close,volume"
KLINE = ColumnMap("0", "1", "2", "3", "4")


def rows(*bars: str) -> list[str]:
    return [f"2022-01-01 00:0{minute}:00,{bar},9" for minute, bar in enumerate(bars)]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_one_bar_is_one_loop_and_its_date_a_label(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, HEADER, *rows("100,105,95,101", "101.5,102,99.00000001,100"))
    bars = play(replay(name, "BTCUSDT"), universe=("BTCUSDT",), loops=2, base=tmp_path)
    assert [ohlc(bar.ticks[0]) for bar in bars] == [(100, 105, 95, 101), (101.5, 102, 99.00000001, 100)]
    assert [iso(bar.label or 0) for bar in bars] == [
        "2022-01-01T00:00:00.000000Z",
        "2022-01-01T00:01:00.000000Z",
    ]
    assert [bar.ticks[0].low_first for bar in bars] == [True, False]
    assert [bar.ticks[0].mark for bar in bars] == [price(101), price(100)]


def test_a_scenario_may_play_the_beginning_of_a_file(tmp_path: Path) -> None:
    """What it does not play is not even looked at."""
    write(tmp_path, "a.csv", HEADER, *rows("1,1,1,1", "2,2,2,2"), "rubbish,,,,,")
    assert closes(play(replay("a.csv", "A"), universe=("A",), loops=2, base=tmp_path), "A") == [
        price(1),
        price(2),
    ]


def test_columns_are_found_by_name_in_any_order_and_case(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "Close, LOW ,High,Open,when", "3,1,4,2,2022-01-01")
    columns = ColumnMap(time="when")
    (bar,) = play(replay("a.csv", "A", columns=columns), universe=("A",), loops=1, base=tmp_path)
    assert ohlc(bar.ticks[0]) == (2, 4, 1, 3)


@pytest.mark.parametrize("header", [[], ["t,o,h,l,c"]], ids=["bare", "header"])
def test_columns_are_found_by_position(tmp_path: Path, header: list[str]) -> None:
    write(tmp_path, "a.csv", *header, "x,2022-01-01,2,4,1,3")
    columns = ColumnMap("1", "2", "3", "4", "5")
    (bar,) = play(replay("a.csv", "A", columns=columns), universe=("A",), loops=1, base=tmp_path)
    assert ohlc(bar.ticks[0]) == (2, 4, 1, 3)


@pytest.mark.parametrize(
    "header", [[], ["open_time,open,high,low,close,volume,close_time"]], ids=["bare", "header"]
)
@pytest.mark.parametrize("per_ms", [1, 1000], ids=["ms", "us"])
def test_the_kline_layout_needs_no_header_and_tolerates_one(
    tmp_path: Path, header: list[str], per_ms: int
) -> None:
    opens = [(1640995200000 + minute * 60_000) * per_ms for minute in range(2)]
    write(
        tmp_path,
        "k.csv",
        *header,
        *(f"{t},46216.93,46271.08,46208.37,46250.00,40.5,{t + 59_999},1" for t in opens),
    )
    path = Replay("k.csv", (("BTCUSDT", "BTCUSDT"),), layout="kline")
    bars = play(path, universe=("BTCUSDT",), loops=2, base=tmp_path)
    assert [iso(bar.label or 0) for bar in bars] == [
        "2022-01-01T00:00:00.000000Z",
        "2022-01-01T00:01:00.000000Z",
    ]
    assert ohlc(bars[0].ticks[0]) == (46216.93, 46271.08, 46208.37, 46250.0)


def test_symbols_of_one_file_are_aligned_whatever_their_order(tmp_path: Path) -> None:
    write(
        tmp_path, "m.csv", "symbol,timestamp,open,high,low,close",
        "x,2022-01-01,1,1,1,1", "y,2022-01-01,2,2,2,2", "z,2022-01-01,9,9,9,9",
        "y,2022-01-02,20,20,20,20", "x,2022-01-02,10,10,10,10",
    )  # fmt: skip
    path = Replay("m.csv", (("y", "YUSD"), ("x", "XUSD")), ColumnMap(symbol="symbol"))
    bars = play(path, universe=("XUSD", "YUSD"), loops=2, base=tmp_path)
    assert [[(tick.symbol, tick.close // PRICE) for tick in bar.ticks] for bar in bars] == [
        [("XUSD", 1), ("YUSD", 2)], [("XUSD", 10), ("YUSD", 20)],
    ]  # fmt: skip


def test_files_and_scripted_prices_are_played_side_by_side(tmp_path: Path) -> None:
    for name, bars in (("a.csv", ("1,1,1,1", "2,2,2,2")), ("b.csv", ("3,3,3,3", "4,4,4,4"))):
        write(tmp_path, name, HEADER, *rows(*bars))
    scripted = Scripted("C", (Step(1, price(7)),))
    found = play(
        replay("b.csv", "B"), scripted, replay("a.csv", "A"), universe=("A", "B", "C"), loops=2, base=tmp_path
    )
    assert [[tick.close // PRICE for tick in bar.ticks] for bar in found] == [[1, 3, 7], [2, 4, 7]]
    assert all(bar.label is not None for bar in found)


def test_an_outside_file_lies_in_the_data_folder(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", HEADER, *rows("1,1,1,1"))
    path = replay("a.csv", "A", outside=True)
    assert closes(play(path, universe=("A",), loops=1, data=tmp_path), "A") == [price(1)]


def test_daily_bars_may_skip_days(tmp_path: Path) -> None:
    days = ("2022-01-06", "2022-01-07", "2022-01-10", "2022-01-11", "2022-01-13")
    write(tmp_path, "d.csv", HEADER, *(f"{day},1,1,1,1,1" for day in days))
    assert len(play(replay("d.csv", "A"), universe=("A",), loops=5, base=tmp_path)) == 5


def test_blank_lines_quotes_a_byte_order_mark_and_crlf_are_no_mistakes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(
        '\ufefftimestamp,open,high,low,close\r\n\r\n"2022-01-01", 1, 1, 1,"1"\r\n\r\n'.encode()
    )
    assert closes(play(replay("a.csv", "A"), universe=("A",), loops=1, base=tmp_path), "A") == [price(1)]


@pytest.mark.parametrize(
    "text",
    [
        "2022-01-31", "20220131", "2022-01-31 00:00:00", "2022-01-31T00:00:00Z", " 2022-01-31 ",
        "2022-01-31 00:00:00.000000", "2022-01-31T02:00:00+02:00", "1643587200", "1643587200.0",
        "1643587200000", "1643587200000000",
    ],
)  # fmt: skip
def test_dates_iso_and_epochs_are_the_same_moment(text: str) -> None:
    assert label_of(text) == parse_iso("2022-01-31T00:00:00")


@pytest.mark.parametrize(
    "text", ["", "soon", "31.01.2022", "-5", "nan", "1e30", "2022-13-01", "16435872000000000000"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        label_of(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 10**8), ("0.00000001", 1), ("0.000000005", 0), ("0.000000015", 2), (".5", 5 * 10**7),
        ("5.", 5 * 10**8), (" 7 ", 7 * 10**8), ("1e3", 10**11), ("-1.5", -15 * 10**7), ("+2", 2 * 10**8),
        ("46319.0", 46319 * 10**8),
    ],
)  # fmt: skip
def test_a_price_is_read_exactly(text: str, value: int) -> None:
    assert price_of(text) == value


@pytest.mark.parametrize(
    "text", ["", "n/a", "nan", "inf", "1,000", "1_000", "1e999999", "1e30", "0x10", "1.2.3"]
)
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        price_of(text)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.decimals(min_value=0, max_value=10**9, allow_nan=False, allow_infinity=False))
def test_a_price_reads_as_the_exact_decimal_does(value: object) -> None:
    assert price_of(f"{value:f}") == scaled(f"{value:f}", PRICE)


def test_the_stocks_of_this_repository_are_in_order() -> None:
    """Four symbols, 905 days each, the fall of 2008 inside: read by the same checks as any other file."""
    folder = Path(__file__).parents[2] / "scenarios" / "replay"
    symbols = ("AAPL", "GOOG", "IBM", "MSFT")
    path = Replay(
        "data/us_stocks_daily.csv.gz", tuple((s, s) for s in symbols), ColumnMap(time="date", symbol="symbol")
    )
    bars = play(path, universe=symbols, loops=905, base=folder)
    assert [iso(bar.label or 0)[:10] for bar in (bars[0], bars[-1])] == ["2007-06-01", "2010-12-31"]
    assert [tick.close for tick in bars[0].ticks] == [
        price(p) for p in ("118.4", "500.397", "106.54", "30.59")
    ]
    assert all(len(bar.ticks) == 4 for bar in bars)
