"""The repository keeps its own habits: docstrings, sizes, one version, no leftovers."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

import simkit

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "simkit").rglob("*.py"))

#: Aims are 300 and 50 lines; the ratchet fails only well past them, so that nothing grows unseen.
MODULE_LINES = 400
FUNCTION_LINES = 70


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_every_module_opens_with_a_docstring(file: Path) -> None:
    assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))), f"{name_of(file)} has no docstring"


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_no_module_and_no_function_outgrows_its_room(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    assert source.count("\n") <= MODULE_LINES, f"{name_of(file)} is longer than {MODULE_LINES} lines"
    long = [
        f"{name_of(file)}:{node.lineno}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]
    assert long == []


@pytest.mark.parametrize("file", MODULES, ids=name_of)
def test_nothing_is_left_open(file: Path) -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    assert [line for line in file.read_text(encoding="utf-8").splitlines() if words.search(line)] == []


def test_the_pipeline_fits_on_one_screen() -> None:
    tree = ast.parse((ROOT / "simkit" / "run.py").read_text(encoding="utf-8"))
    simulate = next(
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "simulate"
    )
    assert simulate.end_lineno is not None
    assert simulate.end_lineno - simulate.lineno < 70


def test_version_classifiers_and_tox_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == simkit.__version__
    assert f"## {simkit.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    classified = {
        word.rsplit(" ", 1)[1].replace(".", "")
        for word in project["classifiers"]
        if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", word)
    }
    tox = (ROOT / "tox.ini").read_text(encoding="utf-8")
    listed = set(re.findall(r"py(3\d+)", tox.split("env_list", 1)[1].split("\n\n", 1)[0]))
    assert {"311", "312", "313"} <= classified <= listed


def test_no_file_names_one_machine() -> None:
    """Paths of one machine belong in no file of the project."""
    machine = re.compile(r"(?<![\w.])/(?:work|home|root|farm)/")
    suffixes = {".py", ".md", ".yaml", ".toml", ".ini", ".json", ".cfg"}
    folders = ("simkit", "tests", "docs", "scenarios", "bench")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*") if file.suffix in suffixes]
    here = Path(__file__)
    bad = [
        f"{name_of(file)}:{number}"
        for file in [*files, *ROOT.glob("*.md"), *ROOT.glob("*.toml")]
        if file != here
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if machine.search(line)
    ]
    assert bad == []
