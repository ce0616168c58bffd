"""Whatever lies in a folder gives a report: no exception, nothing written, bounded work."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from damage_kit import SERIES, STRANGE, judged, trees
from hypothesis import given, settings, strategies as st
from verify_kit import good, minimal, on_disk

from simkit.cli import main
from simkit.contract import tree_reader
from simkit.contract.finding import RULES
from simkit.contract.verifier import verify
from simkit.core.errors import SimkitError
from simkit.report.verify import verify_junit, verify_lines, verify_plain


def told(place: Path) -> Any:
    """The report, written out in every form."""
    report = verify(place)
    json.dumps(verify_plain(report))
    assert verify_junit(report).startswith(b"<?xml")
    return report


def _replace(name: str, make: Callable[[Path], object]) -> Callable[[Path], None]:
    def damage(root: Path) -> None:
        file = root / "logs" / "state" / name
        file.unlink(missing_ok=True)
        make(file)

    return damage


def _bytes(data: bytes) -> Callable[[Path], None]:
    return _replace("nav.json", lambda file: file.write_bytes(data))


DEEP = b'{"a":' * 700 + b"1" + b"}" * 700

#: What is put in place of nav.json, and how its report says so.
HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "binary": (_bytes(bytes(range(256)) * 40), "INV-G01"),
    "empty": (_bytes(b""), "INV-G01"),
    "cut off": (_bytes(b'{"nav": 10'), "INV-G01"),
    "an array": (_bytes(b"[1,2]"), "INV-G01"),
    "null": (_bytes(b"null"), "INV-G01"),
    "NaN": (_bytes(b'{"nav": NaN}'), "INV-G02"),
    "a number without end": (_bytes(b'{"nav": ' + b"9" * 6000 + b"}"), "INV-G01"),
    "deep": (_bytes(DEEP), "INV-G01"),
    "bottomless": (_bytes(b"[" * 300_000), "INV-G01"),
    "deep in a known place": (
        _replace("router_health.json", lambda f: f.write_bytes(b'{"router_health":' * 60 + b"{}" + b"}" * 60)),
        "INV-H01"),
    "20 MB": (_bytes(b'{"x":"' + b"a" * 20_000_000 + b'"}'), "larger than 16 MiB"),
    "a folder": (_replace("nav.json", lambda file: file.mkdir()), "is a folder"),
    "a link to itself": (_replace("nav.json", lambda file: file.symlink_to(file.name)), "leads to no file"),
    "a link to nowhere": (_replace("nav.json", lambda file: file.symlink_to("gone.json")), "leads to no file"),
    "a link out": (_replace("nav.json", lambda file: file.symlink_to(__file__)), "leads out of the tree"),
    "odd names": (_replace("\x1b[2J\n.json", lambda file: file.write_bytes(b"{}")), "INV-G11"),
    "many files": (
        lambda root: [(root / "logs/state" / f"x{n}.json").write_bytes(b"{}") for n in range(2100)] and None,
        "INV-G11"),
    "duplicate keys": (_bytes(b'{"nav":1,"nav":"x","updated_ts":0}'), "INV-N01"),
    "keys like paths": (
        _replace("kpis_v7.json", lambda f: f.write_bytes(b'{"portfolio":{"a].b[":1},"per_symbol":{"][":{}}}')),
        "INV-K01"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_folder_gives_a_report(case: str, tmp_path: Path) -> None:
    damage, expected = HOSTILE[case]
    damage(on_disk(tmp_path, good()))
    report = told(tmp_path)
    text = "\n".join(verify_lines(report))
    assert expected in text
    assert text.replace("\n", "").isprintable()


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    on_disk(tmp_path, good())
    state = tmp_path / "logs" / "state"
    (state / "nav.json").unlink()
    os.mkfifo(state / "nav.json")
    assert "no regular file" in "\n".join(verify_lines(told(tmp_path)))


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_file_that_may_not_be_read_is_no_violation(tmp_path: Path) -> None:
    on_disk(tmp_path, good())
    file = tmp_path / "logs" / "state" / "nav.json"
    file.chmod(0)
    report = told(tmp_path)
    assert report.errors == ()
    assert [path for path, _ in report.unread] == ["logs/state/nav.json"]


def test_what_could_not_be_read_is_unread_and_not_wrong(tmp_path: Path) -> None:
    on_disk(tmp_path, good())
    _bytes(b'{"x":"' + b"a" * 20_000_000 + b'"}')(tmp_path)
    report = told(tmp_path)
    assert "INV-G01" not in {violation.rule for violation in report.violations}
    assert report.unread == (("logs/state/nav.json", "is larger than 16 MiB and was not read"),)
    result = CliRunner().invoke(main, ["verify", str(tmp_path)])
    assert result.exit_code == 74


def test_all_files_together_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_reader, "MAX_TREE", 2000)
    report = told(on_disk(tmp_path, good()))
    assert any("all files together" in reason for _, reason in report.unread)


def test_nothing_is_written(tmp_path: Path) -> None:
    on_disk(tmp_path, good())
    _bytes(b"{")(tmp_path)
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in tmp_path.rglob("*")}
    told(tmp_path)
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in tmp_path.rglob("*")} == before


# Finding the folder ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", [".", "logs", "logs/state", "logs/execution", "logs/state/sub"])
def test_the_state_folder_is_found(inside: str, tmp_path: Path) -> None:
    on_disk(tmp_path, good())
    for folder in ("execution", "state/sub"):
        (tmp_path / "logs" / folder).mkdir()
    report = verify(tmp_path / inside)
    assert report.place == str(tmp_path / "logs" / "state")
    assert "INV-G12" in report.evaluated
    assert report.violations == ()


def test_a_folder_far_above_finds_it_too(tmp_path: Path) -> None:
    on_disk(tmp_path / "hosts" / "a", good())
    assert verify(tmp_path).place.endswith("hosts/a/logs/state")


def test_two_trees_below_are_a_question(tmp_path: Path) -> None:
    on_disk(tmp_path / "a", good())
    on_disk(tmp_path / "b", good())
    with pytest.raises(SimkitError, match="2 state folders"):
        verify(tmp_path)


def test_a_folder_by_another_name_with_its_manifest_beside(tmp_path: Path) -> None:
    on_disk(tmp_path / "x", good())
    (tmp_path / "x" / "logs" / "state").rename(tmp_path / "copy")
    (tmp_path / "x" / "v7_manifest.json").rename(tmp_path / "copy" / "v7_manifest.json")
    report = verify(tmp_path / "copy")
    assert report.violations == ()
    assert "INV-G11" in report.evaluated


def test_a_state_folder_that_is_a_link_out_is_not_followed(tmp_path: Path) -> None:
    on_disk(tmp_path / "a", good())
    (tmp_path / "b" / "logs").mkdir(parents=True)
    (tmp_path / "b" / "logs" / "state").symlink_to(tmp_path / "a" / "logs" / "state")
    with pytest.raises(SimkitError, match="is a link to"):
        verify(tmp_path / "b")


@pytest.mark.parametrize("name", ["gone", "file", "a\0b", "x" * 5000])
def test_no_folder_is_wrong_usage(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SimkitError):
        verify(tmp_path / name)


def test_a_link_inside_the_tree_is_followed(tmp_path: Path) -> None:
    on_disk(tmp_path, good())
    state = tmp_path / "logs" / "state"
    (state / "nav.json").rename(state / "nav.1")
    (state / "nav.json").symlink_to("nav.1")
    assert verify(tmp_path).violations == ()


# Documents -------------------------------------------------------------------------------------------------


def test_documents_may_be_given_by_name_path_object_or_bytes() -> None:
    docs = good()
    named = {
        "nav": docs["nav"],
        "nav_state.json": json.dumps(docs["nav_state"]),
        "logs/state/positions_state.json": json.dumps(docs["positions_state"]).encode(),
        "host/logs/state/positions_ledger.json": docs["positions_ledger"],
        "runtime_diagnostics": docs["diagnostics"],
        "v7_manifest": docs["v7_manifest"],
        "kpis_v7": None,
    }
    report = verify(named)
    assert report.present == ("nav", "positions_state", "positions_ledger", "diagnostics", "nav_state")
    assert report.errors == ()


@pytest.mark.parametrize("value", [object(), {1: {2}}, {"a": b"x"}])
def test_what_is_no_json_is_said(value: Any) -> None:
    with pytest.raises(SimkitError, match="nav: no JSON"):
        verify({"nav": value})


def test_no_documents_at_all() -> None:
    report = verify({})
    assert report.errors == ()
    assert len(report.absent) == 11


def test_two_values_at_one_place_are_two_violations() -> None:
    docs = minimal()
    del docs["positions_ledger"]["entries"][:2]
    found = [v.value for v in verify(docs).errors if v.rule == "INV-L04"]
    assert found == ["BTCUSDT:LONG", "ETHUSDT:SHORT"]


def test_a_rule_that_fires_without_end_hides_no_other() -> None:
    docs = good()
    row = docs["positions_state"]["positions"][0]
    docs["positions_state"]["positions"] = [{**row, "symbol": f"S{n}", "notional": 5.0} for n in range(3000)]
    report = verify(docs)
    assert {"INV-P03", "INV-L04", "INV-D10"} <= {violation.rule for violation in report.errors}
    assert report.further > 3000
    assert len(report.violations) < 1000
    assert f"and {report.further} more" in verify_lines(report)[-1]


# Random damage ---------------------------------------------------------------------------------------------


@settings(deadline=None, derandomize=True, max_examples=60)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 8), most_edits=st.integers(1, 30))
def test_no_edit_of_a_good_tree_makes_verify_raise(seed: int, count: int, most_edits: int) -> None:
    judged(seed, count, most_edits)


PARTS, TREES = 20, 100_000


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_hundred_thousand_edited_trees(part: int) -> None:
    """Every series has a seed of its own; a seed says all of what it holds."""
    series = TREES // PARTS // SERIES
    reports = [judged(seed) for seed in range(part * series, (part + 1) * series)]
    assert sum(report.trees for report in reports) == TREES // PARTS
    assert all(report.violations for report in reports)


def test_the_edited_trees_are_edited_in_every_way() -> None:
    """A dozen series together break nearly every rule on one tree."""
    found: dict[str, None] = {}
    for seed in range(12):
        found |= dict.fromkeys(violation.rule for violation in judged(seed).violations)
    on_one_tree = [rule.id for rule in RULES.values() if rule.kind in "WX"]
    silent = [rule for rule in on_one_tree if rule not in found]
    assert len(silent) < len(on_one_tree) / 5, silent


def test_a_seed_makes_the_same_trees_again() -> None:
    assert list(trees(5, 10)) == list(trees(5, 10))
    assert list(trees(5, 10)) != list(trees(6, 10))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(docs=st.lists(st.sampled_from(STRANGE), min_size=15, max_size=15))
def test_no_document_at_all_makes_verify_raise(docs: list[Any]) -> None:
    tree = {stem: json.dumps(doc).encode() for stem, doc in zip(good(), docs, strict=False)}
    assert verify_lines(verify([tree, tree]))
