"""Who wrote: owners, second writers, children that are followed, and those that cannot be observed."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from sanitize_kit import HEAD, Folder, said

from simkit.core.errors import SimkitError
from simkit.sanitize import sanitize
from simkit.sanitize.processes import script_of

CHILD = "subprocess.run([sys.executable, {options}{script!r}], check=True{more})\n"


def child(script: str, options: str = "", more: str = "") -> str:
    return CHILD.format(script=script, options=options and f"{options!r}, ", more=more and f", {more}")


def test_the_mirror_is_written_by_its_owner_in_a_child(folder: Folder) -> None:
    folder.script("put('nav_state', 1)\n", "sync_state.py")
    report = folder.run("loop(1)\n" + child("sync_state.py") + "loop(2)\n" + child("sync_state.py"))
    assert said(report) == []
    assert len(report.processes) == 3 and report.not_observable == ()
    assert report.writes["logs/state/nav_state.json"] == 2


def test_the_executor_is_not_the_owner_of_the_mirror(folder: Folder) -> None:
    report = folder.run("loop(1)\nput('nav_state', 1)\n")
    assert said(report) == [("wrong_owner", "INV-G10", "nav_state.json")]
    assert report.findings[0].message == "written by executor, the manifest names sync_state"


def test_a_mirror_inside_the_executor_is_known_by_its_file(folder: Folder) -> None:
    folder.script("def mirror(put, at):\n    put('nav_state', at)\n", "sync_state.py", head="")
    folder.script("def write(file, content):\n    file.write_text(content)\n", "disk.py", head="")
    body = "import disk, sync_state\nloop(1)\n{}\n"
    put = (
        "lambda name, at: (disk.write(temp(name), text(at)), os.replace(temp(name), STATE / f'{name}.json'))"
    )
    report = folder.run(body.format(f"sync_state.mirror({put}, 1)"))
    assert [f.kind for f in report.findings] == [
        "wrong_owner"
    ]  # the nearest file that acts is the executor's
    folder.script(
        "import os\ndef mirror(temp, target, content):\n    temp.write_text(content)\n    os.replace(temp, target)\n",
        "sync_state.py",
        head="",
    )
    inside = "sync_state.mirror(temp('nav_state'), STATE / 'nav_state.json', text(1))"
    assert said(folder.run(body.format(inside))) == []


def test_a_pattern_says_who_is_who(folder: Folder) -> None:
    folder.script("put('nav_state', 1)\n", "mirror.py")
    body = "loop(1)\n" + child("mirror.py")
    assert said(folder.run(body)) == [("wrong_owner", "INV-G10", "nav_state.json")]
    assert said(folder.run(body, writers=[("sync_state", "mirror.py")])) == []


def test_two_processes_write_one_surface(folder: Folder) -> None:
    folder.script("put('positions_state', 3)\n", "helper.py")
    report = folder.run("loop(1)\n" + child("helper.py") + "loop(4)\n")
    found = report.of("second_writer")
    assert {(f.rule, f.path) for f in found} == {("INV-G09", "logs/state/positions_state.json")}
    assert any("helper.py" in f.process for f in found)


def test_a_fork_is_a_second_writer(folder: Folder) -> None:
    fork = "if os.fork() == 0:\n    put('positions_state', 3)\n    os._exit(0)\nos.wait()\nloop(4)\n"
    assert {f.kind for f in folder.run("loop(1)\n" + fork).findings} == {"second_writer"}


def test_a_restart_is_no_second_writer(folder: Folder) -> None:
    folder.script("n = int(Path('n').read_text())\nPath('n').write_text(str(n + 1))\nloop(n)\n", "work.py")
    report = folder.run("Path('n').write_text('1')\n" + child("work.py") * 3)
    assert said(report) == []
    assert report.writes["logs/state/nav.json"] == 3


def test_two_of_the_same_at_once_are_two_writers(folder: Folder) -> None:
    folder.script(
        "for at in (1, 2):\n    sys.stdin.readline()\n    loop(at * 10)\n    print(flush=True)\n", "work.py"
    )
    body = (
        "two = [subprocess.Popen([sys.executable, 'work.py'], stdin=-1, stdout=-1, text=True) for _ in '12']\n"
        "for p in two * 2:\n    print(file=p.stdin, flush=True)\n    p.stdout.readline()\n"
        "for p in two:\n    p.communicate()\n"
    )
    assert len({f.path for f in folder.run(body).of("second_writer")}) == 7


def test_an_executor_that_runs_itself_anew_is_followed(folder: Folder) -> None:
    anew = "    os.execv(sys.executable, [sys.executable, 'executor.py', '2'])\n"
    body = "first = len(sys.argv) == 1\nloop(1 if first else 2)\nif first:\n" + anew
    report = folder.run(body)
    assert len(report.processes) == 2 and report.not_observable == ()
    assert {f.kind for f in report.findings} == {"second_writer"}  # another command line is another writer


def test_helpers_of_multiprocessing_do_not_stand_for_an_isolated_child(folder: Folder) -> None:
    body = (
        "import multiprocessing\n"
        "def work():\n    put('rv_momentum', 1)\n"
        "if __name__ == '__main__':\n    loop(1)\n    "
        + child("helper.py", "-I")
        + "    subprocess.run(['true'])\n"
        "    p = multiprocessing.get_context('forkserver').Process(target=work)\n    p.start()\n    p.join()\n"
    )
    folder.script("", "helper.py", head="")
    report = folder.run(body)
    assert said(report) == [] and report.notes == ()
    assert [line.split("`")[1].split()[0].startswith("python") for line in report.not_observable] == [
        True,
        False,
    ]


def test_a_mirror_that_outlives_the_command_is_named(folder: Folder) -> None:
    folder.script("put('nav_state', 1)\nprint(flush=True)\nsys.stdin.readline()\n", "sync_state.py")
    body = (
        "loop(1)\nend, keep = os.pipe()\nos.set_inheritable(keep, True)\n"
        "p = subprocess.Popen([sys.executable, 'sync_state.py'], stdin=end, stdout=-1, pass_fds=[keep])\n"
        "p.stdout.readline()\nPath('pid').write_text(str(p.pid))\ntemp('x').write_text('')\n"
    )
    report = folder.run(body)
    os.kill(int((folder.root / "pid").read_text()), 9)
    assert [(f.kind, f.severity) for f in report.findings] == [("left_over", "W")]
    assert report.notes[0].endswith("sync_state.py still runs: judged up to here")


@pytest.mark.parametrize("option", ["-I", "-E", "-S", "-IB"])
def test_an_isolated_child_is_not_observable(folder: Folder, option: str) -> None:
    folder.script("put('rv_momentum', 5)\n", "helper.py")
    report = folder.run("loop(1)\n" + child("helper.py", option) + "loop(2)\n")
    assert len(report.not_observable) == 1 and "started isolated" in report.not_observable[0]
    assert [f.kind for f in report.findings] == ["changed_unseen"]
    assert report.findings[0].rule == "INV-G09"


def test_a_child_with_an_environment_of_its_own_is_not_observable(folder: Folder) -> None:
    folder.script("", "helper.py", head="")
    report = folder.run("loop(1)\n" + child("helper.py", more="env={}"))
    assert "its environment lacks PYTHONPATH" in report.not_observable[0]


def test_a_child_that_is_no_python_is_not_observable(folder: Folder) -> None:
    report = folder.run("loop(1)\nsubprocess.run(['true'])\nsubprocess.run(['true'])\nos.system('true')\n")
    assert len(report.not_observable) == 2
    assert report.not_observable[0].startswith("child `true`: never reported")
    assert report.not_observable[0].endswith("(2 times)")
    assert report.clean


def test_children_behind_a_shell_and_of_multiprocessing_are_followed(folder: Folder) -> None:
    folder.script("put('nav_state', 1)\n", "sync_state.py")
    shell = "subprocess.run(f'{sys.executable} sync_state.py; true', shell=True)\n"
    body = (
        "import multiprocessing\n"
        "def work():\n    put('rv_momentum', 1)\n"
        "if __name__ == '__main__':\n    loop(1)\n    p = multiprocessing.get_context('spawn').Process(target=work)\n"
        "    p.start()\n    p.join()\n    " + shell
    )
    report = folder.run(body)
    assert said(report) == [] and report.not_observable == ()
    assert {"logs/state/nav_state.json", "logs/state/rv_momentum.json"} < set(report.writes)


def test_a_command_that_never_reports_is_not_passed(folder: Folder) -> None:
    folder.script("loop(1)\n")
    report = folder.again("-I")
    assert [f.kind for f in report.of("nothing_seen")] == ["nothing_seen"]
    assert report.exit_code == 2


def test_a_manifest_names_further_surfaces_and_owners(folder: Folder) -> None:
    entry = {
        "path": "logs/state/signals.json",
        "owner": "screener",
        "update_frequency": "per_loop",
        "description": "x",
    }
    (folder.root / "v7_manifest.json").write_text(json.dumps({"state_files": {"signals": entry}}))
    folder.script("put('signals', 1)\nput('nav', 1)\n", "screener.py")
    report = sanitize([sys.executable, "screener.py"], cwd=folder.root)
    assert said(report) == [("unregistered", "INV-G11", "nav.json")]
    assert report.manifest == str(folder.root / "v7_manifest.json")


def test_what_cannot_start_or_be_read_is_said(folder: Folder, tmp_path: Path) -> None:
    with pytest.raises(SimkitError, match="no-such-command: cannot be started"):
        sanitize(["no-such-command"], cwd=tmp_path)
    (tmp_path / "m.json").write_text("[")
    with pytest.raises(SimkitError, match=r"m\.json: is no complete JSON document"):
        sanitize(["true"], cwd=tmp_path, manifest="m.json")
    with pytest.raises(SimkitError, match=r"none\.json: No such file"):
        sanitize(["true"], cwd=tmp_path, manifest="none.json")


@pytest.mark.parametrize(
    ("argv", "script"),
    [
        (["python", "sync_state.py", "x.py"], "sync_state"),
        (["python", "-m", "acme.sync_state"], "sync_state"),
        (["python", "-X", "dev", "-B", "a/run.py"], "run"),
        (["python", "-c", "pass"], ""),
        (["python"], ""),
    ],
)
def test_the_script_of_a_command_line(argv: list[str], script: str) -> None:
    assert script_of(argv) == script


def test_the_head_of_the_scripts_stands_alone() -> None:
    assert "simkit" not in HEAD
