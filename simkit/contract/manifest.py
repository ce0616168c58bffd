"""The manifest `v7_manifest.json` (AUX-2): the shipped one, and what the one of a tree registers.

Comes in: a decoded manifest. Goes out: its entries, and what is wrong with them. May import `contract.table`.
The shipped file beside this module is the content of `table.manifest()`; a test holds the two equal.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

from msgspec import Struct

from simkit.contract.finding import Tier
from simkit.contract.table import CONTRACT_VERSION, STATE, SURFACES, by_path
from simkit.contract.values import obj, show

#: Name of the shipped manifest beside this module.
FILE = "v7_manifest.json"

Doc = dict[str, Any]


class Registered(Struct, frozen=True):
    """One registered surface that is none of ours: judged from its entry alone (surfaces.md 1.2)."""

    stem: str
    path: str
    owner: str
    frequency: str


def shipped() -> bytes:
    """The bytes of the shipped manifest."""
    return resources.files("simkit.contract").joinpath(FILE).read_bytes()


def registered(manifest: Doc) -> tuple[Registered, ...]:
    """The further surfaces below `logs/state/` that the manifest registers, with what it says of them."""
    files = manifest.get("state_files")
    if type(files) is not dict:
        return ()
    return tuple(
        Registered(
            path.removeprefix(f"{STATE}/").removesuffix(".json"),
            path,
            str(item.get("owner", "")),
            str(item.get("update_frequency", "")),
        )
        for item in files.values()
        if type(item) is dict and type(path := item.get("path")) is str and _is_further(path)
    )


def _is_further(path: str) -> bool:
    return path not in by_path and path.startswith(f"{STATE}/") and path.endswith(".json")


def registered_paths(manifest: Doc) -> frozenset[str]:
    """Every path that the manifest registers."""
    items = obj(manifest.get("state_files")).values()
    return frozenset(path for item in items if type(path := obj(item).get("path")) is str)


def faults(manifest: Doc) -> list[tuple[str, str, str, Tier]]:
    """What INV-G12 finds: JSON path, value, message, tier of that part of the rule."""
    files = manifest.get("state_files")
    if type(files) is not dict:
        return [("state_files", show(files), "state_files must be an object of entries", "contract")]
    out: list[tuple[str, str, str, Tier]] = []
    paths: dict[str, str] = {}
    for key, item in files.items():
        entry = obj(item)
        for name in ("path", "owner", "description"):
            value = entry.get(name)
            if type(value) is not str or not value:
                out.append(
                    (f"state_files.{key}.{name}", show(value), f"the entry lacks its {name}", "contract")
                )
        path = entry.get("path")
        if type(path) is str:
            if path in paths:
                text = f"is registered twice, also as {paths[path]}"
                out.append((f"state_files.{key}.path", path, text, "reference"))
            paths[path] = key
    out += [
        ("state_files", "absent", f"{surface.path} ({surface.id}) is not registered", "reference")
        for surface in SURFACES
        if surface.path not in paths
    ]
    version = manifest.get("docs_version")
    if version != CONTRACT_VERSION:
        out.append(("docs_version", show(version), f"must be {CONTRACT_VERSION}", "reference"))
    return out
