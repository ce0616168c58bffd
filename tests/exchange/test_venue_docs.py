"""docs/venue.md names a test for each assumption: they exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent


def test_every_row_of_the_document_names_tests_that_exist() -> None:
    there = {
        node.name
        for file in HERE.glob("test_*.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    text = (HERE.parents[1] / "docs" / "venue.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and "`test_" in line]
    assert len(rows) == len([line for line in text.splitlines() if re.match(r"\| [a-z`]", line)]) > 20
    assert [name for row in rows for name in re.findall(r"test_\w+", row) if name not in there] == []
