"""A syrupy extension for whole state trees: `assert run.tree ==
snapshot(extension_class=StateTreeExtension)`.

Comes in: a tree, path -> bytes. Goes out: a folder per assertion with one canonical, indented file per
surface. May import `core`.

Trees lie in `__trees__/<test file>/<test>/` beside the test; a subclass names another folder in
`snapshot_dirname`. The extension discovers nothing and deletes nothing: syrupy removes on
`--snapshot-update` whatever was discovered and not asserted, and its default extension discovers every file
below `__snapshots__`, ours too if they lay there (measured with 7.0.2). Under CI nothing is written: the
assertion fails instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syrupy.data import SnapshotCollection, SnapshotCollections
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from simkit.core import canon, environment, files

if TYPE_CHECKING:
    from syrupy.location import PyTestLocation

Tree = Mapping[str, bytes]


class TreeText(str):
    """A tree as one text, which syrupy compares and diffs; `files` is what is written."""

    files: dict[str, bytes]


def tree_text(tree: Tree) -> TreeText:
    """The canonical form of a tree. A file that is no JSON document stands as it is."""
    shown = {path: _canonical(path, tree[path]) for path in sorted(tree)}
    text = TreeText(
        "".join(f"==> {path} <==\n{data.decode(errors='backslashreplace')}\n" for path, data in shown.items())
    )
    text.files = shown
    return text


def _canonical(path: str, data: bytes) -> bytes:
    if not path.endswith(".json"):
        return data
    try:
        return canon.pretty(canon.canonical(data))
    except ValueError:
        return data


class StateTreeExtension(SingleFileSnapshotExtension):
    """One folder per assertion instead of one file."""

    _write_mode = WriteMode.TEXT
    snapshot_dirname = "__trees__"
    file_extension = ""

    def serialize(self, data: Any, **_: Any) -> TreeText:
        """Raises TypeError on anything that is not a mapping of paths to bytes."""
        if not isinstance(data, Mapping):
            raise TypeError(f"a tree is a mapping of paths to bytes, not {type(data).__name__}: try run.tree")
        wrong = next((path for path, value in data.items() if not isinstance(value, bytes)), None)
        if wrong is not None:
            raise TypeError(f"a tree maps paths to bytes; {wrong!r} holds {type(data[wrong]).__name__}")
        return tree_text(data)

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        return str(Path(test_location.filepath).parent / cls.snapshot_dirname / test_location.basename)

    def discover_snapshots(
        self, *, test_location: PyTestLocation, ignore_extensions: list[str] | None = None
    ) -> SnapshotCollections:
        return SnapshotCollections()

    def delete_snapshots(self, *, snapshot_location: str, snapshot_names: set[str]) -> None:
        return

    def read_snapshot_data_from_location(
        self, *, snapshot_location: str, snapshot_name: str, session_id: str
    ) -> TreeText | None:
        folder = Path(snapshot_location)
        files.recover_folder(folder)
        return tree_text(files.read_tree(folder)) if folder.is_dir() else None

    @classmethod
    def write_snapshot_collection(
        cls, *, snapshot_collection: SnapshotCollection, name_order: dict[str, int] | None = None
    ) -> None:
        """Replace the folder as a whole. Raises PermissionError under CI."""
        target = Path(snapshot_collection.location)
        if environment.under_ci():
            raise PermissionError(
                f"{target}: no snapshot is written under CI (the variable CI is set). "
                "Run pytest --snapshot-update on your own machine, look at the diff and commit it."
            )
        data = next(iter(snapshot_collection)).data
        assert isinstance(data, TreeText)
        new = target.parent / f".new_{target.name}.{environment.process_id()}"
        files.remove_tree(new)
        try:
            for path, content in data.files.items():
                (new / path).parent.mkdir(parents=True, exist_ok=True)
                files.replace_file(new / path, content, fsync=False)
            new.mkdir(exist_ok=True)
            files.swap_folder(new, target)
        finally:
            files.remove_tree(new)
