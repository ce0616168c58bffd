"""Every mistake of a recorded file is found before L1, with its row, and all of them at once."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from market_kit import mistakes, play, replay, told, write

from simkit.core.errors import Exit, ScenarioError, SimkitError
from simkit.scenario.model import ColumnMap, Replay

HEADER = "timestamp,open,high,low,close"


def minutes(count: int, bar: str = "10,12,8,11") -> list[str]:
    return [f"2022-01-01 00:{minute:02}:00,{bar}" for minute in range(count)]


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        ("10,12,8", 1, "the row has 4 fields, 5 are needed"),
        ("x,12,8,11", 2, "open 'x' is not a number"),
        ("10,,8,11", 3, "high '' is not a number"),
        ("10,12,nan,11", 4, "low 'nan' is not a number"),
        ("10,12,8,1_1", 5, "close '1_1' is not a number"),
        ("10,12,0,11", 4, "low 0 is not above zero"),
        ("10,12,-1,11", 4, "low -1 is not above zero"),
        ("0.000000001,12,8,11", 2, "open 0.000000001 is not above zero"),
        ("10,7,8,11", 3, "high 7 is below low 8"),
        ("12.01,12,8,11", 2, "open 12.01 lies outside low..high, 8..12"),
        ("7.99,12,8,11", 2, "open 7.99 lies outside low..high, 8..12"),
        ("10,12,8,12.00000001", 5, "close 12.00000001 lies outside low..high, 8..12"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, column: int, message: str) -> None:
    lines = minutes(4)
    lines[2] = f"2022-01-01 00:02:00,{row}"
    write(tmp_path, "a.csv", HEADER, *lines)
    found = told(mistakes(tmp_path, replay("a.csv", "BTCUSDT"), loops=4))
    assert (4, column, message) in found
    assert {line for line, _, _ in found} == {4}, "nothing follows from it"


@pytest.mark.parametrize("row", ["12,12,8,8", "8,12,8,12", "10,10,10,10"])
def test_prices_on_the_edge_are_no_mistake(tmp_path: Path, row: str) -> None:
    write(tmp_path, "a.csv", HEADER, *minutes(3, row))
    assert len(play(replay("a.csv", "BTCUSDT"), universe=("BTCUSDT",), loops=3, base=tmp_path)) == 3


def test_a_time_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", HEADER, *minutes(2), "01/31/2022,1,1,1,1")
    found = mistakes(tmp_path, replay("a.csv", "BTCUSDT"), loops=3)
    assert (4, 1, "'01/31/2022' is not a time") in told(found)
    assert "ISO-8601" in found[-1].hint


def test_no_gap_and_no_absence_follows_from_a_row_that_cannot_be_read(tmp_path: Path) -> None:
    lines = [f"2022-01-01 00:0{m}:00,{s},1,1,1,1" for m in range(6) for s in "AB"]
    lines[3], lines[6] = "2022-01-01 00:01:00,B,1", "noon,A,1,1,1,1"
    write(tmp_path, "m.csv", "timestamp,symbol,open,high,low,close", *lines)
    assert told(mistakes(tmp_path, replay("m.csv", "A", "B"), loops=6, universe=("A", "B"))) == [
        (5, 1, "the row has 3 fields, 6 are needed"), (8, 1, "'noon' is not a time"),
    ]  # fmt: skip


def test_gaps_and_odd_steps_are_named(tmp_path: Path) -> None:
    lines = minutes(10)
    odd = "2022-01-01 00:06:30,10,12,8,11"
    write(tmp_path, "a.csv", HEADER, *lines[:3], *lines[5:7], odd, *lines[7:])
    assert told(mistakes(tmp_path, replay("a.csv", "BTCUSDT"), loops=9)) == [
        (5, 1, "2022-01-01T00:05:00.000000Z comes 180 s after the bar before it, the usual step is 60 s"),
        (7, 1, "2022-01-01T00:06:30.000000Z comes 30 s after the bar before it, the usual step is 60 s"),
        (8, 1, "2022-01-01T00:07:00.000000Z comes 30 s after the bar before it, the usual step is 60 s"),
    ]


def test_duplicates_and_disorder_are_named(tmp_path: Path) -> None:
    lines = minutes(5)
    write(tmp_path, "a.csv", HEADER, lines[0], lines[1], lines[1], lines[3], lines[2], lines[4])
    assert told(mistakes(tmp_path, replay("a.csv", "BTCUSDT"), loops=5)) == [
        (4, 1, "a second bar of BTCUSDT at 2022-01-01T00:01:00.000000Z"),
        (6, 1, "2022-01-01T00:02:00.000000Z comes after 2022-01-01T00:03:00.000000Z"),
    ]


def test_more_loops_than_bars_says_how_many_there_are(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", HEADER, *minutes(3))
    assert told(mistakes(tmp_path, replay("a.csv", "BTCUSDT"), loops=4)) == [
        (0, 0, "the scenario plays 4 loops, the file has 3 bars")
    ]


def test_every_symbol_needs_every_bar(tmp_path: Path) -> None:
    write(
        tmp_path, "m.csv", "timestamp,symbol,open,high,low,close",
        *(f"2022-01-01 00:0{m}:00,{s},1,1,1,1" for m in range(3) for s in "AB" if (m, s) != (1, "B")),
    )  # fmt: skip
    assert told(mistakes(tmp_path, replay("m.csv", "A", "B"), loops=3, universe=("A", "B"))) == [
        (4, 1, "no bar of B at 2022-01-01T00:01:00.000000Z")
    ]


def test_a_symbol_that_never_occurs_is_named_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        "m.csv",
        "timestamp,symbol,open,high,low,close",
        "2022-01-01,A,1,1,1,1",
        "2022-01-02,X,1,1,1,1",
    )
    (found,) = mistakes(tmp_path, replay("m.csv", "A", "B"), loops=1, universe=("A", "B"))
    assert (found.line, found.message) == (0, "no row of B in the bars that are played")
    assert found.hint == "the file has: A, X"


def test_a_file_sorted_by_symbol_gets_the_one_hint_that_helps(tmp_path: Path) -> None:
    write(
        tmp_path, "m.csv", "timestamp,symbol,open,high,low,close",
        *(f"2022-01-01 00:0{m}:00,{s},1,1,1,1" for s in "AB" for m in range(4)),
    )  # fmt: skip
    (found,) = mistakes(tmp_path, replay("m.csv", "A", "B"), loops=4, universe=("A", "B"))
    assert (found.line, found.hint) == (6, "sort the file by time, then by symbol")


def test_a_missing_column_lists_those_that_are_there(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "date;open", "2022-01-01;1")
    write(tmp_path, "b.csv", "timestamp,open,high,low,close,Close", "2022-01-01,1,1,1,1,1")
    found = mistakes(tmp_path, replay("a.csv", "BTCUSDT"), replay("b.csv", "ETHUSDT"), loops=1)
    assert told(found) == [
        *((1, 1, f"there is no column {name!r}") for name in ("close", "high", "low", "open", "timestamp")),
        (1, 1, "there are 2 columns 'close'"),
    ]
    assert found[0].hint == "the file's columns: date;open"
    assert found[0].file == "scenarios/f/a.csv"


def test_all_mistakes_of_all_files_come_at_once(tmp_path: Path) -> None:
    write(
        tmp_path, "a.csv", HEADER, *minutes(2), "2022-01-01 00:02:00,x,y,8,11", "2022-01-01 00:04:00,9,8,9,9"
    )
    write(tmp_path, "b.csv", HEADER, *minutes(3))
    found = mistakes(tmp_path, replay("a.csv", "A"), replay("b.csv", "B"), loops=4, universe=("A", "B"))
    assert [(mistake.file, mistake.line, mistake.column) for mistake in found] == [
        ("scenarios/f/a.csv", 4, 2), ("scenarios/f/a.csv", 4, 3), ("scenarios/f/a.csv", 5, 1),
        ("scenarios/f/a.csv", 5, 3), ("scenarios/f/b.csv", 0, 0),
    ]  # fmt: skip


def test_a_file_full_of_mistakes_is_cut_short_and_counted(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", HEADER, *minutes(50, "x,x,x,x"))
    found = mistakes(tmp_path, replay("a.csv", "BTCUSDT"), loops=50)
    assert len(found) == 101
    assert told(found)[0] == (0, 0, "100 more are not listed")


def test_files_with_different_dates_do_not_go_together(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", HEADER, *minutes(3))
    write(tmp_path, "b.csv", HEADER, *minutes(4)[1:])
    (found,) = mistakes(tmp_path, replay("a.csv", "A"), replay("b.csv", "B"), loops=3, universe=("A", "B"))
    assert found.file == "scenarios/f/b.csv"
    assert found.message.startswith(
        "L1 is 2022-01-01T00:01:00.000000Z here and 2022-01-01T00:00:00.000000Z in"
    )


@pytest.mark.parametrize("loops", [1, 3])
def test_an_empty_file_is_named(tmp_path: Path, loops: int) -> None:
    (tmp_path / "a.csv").write_bytes(b"")
    assert told(mistakes(tmp_path, replay("a.csv", "BTCUSDT"), loops=loops)) == [(0, 0, "the file is empty")]


def damaged(kind: str) -> tuple[str, bytes]:
    good = "\n".join([HEADER, *(f"{1640995200 + 60 * n},1,1,1,1" for n in range(2000))]).encode()
    return {
        "not gzip": ("a.csv.gz", b"timestamp,open"),
        "cut short": ("a.csv.gz", gzip.compress(good)[:-20]),
        "garbled": ("a.csv.gz", gzip.compress(good)[:40] + b"\xff" * 40),
        "not UTF-8": ("a.csv", good[:300] + b"\xff\xfe"),
        "quotes": ("a.csv", f'{HEADER}\n"2022-01-01,1,1,1,1'.encode()),
    }[kind]


@pytest.mark.parametrize("kind", ["not gzip", "cut short", "garbled", "not UTF-8", "quotes"])
def test_a_damaged_file_is_no_traceback(tmp_path: Path, kind: str) -> None:
    name, content = damaged(kind)
    (tmp_path / name).write_bytes(content)
    found = told(mistakes(tmp_path, replay(name, "BTCUSDT"), loops=10_000))
    assert found[-1][2].startswith("the file cannot be read further: ")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, replay("none.csv", "BTCUSDT"), loops=1)
    assert found.text() == (
        "scenarios/f/none.csv: there is no such file\n    it should lie in the scenario's folder"
    )


@pytest.mark.parametrize("file", ["../a.csv", "sub/../../a.csv"])
def test_a_path_may_not_leave_its_folder(tmp_path: Path, file: str) -> None:
    (tmp_path / "inner" / "sub").mkdir(parents=True)
    write(tmp_path, "a.csv", HEADER, *minutes(1))
    for path, base in ((file, "inner"), (str(tmp_path / "a.csv"), "inner")):
        (found,) = mistakes(tmp_path / base, replay(path, "BTCUSDT"), loops=1)
        assert found.message == "the path leaves its folder"


def test_a_link_may_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    write(tmp_path, "a.csv", HEADER, *minutes(1))
    (tmp_path / "inner" / "link.csv").symlink_to(tmp_path / "a.csv")
    (found,) = mistakes(tmp_path / "inner", replay("link.csv", "BTCUSDT"), loops=1)
    assert found.message == "the path leaves its folder"


def test_an_outside_file_needs_the_data_folder(tmp_path: Path) -> None:
    path = replay("a.csv", "A", outside=True)
    with pytest.raises(SimkitError, match="pass --data DIR") as caught:
        play(path, universe=("A",), loops=1, base=tmp_path)
    assert caught.value.exit_code == Exit.USAGE
    with pytest.raises(ScenarioError, match="it should lie in the folder given with --data"):
        play(path, universe=("A",), loops=1, data=tmp_path)


def test_the_kline_layout_is_checked_like_any_other(tmp_path: Path) -> None:
    write(tmp_path, "k.csv", "1640995200000,1,1,1,1", "1640995260000,1,1,1,1", "1640995320000,2,1,1,1")
    path = Replay("k.csv", (("A", "A"),), ColumnMap(), "kline")
    assert told(mistakes(tmp_path, path, loops=3, universe=("A",))) == [
        (3, 2, "open 2 lies outside low..high, 1..1")
    ]
