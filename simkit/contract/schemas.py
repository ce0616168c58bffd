"""JSON Schemas (draft 2020-12) of the surfaces, the registry, the engine metadata and the manifest.

Comes in: the table and the shapes. Goes out: `DOCUMENTS`, `named`, `schema`, `text`, `shipped`, and the files
beside this module. May import `core` and `contract`.

They describe the documents that simkit itself writes: core fields are `required`, nothing forbids further
keys, a number says its unit as `x-unit` and its grain as `x-quantum`. `python -m simkit.contract.schemas`
writes the files anew; a test holds them equal to what is generated.
"""

from __future__ import annotations

from importlib import resources
from inspect import cleandoc
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from simkit.contract.shapes.auxiliary import Manifest, TpSlRegistryFile
from simkit.contract.shapes.base import Shape
from simkit.contract.table import (
    CONTRACT_VERSION,
    ENGINE_METADATA,
    MANIFEST_PATH,
    REGISTRY_PATH,
    SURFACES,
    Surface,
)
from simkit.core.files import replace_file

#: Folder of the shipped files beside this module.
FOLDER: Final = "schema"
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


class Described(Struct, frozen=True):
    """One document with a schema. `name` is the file's stem; `id` and `key` are its other names."""

    name: str
    id: str
    key: str
    path: str
    description: str
    shape: type[Shape]


def _described(surface: Surface) -> Described:
    words = f"{surface.description}. Writer: {surface.owner}, {surface.frequency}."
    return Described(surface.stem, surface.id, surface.key, surface.path, words, surface.shape)


DOCUMENTS: Final[dict[str, Described]] = {
    document.name: document
    for document in (
        *map(_described, (*SURFACES, ENGINE_METADATA)),
        Described(
            "position_tp_sl", "AUX-1", "position_tp_sl", REGISTRY_PATH,
            "The executor's own registry of take-profit and stop levels.", TpSlRegistryFile,
        ),
        Described(
            "v7_manifest", "AUX-2", "v7_manifest", MANIFEST_PATH,
            "Which surfaces there are, and who writes them when. Writer: people.", Manifest,
        ),
    )
}  # fmt: skip


def named(word: str) -> Described | None:
    """The document that `word` means: a stem, a manifest key, an id such as S7, or a path."""
    stem = word.rpartition("/")[2].removesuffix(".json")
    return next(
        (d for d in DOCUMENTS.values() if stem in (d.name, d.key) or word.upper() == d.id),
        None,
    )


def schema(name: str) -> dict[str, Any]:
    """The schema of the document `name`, as a plain JSON value. Raises KeyError."""
    document = DOCUMENTS[name]
    parts = msgspec.json.schema(document.shape)["$defs"]
    for part in parts.values():
        _tidy(part)
    top = parts.pop(document.shape.__name__)
    return {
        "$schema": _DRAFT,
        "$id": f"urn:simkit:contract:{CONTRACT_VERSION}:{name}",
        "title": document.path,
        "description": f"{document.description} {top.get('description', '')}".strip(),
        **{key: value for key, value in top.items() if key not in ("title", "description")},
        **({"$defs": parts} if parts else {}),
    }


def _tidy(part: Any) -> None:
    """Say `type: [number, null]` where msgspec says it as `anyOf`, so that a validator names one error; drop
    empty lists; give docstrings the same shape on every Python."""
    if isinstance(part, list):
        for item in part:
            _tidy(item)
    if not isinstance(part, dict):
        return
    for value in part.values():
        _tidy(value)
    members = [member for member in part.get("anyOf", ()) if member != {"type": "null"}]
    if len(members) == 1 and "type" in members[0]:
        del part["anyOf"]
        part |= {**members[0], "type": [members[0]["type"], "null"]}
    if isinstance(part.get("description"), str):
        part["description"] = cleandoc(part["description"])  # Python 3.13 indents docstrings otherwise
    if part.get("required") == []:
        del part["required"]


def text(name: str) -> bytes:
    """The bytes of the shipped file of `name`, generated anew."""
    return msgspec.json.format(msgspec.json.encode(schema(name)), indent=2) + b"\n"


def file_name(name: str) -> str:
    """The file of `name` in the folder `schema`."""
    return f"{name}.schema.json"


def shipped(name: str) -> bytes:
    """The bytes of the file that the package holds."""
    return resources.files("simkit.contract").joinpath(FOLDER, file_name(name)).read_bytes()


def _write(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name in DOCUMENTS:
        replace_file(folder / file_name(name), text(name), fsync=False)


if __name__ == "__main__":
    _write(Path(__file__).with_name(FOLDER))
