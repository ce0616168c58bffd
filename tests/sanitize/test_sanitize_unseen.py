"""What audit events cannot see is caught by comparing the files, or said to be not observable."""

from __future__ import annotations

import pytest
from sanitize_kit import Folder, said

KEPT = """
f = temp('rv_momentum').open('w+')
f.write(text(1)); f.flush()
os.replace(temp('rv_momentum'), STATE / 'rv_momentum.json')
def again(at):
    f.seek(0); f.write(text(at)); f.flush()
"""


def test_a_kept_descriptor_is_caught_between_loops(folder: Folder) -> None:
    report = folder.run(KEPT + "for i in range(2, 6):\n    loop(i)\n    again(i)\n")
    assert said(report) == [("changed_unseen", "INV-G08", "rv_momentum.json")]
    assert report.findings[0].count == 4


def test_a_kept_descriptor_is_caught_at_the_end(folder: Folder) -> None:
    assert said(folder.run(KEPT + "loop(1)\nagain(2)\n")) == [
        ("changed_unseen", "INV-G08", "rv_momentum.json")
    ]


def test_a_kept_descriptor_that_writes_nothing_is_nothing(folder: Folder) -> None:
    assert said(folder.run(KEPT + "loop(1)\nloop(2)\nloop(3)\n")) == []


def test_an_open_relative_to_a_descriptor_is_caught(folder: Folder) -> None:
    body = (
        "loop(1)\nput('rv_momentum', 1)\nhere = os.open(STATE, os.O_RDONLY)\n"
        "fd = os.open('rv_momentum.json', os.O_WRONLY, dir_fd=here)\nos.write(fd, b'x')\nloop(2)\nloop(3)\n"
    )
    assert {kind for kind, _, _ in said(folder.run(body))} == {"changed_unseen", "invalid"}


def test_a_rename_relative_to_a_descriptor_is_seen(folder: Folder) -> None:
    body = (
        "here = os.open(STATE, os.O_RDONLY)\n"
        "for at in (1, 2, 3):\n    loop(at, but=['nav'])\n    temp('nav').write_text(text(at))\n"
        "    os.replace(temp('nav').name, 'nav.json', src_dir_fd=here, dst_dir_fd=here)\n"
    )
    assert said(folder.run(body)) == []


def test_a_shell_that_replaces_a_surface_is_caught(folder: Folder) -> None:
    move = "os.system(\"echo '{}' > logs/state/.x; mv logs/state/.x logs/state/rv_momentum.json\")\n"
    report = folder.run("loop(1)\nput('rv_momentum', 1)\n" + move)
    assert said(report) == [("changed_unseen", "INV-G09", "rv_momentum.json")]
    assert len(report.not_observable) == 1


def test_a_shell_that_removes_a_surface_is_caught(folder: Folder) -> None:
    report = folder.run("loop(1)\nloop(2)\nos.system('rm logs/state/nav.json')\n")
    assert said(report) == [("deleted", "INV-G13", "nav.json")]


def test_an_owner_outside_of_the_run_may_replace_its_surface(folder: Folder) -> None:
    move = "os.system(\"echo '{}' > logs/state/.x; mv logs/state/.x logs/state/nav_state.json\")\n"
    report = folder.run("loop(1)\n" + move + "loop(2)\n" + move + "loop(3)\n")
    assert said(report) == []
    assert report.notes == (
        "logs/state/nav_state.json: replaced from outside of this run; its owner (sync_state) was not observed",
    )


@pytest.mark.parametrize("where", ["os.chdir(STATE); STATE = Path('.')", "STATE = Path('link')"])
def test_other_ways_to_the_folder_are_the_same_folder(folder: Folder, where: str) -> None:
    (folder.root / "link").symlink_to("logs/state")
    report = folder.run(f"{where}\nloop(1)\nloop(2)\n(STATE / 'nav.json').write_text(text(3))\n")
    assert said(report) == [("non_atomic", "INV-G08", "nav.json")]


def test_a_pipe_in_place_of_a_surface_hangs_nobody(folder: Folder) -> None:
    assert folder.run("loop(1)\nos.mkfifo(STATE / 'rv_momentum.json')\nloop(2)\nloop(3)\n").clean


def test_a_large_file_is_not_read(folder: Folder) -> None:
    report = folder.run("loop(1)\nreplace('rv_momentum', '[' * (9 << 20))\nloop(2)\nloop(3)\n")
    assert said(report) == []
    assert "too large, or not ours, to be read" in report.notes[0]


def test_names_that_are_no_text_are_survived(folder: Folder) -> None:
    report = folder.run("loop(1)\nopen(b'logs/state/.tmp_\\xff', 'wb').close()\n")
    assert [f.kind for f in report.findings] == ["left_over"]


def test_events_that_could_not_be_told_are_counted(folder: Folder) -> None:
    body = (
        "import resource\nloop(1)\ntemp('nav').write_text(text(2))\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))\nkept = []\n"
        "try:\n    while True:\n        kept.append(os.open('.', 0))\nexcept OSError:\n    pass\n"
        "os.replace(temp('nav'), STATE / 'nav.json')\n"
        "for fd in kept:\n    os.close(fd)\nloop(3)\n"
    )
    report = folder.run(body)
    assert report.returncode == 0
    assert [line.partition(" events")[0] for line in report.not_observable] == ["1"]
    assert [(f.kind, f.severity, f.path) for f in report.findings] == [
        ("changed_unseen", "W", "logs/state/nav.json")
    ]
