"""D-35: an array that reaches the combined view; intended, it reads as a default (B-DASH-1)."""

from __future__ import annotations

from pathlib import Path

import pytest
from make_state import START_US, make_state
from memory_door import MemoryDoor

from simkit.core import canon
from simkit.core.settings import Settings
from simkit.surfaces.dashboard import loader_of, read_dashboard
from simkit.surfaces.publish import PER_LOOP

D35 = frozenset({"D-35"})


def folder_with(folder: Path, **raw: bytes) -> Path:
    door, state = MemoryDoor(), make_state()
    for path, build in PER_LOOP:
        door.replace(path, canon.encode(build(state)), "executor")
    for path, data in door.tree.items():
        (folder / path.rpartition("/")[2]).write_bytes(data)
    for stem, data in raw.items():
        (folder / f"{stem}.json").write_bytes(data)
    return folder


@pytest.mark.parametrize("raw", [b"[]", b"[1]", b'[{"nav":1}]'])
def test_one_array_blanks_every_panel(tmp_path: Path, raw: bytes) -> None:
    folder = folder_with(tmp_path, kpis_v7=raw)
    intended, legacy = read_dashboard(folder, START_US), read_dashboard(folder, START_US, D35)
    assert intended.docs["kpis_v7"] == {}
    assert len(intended.positions) == 4
    assert not any(legacy.docs.values())
    assert (legacy.positions, legacy.ledger, legacy.nav) == ((), (), None)
    assert legacy.health == intended.health


@pytest.mark.parametrize("raw", [b"", b"{", b'"x"', b"{}"])
def test_what_is_no_array_blanks_nothing(tmp_path: Path, raw: bytes) -> None:
    folder = folder_with(tmp_path, kpis_v7=raw)
    assert read_dashboard(folder, START_US, D35) == read_dashboard(folder, START_US)


def test_without_the_defect_the_contracts_own_readers_are_judged() -> None:
    assert loader_of(Settings()) is None


@pytest.mark.parametrize(
    ("data", "value"),
    [(None, {}), (b"", {}), (b"{", {}), (b"3", {}), (b"[1,2]", [1, 2]), (b'{"nav":1}', {"nav": 1})],
)
def test_the_defective_loader_passes_arrays_alone(data: bytes | None, value: object) -> None:
    load = loader_of(Settings(legacy=("D-35",)))
    assert load is not None
    assert load("nav", data) == value
