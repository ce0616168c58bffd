"""The executor does what it would do without us: paths, descriptors, signals, exceptions, its own hooks."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sanitize_kit import HEAD, Folder, said

import simkit
from simkit.sanitize.report import Report

SOURCE = str(Path(simkit.__file__).parent.parent)


def told(folder: Folder) -> object:
    return json.loads((folder.root / "told").read_text())


def tell(expression: str) -> str:
    return f"Path('told').write_text(json.dumps({expression}))\n"


def test_the_path_of_modules_is_as_before(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "some-folder")
    folder.script(tell("sys.path"))
    subprocess.run([sys.executable, "executor.py"], cwd=folder.root, check=True)
    plain = told(folder)
    folder.again()
    assert told(folder) == plain


def test_the_user_s_own_sitecustomize_runs(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.root / "mine").mkdir()
    (folder.root / "mine" / "sitecustomize.py").write_text("import sys\nsys.mine = __file__\n")
    monkeypatch.setenv("PYTHONPATH", str(folder.root / "mine"))
    report = folder.run("loop(1)\n" + tell("[sys.mine, sys.modules['sitecustomize'].__file__]"))
    assert report.clean and report.writes
    assert told(folder) == [str(folder.root / "mine" / "sitecustomize.py")] * 2


def test_descriptors_keep_their_numbers_and_may_all_be_closed(folder: Folder) -> None:
    report = folder.run("fd = os.open('.', 0)\n" + tell("fd") + "loop(1)\nos.closerange(3, 256)\nloop(2)\n")
    assert told(folder) == 3
    assert report.findings == () and report.writes["logs/state/nav.json"] == 2


def test_a_log_that_is_gone_disturbs_nobody(folder: Folder) -> None:
    body = "shutil.rmtree(Path(json.loads(os.environ['SIMKIT_SANITIZE'])['log']).parent)\nloop(1)\n" + tell(
        "'done'"
    )
    folder.run(body)
    assert told(folder) == "done"


def test_exceptions_of_the_executor_s_signal_handlers_are_its_own(folder: Folder) -> None:
    body = """
import signal
class Late(Exception): pass
def late(*_): raise Late
signal.signal(signal.SIGALRM, late)
caught = 0
for i in range(300):
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.00005 + i * 1e-6)
        for _ in range(20):
            put('rv_momentum', i)
    except Late:
        caught += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
"""
    report = folder.run(body + tell("caught"))
    assert told(folder) == 300
    assert report.returncode == 0


def test_nothing_of_simkit_or_of_others_is_imported(folder: Folder) -> None:
    folder.run("loop(1)\n" + tell("sorted(m for m in sys.modules if m.startswith(('simkit', 'msgspec')))"))
    assert told(folder) == []


def test_a_killed_child_loses_nothing(folder: Folder) -> None:
    body = "loop(1)\n(STATE / 'rv_momentum.json').write_text(text(1))\ntemp('nav').write_text('x')\n"
    report = folder.run(body + "os.kill(os.getpid(), 9)\n")
    assert {f.kind for f in report.findings} == {"non_atomic", "left_over"}
    assert report.returncode == -9 and "ended by signal 9" in report.summary()


def test_a_killed_clean_child_gives_its_own_code(folder: Folder) -> None:
    assert folder.run("loop(1)\nos.kill(os.getpid(), 9)\n").exit_code == 137


def test_an_executor_without_end_is_stopped(folder: Folder) -> None:
    from simkit.sanitize import sanitize

    folder.script("loop(1)\nimport threading\nthreading.Event().wait()\n")
    report: Report = sanitize([sys.executable, "executor.py"], cwd=folder.root, timeout_s=0.7)
    assert report.returncode == -signal.SIGTERM and "stopped after 0.7 s" in report.notes


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 5), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_child_and_the_report_still_comes(folder: Folder, number: int, code: int) -> None:
    folder.script(
        "import threading\nloop(1)\n"
        "try:\n    print('ready', flush=True)\n    threading.Event().wait()\n"
        "except KeyboardInterrupt:\n    loop(2)\n    sys.exit(5)\n"
    )
    words = [sys.executable, "-m", "simkit", "sanitize", "--", sys.executable, "executor.py"]
    env = {**os.environ, "PYTHONPATH": SOURCE}
    parent = subprocess.Popen(
        words, cwd=folder.root, env=env, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert parent.stdout is not None and parent.stdout.readline() == "ready\n"
    parent.send_signal(number)
    _, report = parent.communicate(timeout=60)
    assert parent.returncode == code, report
    assert "no findings" in report


def starts(python: str) -> bool:
    """Whether such an interpreter is here (a shim may stand for one that is not)."""
    found = shutil.which(python)
    return found is not None and not subprocess.run([found, "-c", ""], capture_output=True).returncode


OTHERS = [python for python in ("python3.11", "python3.12", "python3.13") if starts(python)]


@pytest.mark.skipif(not OTHERS, reason="no other Python is installed here")
@pytest.mark.parametrize("python", OTHERS)
def test_the_child_may_be_another_python(folder: Folder, python: str) -> None:
    from simkit.sanitize import sanitize

    folder.script("loop(1)\n(STATE / 'nav.json').write_text(text(2))\n", head=HEAD)
    report = sanitize([python, "executor.py"], cwd=folder.root)
    assert said(report) == [("non_atomic", "INV-G08", "nav.json")]
