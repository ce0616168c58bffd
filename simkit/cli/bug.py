"""What to say when simkit itself is wrong: one line for the user, the rest in a file.

Comes in: an exception. Goes out: a message, and `.simkit/bug-N.txt`. May import `core`.
"""

from __future__ import annotations

import platform
import shlex
import sys
import traceback
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from simkit import __version__
from simkit.core import environment, files
from simkit.core.errors import SimkitError
from simkit.core.project import find_project


def report_bug(problem: Exception, words: Sequence[str]) -> str:
    """Keep the traceback in the project's work folder (or show it where that cannot be written)."""
    trace = "".join(traceback.format_exception(problem))
    return bug_message(problem, trace, shlex.join(["simkit", *words]))


def bug_message(problem: object, trace: str, command: str) -> str:
    """The message for a bug whose traceback is already text."""
    head = f"simkit: this is a bug in simkit, not in your scenario: {type(problem).__name__}: {problem}"
    place = f"simkit    {__version__}\npython    {sys.version}\nplatform  {platform.platform()}"
    text = f"command   {command}\n{place}\n\n{trace}"
    try:
        file = _free_name(_work_folder())
        file.parent.mkdir(parents=True, exist_ok=True)
        files.replace_file(file, text.encode(errors="replace"), fsync=False)
    except OSError:
        return f"{head}\n{text}"
    return f"{head}\n    Please report it with {file}"


def _work_folder() -> Path:
    try:
        return find_project(Path.cwd()).work
    except SimkitError:
        return environment.work_dir(Path.cwd())


def _free_name(folder: Path) -> Path:
    return next(file for n in count(1) if not (file := folder / f"bug-{n}.txt").exists())
