"""The gate in a CI: writes nothing that git sees, says why it is red where it is read, and hands over what waits."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from simkit.core.errors import Exit

BROKEN = "expect:\n  L3: {open_positions_count: 2}\n"


@pytest.fixture(autouse=True)
def no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests say themselves which CI runs them."""
    for variable in ("GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD"):
        monkeypatch.delenv(variable, raising=False)


def seen_by_git(bench: Any) -> dict[str, bytes]:
    return {path: data for path, data in bench.files(".").items() if not path.startswith(".simkit")}


def test_a_check_in_ci_writes_only_below_the_work_folder(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.scenario("nav/one")
    bench.scenario("nav/two", BROKEN)
    monkeypatch.setenv("CI", "true")
    before = seen_by_git(bench)
    result = bench("check", "--ci")
    assert result.exit_code == Exit.BROKEN
    assert seen_by_git(bench) == before
    assert result.output.endswith(
        "2 scenarios: 1 missing, 1 broken\n1 result in .simkit/bundle.zip; accept on your own machine: "
        'simkit accept --from bundle.zip --reason "..."\n'
    )


def test_from_a_red_ci_to_a_green_one(
    bench: Any, monkeypatch: pytest.MonkeyPatch, other_code: Callable[[], None], tmp_path: Path
) -> None:
    for name in ("one", "two", "three"):
        bench.scenario(f"nav/{name}")
    bench.accept("nav/one", "nav/two")
    mine = tmp_path.parent / f"{tmp_path.name}-mine"
    shutil.copytree(bench.root, mine)
    other_code()
    monkeypatch.setenv("CI", "true")
    assert bench("check", "--ci", "--bundle", "out/b.zip").exit_code == Exit.CHANGED
    refused = bench("accept", "--from", "out/b.zip", "-r", "x")
    assert (refused.exit_code, "under CI" in refused.output) == (Exit.USAGE, True)
    monkeypatch.delenv("CI")
    monkeypatch.chdir(mine)
    result = bench(
        "accept", "--from", str(tmp_path / "out/b.zip"), "nav/one", "nav/three", "-r", "fees are charged"
    )
    assert result.output == (
        "nav/one: accepted as intended: golden/nav/one/\nnav/three: accepted as new: golden/nav/three/\n"
    )
    assert bench("accept", "--from", str(tmp_path / "out/b.zip"), "-r", "the rest").output == (
        "nav/one: same, nothing to accept\nnav/three: same, nothing to accept\n"
        "nav/two: accepted as intended: golden/nav/two/\n"
    )
    assert not (mine / ".simkit/pending").exists() or not list(
        (mine / ".simkit/pending").rglob("golden.json")
    )
    assert bench("check").exit_code == Exit.SAME
    for name in ("one", "two", "three"):
        found = {p.name: p.read_bytes() for p in (mine / f"golden/nav/{name}").iterdir() if p.is_file()}
        made = {
            p.name: p.read_bytes()
            for p in (tmp_path / f".simkit/pending/nav/{name}").iterdir()
            if p.is_file()
        }
        assert {k: v for k, v in found.items() if k != "reasons.jsonl"} == made


def test_a_bundle_of_another_state_of_the_scenario_is_refused(bench: Any) -> None:
    file = bench.scenario("nav/one")
    bench("check", "--ci")
    file.write_text(file.read_text().replace("L4: 104", "L4: 105"))
    result = bench("accept", "--from", ".simkit/bundle.zip", "-r", "x")
    assert result.exit_code == Exit.GOLDEN_MISSING
    assert result.output == (
        "simkit: .simkit/bundle.zip: refused, and nothing was written:\n"
        "  nav/one: scenario: it is another here than where the bundle was made; check out the same commit\n"
    )
    file.unlink()
    bench.scenario("nav/two")
    assert (
        "no scenario here that has a golden"
        in bench("accept", "--from", ".simkit/bundle.zip", "-r", "x").output
    )
    assert not (bench.root / "golden").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--all",), "--from accepts the results"),
        (("--kind", "removed"), "--from accepts"),
        (("nav/x",), "no result for nav/x"),
    ],
)
def test_what_makes_no_sense_with_a_bundle_is_said(bench: Any, words: tuple[str, ...], message: str) -> None:
    bench.scenario("nav/one")
    bench("check", "--ci")
    result = bench("accept", "--from", ".simkit/bundle.zip", "-r", "x", *words)
    assert result.exit_code == Exit.USAGE
    assert message in result.output


def test_what_is_no_bundle_is_refused_without_a_traceback(bench: Any) -> None:
    bench.scenario("nav/one")
    for content in (b"", b"PK\3\4" + bytes(40), b"text"):
        (bench.root / "b.zip").write_bytes(content)
        result = bench("accept", "--from", "b.zip", "-r", "x")
        assert result.exit_code == Exit.USAGE
        assert "refused, and nothing was written" in result.output


def test_junit_tells_every_run(bench: Any) -> None:
    bench.scenario("nav/one")
    bench.scenario("nav/two", BROKEN)
    bench.accept("nav/one")
    bench("check", "--junit", "out/junit.xml")
    root = ElementTree.fromstring((bench.root / "out/junit.xml").read_bytes())
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    (failure,) = root.iter("failure")
    assert failure.get("type") == "broken"
    assert "scenarios/nav/two.yaml" in str(failure.text)


def test_a_place_that_cannot_be_written_is_told_after_the_results(bench: Any) -> None:
    bench.scenario("nav/one")
    (bench.root / "file").write_text("")
    result = bench("check", "--junit", "file/junit.xml", "--bundle", "b.zip")
    assert result.exit_code == Exit.IO
    assert "1 scenario: 1 missing" in result.output
    assert (bench.root / "b.zip").is_file()
    assert bench("check", "--junit", "/dev/null").exit_code == Exit.USAGE


@pytest.mark.parametrize(
    ("variable", "start"),
    [
        ("GITHUB_ACTIONS", "::error file=scenarios/nav/one.yaml,line="),
        ("TF_BUILD", "##vso[task.logissue type=error;"),
    ],
)
def test_the_ci_that_runs_it_gets_annotations(
    bench: Any, monkeypatch: pytest.MonkeyPatch, variable: str, start: str
) -> None:
    file = bench.scenario("nav/one", BROKEN)
    monkeypatch.setenv(variable, "True")
    line = file.read_text().splitlines().index("  L3: {open_positions_count: 2}") + 1
    (note,) = [said for said in bench("check", "--ci").output.splitlines() if said.startswith(start)]
    assert f"line={line}" in note or f"linenumber={line};" in note
    assert start not in bench("check").output
    assert start not in bench("check", "--ci", "--annotations", "none").output


def test_files_are_named_from_the_repository_on(
    bench: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".git").mkdir()
    inner = tmp_path / "bot" / "tests"
    (inner / "scenarios").mkdir(parents=True)
    (inner / "pyproject.toml").write_text("[tool.simkit]\n")
    bench.root = inner
    bench.scenario("nav/one")
    monkeypatch.chdir(inner)
    assert (
        "::error file=bot/tests/scenarios/nav/one.yaml,line=1,"
        in bench("check", "--annotations", "github").output
    )


def test_gitlab_reads_a_file(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.scenario("nav/one", "nonsense: 1\n")
    monkeypatch.setenv("GITLAB_CI", "true")
    assert bench("check", "--ci").exit_code == Exit.SCENARIO_INVALID
    (entry,) = json.loads((bench.root / ".simkit/gl-code-quality-report.json").read_text())
    assert entry["location"]["path"] == "scenarios/nav/one.yaml"
    assert entry["location"]["lines"]["begin"] == 10


def test_a_title_is_no_command_to_the_ci(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    bench.scenario("nav/one", title='"x\\n::add-mask::y\\r::set-env name=A::b ##[group]"')
    bench.scenario("nav/two", '"\\n::stop-commands::t": 1\n')
    lines = bench("check", "--ci", "--junit", "j.xml").output.replace("\r", "\n").split("\n")
    commands = [line for line in lines if line.lstrip().startswith("::") or "##[" in line]
    assert len(commands) == 2
    assert all(line.startswith("::error file=scenarios/nav/") for line in commands)


# Goldens that are not as they should be --------------------------------------------------------------------


def screen(bench: Any) -> str:
    result = bench("check")
    assert result.exit_code == Exit.CHANGED
    return str(result.output)


def test_an_edited_golden_says_so_once_and_how_to_mend_it(bench: Any) -> None:
    bench.scenario("nav/one")
    bench.accept("nav/one")
    file = bench.root / "golden/nav/one/timeline.csv"
    file.write_bytes(file.read_bytes().replace(b"1", b"2"))
    output = screen(bench)
    assert "nav/one: edited\n  the golden is not as it was accepted; restore it from git, or accept" in output
    assert output.count("timeline.csv was edited by hand") == 1
    assert 'accept: simkit accept nav/one --reason "..."' in output
    assert bench("accept", "nav/one", "-r", "as it was").exit_code == Exit.SAME
    assert bench("check").exit_code == Exit.SAME


@pytest.mark.parametrize("name", ["golden.json", "history.jsonl", "reasons.jsonl"])
def test_a_merge_conflict_is_run_again_never_merged(bench: Any, name: str) -> None:
    bench.scenario("nav/one")
    bench.accept("nav/one")
    file = bench.root / "golden/nav/one" / name
    data = file.read_bytes()
    file.write_bytes(
        b"<<<<<<< HEAD\n"
        + data
        + b"||||||| base\n=======\n"
        + data.replace(b"first", b"theirs")
        + b">>>>>>> x\n"
    )
    output = screen(bench)
    assert "nav/one: conflict\n  git could not merge this golden; never merge it by hand" in output
    assert f"    {name} holds the marks of a merge conflict" in output
    assert "\n1 scenario: 1 conflict\n" in output
    assert bench("accept", "nav/one", "-r", "after the merge").exit_code == Exit.SAME
    assert bench("check").exit_code == Exit.SAME
    reasons = [
        json.loads(line)["reason"]
        for line in (bench.root / "golden/nav/one/reasons.jsonl").read_text().splitlines()
    ]
    assert reasons == (["first", "theirs"] if name == "reasons.jsonl" else ["first"]) + ["after the merge"]


def test_a_ledger_with_a_line_that_is_none_is_not_written_over(bench: Any) -> None:
    bench.scenario("nav/one")
    bench.accept("nav/one")
    ledger = bench.root / "golden/nav/one/reasons.jsonl"
    ledger.write_text(ledger.read_text() + "scribble\n")
    assert "reasons.jsonl line 2 is no reason" in screen(bench)
    result = bench("accept", "nav/one", "-r", "x")
    assert result.exit_code == Exit.USAGE
    assert "reasons.jsonl: line 2 is no reason" in result.output
    assert ledger.read_text().endswith("scribble\n")


# prune -----------------------------------------------------------------------------------------------------


@pytest.fixture
def orphaned(bench: Any) -> Any:
    """`nav/one` stands, `nav/gone` and `old/gone` have lost their scenario, `nav/sick` cannot be read."""
    for name in ("nav/one", "nav/gone", "old/gone"):
        bench.scenario(name)
    bench.scenario("nav/sick", "variants:\n  plain: {}\n")
    bench.accept("nav/one", "nav/gone", "old/gone", "nav/sick")
    (bench.root / "scenarios/nav/gone.yaml").unlink()
    (bench.root / "scenarios/old/gone.yaml").unlink()
    bench.scenario("nav/sick", "nonsense: 1\n")
    return bench


def test_prune_shows_what_goes_and_waits_for_a_yes(orphaned: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = orphaned.files("golden")
    result = orphaned("prune")
    assert result.exit_code == Exit.USAGE
    assert "nav/gone: golden/nav/gone/, 6 loops, accepted " in result.output
    assert "nobody is there to answer; say --yes" in result.output
    monkeypatch.setenv("CI", "1")
    assert "under CI" in orphaned("prune", "--yes").output
    assert orphaned.files("golden") == before


@pytest.mark.parametrize(("answer", "code"), [(True, Exit.SAME), (False, Exit.USAGE)])
def test_prune_asks_a_person(
    orphaned: Any, monkeypatch: pytest.MonkeyPatch, answer: bool, code: Exit
) -> None:
    import click

    asked: list[str] = []
    monkeypatch.setattr("simkit.cli.cmd_prune.is_somebody_there", lambda: True)
    monkeypatch.setattr(click, "confirm", lambda text: asked.append(text) or answer)
    assert orphaned("prune").exit_code == code
    assert asked == ["remove 2 goldens?"]
    assert (orphaned.root / "golden/nav/gone").exists() is not answer


def test_prune_removes_orphans_and_nothing_else(orphaned: Any) -> None:
    orphaned("check", "nav/sick")  # what the loader remembers of it
    before = orphaned.files(".")
    result = orphaned("prune", "--yes", "-r", "merged into nav/one")
    assert result.exit_code == Exit.SAME
    assert result.output.endswith("nav/gone: removed\nold/gone: removed\n")
    after = orphaned.files(".")
    gone = {path for path in before if path.startswith(("golden/nav/gone/", "golden/old/gone/"))}
    ledger = after.pop("golden/reasons.jsonl").splitlines()
    assert after == {path: data for path, data in before.items() if path not in gone}
    assert [(json.loads(line)["name"], json.loads(line)["kind"]) for line in ledger] == [
        ("nav/gone", "removed"), ("old/gone", "removed"),
    ]  # fmt: skip
    assert "no golden without a scenario" in orphaned("prune").output


def test_prune_takes_names_of_orphans_only(orphaned: Any) -> None:
    for name in ("nav/one", "nav/sick", "nowhere"):
        result = orphaned("prune", name, "--yes")
        assert result.exit_code == Exit.USAGE
        assert f"{name}: no golden without a scenario has this name" in result.output
    assert orphaned("prune", "old/gone", "--yes").exit_code == Exit.SAME
    assert (orphaned.root / "golden/nav/gone").is_dir()
    assert not (orphaned.root / "golden/old").exists()


def test_prune_does_not_believe_a_missing_folder_or_a_damaged_first_line(bench: Any) -> None:
    file = bench.scenario("nav/one")
    bench.scenario("nav/two")
    bench.accept("nav")
    file.write_text("simki: 1\n" + file.read_text())
    assert "its first line is not 'simkit: 1'" in bench("prune", "--yes").output
    shutil.move(bench.root / "scenarios", bench.root / "elsewhere")
    assert "every golden would go; nothing was removed" in bench("prune", "--yes").output
    assert len(list((bench.root / "golden").rglob("golden.json"))) == 2


# Several at once -------------------------------------------------------------------------------------------


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, errors = process.communicate(timeout=60)
    assert "Traceback" not in errors + output, errors
    assert "bug in simkit" not in errors + output, errors + output
    return process.returncode, output + errors


@pytest.mark.slow
def test_two_checks_at_once_say_the_same_and_leave_whole_results(bench: Any) -> None:
    for number in range(3):
        bench.scenario(f"nav/s{number}")
    found = [ended(p) for p in [bench.process("check", "-j", "2") for _ in range(2)]]
    assert found[0] == found[1]
    assert found[0][0] == Exit.GOLDEN_MISSING
    assert not list((bench.root / ".simkit/pending").rglob(".*"))
    assert bench("accept", "--all", "-r", "both saw it").exit_code == Exit.SAME
    assert bench("check").exit_code == Exit.SAME


@pytest.mark.slow
def test_two_acceptances_at_once_leave_one_whole_golden_each(bench: Any) -> None:
    for number in range(2):
        bench.scenario(f"nav/s{number}")
    bench("check")
    names = [f"nav/s{number}" for number in range(2)]
    processes = [
        bench.process("accept", *names, "-r", "left"),
        bench.process("accept", *reversed(names), "-r", "right"),
        bench.process("check", "-j", "1"),
    ]
    codes = [ended(process)[0] for process in processes]
    assert Exit.SAME in codes[:2]
    assert set(codes) <= {Exit.SAME, Exit.USAGE, Exit.CHANGED, Exit.GOLDEN_MISSING}
    for _ in range(2):
        bench("check")
        bench("accept", *names, "-r", "what is left")
    assert bench("check").exit_code == Exit.SAME
    assert not list((bench.root / "golden").rglob(".*"))
    for name in names:
        lines = (bench.root / f"golden/{name}/reasons.jsonl").read_text().splitlines()
        assert all(json.loads(line)["reason"] in ("left", "right", "what is left") for line in lines)


HELD = """
import os
from simkit.golden import pending
real = pending._accept
def slow(*words, **more):
    os.write(1, b"held\\n")
    input()
    real(*words, **more)
pending._accept = slow
"""


@pytest.mark.slow
def test_who_comes_while_a_golden_is_written_waits_and_loses_nothing(bench: Any) -> None:
    for name in ("nav/a", "nav/b"):
        bench.scenario(name)
    bench("check")
    first = bench.process("accept", "nav/a", "-r", "x", code=HELD, stdin=subprocess.PIPE)
    assert first.stdout.readline() == "held\n"
    second = bench.process("accept", "nav/a", "-r", "y")
    waiting = bench.process("check", "nav/b")
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(timeout=0.7)
    first.stdin.write("\n")
    first.stdin.flush()
    assert ended(waiting)[0] == Exit.GOLDEN_MISSING
    assert ended(first)[0] == Exit.SAME
    assert ended(second)[0] == Exit.SAME
    assert (bench.root / "golden/nav/a/golden.json").is_file()


CHECKING = """
import os
from simkit import check
real = check.simulate
def slow(*words, **more):
    os.write(1, b"held\\n")
    input()
    return real(*words, **more)
check.simulate = slow
"""


@pytest.mark.slow
def test_an_acceptance_waits_for_a_run_that_is_being_compared_and_says_so(bench: Any) -> None:
    for name in ("nav/a", "nav/b"):
        bench.scenario(name)
    bench.accept("nav/b")
    first = bench.process("check", "nav/b", code=CHECKING, stdin=subprocess.PIPE)
    assert first.stdout.readline() == "held\n"
    second = bench.process("accept", "nav/a", "-r", "x")
    assert second.stderr.readline() == "waiting for another simkit in this folder to end\n"
    assert second.poll() is None
    first.stdin.write("\n")
    first.stdin.flush()
    assert ended(first)[0] == ended(second)[0] == Exit.SAME


STOPPED = """
import os, signal
from simkit.core import files
real = os.replace
def replace(source, target):
    real(source, target)
    if ".old_" in str(target):
        signal.raise_signal(signal.SIGINT)
os.replace = replace
"""


def test_ctrl_c_between_the_two_renames_of_an_acceptance_keeps_the_old_golden(bench: Any) -> None:
    file = bench.scenario("nav/one")
    bench.accept("nav/one")
    file.write_text(file.read_text().replace("L4: 104", "L4: 105"))
    before = bench.files("golden")
    process = bench.process("accept", "nav/one", "-r", "x", code=STOPPED)
    assert ended(process)[0] == Exit.INTERRUPTED
    assert bench.files("golden") == before
    assert bench("accept", "nav/one", "-r", "x").exit_code == Exit.SAME


FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
"""


@pytest.mark.parametrize("words", [("check", "--bundle", "b.zip"), ("accept", "nav/one", "-r", "x")])
def test_a_disk_that_takes_no_more_is_told_and_leaves_no_half(bench: Any, words: tuple[str, ...]) -> None:
    bench.scenario("nav/one")
    code, output = ended(bench.process(*words, code=FULL))
    assert code == Exit.IO
    assert "File too large" in output
    assert not (bench.root / "golden").exists() or not list((bench.root / "golden").rglob("*"))
    assert not (bench.root / "b.zip").exists()
    assert not [p for p in bench.root.rglob("*") if p.name.startswith((".new_", ".tmp_", ".old_"))]
    assert bench("check").exit_code == Exit.GOLDEN_MISSING
