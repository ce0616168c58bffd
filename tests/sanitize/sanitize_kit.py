"""Small executors in the style of the old one, as scripts in a test's folder."""

from __future__ import annotations

import sys
from pathlib import Path

from simkit.sanitize import Report, sanitize

#: What every script begins with: `put` is the right way to publish, `loop` a whole loop of it.
HEAD = """
import json, os, shutil, subprocess, sys
from pathlib import Path

STATE = Path("logs/state")
STATE.mkdir(parents=True, exist_ok=True)
NAMES = (
    "nav", "positions_state", "positions_ledger", "risk_snapshot", "router_health", "kpis_v7", "diagnostics",
)

def text(at, **more):
    return json.dumps({"updated_ts": f"2025-01-06T00:{at:02}:00Z", "nav": 10000.0, **more})

def temp(name):
    return STATE / f".tmp_{name}.{os.getpid()}"

def replace(name, content):
    temp(name).write_text(content)
    os.replace(temp(name), STATE / f"{name}.json")

def put(name, at, **more):
    replace(name, text(at, **more))

def loop(at, but=()):
    for name in NAMES:
        if name not in but:
            put(name, at)
"""


class Folder:
    """A folder with an executor in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def script(self, body: str, name: str = "executor.py", head: str = HEAD) -> Path:
        file = self.root / name
        file.write_text(head + body)
        return file

    def run(self, body: str, *options: str, **more: object) -> Report:
        """Run an executor with this body under the sanitizer."""
        self.script(body)
        return self.again(*options, **more)

    def again(self, *options: str, **more: object) -> Report:
        """Run the executor that stands there."""
        command = [sys.executable, *options, "executor.py"]
        return sanitize(command, cwd=self.root, timeout_s=60, **more)  # type: ignore[arg-type]


def said(report: Report) -> list[tuple[str, str, str]]:
    """Kind, rule and path of every finding, warnings too."""
    return [(f.kind, f.rule, f.path.removeprefix("logs/state/")) for f in report.findings]
