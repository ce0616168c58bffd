"""`simkit init`: a project from nothing, and nothing lost where there is one already."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from simkit.cli import main
from simkit.cli.cmd_init import ATTRIBUTES, FIRST
from simkit.core.errors import Exit


def init(folder: Path) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["init", str(folder)])
    return result.exit_code, result.output


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_an_empty_folder_becomes_a_project(tmp_path: Path) -> None:
    code, output = init(tmp_path / "new")
    made = contents(tmp_path / "new")
    assert code == Exit.SAME
    assert sorted(made) == [".gitattributes", ".gitignore", "pyproject.toml", "scenarios/first.yaml"]
    assert tomllib.loads(made["pyproject.toml"].decode())["tool"]["simkit"] == {
        "scenarios": "scenarios",
        "golden": "golden",
    }
    assert made["scenarios/first.yaml"].decode() == FIRST
    assert "simkit accept first --reason" in output


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    init(tmp_path)
    before = contents(tmp_path)
    code, output = init(tmp_path)
    assert code == Exit.SAME
    assert contents(tmp_path) == before
    assert output.count("kept ") == 4


def test_what_is_there_is_kept_and_extended(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "ours"')
    (tmp_path / ".gitignore").write_text("*.pyc")
    (tmp_path / ".gitattributes").write_text(f"{ATTRIBUTES[0]}\n")
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "first.yaml").write_text("mine")
    code, _ = init(tmp_path)
    made = contents(tmp_path)
    assert code == Exit.SAME
    assert made["scenarios/first.yaml"] == b"mine"
    assert made[".gitignore"] == b"*.pyc\n.simkit/\n"
    assert made[".gitattributes"].decode().splitlines() == list(ATTRIBUTES)
    settings = tomllib.loads(made["pyproject.toml"].decode())
    assert settings["project"] == {"name": "ours"}
    assert settings["tool"]["simkit"]["golden"] == "golden"


def test_settings_of_one_s_own_are_kept(tmp_path: Path) -> None:
    text = '[tool.simkit]\nscenarios = "cases"\n'
    (tmp_path / "pyproject.toml").write_text(text)
    init(tmp_path)
    assert (tmp_path / "pyproject.toml").read_text() == text
    assert (tmp_path / "cases" / "first.yaml").is_file()
    assert not (tmp_path / "scenarios").exists()


@pytest.mark.parametrize("text", ["[broken", "tool = {other = 1}\n"])
def test_a_pyproject_that_cannot_be_extended_is_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    code, output = init(tmp_path)
    assert code == Exit.USAGE
    assert "pyproject.toml" in output
    assert contents(tmp_path) == {"pyproject.toml": text.encode()}
