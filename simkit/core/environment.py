"""The one door for environment variables and the identity of the process.

Comes in: nothing. Goes out: settings of the user's shell. May import the standard library only.
"""

from __future__ import annotations

import os
from pathlib import Path


def under_ci() -> bool:
    """True when the variable `CI` is set and is neither `false` nor `0`: nothing may write goldens then."""
    return os.environ.get("CI", "").strip().lower() not in ("", "false", "0")


def work_dir(project: Path) -> Path:
    """The folder for runs, pending results and caches: `SIMKIT_DIR`, or `.simkit/` beside the project."""
    moved = os.environ.get("SIMKIT_DIR")
    return Path(moved) if moved else project / ".simkit"


def ram_folder() -> Path | None:
    """A RAM-backed folder that this user may write, or None."""
    folder = Path("/dev/shm")
    return folder if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK) else None


def process_id() -> int:
    """This process's id, for names of temporary files that never reach a golden."""
    return os.getpid()


def cpu_count() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def process_alive(pid: int) -> bool:
    """True while a process with this id exists, also one that belongs to somebody else."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def ci_system() -> str:
    """`github`, `gitlab` or `azure` when that CI runs this process, else empty."""
    for variable, system in (("GITHUB_ACTIONS", "github"), ("GITLAB_CI", "gitlab"), ("TF_BUILD", "azure")):
        if os.environ.get(variable, "").strip().lower() == "true":
            return system
    return ""
