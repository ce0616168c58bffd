"""`publish_wrong`: what it makes of a document, what it leaves alone, and that it says when it changed nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from make_state import make_scenario
from msgspec.structs import replace

from simkit.contract.table import REGISTRY_PATH, by_stem
from simkit.core.acted import Acted
from simkit.core.canon import canonical, decode, encode
from simkit.core.scratch import scratch_folder
from simkit.run import simulate
from simkit.scenario.compile import Origin, compile_scenarios
from simkit.scenario.model import Fault, Loops, PublishWrong
from simkit.surfaces.publish import PER_LOOP
from simkit.surfaces.wrong_values import WrongValues
from simkit.trace.record import LoopRecord

KPIS = by_stem["kpis_v7"].path
POSITIONS = by_stem["positions_state"].path
L5 = Loops(5, 5)


def document() -> dict[str, Any]:
    return {
        "per_symbol": {"BTCUSDT": {"pnl": 1.0}, "ETHUSDT": {"pnl": -1.0}},
        "portfolio": {"dd_pct": 0.25, "nav": 10000.0},
    }


def told(
    *faults: PublishWrong, of: object = None, path: str = KPIS, loop: int = 5
) -> tuple[Any, list[Fault]]:
    """The document as it is published, and the faults that changed nothing."""
    acted: Acted[Fault] = Acted(faults)
    values = WrongValues(make_scenario(faults=faults))
    published = values.told(path, loop, document() if of is None else of, acted)
    return published, list(acted.without_effect)


def wrong(field: str, value: str, at: Loops = L5) -> PublishWrong:
    return PublishWrong(at, field, value)


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("12.0", b"12.0"), ("null", b"null"), ('"11 %"', b'"11 %"'), ("true", b"true"), ("NaN", b"NaN"),
        ("-Infinity", b"-Infinity"), ('{"a":[1,NaN]}', b'{"a":[1,NaN]}'), ("9007199254740993", b"9007199254740993"),
    ],
)  # fmt: skip
def test_any_json_value_is_published_as_it_is_written(value: str, printed: bytes) -> None:
    published, idle = told(wrong("kpis_v7.portfolio.dd_pct", value))
    assert encode(published) == encode(document()).replace(b"0.25", printed)
    assert idle == []


@pytest.mark.parametrize(
    ("field", "left"),
    [
        ("kpis_v7.portfolio.dd_pct", b'"portfolio":{"nav":10000.0}}'),
        ("kpis_v7.portfolio", b'"ETHUSDT":{"pnl":-1.0}}}'),
        ("kpis_v7.per_symbol[ETHUSDT]", b'{"per_symbol":{"BTCUSDT":{"pnl":1.0}},'),
    ],
)
def test_missing_leaves_out_the_key_or_the_entry(field: str, left: bytes) -> None:
    published, idle = told(wrong(field, ""))
    assert left in encode(published) and idle == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kpis_v7.portfolio.dd_pct", "0.25"),  # it says so already
        ("kpis_v7.portfolio.var_nav_pct", "0.1"),  # not in this document
        ("kpis_v7.portfolio.var_nav_pct", ""),
        ("kpis_v7.per_symbol[SOLUSDT].pnl", "0.1"),
    ],
)
def test_what_changes_nothing_is_without_effect(field: str, value: str) -> None:
    fault = wrong(field, value)
    published, idle = told(fault)
    assert encode(published) == encode(document()) and idle == [fault]


def test_a_hair_is_a_change_and_so_is_another_type() -> None:
    for value in ("0.250000001", "1", '"0.25"'):
        assert told(wrong("kpis_v7.portfolio.dd_pct", value))[1] == []


@pytest.mark.parametrize(
    ("at", "acts"),
    [(Loops(1, 4), False), (Loops(6, 9), False), (Loops(2, 8, 3), True), (Loops(1, 9, 3), False)],
)
def test_only_the_loops_of_the_fault_are_touched(at: Loops, acts: bool) -> None:
    of = document()
    fault = wrong("kpis_v7.portfolio.dd_pct", "9.0", at)
    published, idle = told(fault, of=of)
    assert (published is of) is not acts
    assert idle == ([] if acts else [fault])


def test_the_writers_own_document_stays_as_it_is() -> None:
    of = document()
    told(wrong("kpis_v7.portfolio.dd_pct", "9.0"), of=of)
    assert of == document()


ROWS = {
    "positions": [{"qty": 1.0, "side": "LONG", "symbol": "A"}, {"qty": 2.0, "side": "LONG", "symbol": "B"}]
}


@pytest.mark.parametrize(
    ("field", "value", "left"),
    [
        ("positions_state.positions[B:LONG].qty", "3.0", [("A", 1.0), ("B", 3.0)]),
        ("positions_state.positions[1].qty", "3.0", [("A", 1.0), ("B", 3.0)]),
        ("positions_state.positions[A]", "", [("B", 2.0)]),
        ("positions_state.positions[0]", "", [("B", 2.0)]),
    ],
)
def test_a_row_answers_to_its_key_or_its_number(
    field: str, value: str, left: list[tuple[str, float]]
) -> None:
    published, idle = told(wrong(field, value), of=ROWS, path=POSITIONS)
    assert [(row["symbol"], row["qty"]) for row in published["positions"]] == left
    assert idle == []


def test_the_number_of_a_plain_row_is_taken_at_its_word() -> None:
    of = {"config": {"factors": ["a", "a", "a"]}}
    published, _ = told(
        wrong("factor_diagnostics.config.factors[2]", '"b"'), of=of, path=by_stem["factor_diagnostics"].path
    )
    assert published == {"config": {"factors": ["a", "a", "b"]}}


def test_several_wrong_values_add_up_in_file_order() -> None:
    published, idle = told(
        wrong("kpis_v7.portfolio", '{"dd_pct":1.0,"nav":NaN}'), wrong("kpis_v7.portfolio.dd_pct", "2.0")
    )
    assert encode(published["portfolio"]) == b'{"dd_pct":2.0,"nav":NaN}' and idle == []


@settings(deadline=None, derandomize=True, max_examples=80)
@given(st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
))  # fmt: skip
def test_a_canonical_value_keeps_the_document_canonical(value: object) -> None:
    text = canonical(encode(value)).decode()
    published, _ = told(wrong("kpis_v7.portfolio", text))
    data = encode(published)
    assert data == canonical(data) and decode(data)["portfolio"] == value


def test_the_builders_of_a_scenario_without_wrong_values_are_the_builders() -> None:
    assert WrongValues(make_scenario()).over(PER_LOOP) is PER_LOOP
    altered = WrongValues(make_scenario(faults=(wrong("nav.nav", "1.0"),))).over(PER_LOOP)
    assert [
        path for (path, build), (_, plain) in zip(altered, PER_LOOP, strict=True) if build is not plain
    ] == [by_stem["nav"].path]


# In a run --------------------------------------------------------------------------------------------------

RUN = """\
simkit: 1
id: told
seed: 1
clock: {start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 5}
account: {cash: 10000 USD}
prices: {BTCUSDT: 100}
positions: {BTCUSDT:LONG: {qty: 1, entry: 100, tp: 130, sl: 70}}
executor: {intel: {every: 2}}
"""


def run(tmp_path: Path, *faults: str) -> tuple[list[LoopRecord], int, str]:
    """Every loop's record, how many faults changed nothing, and the hash of the run."""
    text = RUN + (f"faults: [{', '.join(f'{{{fault}}}' for fault in faults)}]\n" if faults else "")
    (scenario,) = compile_scenarios(text.encode(), Origin("told.yaml", "family", "told", Path("nowhere")))
    records: list[LoopRecord] = []

    def see(record: LoopRecord) -> None:
        records.append(replace(record, tree=dict(record.tree)))

    with scratch_folder(tmp_path) as folder:
        result = simulate(scenario, folder, base=folder, on_loop=see)
    return records, len(result.judgement.without_effect), result.recording.running


@pytest.mark.parametrize(
    ("fault", "stem"),
    [
        ("publish_wrong: nav_state.lkg, value: true", "nav_state"),
        ("publish_wrong: engine_metadata.status, value: dead", "engine_metadata"),
        ("publish_wrong: 'position_tp_sl.entries[BTCUSDT:LONG]', value: missing", "position_tp_sl"),
        ("publish_wrong: 'symbol_scores_v6.symbols[BTCUSDT].score', value: 0.1", "symbol_scores_v6"),
    ],
)
def test_every_surface_can_be_wrong_and_is_right_in_the_next_write(
    tmp_path: Path, fault: str, stem: str
) -> None:
    path = REGISTRY_PATH if stem == "position_tp_sl" else by_stem[stem].path
    honest, _, _ = run(tmp_path)
    told, idle, _ = run(tmp_path, f"at: L3, {fault}")
    assert idle == 0
    for record, other in zip(honest, told, strict=True):
        assert set(record.tree) == set(other.tree)
        changed = {name for name in record.tree if record.tree[name] != other.tree[name]}
        stale = stem == "symbol_scores_v6" and record.loop == 4
        assert changed == ({path} if record.loop == 3 or stale else set())
        assert all(data == canonical(data) for data in other.tree.values())


def test_sync_state_mirrors_a_wrong_nav(tmp_path: Path) -> None:
    told, idle, _ = run(tmp_path, "at: L3, publish_wrong: nav.nav, value: 9000")
    shown = [decode(record.tree[by_stem["nav_state"].path])["total_equity"] for record in told]
    assert (shown, idle) == ([10000.0, 10000.0, 9000.0, 10000.0, 10000.0], 0)


def test_a_new_executor_believes_what_it_finds(tmp_path: Path) -> None:
    level = "position_tp_sl.entries[BTCUSDT:LONG].stop_loss_price"
    wrong = f"at: L2, publish_wrong: '{level}', value: 60"
    for more, shown in ((), [70.0, 70.0, 70.0]), (("at: L2, crash: kpis_v7",), [70.0, 60.0, 60.0]):
        told, idle, _ = run(tmp_path, wrong, *more)
        ledgers = [decode(record.tree[by_stem["positions_ledger"].path])["entries"] for record in told[1:4]]
        assert ([entries[0]["sl"] for entries in ledgers], idle) == (shown, 0)


def test_a_file_that_is_not_written_in_the_loop_cannot_be_wrong(tmp_path: Path) -> None:
    fault = "publish_wrong: 'symbol_scores_v6.symbols[BTCUSDT].score', value: 0.1"
    assert run(tmp_path, f"at: L4, {fault}")[1] == 1
    assert (
        run(tmp_path, "at: L4, publish_wrong: nav_state.lkg, value: true", "at: L4, sync_down: true")[1] == 1
    )


def test_the_same_wrong_values_are_the_same_bytes(tmp_path: Path) -> None:
    faults = (
        "at: L2, publish_wrong: nav.nav, value: nan",
        "at: L3.., every: 2, publish_wrong: nav_state.lkg, value: 7",
    )
    first, second = run(tmp_path, *faults), run(tmp_path, *faults)
    assert first[1:] == second[1:] and first[1] == 0
    assert [record.tree for record in first[0]] == [record.tree for record in second[0]]
