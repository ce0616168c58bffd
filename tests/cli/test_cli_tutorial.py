"""docs/tutorial.md does what it says: its commands are run, its edits made, its output compared."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

from simkit.cli.cmd_init import FIRST

TUTORIAL = Path(__file__).parents[2] / "docs/tutorial.md"


def blocks() -> list[tuple[str, str]]:
    """The fenced blocks in order: language and content."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", TUTORIAL.read_text(), flags=re.M | re.S)


def apply(root: Path, edit: str) -> None:
    """Make the changes of a `diff` block: hunks of ` `, `-` and `+` lines, parted by `@@`."""
    head, *lines = edit.splitlines()
    file = root / head.removeprefix("--- ")
    for hunk in "\n".join(lines).split("\n@@\n"):
        parts = [(line[0], line[1:] + "\n") for line in hunk.splitlines()]
        old = "".join(text for mark, text in parts if mark != "+")
        new = "".join(text for mark, text in parts if mark != "-")
        text = file.read_text()
        assert text.count(old) == 1, old
        file.write_text(text.replace(old, new))


def test_the_tutorial_runs_as_written(bench: Any) -> None:
    (bench.root / "pyproject.toml").unlink()
    (bench.root / "scenarios").rmdir()
    commands = 0
    for language, content in blocks():
        if language == "diff":
            apply(bench.root, content)
        elif language == "yaml":
            assert content == FIRST
        elif language == "console":
            shown = ""
            for command in re.findall(r"(?m)^\$ (.*)$", content):
                words = shlex.split(command)
                assert words[0] == "simkit"
                shown += f"$ {command}\n{bench(*words[1:]).output}"
                commands += 1
            assert content == shown
    assert commands >= 10
