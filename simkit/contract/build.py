"""From the bytes of a tree to the `Look` that the rules judge, loop by loop.

Comes in: a mapping of paths to bytes, the write journal, what the harness knows. Goes out: `Look`. May import
`core` and `contract`.

A file whose bytes object is that of the loop before is not decoded again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simkit.contract.look import Look, Truth
from simkit.contract.readers import MANIFEST, Doc, read_object
from simkit.contract.table import MANIFEST_PATH, STATE
from simkit.core.files import SurfaceWrite
from simkit.core.settings import Settings

_HEAD = f"{STATE}/"


def stem_of(path: str) -> str | None:
    """The stem by which rules know a file, or None when it is no document of the contract."""
    if path.startswith(_HEAD) and path.endswith(".json"):
        name = path[len(_HEAD) : -len(".json")]
        return None if name.startswith(".tmp_") else name
    return MANIFEST if path == MANIFEST_PATH else None


class _File:
    """One path as last seen. `doc` is None when the bytes cannot be read, `reason` says why."""

    __slots__ = ("data", "doc", "reason", "stem")

    def __init__(self, stem: str | None) -> None:
        self.stem = stem
        self.data: bytes | None = None
        self.doc: Doc | None = None
        self.reason = ""


class Looks:
    """Builds the looks of one series of trees, in order."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._last: Look | None = None

    def next(
        self,
        loop: int,
        ts: int,
        settings: Settings,
        tree: Mapping[str, bytes],
        *,
        writes: Sequence[SurfaceWrite] | None = None,
        truth: Truth | None = None,
        until: int | None = None,
    ) -> Look:
        """The look of the next loop. The look before it loses its own predecessor, so memory stays flat."""
        docs: dict[str, Doc] = {}
        raw: dict[str, bytes] = {}
        unreadable: dict[str, str] = {}
        files = self._files
        for path, data in tree.items():
            file = files.get(path)
            if file is None:
                file = files[path] = _File(stem_of(path))
            stem = file.stem
            if stem is None:
                continue
            if file.data is not data:
                file.data = data
                file.doc, file.reason = read_object(data)
            raw[stem] = data
            if file.doc is not None:
                docs[stem] = file.doc
            else:
                unreadable[stem] = file.reason
        before = self._last
        if before is not None:
            before.before = None
        look = self._last = Look(
            loop, ts, settings, docs, raw=raw, unreadable=unreadable, names=tuple(tree), before=before,
            writes=writes, truth=truth, until=until,
        )  # fmt: skip
        return look
