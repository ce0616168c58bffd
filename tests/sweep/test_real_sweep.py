"""Real processes under SIGKILL: no reader meets a torn file, a defect is found, and nobody is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sweep_kit import project_of, small

from simkit.core.errors import SimkitError
from simkit.sweep.real import RealSweep, real_lines, real_plain, real_sweep

ROOT = Path(__file__).parents[2]
needs_sigkill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")


def swept(folder: Path, kills: int, legacy: str = "") -> RealSweep:
    executor = f"executor: {{legacy: [{legacy}], limits" if legacy else "executor: {limits"
    scenario = small(folder, old="executor: {limits", new=executor)
    return real_sweep(scenario, base=folder, data=None, work=folder / "work", kills=kills, seed=7)


@needs_sigkill
def test_no_read_is_torn_and_the_last_run_mends_all(tmp_path: Path) -> None:
    sweep = swept(tmp_path, 5)
    assert sweep.problems == ()
    assert (sweep.kills, sweep.files) == (5, 14)
    assert sweep.reads > 1000
    assert list((tmp_path / "work").iterdir()) == []
    assert real_lines(sweep)[-1] == "every read was a whole document"
    assert real_plain(sweep)["reads"] == sweep.reads


@needs_sigkill
@pytest.mark.slow
def test_five_hundred_kills_and_a_million_reads(tmp_path: Path) -> None:
    sweep = swept(tmp_path, 500)
    assert sweep.problems == ()
    assert sweep.kills == 500
    assert sweep.reads >= 1_000_000
    assert sweep.interrupted > 50


@needs_sigkill
@pytest.mark.slow
def test_a_file_written_in_place_is_caught_torn(tmp_path: Path) -> None:
    sweep = swept(tmp_path, 200, legacy="D-20")
    assert any("logs/cache/peak_state.json holds" in problem for problem in sweep.problems)


def test_a_machine_without_sigkill_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "SIGKILL", raising=False)
    with pytest.raises(SimkitError, match="--real needs SIGKILL"):
        swept(tmp_path, 1)


def children(pid: int) -> list[int]:
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in found.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="asks ps for the children")
def test_ctrl_c_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    project_of(tmp_path)
    code = "from simkit.cli import main; main(['crash-sweep', 'small', '--real', '--kills', '1000'])"
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not (born := children(process.pid)):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert [pid for pid in born if Path(f"/proc/{pid}").exists()] == []
    assert list((tmp_path / ".simkit").glob("crash-sweep-*")) == []
