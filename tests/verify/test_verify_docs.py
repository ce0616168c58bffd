"""What docs/verify.md says is so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from verify_kit import FOREIGN, good, minimal

from simkit.cli import main
from simkit.contract import verify
from simkit.contract.verify_report import Report, Violation
from simkit.dialect import load

ROOT = Path(__file__).parents[2]
DOC = (ROOT / "docs" / "verify.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOC, re.DOTALL)


def test_the_dialect_of_the_page_is_a_dialect(tmp_path: Path) -> None:
    (text,) = blocks("yaml")
    file = tmp_path / "dialect.yaml"
    file.write_text(text)
    dialect = load(file)
    assert dialect.same_loop_s == 2
    assert dialect.settings.drawdown.max_portfolio_dd_nav_pct == 0.08


def test_every_reading_that_verify_names_is_on_the_page() -> None:
    code = "".join(file.read_text() for file in (ROOT / "simkit" / "contract").rglob("*.py"))
    named = set(re.findall(r"""(?:saw|note|keeps|_scale)\([^()]*?"(A-\d\d)\"""", code))
    told = set(re.findall(r"^\| (A-\d\d) \|", DOC, re.MULTILINE))
    assert len(named) > 25
    assert named <= told


def test_every_option_is_on_the_page() -> None:
    output = CliRunner().invoke(main, ["verify", "--help"]).output
    options = set(re.findall(r"--[a-z]+", output)) - {"--help"}
    assert {option for option in options if f"`{option}" not in DOC} == set()


def test_the_code_of_the_page_runs(monkeypatch: Any) -> None:
    (text,) = blocks("python")
    text = text.replace('"/srv/executor"', "place")
    names = {
        "place": FOREIGN / "seed-keys", "nav": good()["nav"], "raw_bytes": b"{", "tree_1": good(1), "tree_2": good(2),
    }  # fmt: skip
    report: dict[str, Any] = {**names, "tree_3": {}}
    text = text.replace("[tree_1, tree_2, tree_3]", "[tree_1, tree_2]")
    exec(compile(text, "verify.md", "exec"), report)
    assert report["report"].trees == 2


def test_the_page_names_what_a_report_holds() -> None:
    for name in ("errors", "warnings", "ok"):
        assert isinstance(getattr(Report, name), property)
    of_report = ("readings", "evaluated", "not_evaluated", "present", "absent", "unread")
    for struct, names in ((Report, of_report), (Violation, Violation.__struct_fields__)):
        for name in names:
            assert name in struct.__struct_fields__
            assert f"`{name}`" in DOC


def test_all_errors_of_a_report_can_be_shown() -> None:
    report = verify({**minimal(), "nav": {}})
    assert not report.ok
    assert "INV-N01" in str(report.errors)
