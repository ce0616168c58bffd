"""What the pytest fixture `sanitizer` gives to a test: `sanitize`, at home in the test's own folder.

Comes in: a command line. Goes out: `Report`; `assert report.clean, report.text()`. May import `sanitize`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simkit.sanitize.report import Report
from simkit.sanitize.wrap import sanitize


class Sanitizer:
    """Runs commands in `folder`, the test's tmp_path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, command: Sequence[str | Path], **more: Any) -> Report:
        """`sanitizer([sys.executable, "executor.py"], timeout_s=30)`; `more` as of `simkit.sanitize.sanitize`.

        Raises KeyboardInterrupt after a Ctrl-C, so that pytest stops as it does everywhere.
        """
        more.setdefault("cwd", self.folder)
        report = sanitize([str(word) for word in command], **more)
        if report.interrupted:
            raise KeyboardInterrupt
        return report
