"""Tolerant readers and the tolerance."""

from __future__ import annotations

import pytest
from good_tree import START, World
from hypothesis import given, settings, strategies as st

from simkit.contract.readers import decode, parse_time, read_object, surface_time
from simkit.contract.shape_check import shape_faults
from simkit.contract.shapes.book import Nav, PositionsLedger, PositionsState
from simkit.contract.table import by_stem
from simkit.contract.tolerance import near
from simkit.core.clock import iso


@pytest.mark.parametrize(
    "value",
    [
        "2025-01-06T00:00:00.000000Z",
        "2025-01-06T00:00:00+00:00",
        "2025-01-06T01:00:00+01:00",
        "2025-01-06T00:00:00",
        1_736_121_600,
        1_736_121_600.0,
        1_736_121_600_000,
        "1736121600",
        "1736121600000",
    ],
)
def test_every_form_of_time_is_read(value: object) -> None:
    assert parse_time(value) == START


@pytest.mark.parametrize(
    "value",
    [None, True, [], {}, "", "noon", "2025-13-01", float("nan"), float("inf"), -1, 10**40, "9" * 30, "٣"],
)
def test_what_is_no_time_is_none(value: object) -> None:
    assert parse_time(value) is None


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.integers(0, 253_402_300_799_999_999))
def test_our_own_stamps_come_back(ts: int) -> None:
    assert parse_time(iso(ts)) == ts


def test_the_alias_stands_in_for_a_time_that_cannot_be_read() -> None:
    assert surface_time({"updated_ts": "x", "updated_at": START / 1e6}) == START
    assert surface_time({"updated_at": None}) is None


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.binary(max_size=40))
def test_reading_never_raises_and_says_why_not(data: bytes) -> None:
    doc, reason = read_object(data)
    assert (doc is None) is bool(reason)


def test_typed_decoding_gives_the_shape_or_nothing() -> None:
    docs = World().loops[0].docs
    import msgspec

    for stem in (*by_stem, "position_tp_sl"):
        assert decode(stem, msgspec.json.encode(docs[stem])) is not None, stem
        assert decode(stem, b"{}") is None
    assert decode("nav", None) is None
    assert decode("unknown", b"{}") is None


def test_all_faults_of_a_document_are_listed_with_their_paths() -> None:
    doc = World().loops[0].docs["positions_ledger"]
    doc["entries"][1]["qty"] = "2"
    del doc["entries"][0]["tp"]
    doc["metadata"]["entry_count"] = -1
    doc["tp_sl_levels"]["BTCUSDT:LONG"]["sl"] = True
    assert shape_faults(doc, PositionsLedger) == [
        ("entries[0].tp", "absent", "is missing"),
        ("entries[1].qty", "2", "must be a number"),
        ("metadata.entry_count", "-1", "must be an integer >= 0"),
        ("tp_sl_levels[BTCUSDT:LONG].sl", "true", "must be a number"),
    ]


def test_nullable_and_optional_fields_and_words_are_no_faults() -> None:
    doc = World().loops[0].docs["positions_state"]
    doc["positions"][0].update(realized_pnl=None, side="BOTH", leverage=3)
    del doc["updated_ts"]
    assert shape_faults(doc, PositionsState) == []
    assert shape_faults([], PositionsState) == [("", "[]", "must be an object")]
    assert shape_faults({"nav": 1, "nav_usd": 1, "updated_ts": "x", "exec_stats": None}, Nav) == [
        ("exec_stats", "null", "must be an object")
    ]


def test_the_fast_check_rests_on_names_without_digits() -> None:
    """INV-G18 compares files with their digits removed: no required key may hold one."""
    from simkit.contract.fields import table
    from simkit.contract.view import INTEL

    stems = [stem for stem in by_stem if stem not in INTEL]
    required = [f for f in table().values() if f.core and f.pattern.partition(".")[0] in stems]
    required = [field for field in required if "." in field.pattern]
    assert required
    assert [field.pattern for field in required if any(c.isdigit() for c in field.name)] == []


@pytest.mark.parametrize(
    ("a", "b", "grain", "agree"),
    [
        (1.0, 1.0 + 0.9e-6, 0.0, True),
        (1.0, 1.0 + 1.1e-6, 0.0, False),
        (1.0, 1.0 + 1.4e-6, 0.5e-6, True),
        (1.0, 1.0 + 1.6e-6, 0.5e-6, False),
        (1e6, 1e6 + 0.9e-3, 0.0, True),
        (1e6, 1e6 + 1.1e-3, 0.0, False),
        (-5.0, 5.0, 0.0, False),
        (float("nan"), 1.0, 0.0, False),
    ],
)
def test_the_tolerance_is_the_larger_of_absolute_and_relative(
    a: float, b: float, grain: float, agree: bool
) -> None:
    assert near(a, b, grain) is agree
    assert near(b, a, grain) is agree
