"""The pytest plugin: every scenario of a project is a test item; fixtures run scenarios and
executors inside tests.

Comes in: pytest's hooks. Goes out: items `scenarios/drawdown/recovery.yaml::legacy`. May import every room,
but only inside the hooks: at start-up pytest pays for this file and nothing else.

A failure shows what `simkit check` prints. Goldens are never written here: that is `simkit accept` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from simkit.contract.finding import Finding
    from simkit.core.project import Project
    from simkit.run import RunResult
    from simkit.sanitize.fixture import Sanitizer
    from simkit.scenario.model import Scenario
    from simkit.targets import Target
    from simkit.trace.record import LoopRecord

_HEAD_BYTES = 4096


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("simkit")
    group.addoption(
        "--simkit-data",
        metavar="DIR",
        default=None,
        help="folder of the recorded files that scenarios with outside data replay",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    if file_path.suffix not in (".yaml", ".yml") or not _is_scenario(file_path):
        return None
    project = _project(file_path.parent)
    if not file_path.is_relative_to(project.scenarios):
        return None
    return ScenarioFile.from_parent(parent, path=file_path)


@cache
def _project(folder: Path) -> Project:
    from simkit.core.project import find_project

    return find_project(folder)


def _is_scenario(file: Path) -> bool:
    """Whether the first line that is no comment begins `simkit:`."""
    with file.open("rb") as stream:  # det-ok: pytest collects before the file door is imported
        head = stream.read(_HEAD_BYTES).removeprefix(b"\xef\xbb\xbf")
    for line in head.splitlines():
        if line.strip() and not line.startswith((b"#", b"---")):
            return line.startswith(b"simkit:")
    return False


def _data(config: pytest.Config) -> Path | None:
    folder = config.getoption("--simkit-data")
    return Path(folder) if folder else None


class ScenarioFile(pytest.File):
    """A scenario file; its items are its variants."""

    def collect(self) -> Iterator[ScenarioItem]:
        from simkit.scenario.load import load
        from simkit.targets import targets_of

        project = _project(self.path.parent)
        load(self.path, project)  # every mistake now, not in the middle of the run
        for target in targets_of(self.path, project):
            yield ScenarioItem.from_parent(self, name=target.variant or self.path.stem, target=target)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from simkit.core.errors import SimkitError
        from simkit.report.plain import inert

        if isinstance(excinfo.value, SimkitError):
            return inert(str(excinfo.value))
        return super().repr_failure(excinfo)


class ScenarioFailed(Exception):
    """A scenario that is not the same, with the text that `simkit check` prints."""


class ScenarioItem(pytest.Item):
    """One run of a scenario."""

    def __init__(self, *, target: Target, **more: Any) -> None:
        super().__init__(**more)
        self.target = target

    def runtest(self) -> None:
        from simkit.check import check_target
        from simkit.report.outcome import failure_text

        outcome = check_target(self.target, _project(self.path.parent), _data(self.config))
        if outcome.word == "not applicable":
            pytest.skip(outcome.message)
        if outcome.code:
            raise ScenarioFailed(failure_text(outcome))
        if outcome.word != "same":
            self.add_report_section("call", "simkit", outcome.word)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from simkit.core.errors import SimkitError
        from simkit.report.plain import inert

        if isinstance(excinfo.value, ScenarioFailed | SimkitError):
            return inert(str(excinfo.value))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


# Fixtures --------------------------------------------------------------------------------------------------


class ScenarioRun:
    """A finished run. Keeps the bytes of every loop: meant for scenarios of a test's size."""

    def __init__(
        self, scenario: Scenario, result: RunResult, loops: Mapping[int, Mapping[str, bytes]]
    ) -> None:
        from simkit.core.files import read_tree

        self.scenario = scenario
        #: The final tree: path below the run's root -> bytes.
        self.tree: dict[str, bytes] = read_tree(result.folder)
        #: The tree after each loop, by its number (L1 is 1).
        self.loops = loops
        #: Every finding of the contract's rules, errors and warnings.
        self.findings: tuple[Finding, ...] = tuple(result.judgement.findings)
        #: Whether the rules fired exactly as the scenario says and all its expectations hold.
        self.ok = result.judgement.ok

    def at(self, loop: int) -> dict[str, Any]:
        """The documents after `loop` by file stem: `run.at(3)["risk_snapshot"]["dd_state"]["state"]`."""
        from simkit.core.canon import decode

        return {
            Path(path).stem: decode(data) for path, data in self.loops[loop].items() if path.endswith(".json")
        }

    @property
    def timeline(self) -> list[dict[str, Any]]:
        """`at` for every loop, L1 first."""
        return [self.at(loop) for loop in sorted(self.loops)]


def run_scenario(what: str | Path, start: Path, folder: Path, data: Path | None = None) -> ScenarioRun:
    """Run what a test names: YAML text, a path (from `start` or the project's root), or a scenario's name.

    `folder` is the test's own. Raises SimkitError.
    """
    from simkit.dialect import of
    from simkit.run import simulate

    project = _project(start)
    number = len(list(folder.glob("simkit-run-*")))
    place = folder / f"simkit-run-{number}"
    place.mkdir(parents=True)
    scenario = _scenario(what, start, place, project)
    loops: dict[int, dict[str, bytes]] = {}

    def keep(record: LoopRecord) -> None:
        loops[record.loop] = dict(record.tree)

    base = (place if _is_text(what) else project.root) / scenario.file
    result = simulate(scenario, place / "run", base=base.parent, data=data, on_loop=keep, dialect=of(project))
    return ScenarioRun(scenario, result, loops)


def _is_text(what: str | Path) -> bool:
    return isinstance(what, str) and "\n" in what


def _scenario(what: str | Path, start: Path, place: Path, project: Project) -> Scenario:
    from simkit.cli.select import one_scenario
    from simkit.scenario.load import load

    if _is_text(what):
        return _from_text(str(what), place)
    path, _, variant = str(what).partition("@")
    for file in (start / path, project.root / path):
        if file.is_file():
            return _variant(load(file, project), variant, str(what))
    return one_scenario(project, str(what))


def _from_text(text: str, place: Path) -> Scenario:
    """YAML text, in a project of its own; the file is named as its id, as it must be."""
    from simkit.core.files import replace_file
    from simkit.core.project import Project
    from simkit.scenario.load import load

    file = place / f"{_id_of(text)}.yaml"
    replace_file(file, text.encode(), fsync=False)
    return _variant(load(file, Project(place, place, place / "golden", place / ".simkit")), "", file.name)


def _variant(found: tuple[Scenario, ...], variant: str, what: str) -> Scenario:
    for scenario in found:
        if scenario.variant == variant or (not variant and len(found) == 1):
            return scenario
    from simkit.core.errors import SimkitError

    raise SimkitError(f"{what}: choose one of its variants: {', '.join(s.variant for s in found)}")


def _id_of(text: str) -> str:
    """The id that the text gives itself; the loader says what is wrong with any other."""
    for line in text.splitlines():
        if line.startswith("id:"):
            return line.partition(":")[2].partition("#")[0].strip(" \"'") or "scenario"
    return "scenario"


@pytest.fixture
def simkit_run(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str | Path], ScenarioRun]:
    """Run a scenario: `simkit_run("drawdown/recovery@legacy")`, a path, or YAML text."""

    def run(what: str | Path) -> ScenarioRun:
        return run_scenario(what, request.path.parent, tmp_path, _data(request.config))

    return run


@pytest.fixture
def state_tree() -> Callable[[str | Path], dict[str, bytes]]:
    """Read a folder (`logs/state/` of a run, or a whole run) into the tree type of `simkit_run`."""
    from simkit.core.files import read_tree

    return read_tree


@pytest.fixture
def sanitizer(tmp_path: Path) -> Sanitizer:
    """Watch an executor's file operations: `sanitizer([sys.executable, "executor.py"]).clean`."""
    from simkit.sanitize.fixture import Sanitizer

    return Sanitizer(tmp_path)
