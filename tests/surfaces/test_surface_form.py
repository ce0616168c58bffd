"""Every surface in its published form: canonical bytes, every field present, nothing lost on the way back."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from make_state import SYMBOLS, VAR, flat_state, make_state
from msgspec import UNSET, Struct
from msgspec.structs import replace

from simkit.contract.shapes.base import Shape
from simkit.contract.table import by_path
from simkit.core import canon
from simkit.core.settings import IntelSettings, Settings
from simkit.executor.state import ExecutorState
from simkit.surfaces.publish import PER_INTEL, PER_LOOP

#: Optional fields that a full state leaves out: those that the reference executor has no source for, `status`
#: (set only without figures) and `symbols` (a portfolio's breach names none).
LEFT_OUT = {
    "ExecStats.last_heartbeats",
    "NavDetail.conversions",
    "RegistryEntry.strategy",
    "Var.status",
    "Cvar.status",
    "Breach.symbols",
}


def documents(state: ExecutorState) -> dict[str, Shape]:
    """Every document of one loop by path."""
    found = {path: build(state) for path, build in PER_LOOP}
    if state.intel is not None:
        found |= {path: build(state, state.intel) for path, build in PER_INTEL}
    return found


FULL = documents(
    make_state(
        drawdown=replace(make_state().drawdown, state="DRAWDOWN", dd=0.11, breaker_active=True),
        var=replace(VAR, value=0.2, within_limit=False),
    )
)
FLAT = documents(flat_state())
SWITCHED_OFF = documents(
    make_state(settings=Settings(intel=IntelSettings(auto_weighting=False, orthogonalization=False)))
)


def unset(value: Any) -> set[str]:
    """`Class.field` of every field that is left out somewhere below `value`."""
    found: set[str] = set()
    if isinstance(value, Struct):
        for name in value.__struct_fields__:
            item = getattr(value, name)
            if item is UNSET:
                found.add(f"{type(value).__name__}.{name}")
            found |= unset(item)
    elif isinstance(value, dict):
        for item in value.values():
            found |= unset(item)
    elif isinstance(value, list):
        for item in value:
            found |= unset(item)
    return found


DOCUMENTS = [
    pytest.param(document, id=f"{name}-{path.rpartition('/')[2]}")
    for name, tree in (("full", FULL), ("flat", FLAT), ("switched_off", SWITCHED_OFF))
    for path, document in tree.items()
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_published_bytes_are_canonical(document: Shape) -> None:
    data = canon.encode(document)
    assert data == canon.canonical(data)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_reads_back_as_it_was_built(document: Shape) -> None:
    """A NaN, printed as null, would differ here, and an integer in a float field, printed without a point."""
    data = canon.encode(document)
    back = msgspec.json.decode(data, type=type(document))
    assert back == document
    assert canon.encode(back) == data


def test_the_registered_files_hold_the_shapes_of_the_contract() -> None:
    registered = {path: type(document) for path, document in FULL.items() if path in by_path}
    assert registered == {s.path: s.shape for s in by_path.values() if s.id != "S2"}


def test_a_full_state_fills_every_field_there_is_a_source_for() -> None:
    assert unset(list(FULL.values())) == LEFT_OUT


def test_a_flat_book_keeps_empty_collections_and_nullable_keys() -> None:
    plain = {path.rpartition("/")[2]: canon.decode(canon.encode(d)) for path, d in FLAT.items()}
    assert plain["positions_state.json"]["positions"] == []
    assert plain["positions_ledger.json"]["entries"] == []
    assert plain["positions_ledger.json"]["tp_sl_levels"] == {}
    assert plain["positions_ledger.json"]["metadata"] == {"entry_count": 0, "version": "v1"}
    assert plain["position_tp_sl.json"]["entries"] == {}
    assert plain["kpis_v7.json"]["per_symbol"] == {}
    assert plain["router_health.json"]["router_health"]["per_symbol"] == {}
    assert plain["router_health.json"]["router_health"]["global"]["quality_score"] is None
    assert plain["router_health.json"]["router_health_score"] is None
    assert plain["risk_snapshot.json"]["anomalies"] == {}
    assert plain["risk_snapshot.json"]["correlation_groups"] == {}
    assert plain["diagnostics.json"]["runtime_diagnostics"]["veto_counters"]["by_reason"] == {}
    assert plain["diagnostics.json"]["runtime_diagnostics"]["veto_counters"]["last_order_ts"] is None


@pytest.mark.parametrize("path", [p for p in FULL if not p.endswith(("engine_metadata.json", "tp_sl.json"))])
def test_both_time_aliases_hold_the_time_of_the_loop(path: str) -> None:
    plain = canon.decode(canon.encode(FULL[path]))
    assert plain["updated_ts"] == plain["updated_at"] == "2025-01-06T00:01:00.000000Z"


def test_rows_come_in_the_order_of_the_state() -> None:
    scores = canon.decode(canon.encode(FULL["logs/state/symbol_scores_v6.json"]))
    assert [row["symbol"] for row in scores["symbols"]] == list(SYMBOLS)
