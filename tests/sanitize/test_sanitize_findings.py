"""Every finding of the surface sanitizer: one executor that earns it, and its neighbour that does not."""

from __future__ import annotations

import pytest
from sanitize_kit import Folder, said

TWO = "loop(1)\nloop(2)\n"


def test_an_executor_that_replaces_whole_files_in_every_loop_is_clean(folder: Folder) -> None:
    report = folder.run("for i in range(1, 6):\n    loop(i)\n")
    assert report.findings == ()
    assert report.exit_code == report.returncode == 0
    assert report.writes == {f"logs/state/{name}.json": 5 for name in (
        "nav", "positions_state", "positions_ledger", "risk_snapshot", "router_health", "kpis_v7", "diagnostics",
    )}  # fmt: skip
    assert report.not_observable == () and report.notes == ()


@pytest.mark.parametrize(
    ("way", "how"),
    [
        ("(STATE / 'symbol_scores_v6.json').write_text(text(2))", "written"),
        ("open(STATE / 'symbol_scores_v6.json', 'a').close()", "appended to"),
        ("open(STATE / 'symbol_scores_v6.json', 'r+').close()", "opened for writing"),
        ("os.truncate(STATE / 'symbol_scores_v6.json', 40)\nput('symbol_scores_v6', 3)", "truncated"),
        ("shutil.copyfile(STATE / 'rv_momentum.json', STATE / 'symbol_scores_v6.json')", "written"),
        ("os.close(os.open(STATE / 'symbol_scores_v6.json', os.O_WRONLY))", "opened for writing"),
    ],
)
def test_a_write_in_place_is_not_atomic(folder: Folder, way: str, how: str) -> None:
    report = folder.run(f"loop(1)\nput('symbol_scores_v6', 1)\nput('rv_momentum', 1)\n{way}\nloop(2)\n")
    found = report.of("non_atomic")
    assert [(f.rule, f.path) for f in found] == [("INV-G08", "logs/state/symbol_scores_v6.json")]
    assert found[0].message.startswith(f"{how} in place")
    assert "executor.py:" in found[0].place
    assert report.exit_code == 2


def test_a_truncation_through_a_descriptor_is_seen(folder: Folder) -> None:
    report = folder.run(TWO + "with open(STATE / 'nav.json', 'r+') as f:\n    os.ftruncate(f.fileno(), 3)\n")
    assert {f.message.split(" in place")[0] for f in report.of("non_atomic")} == {
        "opened for writing",
        "truncated",
    }
    assert ("invalid", "INV-G01", "nav.json") in said(report)


def test_reading_a_surface_is_no_write(folder: Folder) -> None:
    assert said(folder.run(TWO + "(STATE / 'nav.json').read_text(); os.open(STATE / 'nav.json', 0)\n")) == []


def test_equal_findings_are_counted(folder: Folder) -> None:
    report = folder.run(
        "for i in range(1, 8):\n    loop(i)\n    (STATE / 'rv_momentum.json').write_text(text(i))\n"
    )
    assert [(f.kind, f.count) for f in report.findings] == [("non_atomic", 7)]


def test_a_surface_that_stays_away_is_late(folder: Folder) -> None:
    report = folder.run("loop(1)\nloop(2, but=['kpis_v7'])\nloop(3)\n")
    assert said(report) == [("late", "INV-G07", "kpis_v7.json")]


def test_the_first_surface_of_the_loop_can_be_late(folder: Folder) -> None:
    assert said(folder.run("loop(1)\nloop(2, but=['nav'])\nloop(3)\n")) == [("late", "INV-G07", "nav.json")]


def test_a_surface_missing_in_the_last_loop_is_late(folder: Folder) -> None:
    assert said(folder.run(TWO + "loop(3, but=['kpis_v7'])\n")) == [("late", "INV-G07", "kpis_v7.json")]


@pytest.mark.parametrize("name", ["nav", "router_health", "diagnostics"])
def test_one_surface_written_twice_in_a_loop_makes_nobody_late(folder: Folder, name: str) -> None:
    assert said(folder.run(TWO + f"put({name!r}, 3)\nloop(4)\nput({name!r}, 5)\n")) == []


def test_all_surfaces_but_one_standing_still_are_late(folder: Folder) -> None:
    report = folder.run(TWO + "put('nav', 3)\nput('nav', 4)\nput('nav', 5)\n")
    assert len(report.of("late")) == 6 and len(report.findings) == 6


def test_a_surface_that_never_came_is_missing(folder: Folder) -> None:
    assert said(folder.run("loop(1, but=['diagnostics'])\n")) == [("missing", "INV-G07", "diagnostics.json")]


def test_an_executor_that_died_in_its_loop_owes_no_more_of_it(folder: Folder) -> None:
    report = folder.run(TWO + "put('nav', 3)\nput('positions_state', 3)\nsys.exit(7)\n")
    assert report.findings == ()
    assert report.exit_code == report.returncode == 7


def test_time_going_back(folder: Folder) -> None:
    assert said(folder.run("loop(2)\nloop(3)\nput('rv_momentum', 2)\nput('rv_momentum', 1)\nloop(4)\n")) == [
        ("time_back", "INV-G06", "rv_momentum.json")
    ]


def test_time_standing_still_is_a_warning(folder: Folder) -> None:
    report = folder.run("loop(1)\nput('rv_momentum', 1)\nput('rv_momentum', 1)\n")
    assert [(f.kind, f.severity) for f in report.findings] == [("time_same", "W")]
    assert report.clean and report.exit_code == 0


def test_epoch_and_text_stamps_are_compared(folder: Folder) -> None:
    body = (
        "loop(1)\nput('rv_momentum', 2)\nreplace('rv_momentum', json.dumps({'updated_at': 1736121600.0}))\n"
    )
    assert said(folder.run(body)) == [("time_back", "INV-G06", "rv_momentum.json")]


@pytest.mark.parametrize(
    ("content", "rule"),
    [("{'updated_ts': ", "INV-G01"), ("", "INV-G01"), ("[1]", "INV-G01"), ('{"nav": NaN}', "INV-G02")],
)
def test_what_is_published_is_read_whole_before_it_stands_there(
    folder: Folder, content: str, rule: str
) -> None:
    report = folder.run(f"loop(1)\nreplace('nav', {content!r})\nloop(2)\n")
    assert said(report)[0] == ("invalid", rule, "nav.json")


def test_a_file_renamed_before_it_was_flushed_is_not_whole(folder: Folder) -> None:
    move = "os.replace(temp('nav'), STATE / 'nav.json')"
    body = f"loop(1)\nf = temp('nav').open('w')\nf.write(text(2))\n{move}\nf.close()\n"
    kinds = {kind for kind, _, path in said(folder.run(body)) if path == "nav.json"}
    assert kinds == {"invalid", "changed_unseen"}


@pytest.mark.parametrize("name", [".tmp_nav.77", "tmpx1y2z3", "nav.json.tmp", ".nav.json.q8"])
def test_a_temporary_file_left_over(folder: Folder, name: str) -> None:
    report = folder.run(TWO + f"(STATE / {name!r}).write_text('x')\n")
    assert said(report) == [("left_over", "INV-G08", name)]
    assert "executor.py:" in report.findings[0].place


def test_a_temporary_file_that_is_taken_away_is_no_finding(folder: Folder) -> None:
    body = "import tempfile\nwith tempfile.NamedTemporaryFile(dir=STATE) as f:\n    f.write(b'x')\n"
    assert said(folder.run(TWO + body)) == []


def test_what_lay_there_before_is_not_this_run_s(folder: Folder) -> None:
    state = folder.root / "logs" / "state"
    state.mkdir(parents=True)
    (state / ".tmp_nav.1").write_text("x")
    (state / "old.json").write_text("{}")
    assert said(folder.run(TWO)) == []


def test_a_file_that_the_manifest_does_not_know(folder: Folder) -> None:
    assert said(folder.run(TWO + "put('signals', 1)\n(STATE / 'b.json').write_text('{}')\n")) == [
        ("unregistered", "INV-G11", "b.json"),
        ("unregistered", "INV-G11", "signals.json"),
    ]


def test_the_auxiliary_files_and_other_forms_are_not_unregistered(folder: Folder) -> None:
    report = folder.run(
        TWO + "put('position_tp_sl', 1)\nput('engine_metadata', 1)\n(STATE / 'a.lock').write_text('')\n"
    )
    assert said(report) == []
    assert report.notes == ("logs/state/a.lock: not JSON and no surface; no rule judges it",)


@pytest.mark.parametrize(
    "how",
    [
        "os.remove(STATE / 'nav.json')",
        "os.rename(STATE / 'nav.json', STATE / 'nav.bak')",
        "os.rename(STATE / 'nav.json', 'nav.old')",
        "os.unlink('nav.json', dir_fd=os.open(STATE, os.O_RDONLY))",
    ],
)
def test_a_surface_that_is_taken_away(folder: Folder, how: str) -> None:
    assert said(folder.run(f"loop(1)\n{how}\nloop(2)\n")) == [("deleted", "INV-G13", "nav.json")]


def test_removing_what_is_not_there_is_nothing(folder: Folder) -> None:
    body = "try:\n    os.remove(STATE / 'nav.json')\nexcept FileNotFoundError:\n    pass\nloop(1)\n"
    assert said(folder.run(body)) == []


def test_a_hard_link_takes_nothing_away_and_publishes_at_once(folder: Folder) -> None:
    body = "loop(1)\nos.link(STATE / 'nav.json', 'copy')\ntemp('nav').write_text(text(1))\n"
    body += "os.link(temp('nav'), STATE / 'rv_momentum.json')\nos.remove(temp('nav'))\n"
    report = folder.run(body)
    assert said(report) == [] and report.writes["logs/state/rv_momentum.json"] == 1


def test_intel_surfaces_may_go(folder: Folder) -> None:
    report = folder.run(TWO + "put('rv_momentum', 1)\nos.remove(STATE / 'rv_momentum.json')\n")
    assert [(f.kind, f.severity) for f in report.findings] == [("deleted", "W")]


def test_the_mirror_must_not_be_newer_than_nav(folder: Folder) -> None:
    body = "loop(1)\nput('nav_state', {})\nloop(3)\n"
    command = {"writers": [("sync_state", "executor.py")]}
    ahead = folder.run(body.format(2), **command)
    assert ("ahead_of_nav", "INV-NS02", "nav_state.json") in said(ahead)
    assert "ahead_of_nav" not in {f.kind for f in folder.run(body.format(1), **command).findings}


def test_a_run_that_writes_nothing_is_not_clean(folder: Folder) -> None:
    assert [f.kind for f in folder.run("pass\n").findings] == ["nothing_seen"]
    assert folder.run("sys.exit(3)\n").exit_code == 3
