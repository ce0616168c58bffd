"""The reference for authors: its documents compile, its fragments parse, and it names every key."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from scenario_texts import compiled

from simkit.core.settings import Settings
from simkit.scenario import document
from simkit.scenario.compile_settings import groups
from simkit.scenario.document import Document
from simkit.scenario.document_types import Block, keys
from simkit.scenario.yaml_nodes import compose

REFERENCE = Path(__file__).parents[2] / "docs" / "scenario-reference.md"
TEXT = REFERENCE.read_text(encoding="utf-8")
FENCES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("text", [fence for fence in FENCES if not fence.startswith("# fragment")])
def test_a_document_of_the_reference_compiles(text: str) -> None:
    found = re.search(r"^id: (\S+)$", text, re.MULTILINE)
    assert found is not None
    assert compiled(text, stem=found[1])


@pytest.mark.parametrize("text", [fence for fence in FENCES if fence.startswith("# fragment")])
def test_a_fragment_of_the_reference_is_a_block_of_a_scenario(text: str) -> None:
    assert set(compose(text.encode(), "reference").pairs) <= set(keys(Document))


def test_the_reference_names_every_key_and_every_setting() -> None:
    blocks = [
        shape for shape in vars(document).values() if isinstance(shape, type) and issubclass(shape, Block)
    ]
    names = {key for shape in blocks for key in keys(shape)}
    names |= {key for part in groups().values() for key in part.__struct_fields__}
    absent = sorted(name for name in names if not re.search(rf"(`|\b){name}(`|\b)", TEXT))
    assert absent == []


def test_the_reference_shows_the_defaults_of_plain_settings() -> None:
    for group in groups():
        for name, value in msgspec.structs.asdict(getattr(Settings(), group)).items():
            if type(value) in (bool, int):
                assert f"`{name}` {str(value).lower()}" in TEXT
