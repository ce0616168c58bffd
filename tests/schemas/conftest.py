"""What the project's own scenarios publish, and the two sides that judge it: schema and decoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import msgspec
import pytest

from simkit.contract.schemas import DOCUMENTS, schema
from simkit.core.project import find_project
from simkit.run import simulate
from simkit.scenario.load import discover, load
from simkit.trace.record import LoopRecord

ROOT = Path(__file__).parents[2]

#: A name and one document of it, as bytes.
Published = tuple[str, bytes]
Run = Callable[[str], Iterator[Published]]

INDEPENDENT = {name: jsonschema.Draft202012Validator(schema(name)) for name in DOCUMENTS}
FAST = {name: jsonschema_rs.Draft202012Validator(schema(name)) for name in DOCUMENTS}
DECODERS = {name: msgspec.json.Decoder(document.shape) for name, document in DOCUMENTS.items()}
NAMES = {document.path: name for name, document in DOCUMENTS.items()}


def decodes(name: str, data: bytes) -> bool:
    """Whether the typed decoder takes the document."""
    try:
        DECODERS[name].decode(data)
    except msgspec.ValidationError:
        return False
    return True


def kept_runs(families: tuple[str, ...]) -> list[str]:
    """The names of the scenarios in some families, without variants."""
    project = find_project(ROOT)
    files = [file.relative_to(project.scenarios).with_suffix("").as_posix() for file in discover(project)]
    return [name for name in files if name.startswith(families)]


@pytest.fixture(scope="session")
def published_by(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[Published]]:
    """Every distinct document that a scenario's runs publish, loop by loop, in order."""
    project = find_project(ROOT)

    def run(name: str, until: int | None = None) -> list[Published]:
        file = project.scenarios / f"{name}.yaml"
        found: dict[Published, None] = {}

        def look(record: LoopRecord) -> None:
            found.update(dict.fromkeys((NAMES[path], data) for path, data in record.tree.items() if path in NAMES))

        for scenario in load(file, project):
            simulate(scenario, tmp_path_factory.mktemp("run"), base=file.parent, until=until, on_loop=look)
        return list(found)

    return run


@pytest.fixture(scope="session")
def richest(published_by: Any) -> dict[str, bytes]:
    """The longest document of each name out of a few short scenarios."""
    longest: dict[str, bytes] = {}
    for scenario in ("ledger/ghost-entry", "ledger/missing-tp-sl", "drawdown/nav-spike"):
        for name, data in published_by(scenario):
            if len(data) > len(longest.get(name, b"")):
                longest[name] = data
    return longest
