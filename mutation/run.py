"""How many planted mistakes the harness sees: mutation testing of the executor, the venue and the builders.

Comes in: nothing but the repository. Goes out: `mutation/result.json` and a table. May import cosmic-ray and
`mutation.sample`. Run from the repository's root, in an environment with simkit's `test` and `mutation` extras:

    python -m mutation.run

Every mutant is tried twice, in a copy of the repository: first all against the scenarios, goldens and judges alone
(`mutation/judge.py`), then those that lived against the unit tests of the three rooms as well. A mutant that hangs
counts as seen: no gate lets it pass. What is found is kept at once: a run that is broken off goes on where it was when
it is started again, as long as simkit's code is the same. `--only simkit/exchange` draws from one room, or one module,
and keeps no result. `--again` tries the survivors of the last result once more, by scenarios and tests that were added.
docs/mutation.md tells how to read it.
"""

from __future__ import annotations

import argparse
import compileall
import hashlib
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
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

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
#: Of the three rooms; `test_structs.py` is theirs too, and lies in `meta` because it looks at all of them at once.
UNIT_TESTS = (
    "tests/executor/test_*.py", "tests/exchange/test_*.py", "tests/surfaces/test_*.py",
    "tests/meta/test_structs.py",
)  # fmt: skip
LEAST_TIMEOUT_S = 20.0
#: Bytes for each process: a mutant that fills the memory is seen, and takes nothing else with it.
MOST_MEMORY = 4 * 2**30
#: Nothing without a mutant takes so long.
LONG_S = 3600.0


PYTEST = (
    sys.executable, "-m", "pytest", "-p", "simkit.pytest_plugin", "-p", "no:cacheprovider", "-q", "-x",
)  # fmt: skip

Result: TypeAlias = dict[str, Any]


def interval(hits: int, of: int) -> tuple[float, float]:
    """Wilson's interval at 95 %, as fractions."""
    if not of:
        return 0.0, 1.0
    z, share = 1.959964, hits / of
    middle = share + z * z / (2 * of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return (middle - half) / scale, (middle + half) / scale


def source_hash() -> str:
    """Of all that makes the harness and its executor: a verdict on a mutant holds for this code."""
    digest = hashlib.sha256()
    for file in sorted((ROOT / "simkit").rglob("*.py")):
        digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def scenario_hashes() -> dict[str, str]:
    """Of each scenario file with its goldens, by its path below `scenarios`, without the ending."""
    found: dict[str, str] = {}
    for file in sorted((ROOT / "scenarios").rglob("*.yaml")):
        name = file.relative_to(ROOT / "scenarios").with_suffix("").as_posix()
        digest = hashlib.sha256(file.read_bytes())
        for pattern in (f"{name}/golden.json", f"{name}@*/golden.json"):
            for golden in sorted((ROOT / "golden").glob(pattern)):
                digest.update(golden.read_bytes())
        found[name] = digest.hexdigest()
    return found


class Kept:
    """What has been found so far, written down after every trial, so that a run that is broken off goes on.

    `judged`: the scenarios, with their hashes, that have let every survivor live. They would do so again.
    """

    def __init__(self, file: Path | None, source: str, scenarios: dict[str, str]) -> None:
        self._file, self._source, self._scenarios = file, source, scenarios
        self.results: dict[str, Result] = {}
        self.judged = scenarios
        if file is not None and file.exists():
            old = json.loads(file.read_text(encoding="utf-8"))
            if old["source"] == source:
                self.results = {r["name"]: r for r in old["results"]}
                self.judged = dict(old["judged"].items() & scenarios.items())

    @property
    def new(self) -> list[str]:
        """The scenarios that no survivor has met."""
        return sorted(self._scenarios.keys() - self.judged.keys())

    def all_judged(self) -> None:
        """Every survivor has met every scenario."""
        self.judged = self._scenarios
        self.keep()

    def lived(self, mutant: Mutant) -> bool:
        """Whether the scenarios let it live, as far as is known."""
        return mutant.name in self.results and self.results[mutant.name]["scenarios"] == "lived"

    def keep(self, *fresh: Result) -> None:
        self.results |= {r["name"]: r for r in fresh}
        if self._file is not None:
            content = {
                "source": self._source, "judged": self.judged, "results": list(self.results.values())
            }  # fmt: skip
            text = json.dumps(content, indent=1, sort_keys=True)
            aside = self._file.with_suffix(".new")
            aside.write_text(text + "\n", encoding="utf-8")
            aside.replace(self._file)


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


class Trials:
    """Tries mutants, several at once, first all against the scenarios, then who lived against the unit tests."""

    def __init__(self, copies: list[Copy], kept: Kept) -> None:
        self._copies = copies
        self._free = list(copies)
        self._kept = kept
        self._lock = Lock()
        self._done = 0
        self._left = 0

    def scenarios(self, drawn: list[Mutant], only: list[str] | None = None) -> None:
        """The judges' word on each mutant; scenarios that have killed most come first. `only`: by these files."""
        killers = Counter(
            r["why"].removeprefix("KILLED BY ").rpartition(":")[0]
            for r in self._kept.results.values()
            if r["why"].startswith("KILLED BY ")
        )
        limit_s = LEAST_TIMEOUT_S + 3 * self._healthy([sys.executable, "mutation/judge.py"])

        def tried(mutant: Mutant, copy: Copy) -> Result:
            names = [name for name, _ in killers.most_common()] if only is None else ["--only", *only]
            verdict, why = copy.run([sys.executable, "mutation/judge.py", *names], limit_s)
            if why.startswith("KILLED BY "):
                killers[why.removeprefix("KILLED BY ").rpartition(":")[0]] += 1
            line = (ROOT / mutant.module).read_text(encoding="utf-8").splitlines()[mutant.line - 1]
            fresh: Result = {**mutant._asdict(), "name": mutant.name, "code": line.strip(), "tests": ""}
            old = self._kept.results.get(mutant.name)
            if verdict == "lived" and old and old["tests"] in ("killed", "hung"):
                fresh["tests"], why = old["tests"], old["why"]  # tests were added at most: they see it still
            return {**fresh, "scenarios": verdict, "why": why}

        self._each(drawn, tried)

    def unit_tests(self, drawn: list[Mutant]) -> None:
        """The unit tests' word: the files named after the mutated module first, then its room's."""
        if not drawn:
            return
        folder = self._copies[0].folder
        files = [file for pattern in UNIT_TESTS for file in sorted(folder.glob(pattern))]
        names = [file.relative_to(folder).as_posix() for file in files]
        limit_s = LEAST_TIMEOUT_S + 3 * self._healthy([*PYTEST, *names])

        def tried(mutant: Mutant, copy: Copy) -> Result:
            module = Path(mutant.module)
            near = (module.stem, "meta", module.parent.name)
            first = sorted(names, key=lambda name: [word not in name for word in near])
            verdict, why = copy.run([*PYTEST, *first], limit_s)
            return {**self._kept.results[mutant.name], "tests": verdict, "why": why}

        self._each(drawn, tried)

    def _healthy(self, command: list[str]) -> float:
        """The seconds that it takes without a mutant."""
        began = time.monotonic()
        tried = self._copies[0].run(command, LONG_S)
        if tried[0] != "lived":
            raise SystemExit(f"without any mutant all must pass: {command} {tried}")
        return time.monotonic() - began

    def _each(self, drawn: list[Mutant], tried: Callable[[Mutant, Copy], Result]) -> None:
        def one(mutant: Mutant) -> None:
            with self._lock:
                copy = self._free.pop()
            with copy.mutated(mutant):
                result = tried(mutant, copy)
            with self._lock:
                self._free.append(copy)
                self._kept.keep(result)
                self._done += 1
                told = f"{result['scenarios']:7}{result['tests']:7} {mutant.name}  {result['why']}"
                print(f"{self._done:4}/{self._left} {told}", flush=True)

        self._done, self._left = 0, len(drawn)
        with ThreadPoolExecutor(len(self._copies)) as pool:
            list(pool.map(one, drawn))


def report(results: list[Result]) -> str:
    """The two shares with their intervals, by room and in all, and the survivors."""
    lines = [f"{'':22}{'mutants':>8}{'scenarios alone':>28}{'with unit tests':>28}"]
    for room in (*ROOMS, ""):
        found = [r for r in results if str(r["module"]).startswith(room)]
        alone = len([r for r in found if r["scenarios"] != "lived"])
        both = len([r for r in found if r["scenarios"] != "lived" or r["tests"] in ("killed", "hung")])
        cells = [f"{_share(hits, len(found)):>28}" for hits in (alone, both)]
        lines.append(f"{room or 'all':22}{len(found):8}{''.join(cells)}")
    lived = [r for r in results if r["scenarios"] == "lived"]
    lines += ["", "seen by unit tests only, or by nothing (-):"]
    lines += [f"  {' ' if r['tests'] in ('killed', 'hung') else '-'} {r['name']}: {r['code']}" for r in lived]
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
    if asked.show:
        print(report(json.loads(RESULT.read_text(encoding="utf-8"))["results"]))
        return 0
    kept = Kept(None if asked.only else RESULT, source_hash(), scenario_hashes())
    drawn = sample(ROOT, asked.count, asked.seed, asked.only)
    fresh = [mutant for mutant in drawn if mutant.name not in kept.results]
    lived = [mutant for mutant in drawn if kept.lived(mutant)] if asked.again else []
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))  # the trials inherit it
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="simkit-mutation-") as scratch:
        trials = Trials([Copy(Path(scratch) / str(n)) for n in range(asked.workers)], kept)
        trials.scenarios(fresh)
        if asked.again:
            trials.scenarios(lived, kept.new)
            kept.all_judged()
        trials.unit_tests([m for m in drawn if kept.lived(m) and kept.results[m.name]["tests"] == ""])
    results = [kept.results[mutant.name] for mutant in drawn]
    print(report(results))
    print(f"\n{(time.monotonic() - began) / 60:.1f} minutes, seed {asked.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
