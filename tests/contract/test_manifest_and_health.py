"""The shipped manifest, and the health report."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from good_tree import START, World, drop, gone, put, raw, stamp

from simkit.contract.health import HEALTHY, HealthReport, age_s, health_report
from simkit.contract.manifest import faults, registered, registered_paths, shipped
from simkit.contract.table import SURFACES, manifest
from simkit.core.canon import encode_sorted, pretty

NOW = START + 60_000_000


def test_the_shipped_manifest_is_the_table() -> None:
    assert shipped() == pretty(encode_sorted(manifest()))


def test_the_shipped_manifest_has_no_fault_and_registers_nothing_further() -> None:
    doc = msgspec.json.decode(shipped())
    assert faults(doc) == []
    assert registered(doc) == ()
    assert {surface.path for surface in SURFACES} <= registered_paths(doc)


@pytest.mark.parametrize(
    "doc", [{}, {"state_files": []}, {"state_files": {"a": 1}}, {"state_files": {"a": {"path": []}}}]
)
def test_a_damaged_manifest_is_found_and_never_raises(doc: dict[str, Any]) -> None:
    assert faults(doc)
    assert registered(doc) == ()


def report(edit: Any = None) -> HealthReport:
    world = World()
    if edit is not None:
        edit(world)
    look = world.looks()[-1]
    return health_report(look.docs, look.unreadable, NOW)


def test_a_healthy_tree_has_an_empty_report() -> None:
    assert report() is HEALTHY
    assert HEALTHY.healthy


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (gone("router_health"), HealthReport(missing_files=("router_health",))),
        (gone("nav"), HEALTHY),
        (stamp("nav_state", "2025-01-05T23:46:00Z"), HEALTHY),
        (stamp("nav_state", "2025-01-05T23:45:59Z"), HealthReport(stale_files=("nav_state",))),
        (raw("kpis_v7", b"[]"), HealthReport(schema_violations=("kpis_v7:invalid_json",))),
        (
            raw("risk_snapshot", b""),
            HealthReport(
                schema_violations=(
                    "risk_snapshot:missing_one_of_risk_mode_dd_state_symbols",
                    "risk_snapshot:missing_updated_ts",
                )
            ),
        ),
        (
            raw("kpis_v7", b'{"updated_at":"2025-01-06T00:00:00Z"}'),
            HealthReport(schema_violations=("kpis_v7:missing_one_of_dd_state_drawdown_atr_regime",)),
        ),
        (
            drop("engine_metadata.updated_ts"),
            HealthReport(schema_violations=("engine_metadata:missing_updated_ts",)),
        ),
        (
            drop("positions_ledger.entries[1]"),
            HealthReport(cross_surface_violations=("positions_without_ledger:1",)),
        ),
        (
            put("positions_ledger.entries", {}),
            HealthReport(cross_surface_violations=("positions_without_ledger:2",)),
        ),
    ],
)
def test_each_list_of_the_report(edit: Any, expected: HealthReport) -> None:
    assert report(edit) == expected


def test_the_report_of_nothing_names_all_eight_files() -> None:
    assert len(health_report({}, {}, NOW).missing_files) == 8


def test_age_takes_the_first_time_that_can_be_read_and_is_never_negative() -> None:
    assert age_s({"updated_at": "x", "ts": START / 1e6}, NOW) == 60.0
    assert age_s({"updated_at": "2030-01-01T00:00:00Z"}, NOW) == 0
    assert age_s({}, NOW) is None
