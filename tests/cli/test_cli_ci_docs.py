"""docs/ci.md, the workflow and the hooks do what they say."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from simkit.core.clock import wall_date
from simkit.core.errors import Exit

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
WORKFLOW = (ROOT / ".github/workflows/simkit.yml").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.M | re.S)


def read(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def test_the_page_runs_as_written(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (bench.root / "pyproject.toml").unlink()
    (bench.root / "scenarios").rmdir()
    bench("init")
    commands = 0
    for block in blocks("console"):
        shown = ""
        for command in re.findall(r"(?m)^\$ (.*)$", block):
            words = shlex.split(command)
            shown += f"$ {command}\n"
            if words[0] == "simkit":
                shown += bench(*words[1:]).output.replace(wall_date(), "DATE")
            else:
                subprocess.run(words, cwd=bench.root, check=True)
            commands += 1
        assert block == shown
    assert commands >= 7


def test_the_page_shows_the_workflow_as_it_is() -> None:
    assert blocks("yaml")[0] in WORKFLOW


@pytest.mark.parametrize("text", [WORKFLOW, blocks("yaml")[1]], ids=["github", "gitlab"])
def test_the_commands_of_the_workflows_give_what_they_keep(bench: Any, text: str) -> None:
    bench.scenario("nav/one")
    (command,) = re.findall(r"simkit (check .*)", text)
    assert bench(*shlex.split(command)).exit_code == Exit.GOLDEN_MISSING
    assert sorted(p.name for p in (bench.root / "simkit-out").iterdir()) == ["bundle.zip", "junit.xml"]


def test_the_workflow_may_only_read() -> None:
    found = read(WORKFLOW)
    assert found["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in WORKFLOW
    assert "${{" not in WORKFLOW
    steps = found["jobs"]["check"]["steps"]
    assert [step["if"] for step in steps if "if" in step] == ["failure()"]


def test_the_hooks_are_complete_and_run(bench: Any) -> None:
    hooks = {hook["id"]: hook for hook in read((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    assert sorted(hooks) == sorted(hook["id"] for hook in read(blocks("yaml")[2])["repos"][0]["hooks"])
    files = hooks["simkit-scenarios"]["files"]
    assert re.search(files, "scenarios/nav/one.yaml")
    assert not re.search(files, "golden/nav/one/scenarios/x.json")
    file = bench.scenario("nav/one").relative_to(bench.root)
    bench.scenario("nav/two")
    bench.accept("nav/one")
    for name, arguments, code in (
        ("simkit-scenarios", [str(file)], Exit.SAME),
        ("simkit-check", [], Exit.GOLDEN_MISSING),
    ):
        assert {"name", "entry", "language", "description"} <= hooks[name].keys()
        assert bench(*shlex.split(hooks[name]["entry"])[1:], *arguments).exit_code == code
