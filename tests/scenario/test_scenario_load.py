"""Files to scenarios: families, discovery, the cache, fingerprints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from scenario_texts import DRAWDOWN, EVERYTHING, GHOST, HEAD, NAKED

from simkit.core.errors import ScenarioError
from simkit.core.project import Project
from simkit.scenario import compile as compiler
from simkit.scenario.load import discover, fingerprint, is_scenario, load, names
from simkit.scenario.model import Replay


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project with four scenarios."""
    root = tmp_path / "scenarios"
    for family, stem, text in (
        ("drawdown", "drawdown", DRAWDOWN),
        ("ledger/ghosts", "ghost", GHOST),
        ("ledger", "naked", NAKED),
        (".", "everything", EVERYTHING),
    ):
        (root / family).mkdir(parents=True, exist_ok=True)
        (root / family / f"{stem}.yaml").write_text(text)
    return Project(tmp_path, root, tmp_path / "golden", tmp_path / ".simkit")


def file_of(project: Project, name: str) -> Path:
    """The file of a scenario by its path below the scenario root."""
    return project.scenarios / f"{name}.yaml"


def test_the_family_is_the_folder_below_the_scenario_root(project: Project) -> None:
    assert [s.name for s in load(file_of(project, "drawdown/drawdown"), project)] == ["drawdown/drawdown"]
    assert [s.name for s in load(file_of(project, "ledger/ghosts/ghost"), project)] == [
        "ledger/ghosts/ghost@bare",
        "ledger/ghosts/ghost@with-levels",
    ]
    (top,) = load(file_of(project, "everything"), project)
    assert (top.name, top.family, top.file) == ("everything", "", "scenarios/everything.yaml")


def test_a_file_outside_the_root_has_no_family(project: Project, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(HEAD)
    (scenario,) = load(tmp_path / "s.yaml", project)
    assert (scenario.name, scenario.file) == ("s", "s.yaml")


def test_names_are_those_of_the_variants(project: Project) -> None:
    assert names(file_of(project, "ledger/naked"), project) == ["intended", "legacy"]
    assert names(file_of(project, "drawdown/drawdown"), project) == []


def test_names_of_a_file_with_mistakes_of_meaning_are_still_known(project: Project) -> None:
    file = file_of(project, "ledger/naked")
    file.write_text(NAKED.replace("qty: 1", "qty: one"))
    assert names(file, project) == ["intended", "legacy"]
    with pytest.raises(ScenarioError):
        load(file, project)


def test_discovery_takes_what_begins_with_simkit(project: Project) -> None:
    for name, text in (
        ("notes.yaml", "title: x\n"),
        ("later.yml", "# comment\n\n---\nsimkit: 2\n"),
        (".hidden/a.yaml", HEAD),
        ("table.csv", "simkit: 1\n"),
        ("empty.yaml", ""),
    ):
        file = project.scenarios / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    assert [file.relative_to(project.scenarios).as_posix() for file in discover(project)] == [
        "drawdown/drawdown.yaml",
        "everything.yaml",
        "later.yml",
        "ledger/ghosts/ghost.yaml",
        "ledger/naked.yaml",
    ]


def test_a_project_without_scenarios_has_none(tmp_path: Path) -> None:
    assert (
        discover(Project(tmp_path, tmp_path / "scenarios", tmp_path / "golden", tmp_path / ".simkit")) == []
    )


def test_is_scenario_looks_at_the_first_key_only() -> None:
    assert is_scenario(b"\xef\xbb\xbf# x\r\n\r\nsimkit: 1\r\n")
    assert not is_scenario(b"id: x\nsimkit: 1\n")
    assert not is_scenario(b" simkit: 1\n")
    assert not is_scenario(b"\xff\xfe")


def test_a_missing_file_and_a_folder_are_mistakes(project: Project) -> None:
    with pytest.raises(ScenarioError, match=r"scenarios/none\.yaml: there is no such file"):
        load(file_of(project, "none"), project)
    with pytest.raises(ScenarioError, match="cannot be read"):
        load(project.scenarios, project)


# Cache -----------------------------------------------------------------------------------------------------


def entries(project: Project) -> list[Path]:
    """The entries of the cache."""
    return sorted((project.work / "cache").rglob("*.*"))


def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever compiles from here on fails."""
    monkeypatch.delattr(compiler, "compile_scenarios")
    monkeypatch.delattr(compiler, "variant_names")


@pytest.mark.parametrize("name", ["drawdown/drawdown", "ledger/ghosts/ghost", "ledger/naked", "everything"])
def test_the_second_load_compiles_nothing_and_gives_the_same(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    file = file_of(project, name)
    first, first_names = load(file, project), names(file, project)
    uncompiled(monkeypatch)
    assert load(file, project) == first
    assert names(file, project) == first_names


def test_an_edit_is_seen_and_replaces_the_entry(project: Project) -> None:
    file = file_of(project, "drawdown/drawdown")
    load(file, project)
    before = entries(project)
    file.write_text(DRAWDOWN.replace("seed: 1", "seed: 2"))
    assert load(file, project)[0].seed == 2
    assert entries(project) == before


@pytest.mark.parametrize("broken", [b"", b"x", b"0" * 32, b"0" * 500])
def test_a_broken_entry_is_as_good_as_none(project: Project, broken: bytes) -> None:
    file = file_of(project, "ledger/naked")
    first = load(file, project)
    (entry,) = entries(project)
    whole = entry.read_bytes()
    for damaged in (broken, whole[:-1], whole[:32] + b"\x00" + whole[33:]):
        entry.write_bytes(damaged)
        assert load(file, project) == first
        assert entry.read_bytes() == whole


def test_a_work_folder_that_cannot_be_written_is_done_without(project: Project) -> None:
    project.work.write_text("a file where a folder should be")
    assert load(file_of(project, "drawdown/drawdown"), project)[0].id == "drawdown"


def test_another_file_of_data_is_seen_although_the_scenario_is_the_same(project: Project) -> None:
    file = file_of(project, "ledger/s")
    file.write_text(HEAD + "replay: {file: bars.csv, symbols: SOLUSDT}\n")
    data = file.parent / "bars.csv"
    data.write_bytes(b"1")
    first = load(file, project)[0].paths[-1]
    data.write_bytes(b"2")
    second = load(file, project)[0].paths[-1]
    assert isinstance(first, Replay)
    assert isinstance(second, Replay)
    assert first.content != second.content
    data.unlink()
    with pytest.raises(ScenarioError, match=r"scenarios/ledger/s\.yaml:7:16: there is no file `bars\.csv`"):
        load(file, project)


def test_a_link_out_of_the_folder_is_refused(project: Project, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("x")
    (project.scenarios / "bars.csv").symlink_to(tmp_path / "secret.csv")
    file = file_of(project, "s")
    file.write_text(HEAD + "replay: {file: bars.csv, symbols: SOLUSDT}\n")
    with pytest.raises(ScenarioError, match=r"`bars\.csv` leaves the scenario's folder"):
        load(file, project)


def test_a_warm_load_imports_neither_parser_nor_schema(project: Project) -> None:
    file = file_of(project, "drawdown/drawdown")
    load(file, project)
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from simkit.core.project import Project\n"
        "from simkit.scenario.load import discover, fingerprint, load, names\n"
        f"root = Path({str(project.root)!r})\n"
        "project = Project(root, root / 'scenarios', root / 'golden', root / '.simkit')\n"
        f"(scenario,) = load(Path({str(file)!r}), project)\n"
        "fingerprint(scenario)\n"
        "heavy = {'ruamel', 'jsonschema_rs', 'simkit.scenario.compile', 'simkit.contract'}\n"
        "print(scenario.name, sorted(heavy & set(sys.modules)))\n"
    )
    house = str(Path(compiler.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": house}
    )
    assert done.stdout == "drawdown/drawdown []\n"


# Fingerprint -----------------------------------------------------------------------------------------------


def test_the_fingerprint_is_16_hex_digits_and_stays_the_same(project: Project) -> None:
    (scenario,) = load(file_of(project, "drawdown/drawdown"), project)
    assert len(fingerprint(scenario)) == 16
    assert fingerprint(scenario) == fingerprint(load(file_of(project, "drawdown/drawdown"), project)[0])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("title: 11 % drawdown and full recovery", "title: another\nabout: why"),
        ("incident: INC-01", "incident: INC-02\ntags: [a]\ncanary: true"),
        ("always: {risk_mode: OK, anomalies: {}}", "always: {risk_mode: WARN}"),
        ("expect:", "findings: {INV-N07: L2}\nexpect:"),
        ("[10000, 9500,", "[10000 USD, 9.5e3,"),
    ],
)
def test_words_and_expectations_do_not_change_the_fingerprint(
    project: Project, before: str, after: str
) -> None:
    assert changed(project, before, after) is False


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("seed: 1", "seed: 2"),
        ("loops: 7", "loops: 8"),
        ("BTCUSDT: 100", "BTCUSDT: 101"),
        ("usd: 500", "usd: 501"),
        ("[10000, 9500,", "[10000, 9501,"),
        ("expect:", "executor: {legacy: [D-11]}\nexpect:"),
        ("expect:", "faults: [{at: L2, sync_down: true}]\nexpect:"),
        ("expect:", "checkpoints: [L2]\nexpect:"),
        ("expect:", "venue: {taker_fee: 1 bps}\nexpect:"),
    ],
)
def test_all_that_drives_the_run_changes_the_fingerprint(project: Project, before: str, after: str) -> None:
    assert changed(project, before, after) is True


def changed(project: Project, before: str, after: str) -> bool:
    """True when an edit of the drawdown scenario changes its fingerprint."""
    file = file_of(project, "drawdown/drawdown")
    (first,) = load(file, project)
    assert before in DRAWDOWN
    file.write_text(DRAWDOWN.replace(before, after))
    (second,) = load(file, project)
    assert first != second or after == "[10000 USD, 9.5e3,"
    return fingerprint(first) != fingerprint(second)


def test_two_variants_have_two_fingerprints(project: Project) -> None:
    assert len({fingerprint(s) for s in load(file_of(project, "ledger/ghosts/ghost"), project)}) == 2


def test_a_scenario_survives_msgpack(project: Project) -> None:
    (scenario,) = load(file_of(project, "everything"), project)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(scenario), type=type(scenario)) == scenario
