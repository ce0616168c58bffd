"""The dashboard's reader: it makes something of any folder, raises nothing and writes nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as some
from make_state import START_US, flat_state, make_scenario, make_state
from memory_door import MemoryDoor

from simkit.contract.readers import Doc
from simkit.contract.table import by_stem
from simkit.core import canon
from simkit.scenario.script import Cue
from simkit.surfaces import dashboard
from simkit.surfaces.dashboard import Badges, Dashboard, ledger_status, read_dashboard
from simkit.surfaces.mirror import Mirror
from simkit.surfaces.publish import PER_INTEL, PER_LOOP

NOW = make_state().ts
STEMS = sorted({*by_stem, "position_tp_sl"})


def healthy() -> dict[str, bytes]:
    """A whole healthy folder by file name."""
    door, state = MemoryDoor(), make_state()
    assert state.intel is not None
    for path, build in PER_LOOP:
        door.replace(path, canon.encode(build(state)), "executor")
    for path, with_intel in PER_INTEL:
        door.replace(path, canon.encode(with_intel(state, state.intel)), "executor")
    Mirror(door, make_scenario()).sync(state.ts, Cue(2))
    return {path.rpartition("/")[2]: data for path, data in door.tree.items()}


HEALTHY = healthy()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in HEALTHY.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def listing(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Everything in the folder that a write would change."""
    return {
        name: (
            (folder / name).stat().st_ino,
            (folder / name).stat().st_mtime_ns,
            (folder / name).read_bytes(),
        )
        for name in sorted(os.listdir(folder))
    }


def put(folder: Path, stem: str, document: Any) -> None:
    (folder / f"{stem}.json").write_bytes(canon.encode(document))


def read_with(folder: Path, now_us: int = NOW, **documents: Any) -> Dashboard:
    """The view of a folder that holds only `documents`."""
    for stem, document in documents.items():
        put(folder, stem, document)
    return read_dashboard(folder, now_us)


# A healthy folder ------------------------------------------------------------------------------------------


def test_a_healthy_folder(folder: Path) -> None:
    view = read_dashboard(folder, NOW)
    assert {stem for stem, document in view.docs.items() if document} == set(STEMS)
    assert view.unreadable == {}
    assert view.health.healthy
    assert len(view.positions) == len(view.ledger) == 4
    assert view.ledger_status == "ok"
    assert view.badges == Badges(dd="DD_RECOVERY", risk="RISK_BREACH", router="NEUTRAL")
    assert view.nav == canon.decode(HEALTHY["nav_state.json"])["total_equity"]
    assert (view.nav_age_s, view.nav_stale) == (0.0, False)
    assert view.weights["trend"] == 0.2


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    view = read_dashboard(tmp_path / "nowhere", NOW)
    assert set(view.docs) == {*STEMS, "positions"}
    assert all(document == {} for document in view.docs.values())
    assert view.badges == Badges(dd="DD_NORMAL", risk="RISK_NORMAL", router="NEUTRAL")
    assert (view.nav, view.nav_age_s, view.nav_stale) == (None, None, True)
    assert view.ledger_status == "ok"
    assert len(view.health.missing_files) == 8


def test_reading_changes_nothing(folder: Path) -> None:
    put(folder, "kpis_v7", [1, 2])
    (folder / "nav_state.json").write_bytes(b"")
    before = listing(folder)
    read_dashboard(folder, NOW)
    assert listing(folder) == before


# Broken files ----------------------------------------------------------------------------------------------

BROKEN = {
    "empty": b"",
    "truncated": b'{"updated_ts":"2025-01-06T0',
    "array": b"[1,2,3]",
    "null": b"null",
    "number": b"7",
    "text": b'"nav"',
    "NaN": b'{"nav":NaN}',
    "not UTF-8": b'{"nav":"\xff"}',
    "binary": bytes(range(256)),
    "too deep": b"[" * 50_000,
}
WRONG_INSIDE = [None, True, 3, -1.5, "x", [], [None], [[1]], {}, {"a": None}]


@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_reads_as_its_default(folder: Path, stem: str, data: bytes) -> None:
    (folder / f"{stem}.json").write_bytes(data)
    view = read_dashboard(folder, NOW)
    assert view.docs[stem] == {}
    assert view.unreadable[stem]
    assert all(view.docs[other] for other in STEMS if other != stem)


@pytest.mark.parametrize("stem", STEMS)
def test_a_missing_file_reads_as_its_default(folder: Path, stem: str) -> None:
    (folder / f"{stem}.json").unlink()
    view = read_dashboard(folder, NOW)
    assert view.docs[stem] == {}
    assert stem not in view.unreadable


def test_links_folders_pipes_and_long_files_are_not_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "elsewhere").write_bytes(HEALTHY["nav_state.json"])
    for stem in ("nav", "kpis_v7", "risk_snapshot"):
        (folder / f"{stem}.json").unlink()
    (folder / "nav.json").symlink_to(folder / "elsewhere")
    (folder / "kpis_v7.json").mkdir()
    os.mkfifo(folder / "risk_snapshot.json")
    monkeypatch.setattr(dashboard, "LONGEST", len(HEALTHY["router_health.json"]) - 1)
    view = read_dashboard(folder, NOW)
    refused = {"nav", "kpis_v7", "risk_snapshot", "router_health", "factor_diagnostics"}
    assert set(view.unreadable) == refused
    assert all(view.docs[stem] == {} for stem in refused)


def test_a_file_of_exactly_the_longest_size_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "LONGEST", len(HEALTHY["factor_diagnostics.json"]))
    assert read_dashboard(folder, NOW).unreadable == {}


def test_the_incident_of_the_emptied_deleted_and_replaced_files(folder: Path) -> None:
    (folder / "risk_snapshot.json").write_bytes(b"")
    (folder / "router_health.json").unlink()
    put(folder, "kpis_v7", [])
    view = read_dashboard(folder, NOW)
    assert view.badges == Badges(dd="DD_NORMAL", risk="RISK_NORMAL", router="NEUTRAL")
    assert view.health.missing_files == ("router_health",)
    assert "kpis_v7:invalid_json" in view.health.schema_violations
    assert any(text.startswith("risk_snapshot:missing_one_of") for text in view.health.schema_violations)


@settings(
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    damage=some.dictionaries(
        some.sampled_from([*STEMS, "positions"]),
        some.none() | some.sampled_from([b"", b"{", b"[]", b"null", b'{"nav":NaN}']) | some.integers(1, 500),
    )
)
def test_no_subset_of_damaged_files_makes_it_raise(
    tmp_path: Path, damage: dict[str, bytes | int | None]
) -> None:
    """Missing (None), replaced (bytes) or cut after so many bytes (int)."""
    for name, data in HEALTHY.items():
        (tmp_path / name).write_bytes(data)
    for stem, harm in damage.items():
        file = tmp_path / f"{stem}.json"
        if harm is None:
            file.unlink(missing_ok=True)
        else:
            file.write_bytes(harm if isinstance(harm, bytes) else HEALTHY["risk_snapshot.json"][:harm])
    before = listing(tmp_path)
    view = read_dashboard(tmp_path, NOW)
    assert all(document for stem, document in view.docs.items() if stem in STEMS and stem not in damage)
    assert all(view.docs[stem] == {} for stem, harm in damage.items() if harm is None)
    assert listing(tmp_path) == before


@settings(
    deadline=None,
    derandomize=True,
    max_examples=80,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    stem=some.sampled_from(STEMS),
    value=some.recursive(
        some.sampled_from(WRONG_INSIDE)
        | some.floats(allow_nan=False, allow_infinity=False)
        | some.integers(),
        lambda inner: (
            some.lists(inner, max_size=3)
            | some.dictionaries(
                some.sampled_from(
                    ["positions", "entries", "dd_state", "global", "quality_score", "qty", "updated_ts"]
                ),
                inner,
            )
        ),
        max_leaves=6,
    ),
    data=some.data(),
)
def test_no_wrong_type_inside_a_file_makes_it_raise(tmp_path: Path, stem: str, value: Any, data: Any) -> None:
    document: Doc = canon.decode(HEALTHY[f"{stem}.json"])
    document[data.draw(some.sampled_from(sorted(document)))] = value
    for name, whole in HEALTHY.items():
        (tmp_path / name).write_bytes(whole)
    (tmp_path / f"{stem}.json").write_bytes(canon.encode_sorted(document))
    view = read_dashboard(tmp_path, NOW)
    assert view.docs[stem] == canon.decode(canon.encode_sorted(document))
    assert view.ledger_status in ("ok", "partial", "error")


# Badges, age, status ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "badge"),
    [
        ("NORMAL", "DD_NORMAL"),
        ("DRAWDOWN", "DD_DRAWDOWN"),
        ("RECOVERY", "DD_RECOVERY"),
        ({"state": "DRAWDOWN"}, "DD_DRAWDOWN"),
        ({"dd_state": "RECOVERY"}, "DD_RECOVERY"),
        ({"state": "RECOVERY", "dd_state": "DRAWDOWN"}, "DD_RECOVERY"),
        ("defensive", "DD_NORMAL"),
        ({"state": ["DRAWDOWN"]}, "DD_NORMAL"),
        (None, "DD_NORMAL"),
    ],
)
def test_the_drawdown_badge(tmp_path: Path, state: Any, badge: str) -> None:
    assert read_with(tmp_path, risk_snapshot={"dd_state": state}).badges.dd == badge


@pytest.mark.parametrize(
    ("mode", "anomalies", "badge"),
    [
        ("OK", {}, "RISK_NORMAL"),
        ("NORMAL", {}, "RISK_NORMAL"),
        ("WARN", {}, "RISK_NORMAL"),
        ("DEFENSIVE", {}, "RISK_DEFENSIVE"),
        ("HALTED", {}, "RISK_CRITICAL"),
        ("CRISIS", {}, "RISK_CRITICAL"),
        (["OK"], {}, "RISK_NORMAL"),
        ("HALTED", {"var_limit_breach": {"value": 1.0}}, "RISK_BREACH"),
        ("OK", {"cvar_limit_breach": True}, "RISK_BREACH"),
        ("OK", {"cvar_limit_breach": False}, "RISK_NORMAL"),
        ("OK", ["var_limit_breach"], "RISK_BREACH"),
        ("OK", {"nav_jump": {"old": 1.0}}, "RISK_NORMAL"),
    ],
)
def test_the_risk_badge(tmp_path: Path, mode: Any, anomalies: Any, badge: str) -> None:
    view = read_with(tmp_path, risk_snapshot={"risk_mode": mode, "anomalies": anomalies})
    assert view.badges.risk == badge


@pytest.mark.parametrize(
    ("score", "badge"),
    [(0.9, "STRONG"), (0.899999999, "NEUTRAL"), (0.500000001, "NEUTRAL"), (0.5, "WEAK"), (None, "NEUTRAL"),
     ("0.2", "NEUTRAL"), (True, "NEUTRAL")],
)  # fmt: skip
def test_the_router_badge(tmp_path: Path, score: Any, badge: str) -> None:
    view = read_with(tmp_path, router_health={"router_health": {"global": {"quality_score": score}}})
    assert view.badges.router == badge


@pytest.mark.parametrize(("age_s", "stale"), [(0, False), (300, False), (300.000001, True)])
def test_the_nav_badge_is_stale_after_300_seconds(tmp_path: Path, age_s: float, stale: bool) -> None:
    now = START_US + round(age_s * 1_000_000)
    view = read_with(tmp_path, now, nav_state={"total_equity": 5.0, "updated_ts": "2025-01-06T00:00:00Z"})
    assert (view.nav, view.nav_age_s, view.nav_stale) == (5.0, age_s, stale)


def test_a_time_of_the_future_looks_fresh(tmp_path: Path) -> None:
    view = read_with(tmp_path, START_US - 1, nav_state={"updated_ts": "2025-01-06T00:00:00Z"})
    assert (view.nav_age_s, view.nav_stale) == (0.0, False)


LEVELS = {"symbol": "A", "side": "LONG", "tp": 2.0, "sl": None}
BARE = {"symbol": "A", "side": "LONG", "tp": None, "sl": None}
ROW = {"symbol": "A", "side": "LONG", "qty": 1.0}


@pytest.mark.parametrize(
    ("positions", "ledger", "status"),
    [
        ((), (LEVELS,), "ok"),
        ((ROW,), (), "error"),
        ((ROW,), (LEVELS,), "ok"),
        ((ROW,), (BARE,), "partial"),
        ((ROW, ROW), (LEVELS,), "partial"),
        ((ROW,), (LEVELS, LEVELS), "partial"),
    ],
)
def test_the_ledger_status(positions: tuple[Doc, ...], ledger: tuple[Doc, ...], status: str) -> None:
    assert ledger_status(positions, ledger) == status


# Fallbacks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["positions", "rows", "items"])
def test_positions_fall_back_to_the_legacy_file(tmp_path: Path, name: str) -> None:
    view = read_with(tmp_path, positions={name: [ROW, {"qty": 0}, "junk"]})
    assert view.positions == (ROW,)


def test_a_flat_positions_state_is_no_reason_to_fall_back(tmp_path: Path) -> None:
    assert read_with(tmp_path, positions_state={"positions": []}, positions={"rows": [ROW]}).positions == ()


@pytest.mark.parametrize("entries", [[LEVELS], {"A:LONG": LEVELS}])
def test_the_ledger_may_be_a_list_or_a_mapping(tmp_path: Path, entries: Any) -> None:
    assert read_with(tmp_path, positions_ledger={"entries": entries}).ledger == (LEVELS,)


def test_the_ledger_falls_back_to_the_block_in_the_legacy_file(tmp_path: Path) -> None:
    assert read_with(tmp_path, positions={"ledger": {"entries": [LEVELS]}}).ledger == (LEVELS,)


@pytest.mark.parametrize(
    "document",
    [{"weights": {"trend": 1.0}}, {"weights": None, "factor_weights": {"weights": {"trend": 1.0}}}],
)
def test_weights_fall_back_to_their_copy(tmp_path: Path, document: Any) -> None:
    assert read_with(tmp_path, factor_diagnostics=document).weights == {"trend": 1.0}


def test_a_flat_executor_in_its_first_loop_is_healthy(tmp_path: Path) -> None:
    door, state = MemoryDoor(), flat_state()
    for path, build in PER_LOOP:
        door.replace(path, canon.encode(build(state)), "executor")
    Mirror(door, make_scenario()).sync(state.ts, Cue(1))
    for path, data in door.tree.items():
        (tmp_path / path.rpartition("/")[2]).write_bytes(data)
    view = read_dashboard(tmp_path, state.ts)
    assert view.health.healthy
    assert view.badges == Badges(dd="DD_NORMAL", risk="RISK_NORMAL", router="NEUTRAL")
