"""The pages that are a walk do what they say: their commands are run, their edits made, their output compared."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simkit.cli.cmd_init import FIRST
from simkit.core import clock

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str) -> list[tuple[str, str]]:
    """The fenced blocks in order: language and content; `<!-- other code -->` where the executor changes."""
    text = (DOCS / page).read_text()
    found = re.findall(r"^```(\w+)\n(.*?)^```$|^<!-- (other code) -->$", text, flags=re.M | re.S)
    return [(language or mark, content) for language, content, mark in found]


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


@pytest.mark.parametrize(("page", "least"), [("tutorial.md", 10), ("reading-a-difference.md", 8)])
def test_the_page_runs_as_written(
    bench: Any, other_code: Callable[[], None], monkeypatch: pytest.MonkeyPatch, page: str, least: int
) -> None:
    monkeypatch.setattr(clock, "wall_date", lambda: "2025-01-06")
    (bench.root / "pyproject.toml").unlink()
    (bench.root / "scenarios").rmdir()
    commands = 0
    for language, content in blocks(page):
        if language == "other code":
            other_code()
        elif language == "diff":
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
    assert commands >= least
