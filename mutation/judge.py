"""Says whether the scenarios, goldens and judges notice that the code has changed: the verdict on one mutant.

Comes in: names of scenarios, in the order in which to try them, or `--only` and the names of files to try alone. Goes
out: exit 1 and the first scenario that does not come out as accepted, or exit 0. May import simkit.
"""

from __future__ import annotations

import sys
from pathlib import Path

from simkit.check import check_target
from simkit.cli.select import all_targets
from simkit.core.errors import Exit
from simkit.core.project import find_project


def main(first: list[str]) -> int:
    """Check the scenarios, the named ones first, until one of them is not as accepted."""
    project = find_project(Path.cwd())
    order = {name: index for index, name in enumerate(first)}
    targets = sorted(all_targets(project), key=lambda target: order.get(target.name, len(order)))
    if "--only" in order:
        targets = [target for target in targets if target.name.partition("@")[0] in order]
    for target in targets:
        outcome = check_target(target, project, keep=False)
        if outcome.code is not Exit.SAME:
            print(f"KILLED BY {target.name}: {outcome.word}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
