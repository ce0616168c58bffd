"""Names of published fields: unique endings, selected keys, candidates; and values in a tree."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from simkit.contract.fields import MISSING, Candidates, Field, look_up, resolve, steps, table
from simkit.contract.table import SURFACES

EXIT = "diagnostics.runtime_diagnostics.exit_pipeline"


def field(written: str) -> Field:
    """The field that a name resolves to."""
    found = resolve(written)
    assert isinstance(found, Field), found
    return found


def candidates(written: str) -> Candidates:
    """The candidates of a name that is no field's."""
    found = resolve(written)
    assert isinstance(found, Candidates), found
    return found


@pytest.mark.parametrize(
    ("written", "path", "unit"),
    [
        ("risk_mode", "risk_snapshot.risk_mode", ""),
        ("dd_state.state", "risk_snapshot.dd_state.state", ""),
        ("nav_state.drawdown", "nav_state.drawdown", "percent"),
        ("risk_snapshot.drawdown.dd_pct", "risk_snapshot.drawdown.dd_pct", "fraction"),
        ("circuit_breaker.active", "risk_snapshot.circuit_breaker.active", ""),
        ("anomalies", "risk_snapshot.anomalies", ""),
        ("nav_jump.pct", "risk_snapshot.anomalies.nav_jump.pct", "fraction"),
        ("veto_counters.by_reason", "diagnostics.runtime_diagnostics.veto_counters.by_reason", ""),
        ("tp_sl_coverage_pct", f"{EXIT}.tp_sl_coverage_pct", "fraction"),
        ("ghost_ledger_entries", f"{EXIT}.mismatch_breakdown.ghost_ledger_entries", "count"),
        ("last_exit_trigger_ts", f"{EXIT}.last_exit_trigger_ts", "iso"),
        ("open_positions_count", f"{EXIT}.open_positions_count", "count"),
        ("nav.nav", "nav.nav", "usd"),
        ("router_health", "router_health.router_health", ""),
        ("global.quality_score", "router_health.router_health.global.quality_score", "score"),
        ("positions_state.positions[BTCUSDT:LONG].qty", "positions_state.positions[BTCUSDT:LONG].qty", "qty"),
        ("kpis_v7.per_symbol[BTCUSDT].pnl", "kpis_v7.per_symbol[BTCUSDT].pnl", "usd"),
        ("entries[A:LONG].stop_loss_price", "position_tp_sl.entries[A:LONG].stop_loss_price", "price"),
        (
            "by_reason.max_concurrent",
            "diagnostics.runtime_diagnostics.veto_counters.by_reason[max_concurrent]",
            "count",
        ),
        ("correlation_matrix[0][1]", "factor_diagnostics.covariance.correlation_matrix[0][1]", "factor"),
        ("engine_metadata.status", "engine_metadata.status", ""),
    ],
)
def test_a_unique_ending_names_a_field(written: str, path: str, unit: str) -> None:
    found = field(written)
    assert (found.path, found.unit) == (path, unit)
    assert found.pattern in table()


def test_every_full_path_names_itself() -> None:
    for pattern, known in table().items():
        if "[" not in pattern and "." in pattern:
            assert field(pattern) == known


def test_an_ending_of_two_paths_lists_both() -> None:
    assert candidates("dd_pct") == Candidates(
        "dd_pct",
        (
            "kpis_v7.drawdown.dd_pct",
            "kpis_v7.portfolio.dd_pct",
            "risk_snapshot.dd_state.drawdown.dd_pct",
            "risk_snapshot.drawdown.dd_pct",
        ),
        True,
    )
    assert candidates("drawdown").ambiguous
    assert candidates("nav").ambiguous


def test_a_wrong_name_lists_what_comes_close() -> None:
    assert candidates("rsk_mode") == Candidates("rsk_mode", ("risk_snapshot.risk_mode",), False)
    assert candidates("positions.qty").paths[0] == "positions_ledger.entries[KEY].qty"
    assert candidates("zzzzzz") == Candidates("zzzzzz", (), False)


def test_a_row_must_be_chosen() -> None:
    assert candidates("stop_loss_price").paths == ("position_tp_sl.entries[KEY].stop_loss_price",)


@pytest.mark.parametrize("written", ["", ".", "a..b", "a[b", "[x].qty", "a b", "a[b]]", "risk_snapshot"])
def test_what_is_no_path_is_no_field(written: str) -> None:
    assert isinstance(resolve(written), Candidates)


def test_types_words_and_nulls_come_from_the_shapes() -> None:
    assert field("risk_mode").choices == ("DEFENSIVE", "HALTED", "OK", "WARN")
    assert field("dd_state.state").kind == "text"
    assert (field("nav_state.drawdown").nullable, field("nav.nav").nullable) == (True, False)
    assert (field("nav.nav").core, field("nav.nav_total").core) == (True, False)
    kinds = {"anomalies": "object", "by_reason": "map", "top_vetoes": "list", "total_orders": "int"}
    assert {name: field(name).kind for name in kinds} == kinds


def test_every_surface_is_in_the_table() -> None:
    for surface in SURFACES:
        names = {part.encode_name for part in msgspec.structs.fields(surface.shape)}
        assert names == {
            p.split(".")[1] for p in table() if p.startswith(surface.stem + ".") if "[" not in p
        } | {p.split(".")[1].split("[")[0] for p in table() if p.startswith(surface.stem + ".")}


DOCS = {
    "positions_state": {
        "positions": [
            {"symbol": "A", "side": "LONG", "qty": 1.0},
            {"symbol": "A", "side": "SHORT", "qty": -2.0},
        ]
    },
    "positions_ledger": {"entries": [{"position_key": "A:LONG", "tp": None}]},
    "kpis_v7": {"per_symbol": {"A": {"pnl": 3.0}}},
    "factor_diagnostics": {"covariance": {"correlation_matrix": [[1.0, 0.5], [0.5, 1.0]]}},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("positions_state.positions[A:SHORT].qty", -2.0),
        ("positions_state.positions[A].qty", 1.0),
        ("positions_state.positions[1].qty", -2.0),
        ("positions_ledger.entries[A:LONG].tp", None),
        ("kpis_v7.per_symbol[A].pnl", 3.0),
        ("factor_diagnostics.covariance.correlation_matrix[0][1]", 0.5),
        ("positions_state.positions[B:LONG].qty", MISSING),
        ("positions_state.positions[2]", MISSING),
        ("kpis_v7.portfolio.nav", MISSING),
        ("nav.nav", MISSING),
        ("kpis_v7.per_symbol[A].pnl.deeper", MISSING),
    ],
)
def test_a_value_is_read_or_is_missing(path: str, value: object) -> None:
    assert look_up(DOCS, path) == value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["symbol", "positions", "a"]), inner)
    ),
    max_leaves=4,
)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(JSON)
def test_reading_never_raises_on_any_tree(tree: object) -> None:
    for path in (
        "positions_state.positions[A:LONG].qty",
        "positions_state.a[0][1]",
        "positions_state.symbol.a",
    ):
        look_up({"positions_state": tree}, path)
    assert steps("a.b[K].c") == ("a", "b", "[K]", "c")
