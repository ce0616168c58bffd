"""How many planted mistakes the harness sees: mutation testing of the executor, the venue and the builders.

Comes in: nothing but the repository. Goes out: `mutation/result.json` and a table. May import cosmic-ray and
`mutation.sample`. Run from the repository's root, in an environment with simkit's `test` and `mutation` extras:

    python -m mutation.run

Every mutant is tried twice, in a copy of the repository: against the scenarios, goldens and judges alone
(`mutation/judge.py`), and, when they let it live, against the unit tests of the three rooms as well. A mutant that
hangs counts as seen: no gate lets it pass. `--only simkit/exchange` draws from one room, or one module, and keeps no
result. `--again` tries the survivors of the last result once more, after scenarios or tests were added (not after the
code changed). docs/mutation.md tells how to read it.
"""

from __future__ import annotations

import argparse
import compileall
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from mutation.sample import ROOMS, Mutant, sample

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "mutation" / "result.json"
COPIED = (
    "simkit",
    "scenarios",
    "golden",
    "tests",
    "mutation",
    "bench",
    "docs",
    "conftest.py",
    "pyproject.toml",
    "README.md",
)
UNIT_TESTS = ("tests/executor", "tests/exchange", "tests/surfaces")
LEAST_TIMEOUT_S = 20.0
#: Bytes for each process: a mutant that fills the memory is seen, and takes nothing else with it.
MOST_MEMORY = 4 * 2**30
#: Nothing without a mutant takes so long.
LONG_S = 3600.0


def interval(hits: int, of: int) -> tuple[float, float]:
    """Wilson's interval at 95 %, as fractions."""
    if not of:
        return 0.0, 1.0
    z, share = 1.959964, hits / of
    middle = share + z * z / (2 * of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return (middle - half) / scale, (middle + half) / scale


class Copy:
    """One worker's copy of the repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(
                    source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "result.json")
                )
            elif source.exists():
                shutil.copy2(source, folder / name)
        compileall.compile_dir(folder, quiet=2)

    @contextmanager
    def mutated(self, mutant: Mutant) -> Iterator[None]:
        """The copy with the mutant in it; afterwards as before, its time included, so that what was compiled
        from it stays good."""
        file = self.folder / mutant.module
        original, status = file.read_text(encoding="utf-8"), file.stat()
        try:
            file.write_text(mutant.source(original) or original, encoding="utf-8")
            yield
        finally:
            file.write_text(original, encoding="utf-8")
            os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    def run(self, command: list[str], timeout_s: float) -> tuple[str, str]:
        """`lived`, `killed` or `hung`, and the end of what was printed."""
        env = {
            **os.environ,
            "PYTHONPATH": os.fspath(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SIMKIT_DIR": ".simkit",
        }
        process = subprocess.Popen(
            command, cwd=self.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip
        try:
            out, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()
            return "hung", ""
        return ("killed" if process.returncode else "lived"), out.strip().rpartition("\n")[2][:200]


class Trial:
    """Tries mutants, several at once; scenarios that have killed most come first."""

    def __init__(self, copies: list[Copy]) -> None:
        self._free = copies
        self._lock = Lock()
        self._killers: Counter[str] = Counter()
        self._done = 0
        self._pytest = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "simkit.pytest_plugin",
            "-p",
            "no:cacheprovider",
            "-q",
            "-x",
        ]
        began = time.monotonic()
        healthy = copies[0].run([sys.executable, "mutation/judge.py"], LONG_S)
        self._judge_s = LEAST_TIMEOUT_S + 3 * (time.monotonic() - began)
        files = [
            test for folder in UNIT_TESTS for test in sorted((copies[0].folder / folder).glob("test_*.py"))
        ]
        costs: dict[str, float] = {}
        for file in files:
            began, name = time.monotonic(), file.relative_to(copies[0].folder).as_posix()
            tested = copies[0].run([*self._pytest, name], LONG_S)
            costs[name] = time.monotonic() - began
            if healthy[0] != "lived" or tested[0] != "lived":
                raise SystemExit(f"without any mutant all must pass: {healthy} {name} {tested}")
        self._tests = sorted(costs, key=costs.__getitem__)
        self._pytest_s = LEAST_TIMEOUT_S + 3 * math.fsum(costs.values())

    def _ordered(self, mutant: Mutant) -> list[str]:
        """The test files, those named after the mutated module first, then the quick ones."""
        stem = Path(mutant.module).stem
        return sorted(self._tests, key=lambda name: stem not in name)

    def __call__(self, mutant: Mutant) -> dict[str, object]:
        with self._lock:
            copy = self._free.pop()
            first = [name for name, _ in self._killers.most_common()]
        tests = ""
        lines = (copy.folder / mutant.module).read_text(encoding="utf-8").splitlines()
        with copy.mutated(mutant):
            alone, why = copy.run([sys.executable, "mutation/judge.py", *first], self._judge_s)
            if alone == "lived":
                tests, why = copy.run([*self._pytest, *self._ordered(mutant)], self._pytest_s)
        with self._lock:
            self._free.append(copy)
            if why.startswith("KILLED BY "):
                self._killers[why.removeprefix("KILLED BY ").rpartition(":")[0]] += 1
            self._done += 1
            print(f"{self._done:4} {alone:7}{tests:7} {mutant.name}  {why}", flush=True)
        return {
            **mutant._asdict(), "name": mutant.name, "code": lines[mutant.line - 1].strip(),
            "scenarios": alone, "tests": tests, "why": why,
        }  # fmt: skip


def report(results: list[dict[str, object]]) -> str:
    """The two shares with their intervals, by room and in all, and the survivors."""
    lines = [f"{'':22}{'mutants':>8}{'scenarios alone':>28}{'with unit tests':>28}"]
    for room in (*ROOMS, ""):
        found = [r for r in results if str(r["module"]).startswith(room)]
        alone = len([r for r in found if r["scenarios"] != "lived"])
        both = len([r for r in found if r["scenarios"] != "lived" or r["tests"] != "lived"])
        cells = [f"{_share(hits, len(found)):>28}" for hits in (alone, both)]
        lines.append(f"{room or 'all':22}{len(found):8}{''.join(cells)}")
    lived = [r for r in results if r["scenarios"] == "lived"]
    lines += ["", "seen by unit tests only, or by nothing (-):"]
    lines += [f"  {'-' if r['tests'] == 'lived' else ' '} {r['name']}: {r['code']}" for r in lived]
    return "\n".join(lines)


def _share(hits: int, of: int) -> str:
    low, high = interval(hits, of)
    return f"{100 * hits / max(of, 1):.1f} % ({100 * low:.1f} .. {100 * high:.1f})"


def main() -> int:
    """Draw, try, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=420)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="modules whose path begins so: simkit/exchange")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--again", action="store_true", help="only the survivors of the last result")
    parser.add_argument("--show", action="store_true", help="print the last result and stop")
    asked = parser.parse_args()
    old = (
        json.loads(RESULT.read_text(encoding="utf-8"))
        if RESULT.exists() and (asked.again or asked.show)
        else []
    )
    if asked.show:
        print(report(old))
        return 0
    if asked.again:
        drawn = [Mutant(*[r[field] for field in Mutant._fields]) for r in old if r["scenarios"] == "lived"]
    else:
        drawn = sample(ROOT, asked.count, asked.seed, asked.only)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))  # the trials inherit it
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="simkit-mutation-") as scratch:
        copies = [Copy(Path(scratch) / str(n)) for n in range(asked.workers)]
        trial = Trial(copies)
        with ThreadPoolExecutor(asked.workers) as pool:
            fresh = list(pool.map(trial, drawn))
    renewed = {r["name"]: r for r in fresh}
    results = [renewed.pop(r["name"], r) for r in old] + [r for r in fresh if r["name"] in renewed]
    if not asked.only:
        RESULT.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(report(results))
    print(f"\n{len(fresh)} mutants in {(time.monotonic() - began) / 60:.1f} minutes, seed {asked.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
