"""`simkit sanitize` and the fixture `sanitizer`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sanitize_kit import HEAD, Folder

import simkit

SOURCE = Path(simkit.__file__).parent.parent
DIRTY = "loop(1)\n(STATE / 'nav.json').write_text(text(2))\nprint('a word')\n"


def command(folder: Folder, *words: str) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.path.insert(0, {str(SOURCE)!r}); from simkit.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "sanitize", *words], cwd=folder.root, capture_output=True, text=True, timeout=60
    )  # fmt: skip


def test_a_report_by_surface_beside_the_command_s_own_words(folder: Folder) -> None:
    folder.script(DIRTY)
    done = command(folder, "--", sys.executable, "executor.py")
    assert done.returncode == 2
    assert done.stdout == "a word\n"
    lines = done.stderr.splitlines()
    where = lines.index("logs/state/nav.json")
    assert lines[where + 1].split()[:2] == ["INV-G08", "non_atomic"]
    assert lines[where + 1].endswith(f"at {folder.root / 'executor.py'}:{HEAD.count(chr(10)) + 2}")
    assert lines[-1].startswith(
        "1 finding; 8 writes to 7 surfaces by 1 observed process; the command: exit code 0"
    )


def test_json_has_stdout_for_itself(folder: Folder) -> None:
    folder.script(DIRTY)
    done = command(folder, "--json", sys.executable, "executor.py", "--json")
    report = json.loads(done.stdout)
    assert report["clean"] is False and report["exit_code"] == done.returncode == 2
    assert [f["kind"] for f in report["findings"]] == ["non_atomic"]
    assert report["command"][1:] == ["executor.py", "--json"]
    assert done.stderr == "a word\n"


def test_the_child_s_code_is_passed_on(folder: Folder) -> None:
    folder.script("loop(1)\nsys.exit(9)\n")
    done = command(folder, "--", sys.executable, "executor.py")
    assert done.returncode == 9 and "exit code 9" in done.stderr


def test_another_folder_and_another_mirror(folder: Folder) -> None:
    folder.script("STATE = Path('elsewhere')\nSTATE.mkdir()\nloop(1)\nput('nav_state', 1)\n")
    words = (
        "--state",
        "elsewhere",
        "--writer",
        "sync_state=executor.py",
        "--",
        sys.executable,
        "executor.py",
    )
    done = command(folder, *words)
    assert done.returncode == 2 and "written by sync_state, the manifest names executor" in done.stderr


def test_a_writer_without_a_pattern_is_refused(folder: Folder) -> None:
    done = command(folder, "--writer", "sync_state", "--", "true")
    assert done.returncode == 64
    assert "OWNER=PATTERN is expected" in done.stderr


def test_the_fixture_runs_in_the_test_s_own_folder(pytester: pytest.Pytester, monkeypatch: Any) -> None:
    monkeypatch.setenv("PYTHONPATH", str(SOURCE))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        f"HEAD = {HEAD!r}\n"
        """
import sys

def test_clean(sanitizer, tmp_path):
    (tmp_path / "executor.py").write_text(HEAD + "loop(1)\\nloop(2)\\n")
    report = sanitizer([sys.executable, tmp_path / "executor.py"])
    assert report.clean, report.text()
    assert report.state == str(tmp_path / "logs" / "state")

def test_dirty(sanitizer, tmp_path):
    (tmp_path / "executor.py").write_text(HEAD + "(STATE / 'nav.json').write_text('{}')\\n")
    assert [f.rule for f in sanitizer([sys.executable, "executor.py"]).of("non_atomic")] == ["INV-G08"]
"""
    )
    result = pytester.runpytest_subprocess("-p", "simkit.pytest_plugin", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2)
