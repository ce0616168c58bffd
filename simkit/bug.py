"""What to say when simkit itself is wrong: a line for the user, the rest in a file.

Comes in: an exception. Goes out: a message, and `bug-<hash>.txt` in the work folder; the same bug gives the
same file. May import `core`.
"""

from __future__ import annotations

import platform
import sys
import traceback
from pathlib import Path

from simkit import __version__
from simkit.core import files
from simkit.core.hashing import short


def bug_message(problem: BaseException, command: str, work: Path) -> str:
    """Keep the traceback in `work` (or give it whole where that cannot be written)."""
    trace = "".join(traceback.format_exception(problem))
    head = f"this is a bug in simkit, not in your scenario: {type(problem).__name__}: {problem}"
    place = f"simkit    {__version__}\npython    {sys.version}\nplatform  {platform.platform()}"
    file = work / f"bug-{short(trace.encode(errors='replace'))}.txt"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        files.replace_file(file, f"{command}\n{place}\n\n{trace}".encode(errors="replace"), fsync=False)
    except OSError:
        return f"{head}\n{trace}"
    return f"{head}\nplease report it with {file}"
