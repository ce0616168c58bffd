"""What README and docs say is so: the failure screen, every command and option, every link, the set-up commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from simkit.cli import COMMANDS, main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

REGRESSION = """
from simkit.executor.stats import Rolling
Rolling.executed = lambda self, ts: None
from simkit.cli import main
main()
"""


def page_name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def simkit(folder: Path, *words: str, code: str = "from simkit.cli import main; main()") -> str:
    environment = {key: value for key, value in os.environ.items() if key != "CI"}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_the_failure_in_the_readme_is_what_a_real_regression_prints(tmp_path: Path) -> None:
    """The reference executor loses the fills of its rolling statistics, as the README tells it."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.split("    $ simkit check\n", 1)[1]
    block = block[: re.search(r"^\S", block, re.M).start()]  # type: ignore[union-attr]
    expected = "\n".join(line.removeprefix("    ") for line in block.rstrip().splitlines())
    simkit(tmp_path, "init")
    simkit(tmp_path, "accept", "first", "--reason", "first scenario")
    assert simkit(tmp_path, "check", code=REGRESSION).rstrip() == expected


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_command_and_option_in_the_docs_exists(page: Path) -> None:
    context = click.Context(main)
    spoken = re.findall(
        r"(?:^    |[`$] ?|bin/)simkit ([a-z][a-z-]*)([^`\n]*)", page.read_text(encoding="utf-8"), re.M
    )
    for name, rest in spoken:
        command = main.get_command(context, name)  # type: ignore[attr-defined]
        assert command is not None, f"{page_name(page)} speaks of `simkit {name}`"
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        used = set(re.findall(r"(?<!\S)(--[a-z][a-z-]*|-[a-z])\b", rest.split(" -- ")[0].split("#")[0]))
        assert used <= known, f"{page_name(page)}: `simkit {name}` has no {sorted(used - known)}"


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"simkit {name}" not in readme] == []


def test_the_two_set_up_commands_are_the_ones_the_gate_runs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for pattern in re.findall(r"s/\^    \\\((.*?)\\\)\$/", gate):
        assert len(re.findall(rf"^    ({pattern})$", readme, re.M)) == 1, pattern
