"""The pytest plugin: every scenario of a project is a test item; two fixtures run scenarios inside tests.

Comes in: pytest's hooks. Goes out: items `scenarios/drawdown/recovery.yaml::legacy`. May import every room,
but only inside the hooks: at start-up pytest pays for this file and nothing else.

A failure shows what `simkit check` prints. Goldens are never written here: that is `simkit accept` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from simkit.core.project import Project
    from simkit.pytest_plugin.fixtures import ScenarioRun
    from simkit.targets import Target

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

        return str(excinfo.value) if isinstance(excinfo.value, SimkitError) else super().repr_failure(excinfo)


class ScenarioFailed(Exception):  # noqa: N818 - the name stands in pytest's short summary
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

        if isinstance(excinfo.value, ScenarioFailed | SimkitError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


@pytest.fixture
def simkit_run(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str | Path], ScenarioRun]:
    """Run a scenario: `simkit_run("drawdown/recovery@legacy")`, a path, or YAML text."""
    from simkit.pytest_plugin.fixtures import run_scenario

    def run(what: str | Path) -> ScenarioRun:
        return run_scenario(what, request.path.parent, tmp_path, _data(request.config))

    return run


@pytest.fixture
def state_tree() -> Callable[[str | Path], dict[str, bytes]]:
    """Read a folder (`logs/state/` of a run, or a whole run) into the tree type of `simkit_run`."""
    from simkit.core.files import read_tree

    return read_tree
