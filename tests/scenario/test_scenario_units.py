"""Texts to exact numbers, and the words of each refusal."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings, strategies as st

from simkit.scenario import units
from simkit.scenario.model import Loops
from simkit.scenario.units import Unreadable


def refusal(parse: Callable[[str], object], text: str) -> str:
    """Message and hint of a text that cannot be read."""
    with pytest.raises(Unreadable) as caught:
        parse(text)
    return caught.value.message + (f" | {caught.value.hint}" if caught.value.hint else "")


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("60 s", 60_000_000),
        ("60s", 60_000_000),
        ("0.5 s", 500_000),
        ("5 min", 300_000_000),
        ("1 h", 3_600_000_000),
        ("1 d", 86_400_000_000),
        ("250 ms", 250_000),
        ("1 us", 1),
        ("0 s", 0),
    ],
)
def test_durations_are_microseconds(text: str, us: int) -> None:
    assert units.duration(text) == us


def test_a_duration_needs_a_unit_it_knows_and_a_whole_microsecond() -> None:
    assert refusal(units.duration, "60") == "`60` has no unit of time | write `60 s` or `60 min`"
    assert refusal(units.duration, "5 m") == "`m` is no unit of time | use us, ms, s, min, h or d"
    assert refusal(units.duration, "-1 s") == "`-1 s` is negative"
    assert refusal(units.duration, "0.0000001 s") == "`0.0000001 s` is finer than the grain of time, 1 us"


def test_money_is_micro_usd_with_or_without_its_unit() -> None:
    assert units.money("10000 USD") == units.money("10000") == 10_000_000_000
    assert units.money("-0.000001") == -1
    assert refusal(units.money, "0.0000001") == "`0.0000001` is finer than the grain of money, 0.000001 USD"
    assert refusal(units.money, "5 EUR") == "`5 EUR`: money has no unit `EUR` | write `500 USD`"
    assert (
        refusal(units.money, "10_000")
        == "found `10_000`, expected a number | write it without separators: 10000"
    )
    assert refusal(units.money, "ten") == "found `ten`, expected a number"


def test_prices_and_quantities_are_above_zero_and_exact_to_eight_digits() -> None:
    assert units.price("0.1") == 10_000_000
    assert units.price("100 USD") == 10_000_000_000
    assert units.qty("0.00000001") == 1
    assert refusal(units.price, "0") == "`0`: a price is above 0"
    assert (
        refusal(units.qty, "0.000000001") == "`0.000000001` is finer than the grain of quantities, 0.00000001"
    )
    assert refusal(units.qty, "-1").startswith("`-1`: a quantity is above 0")


def test_a_level_may_be_none() -> None:
    assert units.level("none") is None
    assert units.level("103") == 10_300_000_000


def test_numbers_out_of_range_are_refused_before_they_cost_anything() -> None:
    assert "too large" in refusal(units.money, "1e999")
    assert "too large" in refusal(units.money, "1e-999")
    assert "expected a number" in refusal(units.money, "1e999999999")
    assert "too large" in refusal(units.money, "1e16")
    assert "too large" in refusal(units.fraction, "0.12345678901234567 %")
    assert units.money("1e15") == 10**21


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("11 %", "0.11"),
        ("11%", "0.11"),
        ("150 bps", "0.015"),
        ("-10 %", "-0.1"),
        ("200 %", "2"),
        ("0 %", "0"),
    ],
)
def test_fractions_are_exact(text: str, value: str) -> None:
    assert units.fraction(text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0.11", "0.11 could be 11 % or 0.11 %: write one of them"),
        ("11", "11 could be 1100 % or 11 %: write one of them"),
        ("0", "0 could be 0 % or 0 %: write one of them"),
        ("1e-2", "0.01 could be 1 % or 0.01 %: write one of them"),
        ("5 USD", "`USD` is no unit of a fraction | use % or bps"),
    ],
)
def test_a_bare_fraction_is_refused_with_both_readings(text: str, shown: str) -> None:
    assert refusal(units.fraction, text) == shown


def test_basis_points_have_readings_of_their_own() -> None:
    assert units.bps("5 bps") == 5.0
    assert units.bps("0.05 %") == 5.0
    assert refusal(units.bps, "5") == "5 could be 5 bps or 5 %: write one of them"


def test_a_share_lies_between_0_and_100_percent() -> None:
    assert (units.share("0 %"), units.share("100 %")) == (0.0, 1.0)
    assert refusal(units.share, "100.01 %") == "`100.01 %` lies outside 0 %..100 %"
    assert refusal(units.share, "-1 bps") == "`-1 bps` lies outside 0 %..100 %"


def test_seeds_are_numbers_or_git_hashes() -> None:
    assert units.seed("42") == 42
    assert units.seed("9ea5be21c0ffee00") == units.seed("9ea5be21c0ff") == 0x9EA5BE21C0FF
    assert units.seed("12e4567") == 0x12E4567
    for text in ("-1", "abc", "9EA5BE2", "1" * 19, "x" * 10):
        assert "expected a whole number of at most 18 digits, or a git hash" in refusal(units.seed, text)


def test_loops_begin_with_1_and_end_with_the_last() -> None:
    assert units.loop("L1", 10) == 1
    assert units.loop("L10", 10) == 10
    read = lambda text: units.loop(text, 10)  # noqa: E731
    assert refusal(read, "L0") == "`L0` does not exist: L1 is the first loop"
    assert refusal(read, "L11") == "`L11` lies beyond the end: the last loop is L10"
    assert refusal(read, "3") == "found `3`, expected a loop such as `L3` | write `L3`"
    assert refusal(read, "l 3") == "found `l 3`, expected a loop such as `L3` | write `L3`"
    assert refusal(read, "always") == "found `always`, expected a loop such as `L3`"


def test_ranges_are_inclusive_and_may_stay_open() -> None:
    assert units.loop_range("L3", 10) == Loops(3, 3)
    assert units.loop_range("L3..L5", 10) == Loops(3, 5)
    assert units.loop_range("L3..", 10) == Loops(3, 10)
    read = lambda text: units.loop_range(text, 10)  # noqa: E731
    assert refusal(read, "L5..L3") == "`L5..L3` runs backwards | write `L3..L5`"
    assert refusal(read, "L3-L5") == "found `L3-L5`, expected a range of loops | write `L3..L5`"
    assert refusal(read, "L3..5") == "found `L3..5`, expected a range of loops | write `L3..L5`"
    assert refusal(read, "L3..L11") == "`L11` lies beyond the end: the last loop is L10"
    assert refusal(read, "..L5") == "found ``, expected a loop such as `L3`"


def test_keys_are_symbol_and_side() -> None:
    assert units.key("BTCUSDT:LONG") == ("BTCUSDT", "LONG")
    assert units.key("1000PEPEUSDT:SHORT") == ("1000PEPEUSDT", "SHORT")
    assert refusal(units.key, "BTCUSDT") == (
        "found `BTCUSDT`, expected `SYMBOL:SIDE` | write `BTCUSDT:LONG` or `BTCUSDT:SHORT`"
    )
    assert refusal(units.key, "BTCUSDT:long") == "`long` is no side | did you mean `LONG`?"
    assert (
        refusal(units.key, "btcusdt:LONG")
        == "found `btcusdt`, expected a symbol such as `BTCUSDT` | write `BTCUSDT`"
    )


def test_the_nearest_word_is_found_in_any_case() -> None:
    assert units.nearest("Prices", ["prices", "replay"]) == "did you mean `prices`?"
    assert units.nearest("zzz", ["a", "b"]) == "known here: a, b"
    assert units.nearest("zzz", ()) == ""


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.integers(-(10**12), 10**12))
def test_money_written_by_its_grain_comes_back_exactly(micro: int) -> None:
    assert units.money(format(Decimal(micro) / 10**6, "f")) == micro


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.integers(0, 10**9), st.sampled_from(["%", " %", " bps"]))
def test_a_fraction_is_its_number_times_its_unit(number: int, unit: str) -> None:
    scale = 10**4 if unit == " bps" else 100
    assert units.fraction(f"{number}{unit}") * scale == number


PARSERS: list[Callable[[str], object]] = [
    units.duration, units.money, units.price, units.qty, units.level, units.fraction, units.bps, units.share,
    units.seed, units.symbol, units.key, units.number, units.whole,
    lambda text: units.loop(text, 10), lambda text: units.loop_range(text, 10),
]  # fmt: skip


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.one_of(st.text(max_size=70), st.from_regex(r"[-+.0-9eEL:% a-zA-Z]{0,20}", fullmatch=True)))
def test_no_text_raises_anything_but_unreadable(text: str) -> None:
    for parse in PARSERS:
        try:
            result = parse(text)
        except Unreadable as problem:
            assert problem.message
        else:
            assert result is not None or text == "none"
