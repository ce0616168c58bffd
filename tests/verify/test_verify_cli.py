"""`simkit verify`: what it prints, what it returns, and watching."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from click.testing import CliRunner, Result
from good_tree import at
from verify_kit import change, good, on_disk

import simkit.contract
from simkit.cli import main
from simkit.cli.cmd_verify import watch_tree
from simkit.contract.verifier import Verifier

LEDGER = "positions_ledger"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder, and the place to stand in."""
    (tmp_path / "pyproject.toml").write_text("[tool.simkit]\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ghostly() -> dict[str, object]:
    docs = good()
    ghost = {**docs[LEDGER]["entries"][0], "symbol": "XRPUSDT", "position_key": "XRPUSDT:LONG"}
    docs[LEDGER]["entries"].append(ghost)
    docs[LEDGER]["metadata"]["entry_count"] = 3
    return docs


def call(*words: str) -> Result:
    return CliRunner().invoke(main, ["verify", *words])


def test_a_sound_tree_ends_with_zero(tmp_path: Path) -> None:
    on_disk(tmp_path / "run", good())
    for profile in ("contract", "reference"):
        result = call("run", "--profile", profile)
        assert result.exit_code == 0, result.output
        assert "0 errors, 0 warnings" in result.output


def test_a_finding_says_what_where_and_why(tmp_path: Path) -> None:
    on_disk(tmp_path / "run", ghostly())
    result = call("run")
    assert result.exit_code == 2
    wanted = """\
S4  logs/state/positions_ledger.json
  error  INV-L04  tier contract, severity E
      entries[2] = XRPUSDT:LONG
          ledger entry without a position
      rule    L = P (the ledger is an object of its own, so both directions can fail; a fault on it
              acts after B-LED-3 and before S4 is written)
      source  the surface table; the exit_pipeline section
"""
    assert wanted in result.output
    assert result.output.splitlines()[-1].startswith("2 errors, 2 warnings; ")


def test_the_part_of_a_weaker_tier_stands_apart(tmp_path: Path) -> None:
    on_disk(tmp_path / "run", ghostly())
    output = call("run").output
    assert "error  INV-D15  tier contract, severity E" in output
    assert "warning  INV-D15  tier reference, severity W" in output


def test_only_some_rules(tmp_path: Path) -> None:
    on_disk(tmp_path / "run", ghostly())
    result = call("run", "--rules", "INV-D*, inv-l02")
    assert result.exit_code == 2
    assert "INV-D15" in result.output
    assert "INV-L04" not in result.output
    assert call("run", "--rules", "INV-N*").exit_code == 0
    wrong = call("run", "--rules", "INV-L99")
    assert wrong.exit_code == 64
    assert "no such rule" in wrong.output


def test_json_holds_everything(tmp_path: Path) -> None:
    on_disk(tmp_path / "run", ghostly())
    result = call("run", "--json", "--rules", "INV-L04,INV-G07")
    assert result.exit_code == 2
    told = json.loads(result.output)
    assert told["ok"] is False
    assert told["counts"] == {"errors": 1, "warnings": 0, "further": 0, "evaluated": 1, "not_evaluated": 1}
    (finding,) = told["findings"]
    assert finding == {
        "rule": "INV-L04", "tier": "contract", "severity": "E", "surface": "positions_ledger",
        "file": "logs/state/positions_ledger.json", "path": "entries[2]", "value": "XRPUSDT:LONG",
        "message": "ledger entry without a position", "first": 1, "last": 1, "count": 1,
        "statement": finding["statement"], "source": "tbl, ext",
    }  # fmt: skip
    assert told["not_evaluated"] == [{"rule": "INV-G07", "reason": "no loop before this one is known"}]
    assert told["clock"] == at(2)
    assert told["clock_given"] is False


def test_junit_has_a_case_per_rule(tmp_path: Path) -> None:
    on_disk(tmp_path / "run", change(ghostly(), "risk_snapshot.risk_mode", "mad \x1b[0m"))
    result = call("run", "--junit", "out.xml")
    assert result.exit_code == 2
    root = ElementTree.fromstring((tmp_path / "out.xml").read_bytes())
    cases = {case.attrib["name"]: case for case in root.iter("testcase")}
    assert len(cases) == 157
    failure = cases["INV-L04"].find("failure")
    assert failure is not None
    assert failure.text == (
        "logs/state/positions_ledger.json: entries[2] = XRPUSDT:LONG: ledger entry without a position"
    )
    assert cases["INV-N07"].find("skipped") is not None
    assert cases["INV-R02"].find("failure") is None
    warned = cases["INV-R02"].find("system-out")
    assert warned is not None
    assert warned.text is not None
    assert "mad \\x1b[0m" in warned.text
    assert list(cases["INV-N01"]) == []
    assert root.attrib["failures"] == "2"


def test_a_junit_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    on_disk(tmp_path / "run", good())
    result = call("run", "--junit", "gone/out.xml")
    assert result.exit_code == 74
    assert "gone" in result.output


def test_a_missing_folder_is_wrong_usage(tmp_path: Path) -> None:
    result = call("nowhere")
    assert result.exit_code == 64
    assert "nowhere: no such folder" in result.output
    (tmp_path / "empty").mkdir()
    assert call("empty").exit_code == 64
    assert call().exit_code == 64


def test_a_time_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    on_disk(tmp_path / "run", good())
    assert call("run", "--now", "soon").exit_code == 64
    assert call("run", "--now", at(2)).exit_code == 0
    late = call("run", "--now", "2025-01-06T00:20:00Z")
    assert late.exit_code == 0
    assert "stale_files" in late.output


def test_the_report_says_whose_clock_it_was(tmp_path: Path) -> None:
    on_disk(tmp_path / "run", good())
    assert "the newest surface; state another with --now" in call("run").output
    assert "(as stated)" in call("run", "--now", at(2)).output


def test_verify_is_a_lazy_name_of_the_contract() -> None:
    assert simkit.contract.verify({}).trees == 1
    with pytest.raises(AttributeError):
        _ = simkit.contract.nothing  # type: ignore[attr-defined]


def test_importing_the_contract_stays_cheap() -> None:
    import subprocess
    import sys

    code = "import sys, simkit.contract; sys.exit(any('rules' in m or 'msgspec' in m for m in sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2]).returncode
        == 0
    )


# Watching --------------------------------------------------------------------------------------------------


class Writer:
    """Stands in for the pause between two looks: writes the next state, and interrupts after the last."""

    def __init__(self, root: Path, states: Iterator[Callable[[], object]]) -> None:
        self.root = root
        self.states = states

    def __call__(self, seconds: float) -> None:
        for write in self.states:
            write()
            return
        raise KeyboardInterrupt


def quiet() -> None:
    """Nothing is written between two looks."""


def watched(root: Path, *states: Callable[[], object]) -> tuple[Verifier, list[str]]:
    judge, said = Verifier(), []
    watch_tree(root / "logs" / "state", judge, pause=Writer(root, iter(states)), say=said.append)
    return judge, said


def test_watching_judges_each_settled_state_with_its_history(tmp_path: Path) -> None:
    root = on_disk(tmp_path, good(1))

    def falls() -> None:
        on_disk(
            root, change(change(good(2), "nav_state.peak_equity", 9000.0), f"{LEDGER}.entries.0.tp", 60.0)
        )

    judge, said = watched(root, quiet, falls, quiet, quiet)
    report = judge.report()
    assert report.trees == 2
    assert "INV-L08" in {v.rule for v in report.errors}
    assert {"INV-NS11", "INV-NS05"} <= {v.rule for v in report.warnings}
    (line,) = [line for line in said if "INV-L08" in line]
    assert line.startswith(f"{at(2)}  error  INV-L08  logs/state/positions_ledger.json: entries[0].tp = 60.0")


def test_a_state_that_is_still_being_written_is_waited_for(tmp_path: Path) -> None:
    """The ledger comes a look later than the positions: what lies between them is never judged."""
    root = on_disk(tmp_path, good(1))
    docs = good(2)
    late = {LEDGER: docs.pop(LEDGER)}

    judge, _ = watched(root, lambda: on_disk(root, docs), lambda: on_disk(root, late), quiet, quiet)
    assert judge.report().trees == 2
    assert judge.report().violations == ()


def test_a_folder_that_never_rests_is_judged_all_the_same(tmp_path: Path) -> None:
    root = on_disk(tmp_path, good(1))
    file = root / "logs" / "state" / "regimes.json"
    grows = [lambda n=n: file.write_bytes(b"{" + b" " * n + b"}") for n in range(40)]
    judge, _ = watched(root, *grows)
    assert 3 <= judge.report().trees <= 8


def test_the_folder_may_vanish_and_come_back(tmp_path: Path) -> None:
    root = on_disk(tmp_path, good(1))
    state, aside = root / "logs" / "state", root / "aside"
    judge, _ = watched(
        root, quiet, lambda: state.rename(aside), quiet, lambda: aside.rename(state),
        lambda: on_disk(root, good(2)), quiet, quiet,
    )  # fmt: skip
    assert judge.report().trees == 2
    assert judge.report().violations == ()


def test_an_interrupt_ends_with_the_report_and_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk(tmp_path / "run", ghostly())
    monkeypatch.setattr("simkit.core.clock.pause", Writer(tmp_path, iter(())))
    result = call("run", "--watch")
    assert result.exit_code == 2
    assert "watching" in result.output
    assert result.output.count("INV-L04") == 2
    assert result.output.splitlines()[-1].startswith("2 errors")
    told = json.loads(call("run", "--watch", "--json").output)
    assert told["trees"] == 1


def test_a_history_is_judged_in_flat_memory() -> None:
    """No more is kept of a hundred states that break the same rule than of one."""
    judge = Verifier()
    docs = ghostly()
    for n in range(100):
        docs["nav"]["updated_ts"] = f"2025-01-06T00:{n // 60:02d}:{n % 60:02d}.5Z"  # type: ignore[index]
        judge.files({f"logs/state/{stem}.json": msgspec.json.encode(doc) for stem, doc in docs.items()})
    (found,) = [v for v in judge.report().errors if v.rule == "INV-L02" or v.rule == "INV-L04"]
    assert (found.first, found.last, found.count) == (1, 100, 100)
