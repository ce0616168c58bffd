"""Runs the command line and kills its own process with SIGKILL at the n-th file operation.

Started as a process of its own by test_killed.py: `kill_at.py N COUNTER -- ARGUMENTS`. N = 0 kills never and leaves
the number of operations in the file COUNTER.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from simkit.cli import main

WATCHED = ("open", "write", "close", "replace", "rename", "unlink", "rmdir", "mkdir", "fsync")


def watch(limit: int) -> list[int]:
    """Count the process's file operations; die before the `limit`-th."""
    count = [0]
    for name in WATCHED:
        real = getattr(os, name)

        def counted(*arguments: Any, _real: Any = real, **options: Any) -> Any:
            count[0] += 1
            if count[0] == limit:
                os.kill(os.getpid(), signal.SIGKILL)
            return _real(*arguments, **options)

        setattr(os, name, counted)
    return count


if __name__ == "__main__":
    separator = sys.argv.index("--")
    counter = Path(sys.argv[2])
    counted = watch(int(sys.argv[1]))
    sys.argv = ["simkit", *sys.argv[separator + 1 :]]
    try:
        main()
    finally:
        total = counted[0]
        counter.write_text(str(total))
