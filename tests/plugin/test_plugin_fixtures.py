"""`simkit_run`, `state_tree` and snapshots of whole trees inside a user's own tests."""

from __future__ import annotations

from typing import Any

import pytest

pytest_plugins = ["pytester"]

TEXT = '''
TEXT = """\\
simkit: 1
id: inline
title: Written in a test
seed: 1
clock: {start: 2025-01-06T00:00:00Z, loop: 60 s, loops: 4}
account: {cash: 10000 USD}
prices: {BTCUSDT: 100}
faults: [{at: L3, wrong_balance: 40000}]
"""
'''

TREES = """
from pathlib import Path
from simkit.snapshot import StateTreeExtension

def test_tree(snapshot):
    number = Path("number").read_text()
    tree = {"logs/state/nav.json": b'{"b":1,"a":%s}' % number.encode(), "logs/x.jsonl": b"{}\\n"}
    assert tree == snapshot(extension_class=StateTreeExtension)

def test_amber(snapshot):
    assert [1, 2] == snapshot
"""


def files(folder: Any) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_run_by_name_path_and_text(bench: Any) -> None:
    bench.scenario("nav/one")
    bench.scenario("nav/two", "variants:\n  plain: {}\n  bare: {executor: {tp_sl: {seed: false}}}\n")
    bench.pytester.makepyfile(
        TEXT
        + """
def test_forms(simkit_run):
    by_name, by_path = simkit_run("nav/one"), simkit_run("scenarios/nav/one.yaml")
    assert by_name.tree == by_path.tree
    assert simkit_run("nav/two@bare").scenario.name == "nav/two@bare"
    assert simkit_run("scenarios/nav/two.yaml@plain").scenario.variant == "plain"
    assert simkit_run(TEXT).scenario.id == "inline"

def test_what_a_run_holds(simkit_run):
    run = simkit_run("one")
    assert run.ok and run.findings == ()
    assert sorted(run.loops) == [1, 2, 3, 4, 5, 6]
    assert run.at(3)["nav"]["nav"] == 10000.0
    assert run.at(6)["nav"]["nav"] == run.timeline[-1]["nav"]["nav"] == 10004.0
    assert run.tree["logs/state/nav.json"] == run.loops[6]["logs/state/nav.json"]
    assert run.tree["logs/execution/orders_executed.jsonl"].count(b"\\n") >= 2

def test_findings(simkit_run):
    run = simkit_run(TEXT)
    assert not run.ok
    assert {finding.rule for finding in run.findings} >= {"INV-N07"}
"""
    )
    bench("-q", "test_a_run_by_name_path_and_text.py").assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("simkit_run('nav/onne')", "Did you mean nav/one"),
        ("simkit_run('nav/two')", "nav/two@plain, nav/two@bare"),
        ("simkit_run('simkit: 1\\nid: x\\n')", "mistake"),
    ],
)
def test_a_wrong_word_fails_with_what_to_write(bench: Any, call: str, says: str) -> None:
    bench.scenario("nav/one")
    bench.scenario("nav/two", "variants:\n  plain: {}\n  bare: {}\n")
    bench.pytester.makepyfile(f"def test_it(simkit_run):\n    {call}\n")
    result = bench("-q", "test_a_wrong_word_fails_with_what_to_write.py")
    result.assert_outcomes(failed=1)
    assert says in result.stdout.str()


def test_state_tree_reads_a_folder(bench: Any) -> None:
    state = bench.root / "logs/state"
    state.mkdir(parents=True)
    (state / "nav.json").write_bytes(b"{}")
    (state / ".tmp_nav.json.7").write_bytes(b"torn")
    bench.pytester.makepyfile(
        """
def test_it(state_tree):
    assert state_tree("logs/state") == {"nav.json": b"{}"}
    assert state_tree("nowhere") == {}
"""
    )
    bench("-q").assert_outcomes(passed=1)


def snapshots(bench: Any, number: str, *words: str) -> pytest.RunResult:
    (bench.root / "number").write_text(number)
    (bench.root / "test_trees.py").write_text(TREES)
    return bench.process("-q", "-p", "syrupy", "-p", "no:cacheprovider", "test_trees.py", *words)


def test_a_tree_is_kept_canonical_one_file_each(bench: Any) -> None:
    snapshots(bench, "1").assert_outcomes(failed=2)
    snapshots(bench, "1", "--snapshot-update").assert_outcomes(passed=2)
    assert files(bench.root / "__trees__") == {
        "test_trees/test_tree/logs/state/nav.json": b'{\n  "a": 1,\n  "b": 1\n}\n',
        "test_trees/test_tree/logs/x.jsonl": b"{}\n",
    }
    snapshots(bench, "1").assert_outcomes(passed=2)
    changed = snapshots(bench, "2")
    changed.assert_outcomes(failed=1, passed=1)
    changed.stdout.fnmatch_lines(['*-   "a": 1,', '*+   "a": 2,'])


def test_an_update_removes_no_tree_that_was_not_asserted(bench: Any) -> None:
    snapshots(bench, "1", "--snapshot-update")
    other = bench.root / "__trees__/test_trees/test_gone/logs"
    other.mkdir(parents=True)
    (other / "x.json").write_text("{}")
    before = files(bench.root / "__trees__")
    result = snapshots(bench, "1", "--snapshot-update")
    result.assert_outcomes(passed=2)
    assert "deleted" not in result.stdout.str()
    snapshots(bench, "1", "--snapshot-update", "-k", "amber").assert_outcomes(passed=1, deselected=1)
    assert files(bench.root / "__trees__") == before


def test_a_file_that_is_gone_from_the_tree_is_gone_from_the_snapshot(bench: Any) -> None:
    snapshots(bench, "1", "--snapshot-update")
    stray = bench.root / "__trees__/test_trees/test_tree/logs/state/old.json"
    stray.write_text("{}\n")
    snapshots(bench, "1").assert_outcomes(failed=1, passed=1)
    snapshots(bench, "1", "--snapshot-update").assert_outcomes(passed=2)
    assert not stray.exists()


def test_under_ci_a_tree_is_never_written(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshots(bench, "1", "--snapshot-update")
    before = files(bench.root / "__trees__")
    monkeypatch.setenv("CI", "true")
    result = snapshots(bench, "2", "--snapshot-update")
    result.assert_outcomes(failed=1, passed=1)
    assert "no snapshot is written under CI" in result.stdout.str()
    assert files(bench.root / "__trees__") == before
    snapshots(bench, "1").assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("value", "says"), [("3", "not int"), ("{'a': 'text'}", "'a' holds str"), ("b'x'", "not bytes")]
)
def test_only_trees_are_trees(bench: Any, value: str, says: str) -> None:
    (bench.root / "test_trees.py").write_text(
        "from simkit.snapshot import StateTreeExtension\n"
        f"def test_it(snapshot):\n    assert {value} == snapshot(extension_class=StateTreeExtension)\n"
    )
    result = bench.process("-q", "-p", "syrupy", "test_trees.py", "--snapshot-update")
    result.assert_outcomes(failed=1)
    assert says in result.stdout.str()
    assert not (bench.root / "__trees__").exists()
