"""Edited trees without end: series of good trees, each made from the one before by random edits of its files.

Everything follows from one integer, so a tree that breaks the engine is named by it and its number in the series.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

from verify_kit import FOREIGN, good

from simkit.contract.finding import RULES
from simkit.contract.table import MANIFEST_PATH
from simkit.contract.verifier import Verifier, stem_path
from simkit.contract.verify_report import Report
from simkit.core.files import SurfaceWrite
from simkit.report.verify import verify_junit, verify_lines, verify_plain

STRANGE: list[Any] = [
    None, True, False, 0, -1, 10**30, 1e308, -0.0, 5e-324, "", "x", "NaN", "2025-01-06T00:00:00Z", "9" * 400,
    "0001-01-01T00:00:00+23:59", [], {}, [[]], [{}], [None], {"a": None}, "BTCUSDT:LONG", "BTCUSDT:BOTH", "BOTH",
    1736164800, 1736164800000.5, {"": {"": []}}, {"[]": 1}, {"a.b": [1]}, "\u2028", "\x00", 1e15, float("nan"),
]  # fmt: skip
_KEYS = ("", "qty", "A:BOTH", "updated_ts", "symbols", "config", "nav", "tp")
_SCALES = (-1, 0, 100, 0.01, 1e200)
#: A series holds this many trees.
SERIES = 50

Files = dict[str, bytes]


@cache
def bases() -> tuple[Files, ...]:
    """The good trees: both loops of our own, and every tree that holds only what the contract names."""
    found = []
    for docs in (good(1), good(2)):
        found.append({stem_path(stem) or f"logs/state/{stem}.json": json.dumps(doc).encode()
                      for stem, doc in docs.items()})  # fmt: skip
    for folder in sorted(FOREIGN.iterdir()):
        found.append({
            MANIFEST_PATH if file.stem == "v7_manifest" else f"logs/state/{file.name}": file.read_bytes()
            for file in sorted(folder.rglob("*.json"))
        })  # fmt: skip
    return tuple(found)


def _place(doc: Any, draw: Random) -> tuple[Any, Any] | None:
    """A holder in the document and a key or index of it, at any depth; None in a document without any."""
    holder, key = None, None
    value = doc
    while isinstance(value, dict | list) and value and (holder is None or draw.random() < 0.8):
        holder = value
        key = (
            list(value)[draw.randrange(len(value))] if isinstance(value, dict) else draw.randrange(len(value))
        )
        value = value[key]
    return None if holder is None else (holder, key)


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))


def edit(doc: Any, draw: Random) -> None:
    """One edit in place: delete, retype, scale, swap, duplicate, or a further key."""
    place, other = _place(doc, draw), _place(doc, draw)
    if place is None or other is None:
        return
    holder, key = place
    value, kind = holder[key], draw.randrange(6)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        there, name = other
        holder[key], there[name] = _copy(there[name]), _copy(value)
    elif kind == 2 and type(value) in (int, float):
        holder[key] = value * _SCALES[draw.randrange(len(_SCALES))]
    elif kind == 3 and isinstance(holder, list):
        holder.append(_copy(value))
    elif kind == 4 and isinstance(holder, dict):
        holder[_KEYS[draw.randrange(len(_KEYS))]] = _copy(value)
    else:
        holder[key] = _copy(STRANGE[draw.randrange(len(STRANGE))])


def _edited(data: bytes, edits: int, draw: Random) -> bytes:
    """The file after some edits; now and then cut off."""
    try:
        doc = json.loads(data)
    except ValueError:
        doc = None
    if isinstance(doc, dict | list):
        for _ in range(edits):
            edit(doc, draw)
        data = json.dumps(doc).encode()
    return data[: draw.randrange(len(data) + 1)] if draw.randrange(8) == 0 else data


def trees(seed: int, count: int = SERIES, most_edits: int = 12) -> Iterator[Files]:
    """`count` edited trees. Each is a good one, or half the time the one before, with one to three files edited;
    rarely a file is lost, or lies under the name of another one."""
    draw = Random(seed)
    own = bases()[:2]
    series = own if seed % 3 == 0 else (bases()[2 + seed % (len(bases()) - 2)],)
    files: Files = {}
    for number in range(count):
        if not files or draw.randrange(2):
            files = dict(series[number % len(series)])
        for path in draw.sample(sorted(files), min(draw.randint(1, 3), len(files))):
            files[path] = _edited(files[path], draw.randint(1, most_edits), draw)
        if draw.randrange(20) == 0 and files:
            lost = draw.choice(sorted(files))
            taken = files.pop(lost)
            if draw.randrange(2) and files:
                files[draw.choice(sorted(files))] = taken
        yield dict(files)


def judged(seed: int, count: int = SERIES, most_edits: int = 12) -> Report:
    """The report on one series, written out in every form: under either profile, with and without loops, a
    journal or a clock. Names seed and number of the tree that makes the engine raise."""
    judge = Verifier(
        profile="reference" if seed % 4 == 0 else "contract", loops=bool(seed % 5),
        now="2025-01-06T12:00:00Z" if seed % 2 else None,
    )  # fmt: skip
    before: Files = {}
    for number, files in enumerate(trees(seed, count, most_edits)):
        writes = _journal(number, before, files) if seed % 7 < 3 else None
        try:
            judge.files(files, writes=writes)
        except Exception as problem:
            raise AssertionError(f"tree {number} of the series {seed} makes the engine raise") from problem
        before = files
    report = judge.report()
    assert report.trees == count
    assert len(report.evaluated) + len(report.not_evaluated) == len(RULES)
    assert verify_lines(report)[-1]
    assert verify_plain(report)["trees"] == count
    assert verify_junit(report)
    return report


def _journal(number: int, before: Files, files: Files) -> list[SurfaceWrite]:
    """Who is said to have written what changed: mostly its owner, whole."""
    changed = [path for path, data in files.items() if before.get(path) is not data]
    return [
        SurfaceWrite(seq, number + 1, path, ("executor", "sync_state")[(number + seq) % 9 == 0], files[path],
                     "direct" if (number + seq) % 11 == 0 else "replace")
        for seq, path in enumerate(changed)
    ]  # fmt: skip
